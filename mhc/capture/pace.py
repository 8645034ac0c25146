"""How fast a listener may ask, and whether the clock on the wall can be trusted meanwhile."""

import logging
from collections import deque
from collections.abc import Callable
from datetime import datetime

_WINDOW, _MOST = 60.0, 1000  # half of what the API allows
_STEP = 30.0  # seconds by which a clock is set, rather than drifts

log = logging.getLogger("mhc.listen")


class Pace:
    """Keeps to the rate: no more than so many requests in any minute."""

    def __init__(self, monotonic: Callable[[], float]) -> None:
        self._monotonic = monotonic
        self._asked: deque[float] = deque(maxlen=_MOST)

    def seconds_to_wait(self) -> float:
        """Give how long the next request has to wait."""
        if len(self._asked) < _MOST:
            return 0.0
        return max(0.0, self._asked[0] + _WINDOW - self._monotonic())

    def asks(self) -> None:
        """Count a request."""
        self._asked.append(self._monotonic())


class ClockWatch:
    """Notices that the clock was set: waits go by a clock that never is, times of receipt do not."""

    def __init__(self, now: Callable[[], datetime], monotonic: Callable[[], float]) -> None:
        self._now, self._monotonic = now, monotonic
        self._last = (now(), monotonic())

    def look(self) -> float:
        """Give the seconds by which the clock was set since the last look; 0 where it was not."""
        before, ticks = self._last
        self._last = (self._now(), self._monotonic())
        step = (self._last[0] - before).total_seconds() - (self._last[1] - ticks)
        if abs(step) < _STEP:
            return 0.0
        way = "ahead" if step > 0 else "back"
        log.warning(
            "the clock was set %s by %.0f s, or the machine slept; waits do not go by it", way, abs(step)
        )
        return step
