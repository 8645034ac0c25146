"""What each person paid, for who asks about hundreds of thousands of payments: told by the index alone, in few columns.

Which room an event is of that names none stands in its row only. There are hardly any; they are asked for by
themselves, along an index of their own.
"""

from collections.abc import Iterator, Sequence
from contextlib import closing
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import BigInteger, ColumnElement, Connection, case, cast, func, or_, select, type_coerce

from mhc.domain.clock import EPOCH, to_ms
from mhc.domain.events import METHODS, Flag
from mhc.store.counting import Scope, room_of_event, within
from mhc.store.people import CHUNK
from mhc.store.schema import event, person_total

_TIP = next(number for number, name in METHODS.items() if name == "tip")
_PAGE = 5000
_SLICE_MS = 100 * 86_400_000
WIDTH = 32  # bits of an amount and of whether it is a tip
LOW = (1 << WIDTH) - 1
Part = Sequence[tuple[int, int]]

_at = type_coerce(event.c.at, BigInteger)
_anonymous: ColumnElement[bool] = event.c.flags.bitwise_and(int(Flag.ANONYMOUS)) != 0
_is_tip: ColumnElement[bool] = event.c.method_id == _TIP
_actor: ColumnElement[int] = cast(func.coalesce(event.c.actor_id, 0), BigInteger)
# Who hid their name stands below zero.
_payer: ColumnElement[int] = case((_anonymous, _actor.bitwise_not()), else_=_actor)
_amount: ColumnElement[int] = (
    _actor * (1 << WIDTH) + cast(event.c.tokens, BigInteger) * 2 + case((_is_tip, 1), else_=0)
)
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


def payments(conn: Connection, scope: Scope, but_rooms: Sequence[int] = ()) -> list[Iterator[Part]]:
    """Give the payments of a scope in two streams of parts, each in order of time; of `but_rooms` none.

    A payment is its time in milliseconds, and who and how much. Shifted right by 32 that is a number of `payer`; the
    bits below are the tokens, doubled, and 1 for a tip; all inverted where they hid their name.
    """
    found = list(queries(conn, scope, _at, _packed, but_rooms=but_rooms))
    slices = list(_slices(conn, scope))
    return [_sliced(conn, query, slices) for query in found]


def _sliced(conn: Connection, query: Any, slices: Sequence[tuple[int, int]]) -> Iterator[Part]:
    for since, until in slices:
        yield from _parts(conn, query.where(_at >= since, _at < until).order_by(event.c.at))


def _slices(conn: Connection, scope: Scope) -> Iterator[tuple[int, int]]:
    """Cut a time into what PostgreSQL may give at once, since its driver holds all of an answer."""
    # Two questions, since SQLite looks for one of the two along an index, and for both through all of it.
    edges = [select(edge(_at)).where(event.c.tokens.is_not(None)) for edge in (func.min, func.max)]
    first, last = (conn.execute(query).scalar() for query in edges)
    if first is None or last is None:
        return
    begin = first if scope.since is None else max(first, to_ms(scope.since))
    end = last + 1 if scope.until is None else min(last + 1, to_ms(scope.until))
    step = _SLICE_MS if conn.dialect.name == "postgresql" else max(end - begin, 1)
    if begin == 0:  # pasted lines of unknown time stand there, and long before all others
        yield 0, 1
        after = conn.execute(select(func.min(_at)).where(event.c.tokens.is_not(None), _at > 0)).scalar()
        begin = end if after is None else after
    for since in range(begin, end, step):
        yield since, min(since + step, end)


def sums(conn: Connection, scope: Scope) -> dict[int, Sum]:
    """Add up what everybody paid in a scope."""
    return _sums(conn, scope)


def sums_of(conn: Connection, scope: Scope, person_ids: Sequence[int], *, hidden: bool) -> dict[int, Sum]:
    """Add up what some rows of people paid, under their name or not; with `hidden` what nobody is known of, too."""
    found: dict[int, Sum] = {}
    wanted = sorted(set(person_ids))
    nobody = [_anonymous, event.c.actor_id.is_(None)] if hidden else []
    for start in range(0, max(len(wanted), 1), CHUNK):
        found |= _sums(conn, scope, or_(event.c.actor_id.in_(wanted[start : start + CHUNK]), *nobody))
    return found


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
    who = _payer.label("who")
    found: dict[int, Sum] = {}
    for query in queries(conn, scope, who, tokens, func.count(case((_is_tip, 1)))):
        for part in _parts(conn, query.where(*which).group_by(who)):
            for number, paid, tips in part:
                before = found.get(number)
                found[number] = (
                    Sum(paid, tips) if before is None else Sum(before.tokens + paid, before.tips + tips)
                )
    return found


def queries(
    conn: Connection, scope: Scope, *columns: ColumnElement[Any], but_rooms: Sequence[int] = ()
) -> Iterator[Any]:
    """Give the query of the payments that name their room, and that of the others where there are any."""
    whole = within(conn, select(*columns).where(event.c.tokens.is_not(None)), scope._replace(room_ids=None))
    # What no index holds is asked for, since SQLite would else read all payments from the one that answers alone.
    nowhere = whole.with_only_columns(event.c.stream_id).where(event.c.room_id.is_(None)).limit(1)
    kinds: list[tuple[ColumnElement[Any], ColumnElement[bool]]] = [
        (event.c.room_id, event.c.room_id.is_not(None))
    ]
    if conn.execute(nowhere).first() is not None:
        kinds.append((room_of_event, event.c.room_id.is_(None)))
    for room, which in kinds:
        query = whole.where(which)
        if scope.room_ids is not None:
            query = query.where(room.in_(scope.room_ids))
        yield query.where(room.not_in(but_rooms)) if but_rooms else query


def _parts(conn: Connection, query: Any) -> Iterator[Any]:
    """Give what the driver gives, as it comes: to make a row of each would take longer than to read it."""
    with closing(conn.execute(query)) as result:
        assert result.cursor is not None
        while part := result.cursor.fetchmany(_PAGE):
            yield part
