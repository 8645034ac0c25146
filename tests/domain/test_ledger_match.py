"""Which row of the ledger is which captured payment: one to one, as many as can be, whatever the order."""

from collections import Counter
from itertools import permutations

from hypothesis import given, settings
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
        assert not fits(row, event)


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


def fits(row: Side, event: Side) -> bool:
    near = (row.kind, row.tokens) == (event.kind, event.tokens) and abs(row.at_ms - event.at_ms) <= NEAR
    same = bool(row.who) and row.who == event.who
    return near and (same or (event.anonymous and "" in {row.who, event.who}))


def most(ledger: list[Side], captured: list[Side]) -> int:
    """Try all ways to pair them."""
    if not captured:
        return 0
    event, *others = captured
    ways = [
        1 + most(ledger[:n] + ledger[n + 1 :], others) for n, row in enumerate(ledger) if fits(row, event)
    ]
    return max([most(ledger, others), *ways])


@st.composite
def close(draw: st.DrawFn) -> tuple[list[Side], list[Side]]:
    """Give tips of one amount within half a minute, of which many fit many."""

    def side(place: int, *, captured: bool) -> Side:
        at = draw(st.integers(0, 30)) * 1000
        return Side(at, "tip", 5, draw(names), captured and draw(st.booleans()), place)

    ledger, captured = (
        [side(n, captured=it) for n in range(draw(st.integers(0, 5)))] for it in (False, True)
    )
    return ledger, captured


@settings(max_examples=400)
@given(close())
def test_there_are_as_many_pairs_as_can_be_whoever_is_named_and_first_of_the_open(
    given: tuple[list[Side], list[Side]],
) -> None:
    ledger, captured = given
    pairs = match(ledger, captured)
    assert len(pairs) == most(ledger, captured)
    openly = [one for one in captured if not one.anonymous]
    assert sum(not captured[event].anonymous for _row, event in pairs) == most(ledger, openly)


def test_an_open_tip_leaves_the_row_to_which_an_anonymous_one_is_nearer() -> None:
    who = "viewer_one"
    ledger = [Side(60_000, "tip", 100, who, False, 0), Side(68_000, "tip", 100, who, False, 1)]
    captured = [Side(51_000, "tip", 100, who, True, 0), Side(70_000, "tip", 100, who, False, 1)]
    assert match(ledger, captured) == [(0, 0), (1, 1)]


def test_many_that_fit_each_other_are_no_trouble() -> None:
    # One a second for an hour; the file lacks every third.
    ledger = [Side(n * 1000, "tip", 1, "viewer_one", False, n) for n in range(3600) if n % 3]
    captured = [Side(n * 1000 + 9500, "tip", 1, "viewer_one", n % 2 > 0, n) for n in range(3600)]
    assert len(match(ledger, captured)) == len(ledger)


def test_the_ends_of_the_tolerance() -> None:
    ledger = [Side(0, "tip", 5, "viewer_one", False, 0)]
    for apart, found in ((NEAR, 1), (NEAR + 1, 0), (-NEAR, 1), (-NEAR - 1, 0)):
        assert len(match(ledger, [Side(apart, "tip", 5, "viewer_one", False, 0)])) == found


def test_an_anonymous_tip_does_not_take_the_row_of_an_open_one() -> None:
    ledger = [Side(0, "tip", 5, "", False, 0), Side(4000, "tip", 5, "viewer_one", False, 1)]
    captured = [Side(0, "tip", 5, "viewer_one", True, 0), Side(4000, "tip", 5, "viewer_one", False, 1)]
    assert match(ledger, captured) == [(0, 0), (1, 1)]
