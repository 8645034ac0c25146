"""What happened in each minute of some rooms, summed by the database."""

from collections import Counter
from collections.abc import Iterator, Sequence
from enum import StrEnum
from itertools import chain
from typing import NamedTuple

from sqlalchemy import BigInteger, ColumnElement, Connection, cast, func, select, type_coerce

from mhc.domain.clock import EPOCH
from mhc.domain.events import METHODS, Flag
from mhc.store.counting import Scope, room_of_event, within
from mhc.store.schema import event, visit
from mhc.store.spells import flat

MINUTE_MS = 60_000
_MINUTES = 1 << 32
_NUMBER = {name: number for number, name in METHODS.items()}
_anonymous: ColumnElement[bool] = event.c.flags.bitwise_and(int(Flag.ANONYMOUS)) != 0


class Metric(StrEnum):
    """What is counted."""

    TOKENS = "tokens"
    TIPS = "tips"
    MESSAGES = "messages"
    ARRIVALS = "arrivals"


class Who(NamedTuple):
    """Whose rows count: these only, or (None, of arrivals alone) all without some. `reveal` knows whose anonymous tips are."""

    only: Sequence[int] | None = None
    without: Sequence[int] = ()
    reveal: bool = False


class Minute(NamedTuple):
    """What one minute of one room had; `at_ms` is its start."""

    room_id: int
    at_ms: int
    amount: int


def sums(conn: Connection, metric: Metric, scope: Scope, who: Who) -> Iterator[Minute]:
    """Give the minutes of a scope in which anything happened, in no order."""
    if metric is Metric.ARRIVALS:
        return _arrivals(conn, scope, who)
    assert who.only is not None
    # Rows are read many times as slowly as the index, and only a row tells whose stream an event is of that names no room.
    named = _sums(conn, metric, scope, who, event.c.room_id, event.c.room_id.is_not(None))
    return chain(named, _sums(conn, metric, scope, who, room_of_event, event.c.room_id.is_(None)))


def _sums(
    conn: Connection,
    metric: Metric,
    scope: Scope,
    who: Who,
    room: ColumnElement[int],
    which: ColumnElement[bool],
) -> Iterator[Minute]:
    minute = _minute(type_coerce(event.c.at, BigInteger))
    amount = cast(func.coalesce(func.sum(event.c.tokens), 0), BigInteger)
    query = select(room, minute, amount if metric is Metric.TOKENS else func.count())
    query = within(conn, query, scope._replace(room_ids=None)).where(which, event.c.at != EPOCH)
    query = query.where(event.c.actor_id.in_(who.only or ()))
    if not who.reveal:
        query = query.where(~_anonymous)
    if scope.room_ids is not None:
        query = query.where(room.in_(scope.room_ids))
    if metric is Metric.MESSAGES:
        query = query.where(event.c.method_id == _NUMBER["chatMessage"])
    else:
        query = query.where(event.c.tokens.is_not(None))
    if metric is Metric.TIPS:
        query = query.where(event.c.method_id == _NUMBER["tip"])
    return map(Minute._make, conn.execute(query.group_by(room, minute)))


def _arrivals(conn: Connection, scope: Scope, who: Who) -> Iterator[Minute]:
    """Give them from the index alone, and counted here: the databases would sort them first."""
    came = visit.c.entered_at
    within: list[ColumnElement[bool]] = [came.is_not(None), visit.c.person_id != visit.c.room_id]
    within += [] if scope.since is None else [came >= scope.since]
    within += [] if scope.until is None else [came < scope.until]
    within += [] if scope.room_ids is None else [visit.c.room_id.in_(scope.room_ids)]
    within += [] if who.only is None else [visit.c.person_id.in_(who.only)]
    within += [visit.c.person_id.not_in(who.without)] if who.without else []
    # One number each, the room above the minute: there may be a million.
    place = cast(visit.c.room_id, BigInteger) * _MINUTES + type_coerce(came, BigInteger) // MINUTE_MS
    counts = Counter(flat(conn, (place,), within))
    return (Minute(one // _MINUTES, one % _MINUTES * MINUTE_MS, amount) for one, amount in counts.items())


def _minute(ms: ColumnElement[int]) -> ColumnElement[int]:
    return ms - ms % MINUTE_MS
