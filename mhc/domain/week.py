"""The 168 hours of a local week: where a minute falls, and how much of a stretch of time falls in each hour."""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from datetime import date, datetime, timedelta, tzinfo
from typing import NamedTuple

from mhc.config.timetable import DAYS
from mhc.domain.clock import from_ms

_QUARTER = timedelta(minutes=15)  # what every zone's distance from UTC is made of


class Hour(NamedTuple):
    """One hour of the week: `day` 0 is Monday."""

    day: int
    hour: int


class Share(NamedTuple):
    """How much time fell into an hour of the week, and on how many different dates."""

    time: timedelta
    dates: int


def hour_of(at: datetime, tz: tzinfo) -> Hour:
    """Give the hour of the week that an instant falls in, by the clocks of a zone."""
    local = at.astimezone(tz)
    return Hour(local.weekday(), local.hour)


def hour_of_ms(at_ms: int, tz: tzinfo) -> Hour:
    """Give the hour of the week of epoch milliseconds."""
    return hour_of(from_ms(at_ms), tz)


def shares(spans: Iterable[tuple[datetime, datetime]], tz: tzinfo) -> dict[Hour, Share]:
    """Give how much of some spans, which do not overlap, falls into each hour of the week.

    An hour that clocks repeat, or leave out, has as much time as it has.
    """
    time: dict[Hour, timedelta] = defaultdict(timedelta)
    dates: dict[Hour, set[date]] = defaultdict(set)
    for begin, end in spans:
        for first, last in quarters(begin, end):
            local = first.astimezone(tz)
            hour = Hour(local.weekday(), local.hour)
            time[hour] += last - first
            dates[hour].add(local.date())
    return {hour: Share(time[hour], len(dates[hour])) for hour in time}


def quarters(begin: datetime, end: datetime) -> Iterator[tuple[datetime, datetime]]:
    """Cut a span at the quarters of the hour."""
    while begin < end:
        past = timedelta(minutes=begin.minute % 15, seconds=begin.second, microseconds=begin.microsecond)
        last = min(begin - past + _QUARTER, end)
        yield begin, last
        begin = last


def days_from(first_day: int) -> list[int]:
    """Give the days of a week that begins with one of them (0: Monday)."""
    return [(first_day + step) % len(DAYS) for step in range(len(DAYS))]
