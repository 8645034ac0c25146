"""Sessions: broadcasts with short breaks, and what was made by hand."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mhc.domain.broadcasts import MERGE_GAP
from mhc.domain.clock import to_ms
from mhc.domain.sessions import Calendar, Group, Span, State, match, state_of, stitch

T0 = datetime(2026, 1, 1, 18, tzinfo=UTC)


def at(minute: float) -> datetime:
    return T0 + timedelta(minutes=minute)


def span(begin: float, end: float | None = None) -> Span:
    return Span(at(begin), None if end is None else at(end))


def test_short_breaks_join_and_transitively_so() -> None:
    groups, taken = stitch([span(0, 10), span(40, 50), span(80, 90)], [])
    assert groups == [Group(span(0, 90), (0, 1, 2))]
    assert taken == {}


def test_a_longer_break_parts() -> None:
    assert stitch([span(0, 10), span(40.1)], [])[0] == [Group(span(0, 10), (0,)), Group(span(40.1), (1,))]


def test_what_lasts_keeps_its_session_open() -> None:
    assert stitch([span(0, 10), span(20)], [])[0] == [Group(span(0), (0, 1))]


def test_a_session_made_by_hand_takes_in_what_it_overlaps() -> None:
    groups, taken = stitch([span(0, 10), span(20, 30), span(100, 110)], [span(25, 50)])
    assert groups == [Group(span(0, 10), (0,)), Group(span(100, 110), (2,))]
    assert taken == {1: 0}


def test_a_session_made_by_hand_parts_what_lies_around_it() -> None:
    groups, taken = stitch([span(0, 10), span(30, 40)], [span(15, 20)])
    assert groups == [Group(span(0, 10), (0,)), Group(span(30, 40), (1,))]
    assert taken == {}


@pytest.mark.parametrize(
    ("one", "other", "overlap"),
    [
        (span(0, 10), span(5, 15), True),
        (span(0, 10), span(10, 20), True),
        (span(0, 10), span(10.1, 20), False),
        (span(0), span(100, 110), True),
        (span(50), span(0, 10), False),
        (span(0), span(5), True),
        (span(5, 5), span(0, 10), True),
    ],
)
def test_spans_overlap_both_ways(one: Span, other: Span, overlap: bool) -> None:
    assert (one.overlaps(other), other.overlaps(one)) == (overlap, overlap)


def test_where_one_ends_another_may_begin() -> None:
    assert not span(0, 10).shares(span(10, 20))
    assert not span(10).shares(span(0, 10))
    assert span(0, 10).shares(span(9, 20))
    assert span(0, 10).shares(span(10, 10))  # what has no length is where it is
    groups, taken = stitch([span(0, 10), span(20, 30)], [span(10, 20)])
    assert (groups, taken) == ([Group(span(0, 10), (0,)), Group(span(20, 30), (1,))], {})


def test_a_state_follows_from_times() -> None:
    assert state_of(span(0), at(9999)) is State.LIVE
    assert state_of(span(0, 10), at(40)) is State.ENDED
    assert state_of(span(0, 10), at(40.1)) is State.CLOSED
    assert state_of(span(0, 10), at(15), timedelta(minutes=1)) is State.CLOSED


def test_a_new_span_continues_the_first_old_one_it_overlaps() -> None:
    assert match([span(0, 10), span(20, 30)], [span(5, 25), span(28, 40), span(50, 60)]) == {0: 0, 1: 1}
    assert match([span(0, 100)], [span(0, 10), span(20, 30)]) == {0: 0}
    assert match([], [span(0, 10)]) == {}


@st.composite
def in_order(draw: st.DrawFn, least: int = 0) -> list[Span]:
    """Give spans in order of time that do not touch."""
    minute, spans = 0, []
    for pause, length in draw(
        st.lists(st.tuples(st.integers(least + 1, 60), st.integers(0, 60)), max_size=8)
    ):
        spans.append(span(minute + pause, minute + pause + length))
        minute += pause + length
    return spans


@given(broadcasts=in_order(), by_hand=in_order())
def test_sessions_never_overlap_and_lose_no_broadcast(broadcasts: list[Span], by_hand: list[Span]) -> None:
    groups, taken = stitch(broadcasts, by_hand)
    assert sorted([*taken, *(place for group in groups for place in group.members)]) == list(
        range(len(broadcasts))
    )
    for place, owner in taken.items():
        assert broadcasts[place].overlaps(by_hand[owner])
    spans = [*(group.span for group in groups), *by_hand]
    for place, one in enumerate(spans):
        assert not any(one.shares(other) for other in spans[place + 1 :])


@given(broadcasts=in_order())
def test_within_a_session_no_break_is_longer_than_the_gap(broadcasts: list[Span]) -> None:
    groups, _taken = stitch(broadcasts, [])
    for group in groups:
        spans = [broadcasts[place] for place in group.members]
        assert group.span == Span(spans[0].started_at, spans[-1].ended_at)
        for before, later in pairwise(spans):
            assert before.ended_at is not None
            assert later.started_at - before.ended_at <= MERGE_GAP
    for first, second in pairwise(groups):
        assert first.span.ended_at is not None
        assert second.span.started_at - first.span.ended_at > MERGE_GAP


@given(spans=in_order())
def test_sessions_of_sessions_are_the_same(spans: list[Span]) -> None:
    once = [group.span for group in stitch(spans, [])[0]]
    assert [group.span for group in stitch(once, [])[0]] == once
    assert match(once, once) == {place: place for place in range(len(once))}


@given(spans=in_order(), instant=st.integers(-5, 900), length=st.integers(0, 90))
def test_the_calendar_finds_what_a_look_at_each_finds(spans: list[Span], instant: int, length: int) -> None:
    calendar, begin, end = Calendar(spans, at(9999)), at(instant), at(instant + length)
    held = [i for i, one in enumerate(spans) if one.ended_at and one.started_at <= begin < one.ended_at]
    assert calendar.place(to_ms(begin)) == (held[0] if held else None)
    met = [i for i, one in enumerate(spans) if one.ended_at and one.ended_at > begin and one.started_at < end]
    assert list(calendar.touched(to_ms(begin), to_ms(end))) == sorted({*met, *held})


def test_in_the_calendar_what_lasts_ends_now() -> None:
    calendar = Calendar([span(0, 10), span(20)], at(30))
    assert [calendar.place(to_ms(at(minute))) for minute in (-1, 0, 10, 20, 29, 30)] == [
        None,
        0,
        None,
        1,
        1,
        None,
    ]
