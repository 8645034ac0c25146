"""Prints lines as they come, on a thread of its own: a reader that stops must not stop the capture."""

import logging
import queue
import sys
import threading
from collections.abc import Callable

log = logging.getLogger("mhc.listen")

WAITING_MOST, WAITING_CHARACTERS = 10_000, 8 << 20  # lines, and what is in them
_PATIENCE = 2.0  # seconds without a line read, at the end


class LivePrinter:
    """A queue of lines before stdout. What a stopped reader lets pile up beyond it is left out, and counted."""

    def __init__(self) -> None:
        self.left_out = 0
        self._lines: queue.Queue[str | None] = queue.Queue(WAITING_MOST)
        self._lock = threading.Lock()
        self._waiting = 0  # characters
        self._thread: threading.Thread | None = None

    def start(self, on_failure: Callable[[OSError], None]) -> None:
        """Begin to print; `on_failure` hears, on another thread, that nothing can be printed any more."""
        self._thread = threading.Thread(target=self._run, args=(on_failure,), daemon=True)
        self._thread.start()

    def put(self, line: str) -> None:
        """Print a line soon; never waits."""
        if not self._take(line):
            if self.left_out == 0:
                log.warning("the output is not read: lines are left out, nothing is lost in the database")
            self.left_out += 1

    def _take(self, line: str) -> bool:
        with self._lock:
            if self._waiting + len(line) > WAITING_CHARACTERS:
                return False
            try:
                self._lines.put_nowait(line)
            except queue.Full:
                return False
            self._waiting += len(line)
        return True

    def close(self) -> bool:
        """Print what is left, as long as somebody reads; False where nobody does."""
        if self._thread is None:
            return True
        before = -1
        while self._thread.is_alive() and (waiting := self._lines.qsize()) != before:
            before = waiting
            if waiting < WAITING_MOST:
                self._lines.put(None)
            self._thread.join(_PATIENCE)
        return not self._thread.is_alive()

    def _run(self, on_failure: Callable[[OSError], None]) -> None:
        try:
            while (line := self._lines.get()) is not None:
                with self._lock:
                    self._waiting -= len(line)
                sys.stdout.write(line)
                if self._lines.empty():
                    sys.stdout.flush()
            sys.stdout.flush()
        except OSError as error:
            on_failure(error)
