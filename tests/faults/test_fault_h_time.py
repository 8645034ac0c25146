"""H: days that are longer or shorter, and clocks that are not on the hour."""

from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest

from mhc.domain.times import parse_range

NOW = datetime(2027, 6, 1, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)
# A zone, and the hours that its shortest and its longest day of 2026 have.
ZONES = [
    ("Europe/Berlin", 23, 25), ("America/New_York", 23, 25), ("Australia/Lord_Howe", 23.5, 24.5), ("America/Havana", 23, 25),
    ("Asia/Kolkata", 24, 24), ("Asia/Kathmandu", 24, 24), ("Pacific/Chatham", 23, 25), ("UTC", 24, 24),
]  # fmt: skip


@pytest.mark.parametrize(("zone", "shortest", "longest"), ZONES)
def test_fault_h2_the_days_of_a_year_lie_end_to_end_and_have_their_own_hours(
    zone: str, shortest: float, longest: float
) -> None:
    tz, begin = ZoneInfo(zone), date(2026, 1, 1)
    days = [
        parse_range(str(day), str(day), now=NOW, tz=tz) for day in (begin + timedelta(n) for n in range(365))
    ]
    assert all(one.end == following.start for one, following in pairwise(days))
    lengths = [one.end - one.start for one in days if one.end is not None and one.start is not None]
    assert (min(lengths) / HOUR, max(lengths) / HOUR) == (shortest, longest)
    assert sum(lengths, timedelta()) == timedelta(days=365)


@pytest.mark.parametrize(("zone", "shortest", "longest"), ZONES)
def test_fault_h2_each_hour_of_a_changing_day_is_in_one_day(
    zone: str, shortest: float, longest: float
) -> None:
    tz = ZoneInfo(zone)
    days = [
        parse_range(str(day), str(day), now=NOW, tz=tz)
        for day in (date(2026, 1, 1) + timedelta(n) for n in range(365))
    ]
    begin = days[0].start
    assert begin is not None
    quarters = (begin + n * HOUR / 4 for n in range(365 * 96))
    day = iter(days)
    current = next(day)
    for quarter in quarters:
        while current.end is not None and quarter >= current.end:
            current = next(day)
        assert current.start is not None
        assert current.start <= quarter
        assert quarter.astimezone(tz).date() == current.start.astimezone(tz).date()


@pytest.mark.parametrize(
    ("month", "last"), [("2026-01", 31), ("2026-02", 28), ("2026-04", 30), ("2024-02", 29), ("2026-12", 31)]
)
def test_fault_h2_a_month_ends_with_its_last_day(month: str, last: int) -> None:
    tz = ZoneInfo("Europe/Berlin")
    whole = parse_range(f"{month}-01", f"{month}-{last}", now=NOW, tz=tz)
    assert whole.start is not None
    assert whole.end is not None
    assert (whole.end - timedelta(seconds=1)).astimezone(tz).day == last
    assert whole.end.astimezone(tz).day == 1
