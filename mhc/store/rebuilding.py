"""Makes the sessions of a room anew from its events, in a window of time, and tells what that changed."""

from collections import Counter
from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from sqlalchemy import Connection, select

from mhc.store import derived, sessions
from mhc.store.schema import broadcast, room_state, visit
from mhc.store.sessions import Session


class Change(NamedTuple):
    """What became of a session: it is new, changed, gone, or the same."""

    change: str
    id: int
    started_at: datetime | None
    ended_at: datetime | None
    was_started_at: datetime | None
    was_ended_at: datetime | None
    title: str | None


class Changes(NamedTuple):
    """What became of the sessions of a window, those that changed first; how many broadcasts and visits changed."""

    sessions: list[Change]
    broadcasts: int
    visits: int

    @property
    def changed(self) -> int:
        """How many sessions are other than before."""
        return sum(one.change != SAME for one in self.sessions)


SAME = "same"


def rebuild_all(
    conn: Connection,
    room_ids: Iterable[int],
    since: datetime | None,
    gap: timedelta,
    *,
    preview: bool = False,
) -> Changes:
    """Do what `rebuild` does for a room that has several rows."""
    each = [rebuild(conn, one, since, gap, preview=preview) for one in sorted(room_ids)]
    found = sorted((one for room in each for one in room.sessions), key=_in_order)
    return Changes(found, sum(one.broadcasts for one in each), sum(one.visits for one in each))


def rebuild(
    conn: Connection, room_id: int, since: datetime | None, gap: timedelta, *, preview: bool = False
) -> Changes:
    """Make what lasted at an instant (None: ever) or came after it anew from the events.

    What a person typed stays, and so do sessions made by hand. Where all was right, or this is a preview, nothing is
    written in the end.
    """
    sessions.lock(conn, room_id)
    before, was = sessions.of_room(conn, room_id), _derived(conn, room_id)
    with conn.begin_nested() as trial:
        derived.rebuild(conn, room_id, gap, since)
        after, now = sessions.of_room(conn, room_id), _derived(conn, room_id)
        found = sorted(_changes(before, after, since), key=_in_order)
        if preview or (was == now and all(one.change == SAME for one in found)):
            trial.rollback()
    return Changes(found, *(_differing(*pair) for pair in zip(was[:2], now[:2], strict=True)))


def _in_order(one: Change) -> tuple[bool, datetime, int]:
    at = one.started_at or one.was_started_at
    assert at is not None
    return one.change == SAME, at, one.id


def _changes(before: list[Session], after: list[Session], since: datetime | None) -> Iterator[Change]:
    old = {one.id: one for one in before}
    new = {one.id: one for one in after}
    for number in old.keys() | new.keys():
        was, now = old.get(number), new.get(number)
        word = "new" if was is None else "gone" if now is None else "changed"
        if was is not None and now is not None and was.span == now.span:
            if since is not None and now.ended_at is not None and now.ended_at < since:
                continue
            word = SAME
        yield Change(word, number, *_times(now), *_times(was), None if now is None else now.title)


def _times(one: Session | None) -> tuple[datetime | None, datetime | None]:
    return (None, None) if one is None else (one.started_at, one.ended_at)


def _derived(conn: Connection, room_id: int) -> tuple[Counter[Any], Counter[Any], list[Any]]:
    """Give what is derived beside sessions: broadcasts, visits, and where the reading stands."""
    b, v = broadcast.c, visit.c
    shows = select(b.started_at, b.ended_at, b.start_inferred, b.end_inferred, b.session_id)
    stays = select(v.person_id, v.entered_at, v.left_at, v.ending)
    stands = select(room_state.c.last_at, room_state.c.state).where(room_state.c.room_id == room_id)
    return (
        Counter(map(tuple, conn.execute(shows.where(b.room_id == room_id)))),
        Counter(map(tuple, conn.execute(stays.where(v.room_id == room_id)))),
        list(map(tuple, conn.execute(stands))),
    )


def _differing(before: Counter[Any], after: Counter[Any]) -> int:
    """Give how many rows are other than before."""
    return max((before - after).total(), (after - before).total())
