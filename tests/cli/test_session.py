"""`mhc session`: start, stop, look back."""

from typing import Any

import pytest
from sqlalchemy import func, select, update

import factories
from command import Mhc, MhcHere, Run
from factories import chat, happening, minute, tell_story, tip
from mhc.domain.broadcasts import MERGE_GAP
from mhc.store import derived, schema, streams
from mhc.store.database import Database

FIRST = {
    "room": "example_room",
    "origin": "events",
    "state": "closed",
    "started_at": "2026-01-01T18:00:00Z",
    "ended_at": "2026-01-01T18:40:00Z",
    "title": None,
    "tokens": 215,
    "tips": 4,
    "tippers": 2,
    "messages": 2,
    "unique_visitors": 2,
    "new_followers": 1,
    "coverage": 1.0,
}
SECOND = {
    "room": "example_room",
    "origin": "events",
    "state": "closed",
    "started_at": "2026-01-02T18:00:00Z",
    "ended_at": "2026-01-02T18:30:00Z",
    "title": None,
    "tokens": 20,
    "tips": 1,
    "tippers": 1,
    "messages": 0,
    "unique_visitors": 1,
    "new_followers": 0,
    "coverage": 0.5,
}


@pytest.fixture
def mine(cli: MhcHere) -> MhcHere:
    """Give the command as the owner of example_room calls it."""
    cli.environ["CHATURBATE_USERNAME"] = "example_room"
    return cli


def numbers(cli: MhcHere) -> list[int]:
    """Give the numbers of the sessions, the earliest first."""
    return [row["id"] for row in cli("session", "list", "--json").json[::-1]]


def listed(cli: MhcHere, *words: str) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = cli("session", "list", "--json", *words).json
    assert all(isinstance(row.pop("id"), int) for row in rows)
    return rows


def test_list_is_the_promised_document(database: Database, mine: MhcHere) -> None:
    tell_story(database)
    run = mine("session", "list", "--json")
    assert [list(row) for row in run.json] == [["id", *FIRST], ["id", *FIRST]]
    assert listed(mine) == [SECOND, FIRST]
    assert run.stderr == ""


def test_list_by_range_room_and_order(database: Database, mine: MhcHere) -> None:
    tell_story(database)
    assert listed(mine, "--since", "2026-01-02") == [SECOND]
    assert listed(mine, "--until", "2026-01-01") == [FIRST]
    assert listed(mine, "--since", "2026-01-01 18:39", "--until", "2026-01-01 18:40") == [FIRST]
    assert listed(mine, "--since", "2026-01-01 18:40", "--until", "2026-01-02 18:00") == []
    assert listed(mine, "--sort", "started_at") == [FIRST, SECOND]
    assert listed(mine, "--sort", "tokens:desc", "-L", "1") == [FIRST]
    assert listed(mine, "-L", "1") == [SECOND]
    assert mine("session", "list", "--room", "nobody").status == 3
    assert mine("session", "list", "--json", CHATURBATE_USERNAME="never_captured").json == []
    table = mine("session", "list", "-o", "table", "-L", "1", MHC_FORCE_TTY="80", NO_COLOR="1")
    number = mine("session", "list", "--fields", "id", "--no-headers", "-L", "1").stdout.strip()
    assert table.stdout == (
        "ID  STATE   STARTED            LENGTH  TITLE  TOKENS  TIPPERS  VISITORS  COVER\n"
        f"{number:>2}  closed  2026-01-02 18:00  30m 00s  -          20        1         1  50.0%\n"
    )
    assert table.stderr == "1 of 2 shown; -L 0 for all\n"


def test_excluded_people_are_left_out_and_said_so(database: Database, mine: MhcHere) -> None:
    tell_story(database)
    mine("watchlist", "add", "Excluded", "viewer_one")
    run = mine("session", "list", "--json")
    assert run.stderr == "1 excluded\n"
    # An anonymous tip counts all the same, as nobody's: leaving it out would tell whose it was.
    left = {"tokens": 115, "tips": 3, "tippers": 1, "messages": 1, "unique_visitors": 1, "new_followers": 0}
    assert listed(mine) == [
        SECOND | {"tokens": 0, "tips": 0, "tippers": 0, "unique_visitors": 0},
        FIRST | left,
    ]
    assert listed(mine, "--include-excluded") == [SECOND, FIRST]
    assert mine("session", "list", "--include-excluded").stderr == ""


