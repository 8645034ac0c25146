"""An older system's memory of people, kept beside what is here: nothing that a person typed here is replaced."""

from collections import Counter
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, insert, select, update

from mhc.store import attributes, links, notes, people, person_names, ratings, relations, watchlists
from mhc.store.import_batches import Set
from mhc.store.people_lines import Remembered
from mhc.store.schema import alias, note, person, rating_change, relationship_change, watchlist_member


def keep(conn: Connection, one: Remembered, given_too: Set, *, at: datetime, batch_id: int) -> Counter[str]:
    """Keep what a line says that is not here yet; give how many rows of each kind are new.

    What has no row of its own is noted in `given_too`.
    """
    new: Counter[str] = Counter()
    found = people.find(conn, one.username)
    if not found:
        people.ensure(conn, [one.username], source="import", at=at)
        found = people.find(conn, one.username)
        new["people"] += 1
    root = found[0]
    ids = [root.id, *(i for i in people.members(conn, root.id) if i != root.id)]
    given: dict[str, Any] = {"at": at, "batch_id": batch_id}
    new["aliases"] += sum(_alias(conn, root, name, **given) for name in one.aliases)
    if one.role is not None and one.role != root.role and not _is_by_hand(conn, root.id):
        before, _ = given_too.roles.get(root.id, (root.role, ""))
        given_too.roles[root.id] = (before, one.role)
        people.set_role(conn, root.id, one.role, by_hand=True)
        new["roles"] += 1
    for body, category, when in one.notes:
        if not _has_note(conn, ids, body, category, when):
            notes.add(conn, root.id, body, category=category, happened_at=when, source="import", **given)
            new["notes"] += 1
    new["lists"] += sum(_member(conn, name, ids, given_too.list_ids, **given) for name in one.lists)
    new["links"] += sum(
        links.add(conn, root.id, kind, url, source="import", **given) for kind, url in one.links
    )
    new["attributes"] += sum(_attribute(conn, ids, key, value, **given) for key, value in one.attributes)
    new["names"] += sum(person_names.add(conn, root.id, kind, name, **given) for kind, name in one.names)
    if one.relationship and not _typed(conn, relationship_change, ids):
        new["relationships"] += bool(relations.change(conn, ids, by="import", **one.relationship, **given))
    if one.rating is not None and not _typed(conn, rating_change, ids):
        new["ratings"] += ratings.rate(conn, ids, one.rating, **given)
    return new


def _is_by_hand(conn: Connection, person_id: int) -> bool:
    return bool(conn.execute(select(person.c.role_by_hand).where(person.c.id == person_id)).scalar())


def _typed(conn: Connection, table: Any, ids: list[int]) -> bool:
    """Whether a person typed any of these rows of somebody."""
    query = select(table.c.id).where(table.c.person_id.in_(ids), table.c.batch_id.is_(None)).limit(1)
    return conn.execute(query).first() is not None


def _alias(conn: Connection, root: people.Person, name: str, *, at: datetime, batch_id: int) -> bool:
    if people.has_alias(conn, root, name, current=False):
        return False
    people.lock_names(conn)
    row = {"person_id": root.id, "platform": root.platform, "username": name, "source": "import"}
    conn.execute(insert(alias).values(**row, valid_from=None, valid_to=at, batch_id=batch_id))
    return True


def _has_note(conn: Connection, ids: list[int], body: str, category: str, when: datetime | None) -> bool:
    c = note.c
    same = (
        c.person_id.in_(ids),
        c.category == category,
        c.body == body,
        c.happened_at.is_not_distinct_from(when),
    )
    return conn.execute(select(c.id).where(*same).limit(1)).first() is not None


def _member(
    conn: Connection, name: str, ids: list[int], made: list[int], *, at: datetime, batch_id: int
) -> bool:
    """Put somebody on a list, making it where there is none; who was taken off it by hand stays off."""
    found = watchlists.find(conn, name)
    if found is None:
        found = watchlists.create(conn, name)
        made.append(found.id)
    c = watchlist_member.c
    mine = (c.list_id == found.id, c.person_id.in_(ids))
    if conn.execute(select(c.id).where(*mine).limit(1)).first() is not None:
        return False
    if not watchlists.add(conn, found.id, ids, at=at, note=None):
        return False
    conn.execute(update(watchlist_member).where(*mine, c.removed_at.is_(None)).values(batch_id=batch_id))
    return True


def _attribute(
    conn: Connection, ids: list[int], key: str, value: str, *, at: datetime, batch_id: int
) -> bool:
    """Set an attribute, unless a person typed a value; how sure it is, the older system did not say."""
    if any(one.batch_id is None for one in attributes.history(conn, ids, key)):
        return False
    how: dict[str, Any] = {"confidence": "medium", "evidence": "note"}
    return attributes.set_value(conn, ids, key, value, at=at, batch_id=batch_id, **how)
