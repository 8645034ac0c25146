"""What was captured, where something may be missing, and what could not become an event."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import Connection, delete, func, insert, or_, select, update

from mhc.domain.clock import to_ms
from mhc.store.bulk import Bulk, Call, bulk_insert, together
from mhc.store.schema import capture_coverage, capture_gap, event, person, rejected_event, stream
from mhc.store.upsert import insert_new, upsert

_COVER = bulk_insert(capture_coverage, ("stream_id", "from_at", "to_at"))
_EXTEND = Bulk(
    capture_coverage,
    ("id", "to_at"),
    # A clock may have been set back.
    "UPDATE capture_coverage SET to_at = CASE WHEN capture_coverage.to_at < new.to_at THEN new.to_at"
    " ELSE capture_coverage.to_at END FROM {new} WHERE capture_coverage.id = new.id",
)

MAX_REJECTED = 64 * 1024  # bytes kept of one


class Gap(NamedTuple):
    """A time for which events may be, or are, missing; `from_at` None reaches back without a bound."""

    room: str
    from_at: datetime | None
    to_at: datetime
    cause: str
    certainty: str


class Covered(NamedTuple):
    """A time that was captured without a break."""

    room: str
    from_at: datetime
    to_at: datetime


@dataclass(frozen=True, slots=True)
class Rejected:
    """Bytes of the feed that could not become an event."""

    room: str
    hash: str
    received_at: datetime
    reason: str
    size: int
    count: int
    body: bytes


def add_gap(
    conn: Connection, stream_id: int, from_at: datetime | None, to_at: datetime, *, cause: str, certain: bool
) -> None:
    """Record a gap: one row an incident, so one that goes on where the last ended makes that one longer.

    One that is recorded already, as when a page comes a second time, changes nothing.
    """
    certainty = "certain" if certain else "possible"
    mine = (
        capture_gap.c.stream_id == stream_id,
        capture_gap.c.cause == cause,
        capture_gap.c.certainty == certainty,
    )
    begins = capture_gap.c.from_at
    inside = begins.is_(None) if from_at is None else or_(begins.is_(None), begins <= from_at)
    known = select(capture_gap.c.id).where(*mine, inside, capture_gap.c.to_at == to_at).limit(1)
    if conn.execute(known).scalar() is not None:
        return
    if from_at is not None:
        query = select(capture_gap.c.id).where(*mine, capture_gap.c.to_at == from_at).limit(1)
        goes_on = conn.execute(query).scalar()
        if goes_on is not None:
            conn.execute(update(capture_gap).where(capture_gap.c.id == goes_on).values(to_at=to_at))
            return
    row = {"stream_id": stream_id, "from_at": from_at, "to_at": to_at, "cause": cause}
    conn.execute(insert(capture_gap).values(**row, certainty=certainty))


def gaps(conn: Connection, room: str | None = None, *, kind: str | None = None) -> list[Gap]:
    """Give the gaps, of one kind of stream or of all, the latest first."""
    columns = (capture_gap.c.from_at, capture_gap.c.to_at, capture_gap.c.cause, capture_gap.c.certainty)
    query = select(person.c.username, *columns).join(stream, stream.c.id == capture_gap.c.stream_id)
    query = query.join(person, person.c.id == stream.c.room_id)
    if kind is not None:
        query = query.where(stream.c.kind == kind)
    query = query.order_by(capture_gap.c.to_at.desc(), person.c.username, capture_gap.c.id.desc())
    return [Gap(*row) for row in conn.execute(query) if room is None or row.username == room]


def gap_counts(conn: Connection) -> dict[int, int]:
    """Give the number of gaps by stream."""
    query = select(capture_gap.c.stream_id, func.count()).group_by(capture_gap.c.stream_id)
    return {row[0]: row[1] for row in conn.execute(query)}


def covering(stream_id: int, from_at: datetime, to_at: datetime, joins: int | None) -> Call:
    """Give the statement that notes what a poll covered; `joins` is the row of the cover that goes on with it."""
    if joins is not None:
        return _EXTEND, [(joins, to_ms(to_at))]
    return _COVER, [(stream_id, to_ms(from_at), to_ms(to_at))]


def covered(conn: Connection, room: str | None = None) -> list[Covered]:
    """Give the covered times, the latest first."""
    columns = (capture_coverage.c.from_at, capture_coverage.c.to_at)
    query = select(person.c.username, *columns).join(stream, stream.c.id == capture_coverage.c.stream_id)
    query = query.join(person, person.c.id == stream.c.room_id)
    query = query.order_by(columns[1].desc(), person.c.username, capture_coverage.c.id.desc())
    return [Covered(*row) for row in conn.execute(query) if room is None or row.username == room]


def extend(conn: Connection, stream_id: int, from_at: datetime, to_at: datetime, *, joined: bool) -> None:
    """Note that a time was covered; `joined` where nothing lies between it and the latest cover."""
    query = select(capture_coverage.c.id).where(capture_coverage.c.stream_id == stream_id)
    query = query.order_by(capture_coverage.c.to_at.desc(), capture_coverage.c.id.desc()).limit(1)
    joins = conn.execute(query).scalar() if joined else None
    together(conn, covering(stream_id, from_at, to_at, joins))


def live_spans(
    conn: Connection, room_ids: Sequence[int] | None
) -> dict[int, list[tuple[datetime, datetime]]]:
    """Give the covered times of each of some rooms (None: all) that was ever listened to, earliest first."""
    columns = (stream.c.room_id, capture_coverage.c.from_at, capture_coverage.c.to_at)
    query = select(*columns).join(stream, stream.c.id == capture_coverage.c.stream_id)
    query = query.where(stream.c.kind == "live")
    if room_ids is not None:
        query = query.where(stream.c.room_id.in_(room_ids))
    found: dict[int, list[tuple[datetime, datetime]]] = {}
    for room_id, from_at, to_at in conn.execute(query.order_by(*columns)):
        found.setdefault(room_id, []).append((from_at, to_at))
    return found


def reject(conn: Connection, stream_id: int, body: bytes, reason: str, at: datetime) -> None:
    """Keep what could not become an event; the same bytes again only count."""
    keys = ("stream_id", "hash")
    upsert(
        conn,
        rejected_event,
        [_rejected_row(stream_id, body, reason, at)],
        keys=keys,
        changes=lambda new: {"count": rejected_event.c.count + new["count"]},
    )


def reject_once(conn: Connection, stream_id: int, body: bytes, reason: str, at: datetime) -> bool:
    """Keep what could not become an event where it is not kept yet; False where it is, and nothing counts."""
    return insert_new(conn, rejected_event, _rejected_row(stream_id, body, reason, at))


def _rejected_row(stream_id: int, body: bytes, reason: str, at: datetime) -> dict[str, Any]:
    return {
        "stream_id": stream_id,
        "hash": hashlib.sha256(body).hexdigest()[:32],
        "received_at": at,
        "reason": reason,
        "size": len(body),
        "body": body[:MAX_REJECTED],
        "count": 1,
    }


def rejected(conn: Connection, room: str | None = None) -> list[Rejected]:
    """Give what was rejected, the latest first."""
    r = rejected_event.c
    query = select(person.c.username, r.hash, r.received_at, r.reason, r.size, r.count, r.body)
    query = query.join(stream, stream.c.id == r.stream_id).join(person, person.c.id == stream.c.room_id)
    query = query.order_by(r.received_at.desc(), r.hash)
    return [Rejected(*row) for row in conn.execute(query) if room is None or row.username == room]


@dataclass(frozen=True, slots=True)
class Kept:
    """What is kept of one that was rejected: all of it where `size` is its length."""

    hash: str
    received_at: datetime
    size: int
    body: bytes


def kept(conn: Connection, stream_id: int, after: str, limit: int) -> list[Kept]:
    """Give what a stream rejected, in order of its hash, after one."""
    r = rejected_event.c
    query = select(r.hash, r.received_at, r.size, r.body).where(r.stream_id == stream_id, r.hash > after)
    return [Kept(*row[:3], bytes(row.body)) for row in conn.execute(query.order_by(r.hash).limit(limit))]


def take_out(conn: Connection, stream_id: int, hashes: Sequence[str]) -> None:
    """Keep these no longer as rejected: they are events now."""
    r = rejected_event.c
    conn.execute(delete(rejected_event).where(r.stream_id == stream_id, r.hash.in_(hashes)))


def made_ids(conn: Connection, stream_id: int) -> int:
    """Give how many events of a stream came without a usable id."""
    query = select(func.count()).where(event.c.stream_id == stream_id, event.c.id_ms == 0)
    found: int = conn.execute(query.where(event.c.source_id.startswith("h:"))).scalar_one()
    return found
