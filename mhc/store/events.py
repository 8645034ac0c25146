"""Stored events: added once, never changed, read in the order they happened."""

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, and_, func, insert, or_, select
from sqlalchemy.exc import DataError, IntegrityError

from mhc.domain.clock import from_ms
from mhc.domain.events import METHODS, Event, EventId, Flag, id_text, parse_id
from mhc.domain.packing import pack, unpack
from mhc.store import people
from mhc.store.people import CHUNK
from mhc.store.schema import event, event_method, person, stream

_ORDER = (event.c.at, event.c.id_ms, event.c.id_seq, event.c.source_id, event.c.stream_id)


@dataclass(frozen=True, slots=True)
class NewEvent:
    """An event that was just stored, with its people resolved."""

    event: Event
    at: datetime
    received_at: datetime
    room_id: int | None
    actor_id: int | None
    partner_id: int | None

    def shown(self, kind: str) -> "StoredEvent":
        """Give it as commands show it; `kind` is its stream's."""
        e = self.event
        happened = self.at if e.id.ms else None
        return StoredEvent(
            event_id=e.id.text,
            room=e.room,
            method=e.method,
            happened_at=happened,
            received_at=self.received_at,
            actor=e.actor,
            partner=e.partner,
            tokens=e.tokens,
            text=e.text,
            anonymous=e.anonymous,
            source=kind,
            at=self.at,
        )


@dataclass(frozen=True, slots=True)
class Added:
    """What became of a page's events."""

    new: list[NewEvent]
    conflicting: list[Event]  # an id that is stored already, with another body


@dataclass(frozen=True, slots=True)
class StoredEvent:
    """An event as commands show it."""

    event_id: str
    room: str | None
    method: str
    happened_at: datetime | None
    received_at: datetime
    actor: str | None
    partner: str | None
    tokens: int | None
    text: str | None
    anonymous: bool
    source: str
    at: datetime

    def masked(self, *, reveal: bool = False, private: bool = False) -> "StoredEvent":
        """Leave out who sent an anonymous tip, and the words of a private message, unless asked for."""
        shown = self
        if self.anonymous and not reveal:
            shown = replace(shown, actor=None)
        if self.method == "privateMessage" and not private:
            shown = replace(shown, text=None)
        return shown


def add_new(
    conn: Connection, stream_id: int, events: Sequence[Event], received_at: datetime, *, made_by: str
) -> Added:
    """Insert the events that are not there yet; `made_by` is noted as the source of new people's names.

    The caller holds the stream's row, so nobody else inserts into this stream meanwhile.
    """
    fresh, conflicting = _unknown(conn, stream_id, events)
    names = {n for e in fresh for n in (e.room, e.actor, e.partner) if n is not None}
    known = people.ensure(conn, names, source=made_by, at=received_at)
    methods = _method_ids(conn, {e.method for e in fresh})
    new = [
        NewEvent(
            event=e,
            at=from_ms(e.id.ms) if e.id.ms else received_at,
            received_at=received_at,
            room_id=_id(known, e.room),
            actor_id=_id(known, e.actor),
            partner_id=_id(known, e.partner),
        )
        for e in fresh
    ]
    if new:
        conn.execute(insert(event), [_row(stream_id, n, methods[n.event.method]) for n in new])
    return Added(new, conflicting)


def add_singly(
    conn: Connection, stream_id: int, events: Sequence[Event], received_at: datetime, *, made_by: str
) -> tuple[Added, list[Event]]:
    """Insert events one by one, each under a savepoint; give what was added, and what the database refused."""
    added, refused = Added([], []), []
    for one in events:
        try:
            with conn.begin_nested():
                found = add_new(conn, stream_id, [one], received_at, made_by=made_by)
        except (DataError, IntegrityError, OverflowError, UnicodeEncodeError):
            refused.append(one)
        else:
            added.new.extend(found.new)
            added.conflicting.extend(found.conflicting)
    return added, refused


def _id(known: dict[str, int], name: str | None) -> int | None:
    return None if name is None else known[name]


