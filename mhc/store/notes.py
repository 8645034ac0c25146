"""Notes about people, and the words by which they are found."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Connection, Select, and_, delete, func, insert, select, update

from mhc.domain.words import Term, words
from mhc.store.schema import note, note_word, person


class Note(NamedTuple):
    """One note; about a merged person, the name is that of the root."""

    id: int
    person_id: int
    username: str
    category: str
    body: str
    happened_at: datetime | None
    source: str
    created_at: datetime
    edited_at: datetime | None


def add(
    conn: Connection,
    person_id: int,
    body: str,
    *,
    category: str,
    happened_at: datetime | None,
    at: datetime,
    source: str = "manual",
    batch_id: int | None = None,
) -> int:
    """Keep a note; give its id."""
    row = {"person_id": person_id, "category": category, "body": body, "happened_at": happened_at}
    query = insert(note).values(**row, source=source, created_at=at, batch_id=batch_id).returning(note.c.id)
    made: int = conn.execute(query).scalar_one()
    _index(conn, {made: body})
    return made


def add_many(conn: Connection, rows: Sequence[Mapping[str, Any]]) -> None:
    """Keep notes that are whole already, each as a row of the table without its id."""
    if not rows:
        return
    query = insert(note).returning(note.c.id, sort_by_parameter_order=True)
    made = conn.execute(query, list(rows)).scalars().all()
    _index(conn, dict(zip(made, (row["body"] for row in rows), strict=True)))


def edit(
    conn: Connection,
    note_id: int,
    body: str,
    *,
    category: str,
    happened_at: datetime | None,
    at: datetime,
) -> bool:
    """Write a note anew, as a person typed it; False where there is none."""
    row = {"body": body, "category": category, "happened_at": happened_at, "edited_at": at}
    if not conn.execute(update(note).where(note.c.id == note_id).values(**row)).rowcount:
        return False
    reindex(conn, note_id, body)
    return True


def reindex(conn: Connection, note_id: int, body: str) -> None:
    """Let a note be found by the words of a text, and by no others."""
    conn.execute(delete(note_word).where(note_word.c.note_id == note_id))
    _index(conn, {note_id: body})


def remove(conn: Connection, note_id: int) -> bool:
    """Take a note away for good; False where there is none."""
    conn.execute(delete(note_word).where(note_word.c.note_id == note_id))
    return bool(conn.execute(delete(note).where(note.c.id == note_id)).rowcount)


def find(conn: Connection, note_id: int) -> Note | None:
    """Give one note; None where there is none."""
    row = conn.execute(_notes().where(note.c.id == note_id)).one_or_none()
    return Note(*row) if row else None


def list_of(
    conn: Connection, person_ids: Sequence[int] | None = None, category: str | None = None
) -> list[Note]:
    """Give the notes about some people, or all, the newest first; one about a merged person is about the root."""
    return search(conn, (), person_ids, category)


def search(
    conn: Connection,
    wanted: Iterable[Term],
    person_ids: Sequence[int] | None = None,
    category: str | None = None,
) -> list[Note]:
    """Give the notes that have every word, the newest first."""
    query = _notes()
    for term in wanted:
        query = query.where(note.c.id.in_(select(note_word.c.note_id).where(said(note_word.c.word, term))))
    if person_ids is not None:
        query = query.where(note.c.person_id.in_(person_ids))
    if category is not None:
        query = query.where(note.c.category == category)
    query = query.order_by(note.c.created_at.desc(), note.c.id.desc())
    return [Note(*row) for row in conn.execute(query)]


def said(column: ColumnElement[str], term: Term) -> ColumnElement[bool]:
    """Give the condition that a word is the one that is searched, or begins so; an index serves both."""
    if not term.prefix:
        return column == term.word
    return and_(column >= term.word, column < term.word + "\U0010ffff")


def _notes() -> Select[Any]:
    root = person.alias("root")
    columns = (note.c.id, note.c.person_id, root.c.username, note.c.category, note.c.body)
    return (
        select(*columns, note.c.happened_at, note.c.source, note.c.created_at, note.c.edited_at)
        .join(person, person.c.id == note.c.person_id)
        .join(root, root.c.id == func.coalesce(person.c.canonical_id, person.c.id))
    )


def _index(conn: Connection, bodies: Mapping[int, str]) -> None:
    rows = [{"word": word, "note_id": i} for i, body in bodies.items() for word in sorted(words(body))]
    if rows:
        conn.execute(insert(note_word), rows)
