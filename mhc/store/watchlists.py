"""Watchlists and who is on them."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import ColumnElement, Connection, and_, case, delete, func, select, update

from mhc.store import import_batches
from mhc.store.merged import root_of
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


class Sized(NamedTuple):
    """A list of people with how many there are."""

    id: int
    name: str
    system: bool
    members: int


class Membership(NamedTuple):
    """That a person is, or was, on a list; the notes are why, and why no more."""

    list: str
    username: str
    added_at: datetime
    removed_at: datetime | None
    note: str | None
    removal_note: str | None


class Move(NamedTuple):
    """That a row of a person was put on a list, or taken off it."""

    person_id: int
    list: str
    at: datetime


def _on_list() -> ColumnElement[bool]:
    return and_(watchlist_member.c.list_id == watchlist.c.id, watchlist_member.c.removed_at.is_(None))


def list_all(conn: Connection) -> list[Sized]:
    """Give every list with its number of members: the system's in their order, then the others by name."""
    query = (
        select(watchlist.c.id, watchlist.c.name, watchlist.c.system, func.count(_root.distinct()))
        .outerjoin(watchlist_member, _on_list())
        .outerjoin(person, person.c.id == watchlist_member.c.person_id)
        .group_by(watchlist.c.id, watchlist.c.name, watchlist.c.system)
        .order_by(*_ORDER)
    )
    return [Sized(*row) for row in conn.execute(query)]


def names(conn: Connection) -> list[Watchlist]:
    """Give every list, in the order of `list_all`."""
    query = select(watchlist.c.id, watchlist.c.name, watchlist.c.system).order_by(*_ORDER)
    return [Watchlist(*row) for row in conn.execute(query)]


def find(conn: Connection, name: str) -> Watchlist | None:
    """Give the list of this name, in any case; None where there is none."""
    return next((one for one in names(conn) if one.name.lower() == name.lower()), None)


def create(conn: Connection, name: str) -> Watchlist:
    """Make a list of one's own, where there is none of this name, and give it."""
    if find(conn, name) is None:
        insert_new(conn, watchlist, {"name": name, "system": False})
    made = find(conn, name)
    assert made is not None
    return made


def rename(conn: Connection, list_id: int, name: str) -> None:
    """Give a list of one's own another name, which no other list has in any case."""
    import_batches.overrule(conn, list_id=list_id)
    conn.execute(update(watchlist).where(watchlist.c.id == list_id).values(name=name))


def drop(conn: Connection, list_id: int) -> None:
    """Remove a list of one's own, and all that is known of who was on it."""
    import_batches.overrule(conn, list_id=list_id)
    conn.execute(delete(watchlist_member).where(watchlist_member.c.list_id == list_id))
    conn.execute(delete(watchlist).where(watchlist.c.id == list_id))


def drop_unused(conn: Connection, list_ids: Sequence[int]) -> None:
    """Remove those of some lists of one's own on which nobody is, or ever was."""
    used = select(watchlist_member.c.list_id)
    own = (watchlist.c.id.in_(list_ids), watchlist.c.system.is_(False))
    conn.execute(delete(watchlist).where(*own, watchlist.c.id.not_in(used)))


def history(
    conn: Connection, *, list_id: int | None = None, person_ids: Sequence[int] | None = None
) -> list[Membership]:
    """Give who was put on a list, or on which lists a person was, the last added first; merged people as their root."""
    root = person.alias("root")
    of = watchlist_member.c
    query = (
        select(watchlist.c.name, root.c.username, of.added_at, of.removed_at, of.note, of.removal_note)
        .join(watchlist_member, of.list_id == watchlist.c.id)
        .join(person, person.c.id == of.person_id)
        .join(root, root.c.id == _root)
    )
    if list_id is not None:
        query = query.where(of.list_id == list_id)
    if person_ids is not None:
        query = query.where(of.person_id.in_(person_ids))
    query = query.order_by(of.added_at.desc(), root.c.username, watchlist.c.name, of.id.desc())
    return [Membership(*row) for row in conn.execute(query)]


def moves(conn: Connection, since: datetime | None, until: datetime | None, *, removed: bool) -> list[Move]:
    """Give which rows of people were put on lists in a half-open time, or taken off: by list, the earliest first."""
    of = watchlist_member.c
    at = of.removed_at if removed else of.added_at
    query = select(of.person_id, watchlist.c.name, at).join(watchlist, watchlist.c.id == of.list_id)
    query = query.where(at.is_not(None))
    if since is not None:
        query = query.where(at >= since)
    if until is not None:
        query = query.where(at < until)
    return [Move(*row) for row in conn.execute(query.order_by(*_ORDER, at, of.id))]


def member_names(conn: Connection, list_id: int) -> dict[int, str]:
    """Give who is on a list: root and name, by name."""
    root = person.alias("root")
    query = (
        select(root.c.id, root.c.username)
        .join(person, root.c.id == _root)
        .join(watchlist_member, watchlist_member.c.person_id == person.c.id)
        .where(watchlist_member.c.list_id == list_id, watchlist_member.c.removed_at.is_(None))
    )
    return {row.id: row.username for row in conn.execute(query.order_by(root.c.username, root.c.id))}


def size(conn: Connection, list_id: int) -> int:
    """Give how many people are on a list."""
    query = select(func.count(root_of(watchlist_member.c.person_id).distinct()))
    mine = (watchlist_member.c.list_id == list_id, watchlist_member.c.removed_at.is_(None))
    found: int = conn.execute(query.where(*mine)).scalar_one()
    return found


def is_on(conn: Connection, list_id: int, person_ids: Sequence[int]) -> bool:
    """Whether a person (all rows of theirs) is on a list."""
    return bool(_open(conn, list_id, person_ids))


def add(conn: Connection, list_id: int, person_ids: Sequence[int], *, at: datetime, note: str | None) -> bool:
    """Put a person (the root first, then all merged into it) on a list; False where they are on it already.

    Then it is a person's word from now on, were it an import's before. A note is kept in the place of an older one.
    """
    row = {"list_id": list_id, "person_id": person_ids[0], "added_at": at, "note": note}
    standing = _open(conn, list_id, person_ids)
    if not standing:
        return insert_new(conn, watchlist_member, row)
    told = {"batch_id": None} | ({} if note is None else {"note": note})
    conn.execute(update(watchlist_member).where(watchlist_member.c.id.in_(standing)).values(told))
    return False


def remove(
    conn: Connection, list_id: int, person_ids: Sequence[int], *, at: datetime, note: str | None = None
) -> bool:
    """Take a person off a list, keeping that they were on it, and why they no longer are; False where they are not."""
    ids = _open(conn, list_id, person_ids)
    if ids:
        gone = update(watchlist_member).where(watchlist_member.c.id.in_(ids))
        conn.execute(gone.values(removed_at=at, removal_note=note))
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
