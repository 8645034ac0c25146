"""Why a run ends before it is through: somebody said so, or it took too long.

Both are asked for first: `stop` is set, and the job ends whole. One that does not hear is ended a while later.
"""

import os
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


class Ending:
    """What ends the runs of one call: `stop` is their event, `number` the signal that came."""

    def __init__(self, grace: float = GRACE) -> None:
        self.stop = threading.Event()
        self.number: int | None = None
        self._late: timedelta | None = None
        self._grace = grace
        self._timers: list[threading.Timer] = []

    @contextmanager
    def heard(self) -> Iterator[None]:
        """Hear signals, in the main thread. The first one asks, the second ends at once."""
        before = {number: signal.signal(number, self._hear) for number in _SIGNALS}
        try:
            yield
        finally:
            self._cancel()
            for number, handler in before.items():
                signal.signal(number, handler)

    @contextmanager
    def within(self, limit: timedelta | None) -> Iterator[None]:
        """Let a run take so long (None: any time), then ask it to end. Raises CheckError where it took longer."""
        if limit is not None:
            self._after(limit.total_seconds(), lambda: self._overdue(limit))
        try:
            yield
            if self._late is not None:
                raise _too_long(self._late)
        finally:
            self._late = None
            if self.number is None:
                self._cancel()
                self.stop.clear()  # for the next run of the call

    def _hear(self, number: int, _frame: FrameType | None) -> None:
        if self.number is not None:
            raise SystemExit(128 + number)
        if self._late is not None:
            raise _too_long(self._late)
        self.number = number
        self.stop.set()
        self._after(self._grace, self._insist)

    def _overdue(self, limit: timedelta) -> None:
        self._late = limit
        self.stop.set()
        self._after(self._grace, self._insist)

    def _insist(self) -> None:
        """Have the main thread raise, wherever it is."""
        if self._late is not None or self.number is not None:
            os.kill(os.getpid(), signal.SIGTERM)

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
