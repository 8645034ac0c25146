"""A capture as the lines of an export: block by block, each block a transaction of its own.

What was covered is read first and written after the events: whatever is stored meanwhile, a file never says that a
time was captured whose events it does not hold.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import count
from typing import Any

from msgspec import Struct, structs
from sqlalchemy import ColumnElement, Connection, literal, or_, select, tuple_

from mhc.domain.clock import EPOCH
from mhc.domain.events import id_text
from mhc.domain.packing import unpack
from mhc.store import lines
from mhc.store.database import Database
from mhc.store.history import BLOCK, KEY
from mhc.store.people import CHUNK
from mhc.store.schema import (
    alias,
    capture_coverage,
    capture_gap,
    erasure,
    event,
    note,
    person,
    person_merge,
    rejected_event,
    session_note,
    stream,
    stream_session,
    watchlist,
    watchlist_member,
)

_REJECTED_BLOCK = 50  # rows of up to 64 KiB
_PERSON = ("id", *lines.Person.__struct_fields__[1:-1])
_ALIAS = lines.Alias.__struct_fields__
_MERGED = select(person_merge.c.other_id, person_merge.c.keep_id).where(person_merge.c.undone_at.is_(None))


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is to be exported: of some rooms (None: all), in a half-open time."""

    room_ids: tuple[int, ...] | None = None
    since: datetime | None = None
    until: datetime | None = None

    @property
    def whole(self) -> bool:
        """Whether nothing is left out."""
        return self.room_ids is None and self.since is None and self.until is None

    def within(self, at: Any) -> list[ColumnElement[bool]]:
        """Give the condition that an instant lies in the time."""
        since = [] if self.since is None else [at >= self.since]
        return since if self.until is None else [*since, at < self.until]

    def touching(self, begin: Any, end: Any) -> list[ColumnElement[bool]]:
        """Give the condition that a time, open where it is null, shares some of the time asked for."""
        since = [] if self.since is None else [or_(end.is_(None), end > self.since)]
        return since if self.until is None else [*since, or_(begin.is_(None), begin < self.until)]

    def of_room(self, room_id: Any) -> list[ColumnElement[bool]]:
        """Give the condition that something belongs to a room asked for."""
        return [] if self.room_ids is None else [room_id.in_(self.room_ids)]


@dataclass(slots=True)
class _People:
    """Numbers people as they first occur, and gives the line of each once."""

    refs: dict[int, int] = field(default_factory=dict)

    def lines(self, conn: Connection, ids: Sequence[int | None]) -> Iterator[lines.Person]:
        """Give the lines of those who have none yet, and of whom they were merged into."""
        new = list(dict.fromkeys(i for i in ids if i is not None and i not in self.refs))
        while new:
            self.refs.update(zip(new, count(len(self.refs) + 1)))
            rows = {
                row.id: row
                for row in _in_chunks(conn, select(*(person.c[n] for n in _PERSON)), person.c.id, new)
            }
            names: dict[int, list[lines.Alias]] = {one: [] for one in new}
            query = select(alias.c.person_id, *(alias.c[n] for n in _ALIAS)).order_by(alias.c.id)
            for row in _in_chunks(conn, query, alias.c.person_id, new):
                names[row.person_id].append(lines.Alias(*row[1:]))
            for one in new:
                person_line = lines.Person(self.refs[one], *[*rows[one][1:], names[one]])
                yield _by_own_name(person_line)
            into = dict(map(tuple, _in_chunks(conn, _MERGED, person_merge.c.other_id, new)))
            new = list(dict.fromkeys(r for one in new if (r := into.get(one)) and r not in self.refs))

    def ref(self, person_id: int | None) -> int | None:
        return None if person_id is None else self.refs[person_id]


def _by_own_name(one: lines.Person) -> lines.Person:
    """Name a row by a name that it had: who was merged may go by that of another row."""
    own = sorted(one.aliases, key=lambda name: (name.valid_to is None, name.valid_to or EPOCH))
    if not own or any(name.username == one.username for name in own):
        return one
    return structs.replace(one, username=own[-1].username)


def export(db: Database, wanted: Wanted) -> Iterator[Struct]:
    """Give the lines of an export but for its header. No transaction is open while the caller writes one."""
    counts: Counter[str] = Counter()
    for block in _blocks_of(db, wanted):
        counts.update(lines.TYPES[type(line)] for line in block)
        yield from block
    yield lines.End(dict(counts))


