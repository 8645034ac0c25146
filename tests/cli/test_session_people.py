"""`mhc session audience|events|note|rebuild|summary` and `mhc room now`: who was there, what it was like."""

import signal

import pytest
from sqlalchemy import update

import factories
from command import Mhc, MhcHere
from factories import chat, cover, happening, minute, tell_story, tip
from mhc.domain.clock import iso_z
from mhc.store import schema
from mhc.store.database import Database


@pytest.fixture
def mine(cli: MhcHere) -> MhcHere:
    """Give the command as the owner of example_room calls it."""
    cli.environ["CHATURBATE_USERNAME"] = "example_room"
    return cli


def first(cli: MhcHere) -> str:
    """Give the number of the earliest session."""
    return str(cli("session", "list", "--json").json[-1]["id"])


VIEWER_ONE = {
    "username": "viewer_one",
    "anonymous": False,
    "arrived_at": "2026-01-01T18:01:00Z",
    "left_at": "2026-01-01T18:20:00Z",
    "there": False,
    "stay": 1140,
    "visits": 1,
    "tokens": 100,
    "tips": 1,
    "messages": 1,
    "follows": True,
    "first_time": True,
    "watchlists": ["Friends"],
}
VIEWER_TWO = VIEWER_ONE | {
    "username": "viewer_two",
    "arrived_at": "2026-01-01T18:02:00Z",
    "left_at": "2026-01-01T18:40:00Z",
    "stay": 2280,
    "tokens": 65,
    "tips": 2,
    "follows": False,
    "watchlists": [],
}
ANONYMOUS = dict.fromkeys(VIEWER_ONE) | {
    "anonymous": True,
    "there": False,
    "visits": 0,
    "tokens": 50,
    "tips": 1,
    "messages": 0,
    "follows": False,
    "watchlists": [],
}


def test_the_audience_of_a_session(database: Database, mine: MhcHere) -> None:
    tell_story(database)
    mine("watchlist", "add", "Friends", "viewer_one")
    run = mine("session", "audience", first(mine), "--json")
    assert (run.json, run.stderr) == ([VIEWER_ONE, VIEWER_TWO, ANONYMOUS], "")
    (again,) = mine("session", "audience", "--json").json
    assert (again["username"], again["first_time"], again["tokens"]) == ("viewer_one", False, 20)
    revealed = mine("session", "audience", first(mine), "--reveal", "--json").json
    assert [(row["username"], row["tokens"]) for row in revealed] == [("viewer_one", 150), ("viewer_two", 65)]
    assert mine("session", "audience", first(mine), "-o", "name").stdout == "viewer_one\nviewer_two\n"
    mine("watchlist", "add", "Excluded", "viewer_two")
    run = mine("session", "audience", first(mine), "--json")
    assert (run.json, run.stderr) == ([VIEWER_ONE, ANONYMOUS], "1 excluded\n")
    assert mine("session", "audience", "999").status == 3


def test_who_was_there_before_anybody_listened_is_known_when_they_speak(
    database: Database, mine: MhcHere
) -> None:
    with database.write() as conn:
        items = [
            happening(0, "broadcastStart"),
            chat(5, "viewer_one"),
            chat(15, "viewer_one"),
            chat(16, "viewer_two"),
        ]
        factories.store(conn, [*items, happening(20, "broadcastStop")])
    rows = mine("session", "audience", "--json").json
    assert [(row["username"], row["arrived_at"], row["stay"], row["visits"]) for row in rows] == [
        ("viewer_one", None, 600, 0),
        ("viewer_two", None, None, 0),
    ]


def test_the_events_of_a_session_are_those_of_its_time(database: Database, mine: MhcHere) -> None:
    tell_story(database)
    rows = mine("session", "events", first(mine), "--json").json
    assert (
        rows == mine("event", "list", "--room", "example_room", "--until", "2026-01-01 18:40Z", "--json").json
    )
    assert (rows[-1]["method"], rows[0]["method"]) == (
        "broadcastStart",
        "userLeave",
    )  # the stop is no longer in it
    tips = mine("session", "events", first(mine), "--events", "tip", "--sort", "happened_at", "--json").json
    assert [(row["actor"], row["tokens"]) for row in tips] == [
        ("viewer_one", 100),
        ("viewer_two", 25),
        (None, 50),
        ("viewer_two", 10),
    ]


