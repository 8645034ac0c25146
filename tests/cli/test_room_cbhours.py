"""`mhc room poll --source cbhours`, and what is made of it: a source of its own among the readings of rooms."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from command import MhcHere, Run
from mhc.sandbox.server import Sandbox
from upstreams import PAYLOADS

NOW = datetime.now(UTC)
HOURS = ("--source", "cbhours")


def z(at: datetime) -> str:
    return at.strftime("%Y-%m-%dT%H:%M:%SZ")


def sample(name: str) -> str:
    return str(PAYLOADS / f"cbhours_{name}.json")


def online(**more: Any) -> dict[str, Any]:
    said = {
        "room_status": "Online",
        "current_show": "public",
        "viewers": 10,
        "followers": 100,
        "rank": 50,
        "grank": 9,
    }
    return (
        said | {"room_subject": "Hello #music", "tags": ["music"], "is_new": True, "gender": "Female"} | more
    )


def live(cli: MhcHere, *words: str, ago: float = 1, **rooms: Any) -> Run:
    """Keep a saved answer, read so many minutes ago."""
    path = cli.home / "live.json"
    path.write_text(json.dumps({"server_status": "up", "data": rooms}))
    at = z(NOW - timedelta(minutes=ago))
    return cli("room", "poll", *words, *HOURS, "--load", str(path), "--at", at, "--json")


def activity(
    cli: MhcHere, *rows: dict[str, Any], model: str = "room_one", words: tuple[str, ...] = ()
) -> Run:
    """Keep a saved answer about what was seen of a room."""
    path = cli.home / "activity.json"
    body = {"status": True, "model": model, "activity": [], "details": {"day": list(rows)}}
    path.write_text(json.dumps(body))
    return cli("room", "poll", model, *HOURS, "--backfill", "--load", str(path), *words, "--json")


def row(at: datetime, **more: Any) -> dict[str, Any]:
    said = {
        "type": "_public",
        "rank": "500",
        "grank": "40",
        "followers": "100",
        "viewers": "7",
        "gender": "f",
    }
    return {"timestamp": at.strftime("%Y-%m-%dT%H:%M")} | said | more


def feed(cli: MhcHere, *rooms: dict[str, Any], ago: float = 1) -> Run:
    path = cli.home / "feed.json"
    path.write_text(json.dumps({"count": len(rooms), "results": list(rooms)}))
    at = z(NOW - timedelta(minutes=ago))
    return cli("room", "poll", "--load", str(path), "--at", at, "--live", "--force", "--json")


def listed(run: Run) -> list[str]:
    assert run.status == 0, run.stderr
    return [one["username"] for one in run.json]


# How rooms are now.


def test_a_saved_answer_is_kept_as_one_of_cbhours(cli: MhcHere) -> None:
    run = cli("room", "poll", *HOURS, "--load", sample("live"), "--json")
    assert run.status == 0, run.stderr
    found = run.json
    assert (found["source"], found["rooms"], found["listed"], found["kept"]) == ("cbhours", 2, 4, 2)
    assert (found["new_people"], found["unknown"]) == (2, ["untracked_room", "no_such_room"])
    shown = cli("room", "show", "example_room", "--json").json
    assert (shown["online"], shown["source"], shown["show"]) == (True, "cbhours", "public")
    assert (shown["rank"], shown["gender_rank"], shown["viewers"], shown["followers"]) == (
        123,
        45,
        1024,
        54321,
    )
    assert (shown["gender"], shown["tags"], shown["hd"]) == ("female", ["sample", "music"], None)
    assert cli("person", "show", "example_room", "--json").json["role"] == "model"


def test_a_room_that_is_offline_was_not_seen(cli: MhcHere) -> None:
    live(cli, room_one={"room_status": "Offline"})
    shown = cli("room", "show", "room_one", "--json").json
    assert (shown["online"], shown["observed_at"], shown["viewers"]) == (False, None, None)
    assert cli("person", "show", "room_one", "--json").json["last_seen_at"] is None


def test_that_it_goes_offline_ends_what_the_feed_said(cli: MhcHere) -> None:
    feed(cli, {"username": "room_one", "current_show": "public", "num_users": 3}, ago=4)
    assert listed(cli("room", "online", "--json")) == ["room_one"]
    live(cli, ago=2, room_one={"room_status": "Offline"})
    assert listed(cli("room", "online", "--json")) == []
    assert listed(cli("person", "list", "--live", "--json")) == []
    shown = cli("room", "show", "room_one", "--json").json
    assert (shown["online"], shown["viewers"], shown["source"]) == (False, 3, "affiliate")
    live(cli, ago=1, room_one=online())
    assert listed(cli("room", "online", "--json")) == ["room_one"]
    assert listed(cli("person", "list", "--live", "--json")) == ["room_one"]


def test_a_feed_that_twice_does_not_show_a_room_comes_later_and_wins(cli: MhcHere) -> None:
    live(cli, ago=4, room_one=online())
    for ago in (3, 2):
        feed(cli, {"username": "room_two", "current_show": "public"}, ago=ago)
    assert listed(cli("room", "online", "--json")) == ["room_two"]


def test_cbhours_alone_says_nothing_of_rooms_that_it_was_not_asked_about(cli: MhcHere) -> None:
    live(cli, ago=60, room_one=online())
    live(cli, ago=1, room_two=online())
    run = cli("room", "online", "--json")
    assert listed(run) == ["room_two"]
    assert "says nothing of rooms that it was not asked about" in run.stderr
    assert cli("room", "show", "room_one", "--json").json["online"] is None


def test_followers_of_two_sources_are_not_compared(cli: MhcHere) -> None:
    feed(cli, {"username": "room_one", "current_show": "public", "num_followers": 100}, ago=90)
    live(cli, ago=1, room_one=online(followers=900))
    (one,) = cli("room", "online", "--since", "2h", "--json").json
    assert (one["source"], one["followers"], one["gained"]) == ("cbhours", 900, None)


def test_a_doubled_answer_adds_nothing(cli: MhcHere) -> None:
    assert live(cli, room_one=online()).json["kept"] == 1
    assert live(cli, room_one=online()).json["kept"] == 0
    assert cli("db", "info", "--json").json["observations"] == 1


def test_a_dry_run_keeps_nothing(cli: MhcHere) -> None:
    run = live(cli, "-n", room_one=online())
    assert (run.status, run.json["kept"], run.json["new_people"]) == (0, 1, None)
    assert cli("db", "info", "--json").json["observations"] == 0
    assert cli("person", "show", "room_one").status == 3


def test_who_is_named_and_not_known_ends_with_3_and_others_with_1(cli: MhcHere) -> None:
    alone = cli("room", "poll", "no_such_room", *HOURS, "--load", sample("live"))
    assert (alone.status, alone.stdout) == (3, "")
    assert "CBHours does not know no_such_room" in alone.stderr
    both = cli("room", "poll", "no_such_room", "example_room", *HOURS, "--load", sample("live"), "--json")
    assert (both.status, both.json["kept"], both.json["complete"]) == (1, 1, False)
    silent = cli("room", "poll", "third_room", *HOURS, "--load", sample("live_empty"))
    assert (silent.status, "CBHours says nothing about third_room" in silent.stderr) == (65, True)


@pytest.mark.parametrize(
    ("name", "status"), [("error_300", 3), ("http_429", 75), ("doc_example_broken", 65), ("months", 65)]
)
def test_a_saved_refusal_goes_the_way_of_an_answer(cli: MhcHere, name: str, status: int) -> None:
    for words in ((), ("--backfill",)):
        run = cli("room", "poll", "room_one", *HOURS, *words, "--load", sample(name))
        assert (run.status, run.stdout) == (status, "")
        assert run.stderr.startswith(("mhc: CBHours ", "mhc: an answer of CBHours "))
    assert cli("db", "info", "--json").json["observations"] == 0


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["room_one"], "the feed of rooms is read whole"),
        (["--backfill"], "the feed of rooms is read whole"),
        ([*HOURS, "--live"], "--live is of the feed of rooms"),
        ([*HOURS, "--min-followers", "5"], "--min-followers is of the feed of rooms"),
        ([*HOURS, "--tag", "x"], "--tag is of the feed of rooms"),
        ([*HOURS, "--force"], "--force is of the feed of rooms"),
        ([*HOURS, "--at", "1h"], "--at is of --load"),
        ([*HOURS, "--since", "1d"], "--since and --tzo are of --backfill"),
        ([*HOURS, "--backfill", "--tzo", "60"], "--tzo is of --load"),
        ([*HOURS, "not a name"], "is not a username"),
    ],
)
def test_what_has_no_meaning_is_wrong_usage(cli: MhcHere, words: list[str], said: str) -> None:
    run = cli("room", "poll", *words)
    assert (run.status, said in run.stderr) == (2, True)


# What was seen before.


def test_the_past_is_kept_by_three_minutes_once(cli: MhcHere) -> None:
    words = ("room", "poll", *HOURS, "--backfill", "--load", sample("activity"), "--json")
    first, again = cli(*words), cli(*words)
    assert (first.status, first.json["readings"], first.json["kept"]) == (0, 3, 1)
    assert (again.status, again.json["readings"]) == (0, 0)
    assert cli("db", "info", "--json").json["observations"] == 3
    run = cli(
        "room", "history", "example_room", *HOURS, "--since", "2026-01-01", "--until", "2026-01-04", "--json"
    )
    last, one = run.json
    assert (one["started_at"], one["last_seen_at"]) == ("2026-01-02T22:36:00Z", "2026-01-02T22:39:00Z")
    assert (one["duration"], one["public"], one["private"], one["readings"]) == (360, 180, 180, 2)
    assert (one["rank"], one["best_rank"], one["gender_rank"], one["best_gender_rank"]) == (
        8617,
        5720,
        5949,
        4012,
    )
    assert (one["source"], one["followers"], one["peak_viewers"]) == ("cbhours", 24301, 3)
    assert (last["duration"], last["rank"], last["live"]) == (180, 5000, False)
    assert "rank 5,720 to 5,000, best 5,000: " in run.stderr
    seen = cli("person", "show", "example_room", "--json").json
    assert (seen["first_seen_at"], seen["last_seen_at"]) == ("2026-01-02T22:00:00Z", "2026-01-03T22:00:00Z")


def test_the_rank_is_a_series_by_day_and_by_reading(cli: MhcHere) -> None:
    cli("room", "poll", *HOURS, "--backfill", "--load", sample("activity"))
    words = ("room", "history", "example_room", *HOURS, "--since", "2026-01-01", "--json", "--by")
    days = cli(*words, "day", "--tz", "utc").json
    assert [(one["rank"], one["public"]) for one in days] == [(5000, 180), (8617, 180)]
    every = cli(*words, "reading").json
    assert [one["rank"] for one in every] == [5000, 8617, 5720]


def test_times_that_were_asked_for_with_an_offset_are_taken_back(cli: MhcHere) -> None:
    at = datetime(2026, 1, 2, 19, 36, tzinfo=UTC)
    assert activity(cli, row(at), words=("--tzo", "-300")).status == 0
    (one,) = cli("room", "history", "room_one", *HOURS, "--since", "2026-01-01", "--json").json
    assert one["started_at"] == "2026-01-03T00:36:00Z"


def test_sources_do_not_mix_in_a_history(cli: MhcHere) -> None:
    at = (NOW - timedelta(hours=2)).replace(second=0, microsecond=0)
    activity(cli, row(at, followers="900"), row(at + timedelta(minutes=3), followers="910"))
    feed(
        cli,
        {"username": "room_one", "current_show": "public", "num_followers": 100, "seconds_online": 60},
        ago=100,
    )
    (theirs,) = cli("room", "history", "room_one", *HOURS, "--json").json
    (ours,) = cli("room", "history", "room_one", "--json").json
    assert (theirs["readings"], theirs["new_followers"], theirs["source"]) == (2, 10, "cbhours")
    assert (ours["readings"], ours["followers"], ours["rank"]) == (1, 100, None)


def test_a_hole_of_half_an_hour_is_another_session_and_minutes_are_rows_times_three(cli: MhcHere) -> None:
    at = datetime(2026, 1, 2, 10, tzinfo=UTC)
    minutes = [0, 3, 6, 15, 60, 63]
    activity(cli, *(row(at + timedelta(minutes=one)) for one in minutes))
    run = cli("room", "history", "room_one", *HOURS, "--since", "2026-01-01", "--json")
    assert [(one["readings"], one["duration"], one["public"]) for one in run.json] == [
        (2, 360, 360),
        (4, 1080, 720),
    ]
    assert "18m 00s public" in run.stderr


def test_an_activity_of_somebody_else_is_not_kept(cli: MhcHere) -> None:
    run = cli("room", "poll", "room_two", *HOURS, "--backfill", "--load", sample("activity"))
    assert (run.status, "that of example_room, not of room_two" in run.stderr) == (65, True)


def test_minutes_without_details_are_said(cli: MhcHere) -> None:
    path = cli.home / "short.json"
    path.write_text(
        json.dumps({"status": True, "activity": {"2026-01-02": "2026-01-02 Fri - 01 Hours 24 Minutes"}})
    )
    run = cli("room", "poll", "room_one", *HOURS, "--backfill", "--load", str(path), "--json")
    assert (run.status, run.json["readings"]) == (0, 0)
    assert "room_one: 84 minutes online, and no details of them" in run.stderr


def test_what_was_seen_before_somebody_was_forgotten_does_not_come_back(cli: MhcHere) -> None:
    cli.environ["MHC_ERASURE_KEY"] = "k" * 32
    at = (NOW - timedelta(days=2)).replace(second=0, microsecond=0)
    rows = [row(at), row(at + timedelta(minutes=3))]
    activity(cli, *rows)
    live(cli, ago=3, room_one=online(room_subject="I am room_one"))
    assert cli("person", "forget", "room_one", "-y").status == 0
    assert cli("db", "info", "--json").json["observations"] == 0
    assert activity(cli, *rows).json["readings"] == 0
    assert live(cli, ago=3, room_one=online()).json["kept"] == 0
    assert cli("person", "show", "room_one").status == 3
    assert "room_one" not in cli("db", "info", "--json").stdout


def test_an_export_and_a_prune_have_the_readings_of_every_source(cli: MhcHere) -> None:
    at = (NOW - timedelta(days=100)).replace(second=0, microsecond=0)
    activity(cli, row(at), row(NOW - timedelta(hours=1)))
    exported = cli("person", "export", "room_one").stdout
    assert exported.count('"observation"') == 2 or exported.count("observed_at") == 2
    config = cli.home / "config.toml"
    config.write_text('[retention]\nobservations = "90d"\n')
    config.chmod(0o600)
    assert cli("--config", str(config), "db", "prune", "-y", "--force").status == 0
    assert cli("db", "info", "--json").json["observations"] == 1


# Asked for in earnest, of the sandbox.


@pytest.fixture
def hours(cli: MhcHere) -> Iterator[MhcHere]:
    start = datetime.now(UTC) - timedelta(days=3)
    with Sandbox(start=start, until_now=True, speed=0, length=timedelta(minutes=30)) as sandbox:
        cli.environ |= sandbox.environment
        yield cli


def test_rooms_are_asked_about_by_name_and_by_list(hours: MhcHere) -> None:
    hours("person", "add", "third_room")
    hours("watchlist", "add", "Friends", "third_room")
    run = hours("room", "poll", "@Other_Room", "--list", "Friends", *HOURS, "--json")
    assert (run.status, run.json["rooms"], run.json["pages"]) == (0, 2, 1), run.stderr
    tracked = hours("room", "poll", *HOURS, "--json")
    assert (tracked.status, tracked.json["listed"]) == (0, 3)  # the own room, too
    alone = hours("room", "poll", "invented_attic", *HOURS)
    assert (alone.status, "does not know invented_attic" in alone.stderr) == (3, True)


def test_all_that_it_saw_is_brought_in_span_after_span(hours: MhcHere) -> None:
    looked = hours("room", "poll", "other_room", *HOURS, "--backfill", "-n", "--json")
    assert (looked.status, looked.json["readings"]) == (0, 0)
    assert len(looked.json["months"]) >= 6
    run = hours("room", "poll", "other_room", *HOURS, "--backfill", "--json")
    assert run.status == 0, run.stderr
    assert run.json["pages"] == 5  # the months, and four spans of 60 days at most
    assert run.json["readings"] == hours("db", "info", "--json").json["observations"] > 1000
    assert run.json["months"] == looked.json["months"]
    again = hours("room", "poll", "other_room", *HOURS, "--backfill", "--since", "30d", "--json")
    assert (again.json["readings"], again.json["pages"]) == (0, 2)
    assert hours("snapshot", "list", "other_room", "--json").json[0]["source"] == "cbhours"


def test_an_upset_source_keeps_what_came_and_says_why(hours: MhcHere, tmp_path: Path) -> None:
    hours("room", "poll", "other_room", *HOURS)
    with Sandbox(speed=0, events=1, faults={"cbhours": "changed"}) as sandbox:
        run = hours("room", "poll", "other_room", *HOURS, **sandbox.environment)
    assert (run.status, run.stdout) == (65, "")
    assert "kept in" in run.stderr
    assert (tmp_path / "state" / "answers" / "cbhours.json").exists()