def _blocks_of(db: Database, wanted: Wanted) -> Iterator[list[Struct]]:
    folk = _People()
    with db.read() as conn:
        found = _streams(conn, wanted)
        seen = {row.id: _seen(conn, wanted, row.id, number) for number, row in enumerate(found, 1)}
        sessions, noted = _sessions(conn, wanted), _session_notes(conn, wanted)
        head = [*_erasures(conn, folk), *_lists(conn, wanted)]
        head += folk.lines(conn, [row.room_id for row in found])
    made = (lines.Stream(n, folk.refs[row.room_id], *row[2:-1]) for n, row in enumerate(found, 1))
    yield [*head, *(one if wanted.until is None else _without_place(one) for one in made)]
    for number, row in enumerate(found, 1):
        yield from _events(db, wanted, row.id, number, folk)
        yield seen[row.id]
        yield from _rejected(db, wanted, row.id, number)
    with db.read() as conn:
        rooms = list(folk.lines(conn, [row.room_id for row in (*sessions, *noted)]))
    yield [*rooms, *(lines.Session(row.id, folk.refs[row.room_id], *row[2:]) for row in sessions)]
    yield [lines.SessionNote(folk.refs[row.room_id], *row[1:]) for row in noted]
    if wanted.whole:
        key = (person.c.username, person.c.id)
        everyone = select(*key)
        yield from _blocks(
            db, everyone, key, lambda conn, rows: list(folk.lines(conn, [row.id for row in rows]))
        )
    yield from _typed(db, folk)


def _blocks(
    db: Database,
    query: Any,
    key: Sequence[Any],
    make: Callable[[Connection, Sequence[Any]], list[Struct]],
    size: int = BLOCK,
) -> Iterator[list[Struct]]:
    """Read rows in the order of a unique key, and give the lines that are made of each block."""
    after: tuple[Any, ...] | None = None
    while True:
        page = query
        if after is not None:
            place = tuple_(*(literal(value, column.type) for value, column in zip(after, key, strict=True)))
            page = query.where(tuple_(*key) > place, key[0] >= after[0])
        with db.read() as conn:
            rows = conn.execute(page.order_by(*key).limit(size)).all()
            found = make(conn, rows)
        yield found
        if len(rows) < size:
            return
        after = tuple(getattr(rows[-1], column.name) for column in key)


def _in_chunks(conn: Connection, query: Any, column: Any, ids: Sequence[int]) -> Iterator[Any]:
    for start in range(0, len(ids), CHUNK):
        yield from conn.execute(query.where(column.in_(ids[start : start + CHUNK])))


def _streams(conn: Connection, wanted: Wanted) -> Sequence[Any]:
    """Give the streams in the order of their first event: a room's time is then derived from its beginning on."""
    columns = (stream.c[name] for name in lines.Stream.__struct_fields__[2:])
    first = select(event.c.at).where(event.c.stream_id == stream.c.id).order_by(event.c.at).limit(1)
    first_at: Any = first.scalar_subquery().label("first_at")
    query = select(stream.c.id, stream.c.room_id, *columns, first_at)
    query = query.join(person, person.c.id == stream.c.room_id).where(*wanted.of_room(stream.c.room_id))
    order = (first_at.asc().nulls_last(), person.c.username, stream.c.kind, stream.c.host)
    return conn.execute(query.order_by(*order)).all()


def _without_place(line: lines.Stream) -> lines.Stream:
    """Give a stream without its place in the feed: what a part that ends before does not hold would be passed over."""
    return structs.replace(line, cursor=None, cursor_at=None, last_poll_ok_at=None, served_age_max=0)


def _events(
    db: Database, wanted: Wanted, stream_id: int, number: int, folk: _People
) -> Iterator[list[Struct]]:
    names = ("room_id", "actor_id", "partner_id", "received_at", "raw")
    query = select(*KEY, *(event.c[name] for name in names)).where(event.c.stream_id == stream_id)

    def make(conn: Connection, rows: Sequence[Any]) -> list[Struct]:
        made: list[Struct] = list(
            folk.lines(conn, [i for row in rows for i in (row.room_id, row.actor_id, row.partner_id)])
        )
        made += (
            lines.Event(
                number,
                id_text(row.id_ms, row.id_seq, row.source_id),
                row.received_at,
                folk.ref(row.room_id),
                folk.ref(row.actor_id),
                folk.ref(row.partner_id),
                **lines.text_of(unpack(row.raw)),
            )
            for row in rows
        )
        return made

    yield from _blocks(db, query.where(*wanted.within(event.c.at)), KEY, make)


