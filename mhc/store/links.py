"""Where else a person is to be found."""

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import Connection, and_, func, insert, or_, select, update

from mhc.store import people
from mhc.store.schema import link, person

MANUAL = "manual"  # the source of what a person typed


class Link(NamedTuple):
    """One link; of a merged person, the name is that of the root."""

    username: str
    kind: str
    url: str
    source: str
    added_at: datetime


def add(
    conn: Connection,
    person_id: int,
    kind: str,
    url: str,
    *,
    source: str,
    at: datetime,
    batch_id: int | None = None,
    row_id: int | None = None,
) -> bool:
    """Keep a link of a person (the root); False where it is there already, or a person's word stands against it.

    `row_id` is the row of a merged person whose link it is; without, it is the root's, as what is typed.

    A source brings nothing of a kind that a person typed, and not again what a person took away. What a person types is
    theirs from then on, whoever brought it first.
    """
    people.lock(conn, person_id)
    mine = link.c.person_id.in_(people.members(conn, person_id))
    standing = and_(mine, link.c.kind == kind, link.c.removed_at.is_(None))
    same = and_(standing, link.c.url == url)
    if source == MANUAL:
        made_theirs = and_(same, link.c.source != MANUAL)
        conn.execute(update(link).where(made_theirs).values(source=MANUAL, batch_id=None))
        against = same
    else:
        typed = link.c.source == MANUAL
        taken_away = and_(mine, typed, link.c.kind == kind, link.c.url == url)
        against = or_(same, and_(standing, typed), taken_away)
    if conn.execute(select(link.c.id).where(against).limit(1)).first() is not None:
        return False
    row = {"person_id": row_id or person_id, "kind": kind, "url": url, "source": source, "added_at": at}
    conn.execute(insert(link).values(**row, batch_id=batch_id))
    return True


def remove(conn: Connection, person_ids: Sequence[int], urls: Sequence[str], *, at: datetime) -> int:
    """Take links of a person away, as the person at the keyboard wants it; give how many."""
    theirs = and_(link.c.person_id.in_(person_ids), link.c.url.in_(urls), link.c.removed_at.is_(None))
    gone = {"removed_at": at, "source": MANUAL, "batch_id": None}  # so no source brings it again
    return conn.execute(update(link).where(theirs).values(**gone)).rowcount


def retire(conn: Connection, row_id: int, *, source: str, urls: Sequence[str], at: datetime) -> int:
    """End the links that a source brought of a row and no longer has, that is all but these; give how many."""
    theirs = and_(link.c.person_id == row_id, link.c.source == source, link.c.removed_at.is_(None))
    query = update(link).where(theirs, link.c.url.not_in(urls), link.c.added_at <= at)
    return conn.execute(query.values(removed_at=at)).rowcount


def list_of(conn: Connection, person_ids: Sequence[int] | None = None) -> list[Link]:
    """Give the links of some people, or of all: by name, kind and address, each once."""
    root = person.alias("root")
    query = (
        select(root.c.username, link.c.kind, link.c.url, link.c.source, link.c.added_at)
        .join(person, person.c.id == link.c.person_id)
        .join(root, root.c.id == func.coalesce(person.c.canonical_id, person.c.id))
        .where(link.c.removed_at.is_(None))
        .order_by(root.c.username, root.c.id, link.c.kind, link.c.url, link.c.added_at, link.c.id)
    )
    if person_ids is not None:
        query = query.where(link.c.person_id.in_(person_ids))
    found: dict[tuple[str, str, str], Link] = {}
    for row in conn.execute(query):
        found.setdefault((row.username, row.kind, row.url), Link(*row))
    return list(found.values())
