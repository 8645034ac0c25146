"""What was paid, payment by payment: of what was captured from the records of each quarter of an hour, else from events."""

from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import datetime
from heapq import merge
from itertools import groupby
from typing import Any, NamedTuple

from sqlalchemy import BigInteger, ColumnElement, Connection, func, or_, select, type_coerce

from mhc.domain.clock import from_ms, to_ms
from mhc.store import payment_quarters
from mhc.store.counting import Scope, within
from mhc.store.engines import IN_BINARY
from mhc.store.line_counts import QUARTER_MS
from mhc.store.payment_quarters import Record
from mhc.store.schema import payment_quarter, person_total, stream
from mhc.store.streams import Kind

_SLICE_MS = 200 * 86_400_000
_begins = type_coerce(payment_quarter.c.begins_at, BigInteger)


class Quarter(NamedTuple):
    """What was paid in one room in a quarter of an hour, in order of time; `payment_quarters` says what a record is."""

    begins_ms: int
    room_id: int
    records: Sequence[Record]


class Payment(NamedTuple):
    """One tip or purchase. A tuple, and its time a number, since a report reads hundreds of thousands."""

    at_ms: int
    room_id: int
    actor_id: int | None
    anonymous: bool
    is_tip: bool
    tokens: int


class Payer(NamedTuple):
    """Who paid: a row of a person (None: nobody knows), and whether they hid their name."""

    actor_id: int | None
    anonymous: bool


class Sum(NamedTuple):
    """What somebody paid, and with how many tips."""

    tokens: int
    tips: int


def payer(number: int) -> Payer:
    """Give who the number in a record stands for."""
    return Payer(~number or None, anonymous=True) if number < 0 else Payer(number or None, anonymous=False)


def quarters(conn: Connection, scope: Scope) -> Iterator[Quarter]:
    """Give the payments of a scope by the quarter and the room, in order."""
    other = list(_of_other_streams(conn, scope))
    kept = _captured(conn, scope)
    if not other:
        return kept
    both = groupby(merge(kept, other, key=_key), key=_key)
    return (Quarter(*key, sorted(one for part in each for one in part.records)) for key, each in both)


def _key(one: Quarter) -> tuple[int, int]:
    return one.begins_ms, one.room_id


def _captured(conn: Connection, scope: Scope) -> Iterator[Quarter]:
    since = None if scope.since is None else to_ms(scope.since)
    until = None if scope.until is None else to_ms(scope.until)
    room = payment_quarter.c.room_id
    mine: list[ColumnElement[bool]] = [] if scope.room_ids is None else [room.in_(scope.room_ids)]
    mine += [] if since is None else [_begins >= since // QUARTER_MS * QUARTER_MS]
    mine += [] if until is None else [_begins < until]
    for begins, room_id, packed in _sliced(conn, mine):
        records = payment_quarters.unpacked(packed)
        if since is not None and begins < since:
            records = [one for one in records if begins + (one[0] >> 1) >= since]
        if until is not None and begins + QUARTER_MS > until:
            records = [one for one in records if begins + (one[0] >> 1) < until]
        if records:
            yield Quarter(begins, room_id, records)


def _sliced(conn: Connection, which: Sequence[ColumnElement[bool]]) -> Iterator[Any]:
    """Give the rows of some quarters in order, some months at once: PostgreSQL's driver holds all of an answer."""
    room = payment_quarter.c.room_id
    first, last = conn.execute(select(func.min(_begins), func.max(_begins)).where(*which)).one()
    query = select(_begins, room, payment_quarter.c.records).where(*which)
    for begin in () if first is None else range(first, last + 1, _SLICE_MS):
        part = query.where(_begins >= begin, _begins < begin + _SLICE_MS)
        # In order by their own first two columns: the databases would move the packed ones about.
        yield from sorted(conn.execute(part, execution_options={IN_BINARY: True}).all())


def _of_other_streams(conn: Connection, scope: Scope) -> Iterator[Quarter]:
    """Give what no listener captured: what was pasted, and what the testbed sent where a scope takes that in."""
    kinds = [Kind.PASTE, Kind.IMPORT, *([Kind.TESTBED] if scope.testbed else [])]
    streams = list(conn.execute(select(stream.c.id).where(stream.c.kind.in_(kinds))).scalars())
    if streams:
        query = within(conn, payment_quarters.query_of(streams), scope)
        for key, records in payment_quarters.grouped(conn, query):
            yield Quarter(*key, records)


def list_all(conn: Connection, scope: Scope) -> Iterator[Payment]:
    """Give the payments of a scope in order of time, as a stream, whatever their number."""
    for begins, of_rooms in groupby(quarters(conn, scope), key=lambda one: one.begins_ms):
        records = [(*one, quarter.room_id) for quarter in of_rooms for one in quarter.records]
        for time, who, tokens, room_id in sorted(records):
            at_ms, is_tip = begins + (time >> 1), time & 1 > 0
            yield Payment(at_ms, room_id, (~who if who < 0 else who) or None, who < 0, is_tip, tokens)


def by_span(conn: Connection, room_id: int, spans: Sequence[tuple[int, int]]) -> Iterator[tuple[int, Record]]:
    """Give what was paid in a room in half-open spans of epoch milliseconds, each with the place of its span.

    The spans are in order and do not overlap.
    """
    if not spans:
        return
    scope = Scope([room_id], from_ms(spans[0][0]), from_ms(spans[-1][1]))
    place, (begin, end) = 0, spans[0]
    for quarter in quarters(conn, scope):
        for one in quarter.records:
            at_ms = quarter.begins_ms + (one[0] >> 1)
            while at_ms >= end:
                place += 1
                begin, end = spans[place]
            if at_ms >= begin:
                yield place, one


def tippers_by_span(conn: Connection, room_id: int, spans: Sequence[tuple[int, int]]) -> set[tuple[int, int]]:
    """Give who tipped by name, as a row of a person, each with the place of the span, as `by_span` has it."""
    paid = by_span(conn, room_id, spans)
    return {(place, who) for place, (time, who, _tokens) in paid if time & 1 and who > 0}


def sums(conn: Connection, scope: Scope) -> dict[int, Sum]:
    """Add up what everybody paid in a scope, by the number of a payer."""
    tokens: Counter[int] = Counter()
    tips: Counter[int] = Counter()
    for quarter in quarters(conn, scope):
        for time, who, amount in quarter.records:
            tokens[who] += amount
            tips[who] += time & 1
    return {who: Sum(paid, tips[who]) for who, paid in tokens.items()}


def tipped_before(conn: Connection, scope: Scope, at: datetime, *, hidden: bool) -> set[int]:
    """Give the rows of people who tipped before an instant, in the rooms of a scope; `hidden` knows the anonymous, too."""
    if scope.testbed:  # the totals leave it out
        paid = list_all(conn, scope._replace(since=None, until=at))
        tips = (one for one in paid if one.is_tip and (hidden or not one.anonymous))
        return {one.actor_id for one in tips if one.actor_id is not None}
    total = person_total.c
    tipped = total.first_tip_at < at
    query = select(total.person_id).where(or_(tipped, total.first_anonymous_at < at) if hidden else tipped)
    if scope.room_ids is not None:
        query = query.where(total.room_id.in_(scope.room_ids))
    return set(conn.execute(query).scalars())
