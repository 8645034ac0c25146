"""Public profiles as history: a row a field and change. What stands now is the last row of each field."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import Connection, Select, and_, select

from mhc.domain.profiles import FIELDS, read_value
from mhc.store.schema import person, profile_change
from mhc.store.upsert import insert_new

_ORDER = {name: place for place, name in enumerate(FIELDS)}


class Standing(NamedTuple):
    """A field of a room's profile as it is, and since when it is known to be so; null: it was taken away."""

    username: str
    field: str
    value: Any
    since: datetime
    source: str


class Change(NamedTuple):
    """One change of a field. `before_at` is since when it was what it was before; None: nothing was known of it."""

    at: datetime
    username: str
    field: str
    before: Any
    after: Any
    before_at: datetime | None
    source: str


def note(
    conn: Connection, person_id: int, values: Mapping[str, str | None], *, source: str, at: datetime
) -> list[str]:
    """Keep what a source says of a room at an instant; give the fields that are another than just before it.

    A field that is not set, and of which nothing was known, is none.
    """
    p = profile_change.c
    rows = conn.execute(
        select(p.field, p.value).where(p.person_id == person_id, p.at <= at).order_by(p.field, p.at, p.id)
    )
    before: dict[str, str | None] = {row.field: row.value for row in rows}
    row = {"person_id": person_id, "source": source, "at": at}
    return [
        name
        for name, value in values.items()
        if before.get(name) != value
        and insert_new(conn, profile_change, row | {"field": name, "value": value})
    ]


def standing(conn: Connection, person_ids: Sequence[int]) -> list[Standing]:
    """Give what stands in the profiles of some rows, by name and in the order of a profile."""
    p = profile_change.c
    query = select(person.c.username, p.field, p.value, p.at, p.source, p.person_id)
    query = query.join(person, person.c.id == p.person_id).where(p.person_id.in_(person_ids))
    last: dict[tuple[str, str], Standing] = {}
    for username, field, value, at, source, _ in conn.execute(query.order_by(p.at, p.id)):
        last[username, field] = Standing(username, field, read_value(field, value), at, source)
    return sorted(last.values(), key=lambda one: (one.username, _place(one.field)))


def _place(field: str) -> tuple[int, str]:
    return _ORDER.get(field, len(_ORDER)), field


def kept_out(conn: Connection) -> set[str]:
    """Give the names of the rooms that the site did not show to this address when it was last asked."""
    p = profile_change.c
    query = select(person.c.username, p.value).join(person, person.c.id == p.person_id)
    rows = conn.execute(query.where(p.field == "kept_out").order_by(p.at, p.id))
    last = {row.username: row.value for row in rows}
    return {username for username, value in last.items() if value is not None}


def changes(
    conn: Connection,
    person_ids: Sequence[int] | None = None,
    since: datetime | None = None,
    until: datetime | None = None,
    *,
    first: bool = False,
    limit: int | None = None,
) -> list[Change]:
    """Give changes, the newest first, of some rows or of all; with `first` also what a first look found."""
    found = conn.execute(_changes(person_ids, since, until, first=first).limit(limit))
    return [
        Change(
            row.at,
            row.username,
            row.field,
            read_value(row.field, row.before),
            read_value(row.field, row.value),
            row.before_at,
            row.source,
        )
        for row in found
    ]


def _changes(
    person_ids: Sequence[int] | None, since: datetime | None, until: datetime | None, *, first: bool
) -> Select[Any]:
    p, other = profile_change.c, profile_change.alias("other")
    earlier = and_(other.c.person_id == p.person_id, other.c.field == p.field, other.c.at < p.at)

    def last(column: Any) -> Any:
        query = select(column).where(earlier).order_by(other.c.at.desc(), other.c.id.desc()).limit(1)
        return query.correlate(profile_change).scalar_subquery()

    found = select(
        p.id, p.person_id, p.at, p.field, p.value, p.source,
        last(other.c.value).label("before"), last(other.c.at).label("before_at"),
    )  # fmt: skip
    if person_ids is not None:
        found = found.where(p.person_id.in_(person_ids))
    found = found.where(*([p.at >= since] if since else []), *([p.at < until] if until else []))
    of = found.subquery()
    query = select(of, person.c.username).join(person, person.c.id == of.c.person_id)
    query = query.where(of.c.value.is_distinct_from(of.c.before))
    if not first:
        query = query.where(of.c.before_at.is_not(None))
    return query.order_by(of.c.at.desc(), person.c.username, of.c.field, of.c.id)
