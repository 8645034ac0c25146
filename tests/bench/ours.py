"""Events into a database the way mhc's listener keeps them."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from bench.feed import ROOM
from mhc.capture.envelope import read_events
from mhc.domain.broadcasts import MERGE_GAP
from mhc.store import pages, streams
from mhc.store.database import Database
from mhc.store.pages import Page
from mhc.store.streams import Kind, Moved, Stream

_LEASE = timedelta(minutes=5)


def hold(db: Database) -> Stream:
    """Take the lease of the bench's stream."""
    now = datetime.now(UTC)
    with db.write() as conn:
        found = streams.ensure(conn, ROOM, Kind.LIVE, "bench", now)
        streams.take_lease(conn, found.id, "bench", now=now, valid=_LEASE, lock_held=True)
        return streams.get(conn, found.id)


class Listener:
    """Keeps pages as the listener does after good polls: each covers the time since the last one."""

    def __init__(self, db: Database, held: Stream) -> None:
        self._db, self._held = db, held
        self._last_poll_at = datetime.now(UTC)

    def keep(self, elements: Sequence[bytes]) -> None:
        """Read a page and keep it."""
        now = datetime.now(UTC)
        events, refused = read_events(list(elements))
        moved = Moved(f"i={events[-1].id.text}", 0)
        kept = [(one.body, one.reason) for one in refused]
        page = Page(now, events, kept, moved, covers_from=self._last_poll_at, joined=True)
        pages.store(self._db, self._held, page, lease=_LEASE, merge_gap=MERGE_GAP)
        self._last_poll_at = now
