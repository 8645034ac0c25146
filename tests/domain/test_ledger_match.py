"""Which row of the ledger is which captured payment: one to one, as many as can be, whatever the order."""

from collections import Counter
from itertools import permutations

from hypothesis import given
from hypothesis import strategies as st

from mhc.domain.ledger_match import Side, match

NEAR = 10_000
amounts, names = st.sampled_from([5, 25]), st.sampled_from(["viewer_one", "viewer_two", ""])
times = st.integers(0, 60_000)


def sides(draw: st.DrawFn, *, captured: bool, most: int) -> list[Side]:
    number = draw(st.integers(0, most))
    return [
        Side(draw(times), draw(st.sampled_from(["tip", "media"])), draw(amounts), draw(names),
             captured and draw(st.booleans()), place)
        for place in range(number)
    ]  # fmt: skip


@st.composite
def both(draw: st.DrawFn, most: int = 15) -> tuple[list[Side], list[Side]]:
    return sides(draw, captured=False, most=most), sides(draw, captured=True, most=most)


def told(ledger: list[Side], captured: list[Side]) -> Counter[tuple[object, object]]:
    """Give the pairs without their places."""
    return Counter((ledger[a][:-1], captured[b][:-1]) for a, b in match(ledger, captured))


@given(both())
def test_each_side_is_matched_once_and_only_with_what_may_be_the_same(
    given: tuple[list[Side], list[Side]],
) -> None:
    ledger, captured = given
    pairs = match(ledger, captured)
    assert len({a for a, _ in pairs}) == len({b for _, b in pairs}) == len(pairs)
    for a, b in pairs:
        row, event = ledger[a], captured[b]
        assert (row.kind, row.tokens) == (event.kind, event.tokens)
        assert abs(row.at_ms - event.at_ms) <= NEAR
        assert row.who == event.who or (event.anonymous and "" in {row.who, event.who})


@given(both().flatmap(lambda two: st.tuples(st.just(two), *map(st.permutations, two))))
def test_the_order_of_rows_does_not_matter(
    given: tuple[tuple[list[Side], list[Side]], list[Side], list[Side]],
) -> None:
    before, *mixed = given
    again = [[side._replace(place=place) for place, side in enumerate(one)] for one in mixed]
    assert told(*again) == told(*before)


@given(both())
def test_what_is_left_over_fits_nothing_that_is_left_over(given: tuple[list[Side], list[Side]]) -> None:
    ledger, captured = given
    pairs = match(ledger, captured)
    rows, events = {a for a, _ in pairs}, {b for _, b in pairs}
    left = [
        (row, event)
        for row in ledger
        if row.place not in rows
        for event in captured
        if event.place not in events
    ]
    for row, event in left:
        near = (row.kind, row.tokens) == (event.kind, event.tokens) and abs(row.at_ms - event.at_ms) <= NEAR
        same = bool(row.who) and row.who == event.who
        assert not (near and (same or (event.anonymous and "" in {row.who, event.who})))


@given(st.lists(times, max_size=5), st.lists(times, max_size=5))
def test_there_are_as_many_pairs_as_can_be_and_as_many_from_either_side(
    mine: list[int], theirs: list[int]
) -> None:
    ledger = [Side(at, "tip", 5, "viewer_one", False, place) for place, at in enumerate(mine)]
    captured = [Side(at, "tip", 5, "viewer_one", False, place) for place, at in enumerate(theirs)]
    few, many = sorted((mine, theirs), key=len)
    best = max(
        sum(abs(a - b) <= NEAR for a, b in zip(few, chosen, strict=True))
        for chosen in permutations(many, len(few))
    )
    assert len(match(ledger, captured)) == len(match(captured, ledger)) == best


def test_the_ends_of_the_tolerance() -> None:
    ledger = [Side(0, "tip", 5, "viewer_one", False, 0)]
    for apart, found in ((NEAR, 1), (NEAR + 1, 0), (-NEAR, 1), (-NEAR - 1, 0)):
        assert len(match(ledger, [Side(apart, "tip", 5, "viewer_one", False, 0)])) == found


def test_an_anonymous_tip_does_not_take_the_row_of_an_open_one() -> None:
    ledger = [Side(0, "tip", 5, "", False, 0), Side(4000, "tip", 5, "viewer_one", False, 1)]
    captured = [Side(0, "tip", 5, "viewer_one", True, 0), Side(4000, "tip", 5, "viewer_one", False, 1)]
    assert match(ledger, captured) == [(0, 0), (1, 1)]
