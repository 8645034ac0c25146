"""The usual hours of a person: the shortest part of the day in which half of what they did falls."""

from collections.abc import Sequence
from typing import NamedTuple

DAY = 24


class Hours(NamedTuple):
    """Whole hours of the day, half-open, across midnight where they must; `end` of a whole day is its `begin`."""

    begin: int
    end: int
    inside: int  # how many of the counted fall within


def usual(counts: Sequence[int]) -> Hours | None:
    """Give the fewest hours in a row that hold at least half of 24 counts, one an hour; None of nothing.

    Of equally short ones the fullest, of those the earliest.
    """
    total = sum(counts)
    if not total:
        return None
    for length in range(1, DAY + 1):
        inside, begin = max(
            (sum(counts[(begin + step) % DAY] for step in range(length)), -begin) for begin in range(DAY)
        )
        if 2 * inside >= total:
            return Hours(-begin, (length - begin) % DAY, inside)
    raise AssertionError