def test_notes_are_written_listed_changed_and_taken_away(database: Database, mine: MhcHere) -> None:
    tell_story(database)
    number = first(mine)

    def noted() -> list[tuple[str, str]]:
        return [(one["at"], one["body"]) for one in mine("session", "note", number, "--list", "--json").json]

    assert mine("session", "note", number, "the blue lights", "-n").stderr == (
        f"would note it of session {number} of example_room\n"
    )
    assert noted() == []
    assert (
        mine("session", "note", number, "the blue lights").stderr
        == f"noted it of session {number} of example_room\n"
    )
    assert mine("session", "note", number, "-", "--at", "2026-01-01 18:10Z", stdin="sold out\n").status == 0
    assert noted() == [("2026-01-01T18:00:00Z", "the blue lights"), ("2026-01-01T18:10:00Z", "sold out")]
    (one, other) = (str(note["id"]) for note in mine("session", "note", number, "--list", "--json").json)
    assert mine("session", "note", number, "--edit", one, "--at", "2026-01-01 18:20Z").status == 0
    assert mine("session", "note", number, "green lights", "--edit", one).status == 0
    assert noted() == [("2026-01-01T18:10:00Z", "sold out"), ("2026-01-01T18:20:00Z", "green lights")]
    assert mine("session", "note", number, "--remove", other).status == 2  # nobody is there to be asked
    assert mine("session", "note", number, "--remove", other, "-n").stderr.startswith(
        f"would remove note {other}"
    )
    assert mine("session", "note", number, "--remove", other, "-y").status == 0
    assert noted() == [("2026-01-01T18:20:00Z", "green lights")]


def test_a_note_is_of_a_time_in_its_session(database: Database, mine: MhcHere) -> None:
    tell_story(database)
    number, other = first(mine), str(mine("session", "list", "--json").json[0]["id"])
    mine("session", "note", number, "the blue lights")
    (note,) = mine("session", "note", number, "--list", "--json").json
    for words, status, said in (
        (
            [number, "x", "--at", "2026-01-01 18:40Z"],
            2,
            "lasts from 2026-01-01T18:00:00Z to 2026-01-01T18:40:00Z",
        ),
        ([number, ""], 2, "an empty note is not kept"),
        ([number], 2, "what is the note?"),
        ([other, "x", "--edit", str(note["id"])], 3, f"session {other} has no note {note['id']}"),
        ([number, "--remove", "99", "-y"], 3, f"session {number} has no note 99"),
        ([number, "--list", "--remove", "1"], 2, "give one of them"),
        (["999", "x"], 3, "no session 999"),
    ):
        run = mine("session", "note", *words)
        assert (run.status, said in run.stderr) == (status, True), run.stderr


def test_a_rebuild_says_what_it_changed(database: Database, mine: MhcHere) -> None:
    tell_story(database)
    unchanged = mine("session", "rebuild", "--json")
    assert [row["change"] for row in unchanged.json] == ["same", "same"]
    assert unchanged.stderr == "changed 0 sessions, 0 broadcasts, 0 visits\n"
    with database.write() as conn:
        conn.execute(update(schema.stream_session).values(ended_at=schema.stream_session.c.started_at))
    number = int(first(mine))
    dry = mine("session", "rebuild", "--until", "x")
    assert dry.status == 2
    for words in (["-n"], []):
        run = mine("session", "rebuild", "--json", *words)
        assert [(row["change"], row["id"]) for row in run.json] == [
            ("changed", number),
            ("changed", number + 1),
        ]
        assert run.json[0] == {
            "change": "changed",
            "id": number,
            "started_at": "2026-01-01T18:00:00Z",
            "ended_at": "2026-01-01T18:40:00Z",
            "was_started_at": "2026-01-01T18:00:00Z",
            "was_ended_at": "2026-01-01T18:00:00Z",
            "title": None,
        }
    assert [row["change"] for row in mine("session", "rebuild", "--json").json] == ["same", "same"]
    assert mine("session", "rebuild", "--since", "2026-01-03", "--json").json == []
    assert mine("session", "rebuild", "--room", "nobody").status == 3


SUMMARY = """\
# S: 2026-01-01 Stream \u2013 Blue \\*night\\*

## Time

- Duration: 40m 00s (40m 00s live)
- Start: 2026-01-01 18:00 UTC
- End: 2026-01-01 18:40 UTC

## Subject

- Subject: Unknown

## Tokens

- Total: 215
- Tips: 185 in 4 tips by 2 people
- Media: 30 for 1
- Fan club: 0 joined
- An hour live: 322

## Viewers

- Public feed: Unknown at most, Unknown on average
- Known by name: 2 at most, 1.43 on average (who was there already is known when they speak)

## Followers

- New: 1
- Gone: 0
- Net: +1

## Visitors

- People: 2, 2 of them for the first time
- Visits: 2, 0 of them under a minute
- Median stay: 19m 00s
- Chat: 2 lines by 2 people

## Tracked people

- Friends: **viewer\\_one** \u2605
- Known Streamers: **viewer\\_one** \u2605, viewer\\_two \u2605

## Top tippers

| # | Who | Tokens | Tips |
| ---: | :--- | ---: | ---: |
| 1 | **viewer\\_one** \u2605 | 100 | 1 |
| 2 | viewer\\_two \u2605 | 65 | 2 |
| 3 | Anonymous | 50 | 1 |

## Tippers

- **viewer\\_one** \u2605: 100
- viewer\\_two \u2605: 65
- Anonymous: 50

## Highlights

- Largest tip: 100 by **viewer\\_one** \u2605
- Tipped on their first visit: **viewer\\_one** \u2605, viewer\\_two \u2605
- Note: sold \\| out

## Coverage

- Captured: 100% of the time
"""