@pytest.mark.parametrize("who", ["viewer_one", "viewer_two", "viewer_three"])
def test_no_number_of_tippers_tells_who_tipped_anonymously(
    database: Database, mine: MhcHere, who: str
) -> None:
    begin, end = happening(0, "broadcastStart"), happening(20, "broadcastStop")
    hidden = [tip(5, who, 50, anonymous=True), tip(6, who, 7, anonymous=True)]
    with database.write() as conn:
        factories.store(conn, [begin, tip(3, "viewer_one", 20), tip(4, "viewer_two", 5), *hidden, end])
        factories.store(conn, [happening(1440, "broadcastStart"), tip(1445, who, 9, anonymous=True)], page=1)
        factories.cover(conn, -10, 9000)
    first, last = numbers(mine)

    def tippers(*words: str) -> Any:
        return mine(*words, "--json").json["tippers"]

    # Two tipped by name, whoever the anonymous tips are of; in the session that lasts nobody did.
    assert [row["tippers"] for row in listed(mine)] == [0, 2]
    assert [tippers("session", "show", str(one)) for one in (last, first)] == [0, 2]
    assert tippers("session", "status") == 0
    assert "- Tips: 82 in 4 tips; 2 people tipped by name" in mine("session", "summary", str(first)).stdout
    assert [tippers("report", "audience", str(one)) for one in (last, first)] == [0, 2]
    whole = mine("report", "sessions", "--json").json
    assert [row["tippers"] for row in whole["rows"]] == [0, 2]
    assert [one["tippers"] for one in (whole["totals"], *whole["weeks"], *whole["months"])] == [2, 2, 2]
    retained = mine("report", "retention", "--by", "session", "--json").json["rows"]
    assert [row["tippers"] for row in retained] == [0, 2]
    assert mine("report", "digest", "--json").json["session"]["tippers"] == 0
    assert mine("status", "--json").json["live"][0]["tippers"] == 0


def test_show_is_one_of_the_list(database: Database, mine: MhcHere) -> None:
    tell_story(database)
    rows = mine("session", "list", "--json").json
    for row, words in ((rows[0], []), (rows[1], [str(rows[1]["id"])])):
        whole = mine("session", "show", *words, "--json").json
        assert {name: whole[name] for name in row} == row
    assert mine("session", "show", "99999").status == 3
    assert "duration         40m 00s" in mine("session", "show", str(rows[1]["id"]), "-o", "table").stdout


WHOLE = FIRST | {
    "theme": None,
    "tags": [],
    "live": 2400,
    "broadcasts": 1,
    "tokens_per_hour": 322.5,
    "media": 1,
    "media_tokens": 30,
    "fanclub_joins": 0,
    "top_tippers": [
        {"username": "viewer_one", "tokens": 100, "tips": 1},
        {"username": "viewer_two", "tokens": 65, "tips": 2},
        {"username": None, "tokens": 50, "tips": 1},
    ],
    "chatters": 2,
    "known_peak": 2,
    "known_mean": 1.43,
    "viewers_peak": None,
    "viewers_mean": None,
    "unfollows": 0,
    "net_followers": 1,
    "visits": 2,
    "quick_visits": 0,
    "median_stay": 1140,
    "subjects": [],
    "notes": [],
}


def test_show_has_every_figure(database: Database, mine: MhcHere) -> None:
    tell_story(database)
    number = numbers(mine)[0]
    whole = mine("session", "show", str(number), "--json").json
    assert list(whole) == ["id", *WHOLE]
    assert whole == {"id": number} | WHOLE
    table = mine("session", "show", str(number), "-o", "table").stdout
    assert "top              viewer_one  100\n                 viewer_two  65\n" in table
    assert "(anonymous)  50" in table


