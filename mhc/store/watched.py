"""The people on a list, and what is new of them: read for those who are shown, and for nobody else."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import Connection, Select, func, select, union_all

from mhc.domain.clock import EPOCH
from mhc.domain.live import Live
from mhc.store import room_readings, segments
from mhc.store.merged import root_of
from mhc.store.people import CHUNK, roots_of_rows
from mhc.store.schema import (
    event,
    person,
    person_total,
    rating_change,
    relationship_change,
    stream,
    visit,
    watchlist_member,
)


class Member(NamedTuple):
    """A person on a list."""

    id: int
    username: str
    added_at: datetime
    note: str | None


class News(NamedTuple):
    """What is new of a person; None is not known."""

    online: bool | None  # True while they are in a room that is listened to, or their own is live
    last_seen_at: datetime | None
    last_change_at: datetime | None  # of their rating, the relationship or their lists
    last_interaction_at: datetime | None  # an event of theirs, but for anonymous ones, or one with them


def members(conn: Connection, list_id: int, limit: int | None = None) -> list[Member]:
    """Give who is on a list, by name; a merged person since the first of their rows, with the last note."""
    of = watchlist_member.c
    who = root_of(of.person_id)
    name = select(person.c.username).where(person.c.id == who).scalar_subquery()
    query = (
        select(who.label("id"), name.label("username"), of.added_at, of.note)
        .where(of.list_id == list_id, of.removed_at.is_(None))
        .order_by("username", "id", of.added_at, of.id)
    )
    once: dict[int, Member] = {}
    for row in map(Member._make, conn.execute(query, execution_options={"yield_per": CHUNK})):
        if row.id not in once and len(once) == limit:
            break
        first = once.setdefault(row.id, row)
        once[row.id] = first._replace(note=first.note if row.note is None else row.note)
    return list(once.values())


def news(
    conn: Connection,
    root_ids: Sequence[int],
    room_ids: Sequence[int] | None,
    *,
    heard: bool,
    live: Live | None = None,
) -> dict[int, News]:
    """Give what is new of these people (roots); `heard` says that the rooms (None: all) are listened to now.

    `live` is what polls say of who is live in their own room (None: nobody knows).
    """
    found: dict[int, News] = {}
    for start in range(0, len(root_ids), CHUNK):
        part = root_ids[start : start + CHUNK]
        rows = roots_of_rows(conn, part)
        there = {rows[who] for who in _present(conn, rows, room_ids)} if heard else set()
        if live is not None:
            there |= {rows[who] for who in room_readings.live_among(conn, rows, live)}
        seen = _latest(rows, conn.execute(_seen(rows)))
        changed = _latest(rows, conn.execute(_changes(rows)))
        met = _latest(rows, (pair for query in _meetings(conn, rows) for pair in conn.execute(query)))
        found.update(
            (who, News(True if who in there else None, seen.get(who), changed.get(who), met.get(who)))
            for who in part
        )
    return found


def _latest(rows: Mapping[int, int], found: Iterable[Any]) -> dict[int, datetime]:
    """Give the latest time of each root, from those of its rows."""
    latest: dict[int, datetime] = {}
    for who, at in found:
        if at is not None and at != EPOCH:  # a pasted line of unknown time
            latest[rows[who]] = max(at, latest.get(rows[who], at))
    return latest


def _present(conn: Connection, rows: Mapping[int, int], room_ids: Sequence[int] | None) -> Sequence[int]:
    query = select(visit.c.person_id).where(segments.is_open, visit.c.person_id.in_(list(rows)))
    if room_ids is not None:
        query = query.where(visit.c.room_id.in_(room_ids))
    return conn.execute(query).scalars().all()


def _seen(rows: Mapping[int, int]) -> Select[Any]:
    return select(person.c.id, person.c.last_seen_at).where(person.c.id.in_(list(rows)))


def _changes(rows: Mapping[int, int]) -> Any:
    ids = list(rows)
    columns = [(table.c.person_id, table.c.at) for table in (rating_change, relationship_change)]
    columns += [
        (watchlist_member.c.person_id, watchlist_member.c[name]) for name in ("added_at", "removed_at")
    ]
    return union_all(*(select(who, func.max(at)).where(who.in_(ids)).group_by(who) for who, at in columns))


def _meetings(conn: Connection, rows: Mapping[int, int]) -> list[Select[Any]]:
    """Give the queries of the last event of each, as totals know it, and of the last one with them."""
    ids = list(rows)
    who = person_total.c.person_id
    did = select(who, func.max(person_total.c.last_seen_at)).where(who.in_(ids)).group_by(who)
    testbed = list(conn.execute(select(stream.c.id).where(stream.c.kind == "testbed")).scalars())
    other = event.c.partner_id
    wrote = select(other, func.max(event.c.at)).where(other.in_(ids)).group_by(other)
    return [did, wrote.where(event.c.stream_id.not_in(testbed)) if testbed else wrote]
