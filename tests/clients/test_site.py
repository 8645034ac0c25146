"""The statistics of an own account: never more often than every five minutes, and what its refusals mean."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from responses import RequestsMock

from mhc.clients import apistats, cbstats
from mhc.clients.api import saved_answer
from mhc.clients.apistats import EarningsClient
from mhc.clients.cbstats import StatisticsClient
from mhc.clients.failures import (
    BlockedError,
    BrokenAnswerError,
    DownError,
    NotKnownError,
    RefusedError,
    ThrottledError,
    UpstreamError,
)
from mhc.clients.pacing import PacedError
from mhc.config import Secret
from upstreams import PAYLOADS, Clock, pacer

BASE = "https://site.example"
TOKEN = "CANARY0STATS0TOKEN"
STATS, EARNED = f"{BASE}/statsapi/", f"{BASE}/affiliates/apistats/"
ONLINE = (PAYLOADS / "cbstats_online.json").read_bytes()


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def api() -> Iterator[RequestsMock]:
    with RequestsMock() as mock:
        yield mock


def statistics(folder: Path, clock: Clock, room: str = "example_room") -> StatisticsClient:
    return StatisticsClient(BASE, room, Secret(TOKEN), pacer(folder, clock), clock=clock)


def test_the_token_and_the_name_are_the_query(tmp_path: Path, clock: Clock, api: RequestsMock) -> None:
    api.get(STATS, body=ONLINE)
    fetched = statistics(tmp_path, clock).fetch()
    assert fetched.statistics.token_balance == 12345
    assert api.calls[0].request.url == f"{STATS}?username=example_room&token={TOKEN}"
    assert "Authorization" not in api.calls[0].request.headers


def test_an_account_is_asked_every_five_minutes_at_most_whoever_asks(
    tmp_path: Path, clock: Clock, api: RequestsMock
) -> None:
    api.get(STATS, body=ONLINE)
    statistics(tmp_path, clock).fetch()
    clock.now += 239
    with pytest.raises(PacedError, match=r"^site\.example may be asked again in 61 s$") as raised:
        statistics(tmp_path, clock).fetch()
    assert raised.value.status == 75
    clock.now += 61
    statistics(tmp_path, clock).fetch()
    assert len(api.calls) == 2


def test_other_accounts_and_the_earnings_have_their_own_turn_a_little_apart(
    tmp_path: Path, clock: Clock, api: RequestsMock
) -> None:
    api.get(STATS, body=ONLINE)
    api.get(EARNED, body=(PAYLOADS / "apistats.json").read_bytes())
    statistics(tmp_path, clock).fetch()
    statistics(tmp_path, clock, "other_room").fetch()
    EarningsClient(BASE, "example_room", Secret(TOKEN), pacer(tmp_path, clock)).fetch()
    assert clock.waits == [2, 2]


@pytest.mark.parametrize(
    ("status", "body", "kind", "quiet"),
    [
        (403, "Try slowing down a little.", ThrottledError, True),
        (403, "<!DOCTYPE html><title>Just a moment...</title>", BlockedError, True),
        (403, "Forbidden", RefusedError, False),
        (401, "Unauthorized", RefusedError, False),
        (200, "Unauthorized\n", RefusedError, False),
        (404, "<html>Not here", NotKnownError, False),
        (500, "server error", DownError, False),
        (521, "<html>", DownError, False),
        (200, "[]", BrokenAnswerError, False),
        (200, '{"detail":"new form"}', BrokenAnswerError, False),
    ],
)
def test_a_refusal_is_asked_once_and_a_throttle_holds_for_every_account(
    tmp_path: Path,
    clock: Clock,
    api: RequestsMock,
    status: int,
    body: str,
    kind: type[UpstreamError],
    quiet: bool,
) -> None:
    api.get(STATS, status=status, body=body, content_type="text/html")
    with pytest.raises(kind) as raised:
        statistics(tmp_path, clock).fetch()
    assert type(raised.value) is kind
    assert TOKEN not in f"{raised.value!r} {raised.value.hint}"
    assert len(api.calls) == 1
    clock.now += 10
    with pytest.raises((PacedError, kind)) as again:
        statistics(tmp_path, clock, "other_room").fetch()
    assert isinstance(again.value, PacedError) == quiet
    assert not quiet or getattr(again.value, "seconds", None) == 290


def read(**more: Any) -> cbstats.Fetched:
    return cbstats.read(saved_answer(json.dumps({"username": "example_room"} | more).encode()))


@pytest.mark.parametrize("key", ["time_online", "last_broadcast", "num_viewers", "token_balance"])
@pytest.mark.parametrize("value", [-1, "-1", None, ""])
def test_minus_one_is_unknown(key: str, value: object) -> None:
    fetched = read(**{key: value})
    assert getattr(fetched.statistics, key) is None
    assert fetched.problems == ()


def test_whether_the_room_is_online_is_unknown_where_nothing_says_so() -> None:
    assert (read().is_online, read(time_online=-1).is_online, read(time_online=0).is_online) == (
        None,
        False,
        True,
    )


def test_figures_may_be_fractions_or_texts_and_a_wrong_one_is_named() -> None:
    fetched = read(num_followers="24355", votes_up=120.0, tips_in_last_hour=1.5, votes_down="few", new=[1])
    assert (fetched.statistics.num_followers, fetched.statistics.votes_up) == (24355, 120)
    assert (fetched.statistics.tips_in_last_hour, fetched.statistics.votes_down) == (1.5, None)
    assert fetched.problems == ("it.votes_down: a text instead of a whole number",)


def test_the_zone_of_the_last_broadcast_is_an_assumption_that_may_be_another() -> None:
    answer = saved_answer(b'{"username":"example_room","last_broadcast":"2026-07-01T12:00:00"}')
    assert cbstats.read(answer).statistics.last_broadcast == datetime(2026, 7, 1, 19, tzinfo=UTC)
    other = cbstats.read(answer, zone=ZoneInfo("America/Denver"))
    assert other.statistics.last_broadcast == datetime(2026, 7, 1, 18, tzinfo=UTC)
    assert other.last_broadcast_text == "2026-07-01T12:00:00"


def test_earnings_send_no_parameter_that_was_not_asked_for(
    tmp_path: Path, clock: Clock, api: RequestsMock
) -> None:
    api.get(EARNED, body=(PAYLOADS / "apistats_sub_account.json").read_bytes())
    client = EarningsClient(BASE, "example_room", Secret(TOKEN), pacer(tmp_path, clock))
    client.fetch()
    clock.now += 300
    assert client.fetch(breakdown="sub_account__username").breakdown == "sub_account__username"
    first, second = (str(call.request.url) for call in api.calls)
    assert first == f"{EARNED}?username=example_room&token={TOKEN}"
    assert second == f"{first}&stats_breakdown=sub_account__username"


def test_a_table_that_does_not_fit_is_named_and_the_others_are_read() -> None:
    good = {
        "program": "P",
        "columns": ["Date", "Payout"],
        "rows": [["2026-01-01", 5]],
        "totals": {"Payout": 5},
    }
    tables = [
        good,
        "no table",
        good | {"columns": "Date"},
        good | {"rows": [["2026-01-01"], ["2026-01-02", [1]], "x"], "totals": None},
        good | {"rows": {"a": 1}},
    ]
    earnings = apistats.read(saved_answer(json.dumps({"stats": tables}).encode()))
    assert [len(one.rows) for one in earnings.programmes] == [1, 1, 0]
    assert earnings.programmes[0].rows[0] == {"Date": "2026-01-01", "Payout": 5}
    assert earnings.programmes[1].rows[0] == {"Date": "2026-01-02", "Payout": None}
    assert (earnings.starts_on, earnings.ends_on) == (None, None)
    assert earnings.problems == (
        "stats[1]: a text instead of a programme",
        "stats[2].columns: a text instead of a list of names",
        "stats[3].rows[0]: a list instead of a list of 2 cells",
        "stats[3].rows[1]: a list instead of a figure or a text",
        "stats[3].rows[2]: a text instead of a list of 2 cells",
        "stats[4].rows: an object instead of a list",
    )


@pytest.mark.parametrize("body", [b"{}", b"[]", b'{"stats":{}}', b'{"stats":null}'])
def test_earnings_of_another_form_are_broken(body: bytes) -> None:
    with pytest.raises(BrokenAnswerError, match="has no list of programmes"):
        apistats.read(saved_answer(body))
