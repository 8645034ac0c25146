"""What rooms write about themselves: each text once, found by its hash."""

import hashlib
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

import msgspec
from sqlalchemy import CompoundSelect, Connection, bindparam, delete, except_, select, text, update

from mhc.domain.rooms import Reading
from mhc.domain.text import clean
from mhc.store.bulk import Bulk, bulk_insert, together
from mhc.store.people import CHUNK
from mhc.store.schema import observation, room_latest, room_text

_LOCK = 0x747874  # "txt": on a PostgreSQL server no text goes while a poll is being kept
_SIZE = 16  # bytes of a hash: two texts never have the same
_ADD = bulk_insert(room_text, ("hash", "subject", "tags"), "ON CONFLICT (hash) DO NOTHING")
_FIND = Bulk(
    room_text,
    ("hash",),
    "SELECT room_text.hash, room_text.id FROM room_text, {new} WHERE room_text.hash = new.hash",
    asks=True,
)


class Text(NamedTuple):
    """What a room says of itself, as it is kept; `tags` is a list in JSON."""

    hash: bytes
    subject: str | None
    tags: str


def hash_of(one: Reading) -> bytes:
    """Give the hash of what a room says of itself: made for every reading, which mostly says what the last one said."""
    return _digest(f"{one.subject!r} {one.tags!r}")


def text_of(one: Reading, key: bytes) -> Text:
    """Give what is kept of it, under its hash."""
    listed = msgspec.json.encode([clean(tag) for tag in one.tags or ()]).decode()
    return Text(key, None if one.subject is None else clean(one.subject), listed)


def _digest(body: str) -> bytes:
    return hashlib.blake2b(body.encode(), digest_size=_SIZE).digest()


def hold(conn: Connection) -> None:
    """Let no text go before the transaction ends: what a poll finds stays until its readings say so."""
    if conn.dialect.name == "postgresql":
        conn.execute(text("SELECT pg_advisory_xact_lock_shared(:key)"), {"key": _LOCK})


def lock(conn: Connection) -> None:
    """Wait for the polls that are being kept, and let none begin before the transaction ends."""
    if conn.dialect.name == "postgresql":
        conn.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _LOCK})


def ensure(conn: Connection, texts: Iterable[Text]) -> tuple[dict[bytes, int], int]:
    """Give the number of each text, by hash, keeping those that are new, and how many these are."""
    wanted = sorted(texts, key=lambda one: one.hash)
    if not wanted:
        return {}, 0
    found = _numbers(conn, wanted)
    new = [one for one in wanted if one.hash not in found]
    if new:
        together(conn, (_ADD, new))
        found |= _numbers(conn, new)
    return found, len(new)


def _numbers(conn: Connection, texts: Sequence[Text]) -> dict[bytes, int]:
    (rows,) = together(conn, (_FIND, [(one.hash,) for one in texts]))
    return {bytes(key): number for key, number in rows}


def tags(conn: Connection, text_ids: Iterable[int]) -> dict[int, list[str]]:
    """Give the tags of each of these texts."""
    wanted = sorted(set(text_ids))
    found: dict[int, list[str]] = {}
    for start in range(0, len(wanted), CHUNK):
        query = select(room_text.c.id, room_text.c.tags).where(
            room_text.c.id.in_(wanted[start : start + CHUNK])
        )
        rows = conn.execute(query)
        found.update((row.id, msgspec.json.decode(row.tags, type=list[str])) for row in rows)
    return found


def last_known(conn: Connection, person_ids: Iterable[int]) -> dict[int, list[str]]:
    """Give what is known last of the tags of the rooms of some rows of people; of who is not in it nothing is."""
    wanted = sorted(set(person_ids))
    latest: dict[int, int] = {}
    for start in range(0, len(wanted), CHUNK):
        query = select(room_latest.c.person_id, room_latest.c.text_id).where(
            room_latest.c.text_id.is_not(None)
        )
        rows = conn.execute(query.where(room_latest.c.person_id.in_(wanted[start : start + CHUNK])))
        latest.update((row.person_id, row.text_id) for row in rows)
    said = tags(conn, latest.values())
    return {who: said[number] for who, number in latest.items()}


def rehash(conn: Connection, text_id: int) -> None:
    """Give a text from which a name was taken a hash that says nothing of it."""
    mine = room_text.c.id == text_id
    conn.execute(update(room_text).where(mine).values(hash=_digest(f"cleaned {text_id}")))


def of_people(conn: Connection, person_ids: Sequence[int]) -> set[int]:
    """Give the texts of these people's rooms. Looks at every reading."""
    query = select(observation.c.text_id).where(observation.c.person_id.in_(person_ids)).distinct()
    latest = select(room_latest.c.text_id).where(room_latest.c.person_id.in_(person_ids))
    found = {*conn.execute(query).scalars(), *conn.execute(latest).scalars()}
    return {one for one in found if one is not None}


def unused() -> CompoundSelect[Any]:
    """Give the query of the texts that no reading has any more. Looks at every reading, and at each once."""
    used = (select(one).where(one.is_not(None)) for one in (observation.c.text_id, room_latest.c.text_id))
    return except_(select(room_text.c.id), *used)


def drop_all_unused(conn: Connection) -> int:
    """Remove the texts that no reading has any more; give how many. Takes the lock of texts."""
    lock(conn)
    return conn.execute(delete(room_text).where(room_text.c.id.in_(unused()))).rowcount


def drop_unused(conn: Connection, text_ids: Iterable[int]) -> int:
    """Remove those of these texts that no reading has any more; give how many. Looks at every reading.

    Takes the lock of texts, which comes before that of names.
    """
    lock(conn)
    wanted = sorted(set(text_ids))
    gone = 0
    for start in range(0, len(wanted), CHUNK):
        part = wanted[start : start + CHUNK]
        used: set[int] = set()
        for column in (observation.c.text_id, room_latest.c.text_id):
            used.update(conn.execute(select(column).where(column.in_(part)).distinct()).scalars())
        rest = [{"mine": one} for one in part if one not in used]
        if rest:
            conn.execute(delete(room_text).where(room_text.c.id == bindparam("mine")), rest)
            gone += len(rest)
    return gone