def _seen(conn: Connection, wanted: Wanted, stream_id: int, number: int) -> list[Struct]:
    """Give the gaps that touch the time asked for, and what was covered of it."""
    g, c = capture_gap.c, capture_coverage.c
    query = select(g.from_at, g.to_at, g.cause, g.certainty).where(g.stream_id == stream_id)
    made: list[Struct] = [
        lines.Gap(number, *row)
        for row in conn.execute(query.where(*wanted.touching(g.from_at, g.to_at)).order_by(g.id))
    ]
    spans: Any = select(c.from_at, c.to_at).where(c.stream_id == stream_id)
    for begin, end in conn.execute(spans.where(*wanted.touching(c.from_at, c.to_at)).order_by(c.id)):
        since = begin if wanted.since is None else max(begin, wanted.since)
        made.append(lines.Coverage(number, since, end if wanted.until is None else min(end, wanted.until)))
    return made


def _rejected(db: Database, wanted: Wanted, stream_id: int, number: int) -> Iterator[list[Struct]]:
    r = rejected_event.c
    names = ("hash", "received_at", "reason", "size", "count", "body")
    query = select(*(r[name] for name in names)).where(
        r.stream_id == stream_id, *wanted.within(r.received_at)
    )

    def make(_conn: Connection, rows: Sequence[Any]) -> list[Struct]:
        return [lines.Rejected(number, *row[:-1], **lines.text_of(bytes(row.body))) for row in rows]

    yield from _blocks(db, query, (r.received_at, r.hash), make, _REJECTED_BLOCK)


def _sessions(conn: Connection, wanted: Wanted) -> Sequence[Any]:
    s = stream_session.c
    query = select(s.id, s.room_id, *(s[name] for name in lines.Session.__struct_fields__[2:]))
    query = query.where(*wanted.of_room(s.room_id), *wanted.touching(s.started_at, s.ended_at))
    return conn.execute(query.order_by(s.started_at, s.id)).all()


def _session_notes(conn: Connection, wanted: Wanted) -> Sequence[Any]:
    n = session_note.c
    query = select(n.room_id, *(n[name] for name in lines.SessionNote.__struct_fields__[1:]))
    query = query.where(*wanted.of_room(n.room_id), *wanted.within(n.at))
    return conn.execute(query.order_by(n.at, n.id)).all()


def _erasures(conn: Connection, folk: _People) -> list[Struct]:
    """Give who was forgotten, before anything that could name them; and first who has their amounts."""
    e = erasure.c
    rows = conn.execute(select(e.hash, e.at, e.blocked, e.person_id).order_by(e.hash)).all()
    heirs: list[Struct] = list(folk.lines(conn, [row.person_id for row in rows]))
    return [*heirs, *(lines.Erasure(*row[:3], folk.ref(row.person_id)) for row in rows)]


def _lists(conn: Connection, wanted: Wanted) -> list[Struct]:
    if not wanted.whole:
        return []  # those with somebody on them are made with their members
    query = select(watchlist.c.name, watchlist.c.system)
    order = (watchlist.c.system.desc(), watchlist.c.name)
    return [lines.List(*row) for row in conn.execute(query.order_by(*order))]


def _typed(db: Database, folk: _People) -> Iterator[list[Struct]]:
    """Give what was typed about those who are in the file: merges, lists, notes."""
    m, w, n = person_merge.c, watchlist_member.c, note.c
    merges = select(m.id, *(m[name] for name in ("keep_id", "other_id", "reason", "at", "undone_at")))
    members = select(
        w.id, watchlist.c.name, *(w[name] for name in ("person_id", *lines.Member.__struct_fields__[2:]))
    )
    members = members.join(watchlist, watchlist.c.id == w.list_id)
    notes = select(n.id, n.person_id, *(n[name] for name in lines.Note.__struct_fields__[1:]))

    def of_merges(_conn: Connection, rows: Sequence[Any]) -> list[Struct]:
        known = (row for row in rows if {row.keep_id, row.other_id} <= folk.refs.keys())
        return [lines.Merge(folk.refs[row.keep_id], folk.refs[row.other_id], *row[3:]) for row in known]

    def of_members(_conn: Connection, rows: Sequence[Any]) -> list[Struct]:
        known = (row for row in rows if row.person_id in folk.refs)
        return [lines.Member(row.name, folk.refs[row.person_id], *row[3:]) for row in known]

    def of_notes(_conn: Connection, rows: Sequence[Any]) -> list[Struct]:
        known = (row for row in rows if row.person_id in folk.refs)
        return [lines.Note(folk.refs[row.person_id], *row[2:]) for row in known]

    yield from _blocks(db, merges, (m.id,), of_merges)
    yield from _blocks(db, members, (w.id,), of_members)
    yield from _blocks(db, notes, (n.id,), of_notes)
