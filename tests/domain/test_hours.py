"""The usual hours: the shortest part of the day that holds half, across midnight too."""

from hypothesis import given
from hypothesis import strategies as st

from mhc.domain.hours import DAY, Hours, usual

DAYS = st.lists(st.integers(0, 50), min_size=DAY, max_size=DAY)


def day(**counts: int) -> list[int]:
    return [counts.get(f"h{hour}", 0) for hour in range(DAY)]


def inside(counts: list[int], begin: int, length: int) -> int:
    return sum(counts[(begin + step) % DAY] for step in range(length))


def test_nothing_has_no_hours() -> None:
    assert usual(day()) is None


def test_one_hour_may_be_all() -> None:
    assert usual(day(h20=1)) == Hours(20, 21, 1)
    assert usual(day(h23=3, h5=1)) == Hours(23, 0, 3)


def test_they_go_across_midnight() -> None:
    assert usual(day(h23=3, h0=3, h12=5)) == Hours(23, 1, 6)


def test_of_equally_short_ones_the_fullest_then_the_earliest() -> None:
    assert usual(day(h3=5, h9=6)) == Hours(9, 10, 6)
    assert usual(day(h3=5, h9=5)) == Hours(3, 4, 5)


@given(DAYS)
def test_they_hold_half_and_none_shorter_does(counts: list[int]) -> None:
    found = usual(counts)
    assert (found is None) == (sum(counts) == 0)
    if found is None:
        return
    length = (found.end - found.begin) % DAY or DAY
    assert found.inside == inside(counts, found.begin, length)
    assert 2 * found.inside >= sum(counts)
    assert all(2 * inside(counts, begin, length - 1) < sum(counts) for begin in range(DAY))
    assert all(inside(counts, begin, length) <= found.inside for begin in range(DAY))
