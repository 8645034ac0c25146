"""Keeps the pages of one room: in the database under the lease, or in the spool until the database is back."""

import logging
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

from mhc.capture import left
from mhc.capture import spool as spools
from mhc.capture.beside import beside
from mhc.capture.entry import Entry, Header, Place
from mhc.capture.health import Health
from mhc.capture.lease import DatabaseReplacedError, Hold
from mhc.capture.lock import HeldError, StreamLock
from mhc.capture.options import Options
from mhc.capture.replay import Replayed, Target, replay
from mhc.capture.spool import Spool
from mhc.capture.stops import note_lone
from mhc.domain.counted import counted
from mhc.errors import AccessError, MhcError, TryLaterError
from mhc.store import pages, streams
from mhc.store.events import NewEvent
from mhc.store.failures import DatabaseBusyError, DatabaseDownError, DiskFullError, MissingRightError
from mhc.store.pages import LeaseLostError, Page

# What passes, sooner or later: pages wait for it in the spool.
AWAY = (DatabaseDownError, DatabaseBusyError, DiskFullError)
# A right that is taken away, or a disk that becomes read-only under a listener, is mended without it.
_TAKEN_AWAY = (AccessError, MissingRightError)
_AWAY_LATER = (*AWAY, *_TAKEN_AWAY)
_RETRY_FIRST, _RETRY_MOST = 1.0, 30.0  # seconds between tries of the database

log = logging.getLogger("mhc.listen")


