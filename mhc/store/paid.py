"""What was paid: tips and media. Answered by indexes, never by a scan of all events.

Anonymous payments are told apart: they count for whoever made them only where a caller reveals it.
"""

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Sequence
from datetime import datetime
from heapq import merge
from operator import attrgetter
from typing import Any, NamedTuple

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Connection,
    and_,
    case,
    cast,
    func,
    select,
    true,
    type_coerce,
)

from mhc.domain.clock import EPOCH
from mhc.domain.events import METHODS, Flag
from mhc.store import payments, totals
from mhc.store.counting import Scope, counted, room_of_event, within
from mhc.store.schema import event

_TIP = next(number for number, name in METHODS.items() if name == "tip")
_anonymous: ColumnElement[bool] = event.c.flags.bitwise_and(int(Flag.ANONYMOUS)) != 0
_is_tip: ColumnElement[bool] = event.c.method_id == _TIP


_AT = attrgetter("at_ms")


class Payment(NamedTuple):
    """One tip or purchase. A tuple, and its time a number, since a report reads hundreds of thousands."""

    at_ms: int
    room_id: int
    actor_id: int | None
    anonymous: bool
    is_tip: bool
    tokens: int


class Tips(NamedTuple):
    """What one person paid: the extremes of their tips, their media, and their tokens since some instants."""

    largest: int | None
    first_at: datetime | None
    last_at: datetime | None
    media: int
    media_tokens: int
    since: tuple[int, ...]


def list_all(conn: Connection, scope: Scope) -> Iterator[Payment]:
    """Give the payments of a scope in order of time; they stream, whatever their number."""
    if scope.room_ids is not None:
        return merge(*(_of_room(conn, scope, room_id) for room_id in scope.room_ids), key=_AT)
    at_ms = type_coerce(event.c.at, BigInteger)
    query = select(at_ms, room_of_event, event.c.actor_id, _anonymous, _is_tip, event.c.tokens)
    query = _within(conn, query, scope).order_by(event.c.at)
    return map(Payment._make, conn.execute(query, execution_options={"yield_per": 5000}))


def _of_room(conn: Connection, scope: Scope, room_id: int) -> Iterator[Payment]:
    """Give the payments of one room, told by the index alone."""
    streams = payments.payments(conn, scope._replace(room_ids=[room_id]))
    return merge(*(_unpacked(parts, room_id) for parts in streams), key=_AT)


def _unpacked(parts: Iterable[payments.Part], room_id: int) -> Iterator[Payment]:
    for part in parts:
        for at_ms, packed in part:
            hidden = packed < 0
            amount = ~packed if hidden else packed
            low = amount & payments.LOW
            yield Payment(at_ms, room_id, amount >> payments.WIDTH or None, hidden, low & 1 > 0, low >> 1)


def by_name(conn: Connection, scope: Scope, person_ids: Collection[int] | None = None) -> dict[int, int]:
    """Give the tokens of a scope by row of whoever paid openly: of everybody, or of a few rows."""
    found: Counter[int] = Counter()
    for query in payments.queries(conn, scope, event.c.actor_id, cast(func.sum(event.c.tokens), BigInteger)):
        openly = query.where(~_anonymous)  # not that somebody is named: SQLite would take the index by person
        if person_ids is not None:
            openly = openly.where(event.c.actor_id.in_(person_ids))
        for who, tokens in conn.execute(openly.group_by(event.c.actor_id)):
            if who is not None and tokens:
                found[who] += tokens
    return dict(found)


def of_person(
    conn: Connection,
    person_ids: Sequence[int],
    room_ids: Sequence[int] | None,
    since: Sequence[datetime],
    *,
    reveal: bool,
) -> Tips:
    """Give what a person paid in some rooms (None: all); their anonymous payments where `reveal` says so.

    Which stream an event is of stands in its row only, and to read the row of each payment takes ten times as long as
    the index does. So the index alone is asked first, for what names its room, the testbed's too. Where its sums are
    those of the totals, which have all and leave the testbed out, they are true.
    """
    total = totals.of_person(conn, person_ids, room_ids)
    expected = (total.tokens + total.anonymous_tokens, total.tips + total.anonymous_tips)
    query = _figures(since, reveal=reveal).where(event.c.actor_id.in_(person_ids))
    indexed = query.where(event.c.tokens.is_not(None), counted)
    if room_ids is not None:
        indexed = indexed.where(event.c.room_id.in_(room_ids))
    row = conn.execute(indexed).one()
    if (row[0], row[1]) != expected:
        row = conn.execute(_within(conn, query, Scope(room_ids))).one()
    return Tips(row[2], row[3], row[4], row[5], row[6], tuple(row[7:]))


def _figures(since: Sequence[datetime], *, reveal: bool) -> Any:
    """Give the query of all tokens and tips, then of what is shown of them."""
    shown = true() if reveal else ~_anonymous
    tip, media = and_(_is_tip, shown), and_(~_is_tip, shown, event.c.tokens > 0)
    dated = and_(tip, event.c.at != EPOCH)  # a pasted line may be of unknown time
    return select(
        cast(func.coalesce(func.sum(event.c.tokens), 0), BigInteger),
        func.count(case((_is_tip, 1))),
        func.max(case((tip, event.c.tokens))),
        func.min(case((dated, event.c.at))),
        func.max(case((dated, event.c.at))),
        func.count(case((media, 1))),
        _sum(media),
        *(_sum(and_(shown, event.c.at >= at)) for at in since),
    )


def _sum(when: ColumnElement[bool]) -> ColumnElement[int]:
    return cast(func.coalesce(func.sum(case((when, event.c.tokens))), 0), BigInteger)


def _within(conn: Connection, query: Any, scope: Scope) -> Any:
    return within(conn, query.where(event.c.tokens.is_not(None)), scope)
