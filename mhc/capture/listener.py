"""One room's listener: ask, understand, keep, ask again. `step` is one poll; `run` is the loop around it."""

import logging
import threading
from collections.abc import Callable
from datetime import datetime

from mhc.capture.classify import Outcome, of_answer, of_failure
from mhc.capture.envelope import read_events
from mhc.capture.gaps import Poll, account_for
from mhc.capture.health import FAILED, Health
from mhc.capture.keeping import AWAY, Keeper
from mhc.capture.lease import RENEW_SECONDS, DatabaseReplacedError, Hold
from mhc.capture.lock import HeldError, StreamLock
from mhc.capture.options import Options
from mhc.capture.pace import ClockWatch, Pace
from mhc.capture.spool import SpoolFullError
from mhc.capture.trouble import Trouble
from mhc.clients.events import EventsClient, Next
from mhc.clients.http import TransportError
from mhc.domain.clock import from_ms
from mhc.errors import MhcError
from mhc.store.database import Database
from mhc.store.failures import ReadOnlyServerError
from mhc.store.pages import LeaseLostError, Page
from mhc.store.streams import Stream

__all__ = ["Listener", "Options"]

_INSTANT = 0.5  # seconds: an empty answer sooner than this was no long poll
_INSTANT_MOST = 5
_FULL_WAIT = 5.0  # seconds between looks whether there is room for a page
_LOCK_LOOK, _LEASE_LOOK = 0.25, 1.5  # seconds between looks of who stands by
_START_WAIT = 30.0  # seconds at most between tries to start without the database

log = logging.getLogger("mhc.listen")


