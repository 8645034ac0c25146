"""Times as people write and read them: `--since 2d`, `yesterday`, `2026-03-01 10:00`, and back to text.

The clock and the zone are always given. A time without a zone is one of the display zone. Of a local time that
comes twice the first is meant; one that does not exist (the clocks go forward) moves on by the length of the gap.
s, m and h are exact; d, w, mo and y keep the time of day, however long the days are.
"""

import re
from calendar import monthrange
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, timezone, tzinfo
from typing import Final
from zoneinfo import ZoneInfo

from mhc.config.timetable import DAYS
from mhc.domain.clock import iso_z
from mhc.patterns import Pattern

Anchors = Callable[[str], datetime | None]

_LONGEST: Final = 80
_WORDS: Final = {"today": 0, "yesterday": -1, "tomorrow": 1}
_UNITS: Final = {
    "s": "s", "sec": "s", "secs": "s", "second": "s", "seconds": "s",
    "m": "m", "min": "m", "mins": "m", "minute": "m", "minutes": "m",
    "h": "h", "hr": "h", "hrs": "h", "hour": "h", "hours": "h",
    "d": "d", "day": "d", "days": "d", "w": "w", "week": "w", "weeks": "w",
    "mo": "mo", "month": "mo", "months": "mo", "y": "y", "year": "y", "years": "y",
}  # fmt: skip
_SECONDS: Final = {"s": 1, "m": 60, "h": 3600, "d": 86400, "w": 604800}

_PART = Pattern(r"([0-9]{1,9})(?:\.([0-9]{1,6}))? ?([a-z]{1,7})(?: |(?=[0-9])|\Z)", re.ASCII)
_ISO_DAY = Pattern(r"([0-9]{4})-([0-9]{2})-([0-9]{2})", re.ASCII)
_TIME = Pattern(r"([0-9]{1,2}):([0-9]{2})(?::([0-9]{2})(?:\.([0-9]{1,9}))?)?", re.ASCII)
_OFFSET = Pattern(r"([+-])([0-9]{2})(?::?([0-9]{2}))?", re.ASCII)
_GLUED_ZONE = Pattern(r"(?<=[0-9])(z|[+-][0-9]{2}(?::?[0-9]{2})?)\Z", re.ASCII | re.IGNORECASE)
_EPOCH = Pattern(r"@([0-9]{1,12})(?:\.([0-9]{1,6}))?", re.ASCII)
_CAPITAL_M = Pattern(r"[0-9] ?M\b", re.ASCII)  # minutes here, months for systemd
_ANCHOR = Pattern(r"session(?::[0-9]{1,18})?|last-session|last-run(?::[a-z-]{1,40})?", re.ASCII)

# What people write, and what they may have meant.
_NEAREST: Final = tuple(
    (Pattern(pattern, re.ASCII), sentence)
    for pattern, sentence in (
        (r"([0-9]{4})[./]?([0-9]{2})[./]?([0-9]{2})\Z", r"write \1-\2-\3"),
        (r"([0-9]{2})[./-]([0-9]{2})[./-]([0-9]{4})\Z", r"write \3-\1-\2 or \3-\2-\1 (year-month-day)"),
        (r"[0-9.]+ ?m[a-z]*\Z", "write 5min for minutes, 2mo for months"),
        (
            r"[0-9]+\.[0-9]+ ?(?:d|w|mo|y)[a-z]*\Z",
            "days and longer are whole; write 36h for a day and a half",
        ),
        (r"[^:]{0,40}[0-9]:|[0-9]{1,2} ?[ap]m", 'write "10:00" or "2026-03-01 10:00"'),
        (
            r"[0-9]+[-./][0-9]|jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec",
            'write "2026-03-01" or "2026-03-01 10:00"',
        ),
        (r"\+", 'a bare span lies in the past; write a date for the future, or "tomorrow"'),
    )
)


@dataclass(frozen=True, slots=True)
class Range:
    """A half-open range of time, aware UTC: from `start` on, before `end`; None is open."""

    start: datetime | None = None
    end: datetime | None = None

    def __contains__(self, at: datetime) -> bool:
        return (self.start is None or self.start <= at) and (self.end is None or at < self.end)


def no_anchors(_name: str) -> datetime | None:
    """Know no anchor, where there is nothing to count from."""
    return None


def parse_instant(
    text: str, *, now: datetime, tz: tzinfo, anchors: Anchors = no_anchors, near: datetime | None = None
) -> datetime:
    """Give the instant that a text means, aware UTC; a day means its start. Raise ValueError with a nearby form.

    A time without a day is one of today, or of the day on which it is nearest to `near`.
    """
    return _parse(text, now, tz, anchors, near)[0]


