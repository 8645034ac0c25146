"""Forgetting a person in the database: who is meant, what there is of them, and its end. Texts of others, and space on the disk, are beside it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Connection, Table, and_, delete, exists, func, or_, select, text, update

from mhc.domain import erasing
from mhc.domain.events import EventId, NotAnEventError, id_text, parse_event
from mhc.domain.names import PLATFORM
from mhc.domain.packing import pack, unpack
from mhc.errors import UsageError
from mhc.store import (
    derived,
    erasures,
    history,
    import_batches,
    ledger,
    line_counts,
    payloads,
    payment_quarters,
    people,
    personal,
    recounting,
    room_texts,
    sessions,
)
from mhc.store.people import CHUNK, Role
from mhc.store.schema import (
    alias,
    erasure,
    event,
    import_batch,
    lookup_miss,
    message_word,
    note,
    note_word,
    person,
    stream,
)

_KEY = (event.c.stream_id, event.c.id_ms, event.c.id_seq, event.c.source_id)


@dataclass(frozen=True, slots=True)
class Subject:
    """A person who is to be forgotten: all their rows, and all their names but those that others have or had, too."""

    ids: tuple[int, ...]
    names: tuple[str, ...]
    shared: tuple[str, ...] = ()

    def gone(self, name: str) -> bool:
        """Whether a name is one of theirs."""
        return name in self.names


NOBODY = Subject((), ())


def find(conn: Connection, name: str, before: datetime | None = None) -> Subject:
    """Give who is behind a name, merged people whole; NOBODY where nobody is, or nobody who was met before an instant."""
    found = people.find(conn, name)
    if not found or (before is not None and not _met_before(conn, found[0].id, before)):
        return NOBODY
    rows = people.merged(conn, found[0].id)
    ids = tuple(one.id for one in rows)
    names = {one.username for one in rows} | {one.username for one in people.aliases(conn, ids)}
    query = select(alias.c.username).where(alias.c.username.in_(names), alias.c.person_id.not_in(ids))
    shared = set(conn.execute(query).scalars())
    return Subject(ids, tuple(sorted(names - shared)), tuple(sorted(shared)))


def _met_before(conn: Connection, root_id: int, at: datetime) -> bool:
    mine = person.c.id.in_(people.members(conn, root_id)), person.c.created_at < at
    return conn.execute(select(person.c.id).where(*mine).limit(1)).scalar() is not None


def refuse_rooms(conn: Connection, subject: Subject, own: Sequence[str]) -> None:
    """Raise UsageError where a person is a room that is, or was, listened to: all that is captured is about it."""
    listened = conn.execute(
        select(person.c.username)
        .join(stream, stream.c.room_id == person.c.id)
        .where(person.c.id.in_(subject.ids))
        .order_by(person.c.username)
    ).scalars()
    for name in [*listened, *(one for one in own if one in (*subject.names, *subject.shared))]:
        raise UsageError(
            f"{name} is a room of yours: all that was captured there belongs to it",
            hint="to end with a room, remove the database",
        )


def counts(conn: Connection, subject: Subject) -> dict[str, int]:
    """Give how many rows of each table are about a person, or name them; what is none is left out."""
    found = {
        one.table.name: _count(conn, one.table, _mine(one, subject.ids)) for one in personal.tables()
    } | {table.name: _count(conn, table, of) for table, of in _parts(subject)}
    found["payload"] = len(payloads.only_of(conn, subject.ids))
    return {name: number for name, number in sorted(found.items()) if number}


def _count(conn: Connection, table: Table, condition: ColumnElement[bool]) -> int:
    found: int = conn.execute(select(func.count()).select_from(table).where(condition)).scalar_one()
    return found


def _mine(one: personal.Personal, ids: Sequence[int]) -> ColumnElement[bool]:
    return or_(*(column.in_(ids) for column in one.columns))


def _parts(subject: Subject) -> list[tuple[Table, ColumnElement[bool]]]:
    """Give the tables that name nobody by a number, with the condition that a row is about the person.

    Words of a note or an event of theirs, and that a source does not know their name.
    """
    ids = subject.ids
    notes = select(note.c.id).where(note.c.person_id.in_(ids))
    same = and_(*(message_word.c[column.name] == column for column in _KEY))
    said = exists(select(event.c.id_ms).where(same, _of_event(ids)))
    missed = lookup_miss.c.platform == PLATFORM, lookup_miss.c.username.in_(subject.names)
    return [
        (note_word, note_word.c.note_id.in_(notes)),
        (message_word, said),
        (lookup_miss, and_(*missed)),
    ]


def _of_event(ids: Sequence[int]) -> ColumnElement[bool]:
    return or_(*(event.c[name].in_(ids) for name in ("actor_id", "partner_id", "room_id")))


def erase(conn: Connection, subject: Subject, heir: str | None, gap: timedelta) -> None:
    """End all rows of a person, and derive anew what followed from their events; all in one transaction.

    With an heir, their payments stay, as the heir's. Nobody stores events meanwhile.
    """
    if not subject.ids:
        return
    if conn.dialect.name == "sqlite":
        conn.execute(text("PRAGMA secure_delete=ON"))
    conn.execute(select(stream.c.id).order_by(stream.c.id).with_for_update())
    room_texts.lock(conn)
    people.lock_names(conn)
    rooms, others = _touched(conn, subject.ids)
    for room_id in rooms:
        sessions.lock(conn, room_id)
    said = payloads.only_of(conn, subject.ids)
    paid = payment_quarters.touched(conn, _of_event(subject.ids))
    for table, condition in _parts(subject):
        conn.execute(delete(table).where(condition))
    inherited = None
    if heir is not None:
        inherited = _inherit(conn, subject.ids, heir), heir
        others |= {inherited[0]}
    line_counts.take_away(conn, subject.ids)  # of what the heir has not
    ledger.forget(conn, subject.ids, inherited)
    subjects = room_texts.of_people(conn, subject.ids)
    for one in reversed(personal.tables()):
        _delete(conn, one, subject.ids)
    payloads.drop(conn, said)
    room_texts.drop_unused(conn, subjects)
    recounting.recount(conn, others)
    payment_quarters.recount(conn, paid)
    for room_id in sorted(set(rooms) & set(derived.rooms(conn))):
        derived.rebuild(conn, room_id, gap)


def _touched(conn: Connection, ids: Sequence[int]) -> tuple[list[int], set[int]]:
    """Give the rooms in which a person did something, and the other people of their events."""
    room = func.coalesce(event.c.room_id, stream.c.room_id)
    joined = select(room).join(stream, stream.c.id == event.c.stream_id).where(_of_event(ids)).distinct()
    rooms = set(conn.execute(joined).scalars()) - set(ids)
    others: set[int] = set()
    for column in (event.c.actor_id, event.c.partner_id):
        others.update(conn.execute(select(column).where(_of_event(ids), column.is_not(None))).scalars())
    return sorted(rooms), others - set(ids)


def _inherit(conn: Connection, ids: Sequence[int], heir: str) -> int:
    """Give a person's payments to their heir, without anything but time and amount; give the heir's id."""
    heir_id = people.ids_of(conn, [heir])[heir]
    query = select(*_KEY, event.c.raw).where(
        event.c.actor_id.in_(ids), event.c.tokens.is_not(None), func.coalesce(event.c.room_id, 0).not_in(ids)
    )
    for row in conn.execute(query).all():
        left = _without_person(row, heir)
        if left is None:
            continue
        values: dict[str, Any] = {"actor_id": heir_id, "partner_id": None, "text": None}
        values |= {"flags": int(left.flags), "raw": pack(left.raw)}
        mine = (column == value for column, value in zip(_KEY, row[:4], strict=True))
        conn.execute(update(event).where(*mine).values(**values))
    people.add_evidence(conn, [heir_id], Role.VIEWER)
    return heir_id


def _without_person(row: Any, heir: str) -> Any:
    raw = unpack(row.raw)
    made = EventId(id_text(row.id_ms, row.id_seq, row.source_id))
    try:
        return erasing.anonymous(parse_event(history.read_raw(raw), raw, made), heir)
    except NotAnEventError:
        return None


def _delete(conn: Connection, one: personal.Personal, ids: Sequence[int]) -> None:
    if one.table is import_batch:  # what was imported for a room stays undoable
        conn.execute(update(import_batch).where(import_batch.c.room_id.in_(ids)).values(room_id=None))
        return
    if one.table is person:
        import_batches.overrule(conn, roles_of=ids)  # whoever has the number later is somebody else
        conn.execute(update(erasure).where(erasure.c.person_id.in_(ids)).values(person_id=None))
        conn.execute(update(person).where(person.c.canonical_id.in_(ids)).values(canonical_id=None))
    for start in range(0, len(ids), CHUNK):
        conn.execute(delete(one.table).where(_mine(one, ids[start : start + CHUNK])))


def settle(conn: Connection, name: str, at: datetime) -> None:
    """Note that an erasure is done: of all names that were forgotten with this one."""
    key = erasures.need_key(conn)
    began = select(erasure.c.at).where(erasure.c.hash == erasing.digest(key, name)).scalar_subquery()
    conn.execute(update(erasure).where(erasure.c.at == began, erasure.c.done_at.is_(None)).values(done_at=at))
