"""`mhc room`: polls of the feed of rooms, and what they saw."""

import json
from collections.abc import Iterator
from datetime import datetime, timedelta

import pytest

from command import MhcHere
from roompages import Feed, names, poll, row, saved


def test_only_who_is_tracked_is_kept_unless_a_filter_says_otherwise(cli: MhcHere) -> None:
    cli("person", "add", "room_one")
    cli("watchlist", "add", "Friends", "room_one")
    cli("person", "add", "room_two")
    cli("person", "role", "room_two", "model")
    cli("person", "add", "viewer_one")
    everyone = [row(name) for name in ("room_one", "room_two", "room_three", "viewer_one", "my_room")]
    run = cli("room", "poll", "--load", saved(cli.home, *everyone), "--json", CHATURBATE_USERNAME="my_room")
    assert run.status == 0, run.stderr
    found = run.json
    assert (found["rooms"], found["listed"], found["kept"], found["scope"]) == (5, 5, 3, "tracked")
    assert (found["complete"], found["new_people"], found["problems"]) == (True, 1, [])
    assert sorted(names(cli("room", "online", "--json"))) == ["my_room", "room_one", "room_two"]
    assert cli("person", "show", "room_three").status == 3


def test_a_model_whom_only_the_feed_made_known_is_not_tracked_by_that(cli: MhcHere) -> None:
    assert poll(cli, row("room_one"), ago=10).json["kept"] == 1
    run = poll(cli, row("room_one"), words=())
    assert (run.json["kept"], run.json["scope"]) == (0, "tracked")
    assert "no room was kept: mhc watchlist add LIST NAME tracks one" in run.stderr


@pytest.mark.parametrize(
    ("words", "kept"),
    [
        (("--live",), ["room_big", "room_one", "room_two"]),
        (("--min-followers", "1000"), ["room_big"]),
        (("--min-viewers", "50"), ["room_big", "room_two"]),
        (("--gender", "male", "--gender", "trans"), ["room_two"]),
        (("--tag", "#Music"), ["room_big", "room_one"]),
        (("--tag", "music", "--tag", "new"), ["room_one"]),
        (("--list", "Friends"), ["room_one"]),
        (("--list", "Friends", "--min-viewers", "50"), []),
    ],
)
def test_a_filter_names_the_rooms_that_are_kept(
    cli: MhcHere, words: tuple[str, ...], kept: list[str]
) -> None:
    cli("person", "add", "room_one")
    cli("watchlist", "add", "Friends", "room_one")
    feed = [
        row("room_one", tags=["music", "new"]),
        row("room_two", gender="t", num_users=60),
        row("room_big", num_followers=1000, num_users=50, tags=["music"]),
    ]
    assert poll(cli, *feed, words=words).status == 0
    assert sorted(names(cli("room", "online", "--json"))) == kept


def test_a_dry_run_says_what_would_be_kept_and_keeps_nothing(cli: MhcHere) -> None:
    run = poll(cli, row("room_one"), words=("--live", "-n"))
    assert (run.status, run.json["kept"], run.json["new_people"]) == (0, 1, None)
    assert "nothing was kept" in run.stderr
    assert cli("db", "info", "--json").json["observations"] == 0
    assert cli("person", "show", "room_one").status == 3


def test_who_is_online_stands_with_what_the_room_says_and_how_old_that_is(cli: MhcHere) -> None:
    said = {"room_subject": "Goal: song \x1b[2J #music", "tags": ["music"], "is_new": True, "is_hd": False}
    poll(cli, row("room_one", **said), row("room_two", num_users=90, current_show="private"), ago=3)
    run = cli("room", "online", "--json")
    assert names(run) == ["room_two", "room_one"]
    (one,) = [found for found in run.json if found["username"] == "room_one"]
    at = datetime.fromisoformat(one.pop("observed_at"))
    assert datetime.fromisoformat(one.pop("started_at")) == at - timedelta(minutes=10)
    assert one == {
        "username": "room_one", "show": "public", "viewers": 5, "followers": 100, "online_for": 600,
        "subject": "Goal: song \x1b[2J #music", "tags": ["music"], "gender": "female", "new": True, "hd": False,
        "gained": None, "source": "affiliate", "rank": None, "gender_rank": None,
    }  # fmt: skip
    assert " ago: 2 rooms, 2 kept" in run.stderr
    shown = cli("room", "online", "-o", "table", "--fields", "username,subject")
    assert "\\x1b[2J" in shown.stdout
    assert "\x1b[2J" not in shown.stdout
    assert names(cli("room", "online", "--show", "private", "--json")) == ["room_two"]
    assert names(cli("room", "online", "--tag", "#music", "--json")) == ["room_one"]
    assert names(cli("room", "online", "--min-viewers", "6", "--json")) == ["room_two"]


