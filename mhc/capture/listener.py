"""One room's listener: ask, understand, keep, ask again. `step` is one poll; `run` is the loop around it."""

import logging
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta

from mhc.capture.backoff import AUTH_PROBE, AUTH_WAIT, CURSOR_PROBES, PROBES, Backoff
from mhc.capture.classify import Class, Outcome, of_answer, of_failure
from mhc.capture.envelope import read_events
from mhc.capture.gaps import Poll, account_for
from mhc.capture.health import Health, notify
from mhc.capture.lock import StreamLock, owner_id
from mhc.clients.events import EventsClient, Next, asked_timeout
from mhc.clients.http import TransportError
from mhc.domain.clock import from_ms
from mhc.errors import AccessError, DataError, MhcError, TryLaterError, UnavailableError
from mhc.store import pages, streams
from mhc.store.database import Database
from mhc.store.events import NewEvent
from mhc.store.failures import DatabaseBusyError, DatabaseDownError, DiskFullError
from mhc.store.pages import NewGap, Page
from mhc.store.streams import Kind, Stream

_INSTANT = 0.5  # seconds: an empty answer sooner than this was no long poll
_INSTANT_MOST = 5
_RATE_WINDOW, _RATE_MOST = 60.0, 1000  # half of what the API allows
_RENEW_SECONDS = 10.0
_PAYLOAD_TRIES, _PAYLOAD_SECONDS = 20, 600.0

_ONCE: dict[Class, type[MhcError]] = {Class.RATE: TryLaterError, Class.PAYLOAD: DataError}

_DATABASE_AWAY = (DatabaseDownError, DatabaseBusyError, DiskFullError)

log = logging.getLogger("mhc.listen")


def utc_now() -> datetime:
    """Give the time."""
    return datetime.now(UTC)


@dataclass(slots=True)
class Options:
    """How a listener behaves."""

    kind: Kind = Kind.LIVE
    merge_gap: timedelta = timedelta(minutes=30)
    wait_scale: float = 1.0
    once: bool = False
    exit_on_auth: bool = False
    now: Callable[[], datetime] = utc_now
    monotonic: Callable[[], float] = time.monotonic
    on_events: Callable[[Stream, Sequence[NewEvent]], None] = lambda _stream, _new: None
    on_refused: Callable[[], None] = lambda: None  # reads the token again, where its source may have changed
    backoff: Backoff = field(default_factory=Backoff)


