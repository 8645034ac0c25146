"""Work that must never hold up the capture: done on a thread of its own, from a queue with an end."""

import logging
import queue
import threading
import time
from collections.abc import Callable
from typing import Generic, TypeVar

log = logging.getLogger("mhc.listen")

T = TypeVar("T")

_MOMENT = 0.05  # seconds for a thread that has nothing to do to end
_PAUSE = 60.0  # seconds between two lines about one matter


class Worker(Generic[T]):
    """Does one thing after the other; who gives it something to do never waits. Its thread starts with the first."""

    def __init__(self, name: str, work: Callable[[T], None], most: int) -> None:
        self._work = work
        self._queue: queue.Queue[T | None] = queue.Queue(most)
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)
        self._starting = threading.Lock()
        self._ending = False
        self._given_up = False

    def put(self, item: T) -> bool:
        """Have something done soon; False where too much waits already, and it will not be done."""
        with self._starting:
            if self._ending:
                return False
            if self._thread.ident is None:
                self._thread.start()
        try:
            self._queue.put_nowait(item)
        except queue.Full:
            return False
        return True

    def end(self) -> None:
        """Take nothing more; what is queued is done."""
        with self._starting:
            self._ending = True
        try:
            self._queue.put_nowait(None)
        except queue.Full:  # it sees the end when it has done what is queued
            return

    def close(self, until: float) -> int:
        """End, with time until an instant of time.monotonic(); give how much was left undone."""
        self.end()
        if self._thread.ident is None:
            return 0
        self._thread.join(max(_MOMENT, until - time.monotonic()))
        if not self._thread.is_alive():
            return 0
        self._given_up = True
        return 1 + sum(item is not None for item in list(self._queue.queue))

    def _run(self) -> None:
        while not self._given_up and not (self._ending and self._queue.empty()):
            item = self._queue.get()
            if item is None:
                return
            try:
                self._work(item)
            except BaseException:  # what this thread has still to do must not be lost with it
                log.exception("%s failed", self._thread.name)


class Complaints:
    """Counts what goes wrong, and says it: about one matter once a minute at most."""

    def __init__(self, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._monotonic = monotonic
        self._lock = threading.Lock()
        self._said_at: dict[str, float] = {}
        self._unsaid: dict[str, int] = {}

    def add(self, matter: str, why: str, times: int = 1) -> None:
        """Note a failure. May be called from any thread."""
        with self._lock:
            count = self._unsaid.get(matter, 0) + times
            now = self._monotonic()
            due = now - self._said_at.get(matter, -_PAUSE) >= _PAUSE
            self._unsaid[matter] = 0 if due else count
            if due:
                self._said_at[matter] = now
        if due:
            log.warning("%s: %s%s", matter, why, f" ({count} times)" if count > 1 else "")

    def close(self) -> None:
        """Say the numbers that were not said yet."""
        with self._lock:
            unsaid, self._unsaid = self._unsaid, {}
        for matter, count in unsaid.items():
            if count:
                log.warning("%s: %d more", matter, count)
