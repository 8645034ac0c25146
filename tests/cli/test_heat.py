"""The map of a week: nothing happened is not nothing known, and every screen has a way to say so."""

from typing import NamedTuple

import pytest

from mhc.cli.heat import week
from mhc.cli.terminal import Screen
from mhc.domain.week import Hour


class Cell(NamedTuple):
    place: Hour
    per_hour: float


CELLS = [Cell(Hour(0, 0), 0.0), Cell(Hour(0, 1), 1.0), Cell(Hour(0, 2), 100.0)]


@pytest.mark.parametrize(
    ("columns", "encoding", "monday"),
    [
        (80, "utf-8", "mon    ░░ ██ ·· ··"),
        (60, "utf-8", "mon   ░ █ · ·"),
        (40, "utf-8", "mon  ░░··"),
        (80, "ascii", "mon    .. ## -- --"),
    ],
)
def test_an_hour_without_anything_is_blank_and_an_unknown_one_is_not(
    columns: int, encoding: str, monday: str
) -> None:
    many = [*CELLS, Cell(Hour(3, 20), 12_345.0)] if columns < 60 else CELLS
    lines = "".join(
        week(many, Screen(is_terminal=True, columns=columns, encoding=encoding, color=False))
    ).splitlines()

    assert lines[1].startswith(monday)
    assert max(len(line) for line in lines) <= columns


def test_a_week_in_which_nothing_happened_says_so() -> None:
    screen = Screen(is_terminal=True, columns=80, encoding="utf-8", color=False)

    assert "nothing happened\n" in list(week([Cell(Hour(0, 0), 0.0)], screen))
