"""A figure along time, as a line that breaks where nothing was read."""

from collections.abc import Sequence
from datetime import datetime
from itertools import pairwise

from mhc.domain.figures import median

Point = tuple[datetime, float]
_USUAL = 3  # times as far apart as is usual, two readings belong together no more


def unbroken(points: Sequence[Point]) -> list[list[Point]]:
    """Part points, in order of time, where two lie more than three times as far apart as in the middle."""
    steps = [later - earlier for (earlier, _one), (later, _other) in pairwise(points)]
    usual = median(steps)
    runs = [[one] for one in points[:1]]
    for step, point in zip(steps, points[1:], strict=True):
        if usual is not None and step > _USUAL * usual:
            runs.append([point])
        else:
            runs[-1].append(point)
    return runs
