"""`mhc room now`: who is in the own room."""

import json
import signal
from subprocess import TimeoutExpired

import pytest

import factories
from command import Mhc, MhcHere
from factories import chat, cover, happening, minute, tip
from mhc.domain.clock import iso_z
from mhc.store.database import Database


@pytest.fixture
def mine(cli: MhcHere) -> MhcHere:
    """Give the command as the owner of example_room calls it."""
    cli.environ["CHATURBATE_USERNAME"] = "example_room"
    return cli


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


def test_what_is_not_shown_makes_no_frame(run_mhc: Mhc, database: Database, database_url: str) -> None:
    live(database)
    words = [
        "room",
        "now",
        "--watch",
        "--interval",
        "0.1",
        "--fields",
        "username,tokens",
        "-o",
        "ndjson",
        "-L",
        "1",
    ]
    environment = {"DATABASE_URL": database_url, "CHATURBATE_USERNAME": "example_room"}
    with run_mhc.start(*words, **environment) as process:
        assert process.stdout is not None
        frames = [process.stdout.readline()]
        for page, one in enumerate((happening(10, "userLeave", "viewer_one"), chat(11, "viewer_two"))):
            with database.write() as conn:
                factories.store(conn, [one], page=page + 1)
            with pytest.raises(TimeoutExpired):  # it looks on, and says nothing
                process.wait(0.5)
        with database.write() as conn:
            factories.store(conn, [tip(12, "viewer_two", 5)], page=3)
        frames.append(process.stdout.readline())
        process.send_signal(signal.SIGINT)
        rest = process.stdout.read()
    assert [json.loads(line) for line in frames] == [
        {"username": "viewer_two", "tokens": tokens} for tokens in (20, 25)
    ]
    assert rest == ""


def test_a_room_that_is_watched_shows_as_many_as_the_screen_holds_and_says_so(
    run_mhc: Mhc, database: Database, database_url: str
) -> None:
    live(database)
    environment = {"DATABASE_URL": database_url, "CHATURBATE_USERNAME": "example_room"}
    environment |= {"MHC_FORCE_TTY": "80", "LINES": "6"}
    for more, shown, said in ((), 2, "2 of 3 shown; -L 0 for all"), (("-L", "0"), 3, ""):
        words = ["room", "now", "--watch", "--interval", "0.1", "--fields", "username", *more]
        with run_mhc.start(*words, **environment) as process:
            assert process.stdout is not None
            assert process.stderr is not None
            frames = [process.stdout.readline() for _ in range(2 * (1 + shown))]
            process.send_signal(signal.SIGINT)
            told = process.stderr.read()
        assert [place for place, line in enumerate(frames) if line == "USERNAME\n"] == [0, 1 + shown]
        assert said in told
        assert told.count("warning: nobody listens to the room") > 1, (
            "each frame has it: the one before is gone"
        )


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
