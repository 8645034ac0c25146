"""What was paid: tips and media. Answered by indexes, never by a scan of all events.

Anonymous payments are told apart: they count for whoever made them only where a caller reveals it.
"""

from collections.abc import Collection, Sequence
from datetime import datetime
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
)

from mhc.domain.clock import EPOCH
from mhc.domain.events import METHODS, Flag
from mhc.store import payments, totals
from mhc.store.counting import Scope, counted, within
from mhc.store.schema import event

_TIP = next(number for number, name in METHODS.items() if name == "tip")
_anonymous: ColumnElement[bool] = event.c.flags.bitwise_and(int(Flag.ANONYMOUS)) != 0
_is_tip: ColumnElement[bool] = event.c.method_id == _TIP


class Tips(NamedTuple):
    """What one person paid: the extremes of their tips, their media, and their tokens since some instants."""

    largest: int | None
    first_at: datetime | None
    last_at: datetime | None
    media: int
    media_tokens: int
    since: tuple[int, ...]


def by_name(conn: Connection, scope: Scope, person_ids: Collection[int] | None = None) -> dict[int, int]:
    """Give the tokens of a scope by row of whoever paid openly: of everybody, or of a few rows."""
    found = {who: one.tokens for who, one in payments.sums(conn, scope).items() if who > 0 and one.tokens}
    return found if person_ids is None else {who: found[who] for who in found.keys() & set(person_ids)}


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