class Keeper:
    """Where pages go, and how they come into the database in the end."""

    def __init__(
        self,
        hold: Hold,
        health: Health,
        lock_of: Callable[[str], StreamLock],
        options: Options,
        stopping: Callable[[], bool],
    ) -> None:
        self.stored = 0
        self._hold = hold
        self._health = health
        self._lock_of = lock_of
        self._o = options
        self._stopping = stopping
        self._spool: Spool | None = None
        self._others: list[Header] = []
        self._retry_at = float("-inf")
        self._tries = 0
        self._why = ""
        self._away: type[MhcError] | None = None  # what was said last
        self._stored_before = False
        self._replayed = 0

    @property
    def is_spooling(self) -> bool:
        """Whether the next page goes to the spool: the database is away, or has not caught up yet."""
        return self._has_pages or not self._hold.leased or self._o.monotonic() < self._retry_at

    @property
    def _has_pages(self) -> bool:
        return self._others != [] or (self._spool is not None and self._spool.pages > 0)

    def open(self) -> None:
        """Find what was spooled before, once the lease is held: the feed goes on where that leads."""
        held = self._hold.held
        spool = Spool(self._path(held.lock_name), self._o.spool_max)
        self._spool = spool if spool.is_there else None
        known = self._spooled_before(held.room, held.kind, held.host)
        self._others = [header for header in known if header.lock_name != held.lock_name]
        self._retry_at, self._tries = float("-inf"), 0
        if self._spool is not None:
            self._hold.stand_at(self._spool.leads_to(Place.of(held)))

    def resume(self, room: str, host: str, why: str) -> bool:
        """Go on without the database from what was spooled; False where nothing was. Raises HeldError."""
        for header in self._spooled_before(room, self._o.kind, host):
            self._hold.resume(header)  # who had it until now may just have brought in what it held
            spool = Spool(self._path(header.lock_name), self._o.spool_max)
            if spool.pages == 0:
                self._hold.unlock()
            else:
                self._hold.stand_at(spool.leads_to(header.place))
                self._spool, self._others, self._why = spool, [], why
                self._health.spooled(self._hold.held, spool.pages, why, None, None)
                return True
        return False

    def _spooled_before(self, room: str, kind: str, host: str) -> list[Header]:
        return spools.find(self._health.state_dir, room, kind, host, self._hold.db.name)

    def _path(self, lock_name: str) -> Path:
        return left.path_of(self._health.state_dir, lock_name)

    def keep(self, page: Page, elements: list[bytes]) -> int:
        """Keep a page; give how many events are new, or, in the spool, how many there are.

        Raises SpoolFullError where it could not be kept, LeaseLostError where the stream is another's.
        """
        if not self.is_spooling:
            try:
                new = self._store(page)
            except _AWAY_LATER as error:
                # Where no page was ever stored, it is no right that was taken away, but one that was never given.
                if self._o.once or (isinstance(error, _TAKEN_AWAY) and not self._stored_before):
                    raise
                self._is_away(error)
            except DatabaseReplacedError:
                self._put_aside(page, elements)  # what takes its place gets this page, too
                raise
            else:
                self._is_stored(page, new)
                return len(new)
        self._put_aside(page, elements)
        return len(page.events)

    def _store(self, page: Page) -> Sequence[NewEvent]:
        self._hold.check_file()
        held = self._hold.held
        lease = self._hold.length(page.moved.cursor if page.moved else held.cursor)
        return pages.store(self._hold.db, held, page, lease=lease, merge_gap=self._o.merge_gap)

    def _is_stored(self, page: Page, new: Sequence[NewEvent]) -> None:
        self._hold.moved(page)
        self._hold.renewed()
        self._tries, self._stored_before = 0, True
        if page.moved is not None:
            self._health.polled(self._hold.held, page.received_at, _last_id(page))
        self._hand_on(page, new)

    def _hand_on(self, page: Page, new: Sequence[NewEvent]) -> None:
        room = self._hold.held.room
        if page.gap is not None and page.gap.from_at is not None:
            log.warning("%s: something may be missing: %s", room, page.gap.cause)
        self.stored += len(new)
        counts = (len(page.events), len(new), len(page.refused))
        log.info("%s: %d events, %d new, %d rejected", room, *counts)
        if new:
            beside(note_lone, self._hold.db, self._hold.held, new)
            beside(self._o.on_events, self._hold.held, new)

    def _put_aside(self, page: Page, elements: list[bytes]) -> None:
        held = self._hold.held
        if self._spool is None:
            self._spool = Spool(self._path(held.lock_name), self._o.spool_max)
        place = Place.of(held)
        self._spool.append(self._header(place), Entry.of(page, elements, place))
        if self._spool.pages == 1:
            log.warning("%s: spooling until the database is back: %s", held.room, self._why)
        self._hold.moved(page)
        polled = page.received_at if page.moved is not None else None
        self._health.spooled(self._hold.held, self._spool.pages, self._why, polled, _last_id(page))

    def _header(self, place: Place) -> Header:
        held = self._hold.held
        return Header(
            room=held.room,
            kind=held.kind,
            host=held.host,
            database=spools.digest(self._hold.db.name),
            stream_id=held.id,
            room_id=held.room_id,
            lock_name=held.lock_name,
            epoch=held.epoch,
            owner=held.owner,
            place=place,
        )

    def tend(self) -> None:
        """Bring what was spooled into the database, or hold the lease longer, where one of them is due.

        Raises LeaseLostError or HeldError where the stream is another's; all that was spooled is in the database then.
        """
        if self._o.monotonic() < self._retry_at:
            return
        if not self._has_pages and self._hold.leased and not self._hold.renewal_is_due:
            return
        try:
            if self._has_pages or not self._hold.leased:
                self._come_back()
            else:
                self._hold.renew()
        except _AWAY_LATER as error:
            if self._o.once:
                raise
            self._is_away(error)
        else:
            self._tries = 0
        self._health.progress()  # whatever came of it: it did not hang

    def _is_away(self, error: MhcError) -> None:
        self._tries += 1
        most = min(_RETRY_MOST, _RETRY_FIRST * 2.0 ** min(self._tries - 1, 16))
        wait = most * (0.5 + self._o.backoff.chance.random() / 2) * self._o.wait_scale
        self._retry_at = self._o.monotonic() + wait
        self._why = error.message
        known = self._tries > 1 and type(error) is self._away
        self._away = type(error)
        level = logging.INFO if known else logging.WARNING
        level = logging.ERROR if isinstance(error, _TAKEN_AWAY) else level
        log.log(level, "%s: %s; next try in %.1f s", self._hold.held.room, error.message, wait)

    def _come_back(self) -> None:
        """Bring everything into the database, whoever has the lease now, and go on only where it is ours."""
        elsewhere: TryLaterError | None = None
        if not self._hold.leased:
            elsewhere = self._lease_again()
        stream = self._hold.in_database()
        ours = elsewhere is None and stream.epoch == self._hold.held.epoch
        if ours:
            self._hold.renew()
        target = Target(self._hold, stream, ours, self._o.merge_gap)
        self._replayed = 0
        self._replay_others(target)
        if self._spool is None or self._stopping():
            return
        came = replay(self._spool, target, self._tell, self._stopping)
        if not came.whole:
            return
        self._done(came)
        if not came.ours:
            raise elsewhere or LeaseLostError(f"another listener took over {stream.room}")

    def _lease_again(self) -> TryLaterError | None:
        """Take the lease, which nobody had while the database was away; give who has it where another does."""
        place = Place.of(self._hold.held)
        try:
            self._hold.acquire()
        except HeldError as error:
            with self._hold.db.read() as conn:
                held = self._hold.held
                found = streams.find(conn, held.room, held.kind, held.host)
            if found is not None:  # whatever the spool says: these are its numbers now
                self._hold.known_as(found)
            return error
        self._hold.stand_at(place)
        return None

    def _replay_others(self, target: Target) -> None:
        """Give the events that were spooled for a database that was replaced to the one that took its place."""
        for header in list(self._others):
            lock = self._lock_of(header.lock_name)
            try:
                lock.acquire(header.room)
            except HeldError:
                self._others.remove(header)  # its own listener brings it in
                continue
            try:
                spool = Spool(self._path(header.lock_name), self._o.spool_max)
                if replay(spool, replace(target, ours=False), self._tell, self._stopping).whole:
                    spool.remove()
                    self._others.remove(header)
            finally:
                lock.release()

    def _tell(self, page: Page, new: Sequence[NewEvent]) -> None:
        self._replayed += 1
        rest = max(0, (self._spool.pages if self._spool else 0) - self._replayed)
        self._health.replaying(self._hold.held, rest)
        self._hand_on(page, new)

    def _done(self, came: Replayed) -> None:
        if self._spool is not None:
            self._spool.remove()
            self._spool = None
        self._stored_before = True
        held = self._hold.held
        if came.ours:
            self._hold.stand_at(came.place)
            self._health.state(held, "listening", "")
        log.warning("%s: the database is back: %s replayed", held.room, counted(self._replayed, "page"))

    def close(self) -> None:
        """Close the spool; what is in it stays."""
        if self._spool is not None:
            self._spool.close()
            self._spool = None
        self._others = []


def _last_id(page: Page) -> str | None:
    return page.events[-1].id.text if page.events else None