def parse_range(
    since: str | None,
    until: str | None,
    *,
    now: datetime,
    tz: tzinfo,
    anchors: Anchors = no_anchors,
    told: Callable[[datetime], str] = iso_z,
) -> Range:
    """Give the range between two texts; an `until` that is a day includes the whole of it. `told` writes a time."""
    start = _parse(since, now, tz, anchors)[0] if since is not None else None
    end = _parse(until, now, tz, anchors)[1] if until is not None else None
    if start is not None and end is not None and start > end:
        raise ValueError(f"the range begins ({told(start)}) after it ends ({told(end)})")
    return Range(start, end)


def parse_duration(text: str) -> timedelta:
    """Give a length of time: 10m, 90s, 1h30m, 2d (a day is 24 hours). Raise ValueError with a nearby form."""
    parts = _span(text.strip().lower())
    if parts is None or any(unit not in _SECONDS for _, unit in parts):
        raise ValueError(f'{_quoted(text)} is no length of time; write "10m", "90s" or "1h30m"')
    try:
        return timedelta(microseconds=sum(micros * _SECONDS[unit] for micros, unit in parts))
    except OverflowError:
        raise ValueError(f"{_quoted(text)} is too long") from None


def start_of_day(day: date, tz: tzinfo) -> datetime:
    """Give the first instant of a local day, aware UTC; the day ends where the next one starts."""
    return to_utc(datetime.combine(day, time()), tz)


def _parse(
    text: str, now: datetime, tz: tzinfo, anchors: Anchors, near: datetime | None = None
) -> tuple[datetime, datetime]:
    """Give start and end of what a text means: the same instant, unless it is a day."""
    if now.tzinfo is None:
        raise ValueError("`now` has no zone")
    words = " ".join(text.split())
    low = words.lower()
    readable = len(low) <= _LONGEST and not _CAPITAL_M.search(words)
    try:
        at = _instant(low, now, tz, anchors) if readable else None
        found = (at, at) if at else _moment(words, now, tz, near) if readable else None
    except OverflowError:
        raise ValueError(f"{_quoted(text)} is too far away") from None
    if found is None:
        raise ValueError(f"{_quoted(text)} is no time; {_nearest(low)}")
    return found


def _instant(low: str, now: datetime, tz: tzinfo, anchors: Anchors) -> datetime | None:
    """Read now, an epoch, an anchor, or a span before now; None when it is none of them."""
    if low == "now":
        return now.astimezone(UTC)
    if match := _EPOCH.fullmatch(low):
        return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(
            seconds=int(match[1]), microseconds=_micros(match[2])
        )
    if _ANCHOR.fullmatch(low):
        at = anchors(low)
        if at is None:
            raise ValueError(f"there is no {low} to count from")
        return at.astimezone(UTC)
    span = low.removesuffix(" ago") if low.endswith(" ago") else low.removeprefix("-").lstrip()
    parts = _span(span)
    return _before(now, parts, tz) if parts else None


def _span(text: str) -> list[tuple[int, str]] | None:
    """Read `1h30m` or `3 days` as millionths of each unit; None when it is no span."""
    parts, position = [], 0
    while position < len(text):
        match = _PART.match(text, position)
        if not match or match[3] not in _UNITS:
            return None
        parts.append((int(match[1]) * 1_000_000 + _micros(match[2]), _UNITS[match[3]]))
        position = match.end()
    return parts or None


