"""The triangle of cohorts: in any width and encoding nobody is not nothing known."""

import pytest

from mhc.cli.cohorts import Cohort, triangle
from mhc.cli.terminal import Screen

COHORTS = [
    Cohort("2026-01-05", 1200, [0.5, 0.124, None, 0.0, 0.01, 0.3], whole=False),
    Cohort("2026-01-12", None, [None, None]),
]


@pytest.mark.parametrize(
    ("encoding", "first"),
    [
        ("utf-8", "2026-01-05*  1,200 █ 50 ░ 12 ·       0 ░  1 ▓ 30"),
        ("ascii", "2026-01-05*  1,200 # 50 . 12 -       0 .  1 * 30"),
    ],
)
def test_each_share_is_a_figure_behind_its_shade(encoding: str, first: str) -> None:
    lines = "".join(triangle(COHORTS, "week", Screen(True, 80, encoding, False))).splitlines()

    assert lines[:3] == [
        "               new    1    2    3    4    5    6",
        first,
        f"2026-01-12       - {first[29]}    {first[29]}",
    ]
    assert not any("fit" in line for line in lines)


@pytest.mark.parametrize("columns", [40, 45, 80])
def test_what_does_not_fit_is_said(columns: int) -> None:
    many = [*COHORTS, Cohort("x" * 16, 5, [0.1] * 30)]
    lines = "".join(triangle(many, "session", Screen(True, columns, "utf-8", False))).splitlines()

    shown = len(lines[0].split()) - 1
    assert max(map(len, lines)) <= columns
    assert f"{shown} of 30 sessions later fit" in " ".join(lines)
