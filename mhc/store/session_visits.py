"""Who came to which sessions of a room: what says which regulars stay away, and which come back."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Connection,
    Integer,
    Select,
    and_,
    func,
    literal,
    or_,
    select,
    type_coerce,
)

from mhc.domain.clock import EPOCH
from mhc.domain.sessions import Span
from mhc.domain.visits import Ending
from mhc.store import payments
from mhc.store.counting import counted, done_there, no_testbed, room_of_event
from mhc.store.long_lists import one_of, table_of
from mhc.store.schema import Instant, event, stream, stream_session, visit
from mhc.store.spells import flat
from mhc.store.streams import Kind


class Stay(NamedTuple):
    """That one row of a person was in a room: epoch milliseconds, since there are many."""

    person_id: int
    begin_ms: int
    end_ms: int


def before(conn: Connection, room_ids: Sequence[int], at: datetime, limit: int) -> list[Span]:
    """Give the last sessions that were over by an instant and into which anybody was seen to come, the earliest first."""
    query = _seen(room_ids, at).where(stream_session.c.ended_at <= at)
    return _spans(conn, query.order_by(*_LATEST).limit(limit))


def within(
    conn: Connection,
    room_ids: Sequence[int],
    since: datetime | None,
    until: datetime | None,
    now: datetime,
    limit: int,
) -> list[Span]:
    """Give the last sessions that ended in a range, or last at its end, and into which anybody was seen to come."""
    ended = stream_session.c.ended_at
    inside = [] if since is None else [ended > since]
    inside += [] if until is None else [ended <= until]
    lasting = [ended.is_(None), stream_session.c.started_at < (now if until is None else until)]
    query = _seen(room_ids, now).where(or_(and_(ended.is_not(None), *inside), and_(*lasting)))
    return _spans(conn, query.order_by(*_LATEST).limit(limit))


def reach(conn: Connection, room_ids: Sequence[int] | None, at: datetime) -> datetime:
    """Give an instant before which no visit to some rooms (None: all) began that lasts until `at`.

    Nobody's visit goes beyond the end of a session; where none ended before, it may be as old as can be.
    """
    room, ended = stream_session.c.room_id, stream_session.c.ended_at
    last = select(room, func.max(ended)).where(ended <= at).group_by(room)
    if room_ids is None:
        room_ids = list(conn.execute(select(stream.c.room_id).where(stream.c.kind == Kind.LIVE)).scalars())
    ends: dict[int, datetime] = {row[0]: row[1] for row in conn.execute(last.where(room.in_(room_ids)))}
    return min((ends.get(one, EPOCH) for one in room_ids), default=EPOCH)


def came(
    conn: Connection,
    room_ids: Sequence[int] | None,
    since: datetime | None,
    until: datetime | None,
    person_ids: Iterable[int],
) -> set[int]:
    """Give which of some rows of people were in some rooms (None: any) at a time of a half-open range."""
    came_at, left_at = visit.c.entered_at, visit.c.left_at
    known = select(visit.c.person_id).distinct()
    if room_ids is not None:
        known = known.where(visit.c.room_id.in_(room_ids))
    unseen = known.where(came_at.is_(None))
    known = known.where(came_at.is_not(None))
    if since is not None:
        # Of a visit whose end nobody saw the beginning is known alone.
        lasted = or_(came_at >= since, left_at > since, visit.c.ending == Ending.OPEN)
        known = known.where(came_at >= reach(conn, room_ids, since), lasted)
        unseen = unseen.where(left_at >= since)
    if until is not None:
        known, unseen = known.where(came_at < until), unseen.where(left_at < until)
    mine = _of(conn, person_ids)
    return {who for one in (known, unseen) for who in conn.execute(one.where(mine)).scalars()}


def tippers(
    conn: Connection, room_ids: Sequence[int], spans: Sequence[tuple[int, int]]
) -> set[tuple[int, int]]:
    """Give who tipped by name in a room, as a row of a person, each with the place of the half-open span."""
    return {one for room in room_ids for one in payments.tippers_by_span(conn, room, spans)}


def lines(conn: Connection, room_ids: Sequence[int], absences: Sequence[Stay]) -> Iterator[Stay]:
    """Give when somebody wrote or tipped openly in a half-open time in which they were not seen, if they did."""
    if not absences:
        return
    given = table_of(conn, {"who": Integer, "since": BigInteger, "until": BigInteger}, absences).c
    at, room = type_coerce(event.c.at, BigInteger), event.c.room_id
    mine = event.c.actor_id == given.who, at >= given.since, at < given.until
    spoken = *mine, done_there, counted, *no_testbed(conn)
    # What names its room is told by the index alone, and so is whether any does not: these are then asked for.
    columns = event.c.actor_id, at, func.coalesce(room, 0)
    numbers = iter(flat(conn, columns, (*spoken, or_(room.in_(room_ids), room.is_(None)))))
    named = True
    for who, at_ms, room_id in zip(numbers, numbers, numbers, strict=True):
        named = named and room_id > 0
        if room_id:
            yield Stay(who, at_ms, at_ms)
    if not named:
        unnamed = iter(flat(conn, columns[:2], (*spoken, room.is_(None), room_of_event.in_(room_ids))))
        for who, at_ms in zip(unnamed, unnamed, strict=True):
            yield Stay(who, at_ms, at_ms)


_LATEST = (stream_session.c.started_at.desc(), stream_session.c.id.desc())


def _seen(room_ids: Sequence[int], now: datetime) -> Select[Any]:
    """Give the query of a room's sessions into which anybody was seen to come: of the others nobody knows who was there."""
    s = stream_session.c
    inside = (
        visit.c.entered_at >= s.started_at,
        visit.c.entered_at < func.coalesce(s.ended_at, literal(now, Instant)),
    )
    one = select(visit.c.id).where(visit.c.room_id == s.room_id, *inside).correlate(stream_session)
    anybody = (
        one.limit(1).scalar_subquery().is_not(None)
    )  # no EXISTS: PostgreSQL would read the visits of all
    return select(s.started_at, s.ended_at).where(s.room_id.in_(room_ids), anybody)


def _spans(conn: Connection, query: Select[Any]) -> list[Span]:
    return [Span(*row) for row in reversed(conn.execute(query).all())]


def _of(conn: Connection, person_ids: Iterable[int]) -> ColumnElement[bool]:
    """Whether a visit is of some rows of people."""
    return one_of(conn, visit.c.person_id, sorted(person_ids))
