"""The site's statistics and affiliate earnings of the sandbox, over made-up days."""

import json
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from mhc.clients.failures import RefusedError, ThrottledError
from mhc.clients.pacing import PacedError
from mhc.domain import ledger as ledger_rules
from mhc.domain import token_statistics as ledger_file
from world import BEGIN, World

PACIFIC = ZoneInfo("America/Los_Angeles")


def raw(world: World, path: str, **more: str) -> tuple[int, str]:
    """Ask without a client; give status and body."""
    status, _, body = world.ask(
        path, {"username": world.sandbox.room, "token": world.sandbox.stats_token, **more}
    )
    return status, body


def read(world: World) -> Any:
    with world.statistics() as client:
        fetched = client.fetch()
    assert fetched.problems == ()
    return fetched


def test_on_air_the_room_is_what_its_feed_says(world: World) -> None:
    first = read(world).statistics
    world.pass_time(minutes=10)
    fetched, happened = read(world), world.events()
    now = fetched.statistics
    assert (now.username, fetched.is_online, now.time_online) == ("example_room", True, 10)
    assert now.last_broadcast == BEGIN
    assert fetched.last_broadcast_text == "2025-12-31T16:00:00"  # Pacific, and does not say so

    def count(method: str) -> int:
        return sum(event["method"] == method for event in happened)

    assert now.num_followers == first.num_followers + count("follow") - count("unfollow")
    assert now.num_viewers == count("userEnter") - count("userLeave")
    assert now.num_viewers >= now.num_registered_viewers >= (now.num_tokened_viewers or 0) > 0
    tips = sum(event["object"]["tip"]["tokens"] for event in happened if event["method"] == "tip")
    media = sum(
        event["object"]["media"]["tokens"] for event in happened if event["method"] == "mediaPurchase"
    )
    fans = 500 * count("fanclubJoin")
    assert now.token_balance == first.token_balance + tips + media + fans
    assert now.tips_in_last_hour == tips + media + fans


def test_off_air_there_are_no_such_figures(world: World) -> None:
    world.pass_time(hours=5)
    fetched = read(world)
    assert (fetched.is_online, fetched.statistics.time_online) == (False, None)
    assert (fetched.statistics.tips_in_last_hour, fetched.statistics.num_viewers) == (None, 0)
    assert json.loads(fetched.payload)["time_online"] == -1
    assert fetched.statistics.last_broadcast is not None
    assert fetched.statistics.satisfaction_score is not None


def test_the_balance_is_paid_out_in_the_evening_and_the_earnings_say_so(world: World) -> None:
    before = balance = read(world).statistics.token_balance
    for _ in range(96):
        world.pass_time(minutes=30)
        balance = read(world).statistics.token_balance
        at = world.now.astimezone(PACIFIC)
        evening = datetime.combine(at.date(), time(21, 30), PACIFIC)
        if evening <= at < evening + timedelta(minutes=30):
            with world.earnings() as client:
                earnings = client.fetch()
            assert earnings.problems == ()
            cashed = {
                row["Date"]: row["Tokens"]
                for one in earnings.programmes
                for row in one.rows
                if "Tokens" in row
            }
            assert before > 0
            assert (balance, cashed.get(at.date().isoformat())) == (0, before)
        else:
            assert balance >= before
        before = balance
    assert (earnings.starts_on, earnings.ends_on) == (date(2026, 1, 1),) * 2


def test_the_tables_of_the_earnings(world: World) -> None:
    world.pass_time(days=11)
    with world.earnings() as client:
        earnings = client.fetch()
        world.pass_time(minutes=5)
        by_account = client.fetch(breakdown="sub_account__username")
    assert earnings.problems == by_account.problems == ()
    own, empty, cashed, asked = earnings.programmes
    assert [one.is_transfer for one in earnings.programmes] == [False, False, True, True]
    assert (empty.rows, empty.totals) == ((), {"Raw Hits": None, "Payout": None})
    assert len(own.rows) == (earnings.ends_on - earnings.starts_on).days
    assert None in {row["Payout"] for row in own.rows}  # no figure, which is not 0
    assert own.totals["Payout"] == sum(row["Payout"] or 0 for row in own.rows)
    assert len(cashed.rows) >= 8
    assert [row["Payout"] for row in asked.rows] == [-row["Payout"] for row in cashed.rows]
    assert (earnings.breakdown, by_account.breakdown) == ("date", "sub_account__username")
    (row,) = by_account.programmes[2].rows
    assert (row["Username"], row["Tokens"]) == ("example_room", cashed.totals["Tokens"])


@pytest.mark.parametrize("path", ["/statsapi/", "/affiliates/apistats/"])
def test_who_may_ask_and_how_often(world: World, path: str) -> None:
    assert raw(world, path, token=world.sandbox.token) == (401, "Unauthorized")
    assert raw(world, path, username="other_room") == (401, "Unauthorized")
    assert raw(world, path)[0] == 200
    for _ in range(2):
        world.pass_time(seconds=120)
        assert raw(world, path) == (403, "Try slowing down a little.")
    world.pass_time(seconds=60)
    assert raw(world, path)[0] == 200


def test_the_limit_is_that_of_made_up_time(tmp_path: Path) -> None:
    world = World(tmp_path, speed=300.0)
    with world.sandbox:
        for _ in range(3):
            assert [raw(world, "/statsapi/")[0] for _ in range(2)] == [200, 403]
            world.passed += 1
    at_once = World(tmp_path, speed=0.0)
    with at_once.sandbox:
        assert [raw(at_once, "/statsapi/")[0] for _ in range(3)] == [200] * 3


def test_the_client_is_throttled_refused_and_waits_its_turn(world: World) -> None:
    assert raw(world, "/statsapi/")[0] == 200
    with world.statistics() as client, pytest.raises(ThrottledError, match="asks to slow down"):
        client.fetch()
    world.pass_time(minutes=6)
    with (
        world.statistics("wrong") as client,
        pytest.raises(RefusedError, match="refuses the token of example_room"),
    ):
        client.fetch()
    with world.statistics() as client, pytest.raises(PacedError):
        client.fetch()
    world.pass_time(minutes=6)
    assert read(world).statistics.username == "example_room"
    assert world.now.tzinfo is UTC


def test_the_file_of_the_token_statistics_is_one_chain_down_to_the_balance(world: World) -> None:
    world.pass_time(days=40)
    balance = read(world).statistics.token_balance
    status, headers, text = world.ask("/tokens.csv")
    assert (status, headers["Content-Type"]) == (200, "text/csv; charset=utf-8")
    lines = ledger_file.read(text)
    assert [one.wall for one in lines] == sorted((one.wall for one in lines), reverse=True)
    entries = ledger_rules.in_order(ledger_file.dated(lines, PACIFIC))
    assert ledger_rules.breaks(entries) == []
    assert entries[-1].balance == balance
    assert entries[0].at >= world.now - timedelta(days=30)
    assert {one.kind for one in entries} == {
        "Tip received", "Photos/videos sold", "Fan club membership", "Private show", "Spy on private show",
        "Tokens cashed out",
    }  # fmt: skip
