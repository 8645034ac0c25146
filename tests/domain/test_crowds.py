"""Who was known to be there, against a plain count minute by minute."""

from datetime import datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mhc.domain.clock import from_ms
from mhc.domain.crowds import Crowd, Stay, crowd, seen_whole, stays
from mhc.domain.visits import Ending, Visit

ALL = Stay(0, 100)


def at(ms: int | None) -> datetime | None:
    return None if ms is None else from_ms(ms)


def visit(entered: int | None, left: int | None, ending: Ending = Ending.LEFT) -> Visit:
    return Visit(at(entered), at(left), ending)


@pytest.mark.parametrize(
    ("visits", "signs", "expected"),
    [
        ([], None, []),
        ([], Stay(10, 30), [Stay(10, 31)]),
        ([visit(10, 30)], None, [Stay(10, 30)]),
        ([visit(10, 30)], Stay(5, 90), [Stay(10, 30)]),  # what was seen says more than what was done
        ([visit(-50, 30)], None, [Stay(0, 30)]),
        ([visit(90, None, Ending.OPEN)], None, [Stay(90, 100)]),
        ([visit(10, 30, Ending.INFERRED), visit(30, 50)], None, [Stay(10, 50)]),
        ([visit(10, 20), visit(30, 50)], None, [Stay(10, 20), Stay(30, 50)]),
        ([visit(None, 40)], Stay(15, 20), [Stay(15, 40)]),
        ([visit(None, 40)], None, [Stay(40, 41)]),
        ([visit(None, 40)], Stay(60, 70), [Stay(40, 41)]),
        ([visit(10, None, Ending.UNKNOWN)], Stay(12, 25), [Stay(10, 25)]),
        ([visit(10, None, Ending.UNKNOWN)], None, [Stay(10, 11)]),
        ([visit(10, None, Ending.UNKNOWN), visit(50, 60)], Stay(12, 55), [Stay(10, 60)]),
        ([visit(10, None, Ending.UNKNOWN), visit(50, 60)], Stay(12, 90), [Stay(10, 60)]),
        ([visit(110, 120)], None, []),
    ],
)
def test_when_somebody_was_there(visits: list[Visit], signs: Stay | None, expected: list[Stay]) -> None:
    assert stays(visits, signs, ALL) == expected


one_stay = st.tuples(st.integers(0, 99), st.integers(1, 40)).map(lambda p: Stay(p[0], min(100, p[0] + p[1])))


@settings(deadline=None)
@given(people=st.lists(one_stay, max_size=12))
def test_how_many_were_there_is_what_a_plain_count_says(people: list[Stay]) -> None:
    counts = [sum(one.begin <= ms < one.end for one in people) for ms in range(100)]
    assert crowd([[one] for one in people], ALL) == Crowd(max(counts), round(sum(counts) / 100, 2))


def test_a_time_without_length_has_no_mean() -> None:
    assert crowd([], Stay(5, 5)) == Crowd(0, None)


def test_only_visits_seen_whole_say_how_long_people_stay() -> None:
    found = seen_whole(
        [visit(10, 30), visit(None, 30), visit(5, 9, Ending.INFERRED), visit(5, None, Ending.OPEN)]
    )
    assert found == [timedelta(milliseconds=20)]
