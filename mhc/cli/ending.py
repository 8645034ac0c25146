"""Work that ends early, whole, where it is asked to: by Ctrl-C or SIGTERM."""

import os
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from types import FrameType


@dataclass(slots=True)
class Ending:
    """Whether the end was asked for, and the exit status that says so."""

    stop: threading.Event = field(default_factory=threading.Event)
    status: int | None = None

    def hear(self, number: int, _frame: FrameType | None) -> None:
        """Take a signal."""
        if self.stop.is_set():
            os._exit(128 + number)  # asked twice: at once, whatever is under way; a transaction rolls back
        self.status = 128 + number
        self.stop.set()


@contextmanager
def ending() -> Iterator[Ending]:
    """Let the first signal ask for an end, and the second end at once."""
    asked = Ending()
    before = {number: signal.signal(number, asked.hear) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield asked
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