class Listener:
    """Captures one room until it is told to stop. May be run again after it failed."""

    def __init__(
        self,
        db: Database,
        client: EventsClient,
        health: Health,
        lock_of: Callable[[str], StreamLock],
        options: Options,
    ) -> None:
        self.client = client
        self.health = health
        self._o = options
        self._stopping = False
        self._wake = threading.Event()
        self._hold = Hold(db, client, health.state_dir, lock_of, options)
        self._keeper = Keeper(self._hold, health, lock_of, options, lambda: self._stopping)
        self._trouble = Trouble(client, health, options, lambda: self.held)
        self._pace = options.pace or Pace(options.monotonic)
        self._clock = ClockWatch(options.now, options.monotonic)
        self._instant = 0
        self._unkept: tuple[Outcome, str | None, float, datetime] | None = None
        self._was_full = False

    @property
    def held(self) -> Stream:
        """The stream, as this listener last kept a page of it."""
        return self._hold.held

    @property
    def stored(self) -> int:
        """How many events this listener stored."""
        return self._keeper.stored

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
        try:
            while not self._stopping and self._listen():
                pass
        finally:
            self.client.close()

    def _listen(self) -> bool:
        """Take the stream and read its feed; give whether to begin again."""
        try:
            if not self._begin():
                return False
            while not self._stopping:
                more, wait = self.step()
                if self._o.once and not more:
                    return False
                self._wait(wait * self._o.wait_scale)
        except DatabaseReplacedError as error:
            log.error("%s: %s; beginning again with what is there", self.client.room, error.message)  # noqa: TRY400 - a sentence, no trace
            return True
        except (HeldError, LeaseLostError) as error:
            if not self._o.standby:
                raise
            log.warning("%s: %s; standing by", self.client.room, error.message)
            return True
        finally:
            self._release()
        return False

    def _begin(self) -> bool:
        """Take the stream, waiting for it and for the database where that is asked for; False where stopped."""
        tries = 0
        while not self._stopping:
            try:
                if self._try_to_begin():
                    return True
            except HeldError as error:
                if not self._o.standby:
                    raise
                self._stand_by(error)
                continue
            tries += 1
            self._rest(min(_START_WAIT, 2.0 ** min(tries - 1, 16)) * self._o.wait_scale)
        return False

    def _try_to_begin(self) -> bool:
        try:
            self.acquire(lock=True)
        except AWAY as error:
            if self._o.once or isinstance(error, ReadOnlyServerError):
                raise
            if self._keeper.resume(self.client.room, self.client.host, error.message):
                log.warning("%s: %s; going on from the spool", self.client.room, error.message)
                self.health.ready(self.held)
                return True
            log.warning("%s: %s; nothing is spooled, so waiting", self.client.room, error.message)
            self.health.waiting(self._unknown(), "paused", error.message)
            return False
        return True

    def acquire(self, *, lock: bool = False) -> None:
        """Take the lease, and the machine's lock before it. Raises HeldError where another has one of them."""
        if lock:
            self._hold.take()
        else:
            self._hold.acquire()
        self._keeper.open()
        self.health.ready(self.held)

    def _stand_by(self, error: HeldError) -> None:
        """Wait until what another has looks free."""
        while not self._stopping:
            self.health.standby(self._unknown(), error.message)
            chance = self._o.backoff.chance.random()
            self._rest(_LOCK_LOOK if self._hold.waits_for_lock else _LEASE_LOOK * (0.5 + chance / 2))
            try:
                if self._hold.may_be_free():
                    return
            except AWAY as away:
                log.info("%s: %s", self.client.room, away.message)

    def _unknown(self) -> Stream:
        """Give a stream of which no more is known than what we ask for."""
        names = (self.client.room, str(self._o.kind), self.client.host)
        return Stream(0, 0, *names, "", None, None, None, 0, 0, None, None)

    def step(self) -> tuple[bool, float]:
        """Poll once and keep what came; give whether there may be more, and the seconds to wait before the next."""
        self._clock.look()
        self._keeper.tend()  # polls that fail renew nothing
        if self._unkept is not None:
            if self._unkept[1] == self._place():
                return self._good(*self._unkept)
            # What was spooled led elsewhere, over a damaged page: to keep the page in hand would jump over that one.
            self._unkept, self._was_full = None, True
        self._wait(self._pace.seconds_to_wait())
        if self._stopping:
            return False, 0
        asked_from = self._place()  # a wait may bring in what was spooled, and lead elsewhere
        self._pace.asks()
        began = self._o.monotonic()
        try:
            answer = self.client.poll(asked_from)
            outcome = of_answer(answer, self.client, asked_from, self._o.now())
        except TransportError as error:
            if self._stopping:
                return False, 0
            outcome = of_failure(error)
        now = self._o.now()
        if outcome.good:
            return self._good(outcome, asked_from, self._o.monotonic() - began, now)
        if outcome.elements:
            try:
                self._keep(outcome, asked_from, now)
            except SpoolFullError as error:
                return self._is_full(error)
        return True, self._trouble.met(outcome, asked_from)

    def _place(self) -> str | None:
        """Give the cursor to ask from; None is from the base URL, also where the cursor was given up."""
        return None if self._trouble.lost else self.held.cursor

    def _good(
        self, outcome: Outcome, asked_from: str | None, seconds: float, now: datetime
    ) -> tuple[bool, float]:
        try:
            new = self._keep(outcome, asked_from, now)
        except SpoolFullError as error:
            full = self._is_full(error)
            self._unkept = (outcome, asked_from, seconds, now)
            return full
        self._was_full = self._unkept is not None
        self._unkept = None
        self._trouble.is_over()
        if outcome.next is Next.NONE:
            return new > 0, 1.0
        repeated = bool(outcome.elements) and outcome.next == asked_from
        self._instant = self._instant + 1 if not outcome.elements and seconds < _INSTANT else 0
        slow = repeated or self._instant >= _INSTANT_MOST
        return bool(outcome.elements) and not repeated, 1.0 if slow else 0.0

    def _is_full(self, error: SpoolFullError) -> tuple[bool, float]:
        """Stop polling: a page that can be kept nowhere is kept in hand, and the place in the feed stays."""
        if self._o.once:
            raise error
        level = logging.ERROR if self._unkept is None else logging.DEBUG
        log.log(level, "%s: %s; not polling meanwhile", self.client.room, error.message)
        self.health.state(self.held, "paused", error.message)
        return True, _FULL_WAIT

    def _keep(self, outcome: Outcome, asked_from: str | None, now: datetime) -> int:
        """Keep what an answer brought, with all that follows from it; give how many events were new."""
        elements = [self.client.redact(raw) for raw in outcome.elements]
        events, refused = read_events(elements)
        served = [e.id.ms for e in events if e.id.ms]
        oldest = from_ms(served[0]) if served else None  # the feed gives the oldest first
        page = Page(now, events, [(r.body, r.reason) for r in refused], None)
        if outcome.good:
            lost, full = self._trouble.lost, self._was_full
            poll = Poll(outcome, asked_from, self.held, now, oldest, lost, was_full=full)
            page = account_for(page, poll)
        return self._keeper.keep(page, elements)

    def _wait(self, seconds: float) -> None:
        """Wait, holding the lease meanwhile; a stop ends it at once."""
        until = self._o.monotonic() + seconds
        while seconds > 0:
            self._keeper.tend()
            if self._wake.wait(min(seconds, RENEW_SECONDS)):
                break
            seconds = until - self._o.monotonic()
        if not self._stopping:
            self._wake.clear()

    def failed(self, why: str) -> None:
        """Say that the room is not captured, and why, until it is tried again."""
        self.health.state(self._unknown(), FAILED, why)

    def elsewhere(self, why: str) -> None:
        """Say that another listener captures the room, until it is tried again."""
        self.health.elsewhere(self._unknown(), why)

    def rest(self, seconds: float) -> bool:
        """Wait, holding nothing; give whether there is a reason to go on after it."""
        self._rest(seconds)
        return not self._stopping

    def _rest(self, seconds: float) -> None:
        until = self._o.monotonic() + seconds
        while seconds > 0:
            self.health.progress()
            if self._wake.wait(min(seconds, RENEW_SECONDS)):
                break
            seconds = until - self._o.monotonic()
        if not self._stopping:
            self._wake.clear()

    def _release(self) -> None:
        if self._hold.is_held:
            self.health.stopped(self.held)
            try:
                # While the database is away, to ask it would only make the end wait.
                if not self._keeper.is_spooling:
                    self._hold.give_back()
            except MhcError as error:
                log.warning("%s: the lease was not given back: %s", self.client.room, error.message)
        self._keeper.close()
        self._hold.unlock()
        self._unkept = None
