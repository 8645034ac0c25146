"""What changed about a person beside the events: notes, names, merges, lists, ratings, and what else is remembered.

Every table is read along its index of people and told as rows of the same shape, so that one query puts them in order.
"""

from collections.abc import Callable, Collection, Iterable, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import (
    Connection,
    Select,
    Text,
    case,
    cast,
    func,
    literal,
    null,
    or_,
    select,
    tuple_,
    union_all,
)

from mhc.store.schema import (
    Instant,
    String,
    alias,
    attribute,
    follow_change,
    note,
    person,
    person_merge,
    rating_change,
    relationship_change,
    snapshot,
    snapshot_source,
    watchlist,
    watchlist_member,
)

_TEXTS = ("kind", "room", "about", "before", "after", "text", "source")
# In this order they are told where times are equal, the last one being the latest; no generated id decides, but
# between rows that look the same.
_ORDER = ("at", "rank", *_TEXTS, "id")


class Change(NamedTuple):
    """One change; `key` is its place in the order of all, `before` and `after` are null where there was nothing."""

    at: datetime
    kind: str
    room: str | None
    about: str | None
    before: str | None
    after: str | None
    text: str | None
    source: str | None
    key: tuple[Any, ...]


class Wanted(NamedTuple):
    """Which changes are asked for: of whom, of which kinds (None: all), in a half-open time."""

    person_ids: Sequence[int]
    kinds: Collection[str] | None = None
    since: datetime | None = None
    until: datetime | None = None


def page(
    conn: Connection, wanted: Wanted, after: tuple[Any, ...] | None, size: int, *, newest_first: bool
) -> list[Change]:
    """Give the next changes beyond a key, in order of time."""
    parts = [
        query
        for kinds, source in _SOURCES
        if wanted.kinds is None or not kinds.isdisjoint(wanted.kinds)
        for query in source(wanted.person_ids)
    ]
    if not parts:
        return []
    told = union_all(*parts).subquery()
    key = [told.c.at, told.c.rank, *(func.coalesce(told.c[name], "") for name in _TEXTS), told.c.id]
    query = select(told)
    if wanted.kinds is not None:
        query = query.where(told.c.kind.in_(sorted(wanted.kinds)))
    if wanted.since is not None:
        query = query.where(told.c.at >= wanted.since)
    if wanted.until is not None:
        query = query.where(told.c.at < wanted.until)
    if after is not None:
        place = tuple_(*(literal(value, column.type) for value, column in zip(after, key, strict=True)))
        query = query.where(tuple_(*key) < place if newest_first else tuple_(*key) > place)
    query = query.order_by(*(one.desc() if newest_first else one for one in key)).limit(size)
    return [_change(row) for row in conn.execute(query)]


def _change(row: Any) -> Change:
    key = (row.at, row.rank, *(getattr(row, name) or "" for name in _TEXTS), row.id)
    return Change(at=row.at, key=key, **{name: getattr(row, name) for name in _TEXTS})


def _told(rank: int, kind: Any, at: Any, row_id: Any, **texts: Any) -> Select[Any]:
    """Give a query of changes: each of the texts that is not given is null."""
    columns = {"at": at, "rank": literal(rank), "id": row_id}
    columns |= {name: texts.get(name, cast(null(), Text)) for name in _TEXTS[1:]}
    columns["kind"] = literal(kind, String) if isinstance(kind, str) else kind
    return select(*(columns[name].label(name) for name in _ORDER)).where(at.is_not(None))


def _notes(ids: Sequence[int]) -> Iterable[Select[Any]]:
    c = note.c
    at = func.coalesce(c.happened_at, c.created_at, type_=Instant)
    query = _told(9, "note", at, c.id, about=c.category, text=c.body, source=c.source)
    yield query.where(c.person_id.in_(ids))


def _names(ids: Sequence[int]) -> Iterable[Select[Any]]:
    """Give each name that began or ended; one that took the place of another is told once."""
    c, other = alias.c, alias.alias("other")
    old = select(func.max(other.c.username)).where(
        other.c.person_id == c.person_id, other.c.valid_to == c.valid_from
    )
    next_one = select(other.c.id).where(other.c.person_id == c.person_id, other.c.valid_from == c.valid_to)
    began = _told(
        8, "rename", c.valid_from, c.id, before=old.scalar_subquery(), after=c.username, source=c.source
    )
    ended = _told(8, "rename", c.valid_to, c.id, before=c.username, source=c.source)
    yield began.where(c.person_id.in_(ids))
    yield ended.where(c.person_id.in_(ids), ~next_one.exists())


