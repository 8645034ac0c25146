"""Shares, means, medians and coverage, and that none of them makes a figure of nothing."""

from collections import Counter
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mhc.domain.figures import covered_share, mean, median, quartiles, share, whole_seconds

T0 = datetime(2026, 1, 1, tzinfo=UTC)


def at(minute: float) -> datetime:
    return T0 + timedelta(minutes=minute)


def test_nothing_has_no_figures() -> None:
    assert (share(0, 0), mean(0, 0), median([]), covered_share([], T0, T0)) == (None, None, None, None)
    assert quartiles({}) is None


def test_rounding_is_the_same_everywhere() -> None:
    assert (share(1, 3), share(2, 3), mean(10, 3)) == (0.3333, 0.6667, 3.33)
    assert whole_seconds(timedelta(seconds=59, milliseconds=999)) == timedelta(seconds=59)


@pytest.mark.parametrize(("values", "middle"), [([5], 5), ([1, 9], 1), ([9, 1, 5], 5), ([4, 3, 2, 1], 2)])
def test_the_median_is_one_of_the_values(values: list[int], middle: int) -> None:
    assert median(values) == middle


@given(values=st.lists(st.integers(0, 9), min_size=1, max_size=40))
def test_quartiles_are_values_that_a_quarter_a_half_and_three_quarters_do_not_exceed(
    values: list[int],
) -> None:
    found = quartiles(Counter(values))
    assert found is not None
    assert found[1] == median(values)
    for part, value in enumerate(found, start=1):
        assert value in values
        assert sum(one <= value for one in values) >= len(values) * part / 4
        assert sum(one < value for one in values) < len(values) * part / 4


spans = st.lists(
    st.tuples(st.integers(-20, 120), st.integers(0, 60)).map(lambda pair: (pair[0], pair[0] + pair[1])),
    max_size=8,
).map(sorted)


@given(spans=spans)
def test_coverage_counts_each_minute_once(spans: list[tuple[int, int]]) -> None:
    seen = {minute for begin, end in spans for minute in range(begin, end)} & set(range(100))
    found = covered_share([(at(begin), at(end)) for begin, end in spans], at(0), at(100))
    assert found == round(len(seen) / 100, 4)