def test_a_pipe_has_whole_figures_and_utc_in_lines_too(database: Database, mine: MhcHere) -> None:
    tell_story(database)
    with database.write() as conn:
        factories.store(conn, [tip(13, "viewer_one", 1_100)], page=5)
    number = str(numbers(mine)[0])
    assert mine("session", "note", number, "sold out early", "--at", "2026-01-01T18:10Z").status == 0

    piped, read = (
        mine("session", "show", number, "--tz", "Europe/Berlin", *words).stdout
        for words in ((), ("-o", "table"))
    )
    assert "viewer_one  1200" in piped
    assert "2026-01-01T18:10:00Z  sold out early" in piped
    assert "viewer_one  1,200" in read
    assert "2026-01-01 19:10  sold out early" in read
    words = "report", "sessions", "--fields", "top"
    assert "viewer_one  1200" in mine(*words).stdout
    assert "viewer_one  1,200" in mine(*words, MHC_FORCE_TTY="200").stdout


def test_a_session_made_by_hand(database: Database, mine: MhcHere) -> None:
    begun = mine("session", "start", "--at", "2026-03-01T20:00Z", "--title", "Blue night")
    assert (begun.status, begun.stdout) == (0, "")
    assert begun.stderr.endswith("of example_room started at 2026-03-01T20:00:00Z\n")
    assert mine("session", "status", "--check").status == 0
    assert mine("session", "status", "--json").json["state"] == "live"
    again = mine("session", "start")
    assert again.status == 75
    assert "is live since 2026-03-01T20:00:00Z\nhint: mhc session stop" in again.stderr
    assert mine("session", "stop", "--at", "2026-03-01T19:59Z").status == 2
    assert mine("session", "stop", "--at", "2999-01-01").status == 2
    assert mine("session", "stop", "--at", "2026-03-01T22:00Z", "-n").stderr.startswith("would end session")
    ended = mine("session", "stop", "--at", "2026-03-01T22:00Z")
    assert ended.stderr.endswith("of example_room ended at 2026-03-01T22:00:00Z\n")
    times = {"started_at": "2026-03-01T20:00:00Z", "ended_at": "2026-03-01T22:00:00Z"}
    names = ("tokens", "tips", "tippers", "messages", "unique_visitors", "new_followers")
    nothing = dict.fromkeys(names)  # nobody listened
    by_hand = {"room": "example_room", "origin": "manual", "state": "closed", **times, "title": "Blue night"}
    assert listed(mine) == [by_hand | nothing | {"coverage": None}]
    assert mine("session", "stop").status == 3
    overlap = mine("session", "start", "--at", "2026-03-01T21:00Z")
    assert overlap.status == 2
    assert "lasts from 2026-03-01T20:00:00Z to 2026-03-01T22:00:00Z" in overlap.stderr
    with database.read() as conn:
        assert conn.execute(select(func.count()).select_from(schema.stream_session)).scalar() == 1


def test_status_of_a_dark_room(mine: MhcHere) -> None:
    run = mine("session", "status", "--json")
    assert (run.status, run.json) == (
        0,
        dict.fromkeys(["id", *WHOLE]) | {"room": "example_room", "state": "idle"},
    )
    assert mine("session", "status", "-o", "table").stdout == "room   example_room\nstate  idle\n"
    assert mine("session", "status", "--check").status == 4


@pytest.mark.parametrize("live_as", ["example_room", "old_room"])
def test_a_merged_room_is_the_same_by_each_of_its_names(
    database: Database, mine: MhcHere, live_as: str
) -> None:
    with database.write() as conn:
        for page, room in enumerate(("example_room", "old_room")):
            dark = [happening(at, f"broadcast{what}", room=room) for at, what in ((0, "Start"), (9, "Stop"))]
            on = [happening(1440, "broadcastStart", room=room), tip(1441, "viewer_one", 7, room=room)]
            factories.store(conn, [*dark, *(on if room == live_as else [])], room=room, page=page)
    mine("person", "merge", "example_room", "old_room", "-y", "--force")

    def by_each_name(*words: str) -> list[Run]:
        """Ask by the name in an option, and with each name as that of the own room."""
        named = [mine("session", *words, "--room", one) for one in ("example_room", "old_room")]
        own = [mine("session", *words, CHATURBATE_USERNAME=one) for one in ("example_room", "old_room")]
        return [*named, *own]

    for run in by_each_name("status", "--json"):
        assert [run.json[name] for name in ("room", "state", "tokens")] == [live_as, "live", 7]
    for run in by_each_name("start"):
        assert (run.status, f"of {live_as} is live since 2026-01-02T18:00:00Z" in run.stderr) == (75, True)
    for run in by_each_name("stop", "--at", "2026-01-02T19:00:00Z", "-n"):
        assert f"of {live_as} at 2026-01-02T19:00:00Z\n" in run.stderr
    assert mine("session", "stop", "--room", "old_room", "--at", "2026-01-02T19:00:00Z").status == 0
    for run in by_each_name("status", "--json"):
        assert [run.json[name] for name in ("room", "state")] == ["example_room", "idle"]
    for run in by_each_name("stop"):
        assert run.stderr.startswith("mhc: no session of example_room is live")


