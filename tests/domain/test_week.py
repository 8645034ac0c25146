"""The hours of a local week: on the days on which the clocks change, in zones of half an hour, whatever the span."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mhc.domain.week import Hour, days_from, hour_of, shares

BERLIN, KOLKATA = ZoneInfo("Europe/Berlin"), ZoneInfo("Asia/Kolkata")
HOUR = timedelta(hours=1)


def _hours(begin: datetime, end: datetime, zone: ZoneInfo) -> dict[tuple[int, int], tuple[float, int]]:
    return {tuple(hour): (one.time / HOUR, one.dates) for hour, one in shares([(begin, end)], zone).items()}  # type: ignore[misc]


def test_an_hour_that_the_clocks_leave_out_has_no_time() -> None:
    found = _hours(datetime(2026, 3, 29, 0, tzinfo=UTC), datetime(2026, 3, 29, 3, tzinfo=UTC), BERLIN)

    assert found == {(6, 1): (1.0, 1), (6, 3): (1.0, 1), (6, 4): (1.0, 1)}


def test_an_hour_that_the_clocks_repeat_has_two_hours_on_one_date() -> None:
    found = _hours(datetime(2026, 10, 25, 0, tzinfo=UTC), datetime(2026, 10, 25, 2, tzinfo=UTC), BERLIN)

    assert found == {(6, 2): (2.0, 1)}


def test_a_zone_of_half_an_hour_cuts_an_hour_of_utc_in_two() -> None:
    found = _hours(datetime(2026, 1, 5, 18, tzinfo=UTC), datetime(2026, 1, 5, 19, tzinfo=UTC), KOLKATA)

    assert found == {(0, 23): (0.5, 1), (1, 0): (0.5, 1)}


def test_the_same_hour_of_two_weeks_is_two_observations() -> None:
    begin = datetime(2026, 1, 5, 18, tzinfo=UTC)
    weeks = [(begin + timedelta(weeks=n), begin + timedelta(weeks=n, minutes=20)) for n in range(2)]

    assert shares(weeks, BERLIN) == {Hour(0, 19): (timedelta(minutes=40), 2)}


@pytest.mark.parametrize("zone", [UTC, BERLIN, KOLKATA])
@given(begin=st.integers(0, 60 * 24 * 400), length=st.integers(0, 60 * 80))
def test_the_hours_have_all_the_time_there_is(zone: ZoneInfo, begin: int, length: int) -> None:
    start = datetime(2026, 1, 1, tzinfo=UTC) + timedelta(minutes=begin)
    end = start + timedelta(minutes=length)
    found = shares([(start, end)], zone)

    assert sum((one.time for one in found.values()), timedelta()) == end - start
    assert hour_of(start, zone) in found or not length


def test_a_week_begins_on_any_day() -> None:
    assert days_from(0) == [0, 1, 2, 3, 4, 5, 6]
    assert days_from(6) == [6, 0, 1, 2, 3, 4, 5]
