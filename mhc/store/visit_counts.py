"""How often people came: visits, but for an end of one that was seen only after its session had ended it."""

from collections import Counter
from collections.abc import Iterable, Sequence

from sqlalchemy import ColumnElement, Connection, Select, exists, func, select

from mhc.domain.visits import Ending
from mhc.store.people import CHUNK
from mhc.store.schema import stream_session, visit

_of, _last = visit.alias("of"), visit.alias("last")


def by_person(conn: Connection, room_ids: Sequence[int] | None, person_ids: Iterable[int]) -> Counter[int]:
    """Give how often some rows of people came to some rooms, or to all (None).

    Who leaves after the end of a session that closed their visit, and before another one begins, did not come twice.
    """
    wanted, found = sorted(person_ids), Counter[int]()
    for start in range(0, len(wanted), CHUNK):
        mine = [_of.c.person_id.in_(wanted[start : start + CHUNK])]
        mine += [] if room_ids is None else [_of.c.room_id.in_(room_ids)]
        found.update(_numbers(conn, mine))
        found.subtract(_numbers(conn, [*mine, _of.c.entered_at.is_(None), _ended_before]))
    return found


def _numbers(conn: Connection, which: Sequence[ColumnElement[bool]]) -> dict[int, int]:
    query = select(_of.c.person_id, func.count()).where(*which).group_by(_of.c.person_id)
    return {row[0]: row[1] for row in conn.execute(query)}


def _last_entered() -> Select[tuple[int]]:
    """Give the query of the last visit of the same person to the room that began with an enter by then."""
    query = select(_last.c.id).where(_last.c.person_id == _of.c.person_id, _last.c.room_id == _of.c.room_id)
    order = _last.c.entered_at.desc(), _last.c.left_at.desc().nulls_first(), _last.c.ending.desc(), _last.c.id
    return query.where(_last.c.entered_at <= _of.c.left_at).order_by(*order).limit(1)


def _closed() -> ColumnElement[bool]:
    """Whether that visit had ended with its session, and no other one began since."""
    one = visit.alias("closed")
    begun = stream_session.c.started_at.between(one.c.left_at, _of.c.left_at)
    other = exists().where(stream_session.c.room_id == one.c.room_id, begun)
    mine = one.c.id == _last_entered().correlate(_of).scalar_subquery()
    # One that an enter ended is not the last: that enter began another.
    return exists().where(mine, one.c.ending == Ending.INFERRED, one.c.left_at <= _of.c.left_at, ~other)


_ended_before = _closed()
