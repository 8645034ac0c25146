"""Time stamps in pasted text: the forms that are read, and what is no time."""

from datetime import UTC, date, datetime, time, timedelta, tzinfo
from typing import NamedTuple

from mhc.domain.clock import from_ms, to_ms
from mhc.domain.times import to_utc
from mhc.patterns import Pattern

_LONGEST = 40
_HALF_A_DAY = 12 * 60 * 60
_FIRST_MS = 10**12  # September 2001: before it there was nothing to paste
_LAST = datetime(9999, 1, 1)  # noqa: DTZ001 - a wall clock
_SHAPE = Pattern(
    r"([0-9]{4}-[0-9]{2}-[0-9]{2})[T ]{1,2}([0-9]{1,2}:[0-9]{2}(?::[0-9]{2}(?:[.,][0-9]{1,9})?)?)"
    r" ?(Z|UTC|GMT|[+-][0-9]{2}:?[0-9]{2})?"
)
_CLOCK = Pattern(r"[0-9]{1,2}:[0-9]{2}(?::[0-9]{2})?(?: ?[AaPp][Mm])?(?=\s|\])")
_OFFSET = Pattern(r"([+-])([0-9]{2}):?([0-9]{2})")


class Stamped(NamedTuple):
    """A line without its time stamp; `stamp` is None where it has none, `clock` is one without a day."""

    stamp: str | None
    rest: str
    clock: str | None = None


def read_stamp(text: str, tz: tzinfo) -> datetime | None:
    """Give the instant of a time stamp, aware UTC; None where it is none.

    Read are `2026-01-01 18:03:00`, with `T`, parts of a second, `Z` or an offset, and epoch seconds or milliseconds.
    One without a zone is of `tz`: of a time that comes twice the first is meant, and one that the clocks leave out
    moves on by the length of the gap, whatever stands in the lines around it.
    """
    text = text.strip().replace(", ", " ")
    if len(text) > _LONGEST:
        return None
    if text.isascii() and text.isdecimal() and len(text) in {10, 13}:
        return _plausible(from_ms(int(text) * (1000 if len(text) == 10 else 1)))
    found = _SHAPE.fullmatch(text)
    if found is None:
        return None
    try:
        clock = found[2].replace(",", ".")
        wall = datetime.fromisoformat(f"{found[1]}T{'0' if clock[1] == ':' else ''}{clock}")
        return _plausible(_in_utc(wall, found[3], tz)) if wall < _LAST else None
    except (ValueError, OverflowError):
        return None


def _in_utc(wall: datetime, zone: str | None, tz: tzinfo) -> datetime:
    if zone is None:
        return to_utc(wall, tz)
    found = _OFFSET.fullmatch(zone)
    if found is None:
        return wall.replace(tzinfo=UTC)
    if int(found[3]) > 59:
        raise ValueError
    offset = timedelta(hours=int(found[2]), minutes=int(found[3]))
    return wall.replace(tzinfo=UTC) + (offset if found[1] == "-" else -offset)


def _plausible(at: datetime) -> datetime | None:
    return from_ms(to_ms(at)) if to_ms(at) >= _FIRST_MS else None


def split_stamp(line: str) -> Stamped:
    """Part a line from the time stamp before it, which may stand in brackets."""
    if line[:1] == "[":
        end = line.find("]", 1, _LONGEST + 2)
        inner = line[1:end].strip() if end > 0 else ""
        if _SHAPE.fullmatch(inner.replace(", ", " ")):
            return Stamped(inner, line[end + 1 :].strip())
        if inner and _CLOCK.match(f"{inner} ") and len(inner) <= 11:
            return Stamped(None, line[end + 1 :].strip(), clock=inner)
        return Stamped(None, line)
    found = _SHAPE.match(line)
    if found is not None and (found[0][-1] == " " or line[found.end() : found.end() + 1].strip() == ""):
        return Stamped(found[0].strip(), line[found.end() :].lstrip(" \t-"))
    clock = _CLOCK.match(line)
    if clock is not None:
        return Stamped(None, line[clock.end() :].strip(), clock=clock[0])
    return Stamped(None, line)


class Days:
    """The days of times that name none: the first is told, and midnight is where they go back by half a day or more."""

    def __init__(self, first: date | None, tz: tzinfo) -> None:
        self._day = first
        self._tz = tz
        self._last: time | None = None

    def at(self, clock: str | None) -> datetime | None:
        """Give the instant of the next time; None where no day was told, or it is no time."""
        wall = None if clock is None or self._day is None else _wall(clock)
        if wall is None or self._day is None:
            return None
        if self._last is not None and _seconds(self._last) - _seconds(wall) >= _HALF_A_DAY:
            self._day += timedelta(days=1)
        self._last = wall
        return _plausible(to_utc(datetime.combine(self._day, wall), self._tz))


def _wall(clock: str) -> time | None:
    half = clock[-2:].casefold() if clock[-1:] in "mM" else ""
    try:
        hour, minute, second = [*(int(part) for part in clock[: -2 if half else None].split(":")), 0][:3]
        if half and not 1 <= hour <= 12:
            return None
        return time(hour % 12 + 12 * (half == "pm") if half else hour, minute, second)
    except ValueError:
        return None


def _seconds(wall: time) -> int:
    return (wall.hour * 60 + wall.minute) * 60 + wall.second
