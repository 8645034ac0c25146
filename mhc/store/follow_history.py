"""Who began and ceased to follow a room, as it was seen to happen."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import Connection, Select, select

from mhc.store.follows import EVENTS, Direction, State
from mhc.store.people import CHUNK
from mhc.store.schema import follow_change


class Seen(NamedTuple):
    """One change of one row of a person."""

    person_id: int
    state: State
    at: datetime


def seen(
    conn: Connection, room_ids: Sequence[int] | None, since: datetime | None, until: datetime | None
) -> list[Seen]:
    """Give the changes that events told of, in a half-open time, the earliest first."""
    query = _of(room_ids).where(follow_change.c.source == EVENTS)
    if since is not None:
        query = query.where(follow_change.c.at >= since)
    if until is not None:
        query = query.where(follow_change.c.at < until)
    return list(map(_seen, conn.execute(query)))


def all_of(conn: Connection, person_ids: Sequence[int], room_ids: Sequence[int] | None) -> Iterator[Seen]:
    """Give every change of some rows of people, whoever told of it, the earliest first."""
    wanted = sorted(set(person_ids))
    for start in range(0, len(wanted), CHUNK):
        mine = follow_change.c.person_id.in_(wanted[start : start + CHUNK])
        yield from map(_seen, conn.execute(_of(room_ids).where(mine)))


def _of(room_ids: Sequence[int] | None) -> Select[Any]:
    columns = (follow_change.c.person_id, follow_change.c.state, follow_change.c.at)
    query = select(*columns).where(follow_change.c.direction == Direction.FOLLOWER)
    if room_ids is not None:
        query = query.where(follow_change.c.room_id.in_(room_ids))
    # At one instant a yes is later than a no, as the state of a person has it.
    return query.order_by(follow_change.c.at, follow_change.c.state, follow_change.c.person_id)


def _seen(row: Any) -> Seen:
    return Seen(row.person_id, State(row.state), row.at)
