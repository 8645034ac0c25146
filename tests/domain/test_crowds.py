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
        ([], [], []),
        ([], [10, 30], [Stay(10, 31)]),
        ([visit(10, 30)], [], [Stay(10, 30)]),
        ([visit(10, 30)], [12, 20], [Stay(10, 30)]),  # what was seen says more than what was done
        ([visit(10, 30)], [5], [Stay(5, 30)]),  # they came without that it was seen, and later anew
        ([visit(10, 30)], [5, 7, 90], [Stay(5, 30), Stay(90, 91)]),
        ([visit(10, 30)], [15, 40, 90], [Stay(10, 30), Stay(40, 91)]),
        ([visit(10, 20), visit(50, 60)], [30, 40, 55], [Stay(10, 20), Stay(30, 41), Stay(50, 60)]),
        ([visit(-50, 30)], [], [Stay(0, 30)]),
        ([visit(90, None, Ending.OPEN)], [], [Stay(90, 100)]),
        ([visit(10, 30, Ending.INFERRED), visit(30, 50)], [], [Stay(10, 50)]),
        ([visit(10, 20), visit(30, 50)], [], [Stay(10, 20), Stay(30, 50)]),
        ([visit(None, 40)], [15, 20], [Stay(15, 41)]),
        ([visit(None, 40)], [], [Stay(40, 41)]),
        ([visit(None, 40)], [60, 70], [Stay(40, 41), Stay(60, 71)]),
        ([visit(10, 20), visit(None, 40)], [15, 25], [Stay(10, 20), Stay(25, 41)]),
        ([visit(10, None, Ending.UNKNOWN)], [12, 25], [Stay(10, 26)]),
        ([visit(10, None, Ending.UNKNOWN)], [], [Stay(10, 11)]),
        ([visit(10, None, Ending.UNKNOWN), visit(50, 60)], [12, 55], [Stay(10, 13), Stay(50, 60)]),
        ([visit(10, None, Ending.UNKNOWN), visit(50, 60)], [12, 49, 90], [Stay(10, 60), Stay(90, 91)]),
        ([visit(10, None, Ending.UNKNOWN), visit(None, 60)], [12, 55], [Stay(10, 61)]),
        ([visit(110, 120)], [], []),
    ],
)
def test_when_somebody_was_there(visits: list[Visit], signs: list[int], expected: list[Stay]) -> None:
    assert stays(visits, signs, ALL) == expected


kinds = st.sampled_from(["left", "inferred", "unknown", "unseen", "open"])


def visits_of(told: list[tuple[int, int, str]]) -> list[Visit]:
    """Give visits one after another, each after a pause, so long, and known so."""
    at_ms, found = -20, list[Visit]()
    for pause, length, kind in told:
        begin, at_ms = at_ms + pause, at_ms + pause + length
        if kind == "open":
            return [*found, visit(begin, None, Ending.OPEN)]
        entered, left = None if kind == "unseen" else begin, None if kind == "unknown" else at_ms
        ending = {"unknown": Ending.UNKNOWN, "inferred": Ending.INFERRED}.get(kind, Ending.LEFT)
        found.append(visit(entered, left, ending))
    return found


@settings(deadline=None)
@given(
    told=st.lists(st.tuples(st.integers(0, 30), st.integers(0, 30), kinds), max_size=5),
    signs=st.lists(st.integers(0, 99), max_size=6),
    sign=st.integers(0, 99),
)
def test_another_sign_never_says_that_they_were_there_for_less(
    told: list[tuple[int, int, str]], signs: list[int], sign: int
) -> None:
    visits = visits_of(told)

    def there(signs: list[int]) -> set[int]:
        return {ms for one in stays(visits, signs, ALL) for ms in range(*one)}

    more = there([*signs, sign])
    assert there(signs) | {sign} <= more
    assert there([]) <= more


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
