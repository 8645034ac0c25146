"""What was captured elsewhere into this database: streams, events, gaps, coverage, what was rejected.

Events take the path of those that a listener stores. The cursor, the lease and the epoch of a stream that is here
already stay as they are, so that a running listener is not disturbed.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from secrets import token_hex

from sqlalchemy import Connection, and_, delete, insert, or_, select, text, update

from mhc.store import coverage, derived, erased_events, events, lines, pasted, sessions, streams
from mhc.store.events import Resolved
from mhc.store.schema import capture_coverage, capture_gap, rejected_event, stream
from mhc.store.streams import Kind, Stream
from mhc.store.upsert import insert_new

CONFLICT = "its id is stored already, with another body"


@dataclass(frozen=True, slots=True)
class Counted:
    """How many events of a page are new, and how many have an id that is here with another body."""

    new: int
    conflicting: int = 0


def find_stream(conn: Connection, line: lines.Stream, room_id: int) -> Stream | None:
    """Give the stream of a line; None where there is none yet."""
    mine = (stream.c.room_id == room_id, stream.c.kind == line.kind, stream.c.host == line.host)
    found = conn.execute(select(stream.c.id).where(*mine)).scalar()
    return None if found is None else streams.get(conn, found)


def add_stream(conn: Connection, line: lines.Stream, room_id: int) -> Stream:
    """Make a stream that is not here yet, with its place in the feed.

    One that an earlier part made takes the place from a later one, as long as nobody has listened to it here.
    """
    if conn.dialect.name == "postgresql":
        conn.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": room_id})
    place = {
        name: getattr(line, name) for name in ("cursor", "cursor_at", "last_poll_ok_at", "served_age_max")
    }
    found = find_stream(conn, line, room_id)
    if found is not None:
        unheard = (stream.c.epoch == 0, stream.c.cursor.is_(None), stream.c.last_poll_ok_at.is_(None))
        conn.execute(update(stream).where(stream.c.id == found.id, *unheard).values(**place))
        return streams.get(conn, found.id)
    row = {"room_id": room_id, "kind": Kind(line.kind), "host": line.host, "lock_name": token_hex(8)}
    made = conn.execute(insert(stream).values(**row, **place).returning(stream.c.id)).scalar_one()
    return streams.get(conn, made)


def add_events(conn: Connection, source: Stream, given: Sequence[Resolved], gap: timedelta) -> Counted:
    """Store the events that are not here yet, and all that follows from them."""
    streams.hold(conn, source.id)
    sessions.lock(conn, source.room_id)  # before the methods' lock, which a new one takes, as a listener does
    given = erased_events.resolved(conn, given)
    added = events.add_resolved(conn, source.id, given)
    received = {id(one.event): one.received_at for one in given}
    rejected = 0
    for e in added.conflicting:
        rejected += coverage.reject_once(conn, source.id, e.raw, CONFLICT, received[id(e)])
    derived.add(conn, source, added.new, gap)
    return Counted(len(added.new), rejected)


def count_events(conn: Connection, source: Stream | None, given: Sequence[Resolved]) -> Counted:
    """Count what `add_events` would do. Writes nothing."""
    given = erased_events.resolved(conn, given)
    if source is None:
        return Counted(len(given))
    fresh, conflicting = events.unknown(conn, source.id, [one.event for one in given])
    return Counted(len(fresh), len(conflicting))


def add_gaps(
    conn: Connection, source: Stream | None, gaps: Sequence[lines.Gap], gap: timedelta, *, write: bool
) -> int:
    """Record the gaps that no gap of the same kind takes in; visits that a certain one cuts end where it begins."""
    if source is None:
        return len(gaps)
    if write:
        streams.hold(conn, source.id)
    g = capture_gap.c
    query = select(g.from_at, g.to_at, g.cause, g.certainty).where(g.stream_id == source.id)
    known = [tuple(row) for row in conn.execute(query)]
    new = [one for one in gaps if not any(_takes_in(row, one) for row in known)]
    if write and new:
        rows = [
            {"stream_id": source.id, "from_at": one.from_at, "to_at": one.to_at, "cause": one.cause,
             "certainty": one.certainty}
            for one in new
        ]  # fmt: skip
        conn.execute(insert(capture_gap), rows)
        cut = [one.from_at for one in new if one.certainty == "certain" and one.from_at is not None]
        if cut:
            derived.add(conn, source, [], gap, cut)
    return len(new)


def _takes_in(row: Sequence[object], one: lines.Gap) -> bool:
    begin, end, cause, certainty = row
    assert isinstance(end, datetime)
    if (cause, certainty) != (one.cause, one.certainty) or end < one.to_at:
        return False
    return begin is None or (one.from_at is not None and isinstance(begin, datetime) and begin <= one.from_at)


def add_coverage(
    conn: Connection, source: Stream | None, spans: Sequence[lines.Coverage], *, write: bool
) -> int:
    """Note what was covered and is not here yet; times that overlap become one."""
    if source is None:
        return len(spans)
    if write:
        streams.hold(conn, source.id)
    c = capture_coverage.c
    new = 0
    for one in spans:
        mine = (c.stream_id == source.id, c.from_at < one.to_at, c.to_at > one.from_at)
        same = (c.stream_id == source.id, c.from_at == one.from_at, c.to_at == one.to_at)
        query = select(c.id, c.from_at, c.to_at).where(or_(and_(*mine), and_(*same)))
        known = conn.execute(query).all()
        if any(row.from_at <= one.from_at and one.to_at <= row.to_at for row in known):
            continue
        new += 1
        if write:
            begin = min([one.from_at, *(row.from_at for row in known)])
            end = max([one.to_at, *(row.to_at for row in known)])
            conn.execute(delete(capture_coverage).where(c.id.in_([row.id for row in known])))
            conn.execute(insert(capture_coverage).values(stream_id=source.id, from_at=begin, to_at=end))
    if write and new:
        pasted.judge(conn, source.room_id)
    return new


def add_rejected(
    conn: Connection, source: Stream | None, rows: Sequence[lines.Rejected], *, write: bool
) -> int:
    """Keep what could not become an event there, and is not kept here yet."""
    if source is None:
        return len(rows)
    new = 0
    for one in rows:
        row = {"stream_id": source.id, "hash": one.hash, "received_at": one.received_at, "reason": one.reason}
        row |= {"size": one.size, "body": lines.bytes_of(one)[: coverage.MAX_REJECTED], "count": one.count}
        if write:
            new += insert_new(conn, rejected_event, row)
        else:
            mine = (rejected_event.c.stream_id == source.id, rejected_event.c.hash == one.hash)
            new += conn.execute(select(rejected_event.c.hash).where(*mine)).scalar() is None
    return new
