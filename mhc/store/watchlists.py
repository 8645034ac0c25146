"""Watchlists and who is on them."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import ColumnElement, Connection, and_, case, func, select, update

from mhc.store.schema import EXCLUDED, person, watchlist, watchlist_member
from mhc.store.upsert import insert_new

_root = func.coalesce(person.c.canonical_id, person.c.id)
# The system's lists in their order, then the others by name.
_ORDER = (watchlist.c.system.desc(), case((watchlist.c.system, watchlist.c.id), else_=0), watchlist.c.name)


class Watchlist(NamedTuple):
    """A list of people."""

    id: int
    name: str
    system: bool
    members: int


class Member(NamedTuple):
    """A person on a list."""

    person_id: int
    username: str
    added_at: datetime
    last_seen_at: datetime | None
    note: str | None


def _on_list() -> ColumnElement[bool]:
    return and_(watchlist_member.c.list_id == watchlist.c.id, watchlist_member.c.removed_at.is_(None))


def list_all(conn: Connection) -> list[Watchlist]:
    """Give every list with its number of members: the system's in their order, then the others by name."""
    query = (
        select(watchlist.c.id, watchlist.c.name, watchlist.c.system, func.count(_root.distinct()))
        .outerjoin(watchlist_member, _on_list())
        .outerjoin(person, person.c.id == watchlist_member.c.person_id)
        .group_by(watchlist.c.id, watchlist.c.name, watchlist.c.system)
        .order_by(*_ORDER)
    )
    return [Watchlist(*row) for row in conn.execute(query)]


def find(conn: Connection, name: str) -> Watchlist | None:
    """Give the list of this name, in any case; None where there is none."""
    return next((one for one in list_all(conn) if one.name.lower() == name.lower()), None)


def create(conn: Connection, name: str) -> Watchlist:
    """Make a list of one's own, where there is none of this name, and give it."""
    if find(conn, name) is None:
        insert_new(conn, watchlist, {"name": name, "system": False})
    made = find(conn, name)
    assert made is not None
    return made


def members(conn: Connection, list_id: int) -> list[Member]:
    """Give who is on a list, by name."""
    root = person.alias("root")
    query = (
        select(
            root.c.id,
            root.c.username,
            watchlist_member.c.added_at,
            root.c.last_seen_at,
            watchlist_member.c.note,
        )
        .join(person, person.c.id == watchlist_member.c.person_id)
        .join(root, root.c.id == _root)
        .where(watchlist_member.c.list_id == list_id, watchlist_member.c.removed_at.is_(None))
        .order_by(root.c.username, root.c.id)
    )
    once: dict[int, Member] = {}
    for row in conn.execute(query):
        once.setdefault(row.id, Member(*row))
    return list(once.values())


def is_on(conn: Connection, list_id: int, person_ids: Sequence[int]) -> bool:
    """Whether a person (all rows of theirs) is on a list."""
    return bool(_open(conn, list_id, person_ids))


def add(conn: Connection, list_id: int, person_ids: Sequence[int], *, at: datetime, note: str | None) -> bool:
    """Put a person (the root first, then all merged into it) on a list; False where they are on it already.

    A note is kept in the place of an older one.
    """
    row = {"list_id": list_id, "person_id": person_ids[0], "added_at": at, "note": note}
    standing = _open(conn, list_id, person_ids)
    if not standing:
        return insert_new(conn, watchlist_member, row)
    if note is not None:
        conn.execute(update(watchlist_member).where(watchlist_member.c.id.in_(standing)).values(note=note))
    return False


def remove(conn: Connection, list_id: int, person_ids: Sequence[int], *, at: datetime) -> bool:
    """Take a person off a list, keeping that they were on it; False where they are not."""
    ids = _open(conn, list_id, person_ids)
    if ids:
        conn.execute(update(watchlist_member).where(watchlist_member.c.id.in_(ids)).values(removed_at=at))
    return bool(ids)


def _open(conn: Connection, list_id: int, person_ids: Sequence[int]) -> list[int]:
    mine = (watchlist_member.c.list_id == list_id, watchlist_member.c.person_id.in_(person_ids))
    query = select(watchlist_member.c.id).where(*mine, watchlist_member.c.removed_at.is_(None))
    return list(conn.execute(query).scalars())


def names_of(conn: Connection, person_ids: Sequence[int]) -> list[str]:
    """Give the lists that a person is on: the system's first."""
    query = (
        select(watchlist.c.name)
        .join(watchlist_member, _on_list())
        .where(watchlist_member.c.person_id.in_(person_ids))
        .group_by(watchlist.c.id, watchlist.c.name, watchlist.c.system)
        .order_by(*_ORDER)
    )
    return list(conn.execute(query).scalars())


def names_by_root(conn: Connection, rows: Mapping[int, int] | None = None) -> dict[int, list[str]]:
    """Give the lists of some people, by root, the system's first; `rows` are theirs with their roots (None: everyone)."""
    query = (
        select(_root, watchlist.c.name)
        .join(watchlist_member, watchlist_member.c.person_id == person.c.id)
        .join(watchlist, _on_list())
        .order_by(*_ORDER)
    )
    if rows is not None:
        query = query.where(watchlist_member.c.person_id.in_(list(rows)))
    found: dict[int, list[str]] = {}
    for who, name in conn.execute(query):
        lists = found.setdefault(who, [])
        if name not in lists:
            lists.append(name)
    return found


def excluded_ids(conn: Connection) -> set[int]:
    """Give the roots of everyone on the list Excluded: who is left out of figures."""
    query = (
        select(_root)
        .join(watchlist_member, watchlist_member.c.person_id == person.c.id)
        .join(watchlist, _on_list())
        .where(watchlist.c.name == EXCLUDED)
    )
    return set(conn.execute(query).scalars())
