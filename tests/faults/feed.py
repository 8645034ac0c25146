"""Which numbered events there are by now, which are still kept, and waiting for the next one."""

import threading
from collections.abc import Callable, Sequence

from faults.numbered import body_of


class Feed:
    """Events 1 to `published`, of which the last `retention` are kept; without one all of them."""

    def __init__(self, published: int, retention: int | None, body: Callable[[int], bytes] = body_of) -> None:
        self.published = published
        self.body = body
        self.closed = False
        self._retention = retention
        self.waiting: list[int] = []  # the number of the event that each waiting poll has
        self._let_go = False
        self._changed = threading.Condition()

    @property
    def dropped(self) -> int:
        """Give the number of the latest event that is no longer kept."""
        return max(0, self.published - self._retention) if self._retention is not None else 0

    def publish(self, count: int) -> None:
        """Let so many more events happen."""
        with self._changed:
            self.published += count
            self._changed.notify_all()

    def after(self, number: int, limit: int, *, back: int = 0, seconds: float = 0) -> Sequence[int]:
        """Give the numbers that follow, at most `limit` and `back` earlier ones; wait for the first."""
        with self._changed:
            if self.published <= number and seconds > 0:
                self._hold(number, lambda: self.published > number, seconds)
            if self.closed or self.published <= number:
                return ()
            first = max(number, self.dropped) + 1
            return range(max(1, first - back), min(first + limit, self.published + 1))

    def hold(self) -> None:
        """Wait until `let_go`, or the end."""
        with self._changed:
            self._let_go = False
            self._hold(-1, lambda: self._let_go, None)

    def let_go(self) -> None:
        """Let those who are held go on."""
        with self._changed:
            self._let_go = True
            self._changed.notify_all()

    def until_held(self, count: int = 1, timeout: float = 30) -> bool:
        """Wait until so many polls wait; False where it takes longer than `timeout` seconds."""
        with self._changed:
            return self._changed.wait_for(lambda: len(self.waiting) >= count, timeout)

    def until_read_up(self, timeout: float = 60) -> bool:
        """Wait until a poll waits that has every event there is; False where it takes longer."""
        with self._changed:
            return self._changed.wait_for(lambda: self.published in self.waiting, timeout)

    def close(self) -> None:
        """Let every poll end, for good."""
        with self._changed:
            self.closed = True
            self._changed.notify_all()

    def _hold(self, number: int, over: Callable[[], bool], seconds: float | None) -> None:
        self.waiting.append(number)
        self._changed.notify_all()
        try:
            self._changed.wait_for(lambda: self.closed or over(), seconds)
        finally:
            self.waiting.remove(number)
