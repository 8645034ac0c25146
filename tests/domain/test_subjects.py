"""What a room said, without what changes with each tip; its tags, and for how long they hold."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mhc.domain.spans import Pair, joined
from mhc.domain.subjects import Sign, Stretch, filled, in_force, in_order, plain, tags

A, B = frozenset({"a"}), frozenset({"b"})
T0 = datetime(2026, 1, 1, tzinfo=UTC)


def at(minute: int) -> datetime:
    return T0 + timedelta(minutes=minute)


def span(begin: int, end: int) -> Pair:
    return at(begin), at(end)


def minutes(found: list[Stretch]) -> list[tuple[int, int, frozenset[str] | None]]:
    return [((one.begin - T0) // MINUTE, (one.end - T0) // MINUTE, one.tags) for one in found]


MINUTE = timedelta(minutes=1)


@pytest.mark.parametrize(
    ("subject", "expected"),
    [
        ("Lights", "Lights"),
        ("Lights [500 tokens left]", "Lights"),
        ("Lights [1 token left] and more", "Lights and more"),
        ("Lights [1,500 Tokens remaining] #blue", "Lights #blue"),
        ("Lights\n [12 tokens to go]", "Lights"),
        ("[12 tokens left]", ""),
        ("[twelve tokens left]", "[twelve tokens left]"),
        ("Goal: 500 tokens left", "Goal: 500 tokens left"),
        ("[1 tokens left] a [2 tokens left]", "a"),
    ],
)
def test_a_subject_has_no_counter(subject: str, expected: str) -> None:
    assert plain(subject) == expected


def test_each_subject_stands_once_where_it_came_first() -> None:
    said = ["a [9 tokens left]", "b", "a [5 tokens left]", "[1 tokens left]", "c", "b"]
    assert in_order(said) == ["a", "b", "c"]


@pytest.mark.parametrize(
    ("subject", "expected"),
    [
        ("Lights #Blue #red_2 #blue", {"blue", "red_2"}),
        ("(#a),#b!#c", {"a", "b", "c"}),
        ("caf\u00e9 #\u97f3\u697d #\u00c9t\u00e9", {"\u97f3\u697d", "\u00e9t\u00e9"}),
        ("it&#39;s a#b ## # 5", set()),
        ("", set()),
    ],
)
def test_tags_are_those_of_the_feed_of_rooms(subject: str, expected: set[str]) -> None:
    assert tags(subject) == expected


def test_a_subject_holds_until_the_next_and_no_further_than_the_capture() -> None:
    told = [Sign(at(5), A), Sign(at(7), A), Sign(at(10), B), Sign(at(25), A), Sign(at(40), None)]
    captured = [span(0, 20), span(20, 50), span(60, 90)]
    live = [span(2, 12), span(15, 30), span(38, 45), span(65, 70)]

    assert minutes(list(in_force(live, captured, told))) == [
        (2, 5, None), (5, 10, A), (10, 12, B),
        (15, 25, B), (25, 30, A),
        (38, 40, A), (40, 45, None),
        (65, 70, None),
    ]  # fmt: skip


def test_a_reading_says_only_what_no_change_does() -> None:
    stretches = [Stretch(*span(0, 10), None), Stretch(*span(10, 20), A), Stretch(*span(30, 40), None)]
    read = [Sign(at(4), A), Sign(at(6), B), Sign(at(12), B), Sign(at(25), A)]

    assert minutes(list(filled(stretches, read))) == [(0, 6, A), (6, 10, B), (10, 20, A), (30, 40, None)]


SPANS = st.lists(st.tuples(st.integers(0, 99), st.integers(1, 9)).map(lambda one: span(one[0], sum(one))))
SIGNS = st.lists(st.builds(Sign, st.integers(0, 110).map(at), st.sampled_from([A, B, None]))).map(
    lambda found: sorted(found, key=lambda one: one.at)
)


@given(SPANS, SIGNS, SIGNS.map(lambda found: [one for one in found if one.tags is not None]))
def test_no_time_is_lost_or_counted_twice(spans: list[Pair], told: list[Sign], read: list[Sign]) -> None:
    captured = joined(spans)
    found = list(filled(in_force(captured, captured, told), read))

    assert joined((one.begin, one.end) for one in found) == captured
    assert all(one.begin < one.end for one in found)
    assert all(one.end <= other.begin for one, other in pairwise(found))
