"""The events that have happened so far in the sandbox, and waiting for the next one."""

import json
import math
import re
import threading
from bisect import bisect_right
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, NamedTuple

CURSOR = re.compile(r"(\d{1,18})(?:-(\d{1,18}))?", re.ASCII)

Key = tuple[int, int]


class ExpiredError(Exception):
    """The cursor is older than what is still kept, or is none of ours."""


class Entry(NamedTuple):
    """An event that has happened: its (ms, seq), its id and its JSON text."""

    key: Key
    id: str
    text: str


@dataclass(frozen=True)
class Pace:
    """How show time runs: from `start_ms` at the clock's `began`, `speed` show seconds a second.

    At speed 0 every event is due at once. With `wall_ms` (the time of day at `began`) show time never
    overtakes the time of day, so that no event comes from the future.
    """

    clock: Callable[[], float]
    began: float
    start_ms: int
    speed: float
    wall_ms: int | None = None

    def due_ms(self) -> float:
        """Give the show time up to which events have happened."""
        elapsed = (self.clock() - self.began) * 1000
        due = self.start_ms + elapsed * self.speed if self.speed else math.inf
        return due if self.wall_ms is None else min(due, self.wall_ms + elapsed)

    def now_ms(self) -> int:
        """Give show time as a number that a cursor can carry."""
        due = self.due_ms()
        return self.start_ms if math.isinf(due) else int(due)

    def seconds_until(self, ms: int) -> float:
        """Give how long the clock must run until an event of that time is due."""
        elapsed = self.clock() - self.began
        waits = [(ms - self.start_ms) / 1000 / self.speed] if self.speed else []
        if self.wall_ms is not None:
            waits.append((ms - self.wall_ms) / 1000)
        return max(waits, default=0.0) - elapsed


class Feed:
    """Events in order, as far as they are due, for any number of readers.

    Memory is that of the last `retention` events; without a retention every event is kept. At speed 0
    events are made as they are asked for, so an endless show costs no more than what was read of it.
    """

    def __init__(self, events: Iterator[dict[str, Any]], pace: Pace, retention: int | None = None) -> None:
        self._events = events
        self._pace = pace
        self._retention = retention
        self._kept: deque[Entry] = deque()
        self._dropped: Key = (-1, -1)
        self._next = self._read()
        self._changed = threading.Condition()
        self._held = 0
        self._closed = False

    def wait_for_page(self, cursor: str | None, limit: int, timeout: float, back: int = 0) -> list[Entry]:
        """Give up to `limit` events after the cursor, oldest first, as soon as there is one.

        Without a cursor, from the oldest that is kept. With `back`, so many earlier ones come first.
        Empty after `timeout` seconds of the clock, or when the feed is closed.
        """
        deadline = self._pace.clock() + timeout
        with self._changed:
            found = self._page(cursor, limit, back)
            if found or timeout <= 0:
                return found
            self._held += 1
            self._changed.notify_all()
            try:
                while not found and not self._closed and (left := deadline - self._pace.clock()) > 0:
                    # A wait that rounds to nothing would spin.
                    self._changed.wait(max(0.001, min(left, self._seconds_to_next())))
                    found = self._page(cursor, limit, back)
            finally:
                self._held -= 1
            return found

    def hold(self) -> None:
        """Wait until the feed is closed, counted as a waiting poll."""
        with self._changed:
            self._held += 1
            self._changed.notify_all()
            self._changed.wait_for(lambda: self._closed)
            self._held -= 1

    def until_held(self, count: int, timeout: float) -> bool:
        """Wait until so many polls are waiting; False if that takes longer than `timeout` seconds."""
        with self._changed:
            return self._changed.wait_for(lambda: self._held >= count, timeout)

    def wake(self) -> None:
        """Let waiting polls look at the clock again."""
        with self._changed:
            self._changed.notify_all()

    def close(self) -> None:
        """Let waiting polls end, for good."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()

    @property
    def closed(self) -> bool:
        """Say whether the feed has been closed."""
        return self._closed

    def now_ms(self) -> int:
        """Give show time, for a cursor before the first event."""
        return self._pace.now_ms()

    def _page(self, cursor: str | None, limit: int, back: int) -> list[Entry]:
        limit = min(limit, self._retention or limit)
        after = parse_cursor(cursor) if cursor else (-1, -1)
        self._fill(after, limit)
        if cursor and after < self._dropped:
            raise ExpiredError
        first = bisect_right(self._kept, after, key=lambda entry: entry.key)
        if first == len(self._kept):
            return []
        begin = max(0, first - back)
        return [self._kept[index] for index in range(begin, min(first + limit, len(self._kept)))]

    def _fill(self, after: Key, limit: int) -> None:
        lazily = not self._pace.speed
        fresh = len(self._kept) - bisect_right(self._kept, after, key=lambda entry: entry.key)
        due = self._pace.due_ms()
        while self._next and self._next.key[0] <= due and not (lazily and fresh >= limit):
            fresh += self._next.key > after
            self._kept.append(self._next)
            if self._retention and len(self._kept) > self._retention:
                self._dropped = self._kept.popleft().key
            self._next = self._read()

    def _read(self) -> Entry | None:
        event = next(self._events, None)
        if event is None:
            return None
        ms, _, seq = event["id"].partition("-")
        text = json.dumps(event, ensure_ascii=False, separators=(",", ":"))
        return Entry((int(ms), int(seq)), event["id"], text)

    def _seconds_to_next(self) -> float:
        return self._pace.seconds_until(self._next.key[0]) if self._next else math.inf


def parse_cursor(cursor: str) -> Key:
    """Read a cursor; without a `-seq` it stands before every event of its millisecond."""
    found = CURSOR.fullmatch(cursor)
    if found is None:
        raise ExpiredError
    return int(found[1]), int(found[2]) if found[2] else -1