def _row(stream_id: int, new: NewEvent, method_id: int) -> dict[str, Any]:
    e = new.event
    return {
        "stream_id": stream_id,
        "id_ms": e.id.ms,
        "id_seq": e.id.seq,
        "source_id": e.id.rest,
        "at": new.at,
        "received_at": new.received_at,
        "room_id": new.room_id,
        "actor_id": new.actor_id,
        "partner_id": new.partner_id,
        "tokens": e.tokens,
        "method_id": method_id,
        "flags": int(e.flags),
        "text": e.text,
        "raw": pack(e.raw),
    }


def _unknown(conn: Connection, stream_id: int, events: Sequence[Event]) -> tuple[list[Event], list[Event]]:
    """Part the events that are not stored yet from those whose id is, with another body."""
    seen = _bodies(conn, stream_id, events)
    fresh: list[Event] = []
    conflicting: list[Event] = []
    for e in events:
        body = seen.get(e.id.text)
        if body is None:
            seen[e.id.text] = e.raw
            fresh.append(e)
        elif body != e.raw and not _same_json(body, e.raw):
            conflicting.append(e)
    return fresh, conflicting


def _same_json(one: bytes, other: bytes) -> bool:
    try:
        return bool(json.loads(one) == json.loads(other))
    except (ValueError, RecursionError):
        return False


def _bodies(conn: Connection, stream_id: int, events: Sequence[Event]) -> dict[str, bytes]:
    """Give the raw bytes of those events whose id is stored."""
    columns = select(event.c.id_ms, event.c.id_seq, event.c.source_id, event.c.raw)
    columns = columns.where(event.c.stream_id == stream_id)
    dated = sorted({e.id.ms for e in events if e.id.ms})
    undated = sorted({e.id.text for e in events if not e.id.ms})
    queries = [columns.where(event.c.id_ms.in_(part)) for part in _chunks(dated)]
    queries += [columns.where(event.c.id_ms == 0, event.c.source_id.in_(part)) for part in _chunks(undated)]
    rows = (row for query in queries for row in conn.execute(query))
    return {id_text(row.id_ms, row.id_seq, row.source_id): unpack(row.raw) for row in rows}


def _chunks(items: Sequence[Any]) -> Iterator[Sequence[Any]]:
    return (items[start : start + CHUNK] for start in range(0, len(items), CHUNK))


def _method_ids(conn: Connection, names: Iterable[str]) -> dict[str, int]:
    """Give the number of each method, making one for a name never seen."""
    known = {name: number for number, name in METHODS.items()}
    wanted = set(names) - known.keys()
    if not wanted:
        return known
    stored = {row.name: row.id for row in conn.execute(select(event_method.c.id, event_method.c.name))}
    highest = max(stored.values())
    for number, name in enumerate(sorted(wanted - stored.keys()), highest + 1):
        conn.execute(insert(event_method).values(id=number, name=name))
        stored[name] = number
    return stored


@dataclass(frozen=True, slots=True)
class Filter:
    """Which events are asked for; None asks for all."""

    since: datetime | None = None
    until: datetime | None = None
    room: str | None = None
    methods: tuple[str, ...] = ()
    person_ids: tuple[int, ...] = ()
    event_id: str | None = None
    testbed: bool = False
    reveal: bool = False


_room, _actor, _partner = person.alias("room"), person.alias("actor"), person.alias("partner")
_COLUMNS = (
    event.c.id_ms,
    event.c.id_seq,
    event.c.source_id,
    _room.c.username,
    event_method.c.name,
    event.c.received_at,
    _actor.c.username,
    _partner.c.username,
    event.c.tokens,
    event.c.text,
    event.c.flags,
    stream.c.kind,
    event.c.at,
)


def list_all(
    conn: Connection, wanted: Filter, limit: int | None = None, *, newest_first: bool = True
) -> Iterator[StoredEvent]:
    """Give events in order of time; they stream, whatever their number."""
    order = (column.desc() if newest_first else column for column in _ORDER)
    query = select(*_COLUMNS).select_from(_joined()).where(*_conditions(wanted)).order_by(*order).limit(limit)
    for row in conn.execute(query, execution_options={"yield_per": 1000}):
        yield _stored(row)


