"""The map of a week: nothing happened is not nothing known, and every screen has a way to say so."""

from typing import NamedTuple

import pytest

from mhc.cli import pictures
from mhc.cli.heat import week
from mhc.cli.terminal import Screen
from mhc.domain.week import Hour


class Cell(NamedTuple):
    place: Hour
    per_hour: float
    is_long: bool = True


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
        week(many, "tokens", Screen(is_terminal=True, columns=columns, encoding=encoding, color=False))
    ).splitlines()

    assert lines[1].startswith(monday)
    assert max(len(line) for line in lines) <= columns


def test_a_week_in_which_nothing_happened_says_so() -> None:
    screen = Screen(is_terminal=True, columns=80, encoding="utf-8", color=False)

    assert "nothing happened\n" in list(week([Cell(Hour(0, 0), 0.0)], "tokens", screen))


@pytest.mark.parametrize(
    ("long", "short", "drawn"),
    [
        (100.0, 50.0, "██ ▓▓"),
        (100.0, 9_000.0, "██ ██"),  # no darker than the most of those that count
        (0.0, 50.0, "   ██"),  # of which nothing is known to measure by, it measures itself
    ],
)
def test_a_short_hour_sets_no_scale_and_has_at_most_the_highest_shade(
    long: float, short: float, drawn: str
) -> None:
    cells = [Cell(Hour(0, 0), long), Cell(Hour(0, 1), short, is_long=False)]
    screen = Screen(is_terminal=True, columns=80, encoding="utf-8", color=False)
    lines = list(week(cells, "tokens", screen))

    assert lines[1].startswith(f"mon {drawn} ··")
    assert ("an hour too short to count may be more\n" in lines) == (short > long > 0)
    page = pictures.week(cells, "tokens")
    most = "100, on monday at 00:00" if long else "50, on monday at 01:00"
    assert page.alt == f"tokens an hour live, by hour of the week; the brightest, {most}"
    assert "tokens an hour live and captured; · is no such hour\n" in lines
    assert max(float(part.split('"')[0]) for part in page.shapes.split('fill-opacity="')[1:]) == 1
