"""What has the words of a search: notes and, where asked for, messages, as one list, the newest first."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from heapq import merge
from typing import TYPE_CHECKING

from mhc.store import full_text, notes

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from mhc.domain.words import Term
    from mhc.store.database import Database
    from mhc.store.events import StoredEvent

_KINDS = {"chatMessage": "chat", "privateMessage": "private"}


@dataclass(frozen=True, slots=True)
class Found:
    """A note, or a message."""

    kind: str  # note, chat or private
    at: datetime  # when it was written, or said: what it is ordered by
    username: str | None
    body: str | None
    happened_at: datetime | None
    source: str
    id: int | None = None
    category: str | None = None
    created_at: datetime | None = None
    edited_at: datetime | None = None
    room: str | None = None
    partner: str | None = None
    event_id: str | None = None


@dataclass(frozen=True, slots=True)
class Asked:
    """What is looked for: all of these words, and of whom (None: anybody)."""

    words: Sequence["Term"]
    person_ids: Sequence[int] | None = None
    category: str | None = None


def in_notes(conn: "Connection", asked: Asked) -> list[Found]:
    """Give the notes that have the words, the last written first."""
    found = notes.search(conn, asked.words, asked.person_ids, asked.category)
    # Those of one instant in the same order on any database, whatever their numbers are.
    found.sort(key=lambda one: (one.username, one.category, one.body))
    found.sort(key=lambda one: one.created_at, reverse=True)
    return [_note(one) for one in found]


def with_messages(
    db: "Database", asked: Asked, of_notes: Iterable[Found], first: int | None
) -> Iterator[Found]:
    """Give notes and the messages that have the words; of one instant the notes come first."""
    said = map(_message, full_text.messages(db, asked.words, asked.person_ids, first=first))
    return merge(of_notes, said, key=lambda one: one.at, reverse=True)


def _note(one: notes.Note) -> Found:
    return Found(
        kind="note",
        at=one.created_at,
        username=one.username,
        body=one.body,
        happened_at=one.happened_at,
        source=one.source,
        id=one.id,
        category=one.category,
        created_at=one.created_at,
        edited_at=one.edited_at,
    )


def _message(one: "StoredEvent") -> Found:
    return Found(
        kind=_KINDS[one.method],
        at=one.at,
        username=one.actor,
        body=one.text,
        happened_at=one.happened_at,
        source=one.source,
        room=one.room,
        partner=one.partner,
        event_id=one.event_id,
    )
