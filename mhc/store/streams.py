"""Streams: what is listened to, how far it was read, and who holds the lease."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from functools import cache
from secrets import token_hex
from typing import Any

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Connection,
    func,
    insert,
    literal_column,
    not_,
    or_,
    select,
    text,
    update,
)

from mhc.domain.clock import to_ms
from mhc.store import people, sessions
from mhc.store.bulk import Bulk, Call
from mhc.store.people import Role
from mhc.store.schema import COMPATIBILITY, person, schema_compat, stream


class Kind(StrEnum):
    """Where a stream's events come from."""

    LIVE = "live"
    TESTBED = "testbed"
    PASTE = "paste"
    IMPORT = "import"


@dataclass(frozen=True, slots=True)
class Stream:
    """One room's feed at one API host."""

    id: int
    room_id: int
    room: str
    kind: str
    host: str
    lock_name: str
    cursor: str | None
    cursor_at: datetime | None
    last_poll_ok_at: datetime | None
    served_age_max: int  # milliseconds: the oldest event that the server ever gave after an outage
    epoch: int
    owner: str | None
    lease_expires_at: datetime | None


_COLUMNS: tuple[Any, ...] = (
    stream.c.id,
    stream.c.room_id,
    person.c.username,
    stream.c.kind,
    stream.c.host,
    stream.c.lock_name,
    stream.c.cursor,
    stream.c.cursor_at,
    stream.c.last_poll_ok_at,
    stream.c.served_age_max,
    stream.c.epoch,
    stream.c.owner,
    stream.c.lease_expires_at,
)
_SERVER_MS = "CAST(extract(epoch FROM clock_timestamp()) * 1000 AS bigint)"
_SERVER_CLOCK = literal_column(_SERVER_MS, BigInteger)
_JOINED = stream.join(person, person.c.id == stream.c.room_id)
# Whoever upgraded the schema beyond what this program knows must not find its writes in it.
_KNOWN_SCHEMA = select(schema_compat.c.number).scalar_subquery() <= COMPATIBILITY


def get(conn: Connection, stream_id: int) -> Stream:
    """Give one stream."""
    row = conn.execute(select(*_COLUMNS).select_from(_JOINED).where(stream.c.id == stream_id)).one()
    return Stream(*row)


def find(conn: Connection, room: str, kind: str, host: str) -> Stream | None:
    """Give the stream of a room at a host, or None."""
    query = select(*_COLUMNS).select_from(_JOINED)
    row = conn.execute(
        query.where(person.c.username == room, stream.c.kind == kind, stream.c.host == host)
    ).first()
    return Stream(*row) if row else None


def list_all(conn: Connection, room: str | None = None) -> list[Stream]:
    """Give every stream, by room, kind and host."""
    query = select(*_COLUMNS).select_from(_JOINED)
    query = query.order_by(person.c.username, stream.c.kind, stream.c.host)
    found = [Stream(*row) for row in conn.execute(query)]
    return [one for one in found if room is None or one.room == room]


def ensure(conn: Connection, room: str, kind: Kind, host: str, at: datetime) -> Stream:
    """Give the stream of a room at a host, making it where there is none yet."""
    room_id = people.ensure(conn, [room], source="listen", at=at)[room]
    people.add_evidence(conn, [room_id], Role.MODEL)
    return ensure_of(conn, room_id, kind, host)


def ensure_of(conn: Connection, room_id: int, kind: Kind, host: str) -> Stream:
    """Do what `ensure` does for a room that is known, of which nothing new is learnt by it."""
    if conn.dialect.name == "postgresql":
        conn.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": room_id})
    mine = (stream.c.room_id == room_id, stream.c.kind == kind, stream.c.host == host)
    found = conn.execute(select(stream.c.id).where(*mine)).scalar()
    if found is None:
        made = insert(stream).values(room_id=room_id, kind=str(kind), host=host, lock_name=token_hex(8))
        found = conn.execute(made.returning(stream.c.id)).scalar_one()
    return get(conn, found)


def hold(conn: Connection, stream_id: int) -> None:
    """Keep every other writer of a stream out until the transaction ends, and leave cursor, lease and epoch alone."""
    if conn.dialect.name == "postgresql":  # on SQLite the transaction itself does
        conn.execute(select(stream.c.id).where(stream.c.id == stream_id).with_for_update())


