"""The range before, and that of a year before: what the clocks and the calendar do to them."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mhc.domain.earlier import Against, Span, days, earlier
from mhc.domain.times import to_utc

BERLIN = ZoneInfo("Europe/Berlin")


def span(since: str, until: str) -> Span:
    """Give a range of Berlin's clocks."""
    return Span(*(to_utc(datetime.fromisoformat(one), BERLIN) for one in (since, until)))


@pytest.mark.parametrize(
    ("since", "until", "then"),
    [
        ("2026-03-08", "2026-03-15", "2026-03-01"),
        ("2026-03-28", "2026-03-30", "2026-03-26"),  # 47 hours, and 48 before
        ("2026-03-30", "2026-04-01", "2026-03-28"),  # 48 hours, and 47 before
        ("2026-10-25", "2026-10-26", "2026-10-24"),  # 25 hours, and 24 before
        ("2026-10-26 12:00", "2026-10-28 12:00", "2026-10-24 12:00"),
        ("2026-03-29 00:00", "2026-03-29 06:00", "2026-03-28 19:00"),  # five hours, as the clocks leap
        ("2026-03-01 20:00", "2026-03-01 20:00", "2026-03-01 20:00"),
    ],
)
def test_the_range_before_has_as_many_days_or_as_much_time(since: str, until: str, then: str) -> None:
    assert earlier(span(since, until), Against.PREVIOUS, BERLIN) == span(then, since)


@pytest.mark.parametrize(
    ("since", "until", "then"),
    [
        ("2026-01-01", "2026-02-01", ("2025-01-01", "2025-02-01")),
        ("2026-03-29", "2026-03-30", ("2025-03-29", "2025-03-30")),  # 23 hours, and 24 then
        ("2025-10-26", "2025-10-27", ("2024-10-26", "2024-10-27")),  # 25 hours, and 24 then
        ("2025-10-27", "2025-10-28", ("2024-10-27", "2024-10-28")),  # 24 hours, and 25 then
        ("2024-02-01", "2024-03-01", ("2023-02-01", "2023-03-01")),
        ("2025-02-01", "2025-03-01", ("2024-02-01", "2024-03-01")),  # whose February had 29 days
        ("2024-02-29", "2024-03-01", ("2023-02-28", "2023-03-01")),
        ("2024-02-22", "2024-02-29", ("2023-02-22", "2023-03-01")),  # up to the end of the 28th
        ("2024-02-28 12:00", "2024-02-29 12:00", ("2023-02-28 12:00", "2023-03-01 12:00")),
        ("2024-02-29 10:00", "2024-02-29 12:00", ("2023-02-28 10:00", "2023-02-28 12:00")),
    ],
)
def test_a_year_before_are_the_same_dates(since: str, until: str, then: tuple[str, str]) -> None:
    assert earlier(span(since, until), Against.LAST_YEAR, BERLIN) == span(*then)


def paired(since: str, until: str, against: Against) -> dict[str, str]:
    now = span(since, until)
    found = days(now, earlier(now, against, BERLIN), against, BERLIN)
    return {str(day): str(other) for day, other in found.items()}


def test_each_day_has_its_day() -> None:
    found = paired("2026-03-28", "2026-03-29 12:00", Against.PREVIOUS)  # 36 hours: from a Thursday noon on
    assert found == {"2026-03-28": "2026-03-26", "2026-03-29": "2026-03-27"}
    assert paired("2026-03-28", "2026-03-28", Against.PREVIOUS) == {}

    found = paired("2024-02-28", "2024-03-01 12:00", Against.LAST_YEAR)
    assert found == {"2024-02-28": "2023-02-28", "2024-03-01": "2023-03-01"}, "29 February had none"
    found = paired("2024-02-29", "2024-03-01 12:00", Against.LAST_YEAR)
    assert found == {"2024-02-29": "2023-02-28", "2024-03-01": "2023-03-01"}


@pytest.mark.parametrize("against", Against)
def test_before_all_calendars_there_is_no_range(against: Against) -> None:
    first = datetime(1, 1, 2, tzinfo=UTC)
    with pytest.raises(ValueError, match="before all calendars"):
        earlier(Span(first, first + timedelta(days=30)), against, BERLIN)


MINUTES = st.integers(0, 9131 * 24 * 60)
ZONES = st.sampled_from([BERLIN, ZoneInfo("Asia/Kolkata"), ZoneInfo("America/Santiago"), UTC])


@given(MINUTES, st.integers(0, 500 * 24 * 60), ZONES, st.sampled_from(Against))
def test_it_lies_before_and_has_the_length_but_for_the_clocks_and_a_leap_day(
    begins: int, length: int, tz: ZoneInfo, against: Against
) -> None:
    since = datetime(2001, 1, 1, tzinfo=UTC) + timedelta(minutes=begins)
    asked = Span(since, since + timedelta(minutes=length))
    found = earlier(asked, against, tz)

    assert found.since <= found.until <= asked.until
    assert found.since <= asked.since
    apart = (found.until - found.since) - (asked.until - asked.since)
    assert abs(apart) <= timedelta(hours=1 if against is Against.PREVIOUS else 25)
    if against is Against.PREVIOUS:
        assert found.until == asked.since