def count(conn: Connection, wanted: Filter) -> int:
    """Give how many events there are."""
    query = select(func.count()).select_from(_joined()).where(*_conditions(wanted))
    found: int = conn.execute(query).scalar_one()
    return found


def latest_id(conn: Connection, stream_id: int) -> str | None:
    """Give the id of a stream's latest event; None where it has none."""
    order = (event.c.at.desc(), event.c.id_ms.desc(), event.c.id_seq.desc(), event.c.source_id.desc())
    query = select(event.c.id_ms, event.c.id_seq, event.c.source_id).where(event.c.stream_id == stream_id)
    row = conn.execute(query.order_by(*order).limit(1)).one_or_none()
    return id_text(*row) if row else None


def with_raw(conn: Connection, event_id: str) -> list[tuple[StoredEvent, bytes]]:
    """Give the events with this id, one a stream that has it, each with the bytes that were received."""
    query = select(*_COLUMNS, event.c.raw).select_from(_joined())
    query = query.where(*_conditions(Filter(event_id=event_id, testbed=True))).order_by(*_ORDER)
    return [(_stored(row), unpack(row.raw)) for row in conn.execute(query)]


def read_raw(raw: bytes) -> object:
    """Read the bytes that were received; as text where they are JSON that our reader does not take."""
    try:
        return json.loads(raw)
    except (ValueError, RecursionError):
        return raw.decode(errors="replace")


def _joined() -> Any:
    return (
        event.join(stream, stream.c.id == event.c.stream_id)
        .join(event_method, event_method.c.id == event.c.method_id)
        .outerjoin(_room, _room.c.id == event.c.room_id)
        .outerjoin(_actor, _actor.c.id == event.c.actor_id)
        .outerjoin(_partner, _partner.c.id == event.c.partner_id)
    )


def _conditions(wanted: Filter) -> list[ColumnElement[bool]]:
    found: list[ColumnElement[bool]] = []
    if wanted.since is not None:
        found.append(event.c.at >= wanted.since)
    if wanted.until is not None:
        found.append(event.c.at < wanted.until)
    if wanted.room is not None:
        found.append(_room.c.username == wanted.room)
    if wanted.methods:
        found.append(event_method.c.name.in_(wanted.methods))
    if wanted.person_ids:
        mine: ColumnElement[bool] = event.c.actor_id.in_(wanted.person_ids)
        if not wanted.reveal:
            mine = and_(mine, event.c.flags.bitwise_and(int(Flag.ANONYMOUS)) == 0)
        found.append(or_(mine, event.c.partner_id.in_(wanted.person_ids)))
    if wanted.event_id is not None:
        # With the number in front the primary key answers; an id without one stands under 0.
        known = parse_id(wanted.event_id) or EventId(wanted.event_id)
        found += [
            event.c.id_ms == known.ms,
            event.c.id_seq == known.seq,
            event.c.source_id == known.rest,
        ]
    if not wanted.testbed:
        found.append(stream.c.kind != "testbed")
    return found


def _stored(row: Any) -> StoredEvent:
    id_ms, id_seq, rest, room, method, received, actor, partner, tokens, text, flags, kind, at = row[:13]
    happened = from_ms(id_ms) if id_ms else None
    anonymous = bool(flags & Flag.ANONYMOUS)
    return StoredEvent(
        id_text(id_ms, id_seq, rest),
        room,
        method,
        happened,
        received,
        actor,
        partner,
        tokens,
        text,
        anonymous,
        kind,
        at,
    )


def marks_query(room_id: int, after: datetime | None) -> Select[Any]:
    """Give the query of what the derivation reads: at, method number, actor, of one room in order of time."""
    live = select(stream.c.id).where(stream.c.kind == "live")
    query = select(event.c.at, event.c.method_id, event.c.actor_id)
    query = query.where(event.c.stream_id.in_(live), event.c.room_id == room_id)
    if after is not None:
        query = query.where(event.c.at > after)
    return query.order_by(event.c.at, event.c.id_ms, event.c.id_seq, event.c.source_id)
