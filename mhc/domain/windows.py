"""Which time a question to a source is about, under a key that says whether two answers can be compared.

A rolling window ends when it is asked (`30d`), a fixed one has both its ends (`2026-01-01/2026-02-01`), in UTC. The key of
figures of a whole life is empty.
"""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

from mhc.domain.clock import EPOCH, iso_z
from mhc.domain.times import Range, parse_duration, parse_instant

LIFETIME: Final = ""
_HOUR = timedelta(hours=1)
_LONGEST = timedelta(days=3660)


@dataclass(frozen=True, slots=True)
class Window:
    """A rolling window of a length, or a fixed range."""

    key: str
    length: timedelta | None = None
    fixed: Range | None = None

    def at(self, now: datetime) -> Range:
        """Give the range that is asked about at an instant."""
        if self.fixed is not None:
            return self.fixed
        assert self.length is not None
        end = now.astimezone(UTC).replace(microsecond=0)
        return Range(end - self.length, end)


def parse(text: str) -> Window:
    """Read a window as its key is written: a length of whole hours, or both ends of UTC. Raises ValueError."""
    start, slash, end = text.partition("/")
    if not slash:
        return _rolling(text)
    return between(*(parse_instant(one, now=EPOCH, tz=UTC) for one in (start, end)))


def _rolling(text: str) -> Window:
    length = parse_duration(text)
    if length < _HOUR or length % _HOUR or length > _LONGEST:
        raise ValueError(f"{text!r} is no range: whole hours or days, such as 24h or 30d")
    hours = length // _HOUR
    return Window(f"{hours}h" if hours % 24 else f"{hours // 24}d", length)


def between(start: datetime, end: datetime) -> Window:
    """Give the window between two instants, to the second."""
    start, end = (at.astimezone(UTC).replace(microsecond=0) for at in (start, end))
    return Window(f"{_written(start)}/{_written(end)}", fixed=Range(start, end))


def _written(at: datetime) -> str:
    """Write an end of a range: as a day where it is the start of one."""
    return iso_z(at).removesuffix("T00:00:00Z")
