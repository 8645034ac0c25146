"""`mhc session audience|events|note|rebuild`: who was there, what happened, what is noted of it."""

import pytest
from sqlalchemy import update

import factories
from command import MhcHere
from factories import chat, happening, tell_story
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


def test_who_waits_for_the_show_to_begin_is_there_for_the_first_time(
    database: Database, mine: MhcHere
) -> None:
    tell_story(database)
    with database.write() as conn:
        items = [
            happening(1430, "userEnter", "viewer_five"),  # ten minutes before the second show
            happening(30, "userEnter", "viewer_six"),  # to the first one, and again to the second
            happening(1442, "userEnter", "viewer_six"),
        ]
        factories.store(conn, sorted(items, key=lambda item: item[0]), page=7)
    rows = mine("session", "audience", "--json").json
    new = {row["username"]: row["first_time"] for row in rows}
    assert new == {"viewer_one": False, "viewer_five": True, "viewer_six": False}


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
