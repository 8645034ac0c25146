"""CBHours: the rooms of its trophy database, as they are now and as it saw them in months past (contract cbhours)."""

import time
from collections.abc import Callable, Iterator, Sequence
from datetime import date, timedelta
from typing import Final

from mhc.clients.api import Api, Request
from mhc.clients.cbhours_answers import (
    Activity,
    Live,
    LiveRoom,
    Months,
    Segment,
    read_activity,
    read_live,
    read_months,
)
from mhc.clients.cbhours_terms import TERMS
from mhc.clients.pacing import Pacer, Rate
from mhc.errors import UsageError

__all__ = [
    "MOST_DAYS",
    "MOST_NAMES",
    "Activity",
    "CbhoursClient",
    "Live",
    "LiveRoom",
    "Months",
    "Segment",
    "read_activity",
    "read_live",
    "read_months",
    "spans",
]

MOST_NAMES: Final = 50  # a request
MOST_DAYS: Final = 60
_EVERY: Final = Rate("cbhours", 1)  # who asks more often is kept out for a while
_DOMAIN: Final = "cbhours"  # the site; others that it has are not asked for
_DAY: Final = timedelta(days=1)


def spans(first: date, last: date) -> Iterator[tuple[date, date]]:
    """Cut days, both with them, into spans that may be asked for, the latest first.

    Each ends with the day that the one after it begins with: whether the last day of a span belongs to it is not
    documented, and what comes twice is kept once.
    """
    while True:
        start = max(first, last - (MOST_DAYS - 1) * _DAY)
        yield start, last
        if start <= first:
            return
        last = start


class CbhoursClient:
    """CBHours, which asks for no key."""

    def __init__(
        self,
        base_url: str,
        pacer: Pacer,
        *,
        wait_scale: float = 1.0,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._api = Api(TERMS, base_url, pacer, wait_scale=wait_scale, clock=clock)
        self._clock = clock

    def fetch_live(self, names: Sequence[str]) -> Live:
        """Ask how rooms are now. Raises UpstreamError, UsageError for more than 50, PacedError."""
        if not 0 < len(names) <= MOST_NAMES:
            raise UsageError(f"CBHours takes 1 to {MOST_NAMES} names, not {len(names)}")
        request = Request("", (("action", "get_live"), ("usernames", ",".join(names))))
        return self._api.ask(request, (_EVERY,), lambda answer: read_live(answer, names, now=self._clock()))

    def fetch_activity(self, name: str, first: date, last: date) -> Activity:
        """Ask what was seen of a room in days of UTC, both with them: 60 at most. Raises as `fetch_live`."""
        if not _DAY * 0 <= last - first < MOST_DAYS * _DAY:
            raise UsageError(f"CBHours takes 1 to {MOST_DAYS} days, not {(last - first).days + 1}")
        params = (
            ("action", "get_activity"), ("domain", _DOMAIN), ("username", name),
            ("start_date", first.isoformat()), ("end_date", last.isoformat()),
            ("tzo", "0"), ("include_details", "true"),
        )  # fmt: skip
        return self._api.ask(
            Request("", params),
            (_EVERY,),
            lambda answer: read_activity(answer, about=name, now=self._clock()),
        )

    def fetch_months(self, name: str) -> Months:
        """Ask in which months a room was seen. Raises as `fetch_live`."""
        params = (("action", "get_months"), ("domain", _DOMAIN), ("username", name))
        return self._api.ask(
            Request("", params), (_EVERY,), lambda answer: read_months(answer, about=name, now=self._clock())
        )

    def stop(self) -> None:
        """Break what is under way. May be called from another thread."""
        self._api.stop()

    def close(self) -> None:
        """Close the connection."""
        self._api.close()
