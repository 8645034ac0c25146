"""Who began and ceased to follow a room, as it was seen to happen."""

from collections import Counter
from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import BigInteger, ColumnElement, Connection, Integer, case, func, select, type_coerce

from mhc.domain.clock import from_ms
from mhc.store.counting import Scope, within
from mhc.store.follows import EVENTS, NUMBERS, Direction, State
from mhc.store.long_lists import one_of, table_of
from mhc.store.schema import event, follow_change
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
)  # at one instant a yes is later than a no, as the state of a person has it, but where events tell their order


def seen(
    conn: Connection, room_ids: Sequence[int] | None, since: datetime | None, until: datetime | None
) -> list[Seen]:
    """Give the changes that events told of, in a half-open time, the earliest first."""
    return _read(conn, room_ids, _told(since, until))


def counts(
    conn: Connection,
    room_ids: Sequence[int] | None,
    since: datetime | None,
    until: datetime | None,
    person_ids: Sequence[int],
) -> tuple[Counter[State], list[Seen]]:
    """Give how many changes of each state events told of in a half-open time; those of some rows of people apart."""
    c = follow_change.c
    query = select(c.state, func.count()).where(*_of_rooms(room_ids), *_told(since, until)).group_by(c.state)
    number = Counter({State(state): number for state, number in conn.execute(query)})
    theirs = [one_of(conn, c.person_id, person_ids), *_told(since, until)]
    apart = _read(conn, room_ids, theirs) if person_ids else []
    return number - Counter(one.state for one in apart), apart


def _told(since: datetime | None, until: datetime | None) -> list[ColumnElement[bool]]:
    told: list[ColumnElement[bool]] = [follow_change.c.source == EVENTS]
    told += [] if since is None else [follow_change.c.at >= since]
    return told if until is None else [*told, follow_change.c.at < until]


def _of_rooms(room_ids: Sequence[int] | None) -> list[ColumnElement[bool]]:
    followers: list[ColumnElement[bool]] = [follow_change.c.direction == Direction.FOLLOWER]
    return followers if room_ids is None else [*followers, follow_change.c.room_id.in_(room_ids)]


def all_of(conn: Connection, person_ids: Sequence[int], room_ids: Sequence[int] | None) -> list[Seen]:
    """Give every change of some rows of people, whoever told of it, the earliest first."""
    wanted = sorted(set(person_ids))
    return _read(conn, room_ids, [one_of(conn, follow_change.c.person_id, wanted)]) if wanted else []


def _read(
    conn: Connection, room_ids: Sequence[int] | None, which: Sequence[ColumnElement[bool]]
) -> list[Seen]:
    c = follow_change.c
    at = type_coerce(c.at, BigInteger)
    state = case(*((c.state == one, number) for number, one in enumerate(_STATES)))
    told = case((c.source == EVENTS, 1), else_=0)
    numbers = iter(flat(conn, (at, state, c.person_id, told), (*_of_rooms(room_ids), *which)))
    rows = sorted(zip(numbers, numbers, numbers, numbers, strict=True))
    turned = _turned(conn, room_ids, Counter((ms, who) for ms, _state, who, flag in rows if flag))
    if turned:
        rows.sort(key=lambda row: (row[0], -row[1] if (row[0], row[2]) in turned else row[1], *row[2:]))
    return [Seen(from_ms(ms), _STATES[number], who, flag > 0) for ms, number, who, flag in rows]


def _turned(
    conn: Connection, room_ids: Sequence[int] | None, told: Counter[tuple[int, int]]
) -> set[tuple[int, int]]:
    """Give who, as the order of events says, followed and then ceased to within one millisecond, and when."""
    both = [key for key, states in told.items() if states > 1]
    if not both:
        return set()
    e, given = event.c, table_of(conn, {"at": BigInteger, "who": Integer}, both).c
    at = type_coerce(e.at, BigInteger)
    query = select(at, e.actor_id, e.method_id).where(e.actor_id == given.who, at == given.at)
    query = within(conn, query.where(e.method_id.in_(list(NUMBERS))), Scope(room_ids))
    last = {
        (row[0], row[1]): NUMBERS[row[2]]
        for row in conn.execute(query.order_by(e.id_ms, e.id_seq, e.source_id))
    }
    return {key for key, state in last.items() if state is State.NO}
