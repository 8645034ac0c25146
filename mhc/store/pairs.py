"""Pairs of people: who works together, and who is another account of the same one. Read from both sides."""

from collections.abc import Collection, Sequence
from datetime import datetime
from enum import StrEnum
from typing import NamedTuple

from sqlalchemy import ColumnElement, Connection, and_, func, or_, select, update

from mhc.store import people
from mhc.store.schema import pair, person
from mhc.store.upsert import insert_new


class Kind(StrEnum):
    """What two people are to each other."""

    COLLABORATOR = "collaborator"
    ALTERNATE = "alternate"


class Pair(NamedTuple):
    """Two people by their current names."""

    username: str
    other: str
    kind: str
    note: str | None
    added_at: datetime


def add(
    conn: Connection,
    one_id: int,
    other_id: int,
    kind: str,
    *,
    note: str | None,
    at: datetime,
    batch_id: int | None = None,
) -> bool:
    """Make two people (roots) a pair; False where they are one already, or are the same person.

    A note is kept in the place of an older one.
    """
    ones, others = people.members(conn, one_id), people.members(conn, other_id)
    if set(ones) & set(others):
        return False
    people.lock(conn, min(one_id, other_id))
    standing = and_(_between(ones, others), pair.c.kind == kind)
    known = list(conn.execute(select(pair.c.id).where(standing)).scalars())
    if not known:
        row = {"low_id": min(one_id, other_id), "high_id": max(one_id, other_id), "kind": str(kind)}
        return insert_new(conn, pair, row | {"note": note, "added_at": at, "batch_id": batch_id})
    if note is not None:
        conn.execute(update(pair).where(pair.c.id.in_(known)).values(note=note))
    return False


def remove(conn: Connection, ones: Sequence[int], others: Sequence[int], kind: str, *, at: datetime) -> int:
    """Part two people (all rows of each); that they were a pair is kept. Gives how many rows said so."""
    standing = and_(_between(ones, others), pair.c.kind == kind)
    return conn.execute(update(pair).where(standing).values(removed_at=at)).rowcount


def kinds(conn: Connection, ones: Sequence[int], others: Sequence[int]) -> list[str]:
    """Give what two people (all rows of each) are to each other."""
    query = select(pair.c.kind).where(_between(ones, others)).distinct().order_by(pair.c.kind)
    return list(conn.execute(query).scalars())


def list_of(conn: Connection, person_ids: Sequence[int] | None = None) -> list[Pair]:
    """Give the pairs of a person (all rows of theirs), that person first in each; or all, each once. By names."""
    low, high = person.alias("low"), person.alias("high")
    low_root, high_root = person.alias("low_root"), person.alias("high_root")
    query = (
        select(
            low_root.c.username.label("one"),
            high_root.c.username.label("other"),
            pair.c.kind,
            pair.c.note,
            pair.c.added_at,
            pair.c.low_id,
        )
        .join(low, low.c.id == pair.c.low_id)
        .join(high, high.c.id == pair.c.high_id)
        .join(low_root, low_root.c.id == func.coalesce(low.c.canonical_id, low.c.id))
        .join(high_root, high_root.c.id == func.coalesce(high.c.canonical_id, high.c.id))
        .where(pair.c.removed_at.is_(None), low_root.c.id != high_root.c.id)
        .order_by(pair.c.added_at, pair.c.id)
    )
    if person_ids is not None:
        query = query.where(or_(pair.c.low_id.in_(person_ids), pair.c.high_id.in_(person_ids)))
    found: dict[tuple[str, str, str], Pair] = {}
    for row in conn.execute(query):
        turned = row.one > row.other if person_ids is None else row.low_id not in person_ids
        names = (row.other, row.one) if turned else (row.one, row.other)
        found.setdefault((*names, row.kind), Pair(*names, row.kind, row.note, row.added_at))
    return [found[key] for key in sorted(found)]


def alternates(conn: Connection, leaving_out: Collection[int] = ()) -> dict[int, int]:
    """Give with whom each who has alternates is counted, by root: the first of them all by name.

    Alternates of alternates are alternates. Who is left out is nobody's.
    """
    low, high = person.alias("low"), person.alias("high")
    roots = [func.coalesce(one.c.canonical_id, one.c.id) for one in (low, high)]
    query = select(*roots).select_from(pair).join(low, low.c.id == pair.c.low_id)
    query = query.join(high, high.c.id == pair.c.high_id)
    query = query.where(pair.c.removed_at.is_(None), pair.c.kind == Kind.ALTERNATE.value)
    groups: dict[int, set[int]] = {}
    for row in conn.execute(query):
        one, other = row[0], row[1]
        if one in leaving_out or other in leaving_out:
            continue
        together = groups.get(one, {one}) | groups.get(other, {other})
        groups.update(dict.fromkeys(together, together))
    names = people.names_by_id(conn, groups)
    return {who: min(group, key=lambda one: (names[one], one)) for who, group in groups.items()}


def _between(ones: Sequence[int], others: Sequence[int]) -> ColumnElement[bool]:
    return and_(
        pair.c.removed_at.is_(None),
        or_(
            and_(pair.c.low_id.in_(ones), pair.c.high_id.in_(others)),
            and_(pair.c.low_id.in_(others), pair.c.high_id.in_(ones)),
        ),
    )
