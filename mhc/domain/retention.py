"""Which backups are kept: the newest of each of the last hours, days, weeks and months that have one."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime


@dataclass(frozen=True, slots=True)
class Policy:
    """How many hours, days, weeks and months keep a backup each, counted in UTC."""

    hourly: int = 24
    daily: int = 7
    weekly: int = 4
    monthly: int = 12


def kept(times: Iterable[datetime], policy: Policy) -> set[datetime]:
    """Give the times of the backups that stay; the newest always does. Asked again of these, it gives them all."""
    newest_first = sorted(set(times), reverse=True)
    stay = set(newest_first[:1])
    for number, period in (
        (policy.hourly, _hour),
        (policy.daily, _day),
        (policy.weekly, _week),
        (policy.monthly, _month),
    ):
        stay |= _newest_of_each(newest_first, period, number)
    return stay


def _newest_of_each(
    newest_first: list[datetime], period: Callable[[datetime], tuple[int, ...]], number: int
) -> set[datetime]:
    last: dict[tuple[int, ...], datetime] = {}
    for at in newest_first:
        last.setdefault(period(at.astimezone(UTC)), at)
    return set(list(last.values())[:number])


def _hour(at: datetime) -> tuple[int, ...]:
    return at.year, at.month, at.day, at.hour


def _day(at: datetime) -> tuple[int, ...]:
    return at.year, at.month, at.day


def _week(at: datetime) -> tuple[int, ...]:
    return tuple(at.isocalendar()[:2])


def _month(at: datetime) -> tuple[int, ...]:
    return at.year, at.month
