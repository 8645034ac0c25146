"""What the sessions of a room came to, counted by the database session by session: for years of them.

People are given as rows: whom a row belongs to, and who does not count, is the caller's.
"""

from array import array
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby
from operator import itemgetter
from typing import NamedTuple, TypeAlias

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Connection,
    and_,
    case,
    or_,
    select,
    type_coerce,
)

from mhc.domain.events import METHODS, Flag
from mhc.domain.visits import Ending
from mhc.store import payments
from mhc.store.counting import counted, no_testbed, room_of_event
from mhc.store.follows import EVENTS, Direction, State
from mhc.store.long_lists import one_of
from mhc.store.schema import event, follow_change, visit
from mhc.store.spells import Spell, each, flat, spells_of

_NUMBER = {name: number for number, name in METHODS.items()}
_at = type_coerce(event.c.at, BigInteger)
_came, _left = (type_coerce(visit.c[name], BigInteger) for name in ("entered_at", "left_at"))
_anonymous: ColumnElement[bool] = event.c.flags.bitwise_and(int(Flag.ANONYMOUS)) != 0


Ids: TypeAlias = (
    "array[int]"  # rows of people, each once: the sets of years of sessions would take a hundred megabytes
)


class Paid(NamedTuple):
    """What a session brought, and who tipped by name."""

    tokens: int
    tips: int
    tippers: Ids


Follow = tuple[int, int, int]  # who, when, and 1 where they began, 0 where they ceased


def ids(rows: Iterable[int] = ()) -> Ids:
    """Give some rows of people in little room."""
    return array("i", rows)


def paid(conn: Connection, room_id: int, spells: Sequence[Spell], without: Sequence[int]) -> list[Paid]:
    """Give what each session brought; who is left out counts only anonymously."""
    left_out = frozenset(without)
    found = [Paid(0, 0, ids())] * len(spells)
    by_place = groupby(payments.by_span(conn, room_id, [one[:2] for one in spells]), itemgetter(0))
    for place, payments_of in by_place:
        kept = [one for _place, one in payments_of if one[1] not in left_out]
        tips = [who for time, who, _amount in kept if time & 1]
        tokens = sum(amount for _time, _who, amount in kept)
        named = {who for who in tips if who > 0}  # neither nobody's nor anonymous
        found[place] = Paid(tokens, len(tips), ids(named))
    return found


def visitors(conn: Connection, room_id: int, spells: Sequence[Spell]) -> list[Ids]:
    """Give who was in the room in each session, and was seen to come; nobody's visit goes beyond a session's end."""
    span = spells_of(spells)
    came = visit.c.room_id == room_id, _came >= span.c.begins, _came < span.c.ends
    # An end that nobody saw is taken as the beginning.
    stayed = or_(visit.c.ending == str(Ending.OPEN), _left > span.c.begins)
    there = visit.c.room_id == room_id, _came >= span.c.since, _came < span.c.begins, stayed
    # Apart: who came in is told by the index alone.
    both = (each(conn, span, visit.c.person_id, one) for one in (came, there))
    return [ids(one | other) for one, other in zip(*both, strict=True)]


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


def acted(
    conn: Connection, room_id: int, spells: Sequence[Spell], person_ids: Sequence[int]
) -> list[set[int]]:
    """Give who of a few rows of people wrote a public line, or paid openly, in each of the sessions."""
    found = [set[int]() for _one in spells]
    if not person_ids:
        return found
    line, openly = event.c.method_id == _NUMBER["chatMessage"], and_(event.c.tokens.is_not(None), ~_anonymous)
    within = (
        one_of(conn, event.c.actor_id, person_ids),
        or_(line, openly),
        counted,
        *no_testbed(conn),
        _at >= spells[0].begin,
        _at < spells[-1].end,
    )
    begins = [one.begin for one in spells]
    # What names its room is told by the index alone.
    for room in (event.c.room_id == room_id, and_(event.c.room_id.is_(None), room_of_event == room_id)):
        numbers = iter(flat(conn, (event.c.actor_id, _at), (*within, room)))
        for who, at in zip(numbers, numbers, strict=True):
            place = bisect_right(begins, at) - 1
            if at < spells[place].end:
                found[place].add(who)
    return found
