"""What was stored since the last look, by whatever process: found along the index of streams and times.

A feed comes in order of time, but for a little. So what is new stands behind the latest event of its stream, or not
far before it, however long the feed itself lags behind; and within that stretch it is what was not there before.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, select

from mhc.store import history
from mhc.store.events import StoredEvent
from mhc.store.history import COLUMNS, KEY, Filter
from mhc.store.schema import event, stream

STRETCH = timedelta(minutes=5)  # by how much an event may come later than one that happened after it


@dataclass(slots=True)
class _Window:
    """The end of a stream: from when on it is watched (None: from its beginning), and what stands there."""

    since: datetime | None = None
    seen: set[tuple[Any, ...]] = field(default_factory=set)


class Tail:
    """Gives the last stored events once, and then those that were added since the last look."""

    def __init__(self, wanted: Filter) -> None:
        self._wanted = wanted
        self._windows: dict[int, _Window] = {}

    def last(self, conn: Connection, number: int) -> list[StoredEvent]:
        """Give the last events, in order of time, and begin to watch."""
        for stream_id in self._streams(conn):
            self._windows[stream_id] = window = _Window(_watched_from(conn, stream_id))
            self._look(conn, stream_id, window)
        rows = history.block(conn, self._wanted, None, number, newest_first=True)
        return history.shown(conn, rows[::-1])

    def fresh(self, conn: Connection) -> list[StoredEvent]:
        """Give what was added since the last look, in order of time."""
        rows: list[Any] = []
        for stream_id in self._streams(conn):
            window = self._windows.setdefault(stream_id, _Window())
            new = self._look(conn, stream_id, window)
            rows += self._rows(conn, stream_id, new) if new else []
        return history.shown(conn, sorted(rows, key=lambda row: tuple(row[:5])))

    def _streams(self, conn: Connection) -> Sequence[int]:
        query = select(stream.c.id).order_by(stream.c.id)
        if not self._wanted.testbed:
            query = query.where(stream.c.kind != "testbed")
        return conn.execute(query).scalars().all()

    def _look(self, conn: Connection, stream_id: int, window: _Window) -> set[tuple[Any, ...]]:
        """Give the keys that were not there at the last look, and move the window on."""
        query = select(*KEY, event.c.received_at).where(event.c.stream_id == stream_id)
        if window.since is not None:
            query = query.where(event.c.at >= window.since)
        found = conn.execute(query).all()
        keys = {tuple(row[:4]) for row in found}
        new = keys - window.seen
        # An event of the future, from a clock gone wrong, must not hide what comes before it.
        latest = max((row.at for row in found if row.at <= row.received_at), default=None)
        if latest is not None:
            window.since = max(window.since or latest - STRETCH, latest - STRETCH)
        window.seen = {key for key in keys if window.since is None or key[0] >= window.since}
        return new

    def _rows(self, conn: Connection, stream_id: int, new: set[tuple[Any, ...]]) -> list[Any]:
        """Give those of the new ones that were asked for."""
        times = sorted(key[0] for key in new)
        wanted = replace(self._wanted, since=times[0], until=times[-1] + timedelta(milliseconds=1))
        (lane,) = history.lanes(conn, wanted, [stream_id])
        return [row for row in conn.execute(select(*COLUMNS).where(*lane)) if tuple(row[:4]) in new]


def _watched_from(conn: Connection, stream_id: int) -> datetime | None:
    """Give from when on to watch a stream; None where it has nothing yet."""
    query = select(event.c.at).where(event.c.stream_id == stream_id, event.c.at <= event.c.received_at)
    latest: datetime | None = conn.execute(query.order_by(event.c.at.desc()).limit(1)).scalar()
    return None if latest is None else latest - STRETCH
