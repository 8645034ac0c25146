"""What people are to the owner, and every change of it."""

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from enum import Enum
from itertools import groupby
from typing import Any, NamedTuple

from sqlalchemy import Connection, delete, func, insert, select, update

from mhc.domain.clock import iso_z
from mhc.domain.relationship import FIELDS, FIRST_STATUS, Relationship, added_up
from mhc.store import people
from mhc.store.schema import person, relationship, relationship_change
from mhc.store.upsert import upsert

_MANY = frozenset({"roles", "traits"})
_TIMES = frozenset({"since", "until"})
_NOBODY = Relationship()
_NOTHING: Mapping[str, Any] = {name: getattr(_NOBODY, name) for name in FIELDS}


class Cleared(Enum):
    """What takes a date away, where None leaves it as it is."""

    CLEARED = "cleared"


CLEARED = Cleared.CLEARED


class Change(NamedTuple):
    """One change of one field; null where nothing was, or is, said of it."""

    field: str
    before: Any
    after: Any
    by: str
    at: datetime


class Related(NamedTuple):
    """Somebody who is something to the owner."""

    username: str
    relationship: Relationship


def change(
    conn: Connection,
    person_ids: Sequence[int],
    *,
    roles: Sequence[str] | None = None,
    label: str | None = None,
    status: str | None = None,
    traits: Sequence[str] | None = None,
    since: datetime | Cleared | None = None,
    until: datetime | Cleared | None = None,
    by: str,
    at: datetime,
    batch_id: int | None = None,
) -> list[str]:
    """Set what is not None, on the root (the first of a person's rows); give the fields that changed.

    No roles, no traits or an empty label take away what was there; so does CLEARED a date. Who was nothing yet
    gets the first status, unless another is given.
    """
    people.lock(conn, person_ids[0])
    given = {
        "roles": roles,
        "label": label,
        "status": status,
        "traits": traits,
        "since": since,
        "until": until,
    }
    new = differing(conn, person_ids, **given)
    if batch_id is None:
        _make_theirs(conn, person_ids, [name for name, value in given.items() if value is not None])
    return _write(conn, person_ids, new, by=by, at=at, batch_id=batch_id)


def _make_theirs(conn: Connection, person_ids: Sequence[int], fields: Sequence[str]) -> None:
    """Note that a person says again what an import said last."""
    c = relationship_change.c
    last = select(func.max(c.id)).where(c.person_id.in_(person_ids), c.field.in_(fields))
    last = last.group_by(c.person_id, c.field)
    conn.execute(update(relationship_change).where(c.id.in_(last)).values(batch_id=None))


def differing(conn: Connection, person_ids: Sequence[int], **given: Any) -> dict[str, Any]:
    """Give what would change: the fields and their new values, of those of `change`."""
    old = find(conn, person_ids)
    new = {name: _plain(name, value) for name, value in given.items() if value is not None}
    if old is None and new:
        new = {"status": FIRST_STATUS} | new
    return {name: new[name] for name in FIELDS if name in new and new[name] != getattr(old or _NOBODY, name)}


def remove(conn: Connection, person_ids: Sequence[int], *, by: str, at: datetime) -> bool:
    """Make a person nothing to the owner, keeping what was; False where they are nothing already."""
    people.lock(conn, person_ids[0])
    return bool(_write(conn, person_ids, _NOTHING, by=by, at=at, batch_id=None))


def find(conn: Connection, person_ids: Sequence[int]) -> Relationship | None:
    """Give what a person (all rows of theirs) is: of each field the last change. None where they are nothing."""
    found = _sum(history(conn, person_ids))
    return found if found.status is not None else None


def history(conn: Connection, person_ids: Sequence[int]) -> list[Change]:
    """Give every change of a person's relationship, the oldest first."""
    c = relationship_change.c
    query = select(c.field, c.before, c.after, c.by, c.at).where(c.person_id.in_(person_ids))
    return [_change(*row) for row in conn.execute(query.order_by(c.at, c.id))]


def list_all(conn: Connection) -> list[Related]:
    """Give everybody who is something, by name; a merged person once."""
    c, root = relationship_change.c, person.alias("root")
    query = (
        select(root.c.id, root.c.username, c.field, c.before, c.after, c.by, c.at)
        .join(person, person.c.id == c.person_id)
        .join(root, root.c.id == func.coalesce(person.c.canonical_id, person.c.id))
        .order_by(root.c.username, root.c.id, c.at, c.id)
    )
    found = [
        Related(username, _sum([_change(*row[2:]) for row in rows]))
        for (_root, username), rows in groupby(conn.execute(query), lambda row: (row.id, row.username))
    ]
    return [one for one in found if one.relationship.status is not None]


def keep(conn: Connection, person_id: int) -> None:
    """Write the row of one person anew, from the changes that are kept of that row alone."""
    own = find(conn, [person_id])
    if own is None:
        conn.execute(delete(relationship).where(relationship.c.person_id == person_id))
        return
    row = {name: getattr(own, name) for name in FIELDS} | {"person_id": person_id}
    row |= {name: _written(row[name]) for name in _MANY}
    upsert(
        conn,
        relationship,
        [row],
        keys=["person_id"],
        changes=lambda excluded: {name: excluded[name] for name in FIELDS},
    )


def _write(
    conn: Connection,
    person_ids: Sequence[int],
    new: Mapping[str, Any],
    *,
    by: str,
    at: datetime,
    batch_id: int | None,
) -> list[str]:
    old = _sum(history(conn, person_ids))
    changed = [name for name in FIELDS if name in new and new[name] != getattr(old, name)]
    about = {"person_id": person_ids[0], "by": by, "at": at, "batch_id": batch_id}
    rows = [
        about | {"field": name, "before": _written(getattr(old, name)), "after": _written(new[name])}
        for name in changed
    ]
    if rows:
        conn.execute(insert(relationship_change), rows)
        keep(conn, person_ids[0])
    return changed


def _sum(changes: Sequence[Change]) -> Relationship:
    return added_up((one.field, one.after) for one in changes)


def _change(field: str, before: str | None, after: str | None, by: str, at: datetime) -> Change:
    return Change(field, _read(field, before), _read(field, after), by, at)


def _plain(name: str, value: Any) -> Any:
    if value is CLEARED or value == "":
        return None
    return tuple(dict.fromkeys(value)) if name in _MANY else value


def _written(value: Any) -> str | None:
    if value is None:
        return None
    return json.dumps(iso_z(value) if isinstance(value, datetime) else value)


def _read(name: str, text: str | None) -> Any:
    value = None if text is None else json.loads(text)
    if name in _MANY:
        return tuple(value or ())
    return datetime.fromisoformat(value) if name in _TIMES and value is not None else value
