"""`mhc db prune`: takes what the configuration says, asks before it does, and refuses what is unlikely."""

import json
from pathlib import Path
from typing import Any

import pytest

from backing import answers, told
from command import MhcHere
from factories import chat, happening, private, store
from mhc.store.database import Database
from terminal import on_terminal

SMALL = '[retention]\nprivate_text = "30d"\nchat = "30d"\npresence = "30d"\n'


@pytest.fixture
def pruning(database: Database, tmp_path: Path) -> MhcHere:
    """Give the command with a policy that takes all that is old of two shows, on both databases."""
    mhc = told(database, tmp_path)
    with_policy(mhc, SMALL)
    return mhc


def with_policy(mhc: MhcHere, text: str) -> None:
    path = mhc.home / "config" / "mhc" / "config.toml"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


def rows(mhc: MhcHere, *words: str) -> dict[str, Any]:
    run = mhc("db", "prune", "-o", "json", *words)
    assert run.status == 0, run.stderr
    return {one["class"]: one for one in run.json}


def acts(mhc: MhcHere) -> list[dict[str, Any]]:
    path = mhc.home / "state" / "audit.log"
    return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []


def test_without_limits_nothing_goes(on_sqlite: MhcHere) -> None:
    run = on_sqlite("db", "prune", "-o", "json")
    assert run.status == 0
    assert run.stderr == "nothing but runs of jobs has a limit: [retention] in config.toml\n"
    assert [(one["class"], one["keep"], one["held"], one["due"], one["pruned"]) for one in run.json] == [
        ("private_text", None, 2, 0, 0),
        ("chat", None, 2, 0, 0),
        ("presence", None, 5, 0, 0),
        ("observations", None, 0, 0, 0),
        ("payloads", None, 0, 0, 0),
        ("runs", 365 * 24 * 3600, 0, 0, 0),
    ]
    assert acts(on_sqlite) == []
    named = on_sqlite("db", "prune", "--class", "chat")
    assert (named.status, named.stderr.splitlines()[0]) == (2, "mhc: chat has no limit")


def test_a_dry_run_says_what_would_go_and_takes_nothing(pruning: MhcHere) -> None:
    before = answers(pruning)
    found = rows(pruning, "-n", "--force")
    assert {name: (one["due"], one["pruned"]) for name, one in found.items() if one["keep"]} == {
        "private_text": (2, None), "chat": (2, None), "presence": (5, None), "runs": (0, None),
    }  # fmt: skip
    assert found["chat"]["keep"] == 30 * 24 * 3600
    assert answers(pruning) == before


def test_what_is_old_goes_and_all_else_reads_as_before(pruning: MhcHere) -> None:
    same = [
        ("person", "list", "--reveal"),
        ("report", "tippers"),
        ("watchlist", "show", "Friends"),
        ("note", "list"),
    ]
    before = [pruning(*words, "-o", "json").stdout for words in same]
    sessions = pruning("session", "list", "-o", "json").json
    found = rows(pruning, "-y", "--force")
    assert {name: one["pruned"] for name, one in found.items()} == {
        "private_text": 2, "chat": 2, "presence": 5, "observations": 0, "payloads": 0, "runs": 0,
    }  # fmt: skip
    assert [pruning(*words, "-o", "json").stdout for words in same] == before
    after = pruning("session", "list", "-o", "json").json
    assert [one | {"unique_visitors": None} for one in sessions] == after  # nobody knows any more
    listed = pruning("event", "list", "--private", "-o", "json").json
    assert {one["text"] for one in listed if one["method"] in {"chatMessage", "privateMessage"}} == {None}
    assert len([one for one in listed if one["method"] == "chatMessage"]) == 2
    assert pruning("db", "check").status == 0
    assert pruning("db", "check", "--repair").status == 0
    assert [pruning(*words, "-o", "json").stdout for words in same] == before
    assert {one["pruned"] for one in rows(pruning, "-y").values()} == {0}


