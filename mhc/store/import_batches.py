"""What was imported: one row a saved import, by which it can be undone."""

import json
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import Connection, delete, insert, select, update

from mhc.store.schema import import_batch, person

_SET = "set"  # stands beside the counts: what it set that has no row of its own


class Set(NamedTuple):
    """What an import set that has no row of its own, by which it is taken back."""

    roles: dict[int, tuple[str, str]]  # row of a person → the role before, and the one that was given
    list_ids: list[int]  # watchlists that it made
    overruled: list[int] = []  # noqa: RUF012 - never changed; of the rows, those whose role somebody set or gave back since


class Batch(NamedTuple):
    """One saved import."""

    id: int
    kind: str
    name: str
    hash: str
    room_id: int | None
    room: str | None
    at: datetime
    counts: dict[str, int]
    undone_at: datetime | None
    set: Set


class New(NamedTuple):
    """What is noted of an import that is being saved: its kind, the file's name, and the SHA-256 of what was read."""

    kind: str
    name: str
    hash: str
    at: datetime


def add(conn: Connection, new: New, room_id: int | None, counts: Mapping[str, int]) -> int:
    """Note an import; give its id."""
    row = {**new._asdict(), "room_id": room_id, "counts": json.dumps(dict(counts), sort_keys=True)}
    made: int = conn.execute(insert(import_batch).values(**row).returning(import_batch.c.id)).scalar_one()
    return made


def complete(conn: Connection, batch_id: int, digest: str, counts: Mapping[str, int], given: Set) -> None:
    """Note what is known of an import only at its end: the hash of what was read, and how much it brought."""
    query = update(import_batch).where(import_batch.c.id == batch_id)
    conn.execute(query.values(hash=digest, counts=_text(counts, given)))


def overrule(conn: Connection, *, roles_of: Iterable[int] = (), list_id: int | None = None) -> None:
    """Note that somebody took into their own hands what imports had set: no undo takes it back from now on.

    A list's id may be that of another list later.
    """
    rows = set(roles_of)
    for one in _batches(conn, import_batch.c.kind == "people", import_batch.c.undone_at.is_(None)):
        overruled = sorted({*one.set.overruled, *rows & one.set.roles.keys()})
        list_ids = [number for number in one.set.list_ids if number != list_id]
        given = one.set._replace(list_ids=list_ids, overruled=overruled)
        if given != one.set:
            text = _text(one.counts, given)
            conn.execute(update(import_batch).where(import_batch.c.id == one.id).values(counts=text))


def remove(conn: Connection, batch_id: int) -> None:
    """Take the row of an import away that brought nothing."""
    conn.execute(delete(import_batch).where(import_batch.c.id == batch_id))


def list_all(conn: Connection) -> list[Batch]:
    """Give the imports, the latest first."""
    return _batches(conn)


def find(conn: Connection, batch_id: int) -> Batch | None:
    """Give one import; None where there is none."""
    return next(iter(_batches(conn, import_batch.c.id == batch_id)), None)


def same(conn: Connection, new: New, room_ids: list[int]) -> Batch | None:
    """Give the latest import of the very same bytes into a room that was not undone; None where there is none."""
    b = import_batch.c
    mine = (b.kind == new.kind, b.hash == new.hash, b.room_id.in_(room_ids), b.undone_at.is_(None))
    return next(iter(_batches(conn, *mine)), None)


def _batches(conn: Connection, *conditions: Any) -> list[Batch]:
    b = import_batch.c
    query = select(b.id, b.kind, b.name, b.hash, b.room_id, person.c.username, b.at, b.counts, b.undone_at)
    query = query.outerjoin(person, person.c.id == b.room_id).where(*conditions)
    rows = conn.execute(query.order_by(b.id.desc()))
    found = []
    for row in rows:
        counts, given = _counts(row.counts)
        found.append(Batch(*row[:7], counts, row.undone_at, given))
    return found


def _text(counts: Mapping[str, int], given: Set) -> str:
    return json.dumps(dict(counts) | ({_SET: given._asdict()} if any(given) else {}), sort_keys=True)


def _counts(text: str) -> tuple[dict[str, int], Set]:
    counts = json.loads(text)
    given = counts.pop(_SET, {})
    roles = {int(who): (before, after) for who, (before, after) in given.get("roles", {}).items()}
    return counts, Set(roles, given.get("list_ids", []), given.get("overruled", []))


def mark_undone(conn: Connection, batch_id: int, at: datetime) -> None:
    """Note that an import was undone."""
    conn.execute(update(import_batch).where(import_batch.c.id == batch_id).values(undone_at=at))


def host_of(batch_id: int, digest: str) -> str:
    """Name the stream of an import: in another database, the same number may be another paste's."""
    return f"{batch_id}-{digest[:12]}"
