"""What some people paid: answered by indexes, never by a scan of all events.

Whose room an event is that names none stands in its stream only, and to look there PostgreSQL reads the row of each
payment, which takes ten times as long as the index does. So payments that name no room, of which there are hardly any,
are asked for apart, and only where there are some.
"""

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Connection,
    Integer,
    Select,
    and_,
    column,
    literal,
    or_,
    select,
    true,
    type_coerce,
    values,
)

from mhc.domain.clock import EPOCH
from mhc.domain.events import METHODS, Flag
from mhc.store.counting import Scope, room_of_event, within
from mhc.store.payments import Payment
from mhc.store.people import CHUNK
from mhc.store.schema import Instant, event

_TIP = next(number for number, name in METHODS.items() if name == "tip")
_anonymous: ColumnElement[bool] = event.c.flags.bitwise_and(int(Flag.ANONYMOUS)) != 0
_nameless: ColumnElement[bool] = event.c.room_id.is_(None)


_number = column("number", Integer)
_begin, _end = column("begin", Instant), column("until", Instant)


class Time(NamedTuple):
    """A half-open time."""

    begin: datetime
    end: datetime


def of_people(
    conn: Connection, scope: Scope, person_ids: Sequence[int], *, reveal: bool
) -> Iterator[Payment]:
    """Give the payments of some rows of people in a scope, in no order; anonymous ones where `reveal` says so."""
    for start in range(0, len(person_ids), CHUNK):
        mine = [event.c.actor_id.in_(person_ids[start : start + CHUNK])]
        yield from _list(conn, scope, mine if reveal else [*mine, ~_anonymous])


def seen_in(
    conn: Connection, scope: Scope, person_ids: Sequence[int], times: Sequence[Time], *, reveal: bool
) -> int:
    """Give in how many of some times people did anything in the rooms of a scope.

    What they gave anonymously shows them where `reveal` says so.
    """
    mine = [event.c.actor_id.in_(person_ids), event.c.at != EPOCH]
    query = select(literal(1)).where(*(mine if reveal else [*mine, ~_anonymous])).limit(1)
    named = list(_each(conn, scope, times, query.where(_of_rooms(scope))))
    rest = [time for time, did in zip(times, named, strict=True) if did is None]
    nameless = _each(conn, scope, rest, query.where(_nameless, _owned(scope)))
    return len(times) - len(rest) + sum(did is not None for did in nameless)


def _each(conn: Connection, scope: Scope, times: Sequence[Time], query: Any) -> Iterator[Any]:
    """Give what a query of one value answers of the events of each time, in order.

    With the range of the scope beside that of the time, SQLite may look for the wrong one of the two in the index.
    """
    inside = within(conn, query, Scope(testbed=scope.testbed))
    inside = inside.where(event.c.at >= _begin, event.c.at < _end)
    for start in range(0, len(times), CHUNK):
        some = [(number, *one) for number, one in enumerate(times[start : start + CHUNK])]
        table = values(_number, _begin, _end, name="times").data(some).cte()
        asked = inside.scalar_subquery()
        yield from conn.execute(select(asked).select_from(table).order_by(_number)).scalars()


def _list(conn: Connection, scope: Scope, which: Sequence[ColumnElement[bool]]) -> Iterator[Payment]:
    query = _columns(event.c.room_id).where(*which, or_(_nameless, _of_rooms(scope)))
    nameless = False
    for row in conn.execute(_paid(conn, query, scope), execution_options={"yield_per": 5000}):
        if row[1] is None:
            nameless = True
        else:
            yield Payment._make(row)
    if nameless:
        yield from _without_room(conn, scope, *which)


def _without_room(conn: Connection, scope: Scope, *which: ColumnElement[bool]) -> Iterator[Payment]:
    query = within(conn, _columns(room_of_event).where(_nameless, event.c.tokens.is_not(None), *which), scope)
    return map(Payment._make, conn.execute(query))


def _columns(room: ColumnElement[Any]) -> Select[Any]:
    at_ms = type_coerce(event.c.at, BigInteger)
    is_tip = (event.c.method_id == _TIP).label("is_tip")
    return select(at_ms, room, event.c.actor_id, _anonymous.label("anonymous"), is_tip, event.c.tokens)


def _paid(conn: Connection, query: Any, scope: Scope) -> Any:
    """Keep what was paid in the time of a scope, in whichever room."""
    return within(conn, query.where(event.c.tokens.is_not(None)), scope._replace(room_ids=None))


def _of_rooms(scope: Scope) -> ColumnElement[bool]:
    named = event.c.room_id.is_not(None)
    return named if scope.room_ids is None else and_(named, event.c.room_id.in_(scope.room_ids))


def _owned(scope: Scope) -> ColumnElement[bool]:
    """Whether what names no room belongs to one of the scope."""
    return true() if scope.room_ids is None else room_of_event.in_(scope.room_ids)
