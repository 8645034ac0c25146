"""What the owner knows of a person beside what they did: read for the card, a merged person as one."""

import json
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import Connection, func, select

from mhc.domain.clock import EPOCH
from mhc.store.schema import (
    attribute,
    link,
    pair,
    person,
    person_name,
    relationship_change,
)

PRIVATE = "private"  # the kind of a name that is shown only where it is asked for


class Relationship(NamedTuple):
    """What a person is to the owner; `label` is the owner's word for the role custom."""

    roles: Sequence[str]
    label: str | None
    status: str
    traits: Sequence[str]
    since: datetime | None
    until: datetime | None


class Attribute(NamedTuple):
    """What is said of a person under a key."""

    key: str
    value: str
    confidence: str
    evidence: str
    set_at: datetime


class Link(NamedTuple):
    """Where else a person is to be found."""

    kind: str
    url: str
    source: str


class GivenName(NamedTuple):
    """A name that is no username: private, identity, or a form of address."""

    kind: str
    name: str


class Pair(NamedTuple):
    """Somebody who belongs to a person."""

    username: str
    kind: str
    note: str | None


def relationship(conn: Connection, person_ids: Sequence[int]) -> Relationship | None:
    """Give what a person is, of each field the last change; None where they are nothing to the owner."""
    c = relationship_change.c
    query = select(c.field, c.after).where(c.person_id.in_(person_ids)).order_by(c.at, c.id)
    last: dict[str, Any] = {
        field: None if after is None else json.loads(after) for field, after in conn.execute(query)
    }
    if last.get("status") is None:
        return None
    return Relationship(
        roles=tuple(last.get("roles") or ()),
        label=last.get("label"),
        status=last["status"],
        traits=tuple(last.get("traits") or ()),
        since=_time(last.get("since")),
        until=_time(last.get("until")),
    )


def attributes(conn: Connection, person_ids: Sequence[int]) -> list[Attribute]:
    """Give what is said of a person now, by key, of two values of a key the last that was set."""
    c = attribute.c
    query = select(c.key, c.value, c.confidence, c.evidence, c.set_at)
    query = query.where(c.person_id.in_(person_ids), c.unset_at.is_(None))
    rows = conn.execute(query.order_by(c.key, c.set_at.desc(), c.id.desc()))
    return _first(((row.key,), Attribute(*row)) for row in rows)


def links(conn: Connection, person_ids: Sequence[int]) -> list[Link]:
    """Give a person's links, by kind and address, each once."""
    c = link.c
    query = select(c.kind, c.url, c.source).where(c.person_id.in_(person_ids), c.removed_at.is_(None))
    rows = conn.execute(query.order_by(c.kind, c.url, c.added_at, c.id))
    return _first(((row.kind, row.url), Link(*row)) for row in rows)


def names(conn: Connection, person_ids: Sequence[int], *, reveal: bool) -> list[GivenName]:
    """Give a person's names, by kind, the last given first; private and identity name once; the former only revealed."""
    c = person_name.c
    query = select(c.kind, c.name).where(c.person_id.in_(person_ids), c.removed_at.is_(None))
    if not reveal:
        query = query.where(c.kind != PRIVATE)
    rows = conn.execute(query.order_by(c.kind, c.added_at.desc(), c.id.desc()))
    return _first(((row.kind, row.name if row.kind == "address" else ""), GivenName(*row)) for row in rows)


def pairs(conn: Connection, person_ids: Sequence[int]) -> list[Pair]:
    """Give who belongs to a person, by name and kind; a pair that a merge made one person is left out."""
    root = person.alias("root")
    found: list[tuple[tuple[object, ...], Pair]] = []
    for mine, theirs in ((pair.c.low_id, pair.c.high_id), (pair.c.high_id, pair.c.low_id)):
        query = (
            select(root.c.username, pair.c.kind, pair.c.note, pair.c.added_at)
            .join(person, person.c.id == theirs)
            .join(root, root.c.id == func.coalesce(person.c.canonical_id, person.c.id))
            .where(mine.in_(person_ids), theirs.not_in(person_ids), pair.c.removed_at.is_(None))
            .order_by(pair.c.added_at, pair.c.id)
        )
        found += [((row.username, row.kind), Pair(*row[:3])) for row in conn.execute(query)]
    return sorted(_first(found), key=lambda one: one[:2])


def _first(found: Iterable[tuple[tuple[object, ...], Any]]) -> list[Any]:
    """Give the first of each key, in order."""
    once: dict[tuple[object, ...], Any] = {}
    for key, one in found:
        once.setdefault(key, one)
    return list(once.values())


def _time(text: str | None) -> datetime | None:
    return None if text is None else datetime.fromisoformat(text).astimezone(EPOCH.tzinfo)
