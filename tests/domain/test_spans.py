"""Stretches of time: what two rows of them share, held against each minute by itself."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from mhc.domain.spans import Pair, cut, joined, shared

BEGIN = datetime(2026, 3, 1, tzinfo=UTC)
LAST = 40
SPANS = st.lists(st.tuples(st.integers(0, LAST), st.integers(0, 10)), max_size=6)


def _pairs(spans: list[tuple[int, int]]) -> list[Pair]:
    return [(_at(begin), _at(begin + length)) for begin, length in spans]


def _at(minute: int) -> datetime:
    return BEGIN + timedelta(minutes=minute)


def _minutes(spans: list[Pair]) -> set[int]:
    return {m for m in range(LAST + 11) for begin, end in spans if begin <= _at(m) < end}


@given(SPANS, SPANS)
def test_a_minute_is_shared_where_both_have_it(
    some: list[tuple[int, int]], others: list[tuple[int, int]]
) -> None:
    one, other = _pairs(some), _pairs(others)
    found = shared(one, other)

    assert _minutes(found) == _minutes(one) & _minutes(other)
    assert found == joined(found) == shared(other, one), "in order, without overlaps, from either side"


@given(SPANS)
def test_joined_spans_hold_the_same_minutes_and_touch_nowhere(spans: list[tuple[int, int]]) -> None:
    found = joined(_pairs(spans))

    assert _minutes(found) == _minutes(_pairs(spans))
    assert all(end < begin for (_, end), (begin, _) in pairwise(found))


def test_a_cut_keeps_what_lies_in_a_half_open_range() -> None:
    spans = [(_at(0), _at(10)), (_at(20), _at(30))]

    assert list(cut(spans, _at(5), _at(20))) == [(_at(5), _at(10))]
    assert list(cut(spans, None, None)) == spans