def test_a_summary_has_a_form_that_never_changes(database: Database, mine: MhcHere) -> None:
    tell_story(database)
    number = first(mine)
    mine("watchlist", "add", "Friends", "viewer_one")
    mine("watchlist", "add", "Known Streamers", "viewer_one")
    mine("watchlist", "add", "Known Streamers", "viewer_two")
    mine("session", "edit", number, "--title", "not this", "--theme", "Blue *night*")
    mine("session", "note", number, "sold | out")
    run = mine("session", "summary", number)
    assert (run.status, run.stderr) == (0, "")
    assert run.stdout == SUMMARY
    hidden = mine("session", "summary", number, MHC_SCREEN_SAFE="1").stdout
    assert "215" not in hidden
    assert "sold" not in hidden
    assert hidden.count("\n## ") == SUMMARY.count("\n## ")


def test_a_summary_of_a_session_of_which_nothing_is_known(mine: MhcHere) -> None:
    assert mine("session", "add", "--from", "2026-01-01 20:00Z", "--to", "2026-01-02 01:00Z").status == 0
    text = mine("session", "summary", MHC_TIMEZONE="Asia/Tokyo").stdout
    assert text.startswith("# S: 2026-01-02 Stream \u2013 Unknown\n")
    text = mine("session", "summary").stdout
    assert text.startswith("# S: 2026-01-01/02 Stream \u2013 Unknown\n")
    assert "- Subject: Unknown" in text
    assert "- Known by name: Unknown at most, Unknown on average" in text
    assert "- Captured: Unknown of the time" in text
    assert "- Median stay: Unknown" in text


def live(database: Database) -> None:
    """Keep a show that goes on: two who came, one who only spoke, and one who is gone."""
    items = [
        happening(0, "broadcastStart"),
        happening(1, "userEnter", "viewer_one"),
        happening(2, "userEnter", "viewer_two"),
        tip(3, "viewer_two", 20),
        tip(4, "viewer_two", 500, anonymous=True),
        chat(5, "viewer_three"),
        happening(6, "userEnter", "viewer_four"),
        chat(7, "viewer_four"),
        happening(8, "userLeave", "viewer_four"),
    ]
    with database.write() as conn:
        factories.store(conn, items)
        cover(conn, 0, 10)


def test_who_is_in_the_room_now(database: Database, mine: MhcHere) -> None:
    live(database)
    mine("watchlist", "add", "Friends", "viewer_one")
    run = mine("room", "now", "--json")
    one = {
        "username": "viewer_two",
        "watchlists": [],
        "tokens": 20,
        "session_tokens": 20,
        "messages": 0,
        "visits": 1,
        "entered_at": "2026-01-01T18:02:00Z",
        "last_sign_at": iso_z(minute(3)),
        "rating": None,
    }
    nothing = {"tokens": 0, "session_tokens": 0}
    came = {
        "username": "viewer_one",
        "watchlists": ["Friends"],
        "entered_at": iso_z(minute(1)),
        "last_sign_at": None,
    }
    spoke = {
        "username": "viewer_three",
        "entered_at": None,
        "visits": 0,
        "messages": 1,
        "last_sign_at": iso_z(minute(5)),
    }
    assert run.json == [one, one | nothing | came, one | nothing | spoke]
    assert run.stderr.startswith("warning: nobody listens to the room")
    assert mine("room", "now", "-o", "name").stdout == "viewer_two\nviewer_one\nviewer_three\n"
    with database.write() as conn:
        factories.store(conn, [happening(9, "broadcastStop")], page=1)
    assert mine("room", "now", "--json").json == []
    assert mine("room", "now", "--room", "nobody").status == 3
    assert mine("room", "now", "--json", CHATURBATE_USERNAME="never_seen").json == []


def test_a_room_that_is_watched_prints_a_frame_a_change_and_ends_with_the_key(
    run_mhc: Mhc, database: Database, database_url: str
) -> None:
    live(database)
    words = ["room", "now", "--watch", "--interval", "0.1", "--fields", "username", "-o", "tsv"]
    environment = {"DATABASE_URL": database_url, "CHATURBATE_USERNAME": "example_room"}
    with run_mhc.start(*words, **environment) as process:
        assert process.stdout is not None
        first_frame = [process.stdout.readline() for _ in range(4)]
        with database.write() as conn:
            factories.store(conn, [happening(10, "userLeave", "viewer_one")], page=1)
        next_frame = [process.stdout.readline() for _ in range(4)]
        process.send_signal(signal.SIGINT)
        rest = process.stdout.read()
        assert process.wait() == 130
    assert first_frame == ["username\n", "viewer_two\n", "viewer_one\n", "viewer_three\n"]
    assert next_frame == ["\n", "username\n", "viewer_two\n", "viewer_three\n"]
    assert rest == ""
