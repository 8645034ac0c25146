"""Attributes of people: what was said of them by key, how sure it is, and since when."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import Connection, Select, and_, func, select, update

from mhc.domain.attributes import KNOWN, Key
from mhc.store import people
from mhc.store.schema import attribute, attribute_key, person
from mhc.store.upsert import insert_new, upsert


class Attribute(NamedTuple):
    """One value of a person's; of a merged person, the name is that of the root."""

    username: str
    key: str
    value: str
    confidence: str
    evidence: str
    set_at: datetime
    unset_at: datetime | None
    batch_id: int | None


def keys(conn: Connection) -> dict[str, Key]:
    """Give every key that may be set, by key."""
    c = attribute_key.c
    own = [Key(*row) for row in conn.execute(select(c.key, c.label, c.kind))]
    return dict(sorted(({one.key: one for one in own} | KNOWN).items()))


def define(conn: Connection, key: str, *, label: str, kind: str) -> bool:
    """Make a key, or change its label and kind; False where it is so already."""
    new = Key(key, label, kind)
    if keys(conn).get(key) == new:
        return False
    changes = {"label": label, "kind": str(kind)}
    upsert(conn, attribute_key, [{"key": key} | changes], keys=["key"], changes=lambda _: changes)
    return True


def set_value(
    conn: Connection,
    person_ids: Sequence[int],
    key: str,
    value: str,
    *,
    confidence: str,
    evidence: str,
    at: datetime,
    batch_id: int | None = None,
) -> bool:
    """Set a key on the root (the first of a person's rows); the value before it is kept as history.

    False where exactly this is said of the person already.
    """
    people.lock(conn, person_ids[0])
    if is_said(conn, person_ids, key, value, confidence=confidence, evidence=evidence):
        return False
    _close(conn, person_ids[:1], key, at)
    row = {"person_id": person_ids[0], "key": key, "value": value, "set_at": at, "batch_id": batch_id}
    return insert_new(conn, attribute, row | {"confidence": str(confidence), "evidence": evidence})


def is_said(
    conn: Connection, person_ids: Sequence[int], key: str, value: str, *, confidence: str, evidence: str
) -> bool:
    """Whether exactly this is said of a person (all rows of theirs) now."""
    said = [(one.value, one.confidence, one.evidence) for one in list_of(conn, person_ids, key)]
    return (value, confidence, evidence) in said


def unset(conn: Connection, person_ids: Sequence[int], key: str, *, at: datetime) -> bool:
    """Take a key away from a person, keeping that it was there; False where it is not."""
    return bool(_close(conn, person_ids, key, at))


def list_of(
    conn: Connection, person_ids: Sequence[int] | None = None, key: str | None = None
) -> list[Attribute]:
    """Give what is said of some people, or of all, by name and key: of a merged person the last that was set."""
    query = _attributes(person_ids, key).where(attribute.c.unset_at.is_(None))
    found: dict[tuple[str, str], Attribute] = {}
    for row in conn.execute(query):
        found.setdefault((row.username, row.key), Attribute(*row))
    return list(found.values())


def history(
    conn: Connection, person_ids: Sequence[int] | None = None, key: str | None = None
) -> list[Attribute]:
    """Give what is and was said, by name and key, the last that was set first."""
    return [Attribute(*row) for row in conn.execute(_attributes(person_ids, key))]


def _attributes(person_ids: Sequence[int] | None, key: str | None) -> Select[Any]:
    c, root = attribute.c, person.alias("root")
    query = (
        select(root.c.username, c.key, c.value, c.confidence, c.evidence, c.set_at, c.unset_at, c.batch_id)
        .join(person, person.c.id == c.person_id)
        .join(root, root.c.id == func.coalesce(person.c.canonical_id, person.c.id))
        .order_by(root.c.username, root.c.id, c.key, c.set_at.desc(), c.id.desc())
    )
    if person_ids is not None:
        query = query.where(c.person_id.in_(person_ids))
    return query if key is None else query.where(c.key == key)


def _close(conn: Connection, person_ids: Sequence[int], key: str, at: datetime) -> int:
    c = attribute.c
    standing = and_(c.person_id.in_(person_ids), c.key == key, c.unset_at.is_(None))
    return conn.execute(update(attribute).where(standing).values(unset_at=at)).rowcount
