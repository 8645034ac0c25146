"""How often somebody may ask, in show time: the limits run as fast as the show does."""

import math
import threading
from collections import deque
from collections.abc import Callable


class Limit:
    """`most` requests in so many seconds of each who asks; at speed 0 any number."""

    def __init__(self, most: int, seconds: float, speed: float, clock: Callable[[], float]) -> None:
        self._most, self._seconds, self._speed, self._clock = most, seconds, speed, clock
        self._asked: dict[str, deque[float]] = {}
        self._lock = threading.Lock()

    def wait(self, who: str) -> int:
        """Count a request and give 0; where there were too many, give the seconds until the next may come."""
        if not self._speed:
            return 0
        with self._lock:
            now = self._clock() * self._speed
            asked = self._asked.setdefault(who, deque())
            while asked and asked[0] <= now - self._seconds:
                asked.popleft()
            if len(asked) >= self._most:
                return max(1, math.ceil(asked[0] + self._seconds - now))
            asked.append(now)
            return 0
