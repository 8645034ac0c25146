"""Stored events, read in order of time: block by block, each a transaction of its own, along an index."""

import heapq
import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Connection, Select, func, literal, select, tuple_

from mhc.domain.clock import EPOCH, from_ms
from mhc.domain.events import EventId, Flag, id_text, parse_id
from mhc.domain.packing import unpack
from mhc.store import people
from mhc.store.counting import shown_once
from mhc.store.database import Database
from mhc.store.events import StoredEvent
from mhc.store.schema import event, event_method, stream

BLOCK = 1000
COUNTED = 100_000  # rows; beyond it the number of events is not worth its time

KEY = (event.c.at, event.c.id_ms, event.c.id_seq, event.c.source_id)
PLACE = (*KEY, event.c.stream_id)  # no two events have the same
COLUMNS: tuple[Any, ...] = (
    *PLACE,
    event.c.room_id,
    event.c.method_id,
    event.c.received_at,
    event.c.actor_id,
    event.c.partner_id,
    event.c.tokens,
    event.c.text,
    event.c.flags,
)


@dataclass(frozen=True, slots=True)
class Filter:
    """Which events are asked for; None asks for all."""

    since: datetime | None = None
    until: datetime | None = None
    room_ids: tuple[int, ...] | None = None
    methods: tuple[str, ...] = ()
    person_ids: tuple[int, ...] | None = None
    testbed: bool = False
    reveal: bool = False  # count anonymous tips for who sent them
    once: bool = False  # leave out the pasted lines that were captured, too


class _Names(NamedTuple):
    streams: dict[int, str]  # id → kind
    methods: dict[int, str]


def read(
    db: Database, wanted: Filter, limit: int | None = None, *, newest_first: bool = True
) -> Iterator[StoredEvent]:
    """Give events in order of time, those of unknown time last. No transaction is open while the caller prints them."""
    after: tuple[Any, ...] | None = None
    while limit is None or limit > 0:
        size = BLOCK if limit is None else min(BLOCK, limit)
        with db.read() as conn:
            rows = block(conn, wanted, after, size, newest_first=newest_first)
            found = shown(conn, rows)
        yield from found
        if len(found) < size:
            return
        after = tuple(rows[-1][:5])
        limit = None if limit is None else limit - size


def count(conn: Connection, wanted: Filter) -> int:
    """Give how many events there are, counting no further than COUNTED."""
    parts = [select(event.c.at).where(*lane).limit(COUNTED) for lane in lanes(conn, wanted)]
    return min(COUNTED, sum(_one(conn, select(func.count()).select_from(part.subquery())) for part in parts))


def _one(conn: Connection, query: Any) -> int:
    found: int = conn.execute(query).scalar_one()
    return found


def latest_id(conn: Connection, stream_id: int) -> str | None:
    """Give the id of a stream's latest event; None where it has none."""
    query = select(event.c.id_ms, event.c.id_seq, event.c.source_id).where(event.c.stream_id == stream_id)
    row = conn.execute(query.order_by(*(column.desc() for column in KEY)).limit(1)).one_or_none()
    return id_text(*row) if row else None


def with_raw(conn: Connection, event_id: str) -> list[tuple[StoredEvent, bytes]]:
    """Give the events with this id, one a stream that has it, each with the bytes that were received."""
    # With the number in front the primary key answers; an id without one stands under 0.
    known = parse_id(event_id) or EventId(event_id)
    same = (event.c.id_ms == known.ms, event.c.id_seq == known.seq, event.c.source_id == known.rest)
    query = select(*COLUMNS, event.c.raw).where(event.c.stream_id.in_(list(_names(conn).streams)), *same)
    rows = conn.execute(query.order_by(event.c.stream_id)).all()
    return list(zip(shown(conn, rows), (unpack(row.raw) for row in rows), strict=True))


def read_raw(raw: bytes) -> object:
    """Read the bytes that were received; as text where they are JSON that our reader does not take."""
    try:
        return json.loads(raw)
    except (ValueError, RecursionError):
        return raw.decode(errors="replace")


def _names(conn: Connection) -> _Names:
    streams = {row.id: row.kind for row in conn.execute(select(stream.c.id, stream.c.kind))}
    methods = {row.id: row.name for row in conn.execute(select(event_method.c.id, event_method.c.name))}
    return _Names(streams, methods)


def block(
    conn: Connection, wanted: Filter, after: tuple[Any, ...] | None, size: int, *, newest_first: bool
) -> list[Any]:
    """Give the next rows: each lane is read along its own index, and they are merged; those of unknown time come last."""
    if newest_first:
        return _rows(conn, wanted, (), after, size, newest_first=True)
    rows: list[Any] = []
    if after is None or after[0] > EPOCH:
        rows = _rows(conn, wanted, (event.c.at > EPOCH,), after, size, newest_first=False)
        after = None
    if len(rows) < size and wanted.since is None:
        undated = event.c.at == EPOCH
        rows += _rows(conn, wanted, (undated,), after, size - len(rows), newest_first=False)
    return rows


