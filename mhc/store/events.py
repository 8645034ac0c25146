"""Stored events: added once, never changed, read in the order they happened."""

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING, Any, NamedTuple

from sqlalchemy import Connection, insert, select, text
from sqlalchemy.exc import DataError, IntegrityError

from mhc.domain.clock import from_ms, to_ms
from mhc.domain.events import METHODS, Event, Flag, emptied, id_text, parse_event
from mhc.domain.packing import pack, unpack
from mhc.store import people
from mhc.store.bulk import Batch, bulk_insert
from mhc.store.people import CHUNK
from mhc.store.schema import event, event_method

if TYPE_CHECKING:
    from mhc.store.known import Known

_AHEAD_MS = 10 * 60 * 1000  # clocks differ
_NUMBERS = {name: number for number, name in METHODS.items()}
_METHOD_LOCK = 0x6D6574  # "met": one giver of numbers at a time on a PostgreSQL server

_INSERT = bulk_insert(event, [column.name for column in event.c])


class NewEvent(NamedTuple):
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


class Resolved(NamedTuple):
    """An event to be stored, when it was received, and whose it is. A tuple: there are many."""

    event: Event
    received_at: datetime
    room_id: int | None
    actor_id: int | None
    partner_id: int | None


class Added(NamedTuple):
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

    def hides(self, *, reveal: bool, private: bool) -> bool:
        """Whether it holds what was not asked for: who tipped anonymously, or what a private message says."""
        return (self.anonymous and not reveal) or (self.method == "privateMessage" and not private)

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
    from mhc.store.known import look  # not for those who only read

    batch = Batch(conn)
    stands = look(batch, stream_id, None, names_in(events))
    added = add_known(batch, stream_id, events, received_at, stands, made_by=made_by)
    batch.send()
    return added


def names_in(events: Iterable[Event]) -> set[str]:
    """Give everybody whom events name."""
    return {n for e in events for n in (e.room, e.actor, e.partner) if n is not None}


def add_known(
    batch: Batch,
    stream_id: int,
    events: Sequence[Event],
    received_at: datetime,
    stands: "Known",
    *,
    made_by: str,
) -> Added:
    """Do what `add_new` does, where it is known how the stream and the people stand; the batch inserts."""
    events = _without_erased(batch.conn, events, received_at, stands)
    fresh, conflicting = _unknown(batch.conn, stream_id, events, stands.newest_ms)
    known: dict[str | None, int | None] = {None: None}
    known.update(stands.ids.items())
    if strangers := names_in(fresh) - stands.ids.keys():
        known.update(people.ensure(batch.conn, strangers, source=made_by, at=received_at))
    given = (Resolved(e, received_at, known[e.room], known[e.actor], known[e.partner]) for e in fresh)
    return Added(_insert(batch, stream_id, given), conflicting)


def _without_erased(
    conn: Connection, events: Sequence[Event], received_at: datetime, stands: "Known"
) -> Sequence[Event]:
    """Give the events without who was forgotten; where nobody was, that costs nothing."""
    if stands.erased_ms is None:
        return events
    from mhc.store import erased_events  # where somebody was forgotten, and nowhere else

    return erased_events.anonymous(conn, events, received_at, stands.erased_ms)


def add_resolved(conn: Connection, stream_id: int, given: Sequence[Resolved]) -> Added:
    """Insert the events that are not there yet, each with its own receipt and people. The caller holds the stream."""
    fresh, conflicting = unknown(conn, stream_id, [one.event for one in given])
    wanted = {id(e) for e in fresh}
    batch = Batch(conn)
    new = _insert(batch, stream_id, (one for one in given if id(one.event) in wanted))
    batch.send()
    return Added(new, conflicting)


def _insert(batch: Batch, stream_id: int, given: Iterable[Resolved]) -> list[NewEvent]:
    new, rows = [], []
    given = list(given)
    methods = _method_ids(batch.conn, {one.event.method for one in given})
    at, received_ms = None, 0
    for e, received_at, room_id, actor_id, partner_id in given:
        if received_at is not at:  # of a page it is the same for all
            at, received_ms = received_at, to_ms(received_at)
        at_ms = time_of(e, received_ms)
        one = NewEvent(e, from_ms(at_ms), received_at, room_id, actor_id, partner_id)
        new.append(one)
        rows.append(_row(stream_id, one, methods[e.method], at_ms, received_ms))
    batch.add(_INSERT, rows)
    return new


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