class Listener:
    """Captures one room until it is told to stop."""

    def __init__(
        self,
        db: Database,
        client: EventsClient,
        health: Health,
        lock_of: Callable[[str], StreamLock],
        options: Options,
    ) -> None:
        self.db = db
        self.client = client
        self.health = health
        self._stopping = False
        self._wake = threading.Event()
        self.stored = 0
        self._lock_of = lock_of
        self._lock: StreamLock | None = None
        self._o = options
        self._held: Stream | None = None
        self._renewed_at = 0.0
        self._probes: dict[Class, int] = {}
        self._payload_since: float | None = None
        self._lost: NewGap | None = None  # the cursor was given up: why
        self._good_before = False
        self._instant = 0
        self._asked: deque[float] = deque(maxlen=_RATE_MOST)

    @property
    def held(self) -> Stream:
        """The stream, as this listener last wrote it."""
        if self._held is None:
            raise TryLaterError(f"the lease of {self.client.room} is not held")
        return self._held

    def stop(self) -> None:
        """End the poll or the wait that is under way, and the loop. May be called from another thread."""
        self._stopping = True
        self._wake.set()
        self.client.line.cut()

    def retry_now(self) -> None:
        """End a wait that is under way. May be called from another thread."""
        self._wake.set()

    def run(self) -> None:
        """Listen until stopped (or once, until the feed is read up). Raises MhcError where it cannot go on."""
        lock = self._find_stream()
        lock.acquire(self.client.room)
        try:
            self.acquire()
            while not self._stopping:
                more, wait = self._guarded_step()
                if self._o.once and not more:
                    return
                self._wait(wait * self._o.wait_scale)
        finally:
            self._release()
            lock.release()
            self.client.close()

    def _find_stream(self) -> StreamLock:
        """Make the stream where it is new; give its lock, which every way to address the database finds."""
        with self.db.write() as conn:
            found = streams.ensure(conn, self.client.room, self._o.kind, self.client.host, self._o.now())
        self._lock = self._lock_of(found.lock_name)
        return self._lock

    def acquire(self) -> None:
        """Take the lease. Raises TryLaterError where another host has it."""
        now = self._o.now()
        owner = owner_id(self.health.state_dir)
        lock = self._lock or self._find_stream()
        with self.db.write() as conn:
            found = streams.ensure(conn, self.client.room, self._o.kind, self.client.host, now)
            epoch = streams.take_lease(
                conn, found.id, owner, now=now, valid=self._lease(found.cursor), lock_held=lock.is_held
            )
        if epoch is None:
            until = found.lease_expires_at.isoformat(timespec="seconds") if found.lease_expires_at else "?"
            raise TryLaterError(
                f"{found.room} is listened to by {found.owner} until {until}", hint="mhc capture status"
            )
        self._held = replace(found, epoch=epoch, owner=owner)
        self._renewed_at = self._o.monotonic()
        self.health.ready(self._held)

    def _guarded_step(self) -> tuple[bool, float]:
        """Step, where the database may be away: nothing moved then, so the same page is asked for again."""
        try:
            return self.step()
        except _DATABASE_AWAY as error:
            if self._o.once:
                raise
            return self._failed(Outcome(Class.SERVER, error.message), "paused")

    def step(self) -> tuple[bool, float]:
        """Poll once and keep what came; give whether there may be more, and the seconds to wait before the next."""
        asked_from = None if self._lost else self.held.cursor
        self._pace()
        if self._stopping:
            return False, 0
        self._renew_if_due()  # polls that fail renew nothing
        began = self._o.monotonic()
        try:
            answer = self.client.poll(asked_from)
            outcome = of_answer(answer, self.client, asked_from, self._o.now())
        except TransportError as error:
            if self._stopping:
                return False, 0
            outcome = of_failure(error)
        if outcome.good:
            return self._good(outcome, asked_from, self._o.monotonic() - began)
        if outcome.elements:
            self._keep(outcome, asked_from)
        return self._bad(outcome, asked_from)

    def _good(self, outcome: Outcome, asked_from: str | None, seconds: float) -> tuple[bool, float]:
        new = self._keep(outcome, asked_from)
        self._lost = None
        self._good_before = True
        self._probes.clear()
        self._payload_since = None
        self._o.backoff.good(self._o.monotonic())
        if outcome.next is Next.NONE:
            return new > 0, 1.0
        repeated = bool(outcome.elements) and outcome.next == asked_from
        self._instant = self._instant + 1 if not outcome.elements and seconds < _INSTANT else 0
        slow = repeated or self._instant >= _INSTANT_MOST
        return bool(outcome.elements) and not repeated, 1.0 if slow else 0.0

    def _keep(self, outcome: Outcome, asked_from: str | None) -> int:
        """Commit what an answer brought, with all that follows from it; give how many events were new."""
        now = self._o.now()
        elements = [self.client.redact(raw) for raw in outcome.elements]
        events, refused = read_events(elements)
        served = [e.id.ms for e in events if e.id.ms]
        oldest = from_ms(served[0]) if served else None  # the feed gives the oldest first
        page = Page(now, events, [(r.body, r.reason) for r in refused], None)
        if outcome.good:
            poll = Poll(outcome, asked_from, self.held, now, oldest, self._lost)
            page = account_for(page, poll)
        leads_to = page.moved.cursor if page.moved else self.held.cursor
        lease = self._lease(leads_to)
        new = pages.store(self.db, self.held, page, lease=lease, merge_gap=self._o.merge_gap)
        self._renewed_at = self._o.monotonic()
        if page.moved is not None:
            self._held = replace(
                self.held,
                cursor=page.moved.cursor,
                cursor_at=now,
                last_poll_ok_at=now,
                served_age_max=page.moved.served_age_max,
            )
        if page.gap is not None and page.gap.from_at is not None:
            log.warning("%s: something may be missing: %s", self.client.room, page.gap.cause)
        self.stored += len(new)
        log.info("%s: %d events, %d new, %d rejected", self.client.room, len(events), len(new), len(refused))
        if outcome.good:
            self.health.polled(self.held, now, events[-1].id.text if events else None)
        if new:
            self._o.on_events(self.held, new)
        return len(new)

    def _bad(self, outcome: Outcome, asked_from: str | None) -> tuple[bool, float]:
        if outcome.kind is Class.AUTH:
            return self._refused(outcome)
        if self._o.once and outcome.kind in {Class.NETWORK, Class.TLS}:
            raise UnavailableError(f"cannot reach {self.client.host}: {outcome.detail}")
        if outcome.kind is Class.CURSOR:
            return self._lost_cursor(outcome, asked_from)
        if outcome.kind is Class.PAYLOAD and asked_from is not None and self._payload_stuck():
            self._lost = NewGap(None, self._o.now(), "unreadable answers", certain=True)
        return self._failed(outcome, "backing off")

    def _refused(self, outcome: Outcome) -> tuple[bool, float]:
        """Probe a refusal, since single ones happen; then leave, or wait for another token."""
        tries = self._probes[Class.AUTH] = self._probes.get(Class.AUTH, 0) + 1
        if tries < PROBES:
            self.health.state(self.held, "backing off", outcome.detail)
            return True, AUTH_PROBE
        if not self._good_before or self._o.exit_on_auth or self._o.once:
            raise AccessError(
                f"{self.client.host} refused the token for {self.client.room} ({outcome.detail.split(':')[0]})",
                hint="make a token with the scope Events API and set CB_AUTH_TOKEN",
            )
        self.health.state(self.held, "token refused", outcome.detail)
        self._o.on_refused()
        if tries == PROBES:
            log.error("%s: %s; set a new CB_AUTH_TOKEN and send SIGHUP", self.client.room, outcome.detail)
        return True, AUTH_WAIT

    def _lost_cursor(self, outcome: Outcome, asked_from: str | None) -> tuple[bool, float]:
        tries = self._probes[Class.CURSOR] = self._probes.get(Class.CURSOR, 0) + 1
        if asked_from is None or tries > len(CURSOR_PROBES):
            self._lost = NewGap(None, self._o.now(), "cursor lost", certain=False)
            if asked_from is None:
                return self._failed(outcome, "backing off")
            return True, 0.0
        self.health.state(self.held, "backing off", outcome.detail)
        return True, CURSOR_PROBES[tries - 1]

    def _payload_stuck(self) -> bool:
        tries = self._probes.get(Class.PAYLOAD, 0) + 1
        if self._payload_since is None:
            self._payload_since = self._o.monotonic()
        long = self._o.monotonic() - self._payload_since >= _PAYLOAD_SECONDS * self._o.wait_scale
        return tries >= _PAYLOAD_TRIES and long

    def _failed(self, outcome: Outcome, state: str) -> tuple[bool, float]:
        tries = self._probes[outcome.kind] = self._probes.get(outcome.kind, 0) + 1
        if self._o.once and tries >= PROBES:
            raise _ONCE.get(outcome.kind, UnavailableError)(f"{self.client.host}: {outcome.detail}")
        wait = self._o.backoff.failed(outcome.kind, outcome.retry_after)
        level = logging.ERROR if outcome.kind is Class.TLS else logging.WARNING
        log.log(
            level, "%s: %s; next try in %.1f s", self.client.room, outcome.detail, wait * self._o.wait_scale
        )
        if self._held is not None:
            self.health.state(self._held, state, outcome.detail)
        return True, wait

    def _pace(self) -> None:
        """Keep to the rate: no more than so many requests in any minute."""
        now = self._o.monotonic()
        if len(self._asked) == _RATE_MOST and now - self._asked[0] < _RATE_WINDOW:
            self._wait(_RATE_WINDOW - (now - self._asked[0]))
        self._asked.append(self._o.monotonic())

    def _wait(self, seconds: float) -> None:
        """Wait, holding the lease meanwhile; a stop ends it at once."""
        until = self._o.monotonic() + seconds
        while seconds > 0:
            self._renew_if_due()
            if self._wake.wait(min(seconds, _RENEW_SECONDS)):
                break
            seconds = until - self._o.monotonic()
        if not self._stopping:
            self._wake.clear()

    def _renew_if_due(self) -> None:
        if self._o.monotonic() - self._renewed_at < _RENEW_SECONDS:
            return
        try:
            with self.db.write() as conn:
                valid = self._lease(self.held.cursor)
                kept = streams.renew_lease(conn, self.held, now=self._o.now(), valid=valid)
        except _DATABASE_AWAY as error:
            log.warning("%s: the lease was not renewed: %s", self.client.room, error.message)
            return
        if not kept:
            raise pages.LeaseLostError(f"another listener took over {self.client.room}")
        notify("WATCHDOG=1")  # a long wait is no hang
        self._renewed_at = self._o.monotonic()

    def _lease(self, cursor: str | None) -> timedelta:
        """Give how long the lease is valid: longer than a poll from this cursor, or from the base URL, can take."""
        asked = max(self.client.timeout, asked_timeout(cursor) if cursor is not None else 0)
        return timedelta(seconds=max(30, asked + 20))

    def _release(self) -> None:
        if self._held is None:
            return
        self.health.stopped(self._held)
        try:
            with self.db.write() as conn:
                streams.release_lease(conn, self._held)
        except MhcError as error:
            log.warning("%s: the lease was not given back: %s", self.client.room, error.message)
        self._held = None