def _merges(ids: Sequence[int]) -> Iterable[Select[Any]]:
    c, keep, other = person_merge.c, person.alias("keep"), person.alias("other")
    for kind, at, before, after in (
        ("merge", c.at, other, keep),
        ("unmerge", c.undone_at, keep, other),
    ):
        query = _told(7, kind, at, c.id, before=before.c.username, after=after.c.username, text=c.reason)
        query = query.join(keep, keep.c.id == c.keep_id).join(other, other.c.id == c.other_id)
        yield query.where(or_(c.keep_id.in_(ids), c.other_id.in_(ids)))


def _lists(ids: Sequence[int]) -> Iterable[Select[Any]]:
    c, name = watchlist_member.c, watchlist.c.name
    for query in (
        _told(6, "list", c.added_at, c.id, after=name, text=c.note),
        _told(5, "list", c.removed_at, c.id, before=name, text=c.removal_note),
    ):
        yield query.join(watchlist, watchlist.c.id == c.list_id).where(c.person_id.in_(ids))


def _ratings(ids: Sequence[int]) -> Iterable[Select[Any]]:
    c = rating_change.c
    before = func.lag(c.rating).over(order_by=(c.at, c.id))
    query = _told(4, "rating", c.at, c.id, before=cast(before, Text), after=cast(c.rating, Text))
    yield query.where(c.person_id.in_(ids))


def _relationships(ids: Sequence[int]) -> Iterable[Select[Any]]:
    c = relationship_change.c
    query = _told(3, "relationship", c.at, c.id, about=c.field, before=c.before, after=c.after, source=c.by)
    yield query.where(c.person_id.in_(ids))


def _attributes(ids: Sequence[int]) -> Iterable[Select[Any]]:
    """Give each value that was set or taken away; one that took the place of another is told once."""
    c, other = attribute.c, attribute.alias("other")
    same = (other.c.person_id == c.person_id, other.c.key == c.key)
    old = select(func.max(other.c.value)).where(*same, other.c.unset_at == c.set_at)
    next_one = select(other.c.id).where(*same, other.c.set_at == c.unset_at)
    was_set = _told(
        2,
        "attribute",
        c.set_at,
        c.id,
        about=c.key,
        before=old.scalar_subquery(),
        after=c.value,
        source=c.evidence,
    )
    was_unset = _told(2, "attribute", c.unset_at, c.id, about=c.key, before=c.value, source=c.evidence)
    yield was_set.where(c.person_id.in_(ids))
    yield was_unset.where(c.person_id.in_(ids), ~next_one.exists())


def _follows(ids: Sequence[int]) -> Iterable[Select[Any]]:
    """Give what other sources than the events saw of follows."""
    c, room = follow_change.c, person.alias("room")
    kind = case((c.state == "no", literal("unfollow", String)), else_=literal("follow", String))
    query = _told(
        1, kind, c.at, c.id, room=room.c.username, about=c.direction, after=c.state, source=c.source
    )
    query = query.join(room, room.c.id == c.room_id)
    yield query.where(c.person_id.in_(ids), c.source != "events")


def _snapshots(ids: Sequence[int]) -> Iterable[Select[Any]]:
    """Give the readings of other sources that said something new: what was said before and after, by its number."""
    c, asked = snapshot.c, snapshot_source.c
    last = func.lag(c.payload_id).over(partition_by=c.source_id, order_by=(c.captured_at, c.id))
    taken = select(c.id, c.captured_at, c.source_id, c.payload_id, last.label("before"))
    told = taken.where(c.person_id.in_(ids)).subquery().c
    query = _told(
        10,
        "snapshot",
        told.captured_at,
        told.id,
        about=asked.source,
        before=cast(told.before, Text),
        after=cast(told.payload_id, Text),
        text=asked.subject + literal(" ", String) + asked.range,
    )
    yield query.join(snapshot_source, asked.id == told.source_id).where(
        told.before.is_distinct_from(told.payload_id)
    )


_SOURCES: tuple[tuple[frozenset[str], Callable[[Sequence[int]], Iterable[Select[Any]]]], ...] = (
    (frozenset({"note"}), _notes),
    (frozenset({"rename"}), _names),
    (frozenset({"merge", "unmerge"}), _merges),
    (frozenset({"list"}), _lists),
    (frozenset({"rating"}), _ratings),
    (frozenset({"relationship"}), _relationships),
    (frozenset({"attribute"}), _attributes),
    (frozenset({"follow", "unfollow"}), _follows),
    (frozenset({"snapshot"}), _snapshots),
)
KINDS = tuple(sorted({kind for kinds, _ in _SOURCES for kind in kinds}))
