"""The earlier range that figures are held against: just before, or a year before, by the clocks of a zone."""

from datetime import date, datetime, timedelta, tzinfo
from enum import StrEnum
from typing import NamedTuple

from mhc.domain.times import to_utc

_DAY = timedelta(days=1)


class Against(StrEnum):
    """Which earlier range."""

    PREVIOUS = "previous"
    LAST_YEAR = "last-year"


class Span(NamedTuple):
    """A half-open time of which both ends are known."""

    since: datetime
    until: datetime


def earlier(span: Span, against: Against, tz: tzinfo) -> Span:
    """Give the earlier range, in UTC. Raises ValueError where the calendar does not reach so far back."""
    try:
        return (_previous if against is Against.PREVIOUS else _a_year_before)(span, tz)
    except (OverflowError, ValueError):
        raise ValueError("the range before lies before all calendars") from None


def _previous(span: Span, tz: tzinfo) -> Span:
    """Give the range just before: as many days where it is whole days by the clocks, else of the same length."""
    wall = _wall(span.until, tz) - _wall(span.since, tz)
    if wall % _DAY:
        return Span(span.since - (span.until - span.since), span.since)
    return Span(to_utc(_wall(span.since, tz) - wall, tz), span.since)


def _a_year_before(span: Span, tz: tzinfo) -> Span:
    """Give the same local dates and times; of 29 February the 28th, and 1 March where a range ends that began before."""
    begin, end = _wall(span.since, tz), _wall(span.until, tz)
    since = to_utc(_year_before(begin), tz)
    leaps = (end.month, end.day) == (2, 29) and begin.date() != end.date()
    until = to_utc(_year_before(end + _DAY if leaps else end), tz)
    return Span(since, max(since, until))


def _year_before(wall: datetime) -> datetime:
    return datetime.combine(day_a_year_before(wall.date()), wall.time())


def days(now: Span, then: Span, against: Against, tz: tzinfo) -> dict[date, date]:
    """Give for each local day of a range that of the earlier one; 29 February has one only where the range begins on it."""
    first, last = _wall(now.since, tz).date(), _wall(now.until, tz).date()
    moved = first - _wall(then.since, tz).date()
    found = {}
    for number in range((last - first) // _DAY + 1 if now.since < now.until else 0):
        day = first + number * _DAY
        if against is Against.PREVIOUS:
            found[day] = day - moved
        elif (day.month, day.day) != (2, 29) or day == first:
            found[day] = day_a_year_before(day)
    return found


def day_a_year_before(day: date) -> date:
    """Give the same date of the year before; the 28th of 29 February."""
    return day.replace(year=day.year - 1, day=28 if (day.month, day.day) == (2, 29) else day.day)


def _wall(at: datetime, tz: tzinfo) -> datetime:
    return at.astimezone(tz).replace(tzinfo=None, fold=0)
