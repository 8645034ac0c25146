"""Why a run ends before it is through: somebody said so, or it took too long.

Both are asked for first: `stop` is set, and the job ends whole. One that does not hear is ended a while later.
"""

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from types import FrameType

from mhc.config.shown import length_text
from mhc.errors import CheckError

GRACE = 20.0  # seconds
_SIGNALS = (signal.SIGTERM, signal.SIGINT)
_INSIST = signal.SIGUSR1  # of our own: one that comes from outside is never taken for it


class Ending:
    """What ends the runs of one call: `stop` is their event, `number` the signal that came."""

    def __init__(self, grace: float = GRACE) -> None:
        self.stop = threading.Event()
        self.number: int | None = None
        self._late: timedelta | None = None
        self._run: object = None  # the one under way: a timer of another has nothing to say
        self._heard = False
        self._grace = grace
        self._lock = threading.RLock()  # a handler may find its own thread in it
        self._timers: list[threading.Timer] = []

    @contextmanager
    def heard(self) -> Iterator[None]:
        """Hear signals, in the main thread. The first one asks, the second ends at once."""
        handlers = dict.fromkeys(_SIGNALS, self._hear) | {_INSIST: self._insisted}
        before = {number: signal.signal(number, handler) for number, handler in handlers.items()}
        self._heard = True
        try:
            yield
        finally:
            with self._lock:
                self._heard = False
                self._cancel()
            for number, handler in before.items():
                signal.signal(number, handler)

    @contextmanager
    def within(self, limit: timedelta | None) -> Iterator[None]:
        """Let a run take so long (None: any time), then ask it to end. Raises CheckError where it took longer."""
        mine = object()
        self._fresh(mine)
        if limit is not None:
            self._after(limit.total_seconds(), lambda: self._overdue(mine, limit))
        try:
            yield
            if self._late is not None:
                raise _too_long(self._late)
        finally:
            self._fresh(None)  # for the next run of the call

    def _fresh(self, run: object) -> None:
        """Forget what the last run was told, but not that somebody ended the call."""
        with self._lock:
            self._run, self._late = run, None
            if self.number is None:
                self._cancel()
                self.stop.clear()

    def _hear(self, number: int, _frame: FrameType | None) -> None:
        if self.number is not None:
            raise SystemExit(128 + number)
        self.number = number
        self.stop.set()
        self._after(self._grace, self._insist)

    def _overdue(self, run: object, limit: timedelta) -> None:
        with self._lock:
            if run is self._run:
                self._late = limit
                self.stop.set()
                self._after(self._grace, lambda: self._insist(run))

    def _insist(self, run: object = None) -> None:
        """Have the main thread raise, wherever it is; where a run is named, only while it is under way."""
        with self._lock:
            if self._heard and run in {None, self._run}:
                signal.pthread_kill(threading.main_thread().ident or 0, _INSIST)

    def _insisted(self, _number: int, _frame: FrameType | None) -> None:
        if self._late is not None:
            raise _too_long(self._late)
        if self.number is not None:
            raise SystemExit(128 + self.number)

    def _after(self, seconds: float, do: Callable[[], None]) -> None:
        timer = threading.Timer(seconds, do)
        timer.daemon = True
        self._timers.append(timer)
        timer.start()

    def _cancel(self) -> None:
        for timer in self._timers:
            timer.cancel()
        self._timers.clear()


def _too_long(limit: timedelta) -> CheckError:
    return CheckError(f"took longer than {length_text(limit)}", hint="time_limit in [jobs.NAME]")
