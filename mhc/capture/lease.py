"""One listener's hold on its stream: the machine's lock, and the lease in the database."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

from mhc.capture.entry import Header, Place
from mhc.capture.lock import HeldError, StreamLock, owner_id
from mhc.capture.options import Options
from mhc.clients.events import EventsClient, asked_timeout
from mhc.domain.clock import from_ms
from mhc.errors import TryLaterError
from mhc.store import derived, streams
from mhc.store.database import Database
from mhc.store.pages import LeaseLostError, Page
from mhc.store.streams import Stream

RENEW_SECONDS = 10.0
_OLDER = timedelta(days=7)  # so long may a listener of an older version have gone on after an upgrade


class DatabaseReplacedError(TryLaterError):
    """The database that we read from is no longer the one under its name."""

    @classmethod
    def named(cls, name: str) -> "DatabaseReplacedError":
        """Say which."""
        return cls(f"{name} was removed or replaced by another database")


class Hold:
    """What makes one listener the only one of its stream, and the stream as it last knew it."""

    def __init__(
        self,
        db: Database,
        client: EventsClient,
        state_dir: Path,
        lock_of: Callable[[str], StreamLock],
        options: Options,
    ) -> None:
        self.db = db
        self.leased = False  # False: the database was away all along, and another may have the lease
        self._client = client
        self._state_dir = state_dir
        self._lock_of = lock_of
        self._lock: StreamLock | None = None
        self._o = options
        self._held: Stream | None = None
        self._file: tuple[int, int] | None = None
        self._renewed_at = 0.0

    @property
    def held(self) -> Stream:
        """The stream, as this listener last kept a page of it."""
        if self._held is None:
            raise TryLaterError(f"the lease of {self._client.room} is not held")
        return self._held

    @property
    def is_held(self) -> bool:
        """Whether this listener is the one of its stream, as far as it knows."""
        return self._held is not None

    @property
    def renewal_is_due(self) -> bool:
        """Whether the lease was not renewed for a while."""
        return self._o.monotonic() - self._renewed_at >= RENEW_SECONDS

    def take(self) -> None:
        """Take the lock, then the lease. Raises HeldError where another has one of them."""
        if self._lock is None or not self._lock.is_held:
            self._lock = self._find_lock()
            self._lock.acquire(self._client.room)
        self.acquire()

    def _find_lock(self) -> StreamLock:
        """Make the stream where it is new; give its lock, which every way to address the database finds."""
        with self.db.write() as conn:
            found = streams.ensure(conn, self._client.room, self._o.kind, self._client.host, self._o.now())
        return self._lock_of(found.lock_name)

    def acquire(self) -> None:
        """Take the lease. Raises HeldError where another host has it."""
        now = self._o.now()
        owner = owner_id(self._state_dir)
        if self._lock is None:
            self._lock = self._find_lock()
        held = self._lock.is_held
        with self.db.write() as conn:
            found = streams.ensure(conn, self._client.room, self._o.kind, self._client.host, now)
            valid = self.length(found.cursor)
            epoch = streams.take_lease(conn, found.id, owner, now=now, valid=valid, lock_held=held)
            if epoch is not None:
                derived.mend(conn, now - _OLDER)
        if epoch is None:
            until = found.lease_expires_at.isoformat(timespec="seconds") if found.lease_expires_at else "?"
            raise HeldError(
                f"{found.room} is listened to by {found.owner} until {until}", hint="mhc capture status"
            )
        self._held = replace(found, epoch=epoch, owner=owner)
        self._file = self.db.file_identity()
        self.leased = True
        self.renewed()

    def resume(self, header: Header) -> None:
        """Go on without the database as what a spool says. Raises HeldError where another process has its lock."""
        lock = self._lock_of(header.lock_name)
        if self._lock is not None and self._lock.is_held and self._lock.path == lock.path:
            lock = self._lock  # a second handle of ours would be refused like another process's
        else:
            if self._lock is not None:
                self._lock.release()
            lock.acquire(self._client.room)
        self._lock, self._held, self.leased = lock, header.stands_at(header.place), False

    def may_be_free(self) -> bool:
        """Whether what another had when we tried looks free now."""
        if self._lock is None or not self._lock.is_held:
            return self._lock is None or not self._lock.is_taken()
        with self.db.read() as conn:
            found = streams.find(conn, self._client.room, self._o.kind, self._client.host)
            return found is None or streams.lease_is_free(conn, found.id, now=self._o.now())

    @property
    def waits_for_lock(self) -> bool:
        """Whether it is another process of this machine that has the stream."""
        return self._lock is not None and not self._lock.is_held

    def renew(self) -> None:
        """Hold the lease longer. Raises LeaseLostError."""
        self.check_file()
        with self.db.write() as conn:
            valid = self.length(self.held.cursor)
            kept = streams.renew_lease(conn, self.held, now=self._o.now(), valid=valid)
        if not kept:
            self.db.check_schema()  # a newer one refuses our renewal, too
            raise LeaseLostError(f"another listener took over {self._client.room}")
        self.renewed()

    def renewed(self) -> None:
        """Note that the lease was renewed, by itself or with a page."""
        self._renewed_at = self._o.monotonic()

    def in_database(self) -> Stream:
        """Give the stream as the database has it. Raises DatabaseReplacedError where it is not there."""
        self.check_file()
        with self.db.read() as conn:
            found = streams.find(conn, self._client.room, self._o.kind, self._client.host)
        if found is None or (found.id, found.lock_name) != (self.held.id, self.held.lock_name):
            raise DatabaseReplacedError.named(self.db.name)
        return found

    def check_file(self) -> None:
        """Raise DatabaseReplacedError where the SQLite file is not the one in which we took the lease."""
        if self.leased and self.db.file_identity() != self._file:
            raise DatabaseReplacedError.named(self.db.name)

    def moved(self, page: Page) -> None:
        """Note that a page was kept."""
        if page.moved is not None:
            self._held = replace(
                self.held,
                cursor=page.moved.cursor,
                cursor_at=page.received_at,
                last_poll_ok_at=page.received_at,
                served_age_max=page.moved.served_age_max,
            )

    def stand_at(self, place: Place) -> None:
        """Go on from another place of the feed."""
        polled = None if place.polled_at is None else from_ms(place.polled_at)
        self._held = replace(
            self.held,
            cursor=place.cursor,
            cursor_at=polled,
            last_poll_ok_at=polled,
            served_age_max=place.reach,
        )

    def known_as(self, found: Stream) -> None:
        """Note what the database says of the stream, whose lease is another's."""
        self._held = found

    def length(self, cursor: str | None) -> timedelta:
        """Give how long the lease is valid: longer than a poll from this cursor, or from the base URL, can take."""
        asked = max(self._client.timeout, asked_timeout(cursor) if cursor is not None else 0)
        return timedelta(seconds=max(30, asked + 20))

    def give_back(self) -> None:
        """Give the lease back, where it is ours still. Raises MhcError where the database is away."""
        held, self._held = self._held, None
        if held is not None and self.leased:
            self.check_file()
            with self.db.write() as conn:
                streams.release_lease(conn, held)

    def unlock(self) -> None:
        """Free the machine's lock, and know of no stream any more."""
        self._held, self.leased = None, False
        if self._lock is not None:
            self._lock.release()
            self._lock = None
