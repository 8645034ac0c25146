"""A figure along time: no reading is lost, and the line breaks where nothing was read."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mhc.domain.curves import Point, unbroken

T0 = datetime(2026, 1, 1, tzinfo=UTC)


def points(*days: float) -> list[Point]:
    return [(T0 + timedelta(days=day), day) for day in days]


@pytest.mark.parametrize(
    ("days", "lengths"),
    [
        ((), []),
        ((1,), [1]),
        ((1, 900), [2]),  # nothing says what is usual
        ((1, 2, 3, 4), [4]),
        ((1, 2, 3, 6, 7), [5]),  # 3 is not more than three times 1
        ((1, 2, 3, 6.1, 7), [3, 2]),
        ((1, 2, 3, 40, 80, 81, 82), [3, 1, 3]),
    ],
)
def test_a_line_breaks_where_readings_lie_much_further_apart_than_mostly(
    days: tuple[float, ...], lengths: list[int]
) -> None:
    assert [len(run) for run in unbroken(points(*days))] == lengths


@given(st.lists(st.integers(0, 10**6), unique=True).map(sorted))
def test_every_reading_is_in_it_once_and_in_order(days: list[int]) -> None:
    given_points = points(*days)
    assert [point for run in unbroken(given_points) for point in run] == given_points
