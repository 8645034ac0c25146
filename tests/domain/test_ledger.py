"""The ledger's rules: rows follow from each other by their balances, and are shows where no pause parts them."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from mhc.domain.ledger import PAUSE, Entry, breaks, earned, in_order, shows, whole

T0 = datetime(2026, 1, 1, tzinfo=UTC)


def entry(
    second: int, change: int, balance: int, kind: str = "Tip received", who: str = "viewer_one"
) -> Entry:
    at = T0 + timedelta(seconds=second)
    return Entry(f"{at:%Y-%m-%d %H:%M:%S.%f}", at, change, balance, kind, who)


def _chain(steps: list[tuple[int, int]]) -> list[Entry]:
    balance, second, found = 50, 0, []
    for change, later in steps:
        balance, second = balance + change, second + later
        found.append(entry(second, change, balance))
    return found


changes = st.integers(1, 20) | st.integers(-20, -1)
# Rows that follow from each other, several at one instant among them.
ledgers = st.lists(st.tuples(changes, st.sampled_from([0, 0, 1, 400])), min_size=1, max_size=25).map(_chain)


@given(ledgers.flatmap(lambda rows: st.tuples(st.just(rows), st.permutations(rows))))
def test_rows_in_any_order_are_one_chain_and_nothing_is_missing(
    given: tuple[list[Entry], list[Entry]],
) -> None:
    rows, mixed = given
    ordered = in_order(mixed)
    assert sorted(ordered) == sorted(rows)
    assert [one.at for one in ordered] == sorted(one.at for one in rows)
    if len({one.at for one in rows}) == len(rows):  # else there may be two ways to go
        assert breaks(ordered) == []
        assert whole(ordered) == [(rows[0].at, rows[-1].at)]


@given(ledgers, st.data())
def test_a_row_that_is_taken_out_is_named_with_its_tokens(rows: list[Entry], data: st.DataObject) -> None:
    apart = [one._replace(at=T0 + timedelta(seconds=n), stamp=f"{n:06}") for n, one in enumerate(rows)]
    if len(apart) < 3:
        return
    place = data.draw(st.integers(1, len(apart) - 2))
    before, gone, after = apart[place - 1 : place + 2]
    found = breaks(in_order(apart[:place] + apart[place + 1 :]))
    assert found == [(before, after, gone.change)]
    assert whole(in_order(apart[:place] + apart[place + 1 :])) == [
        (apart[0].at, before.at), (after.at, apart[-1].at)
    ]  # fmt: skip


def test_what_is_bought_or_goes_out_is_not_earned() -> None:
    assert earned(entry(0, 25, 25)) == 25
    assert earned(entry(0, 25, 25, "Something new")) == 25
    assert earned(entry(0, 25, 25, "Tokens purchased")) == 0
    assert earned(entry(0, -25, 0, "Tokens cashed out")) == 0


moments = st.lists(st.tuples(st.sampled_from("ab"), st.integers(0, 3000)), max_size=40)


@given(moments.flatmap(lambda paid: st.tuples(st.just(paid), st.permutations(paid))))
def test_shows_are_parted_by_pauses_and_by_nothing_else(given: tuple[list[tuple[str, int]], ...]) -> None:
    rows, mixed = ([(who, T0 + timedelta(seconds=second)) for who, second in one] for one in given)
    found = shows(rows)
    assert sorted(shows(mixed)) == sorted(found)
    for who in "ab":
        times = sorted(at for name, at in rows if name == who)
        long = sum(after - at > PAUSE for at, after in pairwise(times))
        assert sum(name == who for name, _ in found) == (long + 1 if times else 0)
        assert {at for name, at in found if name == who} <= set(times)


def test_a_pause_of_just_that_length_parts_nothing() -> None:
    second = timedelta(seconds=1)
    assert shows([("a", T0), ("a", T0 + PAUSE)]) == [("a", T0)]
    assert shows([("a", T0), ("a", T0 + PAUSE + second)]) == [("a", T0), ("a", T0 + PAUSE + second)]
