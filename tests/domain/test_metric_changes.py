"""How a metric changes follows from its kind: what is unknown did not change, and no counter ever falls."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mhc.domain.metric_changes import change, changes
from mhc.domain.metrics import Kind, Metric, find, of_source

NUMBERS = st.one_of(st.integers(-(2**53), 2**53), st.floats(-1e9, 1e9))
NAMES = st.lists(st.sampled_from("abcdef"), unique=True)


def of(kind: Kind) -> Metric:
    return Metric("one", kind, None, "one")


def told(kind: Kind, before: Any, after: Any) -> Any:
    found = change(of(kind), before, after)
    return found and (found.change, found.added, found.removed, found.reset)


@pytest.mark.parametrize(
    ("kind", "before", "after", "said"),
    [
        (Kind.COUNTER, 100, 130, (30, None, None, False)),
        (Kind.COUNTER, 100, 0, (None, None, None, True)),
        (Kind.GAUGE, 100, 0, (-100, None, None, False)),
        (Kind.GAUGE, 0.1, 0.3, (0.2, None, None, False)),
        (Kind.ID, 7, 8, (None, None, None, False)),
        (Kind.DATE, "2026-01-01", "2026-01-05", (None, None, None, False)),
        (Kind.TEXT, True, False, (None, None, None, False)),
        (Kind.LIST, ["a", "b"], ["b", "c"], (None, ["c"], ["a"], False)),
        (Kind.LIST, ["a", "b"], ["b", "a"], (None, [], [], False)),
        (Kind.GAUGE, 5, 5, None),
        (Kind.GAUGE, None, 5, None),
        (Kind.COUNTER, 5, None, None),
        (Kind.LIST, None, [], None),
        (Kind.GAUGE, "a text by mistake", 5, (None, None, None, False)),
    ],
)
def test_what_changed_by_kind(kind: Kind, before: Any, after: Any, said: Any) -> None:
    assert told(kind, before, after) == said


@given(NUMBERS, NUMBERS)
def test_a_counter_grows_or_began_anew(before: float, after: float) -> None:
    found = change(of(Kind.COUNTER), before, after)
    assert (found is None) == (before == after)
    if found is not None:
        assert found.reset == (after < before)
        assert found.change is None if found.reset else found.change is not None and found.change >= 0


@given(st.integers(), st.integers())
def test_a_gauge_there_and_back_is_where_it_was(one: int, other: int) -> None:
    there, back = change(of(Kind.GAUGE), one, other), change(of(Kind.GAUGE), other, one)
    assert ((there and there.change) or 0) + ((back and back.change) or 0) == 0


@given(NAMES, NAMES)
def test_what_a_list_gained_and_lost_leads_from_one_to_the_other(before: list[str], after: list[str]) -> None:
    found = change(of(Kind.LIST), before, after)
    gained, lost = (found.added or (), found.removed or ()) if found else ((), ())
    assert {*before, *gained} - {*lost} == set(after)


def test_changes_come_in_the_order_of_the_source_and_of_its_metrics_alone() -> None:
    before = {"num_followers": 10, "token_balance": 900, "username": "example_room", "gone_since": 1}
    after = {"num_followers": 12, "token_balance": 20, "username": "example_room", "gone_since": 2}
    found = changes("stats", before, after)
    assert [(one.metric.name, one.change, one.reset) for one in found] == [
        ("token_balance", None, True),
        ("num_followers", 2, False),
    ]


def test_only_figures_of_a_whole_life_and_running_counts_are_counters() -> None:
    counters = {
        (source, one.name)
        for source in ("statbate.member_info", "statbate.model_info", "statbate.member_tips", "stats", "apistats")
        for one in of_source(source)
        if one.kind is Kind.COUNTER
    }  # fmt: skip
    assert counters == {
        ("statbate.member_info", "all_time_tokens"),
        ("stats", "token_balance"),
        ("stats", "time_online"),
        *(("apistats", name) for name in ("payout", "money_spent", "registrations", "hits")),
    }
    assert find("statbate.model_info", "nothing_of_the_kind") is None
