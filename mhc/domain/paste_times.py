"""Time stamps in pasted text: the forms that are read, and what is no time."""

from datetime import UTC, datetime, timedelta, tzinfo
from typing import NamedTuple

from mhc.domain.clock import from_ms, to_ms
from mhc.domain.times import to_utc
from mhc.patterns import Pattern

_LONGEST = 40
_FIRST_MS = 10**12  # September 2001: before it there was nothing to paste
_LAST = datetime(9999, 1, 1)  # noqa: DTZ001 - a wall clock
_SHAPE = Pattern(
    r"([0-9]{4}-[0-9]{2}-[0-9]{2})[T ]{1,2}([0-9]{1,2}:[0-9]{2}(?::[0-9]{2}(?:[.,][0-9]{1,9})?)?)"
    r" ?(Z|UTC|GMT|[+-][0-9]{2}:?[0-9]{2})?"
)
_CLOCK = Pattern(r"[0-9]{1,2}:[0-9]{2}(?::[0-9]{2})?(?: ?[AaPp][Mm])?(?=\s|\])")
_OFFSET = Pattern(r"([+-])([0-9]{2}):?([0-9]{2})")


class Stamped(NamedTuple):
    """A line without its time stamp; `stamp` is None where it has none, `clock` says that it was one without a day."""

    stamp: str | None
    rest: str
    clock: bool = False


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
            return Stamped(None, line[end + 1 :].strip(), clock=True)
        return Stamped(None, line)
    found = _SHAPE.match(line)
    if found is not None and (found[0][-1] == " " or line[found.end() : found.end() + 1].strip() == ""):
        return Stamped(found[0].strip(), line[found.end() :].lstrip(" \t-"))
    clock = _CLOCK.match(line)
    if clock is not None:
        return Stamped(None, line[clock.end() :].strip(), clock=True)
    return Stamped(None, line)
