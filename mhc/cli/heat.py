"""A week as a map: a row a day, a cell an hour, darker where more happens. Readable without colour, and in ASCII."""

from collections.abc import Iterator, Sequence
from typing import Protocol

from mhc.cli.terminal import Screen
from mhc.domain.text import Safe, trusted
from mhc.domain.week import DAYS, Hour, in_order

_SHADES = trusted("░▒▓█")
_PLAIN = trusted(".:*#")  # for a screen that has no blocks
_WIDE, _NARROW = 80, 57  # columns from which a cell takes three, and two


class Cell(Protocol):
    """What the map needs of an hour."""

    @property
    def place(self) -> Hour:
        """Where in the week it is."""

    @property
    def per_hour(self) -> float:
        """How much happens in such an hour."""


def week(cells: Sequence[Cell], screen: Screen) -> Iterator[Safe]:
    """Give the lines of a map: blank where nothing happened, a dash where nothing is known."""
    known = {one.place: one.per_hour for one in cells}
    shades = _SHADES if screen.printable(_SHADES) == _SHADES else _PLAIN
    wide = 3 if screen.columns >= _WIDE else 2 if screen.columns >= _NARROW else 1
    most = max(known.values(), default=0)
    yield _line("", _hours(wide))
    for day in range(len(DAYS)):
        mine = (known.get(place) for place in in_order(day)[:24])
        yield _line(
            DAYS[day][:3],
            "".join(_cell(one, most, shades) * (wide - (wide > 2)) + " " * (wide > 2) for one in mine),
        )
    yield from _legend(most, shades)


def _line(label: str, text: str) -> Safe:
    return Safe(f"{label:<4}{text}".rstrip() + "\n")


def _hours(wide: int) -> str:
    """Give the hours above the cells: all where they fit, else each sixth."""
    if wide > 2:
        return " ".join(f"{hour:02}" for hour in range(24))
    return "".join(f"{hour:<{6 * wide}}" for hour in range(0, 24, 6))


def _cell(value: float | None, most: float, shades: str) -> str:
    if value is None:
        return "-"
    return shades[_level(value, most, len(shades))] if value else " "


def _level(value: float, most: float, levels: int) -> int:
    """Give the shade of a value above 0: equal steps up to the most."""
    return min(levels - 1, int(value / most * levels))


def _legend(most: float, shades: str) -> Iterator[Safe]:
    """Say what each shade stands for."""
    steps = [most * (step + 1) / len(shades) for step in range(len(shades))]
    said = "  ".join(
        f"{shade} to {step:,.{0 if most >= 10 else 2}f}" for shade, step in zip(shades, steps, strict=True)
    )
    yield Safe("\n")
    yield Safe((f"{said}  an hour live" if most else "nothing happened") + "; - never live and captured\n")
