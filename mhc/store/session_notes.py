"""What the owner noted of sessions. A note belongs to the session that was on at its time."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import Connection, Select, delete, insert, select, update

from mhc.domain.sessions import Span
from mhc.store.schema import person, session_note


class Note(NamedTuple):
    """One note; `at` is in the time of its session."""

    id: int
    room_id: int
    room: str
    at: datetime
    body: str
    created_at: datetime
    edited_at: datetime | None


_n = session_note.c


def _notes() -> Select[Any]:
    columns = _n.id, _n.room_id, person.c.username, _n.at, _n.body, _n.created_at, _n.edited_at
    return select(*columns).join(person, person.c.id == _n.room_id)


def add(conn: Connection, room_id: int, body: str, *, at: datetime, now: datetime) -> int:
    """Keep a note; give its number."""
    row = {"room_id": room_id, "at": at, "body": body, "created_at": now}
    made: int = conn.execute(insert(session_note).values(row).returning(_n.id)).scalar_one()
    return made


def edit(conn: Connection, note_id: int, body: str, *, at: datetime, now: datetime) -> None:
    """Write a note anew."""
    row = {"body": body, "at": at, "edited_at": now}
    conn.execute(update(session_note).where(_n.id == note_id).values(row))


def remove(conn: Connection, note_id: int) -> None:
    """Take a note away for good."""
    conn.execute(delete(session_note).where(_n.id == note_id))


def find(conn: Connection, note_id: int) -> Note | None:
    """Give one note; None where there is none."""
    row = conn.execute(_notes().where(_n.id == note_id)).one_or_none()
    return None if row is None else Note(*row)


def within(conn: Connection, room_id: int, span: Span) -> list[Note]:
    """Give the notes of a session, in order of time."""
    query = _notes().where(_n.room_id == room_id, _n.at >= span.started_at).order_by(_n.at, _n.id)
    if span.ended_at is not None:
        query = query.where(_n.at <= span.ended_at)
    return [note for note in (Note(*row) for row in conn.execute(query)) if span.holds(note.at)]


def keep(conn: Connection, room_id: int, before: Mapping[int, Span], now: Mapping[int, Span]) -> None:
    """Have notes stand in their sessions where these moved away from them: at the start, unless another has them now."""
    for number, span in before.items():
        if number in now and now[number] != span:
            for one in within(conn, room_id, span):
                if not any(other.holds(one.at) for other in now.values()):
                    mine = session_note.c.id == one.id
                    conn.execute(update(session_note).where(mine).values(at=now[number].started_at))