def test_who_is_in_two_whole_feeds_no_more_is_offline_and_in_a_part_of_one_is_not(cli: MhcHere) -> None:
    both = row("room_one"), row("room_two")
    poll(cli, *both, ago=8)
    assert poll(cli, row("room_one"), count=2, ago=5).status == 1
    assert sorted(names(cli("room", "online", "--json"))) == ["room_one", "room_two"]
    others = [row(f"other_{number}") for number in range(2)]
    assert poll(cli, row("room_one"), *others, ago=2).status == 0
    assert "room_two" in names(cli("room", "online", "--json"))
    shown = cli("room", "show", "room_two", "--json")
    assert (shown.json["online"], "it is probably offline" in shown.stderr) == (True, True)
    assert poll(cli, row("room_one"), *others, ago=1).status == 0
    assert "room_two" not in names(cli("room", "online", "--json"))
    assert cli("room", "show", "room_two", "--json").json["online"] is False
    assert cli("room", "show", "room_one", "--json").json["online"] is True


def test_a_reading_holds_for_as_long_as_the_setting_says(cli: MhcHere) -> None:
    poll(cli, row("room_one"), ago=20)
    run = cli("room", "online", "--json")
    assert run.json == []
    assert "who is online is not known" in run.stderr
    assert cli("room", "show", "room_one", "--json").json["online"] is None
    config = cli.home / "config.toml"
    config.write_text('[feed]\nlive_for = "30m"\n')
    config.chmod(0o600)
    assert names(cli("--config", str(config), "room", "online", "--json")) == ["room_one"]


def test_a_feed_that_was_never_read_is_said_to_be_so(cli: MhcHere) -> None:
    run = cli("room", "online", "--json")
    assert (run.status, run.json) == (0, [])
    assert "the feed of rooms was never read: mhc room poll" in run.stderr


def test_who_gained_followers_is_told_by_two_polls(cli: MhcHere) -> None:
    poll(cli, row("room_one", num_followers=100), row("room_two", num_followers=50), ago=90)
    poll(cli, row("room_one", num_followers=130), row("room_two", num_followers=45), row("room_three"), ago=1)
    run = cli("room", "online", "--since", "2h", "--sort", "gained:desc", "--json")
    assert [(one["username"], one["gained"]) for one in run.json] == [
        ("room_one", 30), ("room_two", -5), ("room_three", None),
    ]  # fmt: skip


def test_a_room_is_shown_as_it_was_read_last(cli: MhcHere) -> None:
    cli("person", "add", "room_two")
    run = cli("room", "show", "room_two", "--json")
    assert (run.status, run.json["observed_at"], run.json["online"]) == (0, None, None)
    assert "no poll kept a reading of room_two" in run.stderr
    poll(cli, row("room_one", room_subject="first", tags=["a"]), ago=30)
    poll(cli, row("other_room"), ago=2)
    found = cli("room", "show", "@Room_One", "--json").json
    assert (found["online"], found["subject"], found["tags"], found["viewers"]) == (False, "first", ["a"], 5)


def test_a_merged_room_reads_as_one(cli: MhcHere) -> None:
    poll(cli, row("room_one"), row("room_old"), ago=30)
    poll(cli, row("room_old", num_users=9), row("other_room"), ago=2)
    cli("person", "merge", "room_one", "room_old")
    assert cli("room", "show", "room_one", "--json").json["viewers"] == 9
    assert names(cli("room", "online", "--json")) == ["room_one", "other_room"]