def test_a_session_of_a_merged_room_leaves_no_room_for_one_by_another_name(
    database: Database, mine: MhcHere
) -> None:
    with database.write() as conn:
        for page, room in enumerate(("example_room", "old_room")):
            dark = [happening(at, f"broadcast{what}", room=room) for at, what in ((0, "Start"), (20, "Stop"))]
            factories.store(conn, dark if room == "old_room" else [], room=room, page=page)
    merged = mine("person", "merge", "example_room", "old_room", "-y", "--force")
    assert merged.status == 0, merged.stderr

    for words in (
        ["start", "--at", "2026-01-01T18:10:00Z"],
        ["add", "--from", "2026-01-01T18:10:00Z", "--to", "2026-01-01T19:00:00Z"],
    ):
        run = mine("session", *words)
        assert (run.status, "lasts from 2026-01-01T18:00:00Z to 2026-01-01T18:20:00Z" in run.stderr) == (
            2,
            True,
        )


@pytest.mark.parametrize("name", ["example_room", "old_room"])
def test_a_merged_room_is_rebuilt_and_anchors_times_by_each_of_its_names(
    database: Database, mine: MhcHere, name: str
) -> None:
    with database.write() as conn:
        for page, (room, begin) in enumerate({"old_room": 0, "example_room": 1440}.items()):
            show = [happening(begin, "broadcastStart", room=room), tip(begin + 9, "viewer_one", 7, room=room)]
            stop = happening(begin + 20, "broadcastStop", room=room)
            factories.store(conn, [*show, stop], room=room, page=page)
    mine("person", "merge", "example_room", "old_room", "-y", "--force")
    with database.write() as conn:
        conn.execute(update(schema.stream_session).values(started_at=minute(-5)))

    run = mine("session", "rebuild", "--json", "--room", name)
    assert [(row["change"], row["started_at"]) for row in run.json] == [
        ("changed", "2026-01-01T18:00:00Z"),
        ("changed", "2026-01-02T18:00:00Z"),
    ]
    for anchor, tips in (("session", 1), ("last-session", 2)):
        listed = mine(
            "event", "list", "--events", "tip", "--since", anchor, "--json", CHATURBATE_USERNAME=name
        )
        assert len(listed.json) == tips


def test_a_room_that_is_named_and_that_nobody_knows_is_not_there(mine: MhcHere) -> None:
    for words in (["status"], ["stop"], ["list"]):
        assert mine("session", *words, "--room", "no_such_room").status == 3


def test_which_room_must_be_known(cli: MhcHere) -> None:
    for words in (["start"], ["stop"], ["status"]):
        run = cli("session", *words)
        assert (run.status, run.stderr.splitlines()[0]) == (2, "mhc: which room?")
    assert cli("session", "start", "--room", "@Example_Room").status == 0


def test_stopping_by_hand_ends_the_visits_and_survives_a_rebuild(database: Database, mine: MhcHere) -> None:
    items = [happening(0, "broadcastStart"), happening(1, "userEnter", "viewer_one"), tip(2, "viewer_one", 5)]
    with database.write() as conn:
        factories.store(conn, items)
    assert mine("session", "stop", "--at", "2026-01-01T18:10Z").status == 0
    with database.write() as conn:
        factories.store(conn, [chat(20, "viewer_one"), happening(25, "broadcastStop")], page=1)
        left = conn.execute(select(schema.visit.c.left_at, schema.visit.c.ending)).one()
        assert tuple(left) == (factories.minute(10), "inferred")
        room = streams.list_all(conn)[0].room_id
        assert not derived.differs(conn, room, MERGE_GAP)
    assert [(row["origin"], row["ended_at"]) for row in listed(mine)] == [("manual", "2026-01-01T18:10:00Z")]


