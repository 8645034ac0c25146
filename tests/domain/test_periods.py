"""Local days, weeks and months: without a gap, without an overlap, whatever the clocks do."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mhc.domain.periods import By, Clock, following

BERLIN = ZoneInfo("Europe/Berlin")
ZONES = [BERLIN, ZoneInfo("Asia/Kolkata"), ZoneInfo("America/Santiago"), ZoneInfo("Australia/Lord_Howe")]
HOUR = timedelta(hours=1)


@pytest.mark.parametrize(("day", "hours"), [("2026-03-29", 23), ("2026-10-25", 25), ("2026-06-01", 24)])
def test_a_day_has_as_many_hours_as_the_clocks_give_it(day: str, hours: int) -> None:
    begin, end = Clock(BERLIN).span(date.fromisoformat(day), By.DAY)

    assert (end - begin) / HOUR == hours


def test_a_day_of_which_the_clocks_leave_midnight_out_begins_with_their_leap() -> None:
    begin = Clock(ZoneInfo("America/Santiago")).begin(date(2026, 9, 6))

    assert begin == datetime(2026, 9, 6, 4, tzinfo=UTC)


@pytest.mark.parametrize(
    ("first_weekday", "begins"), [(0, date(2026, 11, 23)), (6, date(2026, 11, 22)), (3, date(2026, 11, 26))]
)
def test_a_week_begins_with_the_day_that_was_chosen(first_weekday: int, begins: date) -> None:
    clock = Clock(BERLIN, first_weekday)

    assert clock.first_day(date(2026, 11, 26), By.WEEK) == begins
    assert following(begins, By.WEEK) - begins == timedelta(days=7)


def test_a_month_ends_where_the_next_begins() -> None:
    assert following(date(2026, 12, 1), By.MONTH) == date(2027, 1, 1)
    assert following(date(2028, 2, 1), By.MONTH) == date(2028, 3, 1)


def test_a_range_touches_the_periods_that_it_has_any_time_of() -> None:
    clock = Clock(BERLIN)
    midnight = clock.begin(date(2026, 3, 1))

    assert list(clock.periods(midnight - timedelta(seconds=1), midnight, By.MONTH)) == [date(2026, 2, 1)]
    assert list(clock.periods(midnight, midnight, By.MONTH)) == []


@given(
    st.integers(0, 9131 * 24 * 60).map(
        lambda minutes: datetime(2010, 1, 1, tzinfo=UTC) + timedelta(minutes=minutes)
    ),
    st.sampled_from(ZONES),
    st.integers(0, 6),
    st.sampled_from(By),
)
def test_every_instant_lies_in_the_period_that_it_is_said_to(
    at: datetime, zone: ZoneInfo, first_weekday: int, by: By
) -> None:
    clock = Clock(zone, first_weekday)
    first = clock.period(at, by)
    begin, end = clock.span(first, by)

    assert begin <= at < end
    assert clock.period(end, by) == following(first, by)
