"""The months of a time as bits: what lies whole in it, and what it cuts, is what counting instants finds."""

from hypothesis import given
from hypothesis import strategies as st

from mhc.domain.month_bits import MONTH_MS, MONTHS, month_bit, months_of

instants = st.integers(0, 200 * MONTH_MS)


@given(instants, instants, instants)
def test_an_instant_in_a_time_has_one_of_its_bits(since: int, until: int, at: int) -> None:
    whole, edges = months_of(since, until)

    assert not whole & edges
    if since <= at < until:
        assert month_bit(at) & (whole | edges)


@given(instants, st.integers(0, (MONTHS - 1) * MONTH_MS), instants)
def test_what_has_a_bit_of_a_whole_month_lies_in_a_short_time(since: int, length: int, at: int) -> None:
    until = since + length
    whole, edges = months_of(since, until)
    near = since - MONTH_MS <= at < until + MONTH_MS

    if near and month_bit(at) & whole:
        assert since <= at < until
    if near and not month_bit(at) & (whole | edges):
        assert not since <= at < until


def test_a_month_is_thirty_days_and_the_next_but_sixty_two_has_its_bit() -> None:
    assert months_of(0, MONTH_MS) == (1, 0)
    assert months_of(1, MONTH_MS) == (0, 1)
    assert months_of(0, 2 * MONTH_MS + 1) == (0b11, 0b100)
    assert months_of(5, 5) == (0, 0)
    assert month_bit(MONTHS * MONTH_MS) == month_bit(0)
