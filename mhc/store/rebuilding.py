"""Makes the sessions of a room anew from its events, in a window of time, and tells what that changed."""

from collections import Counter
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from sqlalchemy import Connection, select

from mhc.store import derived, sessions
from mhc.store.schema import broadcast, visit
from mhc.store.sessions import Session


class Change(NamedTuple):
    """What became of a session: it is new, changed or gone."""

    change: str
    id: int
    started_at: datetime | None
    ended_at: datetime | None
    was_started_at: datetime | None
    was_ended_at: datetime | None
    title: str | None


class Changes(NamedTuple):
    """What a rebuild changed: sessions one by one, and how many broadcasts and visits."""

    sessions: list[Change]
    broadcasts: int
    visits: int


def rebuild(conn: Connection, room_id: int, since: datetime | None, gap: timedelta) -> Changes:
    """Make what lasted at an instant (None: ever) or came after it anew from the events.

    What a person typed stays, and so do sessions made by hand.
    """
    sessions.lock(conn, room_id)
    before = sessions.of_room(conn, room_id)
    broadcasts, stays = _broadcasts(conn, room_id), _visits(conn, room_id)
    derived.rebuild(conn, room_id, gap, since)
    after = sessions.of_room(conn, room_id)
    return Changes(
        sorted(_changes(before, after), key=lambda one: (one.started_at or one.was_started_at, one.id)),
        _differing(broadcasts, _broadcasts(conn, room_id)),
        _differing(stays, _visits(conn, room_id)),
    )


def preview(conn: Connection, room_id: int, since: datetime | None, gap: timedelta) -> Changes:
    """Tell what `rebuild` would change, and take it back. Needs a transaction that writes."""
    with conn.begin_nested() as trial:
        found = rebuild(conn, room_id, since, gap)
        trial.rollback()
    return found


def _changes(before: list[Session], after: list[Session]) -> Iterator[Change]:
    old = {one.id: one for one in before}
    new = {one.id: one for one in after}
    for number in old.keys() | new.keys():
        was, now = old.get(number), new.get(number)
        if was is not None and now is not None and was.span == now.span:
            continue
        word = "new" if was is None else "gone" if now is None else "changed"
        yield Change(word, number, *_times(now), *_times(was), None if now is None else now.title)


def _times(one: Session | None) -> tuple[datetime | None, datetime | None]:
    return (None, None) if one is None else (one.started_at, one.ended_at)


def _broadcasts(conn: Connection, room_id: int) -> Counter[tuple[Any, ...]]:
    b = broadcast.c
    query = select(b.started_at, b.ended_at, b.start_inferred, b.end_inferred)
    return Counter(map(tuple, conn.execute(query.where(b.room_id == room_id))))


def _visits(conn: Connection, room_id: int) -> Counter[tuple[Any, ...]]:
    query = select(visit.c.person_id, visit.c.entered_at, visit.c.left_at, visit.c.ending)
    return Counter(map(tuple, conn.execute(query.where(visit.c.room_id == room_id))))


def _differing(before: Counter[tuple[Any, ...]], after: Counter[tuple[Any, ...]]) -> int:
    """Give how many rows are other than before."""
    return max((before - after).total(), (after - before).total())