def time_of(one: Event, received_ms: int) -> int:
    """Give when it happened, as far as that can be: an id from the future would put all that follows in the past.

    A pasted line of unknown time stands at the epoch. When it was pasted says nothing of when it was said, and would
    put it into today's figures; at the epoch it is before everything, outside every range, and nobody was seen then.
    """
    if one.id.undated:
        return 0
    return one.id.ms if 0 < one.id.ms <= received_ms + _AHEAD_MS else received_ms


def _row(stream_id: int, new: NewEvent, method_id: int, at_ms: int, received_ms: int) -> tuple[Any, ...]:
    """Give the values of an event in the order of the table's columns."""
    e = new.event
    return (
        e.id.ms,
        at_ms,
        received_ms,
        stream_id,
        e.id.seq,
        new.room_id,
        new.actor_id,
        new.partner_id,
        e.tokens,
        method_id,
        int(e.flags),
        e.id.rest,
        e.text,
        pack(e.raw),
    )


def unknown(conn: Connection, stream_id: int, events: Sequence[Event]) -> tuple[list[Event], list[Event]]:
    """Part the events that are not stored yet from those whose id is, with another body. Writes nothing."""
    newest = (
        select(event.c.id_ms).where(event.c.stream_id == stream_id).order_by(event.c.id_ms.desc()).limit(1)
    )
    return _unknown(conn, stream_id, events, conn.execute(newest).scalar())


def _unknown(
    conn: Connection, stream_id: int, events: Sequence[Event], newest_ms: int | None
) -> tuple[list[Event], list[Event]]:
    """Part the events that are not stored yet from those whose id is, with another body."""
    if _all_new(events, newest_ms):
        return list(events), []
    seen = _bodies(conn, stream_id, events)
    fresh: list[Event] = []
    conflicting: list[Event] = []
    for e in events:
        body = seen.get(e.id.text)
        if body is None:
            seen[e.id.text] = e.raw
            fresh.append(e)
        elif body != e.raw and not _same_json(body, e.raw) and not _one_is_emptied(body, e):
            conflicting.append(e)
    return fresh, conflicting


def _all_new(events: Sequence[Event], newest_ms: int | None) -> bool:
    """Whether every event is later than what is stored, as it mostly is: then no body has to be read."""
    later = newest_ms is None or all(e.id.ms > newest_ms for e in events)
    return later and len({e.id.text for e in events}) == len(events)


def _same_json(one: bytes, other: bytes) -> bool:
    try:
        return bool(json.loads(one) == json.loads(other))
    except (ValueError, RecursionError):
        return False


def _one_is_emptied(body: bytes, new: Event) -> bool:
    """Whether what is stored was emptied and is the new one otherwise, or the other way round."""
    try:
        stored = parse_event(json.loads(body), body, new.id)
    except (ValueError, RecursionError):
        return False
    old, full = (stored, new) if stored.flags & Flag.EMPTIED else (new, stored)
    if full.flags & Flag.EMPTIED or not old.flags & Flag.EMPTIED:
        return False
    return emptied(old).raw in {emptied(full).raw, emptied(full._replace(actor=None)).raw}


def _bodies(conn: Connection, stream_id: int, events: Sequence[Event]) -> dict[str, bytes]:
    """Give the raw bytes of those events whose id is stored."""
    dated = sorted({e.id.ms for e in events if e.id.ms})
    undated = sorted({e.id.text for e in events if not e.id.ms})
    columns = select(event.c.id_ms, event.c.id_seq, event.c.source_id, event.c.raw)
    columns = columns.where(event.c.stream_id == stream_id)
    queries = [columns.where(event.c.id_ms.in_(part)) for part in _chunks(dated)]
    queries += [columns.where(event.c.id_ms == 0, event.c.source_id.in_(part)) for part in _chunks(undated)]
    rows = (row for query in queries for row in conn.execute(query))
    return {id_text(row.id_ms, row.id_seq, row.source_id): unpack(row.raw) for row in rows}


def _chunks(items: Sequence[Any]) -> Iterator[Sequence[Any]]:
    return (items[start : start + CHUNK] for start in range(0, len(items), CHUNK))


def _method_ids(conn: Connection, names: Iterable[str]) -> dict[str, int]:
    """Give the number of each method, making one for a name never seen."""
    wanted = set(names) - _NUMBERS.keys()
    if not wanted:
        return _NUMBERS
    if conn.dialect.name == "postgresql":
        conn.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _METHOD_LOCK})
    stored = {row.name: row.id for row in conn.execute(select(event_method.c.id, event_method.c.name))}
    highest = max(stored.values())
    for number, name in enumerate(sorted(wanted - stored.keys()), highest + 1):
        conn.execute(insert(event_method).values(id=number, name=name))
        stored[name] = number
    return stored
