"""A week as a map: a row a day, a cell an hour, darker where more happens. Readable without colour, and in ASCII."""

from collections.abc import Iterator, Sequence
from textwrap import wrap
from typing import Protocol

from mhc.cli.terminal import Screen
from mhc.config.timetable import DAYS
from mhc.domain.text import Safe, trusted
from mhc.domain.week import Hour, days_from

_BLOCKS = trusted("·░▒▓█")  # the first where nothing is known
_PLAIN = trusted("-.:*#")  # for a screen that has no blocks
_WIDE, _NARROW = 80, 57  # columns from which a cell takes three, and two


class Cell(Protocol):
    """What the map needs of an hour."""

    @property
    def place(self) -> Hour:
        """Where in the week it is."""

    @property
    def per_hour(self) -> float:
        """How much happens in such an hour."""

    @property
    def is_long(self) -> bool:
        """Whether enough of it is known to measure others by it."""


def week(cells: Sequence[Cell], what: str, screen: Screen, first_day: int = 0) -> Iterator[Safe]:
    """Give the lines of a map, from a day on (0: Monday): blank where nothing happened, a dot or a dash where nothing is known."""
    known = {one.place: one.per_hour for one in cells}
    signs = shades(screen)
    wide = 3 if screen.columns >= _WIDE else 2 if screen.columns >= _NARROW else 1
    most = max((one.per_hour for one in leading(cells)), default=0)
    yield _line("", _hours(wide))
    for day in days_from(first_day):
        mine = (known.get(Hour(day, hour)) for hour in range(24))
        yield _line(
            DAYS[day][:3], "".join((shade(one, most, signs) * max(1, wide - 1)).ljust(wide) for one in mine)
        )
    yield from _legend(most, what, signs, screen.columns)
    if max(known.values(), default=0) > most:
        yield Safe("an hour too short to count may be more\n")


def leading(cells: Sequence[Cell]) -> Sequence[Cell]:
    """Give the hours that set the scale: the long ones, or all where nothing happened in these."""
    long = [one for one in cells if one.is_long]
    return long if any(one.per_hour for one in long) else cells


def _line(label: str, text: str) -> Safe:
    return Safe(f"{label:<4}{text}".rstrip() + "\n")


def _hours(wide: int) -> str:
    """Give the hours above the cells: all where they fit, else each sixth."""
    if wide > 2:
        return " ".join(f"{hour:02}" for hour in range(24))
    return "".join(f"{hour:<{6 * wide}}" for hour in range(0, 24, 6))


def shades(screen: Screen) -> str:
    """Give the signs that a screen can show: of what is not known, then of ever more."""
    return _BLOCKS if screen.draws else _PLAIN


def shade(value: float | None, most: float, signs: str) -> str:
    """Give the sign of a value, of more than the most that of the most; of none at all there is no sign."""
    if value is None:
        return signs[0]
    if not value:
        return ""
    steps = signs[1:]
    return steps[min(len(steps) - 1, int(value / most * len(steps)))]


def _legend(most: float, what: str, signs: str, columns: int) -> Iterator[Safe]:
    """Say what each shade stands for: equal steps up to the most; below each other where they do not fit."""
    known = signs[1:]
    steps = [most * (step + 1) / len(known) for step in range(len(known))]
    digits = 0 if most >= len(known) else 2
    said = [f"{sign} to {step:,.{digits}f}" for sign, step in zip(known, steps, strict=True)]
    between = "  " if len("  ".join(said)) <= columns else "\n"
    yield Safe("\n")
    yield Safe(f"{between.join(said)}\n" if most else "nothing happened\n")
    yield from (
        Safe(part + "\n")
        for part in wrap(f"{what} an hour live and captured; {signs[0]} is no such hour", columns)
    )
