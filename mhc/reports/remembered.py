"""What the owner knows of a person beside what they did, as the card gives it: a merged person as one."""

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING, NamedTuple

from mhc.store import attributes, links, pairs, person_names, relations

if TYPE_CHECKING:
    from sqlalchemy import Connection


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


class Remembered(NamedTuple):
    """All of it but rating and notes; the relationship is None where they are nothing to the owner."""

    relationship: Relationship | None
    attributes: Sequence[Attribute]
    links: Sequence[Link]
    names: Sequence[GivenName]
    pairs: Sequence[Pair]


def read(conn: "Connection", person_ids: Sequence[int], *, reveal: bool) -> Remembered:
    """Give what is known of a person (all rows of theirs); the private name only where `reveal` says so."""
    one = relations.find(conn, person_ids)
    named = person_names.list_of(conn, person_ids)
    return Remembered(
        relationship=Relationship(one.roles, one.label, str(one.status), one.traits, one.since, one.until)
        if one is not None
        else None,
        attributes=[
            Attribute(one.key, one.value, one.confidence, one.evidence, one.set_at)
            for one in attributes.list_of(conn, person_ids)
        ],
        links=[Link(one.kind, one.url, one.source) for one in links.list_of(conn, person_ids)],
        names=[
            GivenName(one.kind, one.name) for one in named if reveal or one.kind != person_names.Kind.PRIVATE
        ],
        pairs=[Pair(one.other, one.kind, one.note) for one in pairs.list_of(conn, person_ids)],
    )