def test_a_history_has_sessions_with_their_shows_and_their_growth(cli: MhcHere) -> None:
    began = {60: 0, 55: 300, 50: 600, 20: 120, 15: 420}
    shows = {60: "public", 55: "private", 50: "public", 20: "away", 15: "hidden"}
    for place, ago in enumerate(sorted(began, reverse=True)):
        one = row("room_one", seconds_online=began[ago], current_show=shows[ago], num_followers=100 + place)
        poll(cli, one, *(row(f"other_{number}") for number in range(3)), ago=ago)
    run = cli("room", "history", "room_one", "--json")
    assert run.status == 0, run.stderr
    last, first = run.json
    assert (first["readings"], first["duration"], first["public"], first["private"], first["away"]) == (
        3, 600, 300, 300, None,
    )  # fmt: skip
    assert (first["new_followers"], first["followers"], first["live"]) == (2, 102, False)
    assert (last["duration"], last["away"], last["new_followers"], last["peak_viewers"]) == (420, 300, 1, 5)
    assert "5 readings" in run.stderr
    assert "+4 followers" in run.stderr
    assert len(cli("room", "history", "room_one", "--since", "30m", "--json").json) == 1


@pytest.fixture
def known(cli: MhcHere) -> MhcHere:
    """Give a database in which a poll of eight rooms was kept a while ago."""
    poll(cli, *(row(f"room_{number}") for number in range(8)), ago=10)
    return cli


def observed(cli: MhcHere) -> int:
    found = cli("db", "info", "--json").json["observations"]
    assert isinstance(found, int)
    return found


@pytest.mark.parametrize(
    ("number", "why"), [(0, "no room at all"), (4, "half are gone"), (16, "twice as many")]
)
def test_a_feed_that_cannot_be_right_keeps_nothing_unless_forced(
    known: MhcHere, number: int, why: str
) -> None:
    feed = [row(f"room_{place}") for place in range(number)]
    run = poll(known, *feed, ago=5)
    assert (run.status, why in run.stderr, run.stdout) == (4, True, "")
    assert len(run.stderr.splitlines()) == 1
    assert observed(known) == 8
    forced = poll(known, *feed, ago=4, words=("--live", "--force"))
    assert forced.status == (0 if number else 1)
    assert observed(known) == 8 + number


def test_a_feed_that_is_cut_keeps_what_came_and_says_so(known: MhcHere) -> None:
    run = poll(known, row("room_1"), row("room_2"), count=8, ago=5)
    assert (run.status, run.json["kept"], run.json["complete"]) == (1, 2, False)
    assert "2 rooms came, and there are 8" in run.stderr
    assert len(names(known("room", "online", "--json"))) == 8


def test_a_doubled_poll_adds_nothing(known: MhcHere) -> None:
    run = poll(known, *(row(f"room_{number}") for number in range(8)), ago=10)
    assert (run.status, run.json["kept"], run.json["again"], observed(known)) == (0, 0, True, 8)
    assert "a poll of that time is kept already: nothing was added" in run.stderr
    assert poll(known, *(row(f"room_{number}") for number in range(8)), ago=9).json["again"] is False


def test_rooms_full_of_hostile_text_are_kept_and_inert(known: MhcHere) -> None:
    hostile = "\ud83d\x00\x1b]0;x\x07\u202e=cmd|' /C calc'!A0 <script>" * 50
    feed = [
        row(f"room_{number}", room_subject=hostile, tags=[hostile], num_users="many") for number in range(7)
    ]
    run = poll(known, *feed, row("room\n\x1b[31m"), ago=5)
    assert (run.status, run.json["kept"]) == (0, 8)
    assert "7 values did not fit" in run.stderr
    for form in ("table", "tsv", "csv", "ndjson"):
        shown = known("room", "online", "-o", form)
        assert shown.status == 0
        assert not {"\x1b", "\x07", "\u202e", "\x00"} & set(shown.stdout)
        assert len(shown.stdout.splitlines()) == 9 + (form != "ndjson")


@pytest.mark.parametrize(
    ("body", "status", "said"),
    [
        ("{", 65, "is no JSON"),
        ('{"detail": "moved"}', 65, "has no list of rooms"),
        ("<!DOCTYPE html><title>Just a moment...</title>", 69, "a page for browsers"),
    ],
)
def test_a_file_that_is_no_page_is_one_clear_line(cli: MhcHere, body: str, status: int, said: str) -> None:
    run = cli("room", "poll", "--load", "-", "--live", stdin=body)
    assert (run.status, said in run.stderr) == (status, True)
    assert cli("room", "poll", "--load", "missing.json").status == 3
    assert cli("room", "poll", "--at", "yesterday").status == 2
    assert (
        cli(
            "room", "poll", "--live", "--list", "Friends", "--load", "-", stdin='{"count":0,"results":[]}'
        ).status
        != 0
    )


