"""Watchlists and who is on them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, Connection, and_, func, insert, select, update

from mhc.store.schema import EXCLUDED, person, watchlist, watchlist_member


@dataclass(frozen=True, slots=True)
class Watchlist:
    """A list of people."""

    id: int
    name: str
    system: bool
    members: int


@dataclass(frozen=True, slots=True)
class Member:
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
        select(watchlist.c.id, watchlist.c.name, watchlist.c.system, func.count(watchlist_member.c.id))
        .outerjoin(watchlist_member, _on_list())
        .group_by(watchlist.c.id, watchlist.c.name, watchlist.c.system)
        .order_by(watchlist.c.system.desc(), watchlist.c.id)
    )
    return [Watchlist(*row) for row in conn.execute(query)]


def find(conn: Connection, name: str) -> Watchlist | None:
    """Give the list of this name, in any case; None where there is none."""
    return next((one for one in list_all(conn) if one.name.lower() == name.lower()), None)


def create(conn: Connection, name: str) -> None:
    """Make a list of one's own."""
    conn.execute(insert(watchlist).values(name=name, system=False))


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
        .join(root, root.c.id == func.coalesce(person.c.canonical_id, person.c.id))
        .where(watchlist_member.c.list_id == list_id, watchlist_member.c.removed_at.is_(None))
        .order_by(root.c.username, root.c.id)
    )
    once: dict[int, Member] = {}
    for row in conn.execute(query):
        once.setdefault(row.id, Member(*row))
    return list(once.values())


def add(conn: Connection, list_id: int, person_id: int, *, at: datetime, note: str | None) -> bool:
    """Put a person on a list; False where they are on it already."""
    if _open(conn, list_id, [person_id]):
        return False
    conn.execute(
        insert(watchlist_member).values(list_id=list_id, person_id=person_id, added_at=at, note=note)
    )
    return True


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
        .order_by(watchlist.c.system.desc(), watchlist.c.id)
    )
    return list(conn.execute(query).scalars())


def excluded_ids(conn: Connection) -> set[int]:
    """Give the roots of everyone on the list Excluded: who is left out of figures."""
    query = (
        select(func.coalesce(person.c.canonical_id, person.c.id))
        .join(watchlist_member, watchlist_member.c.person_id == person.c.id)
        .join(watchlist, _on_list())
        .where(watchlist.c.name == EXCLUDED)
    )
    return set(conn.execute(query).scalars())
