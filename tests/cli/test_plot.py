"""A figure along time on a terminal: it fits, says its ends, and leaves out what nobody read."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mhc.cli.pictures import line as picture
from mhc.cli.plot import line
from mhc.cli.terminal import Screen
from mhc.domain.curves import Point

T0 = datetime(2026, 1, 1, 12, tzinfo=UTC)


def points(*values: tuple[float, float]) -> list[Point]:
    return [(T0 + timedelta(days=day), value) for day, value in values]


def screen(columns: int) -> Screen:
    return Screen(is_terminal=True, columns=columns, encoding="ascii", color=False)


def test_a_line_goes_from_reading_to_reading_and_breaks_where_none_was() -> None:
    found = points((0, 1000), (1, 1400), (2, 1400), (3, 1800), (7, 1000), (8, 1400))

    # 33 columns for 8 days: a day is 4.
    assert "".join(line(found, screen(40), UTC)).splitlines() == [
        "1,800 |            *",
        "      |           .",
        "      |          .",
        "      |         .",
        "      |    *...*                       *",
        "      |   .                           .",
        "      |  .                           .",
        "      | .                           .",
        "1,000 |*                           *",
        "      +---------------------------------",
        "       2026-01-01             2026-01-09",
    ]


def test_one_reading_and_a_figure_that_stayed_are_in_the_middle() -> None:
    once = "".join(line(points((0, 7)), screen(40), UTC)).splitlines()
    assert [row for row in once if "*" in row] == ["7 |*"]
    assert once[-1].split() == ["2026-01-01"]

    stayed = "".join(line(points((0, 7.5), (9, 7.5)), screen(40), UTC)).splitlines()
    assert [row.count("*") for row in stayed if row.startswith("7.50 |*")] == [2]


@given(
    st.lists(
        st.tuples(st.integers(0, 3000), st.integers(-(10**9), 10**9)),
        min_size=1,
        unique_by=lambda one: one[0],
    ).map(sorted),
    st.integers(40, 200),
)
def test_it_is_never_wider_than_80_columns_and_every_line_is_ascii(
    values: list[tuple[int, int]], columns: int
) -> None:
    lines = list(line(points(*values), screen(columns), UTC))

    assert max(len(one) - 1 for one in lines) <= min(columns, 80)
    assert all(one.isascii() and one.endswith("\n") for one in lines)
    assert any("*" in one for one in lines)


@pytest.mark.parametrize(("days", "lines", "dots"), [((0, 1, 2, 9, 10), 2, 5), ((0,), 1, 1)])
def test_a_picture_has_a_line_for_each_time_without_a_gap(
    days: tuple[int, ...], lines: int, dots: int
) -> None:
    drawn = picture(points(*((day, day * 10) for day in days)), ("2026-01-01", "2026-01-11"), "tokens")

    assert (drawn.shapes.count("<polyline"), drawn.shapes.count("<circle")) == (lines, dots)
    assert "2026-01-11" in drawn.shapes
    assert drawn.alt == "tokens"
