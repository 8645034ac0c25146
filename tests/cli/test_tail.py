"""`mhc event tail`: the last events, and then new ones as another process stores them."""

import json
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from command import Mhc, MhcHere
from factories import chat, private, store, tell_story, tip
from mhc.sandbox.server import Sandbox
from mhc.store.database import Database

FIELDS = {
    "event_id", "room", "method", "happened_at", "received_at", "actor", "partner", "tokens", "text", "anonymous", "source",
}  # fmt: skip


@contextmanager
def tailing(run_mhc: Mhc, url: str, *words: str) -> "Iterator[subprocess.Popen[str]]":
    """Run the command, and end it as a reader does: with Ctrl-C."""
    with run_mhc.start("event", "tail", *words, DATABASE_URL=url) as process:
        try:
            yield process
        finally:
            process.send_signal(signal.SIGINT)
        assert process.stderr is not None
        assert (process.wait(), process.stderr.read().strip()) == (130, "")


def read(process: "subprocess.Popen[str]", number: int) -> list[str]:
    assert process.stdout is not None
    return [process.stdout.readline() for _ in range(number)]


def test_the_last_ones_come_oldest_first_and_then_what_others_store(
    database: Database, run_mhc: Mhc, database_url: str
) -> None:
    tell_story(database)
    with tailing(run_mhc, database_url, "-L", "2") as process:
        assert read(process, 2) == [
            "18:20:00  viewer_one           left\n",
            "18:30:00  example_room         stopped\n",
        ]
        with database.write() as conn:
            store(conn, [tip(1480, "viewer_two", 25)], page=2)
        assert read(process, 1) == ["18:40:00  viewer_two           tipped 25 tk\n"]
        with database.write() as conn:
            store(conn, [chat(1481, "viewer_two", "bye"), chat(1482, "viewer_two", "\x1b[2J")], page=3)
        assert read(process, 2) == [
            "18:41:00  viewer_two           : bye\n",
            "18:42:00  viewer_two           : \\x1b[2J\n",
        ]


def test_what_a_listener_stores_is_there_at_once(run_mhc: Mhc, database_url: str) -> None:
    with Sandbox(speed=0, events=40) as running:
        env = {
            "MHC_EVENTS_URL": running.url,
            "CHATURBATE_USERNAME": running.room,
            "CB_AUTH_TOKEN": running.token,
        }
        with tailing(run_mhc, database_url, "-o", "ndjson", "-L", "40") as process:
            assert run_mhc("listen", "--once", "-o", "none", DATABASE_URL=database_url, **env).status == 0
            rows = [json.loads(line) for line in read(process, 40)]
    assert len({row["event_id"] for row in rows}) == 40
    assert all(set(row) == FIELDS for row in rows)


def test_only_these_kinds_of_this_room_masked_as_elsewhere(
    database: Database, run_mhc: Mhc, database_url: str
) -> None:
    tell_story(database)
    words = ["--events", "tip,pm", "--room", "example_room", "-o", "json", "-L", "1"]
    with tailing(run_mhc, database_url, *words) as process:
        (first,) = read(process, 1)
        with database.write() as conn:
            store(conn, [chat(1480, "viewer_one"), tip(1481, "viewer_two", 5, anonymous=True)], page=2)
            store(conn, [private(1482, "viewer_one", "example_room", "psst")], page=3)
            store(conn, [tip(1483, "viewer_one", 6, room="second_room")], room="second_room", page=4)
        rows = [json.loads(line) for line in (first, *read(process, 2))]
    assert [(row["actor"], row["tokens"], row["text"]) for row in rows] == [
        ("viewer_one", 20, None),
        (None, 5, None),
        ("viewer_one", None, None),
    ]
    with tailing(run_mhc, database_url, "-o", "ndjson", "-L", "3", "--reveal", "--private") as process:
        rows = [json.loads(line) for line in read(process, 3)]
    assert [(row["actor"], row["text"]) for row in rows][:2] == [("viewer_two", None), ("viewer_one", "psst")]


def test_it_ends_when_nobody_reads(database: Database, run_mhc: Mhc, database_url: str) -> None:
    tell_story(database)
    with run_mhc.start("event", "tail", DATABASE_URL=database_url) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.readline()
        process.stdout.close()
        assert (process.wait(), process.stderr.read()) == (141, "")


@pytest.mark.parametrize(
    ("words", "status", "said"),
    [
        (["--room", "nobody_here"], 3, "no person named 'nobody_here'"),
        (["--events", "tipp"], 2, "--events: no event is called 'tipp'"),
        (["-L", "0"], 2, "invalid value"),
    ],
)
def test_a_wrong_word_is_said_at_once(cli: MhcHere, words: list[str], status: int, said: str) -> None:
    run = cli("event", "tail", *words)
    assert (run.status, run.stdout) == (status, "")
    assert said in run.stderr


def test_waiting_for_a_database_makes_none(run_mhc: Mhc) -> None:
    path = run_mhc.home / "later.db"
    with tailing(run_mhc, str(path), "-o", "ndjson") as process, Sandbox(speed=0, events=3) as running:
        env = {
            "MHC_EVENTS_URL": running.url,
            "CHATURBATE_USERNAME": running.room,
            "CB_AUTH_TOKEN": running.token,
        }
        assert not path.exists()
        assert run_mhc("listen", "--once", "-o", "none", DATABASE_URL=str(path), **env).status == 0
        assert len(read(process, 3)) == 3


def test_what_was_done_is_aligned_after_any_name(sqlite_database: Database, run_mhc: Mhc) -> None:
    marked = "e\u0301" * 3
    with sqlite_database.write() as conn:
        store(conn, [tip(1, "漢字", 12_345), tip(2, "viewer_one", 1), tip(3, marked, 1)])
    with tailing(run_mhc, f"sqlite:///{sqlite_database.path}") as process:
        assert read(process, 3) == [
            f"18:01:00  漢字{' ' * 17}tipped 12,345 tk\n",
            f"18:02:00  viewer_one{' ' * 11}tipped 1 tk\n",
            f"18:03:00  {marked}{' ' * 18}tipped 1 tk\n",
        ]
