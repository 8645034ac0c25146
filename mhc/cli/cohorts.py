"""Cohorts as a triangle: a row for those who were new at one time, a cell for how many of them came again later.

Each cell is a share in percent behind its shade, readable without colour, and in ASCII.
"""

from collections.abc import Iterator, Sequence
from textwrap import wrap
from typing import NamedTuple

from mhc.cli.heat import shade, shades
from mhc.cli.table import width
from mhc.cli.terminal import Screen
from mhc.domain.text import Safe, encode

_CELL = 5  # a blank, the shade, and up to three digits


class Cohort(NamedTuple):
    """Who was new: when, how many they were, and which share of them (0 to 1) was there 1, 2, 3 … periods later."""

    name: str
    size: int | None
    shares: Sequence[float | None]
    whole: bool = True  # whether the time in which they were new was


def triangle(cohorts: Sequence[Cohort], word: str, screen: Screen) -> Iterator[Safe]:
    """Give the lines, as many columns as fit; `word` names a period. What is left out is said."""
    signs = shades(screen)
    names = [screen.printable(encode(one.name + "*" * (not one.whole))) for one in cohorts]
    sizes = ["-" if one.size is None else f"{one.size:,}" for one in cohorts]
    edge, digits = max(map(width, names), default=0), max(map(len, ("new", *sizes)))
    columns = max((len(one.shares) for one in cohorts), default=0)
    fit = max(1, min(columns, (screen.columns - edge - digits - 2) // _CELL))
    most = max((share or 0 for one in cohorts for share in one.shares[:fit]), default=0)
    yield _line(
        " " * edge, f"{'new':>{digits}}", [f"{at:>{_CELL}}" for at in range(1, min(fit, columns) + 1)]
    )
    for name, size, one in zip(names, sizes, cohorts, strict=True):
        cells = [_cell(share, most, signs) for share in one.shares[:fit]]
        yield _line(name + " " * (edge - width(name)), f"{size:>{digits}}", cells)
    yield Safe("\n")
    said = [f"percent of the new ones who came again so many {word}s later; {signs[0]} is unknown"]
    if not all(one.whole for one in cohorts):
        said.append(f"* is no whole {word}")
    if columns > fit:
        said.append(f"{fit} of {columns} {word}s later fit; all are in JSON")
    yield from (Safe(part + "\n") for line in said for part in wrap(line, screen.columns))


def _line(name: str, size: str, cells: Sequence[str]) -> Safe:
    return Safe(f"{name}  {size}{''.join(cells)}".rstrip() + "\n")


def _cell(share: float | None, most: float, signs: str) -> str:
    figure = "" if share is None else f"{share * 100:.0f}"
    return f" {shade(share, most, signs) or ' '}{figure:>3}"