def _rows(
    conn: Connection,
    wanted: Filter,
    more: Sequence[ColumnElement[bool]],
    after: tuple[Any, ...] | None,
    size: int,
    *,
    newest_first: bool,
) -> list[Any]:
    order = [column.desc() if newest_first else column for column in PLACE]
    parts = []
    for lane in lanes(conn, wanted):
        query = select(*COLUMNS).where(*lane, *more)
        if after is not None:
            query = query.where(*_beyond(after, newest_first=newest_first))
        parts.append(conn.execute(query.order_by(*order).limit(size)).all())
    merged: list[Any] = []
    for row in heapq.merge(*parts, key=lambda row: tuple(row[:5]), reverse=newest_first):
        if not merged or merged[-1][:5] != row[:5]:  # an event between two of the people stands in two lanes
            merged.append(row)
        if len(merged) == size:
            break
    return merged


def _beyond(after: tuple[Any, ...], *, newest_first: bool) -> Iterable[ColumnElement[bool]]:
    whole = tuple_(*PLACE)
    place = tuple_(*(literal(value, column.type) for value, column in zip(after, PLACE, strict=True)))
    at = event.c.at
    return (whole < place, at <= after[0]) if newest_first else (whole > place, at >= after[0])


def lanes(
    conn: Connection, wanted: Filter, streams: Sequence[int] | None = None
) -> list[list[ColumnElement[bool]]]:
    """Give the conditions of each part that one index gives in order: a stream, or a side of a person.

    `streams` are those to read; None is all, without the testbed's where nobody asked for them.
    """
    names = _names(conn)
    if streams is None:
        streams = [number for number, kind in names.streams.items() if wanted.testbed or kind != "testbed"]
    common: list[ColumnElement[bool]] = []
    if wanted.since is not None:
        common.append(event.c.at >= wanted.since)
    if wanted.until is not None:
        common += [event.c.at < wanted.until, event.c.at > EPOCH]  # nobody knows of the others
    if wanted.room_ids is not None:
        common.append(event.c.room_id.in_(wanted.room_ids))
    if wanted.methods:
        common.append(
            event.c.method_id.in_([n for n, name in names.methods.items() if name in wanted.methods])
        )
    if wanted.once:
        common.append(shown_once)
    if wanted.person_ids is None:
        return [[event.c.stream_id == number, *common] for number in streams]
    # What is left out is named: an index of streams, which the names of those to read invite, would read all of them.
    if left_out := [number for number in names.streams if number not in streams]:
        common.append(event.c.stream_id.not_in(left_out))
    # Not `== 0`: PostgreSQL takes that to be rare, and would sort all that the person did.
    open_only = (
        [] if wanted.reveal else [event.c.flags.bitwise_and(int(Flag.ANONYMOUS)) != int(Flag.ANONYMOUS)]
    )
    did = [[event.c.actor_id == who, *open_only, *common] for who in wanted.person_ids]
    return did + [[event.c.partner_id == who, *common] for who in wanted.person_ids]


def shown(conn: Connection, rows: Sequence[Any]) -> list[StoredEvent]:
    """Give rows of COLUMNS as commands show them."""
    names = _names(conn)
    ids = {i for row in rows for i in (row.room_id, row.actor_id, row.partner_id) if i is not None}
    people_named = people.names_by_id(conn, ids)

    def name(person_id: int | None) -> str | None:
        return None if person_id is None else people_named[person_id]

    return [
        StoredEvent(
            event_id=id_text(row.id_ms, row.id_seq, row.source_id),
            room=name(row.room_id),
            method=names.methods[row.method_id],
            happened_at=from_ms(row.id_ms) if row.id_ms else None,
            received_at=row.received_at,
            actor=name(row.actor_id),
            partner=name(row.partner_id),
            tokens=row.tokens,
            text=row.text,
            anonymous=bool(row.flags & Flag.ANONYMOUS),
            source=names.streams[row.stream_id],
            at=row.at,
        )
        for row in rows
    ]


def marks_query(room_id: int, after: datetime | None, until: datetime | None = None) -> Select[Any]:
    """Give the query of what the derivation reads: at, method number, actor, of one room in order of time.

    `after` is not in it, `until` is.
    """
    live = select(stream.c.id).where(stream.c.kind == "live")
    query = select(event.c.at, event.c.method_id, event.c.actor_id)
    query = query.where(event.c.stream_id.in_(live), event.c.room_id == room_id)
    if after is not None:
        query = query.where(event.c.at > after)
    if until is not None:
        query = query.where(event.c.at <= until)
    return query.order_by(*KEY)
