"""A figure along time on a terminal: a star where it was read, dots between, nothing where nothing was read. ASCII."""

from collections.abc import Iterator, Sequence
from datetime import datetime, tzinfo
from itertools import pairwise

from mhc.cli.terminal import USUAL_WIDTH, Screen
from mhc.domain.curves import Point, unbroken
from mhc.domain.text import Safe

_ROWS = 9


def line(points: Sequence[Point], screen: Screen, tz: tzinfo) -> Iterator[Safe]:
    """Give the lines of a plot of at least one point, in order of time: no wider than 80 columns."""
    low, high = min(value for _at, value in points), max(value for _at, value in points)
    labels = {0: figure(high), _ROWS - 1: figure(low)} if low < high else {_ROWS // 2: figure(low)}
    edge = max(map(len, labels.values()))
    wide = max(2, min(screen.columns, USUAL_WIDTH) - edge - 2)
    grid = _grid(points, wide, low, high)
    for row, cells in enumerate(grid):
        yield Safe(f"{labels.get(row, ''):>{edge}} |{''.join(cells)}".rstrip() + "\n")
    yield Safe(f"{'':{edge}} +{'-' * wide}\n")
    yield Safe(f"{'':{edge}}  {_days(points[0][0], points[-1][0], tz, wide)}\n")


def figure(value: float) -> str:
    """Write a figure at the edge of a plot."""
    return f"{value:,}" if isinstance(value, int) else f"{value:,.2f}"


def _grid(points: Sequence[Point], wide: int, low: float, high: float) -> list[list[str]]:
    begin, length = points[0][0], points[-1][0] - points[0][0]

    def place(point: Point) -> tuple[int, int]:
        at, value = point
        column = round((at - begin) / length * (wide - 1)) if length else 0
        row = round((high - value) / (high - low) * (_ROWS - 1)) if low < high else _ROWS // 2
        return column, row

    grid = [[" "] * wide for _row in range(_ROWS)]
    for run in unbroken(points):
        for (left, top), (right, bottom) in pairwise(map(place, run)):
            for column in range(left + 1, right):
                grid[round(top + (bottom - top) * (column - left) / (right - left))][column] = "."
    for column, row in map(place, points):
        grid[row][column] = "*"
    return grid


def _days(first: datetime, last: datetime, tz: tzinfo, wide: int) -> str:
    begin, end = (f"{at.astimezone(tz):%Y-%m-%d}" for at in (first, last))
    return begin if begin == end else f"{begin}{end:>{max(len(end) + 1, wide - len(begin))}}"