def test_pages_may_stand_in_files_or_lines(cli: MhcHere) -> None:
    pages = [json.dumps({"count": 4, "results": [row(f"room_{n}"), row(f"room_{n + 1}")]}) for n in (0, 2)]
    (cli.home / "more.json").write_text(json.dumps({"count": 4, "results": [row("room_3")]}))
    run = cli(
        "room",
        "poll",
        "--live",
        "--load",
        "-",
        "--load",
        "more.json",
        "--json",
        stdin="\n".join(pages) + "\n",
    )
    assert (run.status, run.json["rooms"], run.json["pages"], run.json["kept"]) == (0, 4, 3, 4)


@pytest.fixture
def feed() -> Iterator[Feed]:
    with Feed() as made:
        yield made


def test_the_feed_is_fetched_whole_and_kept_at_once(cli: MhcHere, feed: Feed) -> None:
    feed.rooms = [row(f"room_{number}") for number in range(1203)]
    run = cli("room", "poll", "--live", "--json", **feed.settings)
    assert run.status == 0, run.stderr
    assert (run.json["rooms"], run.json["pages"], run.json["kept"]) == (1203, 3, 1203)
    assert [one["offset"] for one in feed.asked] == [["0"], ["500"], ["1000"]]
    assert {one["wm"][0] for one in feed.asked} == {"CANARY0WM"}
    assert "CANARY0WM" not in run.stdout + run.stderr
    assert len(cli("room", "online", "--json").json) == 1203


def test_a_feed_that_is_refused_on_the_way_keeps_nothing(cli: MhcHere, feed: Feed) -> None:
    feed.rooms, feed.refuse_after = [row(f"room_{number}") for number in range(700)], 1
    run = cli("room", "poll", "--live", **feed.settings)
    assert run.status == 69
    assert "works around no block" in run.stderr
    assert observed(cli) == 0


def test_without_a_code_the_feed_is_not_asked(cli: MhcHere, feed: Feed) -> None:
    settings = feed.settings
    del settings["MHC_AFFILIATE_WM"]
    run = cli("room", "poll", "--live", **settings)
    assert (run.status, "MHC_AFFILIATE_WM is not set" in run.stderr, feed.asked) == (77, True, [])


def test_people_are_live_by_the_feed_and_found_by_their_tags(cli: MhcHere) -> None:
    poll(cli, row("room_one", tags=["music", "été"]), row("room_two", tags=["musical"]), ago=30)
    poll(
        cli, row("room_one", tags=["music", "été"]), *(row(f"other_{n}", tags=["x"]) for n in range(2)), ago=2
    )
    assert sorted(names(cli("person", "list", "--live", "--json"))) == ["other_0", "other_1", "room_one"]
    assert names(cli("person", "list", "--tag", "Music", "--json")) == ["room_one"]
    assert names(cli("person", "list", "--tag", "#music", "--tag", "été", "--json")) == ["room_one"]
    assert names(cli("person", "list", "--tag", "music_l", "--json")) == []
    assert names(cli("person", "list", "--tag", "x", "--live", "--sort", "username", "--json")) == [
        "other_0",
        "other_1",
    ]
    cli("watchlist", "add", "Friends", "room_one", "room_two")
    on = {one["username"]: one["online"] for one in cli("watchlist", "show", "Friends", "--json").json}
    assert on == {"room_one": True, "room_two": None}


def test_a_card_has_the_persons_own_room(cli: MhcHere) -> None:
    cli("person", "add", "viewer_one")
    poll(cli, row("room_one", room_subject="Blue night \x1b[2J"), row("room_two"), ago=30)
    poll(
        cli,
        row("room_one", room_subject="Blue night \x1b[2J", num_users=1276),
        ago=2,
        words=("--live", "--force"),
    )
    assert cli("person", "show", "viewer_one", "--json").json["own_room"] is None
    found = cli("person", "show", "room_one", "--json").json["own_room"]
    assert (found["online"], found["show"], found["viewers"], found["subject"]) == (
        True,
        "public",
        1276,
        "Blue night \x1b[2J",
    )
    shown = cli("person", "show", "room_one", "-o", "table").stdout
    (line,) = [line for line in shown.splitlines() if line.startswith("own room")]
    assert "live" in line
    assert "1,276 viewers" in line
    assert "\\x1b[2J" in shown
    assert "\x1b[2J" not in shown
    (line,) = [
        line
        for line in cli("person", "show", "room_two", "-o", "table").stdout.splitlines()
        if line.startswith("own room")
    ]
    assert "last read" in line