def test_a_class_by_itself(pruning: MhcHere) -> None:
    found = rows(pruning, "-y", "--force", "--class", "chat")
    assert {name: one["pruned"] for name, one in found.items() if one["pruned"]} == {"chat": 2}
    assert [
        one["text"] for one in pruning("event", "list", "--private", "--events", "pm", "-o", "json").json
    ] == [
        "yes?",
        "psst",
    ]


def test_so_much_is_refused_that_a_limit_must_be_wrong(pruning: MhcHere) -> None:
    run = pruning("db", "prune", "-y")
    assert (run.status, run.stdout) == (4, "")
    assert "more than 20 % would go: 2 of 2 of private_text, 2 of 2 of chat, 5 of 5 of presence" in run.stderr
    assert "--force" in run.stderr
    assert pruning("db", "prune", "-n").status == 4


def test_a_clock_that_is_wrong_is_refused(on_sqlite: MhcHere, sqlite_database: Database) -> None:
    with_policy(on_sqlite, '[retention]\nchat = "36500d"\n')
    assert on_sqlite("db", "prune", "-y").status == 0
    with sqlite_database.write() as conn:
        store(conn, [chat(60 * 24 * 365 * 10, "viewer_one")], page=5)
    run = on_sqlite("db", "prune", "-y")
    assert run.status == 4
    assert run.stderr.startswith("mhc: the clock says ")
    assert on_sqlite("db", "prune", "-y", "--force").status == 0


def test_it_asks_first_and_nobody_where_nobody_can_answer(pruning: MhcHere) -> None:
    run = pruning("db", "prune", "--force")
    assert (run.status, run.stdout) == (2, "")
    assert run.stderr == "mhc: 9 rows would lose what they hold\nhint: -y, where they may\n"
    assert on_terminal(pruning, "db", "prune", "--force", "--no-input").status == 2


def test_each_run_leaves_a_count_and_a_line_in_the_audit_log(pruning: MhcHere) -> None:
    rows(pruning, "-y", "--force", "--class", "chat")
    begun, ended = acts(pruning)
    assert (begun["act"], list(begun["before"])) == ("db prune begun", ["chat"])
    assert (ended["act"], ended["rows"]) == ("db prune", {"chat": 2})
    (run,) = pruning("status", "-o", "json").json["jobs"]
    assert (run["job"], run["state"], run["error"]) == ("db-prune", "ok", None)


def test_what_was_pruned_is_exported_and_imported_as_it_is(pruning: MhcHere) -> None:
    rows(pruning, "-y", "--force")
    assert pruning("capture", "export", "--out", "all.jsonl").status == 0
    before = answers(pruning)[:2]
    again = pruning("capture", "import", "all.jsonl", "-o", "json")
    assert (again.status, {one["new"] for one in again.json}) == (0, {0})
    elsewhere = MhcHere(pruning.home, DATABASE_URL=f"sqlite:///{pruning.home}/other.db")
    assert elsewhere("capture", "import", "all.jsonl").status == 0
    assert elsewhere("db", "check").status == 0
    assert answers(elsewhere)[:2] == before


def test_an_export_of_before_brings_no_words_into_what_was_rejected(pruning: MhcHere) -> None:
    assert pruning("capture", "export", "--out", "all.jsonl").status == 0
    rows(pruning, "-y", "--force")
    assert pruning("capture", "import", "all.jsonl").status == 0
    assert pruning("capture", "rejected", "-o", "json").json == []


def test_a_file_holds_no_word_that_was_pruned(on_sqlite: MhcHere, sqlite_database: Database) -> None:
    words = "canarywords" * 20
    with sqlite_database.write() as conn:
        store(
            conn,
            [happening(2000, "broadcastStart"), private(2001, "viewer_one", "example_room", words)],
            page=7,
        )
        store(conn, [chat(2002, "viewer_one", words)], page=8)
    sqlite_database.close()
    with_policy(on_sqlite, SMALL)
    rows(on_sqlite, "-y", "--force")
    assert sqlite_database.path is not None
    held = b"".join(path.read_bytes() for path in on_sqlite.home.glob("mhc.db*"))
    assert b"canarywords" not in held
