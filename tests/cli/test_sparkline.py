"""A row of numbers as a small picture: the least is the lowest, and it fits."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mhc.cli.sparkline import WIDEST, sparkline
from mhc.cli.terminal import Screen

WIDE, PLAIN = Screen(True, 100, "utf-8", False), Screen(True, 100, "ascii", False)
LEVELS = "▁▂▃▄▅▆▇█"


@pytest.mark.parametrize(
    ("values", "drawn", "plain"),
    [
        ([], "", ""),
        ([5], "▄", "~"),
        ([0, 0, 0], "▄▄▄", "~~~"),
        ([1, 2, 3, 4, 5, 6, 7, 8], LEVELS, "_.-~=+*#"),
        ([0, 100, 0], "▁█▁", "_#_"),
        ([-1.5, 0, 1.5], "▁▅█", "_=#"),
    ],
)
def test_numbers_are_drawn_in_eight_levels(values: list[float], drawn: str, plain: str) -> None:
    assert (sparkline(values, WIDE), sparkline(values, PLAIN)) == (drawn, plain)


@given(st.lists(st.integers(0, 10**9), min_size=1, max_size=300))
def test_it_fits_and_keeps_order_and_the_last_value(values: list[int]) -> None:
    drawn = sparkline(values, WIDE)
    assert 0 < len(drawn) <= WIDEST
    assert set(drawn) <= set(LEVELS)
    if len(values) <= WIDEST:
        for (one, other), (low, high) in zip(pairwise(values), pairwise(drawn), strict=True):
            assert one == other or (one < other) == (low < high) or low == high
