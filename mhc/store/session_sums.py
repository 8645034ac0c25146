"""What the sessions of a room came to, counted by the database session by session: for years of them.

People are given as rows: whom a row belongs to, and who does not count, is the caller's.
"""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Connection,
    and_,
    case,
    false,
    func,
    or_,
    select,
    type_coerce,
)

from mhc.domain.events import METHODS, Flag
from mhc.domain.visits import Ending
from mhc.store.counting import counted, room_of_event
from mhc.store.follows import EVENTS, Direction, State
from mhc.store.schema import event, follow_change, stream, visit
from mhc.store.spells import Spell, each, flat, spells_of, where

_NUMBER = {name: number for number, name in METHODS.items()}
_TIP = _NUMBER["tip"]
_at = type_coerce(event.c.at, BigInteger)
_came, _left = (type_coerce(visit.c[name], BigInteger) for name in ("entered_at", "left_at"))
_anonymous: ColumnElement[bool] = event.c.flags.bitwise_and(int(Flag.ANONYMOUS)) != 0


class Paid(NamedTuple):
    """What a session brought: `tippers` are who tipped and count, `left_out` who paid openly and does not."""

    tokens: int = 0
    tips: int = 0
    tippers: frozenset[int] = frozenset()
    left_out: frozenset[int] = frozenset()


Follow = tuple[int, int, int]  # who, when, and 1 where they began, 0 where they ceased


def paid(conn: Connection, room_id: int, spells: Sequence[Spell], without: Sequence[int]) -> list[Paid]:
    """Give what each session brought; who is left out counts only anonymously.

    Which stream an event is of stands in its row only, and rows are read many times as slowly as the index. So the
    index is asked first, for what names its room; where it holds anything that does not, or where the testbed was
    listened to, the rows are read.
    """
    testbed = list(conn.execute(select(stream.c.id).where(stream.c.kind == "testbed")).scalars())
    if not testbed:
        found, nameless = _paid(conn, spells, event.c.room_id == room_id, without)
        if not nameless:
            return found
    mine = room_of_event == room_id
    found, _nameless = _paid(
        conn, spells, and_(mine, event.c.stream_id.not_in(testbed)) if testbed else mine, without
    )
    return found


def _paid(
    conn: Connection, spells: Sequence[Spell], mine: ColumnElement[bool], without: Sequence[int]
) -> tuple[list[Paid], bool]:
    """Give what each session brought, and whether any payment in it names no room."""
    who = event.c.actor_id
    hidden = or_(who.is_(None), _anonymous)
    open_one = and_(~_anonymous, who.in_(without)) if without else false()
    counts = and_(mine, or_(hidden, who.not_in(without))) if without else mine
    tips = and_(counts, event.c.method_id == _TIP)
    numbers = (
        func.sum(where(counts, event.c.tokens)),
        func.count(where(tips, 1)),
        func.count(where(event.c.room_id.is_(None), 1)),
    )
    ids = [where(tips, who), *([where(and_(mine, open_one), who)] if without else [])]
    span = spells_of(spells)
    within = event.c.tokens.is_not(None), counted, _at >= span.c.begins, _at < span.c.ends
    found, nameless = [], False
    for (tokens, number, unnamed), (tippers, *left_out) in each(conn, span, numbers, ids, within):
        found.append(Paid(tokens, number, tippers, *left_out))
        nameless = nameless or unnamed > 0
    return found, nameless


def visitors(conn: Connection, room_id: int, spells: Sequence[Spell]) -> list[frozenset[int]]:
    """Give who was in the room in each session, and was seen to come; nobody's visit goes beyond a session's end."""
    span = spells_of(spells)
    # An end that nobody saw is taken as the beginning.
    stayed = or_(visit.c.ending == str(Ending.OPEN), _left > span.c.begins, _came >= span.c.begins)
    within = visit.c.room_id == room_id, _came >= span.c.since, _came < span.c.ends, stayed
    return [found for _none, (found,) in each(conn, span, (), (visit.c.person_id,), within)]


def leavers(conn: Connection, room_id: int, since_ms: int, until_ms: int) -> list[tuple[int, int]]:
    """Give who left in a time and was never seen to come, each with the instant: they are few."""
    mine = visit.c.room_id == room_id, visit.c.entered_at.is_(None), _left >= since_ms, _left < until_ms
    return [(row[0], row[1]) for row in conn.execute(select(visit.c.person_id, _left).where(*mine))]


def follows(conn: Connection, room_id: int, since_ms: int, until_ms: int) -> Iterator[Follow]:
    """Give who began to follow in a time, and who ceased, as events told of it; in no order."""
    at = type_coerce(follow_change.c.at, BigInteger)
    began = case((follow_change.c.state == State.YES, 1), else_=0)
    within = (
        follow_change.c.room_id == room_id,
        follow_change.c.direction == Direction.FOLLOWER,
        follow_change.c.source == EVENTS,
        follow_change.c.state.in_((State.YES, State.NO)),
        at >= since_ms,
        at < until_ms,
    )
    numbers = iter(flat(conn, (follow_change.c.person_id, at, began), within))
    return zip(numbers, numbers, numbers, strict=True)


def wrote(
    conn: Connection, room_id: int, spells: Sequence[Spell], person_ids: Sequence[int]
) -> frozenset[int]:
    """Give who of a few rows of people wrote a public line in any of the sessions."""
    if not person_ids:
        return frozenset()
    span = spells_of(spells)
    own = select(stream.c.id).where(stream.c.room_id == room_id, stream.c.kind.in_(("live", "paste")))
    within = (
        event.c.actor_id.in_(person_ids),
        event.c.method_id == _NUMBER["chatMessage"],
        counted,
        room_of_event == room_id,
        event.c.stream_id.in_(own),
        _at >= span.c.begins,
        _at < span.c.ends,
    )
    return frozenset().union(
        *(found for _none, (found,) in each(conn, span, (), (event.c.actor_id,), within))
    )
