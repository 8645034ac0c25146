"""`mhc inbox`: private messages by partner, one thread, and a search in their words."""

from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select, update

import factories
from command import MhcHere
from factories import ROOM, private, tell_story
from mhc.store import schema
from mhc.store.database import Database
from mhc.store.streams import Kind


def outside(at: float, sender: str, receiver: str, text: str) -> factories.Item:
    """Give a message that names no room."""
    when, method, payload = private(at, sender, receiver, text)
    return when, method, payload | {"broadcaster": ""}


@pytest.fixture
def story(database: Database) -> Database:
    tell_story(database)
    with database.write() as conn:
        items = [
            private(20, "viewer_two", ROOM, "Crème brûlée, TOMORROW?"),
            outside(30, "viewer_two", ROOM, "are you there tomorrow"),
            outside(31, ROOM, "viewer_three", "tomorrow"),
        ]
        factories.store(conn, items, page=5)
        factories.store(conn, [private(40, "viewer_four", ROOM, "a test")], kind=Kind.TESTBED, page=6)
    return database


def threads(cli: MhcHere, *words: str) -> list[tuple[Any, ...]]:
    rows = cli("inbox", "list", "--json", *words).json
    return [(r["username"], r["received"], r["sent"], r["outside"], r["last_direction"]) for r in rows]


@pytest.mark.usefixtures("story")
def test_list_gives_partners_the_last_message_first(cli: MhcHere) -> None:
    assert threads(cli) == [
        ("viewer_three", 0, 1, 1, "out"),
        ("viewer_two", 2, 0, 1, "in"),
        ("viewer_one", 1, 1, 0, "out"),
    ]
    assert cli("inbox", "list", "--json").json[2] == {
        "username": "viewer_one",
        "received": 1,
        "sent": 1,
        "outside": 0,
        "last_at": "2026-01-01T18:11:00Z",
        "last_direction": "out",
        "last_text": None,
    }
    assert threads(cli, "--sort", "received:desc", "-L", "1") == [("viewer_two", 2, 0, 1, "in")]
    in_time = ("--since", "2026-01-01 18:10", "--until", "2026-01-01 18:21")
    assert threads(cli, *in_time) == [("viewer_two", 1, 0, 0, "in"), ("viewer_one", 1, 1, 0, "out")]
    assert cli("inbox", "list", "-o", "table", "-L", "2").stderr == "2 of 3 shown; -L 0 for all\n"


@pytest.mark.usefixtures("story")
def test_words_are_shown_only_when_asked_for(cli: MhcHere) -> None:
    for form in ("table", "json", "ndjson", "csv", "tsv"):
        for words in (["list"], ["show", "viewer_one"], ["show", ROOM], ["search", "psst"]):
            run = cli("inbox", *words, "-o", form)
            assert "psst" not in run.stdout
            assert "yes?" not in run.stdout
    assert [row["last_text"] for row in cli("inbox", "list", "--private", "--json").json] == [
        "tomorrow",
        "are you there tomorrow",
        "yes?",
    ]
    table = cli("inbox", "show", "viewer_one", "--private", MHC_FORCE_TTY="80", NO_COLOR="1")
    assert table.stdout == (
        "AT                USERNAME    WAY  WHERE  TEXT\n"
        "2026-01-01 18:10  viewer_one  in   room   psst\n"
        "2026-01-01 18:11  viewer_one  out  room   yes?\n"
    )


@pytest.mark.usefixtures("story")
def test_show_gives_a_thread_the_latest_last(cli: MhcHere) -> None:
    rows = cli("inbox", "show", "viewer_two", "--json", "--private").json
    assert rows[1] == {
        "at": "2026-01-01T18:30:00Z",
        "username": "viewer_two",
        "direction": "in",
        "where": "outside",
        "text": "are you there tomorrow",
        "room": None,
        "event_id": "1767292200000-5001",
    }
    assert [(row["where"], row["room"]) for row in rows] == [("room", ROOM), ("outside", None)]
    assert cli("inbox", "show", "viewer_two", "--json", "-L", "1").json == [rows[1] | {"text": None}]
    turned = cli("inbox", "show", "viewer_two", "--json", "--private", "--sort", "at:desc").json
    assert turned == rows[::-1]
    assert (
        cli("inbox", "show", "viewer_two", "-o", "table", "-L", "1").stderr == "1 of 2 shown; -L 0 for all\n"
    )
    assert (
        cli("inbox", "show", "viewer_two", "--json", "--since", "2026-01-01 18:21").json[0]["where"]
        == "outside"
    )
    assert cli("inbox", "show", "viewer_four", "--json").json == []
    near = cli("inbox", "show", "viewer_onee", "--json")
    assert (near.status, near.error["hint"]) == (3, "did you mean: viewer_one, viewer_three, viewer_two?")


