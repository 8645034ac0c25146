"""Local days, weeks and months: which one an instant falls in, and where one begins and ends.

A period is named by its first day. It begins with that day by the clocks of a zone, so that one with a change of the
clocks has an hour less or more.
"""

from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from enum import StrEnum
from typing import NamedTuple

_DAY = timedelta(days=1)


class By(StrEnum):
    """What time is divided into."""

    DAY = "day"
    WEEK = "week"
    MONTH = "month"


class Clock(NamedTuple):
    """By which zone days begin, and with which of them weeks do (0: Monday)."""

    tz: tzinfo
    first_weekday: int = 0

    def day(self, at: datetime) -> date:
        """Give the local day of an instant."""
        return at.astimezone(self.tz).date()

    def period(self, at: datetime, by: By) -> date:
        """Give the first day of the period that an instant falls in."""
        return self.first_day(self.day(at), by)

    def first_day(self, day: date, by: By) -> date:
        """Give the first day of the period of a day."""
        if by is By.MONTH:
            return day.replace(day=1)
        return day if by is By.DAY else day - _DAY * ((day.weekday() - self.first_weekday) % 7)

    def begin(self, day: date) -> datetime:
        """Give the first instant of a day, in UTC: where clocks leave midnight out, that of the leap."""
        return datetime.combine(day, time(), self.tz).astimezone(UTC)

    def span(self, first: date, by: By) -> tuple[datetime, datetime]:
        """Give the half-open time of the period that begins on a day."""
        return self.begin(first), self.begin(following(first, by))

    def periods(self, since: datetime, until: datetime, by: By) -> Iterator[date]:
        """Give the periods that a half-open time touches, the earliest first."""
        first = self.period(since, by)
        while since < until and self.begin(first) < until:
            yield first
            first = following(first, by)


def following(first: date, by: By) -> date:
    """Give the first day of the next period."""
    if by is By.MONTH:
        return (first.replace(day=1) + 31 * _DAY).replace(day=1)
    return first + (_DAY if by is By.DAY else 7 * _DAY)
