"""What each person paid, for who asks about hundreds of thousands of payments: told by the index alone, in few columns.

Which room an event is of that names none stands in its row only. There are hardly any; they are noticed in the index,
and asked for by themselves.
"""

from collections.abc import Iterator, Sequence
from contextlib import closing
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import BigInteger, ColumnElement, Connection, case, cast, func, or_, select, type_coerce

from mhc.domain.clock import EPOCH
from mhc.domain.events import METHODS, Flag
from mhc.store.counting import Scope, room_of_event, within
from mhc.store.people import CHUNK
from mhc.store.schema import event, person_total

_TIP = next(number for number, name in METHODS.items() if name == "tip")
_PAGE = 5000
WIDTH = 32  # bits of an amount and of whether it is a tip
LOW = (1 << WIDTH) - 1
Part = Sequence[tuple[int, int]]

_nameless: ColumnElement[bool] = event.c.room_id.is_(None)
_anonymous: ColumnElement[bool] = event.c.flags.bitwise_and(int(Flag.ANONYMOUS)) != 0
_is_tip: ColumnElement[bool] = event.c.method_id == _TIP
_actor: ColumnElement[int] = cast(func.coalesce(event.c.actor_id, 0), BigInteger)
# Who hid their name stands below zero.
_payer: ColumnElement[int] = case((_anonymous, _actor.bitwise_not()), else_=_actor)
_amount: ColumnElement[int] = _actor * (1 << WIDTH) + event.c.tokens * 2 + case((_is_tip, 1), else_=0)
_packed: ColumnElement[int] = case((_anonymous, _amount.bitwise_not()), else_=_amount)


class Payer(NamedTuple):
    """Who paid: a row of a person (None: nobody knows), and whether they hid their name."""

    actor_id: int | None
    anonymous: bool


class Sum(NamedTuple):
    """What somebody paid, and with how many tips."""

    tokens: int
    tips: int


def payer(number: int) -> Payer:
    """Give who a number stands for: the upper half of a packed payment, and what sums go by."""
    return Payer(~number or None, anonymous=True) if number < 0 else Payer(number or None, anonymous=False)


def payments(conn: Connection, scope: Scope, but_rooms: Sequence[int] = ()) -> Iterator[Part]:
    """Give the payments of a scope in parts, each in order of time; of `but_rooms` none.

    A payment is its time in milliseconds, and who and how much. Shifted right by 32 that is a number of `payer`; the
    bits below are the tokens, doubled, and 1 for a tip; all inverted where they hid their name.
    """
    at = type_coerce(event.c.at, BigInteger)
    nameless = False
    query = select(at, case((_nameless, None), else_=_packed))
    for part in _parts(conn, _indexed(conn, query, scope, but_rooms).order_by(event.c.at)):
        named = [row for row in part if row[1] is not None]
        nameless = nameless or len(named) < len(part)
        yield named
    if nameless:
        query = _of_nameless(conn, select(at, _packed), scope, but_rooms)
        yield from _parts(conn, query.order_by(event.c.at))


def sums(conn: Connection, scope: Scope) -> dict[int, Sum]:
    """Add up what everybody paid in a scope."""
    return _sums(conn, scope)


def sums_of(conn: Connection, scope: Scope, person_ids: Sequence[int]) -> dict[int, Sum]:
    """Add up what some rows of people paid, under their name or not."""
    found: dict[int, Sum] = {}
    wanted = sorted(set(person_ids))
    for start in range(0, len(wanted), CHUNK):
        found |= _sums(conn, scope, event.c.actor_id.in_(wanted[start : start + CHUNK]))
    return found


def sums_hidden(conn: Connection, scope: Scope) -> dict[int, Sum]:
    """Add up what was paid by who hid their name, or is not known."""
    return _sums(conn, scope, or_(_anonymous, event.c.actor_id.is_(None)))


def tipped_before(conn: Connection, scope: Scope, at: datetime, *, hidden: bool) -> set[int]:
    """Give the rows of people who tipped before an instant, in the rooms of a scope; `hidden` knows the anonymous, too."""
    if scope.testbed:  # the totals leave it out
        query = select(event.c.actor_id).distinct().where(event.c.tokens.is_not(None), _is_tip)
        query = query.where(event.c.actor_id.is_not(None), event.c.at != EPOCH)
        query = query if hidden else query.where(~_anonymous)
        return set(conn.execute(within(conn, query, scope._replace(since=None, until=at))).scalars())
    total = person_total.c
    tipped = total.first_tip_at < at
    query = select(total.person_id).where(or_(tipped, total.first_anonymous_at < at) if hidden else tipped)
    if scope.room_ids is not None:
        query = query.where(total.room_id.in_(scope.room_ids))
    return set(conn.execute(query).scalars())


def _sums(conn: Connection, scope: Scope, *which: ColumnElement[bool]) -> dict[int, Sum]:
    tokens = cast(func.coalesce(func.sum(event.c.tokens), 0), BigInteger)
    columns = tokens, func.count(case((_is_tip, 1)))
    who = case((_nameless, None), else_=_payer).label("who")
    query = _indexed(conn, select(who, *columns), scope).where(*which).group_by(who)
    found = {number: Sum(paid, tips) for number, paid, tips in _rows(conn, query)}
    if found.pop(None, None) is not None:
        who = _payer.label("who")
        query = _of_nameless(conn, select(who, *columns), scope).where(*which).group_by(who)
        for number, paid, tips in _rows(conn, query):
            named = found.get(number, Sum(0, 0))
            found[number] = Sum(named.tokens + paid, named.tips + tips)
    return found


def _indexed(conn: Connection, query: Any, scope: Scope, but_rooms: Sequence[int] = ()) -> Any:
    """Keep the payments of a scope, and those that name no room, whosesoever they are."""
    query = _within(conn, query, scope)
    if scope.room_ids is not None:
        query = query.where(or_(event.c.room_id.in_(scope.room_ids), _nameless))
    return query.where(or_(event.c.room_id.not_in(but_rooms), _nameless)) if but_rooms else query


def _of_nameless(conn: Connection, query: Any, scope: Scope, but_rooms: Sequence[int] = ()) -> Any:
    query = _within(conn, query, scope).where(_nameless)
    if scope.room_ids is not None:
        query = query.where(room_of_event.in_(scope.room_ids))
    return query.where(room_of_event.not_in(but_rooms)) if but_rooms else query


def _within(conn: Connection, query: Any, scope: Scope) -> Any:
    return within(conn, query.where(event.c.tokens.is_not(None)), scope._replace(room_ids=None))


def _parts(conn: Connection, query: Any) -> Iterator[Any]:
    """Give what the driver gives, as it comes: to make a row of each would take longer than to read it."""
    with closing(conn.execute(query)) as result:
        assert result.cursor is not None
        while part := result.cursor.fetchmany(_PAGE):
            yield part


def _rows(conn: Connection, query: Any) -> Iterator[Any]:
    return (row for part in _parts(conn, query) for row in part)
