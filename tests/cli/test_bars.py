"""Bars: as long as the number is large, on every screen, and of one width behind figures."""

import pytest

from mhc.cli.bars import bars, behind
from mhc.cli.terminal import Screen
from mhc.domain.text import encode

FIGURES: tuple[object, ...] = (100, 50.0, 0, None, -100)


def screen(encoding: str) -> Screen:
    return Screen(is_terminal=True, columns=30, encoding=encoding, color=False)


@pytest.mark.parametrize(
    ("encoding", "drawn"),
    [
        ("utf-8", ["██████████", "█████·····", "··········", "··········", "░░░░░░░░░░"]),
        ("ascii", ["##########", "#####.....", "..........", "..........", "----------"]),
    ],
)
def test_a_bar_behind_a_figure_is_as_long_as_it_is_of_the_most(encoding: str, drawn: list[str]) -> None:
    texts = [encode(str(one)) for one in FIGURES]

    assert behind(texts, FIGURES, screen(encoding)) == [
        f"{text} {one}" for text, one in zip(texts, drawn, strict=True)
    ]
    assert behind([], [], screen(encoding)) == []


def test_a_bar_below_zero_is_hollow_and_nothing_goes_over_the_edge() -> None:
    lines = list(bars([("monday", 2000.0), ("tuesday", -1000.0)], "tokens by day", screen("utf-8")))

    assert lines[:2] == [f"monday    2,000  {'█' * 13}\n", f"tuesday  -1,000  {'░' * 6}\n"]
    assert lines[2:] == ["\n", "tokens by day; ░ is below zero\n"]


def test_what_bars_are_of_stands_below_them_and_fits() -> None:
    what = "tokens that came in by the ledger"

    assert list(bars([("monday", 20.0)], what, screen("ascii")))[1:] == [
        "\n",
        "tokens that came in by the\n",
        "ledger\n",
    ]
