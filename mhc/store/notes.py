"""Notes about people."""

from collections.abc import Sequence
from datetime import datetime
from enum import StrEnum
from typing import NamedTuple

from sqlalchemy import Connection, func, insert, select

from mhc.store.schema import note, person


class Category(StrEnum):
    """What a note is about."""

    NOTES = "notes"
    PM = "pm"
    DM = "dm"
    PUBLIC_CHAT = "public_chat"
    TIPS = "tips"
    TIP_MENU = "tip_menu"


class Note(NamedTuple):
    """One note."""

    id: int
    person_id: int
    username: str
    category: str
    body: str
    happened_at: datetime | None
    source: str
    created_at: datetime


def add(
    conn: Connection, person_id: int, body: str, *, category: str, happened_at: datetime | None, at: datetime
) -> int:
    """Keep a note; give its id."""
    row = {"person_id": person_id, "category": category, "body": body, "happened_at": happened_at}
    query = insert(note).values(**row, source="manual", created_at=at).returning(note.c.id)
    made: int = conn.execute(query).scalar_one()
    return made


def list_of(
    conn: Connection, person_ids: Sequence[int] | None = None, category: str | None = None
) -> list[Note]:
    """Give the notes about some people, or all, the newest first; one about a merged person is about the root."""
    root = person.alias("root")
    columns = (note.c.id, note.c.person_id, root.c.username, note.c.category, note.c.body)
    query = (
        select(*columns, note.c.happened_at, note.c.source, note.c.created_at)
        .join(person, person.c.id == note.c.person_id)
        .join(root, root.c.id == func.coalesce(person.c.canonical_id, person.c.id))
    )
    if person_ids is not None:
        query = query.where(note.c.person_id.in_(person_ids))
    if category is not None:
        query = query.where(note.c.category == category)
    query = query.order_by(note.c.created_at.desc(), note.c.id.desc())
    return [Note(*row) for row in conn.execute(query)]
