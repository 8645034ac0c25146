"""Names that are no usernames: what the owner calls a person, who they are, and how they are addressed."""

from collections.abc import Sequence
from datetime import datetime
from enum import StrEnum
from typing import NamedTuple

from sqlalchemy import Connection, and_, insert, select, update

from mhc.store import people
from mhc.store.schema import person_name


class Kind(StrEnum):
    """What a name is for."""

    PRIVATE = "private"
    IDENTITY = "identity"
    ADDRESS = "address"


_ONE = frozenset({Kind.PRIVATE, Kind.IDENTITY})  # of these a person has one


class Name(NamedTuple):
    """A name of a person."""

    kind: str
    name: str
    added_at: datetime


def add(
    conn: Connection, person_id: int, kind: str, name: str, *, at: datetime, batch_id: int | None = None
) -> bool:
    """Give a person (the root) a name; a private or an identity name takes the place of the one before.

    False where they have it, or where an import would replace what a person typed. What a person types is theirs from
    then on, whoever brought it first.
    """
    people.lock(conn, person_id)
    ids = people.members(conn, person_id)
    c = person_name.c
    if any(one.kind == kind and one.name == name for one in list_of(conn, ids)):
        if batch_id is None:
            same = c.person_id.in_(ids), c.kind == kind, c.name == name, c.removed_at.is_(None)
            conn.execute(update(person_name).where(*same).values(batch_id=None))
        return False
    if kind in _ONE:
        standing = and_(c.person_id.in_(ids), c.kind == kind, c.removed_at.is_(None))
        typed = select(c.id).where(standing, c.batch_id.is_(None)).limit(1)
        if batch_id is not None and conn.execute(typed).first() is not None:
            return False
        conn.execute(update(person_name).where(standing, c.person_id == person_id).values(removed_at=at))
    row = {"person_id": person_id, "kind": str(kind), "name": name, "added_at": at, "batch_id": batch_id}
    conn.execute(insert(person_name).values(**row))
    return True


def remove(conn: Connection, person_ids: Sequence[int], kind: str, *, at: datetime) -> int:
    """Take a person's names of a kind away, keeping that they had them; give how many."""
    c = person_name.c
    standing = and_(c.person_id.in_(person_ids), c.kind == kind, c.removed_at.is_(None))
    return conn.execute(update(person_name).where(standing).values(removed_at=at)).rowcount


def list_of(conn: Connection, person_ids: Sequence[int]) -> list[Name]:
    """Give the names of a person (all rows of theirs) by kind, the last given first; one of a kind that has one."""
    c = person_name.c
    query = select(c.kind, c.name, c.added_at).where(c.person_id.in_(person_ids), c.removed_at.is_(None))
    found: dict[tuple[str, str], Name] = {}
    for row in conn.execute(query.order_by(c.kind, c.added_at.desc(), c.id.desc())):
        found.setdefault((row.kind, "" if row.kind in _ONE else row.name), Name(*row))
    return list(found.values())
