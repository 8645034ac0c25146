"""Which events count in figures, and for which room."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from sqlalchemy import BigInteger, ColumnElement, Connection, and_, case, func, not_, or_, select, type_coerce

from mhc.domain.clock import EPOCH
from mhc.domain.events import METHODS, Flag
from mhc.store.schema import event, stream

# A pasted line does not count where it was, or may have been, captured live. Written so that PostgreSQL takes it for
# what holds nearly always.
counted: ColumnElement[bool] = event.c.flags.bitwise_and(int(Flag.UNCOUNTED)) != int(Flag.UNCOUNTED)
_owner = select(stream.c.room_id).where(stream.c.id == event.c.stream_id).correlate(event).scalar_subquery()
# An event that names no room belongs to the room that was listened to, as the totals have it.
room_of_event: ColumnElement[Any] = func.coalesce(event.c.room_id, _owner)

# Who does so under their name is in the room, whether they were seen to come or not.
_DONE_THERE = [number for number, name in METHODS.items() if name in {"chatMessage", "tip"}]
done_there: ColumnElement[bool] = and_(
    event.c.method_id.in_(_DONE_THERE), event.c.flags.bitwise_and(int(Flag.ANONYMOUS)) < 1
)

_KNOWN = EPOCH + timedelta(milliseconds=1)  # what is of unknown time is in no range
_NEAR = timedelta(minutes=1) // timedelta(milliseconds=1)  # a page may show no seconds


def _captured_too() -> ColumnElement[bool]:
    """Whether a line was captured as well: by the same person, with the same words, then, or before it was pasted."""
    other, at = event.alias("captured"), type_coerce(event.c.at, BigInteger)
    undated = event.c.at == EPOCH
    begin = case((undated, 0), else_=at - _NEAR)
    end = case((undated, type_coerce(event.c.received_at, BigInteger)), else_=at + _NEAR)
    same = (
        other.c.actor_id == event.c.actor_id,
        type_coerce(other.c.at, BigInteger).between(begin, end),
        other.c.method_id == event.c.method_id,
        func.coalesce(other.c.text, "") == func.coalesce(event.c.text, ""),
        func.coalesce(other.c.tokens, 0) == func.coalesce(event.c.tokens, 0),
        other.c.stream_id.in_(select(stream.c.id).where(stream.c.kind == "live")),
    )
    return select(other.c.at).where(*same).correlate(event).exists()


# A line that was captured and also pasted stands once: as it was captured.
shown_once: ColumnElement[bool] = or_(counted, and_(event.c.actor_id.is_not(None), not_(_captured_too())))


class Scope(NamedTuple):
    """Which events are asked for: of some rooms (None: all), in a half-open time."""

    room_ids: Sequence[int] | None = None
    since: datetime | None = None
    until: datetime | None = None
    testbed: bool = False


def no_testbed(conn: Connection) -> list[ColumnElement[bool]]:
    """Leave the testbed out: its streams are named, so that an index alone can answer where there are none."""
    testbed = list(conn.execute(select(stream.c.id).where(stream.c.kind == "testbed")).scalars())
    return [event.c.stream_id.not_in(testbed)] if testbed else []


def within(conn: Connection, query: Any, scope: Scope) -> Any:
    """Keep the events of a scope that count."""
    query = query.where(counted)
    if scope.since is not None or scope.until is not None:
        query = query.where(event.c.at >= max(scope.since or EPOCH, _KNOWN))
    if scope.until is not None:
        query = query.where(event.c.at < scope.until)
    if scope.room_ids is not None:
        query = query.where(room_of_event.in_(scope.room_ids))
    return query if scope.testbed else query.where(*no_testbed(conn))