def _before(now: datetime, parts: list[tuple[int, str]], tz: tzinfo) -> datetime | None:
    """Give the instant so long before now: first by the calendar, then by exact time."""
    total = dict.fromkeys(("s", "m", "h", "d", "w", "mo", "y"), 0)
    for micros, unit in parts:
        total[unit] += micros
    if any(total[unit] % 1_000_000 for unit in ("d", "w", "mo", "y")):
        return None
    days, weeks, months, years = (total[unit] // 1_000_000 for unit in ("d", "w", "mo", "y"))
    at = now.astimezone(UTC)
    if days or weeks or months or years:
        wall = now.astimezone(tz).replace(tzinfo=None, fold=0)
        wall = _months_before(wall, months + 12 * years) - timedelta(days=days + 7 * weeks)
        at = to_utc(wall, tz)
    return at - timedelta(microseconds=sum(total[unit] * _SECONDS[unit] for unit in ("s", "m", "h")))


def _months_before(wall: datetime, months: int) -> datetime:
    """Go back by months; the day of the month is cut to what the month has."""
    year, month = divmod(wall.year * 12 + wall.month - 1 - months, 12)
    if year < 1:
        raise OverflowError
    return wall.replace(year=year, month=month + 1, day=min(wall.day, monthrange(year, month + 1)[1]))


def _moment(words: str, now: datetime, tz: tzinfo, near: datetime | None) -> tuple[datetime, datetime] | None:
    """Read [day] [time] [zone], at least one of the first two; None when it is not that."""
    iso = _ISO_DAY.match(words)
    if iso and words[iso.end() : iso.end() + 1] in {"T", "t"}:
        words = f"{iso[0]} {words[iso.end() + 1 :]}"
    glued = _GLUED_ZONE.search(words)
    if glued and ":" in words[: glued.start()]:
        words = f"{words[: glued.start()]} {glued[1]}"
    tokens = words.split(" ")
    zone = _zone(tokens[-1]) if len(tokens) > 1 else None
    tokens = tokens[:-1] if zone else tokens
    zone = zone or tz
    today = now.astimezone(zone).date()
    day = _day(tokens[0].lower(), today)
    clock = _clock(tokens[-1])
    if len(tokens) != (day is not None) + (clock is not None):
        return None
    if clock is None:
        first = day or today
        return start_of_day(first, zone), start_of_day(first + timedelta(days=1), zone)
    if day is None and near is not None:
        days = (near.astimezone(zone).date() + timedelta(days=step) for step in (-1, 0, 1))
        at = min((to_utc(datetime.combine(one, clock), zone) for one in days), key=lambda at: abs(at - near))
        return at, at
    at = to_utc(datetime.combine(day or today, clock), zone)
    if day == today and at > now and tokens[0].lower() not in {"today", today.isoformat()}:
        at = to_utc(datetime.combine(today - timedelta(days=7), clock), zone)  # the latest past Monday at ten
    return at, at


def _day(word: str, today: date) -> date | None:
    """Read yesterday, a weekday (the latest one, today included) or an ISO date."""
    if word in _WORDS:
        return today + timedelta(days=_WORDS[word])
    for number, name in enumerate(DAYS):
        if len(word) > 2 and name.startswith(word):
            return today - timedelta(days=(today.weekday() - number) % 7)
    match = _ISO_DAY.fullmatch(word)
    try:
        return date(int(match[1]), int(match[2]), int(match[3])) if match else None
    except ValueError:
        return None


def _clock(word: str) -> time | None:
    """Read 10:00, 10:00:30 or 10:00:30.5."""
    match = _TIME.fullmatch(word)
    try:
        return time(int(match[1]), int(match[2]), int(match[3] or 0), _micros(match[4])) if match else None
    except ValueError:
        return None


def _micros(fraction: str | None) -> int:
    """Give the millionths in the digits behind a point; what is finer is cut off."""
    return int((fraction or "0")[:6].ljust(6, "0"))


def _zone(word: str) -> tzinfo | None:
    """Read Z, UTC, an offset or a zone's name."""
    if word.upper() in {"Z", "UTC"}:
        return UTC
    match = _OFFSET.fullmatch(word)
    try:
        if match:
            offset = timedelta(hours=int(match[2]), minutes=int(match[3] or 0))
            return timezone(-offset if match[1] == "-" else offset) if int(match[3] or 0) < 60 else None
        return ZoneInfo(word) if word[:1].isalpha() and word.lower() not in _UNITS else None
    except (KeyError, ValueError, OSError):
        return None


def to_utc(wall: datetime, tz: tzinfo) -> datetime:
    """Give the instant of a local time: the first of two; behind the gap where there is none."""
    return wall.replace(tzinfo=tz, fold=0).astimezone(UTC)


def _quoted(text: str) -> str:
    return repr(text if len(text) <= _LONGEST else f"{text[:_LONGEST]}…")


def _nearest(low: str) -> str:
    """Name the accepted form that is closest to what was written."""
    for pattern, sentence in _NEAREST:
        if match := pattern.match(low):
            return match.expand(sentence)
    return 'write "2d", "1h30m", "yesterday", "monday", "2026-03-01" or "2026-03-01 10:00"'


def ago(at: datetime, now: datetime) -> str:
    """Write how long ago an instant was, in its largest unit: 5m ago, 3h ago, 12d ago; or in 5m."""
    seconds = int(abs((now - at).total_seconds()))
    steps = (
        (60, 1, "s"),
        (3600, 60, "m"),
        (86400, 3600, "h"),
        (60 * 86400, 86400, "d"),
        (730 * 86400, 2629746, "mo"),
    )
    text = next((f"{seconds // size}{unit}" for limit, size, unit in steps if seconds < limit), "")
    text = text or f"{seconds // 31556952}y"
    return f"in {text}" if at > now and seconds else f"{text} ago" if seconds else "now"


def duration(length: timedelta) -> str:
    """Write a length of time in its two largest units: 42s, 5m 03s, 1h 05m, 2d 03h."""
    seconds = int(abs(length.total_seconds()))
    sign = "-" if length < timedelta(0) and seconds else ""
    for size, unit, smaller, name in ((86400, "d", 3600, "h"), (3600, "h", 60, "m"), (60, "m", 1, "s")):
        if seconds >= size:
            return f"{sign}{seconds // size}{unit} {seconds % size // smaller:02}{name}"
    return f"{sign}{seconds}s"
