"""Who began and ceased to follow a room, as it was seen to happen."""

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import BigInteger, ColumnElement, Connection, case, type_coerce

from mhc.domain.clock import from_ms
from mhc.store.follows import EVENTS, Direction, State
from mhc.store.long_lists import one_of
from mhc.store.schema import follow_change
from mhc.store.spells import flat


class Seen(NamedTuple):
    """One change of one row of a person, and whether events told of it."""

    at: datetime
    state: State
    person_id: int
    told: bool = True


_STATES = (
    State.NO,
    State.UNKNOWN,
    State.YES,
)  # at one instant a yes is later than a no, as the state of a person has it


def seen(
    conn: Connection, room_ids: Sequence[int] | None, since: datetime | None, until: datetime | None
) -> list[Seen]:
    """Give the changes that events told of, in a half-open time, the earliest first."""
    within = [follow_change.c.source == EVENTS]
    within += [] if since is None else [follow_change.c.at >= since]
    within += [] if until is None else [follow_change.c.at < until]
    return _read(conn, room_ids, within)


def all_of(conn: Connection, person_ids: Sequence[int], room_ids: Sequence[int] | None) -> list[Seen]:
    """Give every change of some rows of people, whoever told of it, the earliest first."""
    wanted = sorted(set(person_ids))
    return _read(conn, room_ids, [one_of(conn, follow_change.c.person_id, wanted)]) if wanted else []


def _read(
    conn: Connection, room_ids: Sequence[int] | None, within: Sequence[ColumnElement[bool]]
) -> list[Seen]:
    c = follow_change.c
    at = type_coerce(c.at, BigInteger)
    state = case(*((c.state == one, number) for number, one in enumerate(_STATES)))
    told = case((c.source == EVENTS, 1), else_=0)
    of_rooms = [] if room_ids is None else [c.room_id.in_(room_ids)]
    which = (c.direction == Direction.FOLLOWER, *of_rooms, *within)
    numbers = iter(flat(conn, (at, state, c.person_id, told), which))
    rows = sorted(zip(numbers, numbers, numbers, numbers, strict=True))
    return [Seen(from_ms(ms), _STATES[number], who, flag > 0) for ms, number, who, flag in rows]