def test_a_start_by_hand_takes_in_the_broadcast_that_follows(database: Database, mine: MhcHere) -> None:
    assert mine("session", "start", "--at", "2026-01-01T17:50Z", "--title", "Early").status == 0
    tell_story(database)
    (whole,) = listed(mine)
    assert (whole["title"], whole["origin"], whole["state"], whole["tokens"]) == (
        "Early",
        "manual",
        "live",
        235,
    )
    assert mine("session", "stop", "--at", "2026-01-01T18:45Z").status == 0
    by_hand = {"title": "Early", "origin": "manual", "started_at": "2026-01-01T17:50:00Z"}
    assert listed(mine) == [SECOND, FIRST | by_hand | {"ended_at": "2026-01-01T18:45:00Z"}]


def test_an_empty_database_has_no_sessions_and_stays_missing(run_mhc: Mhc) -> None:
    run = run_mhc("session", "list", "--json")
    assert (run.status, run.stdout, run.stderr) == (0, "[]\n", "")
    shown = run_mhc("session", "show")
    assert (shown.status, "mhc listen finds them, mhc session start" in shown.stderr) == (3, True)
    assert run_mhc("session", "start", "-n", "--room", "example_room").status == 0
    assert run_mhc("session", "stop", "--room", "example_room", "-n").status == 3
    assert not list(run_mhc.home.rglob("*.db"))


def test_a_stop_while_the_room_is_on_air_says_that_what_comes_is_in_no_session(
    database: Database, mine: MhcHere
) -> None:
    with database.write() as conn:
        factories.store(conn, [happening(0, "broadcastStart"), tip(2, "viewer_one", 5)])
    said = "the room is still on air: what comes now is in no session; mhc session start goes on\n"
    assert mine("session", "stop", "--at", "2026-01-01T18:10Z", "-n").stderr.endswith(said)
    assert mine("session", "stop", "--at", "2026-01-01T18:10Z").stderr.endswith(said)
    with database.write() as conn:
        factories.store(conn, [tip(12, "viewer_one", 7)], page=1)
    assert [row["tokens"] for row in listed(mine)] == [5]
    assert mine("session", "start", "--at", "2026-01-01T18:11Z").status == 0
    assert [row["tokens"] for row in listed(mine)] == [7, 5]  # it goes on
    with database.write() as conn:
        factories.store(conn, [happening(20, "broadcastStop")], page=2)
    assert "on air" not in mine("session", "stop", "--at", "2026-01-01T18:20Z").stderr


def test_where_all_rooms_are_listed_a_column_says_whose_a_session_is(
    database: Database, cli: MhcHere
) -> None:
    with database.write() as conn:
        for page, room in enumerate(("example_room", "second_room")):
            begin = page * 1440
            show = [
                happening(at, f"broadcast{what}", room=room)
                for at, what in ((begin, "Start"), (begin + 9, "Stop"))
            ]
            factories.store(conn, show, room=room, page=page)
    for words in (["session", "list"], ["report", "sessions"]):
        table = cli(*words, "-o", "table", MHC_FORCE_TTY="120").stdout
        assert "  ROOM  " in table.splitlines()[0]
        assert ["second_room" in line for line in table.splitlines()] == [False, True, False]
        assert cli(*words, "-o", "tsv").stdout.splitlines()[0].split("\t")[1] == "room"
        # Of one room, even if it is the only one there is, the columns are as ever: they depend on what is asked.
        for one in ({"CHATURBATE_USERNAME": "example_room"}, {}):
            named = cli(*words, *([] if one else ["--room", "example_room"]), "-o", "tsv", **one)
            assert "room" not in named.stdout.splitlines()[0].split("\t")
    assert "room" not in cli("report", "sessions", "--by", "week", "-o", "tsv").stdout.splitlines()[0].split(
        "\t"
    )
