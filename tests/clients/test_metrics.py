"""Metrics are read from the typed rows of every source: what is unknown is null, and each value goes into JSON."""

import json
from typing import Any

import pytest

from mhc.clients import apistats, cbstats, statbate
from mhc.clients.api import saved_answer
from mhc.clients.statbate_operations import MEMBER_INFO_BATCH, OPERATIONS, Operation
from mhc.domain import metrics
from upstreams import PAYLOADS

SAMPLES = {
    "models": "models",
    "members": "members",
    "member_info": "member_info",
    "member_model": "member_model_spending",
    "model_info": "model_info",
    "model_activity": "model_activity",
    "model_members": "model_members",
    "model_rank": "rank",
    "model_tips": "model_tips",
    "member_tips": "member_tips",
    "member_tag_spending": "tag_spending",
    "member_top_models": "top_models",
    "member_activity": "member_activity",
    "tags": "tags",
    "tags_search": "tags_search",
    "members_online": "members_online",
}


def rows(operation: str, sample: str | None = None) -> tuple[Any, ...]:
    body = (PAYLOADS / "statbate" / f"{sample or SAMPLES[operation]}.json").read_bytes()
    asked: Operation[Any] = OPERATIONS[operation]
    return statbate.read(asked, saved_answer(body)).rows


def figures(operation: str, sample: str | None = None) -> dict[str, Any]:
    found = rows(operation, sample)
    return metrics.read(f"statbate.{operation}", found if OPERATIONS[operation].is_list else found[0])


def test_every_source_has_metrics_of_names_of_its_own() -> None:
    named = {f"statbate.{name}" for name in OPERATIONS if name != MEMBER_INFO_BATCH.name}
    pages = {"profile", "profile.room_page", "profile.bio_page"}
    assert set(metrics.sources()) == named | {"stats", "apistats", "cbhours"} | pages
    for source in metrics.sources():
        names = [one.name for one in metrics.of_source(source)]
        assert len(names) == len(set(names)), source


@pytest.mark.parametrize("operation", SAMPLES)
def test_each_metric_of_an_answer_is_read_and_goes_into_json(operation: str) -> None:
    found = figures(operation)
    assert found
    assert None not in found.values()
    assert json.loads(json.dumps(found, allow_nan=False)) == found
    kinds = {"counter": int | float, "gauge": int | float, "id": int, "date": str, "list": list, "text": str}
    for name, value in found.items():
        metric = metrics.find(f"statbate.{operation}", name)
        assert metric is not None
        assert isinstance(value, kinds[metric.kind]), name


@pytest.mark.parametrize("operation", ["models", "members", "tags", "tags_search", "members_online"])
def test_one_row_of_a_ranking_is_read_for_whom_it_names(operation: str) -> None:
    found = metrics.read(f"statbate.{operation}", rows(operation)[0])
    assert found
    assert None not in found.values()


def test_a_member_in_short() -> None:
    found = figures("member_info")
    assert {name: found[name] for name in ("did", "all_time_tokens", "first_tip_date", "per_day_tokens")} == {
        "did": 900001,
        "all_time_tokens": 45210,
        "first_tip_date": "2023-05-07T20:00:00Z",
        "per_day_tokens": 145,
    }


def test_a_batch_reads_as_one_member_does() -> None:
    row = rows(MEMBER_INFO_BATCH.name, "members_batch")[0]
    assert metrics.read("statbate.member_info", row).keys() == figures("member_info").keys()


def test_what_an_answer_does_not_say_is_unknown() -> None:
    found = figures("member_info", "member_info_nulls")
    assert found["first_tip_date"] is None
    assert found["models_tipped_2weeks_list"] in (None, [])


def test_no_tips_are_none_and_not_unknown() -> None:
    found = figures("member_tips", "member_tips_empty")
    assert (found["tips"], found["tokens"], found["first_tip"]) == (0, 0, None)


def test_the_statistics_of_an_own_room() -> None:
    answer = saved_answer((PAYLOADS / "cbstats_never_broadcast.json").read_bytes())
    found = metrics.read("stats", cbstats.read(answer).statistics)
    assert (found["last_broadcast"], found["time_online"]) == (None, None)
    assert found.keys() == {one.name for one in metrics.of_source("stats")}


def test_what_was_only_moved_is_not_earned() -> None:
    earned = apistats.read(saved_answer((PAYLOADS / "apistats.json").read_bytes()))
    assert metrics.read("apistats", earned) == {
        "starts_on": "2026-01-01",
        "ends_on": "2026-01-15",
        "payout": 8.0,
        "money_spent": None,
        "registrations": None,
        "hits": 118,
        "programmes": [
            "10 Tokens Per Registration + 500 Per Broadcaster",
            "Cashed-Out Tokens",
            "Daily Payout Request",
            "Revshare: 20% of Money Spent + $50 per broadcaster + 5% Referred Affiliate Income",
        ],
    }


def test_a_source_that_is_not_there_is_an_error() -> None:
    with pytest.raises(KeyError):
        metrics.read("statbate.nothing", None)
