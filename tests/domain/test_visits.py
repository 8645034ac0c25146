"""Visits: enters and leaves, paired."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mhc.domain.visits import Ending, Step, Visit, pair

T0 = datetime(2026, 1, 1, 18, tzinfo=UTC)
ENTER, LEAVE, END, GAP = Step.ENTER, Step.LEAVE, Step.SESSION_END, Step.GAP


def at(minute: float) -> datetime:
    return T0 + timedelta(minutes=minute)


def visit(begin: float | None, end: float | None, ending: Ending) -> Visit:
    return Visit(None if begin is None else at(begin), None if end is None else at(end), ending)


@pytest.mark.parametrize(
    ("steps", "expected"),
    [
        ([], []),
        ([(0, ENTER)], [visit(0, None, Ending.OPEN)]),
        ([(0, ENTER), (5, LEAVE)], [visit(0, 5, Ending.LEFT)]),
        ([(5, LEAVE)], [visit(None, 5, Ending.LEFT)]),
        ([(0, ENTER), (5, ENTER)], [visit(0, 5, Ending.INFERRED), visit(5, None, Ending.OPEN)]),
        ([(0, ENTER), (9, END)], [visit(0, 9, Ending.INFERRED)]),
        ([(0, ENTER), (9, GAP)], [visit(0, None, Ending.UNKNOWN)]),
        ([(0, ENTER), (9, GAP), (12, LEAVE)], [visit(0, None, Ending.UNKNOWN), visit(None, 12, Ending.LEFT)]),
        ([(0, END), (1, GAP)], []),
        ([(0, ENTER), (0, LEAVE)], [visit(0, 0, Ending.LEFT)]),
    ],
)
def test_steps_pair(steps: list[tuple[float, Step]], expected: list[Visit]) -> None:
    assert pair([(at(minute), step) for minute, step in steps]) == expected


def test_an_enter_from_before_is_still_open() -> None:
    assert pair([(at(5), LEAVE)], at(0)) == [visit(0, 5, Ending.LEFT)]
    assert pair([], at(0)) == [visit(0, None, Ending.OPEN)]


def test_a_visit_is_known_from_its_first_instant() -> None:
    assert visit(1, 5, Ending.LEFT).known_from == at(1)
    assert visit(None, 5, Ending.LEFT).known_from == at(5)
    with pytest.raises(ValueError, match="without any time"):
        _ = Visit(None, None, Ending.UNKNOWN).known_from


all_steps = st.lists(st.tuples(st.integers(0, 9), st.sampled_from(Step)), max_size=30)


def timed(steps: list[tuple[int, Step]]) -> list[tuple[datetime, Step]]:
    minute, told = 0, []
    for pause, step in steps:
        minute += pause
        told.append((at(minute), step))
    return told


@given(steps=all_steps)
def test_each_enter_and_each_leave_is_in_one_visit(steps: list[tuple[int, Step]]) -> None:
    told = timed(steps)
    visits = pair(told)
    assert [one.entered_at for one in visits if one.entered_at] == [
        moment for moment, step in told if step is ENTER
    ]
    assert [one.left_at for one in visits if one.ending is Ending.LEFT] == [
        moment for moment, step in told if step is LEAVE
    ]
    assert [one.ending for one in visits].count(Ending.OPEN) <= 1
    assert all(one.ending is not Ending.OPEN for one in visits[:-1])


@given(steps=all_steps)
def test_visits_follow_each_other(steps: list[tuple[int, Step]]) -> None:
    visits = pair(timed(steps))
    for one in visits:
        assert one.entered_at is None or one.left_at is None or one.entered_at <= one.left_at
    for before, later in pairwise(visits):
        assert (before.left_at or before.known_from) <= later.known_from


@given(steps=all_steps, cut=st.integers(0, 30))
def test_pairing_in_two_parts_is_pairing_at_once(steps: list[tuple[int, Step]], cut: int) -> None:
    told = timed(steps)
    first = pair(told[:cut])
    still = first.pop().entered_at if first and first[-1].ending is Ending.OPEN else None
    assert first + pair(told[cut:], still) == pair(told)
