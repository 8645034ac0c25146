"""How often people came: visits, but for an end of one that was seen only after its session had ended it."""

from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy import ColumnElement, Connection, and_, exists, func, select

from mhc.domain.visits import Ending
from mhc.store.people import CHUNK
from mhc.store.schema import stream_session, visit

_known_from = func.coalesce(visit.c.entered_at, visit.c.left_at)


def by_person(
    conn: Connection, room_ids: Sequence[int] | None, person_ids: Iterable[int]
) -> list[tuple[int, int]]:
    """Give how often some rows of people came to some rooms, or to all (None).

    Who leaves after the end of a session that closed their visit, and before another one begins, did not come twice.
    """
    wanted, found = sorted(person_ids), []
    for start in range(0, len(wanted), CHUNK):
        mine = [visit.c.person_id.in_(wanted[start : start + CHUNK])]
        mine += [] if room_ids is None else [visit.c.room_id.in_(room_ids)]
        one = select(visit, _before_it(visit.c.ending), _before_it(visit.c.left_at)).where(*mine).subquery()
        between = and_(
            stream_session.c.room_id == one.c.room_id,
            stream_session.c.started_at.between(one.c.before_left_at, one.c.left_at),
        )
        # A visit that an enter ended has that enter behind it: this one ended with its session.
        closed = func.coalesce(one.c.before_ending, "") == Ending.INFERRED
        goes = and_(one.c.entered_at.is_(None), closed, ~exists().where(between))
        query = select(one.c.person_id, func.count()).where(~goes).group_by(one.c.person_id)
        found += [(row[0], row[1]) for row in conn.execute(query)]
    return found


def _before_it(column: ColumnElement[Any]) -> ColumnElement[Any]:
    """Give what the visit before says, of the same person and room."""
    order = _known_from, visit.c.left_at.nulls_last(), visit.c.entered_at.nulls_first(), visit.c.id
    last = func.lag(column).over(partition_by=(visit.c.room_id, visit.c.person_id), order_by=order)
    return last.label(f"before_{column.name}")
