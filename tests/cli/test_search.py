"""`mhc note search --private`: notes and messages in one list, where messages are indexed."""

from pathlib import Path
from typing import Any

import pytest

from command import MhcHere
from factories import ROOM, chat, private, store, tell_story
from mhc.store.database import Database

AFTER = 60 * 24 * 3650  # minutes: a message that is newer than every note


@pytest.fixture
def mhc(database: Database, cli: MhcHere) -> MhcHere:
    """Give the command with the setting on, on two shows that were captured before it was."""
    tell_story(database)
    path = cli.home / "config" / "mhc" / "config.toml"
    path.parent.mkdir(parents=True)
    path.write_text("[search]\nmessages = true\n")
    path.chmod(0o600)
    cli.environ["CHATURBATE_USERNAME"] = ROOM
    assert cli("db", "check").status == 4
    assert cli("db", "check", "--repair").status == 0
    return cli


def found(mhc: MhcHere, *words: str) -> list[Any]:
    run = mhc("note", "search", "--json", *words)
    assert (run.status, run.stderr) == (0, "")
    return [(row["kind"], row["username"], row["body"]) for row in run.json]


def test_notes_and_messages_are_one_list_the_newest_first(database: Database, mhc: MhcHere) -> None:
    mhc("note", "add", "viewer_two", "says hi, hello")
    with database.write() as conn:
        store(conn, [chat(AFTER, "viewer_one", "hello from later")], page=7)
    mhc("db", "check", "--repair")
    note = ("note", "viewer_two", "says hi, hello")
    assert found(mhc, "hello") == [note]
    first, second, third = (
        ("chat", "viewer_one", "hello from later"), note, ("chat", "viewer_one", "hello")
    )  # fmt: skip
    assert found(mhc, "hello", "--private") == [first, second, third]
    assert found(mhc, "hello", "--private", "-L", "2") == [first, second]
    assert found(mhc, "hel*", "--private", "--sort", "body") == [third, first, second]
    assert found(mhc, "hello hi", "--private") == [note]
    assert found(mhc, "hello", "--private", "--category", "notes") == [note]
    assert found(mhc, "hello", "--private", "--person", "viewer_two") == [note]
    table = mhc("note", "search", "hello", "--private", "-o", "table", "-L", "1")
    assert table.stderr == "1 shown, there are more; -L 0 for all\n"


def test_a_message_says_where_and_when_it_was_said(mhc: MhcHere) -> None:
    (row,) = mhc("note", "search", "psst", "--private", "--json").json
    known = mhc("event", "show", row["event_id"], "--private", "--json").json
    assert row == {
        "id": None, "username": "viewer_one", "category": None, "body": "psst",
        "happened_at": known["happened_at"], "created_at": None, "edited_at": None, "source": "live",
        "kind": "private", "room": ROOM, "partner": ROOM, "event_id": known["event_id"],
    }  # fmt: skip
    assert known["text"] == "psst"
    assert found(mhc, "psst") == []


def test_who_looks_at_messages_leaves_a_line(mhc: MhcHere) -> None:
    log = mhc.home / "state" / "audit.log"
    before = log.read_text().count("note search") if log.exists() else 0
    mhc("note", "search", "psst")
    assert (log.read_text().count("note search") if log.exists() else 0) == before
    mhc("note", "search", "psst", "--private")
    assert log.read_text().count("note search") == before + 1


def test_pasted_and_imported_messages_are_found_and_go_with_an_undo(mhc: MhcHere, tmp_path: Path) -> None:
    mhc("import", "pm", "-", "--save", stdin=f"viewer_nine: a secret song\n{ROOM}: which song?\n")
    mhc("import", "chat", "-", "--save", stdin="[2026-01-03 18:00:00] viewer_nine: song!\n")
    rows = [
        ("chat", "viewer_nine", "song!"), ("private", ROOM, "which song?"), ("private", "viewer_nine", "a secret song")
    ]  # fmt: skip
    assert sorted(found(mhc, "song", "--private")) == rows
    assert mhc("capture", "export", "--out", "all.jsonl").status == 0
    there = {"DATABASE_URL": f"sqlite:///{tmp_path / 'there.db'}"}
    assert mhc("capture", "import", "all.jsonl", **there).status == 0
    here, copied = (
        mhc("note", "search", "song", "--private", "--json", **where).json for where in ({}, there)
    )
    assert here == copied
    assert mhc("db", "check", "--json", **there).json["problems"] == []
    mhc("import", "undo", "1", "-y")
    assert found(mhc, "song", "--private") == [("chat", "viewer_nine", "song!")]
    assert mhc("db", "check").status == 0


def test_where_the_setting_is_off_it_says_so_and_searches_notes(database: Database, cli: MhcHere) -> None:
    tell_story(database)
    cli("note", "add", "viewer_one", "hello there")
    run = cli("note", "search", "hello", "--private", "--json")
    assert [row["body"] for row in run.json] == ["hello there"]
    assert run.stderr.startswith(
        "messages are not indexed: write messages = true under [search] in config.toml"
    )
    assert cli("note", "search", "hello", "--json").stderr == ""


def test_an_empty_database_has_no_message(cli: MhcHere, mhc: MhcHere) -> None:
    nowhere = {"DATABASE_URL": f"sqlite:///{mhc.home / 'nowhere.db'}"}
    run = mhc("note", "search", "hello", "--private", "--json", **nowhere)
    assert (run.status, run.stdout) == (0, "[]\n")
    assert not (mhc.home / "nowhere.db").exists()


def test_messages_of_merged_people_are_found_by_either_name(mhc: MhcHere) -> None:
    assert mhc("person", "merge", "viewer_two", "viewer_one").status == 0
    for name in ("viewer_one", "viewer_two"):
        assert sorted(found(mhc, "h*", "--private", "--person", name)) == [
            ("chat", "viewer_one", "hello"), ("chat", "viewer_two", "hi")
        ]  # fmt: skip


def test_words_of_any_kind_are_searched(database: Database, mhc: MhcHere) -> None:
    long = "z" * 70
    with database.write() as conn:
        items = [
            chat(AFTER, "viewer_one", f"Ünï {long}"),
            private(AFTER + 1, "viewer_two", ROOM, "uni\u0301on - 5%"),
        ]
        store(conn, items, page=7)
    mhc("db", "check", "--repair")
    assert [row[1] for row in found(mhc, "uni", "--private")] == ["viewer_one"]
    assert [row[1] for row in found(mhc, "UNI*", "--private")] == ["viewer_two", "viewer_one"]
    assert [row[1] for row in found(mhc, long, "--private")] == ["viewer_one"]
    assert [row[1] for row in found(mhc, "z" * 64, "--private")] == ["viewer_one"]
    assert found(mhc, "z" * 63, "--private") == []
    assert [row[1] for row in found(mhc, "5%", "uni*", "--private")] == ["viewer_two"]
    for nothing in ("%", "* -", "❤"):
        assert mhc("note", "search", nothing, "--private").status == 2