@pytest.mark.usefixtures("story")
def test_an_own_room_shows_the_whole_inbox(cli: MhcHere) -> None:
    rows = cli("inbox", "show", ROOM, "--json").json
    assert [(row["username"], row["direction"]) for row in rows] == [
        ("viewer_one", "in"),
        ("viewer_one", "out"),
        ("viewer_two", "in"),
        ("viewer_two", "in"),
        ("viewer_three", "out"),
    ]


@pytest.mark.parametrize("indexed", [False, True])
@pytest.mark.usefixtures("story")
def test_search_finds_messages_with_all_words_whatever_case_and_accents(cli: MhcHere, indexed: bool) -> None:
    if indexed:
        path = cli.home / "config" / "mhc" / "config.toml"
        path.parent.mkdir(parents=True)
        path.write_text("[search]\nmessages = true\n")
        path.chmod(0o600)
        assert cli("db", "check", "--repair").status == 0

    def found(*words: str) -> list[str]:
        return [row["text"] for row in cli("inbox", "search", "--private", "--json", *words).json]

    assert found("tomorrow") == ["tomorrow", "are you there tomorrow", "Crème brûlée, TOMORROW?"]
    assert found("Tomorrow!", "BRULEE creme") == ["Crème brûlée, TOMORROW?"]
    assert found("tomorrow", "--sort", "at", "-L", "1") == ["Crème brûlée, TOMORROW?"]
    assert found("tomorrow", "--since", "2026-01-01 18:31") == ["tomorrow"]
    assert found("morrow") == []
    refused = cli("inbox", "search", "tomorrow")
    assert (refused.status, refused.stderr) == (
        2,
        "mhc: a search shows what messages say\nhint: give --private\n",
    )
    assert cli("inbox", "search", "?!", "--private").status == 2


def test_merged_people_are_one_partner(story: Database, cli: MhcHere) -> None:
    with story.write() as conn:
        ids = {row.username: row.id for row in conn.execute(select(schema.person))}
        merged = update(schema.person).where(schema.person.c.username == "viewer_two")
        conn.execute(merged.values(canonical_id=ids["viewer_three"]))
    assert threads(cli) == [("viewer_three", 2, 1, 2, "out"), ("viewer_one", 1, 1, 0, "out")]
    rows = cli("inbox", "show", "viewer_two", "--json").json
    assert [(row["username"], row["direction"]) for row in rows] == [
        ("viewer_three", "in"),
        ("viewer_three", "in"),
        ("viewer_three", "out"),
    ]


def test_a_merged_owner_is_one_owner(story: Database, cli: MhcHere) -> None:
    with story.write() as conn:
        factories.store(conn, [private(50, "viewer_one", "old_room", "both?")], room="old_room", page=7)
        ids = {row.username: row.id for row in conn.execute(select(schema.person))}
        merged = update(schema.person).where(schema.person.c.username == "old_room")
        conn.execute(merged.values(canonical_id=ids[ROOM]))
        factories.store(conn, [private(51, ROOM, "old_room", "to myself")], page=8)
    assert threads(cli)[0] == ("viewer_one", 2, 1, 0, "in")
    assert len(threads(cli)) == 3


@pytest.mark.usefixtures("story")
def test_what_was_pasted_stands_in_a_thread_once_whether_it_counts_or_not(cli: MhcHere) -> None:
    cli.environ["CHATURBATE_USERNAME"] = ROOM
    pasted = "viewer_one: psst\nviewer_one: and this\nviewer_five: who are you\n"
    assert cli("import", "pm", "-", "--save", stdin=pasted).status == 0
    since = threads(cli, "--since", "1970-01-01T00:00Z")
    assert threads(cli) == since == [
        ("viewer_three", 0, 1, 1, "out"),
        ("viewer_two", 2, 0, 1, "in"),
        ("viewer_one", 2, 1, 0, "out"),
        ("viewer_five", 1, 0, 0, "in"),
    ]  # fmt: skip


def test_a_long_thread_comes_page_by_page(database: Database, cli: MhcHere) -> None:
    with database.write() as conn:
        items = [private(n // 3, "viewer_one", ROOM, f"line {n}") for n in range(2300)]
        factories.store(conn, items)
    rows = cli("inbox", "show", "viewer_one", "--private", "--json").json
    assert [row["text"] for row in rows] == [f"line {n}" for n in range(2300)]
    last = cli("inbox", "show", "viewer_one", "--private", "--json", "-L", "1200").json
    assert last == rows[-1200:]
    assert len(cli("inbox", "search", "line", "--private", "--json").json) == 2300


def test_nothing_is_an_empty_list(cli: MhcHere, tmp_path: Path) -> None:
    missing = MhcHere(tmp_path)
    for words in (["list"], ["search", "psst", "--private"]):
        assert cli("inbox", *words, "--json").json == []
        assert missing("inbox", *words, "--json").stdout == "[]\n"
    assert not list((tmp_path / "data").rglob("*.db"))