def take_lease(
    conn: Connection, stream_id: int, owner: str, *, now: datetime, valid: timedelta, lock_held: bool
) -> int | None:
    """Take the lease, raising the epoch; give the new epoch, or None where another holds it.

    `lock_held` says that this process has the operating system's lock of the stream: then a lease under our own
    owner id belongs to a process that is dead.
    """
    free = _is_free(conn, now)
    if lock_held:
        free = or_(free, stream.c.owner == owner)
    query = update(stream).where(stream.c.id == stream_id, free)
    values = {"owner": owner, "epoch": stream.c.epoch + 1, "lease_expires_at": _clock(conn, now, valid)}
    epoch: int | None = conn.execute(query.values(**values).returning(stream.c.epoch)).scalar()
    return epoch


def _is_free(conn: Connection, now: datetime) -> ColumnElement[bool]:
    """Give the condition that nobody holds the lease."""
    expires = stream.c.lease_expires_at
    return or_(stream.c.owner.is_(None), expires.is_(None), expires <= _clock(conn, now))


def lease_is_free(conn: Connection, stream_id: int, *, now: datetime) -> bool:
    """Whether nobody holds the lease of a stream, or the stream is gone."""
    held = select(stream.c.id).where(stream.c.id == stream_id, not_(_is_free(conn, now)))
    return conn.execute(held).first() is None


def renew_lease(conn: Connection, held: Stream, *, now: datetime, valid: timedelta) -> bool:
    """Hold the lease longer; False where it is no longer ours, or the schema is one that we do not know."""
    query = update(stream).where(stream.c.id == held.id, stream.c.epoch == held.epoch, _KNOWN_SCHEMA)
    return conn.execute(query.values(lease_expires_at=_clock(conn, now, valid))).rowcount == 1


def release_lease(conn: Connection, held: Stream) -> None:
    """Give the lease back, where it is still ours."""
    query = update(stream).where(stream.c.id == held.id, stream.c.epoch == held.epoch)
    conn.execute(query.values(owner=None, lease_expires_at=None))


def holding(
    held: Stream, *, on_server: bool, now: datetime, valid: timedelta, moved: "Moved | None", lock: bool
) -> Call:
    """Give the statement that moves the cursor (None: leaves it) and renews the lease, under our epoch.

    It gives a row where the lease is ours, and the schema one that we know. First in its transaction: the row that
    it locks keeps every other writer of this stream out; `lock` does what `sessions.lock` does for its room, too.
    """
    until = valid // timedelta(milliseconds=1) if on_server else to_ms(now + valid)
    mine = (held.id, held.epoch, until)
    if moved is None:
        return _under_lease((), on_server, lock), [mine]
    at = to_ms(now)
    return _under_lease(_MOVED, on_server, lock), [(*mine, moved.cursor, at, at, moved.served_age_max)]


_MOVED = ("cursor", "cursor_at", "last_poll_ok_at", "served_age_max")


@cache
def _under_lease(more: tuple[str, ...], on_server: bool, lock: bool) -> Bulk:
    """Give the statement that renews a lease, by the caller's clock or by PostgreSQL's, and sets `more`."""
    clock = f"{_SERVER_MS} + " if on_server else ""
    values = "".join(f", {name} = new.{name}" for name in more)
    locked = f", {sessions.LOCKING.format(room='stream.room_id')}" if lock else ""
    found = f" RETURNING stream.id{locked}" if on_server else ""
    return Bulk(
        stream,
        ("id", "epoch", "lease_expires_at", *more),
        f"UPDATE stream SET lease_expires_at = {clock}new.lease_expires_at{values}"  # noqa: S608 - our own names
        " FROM {new} WHERE stream.id = new.id AND stream.epoch = new.epoch"
        f" AND (SELECT number FROM schema_compat) <= {COMPATIBILITY}{found}",
        asks=on_server,
        counts=not on_server,
    )


@dataclass(frozen=True, slots=True)
class Moved:
    """Where a good poll leads."""

    cursor: str | None
    served_age_max: int


def _clock(conn: Connection, now: datetime, plus: timedelta = timedelta()) -> Any:
    """Give an instant by the clock that leases go by: PostgreSQL's own, since hosts disagree."""
    if conn.dialect.name != "postgresql":
        return now + plus
    return _SERVER_CLOCK + plus // timedelta(milliseconds=1)


def leased(conn: Connection, now: datetime) -> list[Stream]:
    """Give the streams whose lease somebody holds, by the clock that leases go by."""
    query = (
        select(*_COLUMNS)
        .select_from(_JOINED)
        .where(stream.c.owner.is_not(None), stream.c.lease_expires_at > _clock(conn, now))
    )
    return [Stream(*row) for row in conn.execute(query.order_by(stream.c.id))]


def rooms(conn: Connection) -> list[str]:
    """Give the rooms that are or were listened to."""
    query = select(person.c.username).select_from(_JOINED).group_by(person.c.username)
    return list(conn.execute(query.order_by(func.min(stream.c.id))).scalars())
