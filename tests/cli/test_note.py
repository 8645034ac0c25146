"""`mhc note`: what you want to remember of a person."""

import os
import subprocess
from pathlib import Path

import pytest

from command import Mhc, MhcHere


@pytest.fixture
def known(cli: MhcHere) -> MhcHere:
    cli("person", "add", "viewer_one", "viewer_two")
    return cli


def bodies(cli: MhcHere, *words: str) -> list[str]:
    return [row["body"] for row in cli("note", "list", "--json", *words).json]


def test_a_note_is_kept_as_it_was_written(known: MhcHere) -> None:
    text = "likes the blue lights,\n  and 🎉 =1+1"
    run = known("note", "add", "@viewer_one", text, "--category", "tips", "--at", "2026-01-01T18:00Z")
    assert (run.status, run.stdout, run.stderr) == (0, "", "noted it about viewer_one\n")
    rows = known("note", "list", "--json").json
    assert [row.pop("created_at")[-1:] for row in rows] == ["Z"]
    happened = "2026-01-01T18:00:00Z"
    (number,) = [row.pop("id") for row in rows]
    said = {"username": "viewer_one", "category": "tips", "body": text, "happened_at": happened}
    assert rows == [said | {"edited_at": None, "source": "manual"}]
    shown = known("note", "show", str(number), "--json").json
    assert {name: shown[name] for name in said} == said
    (on_card,) = known("person", "show", "viewer_one", "--json").json["notes"]
    assert on_card.pop("created_at")
    assert on_card == {"category": "tips", "body": text, "happened_at": happened}


def test_notes_are_listed_newest_first_by_person_and_category(known: MhcHere) -> None:
    known("note", "add", "viewer_one", "first")
    known("note", "add", "viewer_two", "second", "--category", "dm")
    known("note", "add", "viewer_one", "third", "--category", "pm")
    assert bodies(known) == ["third", "second", "first"]
    assert bodies(known, "viewer_one") == ["third", "first"]
    assert bodies(known, "--category", "dm") == ["second"]
    assert bodies(known, "viewer_two", "--category", "pm") == []
    assert bodies(known, "--sort", "body", "-L", "2") == ["first", "second"]
    assert known("note", "list", "nobody").status == 3


def test_text_from_stdin(known: MhcHere) -> None:
    assert known("note", "add", "viewer_one", "-", stdin="from a pipe\n").status == 0
    assert bodies(known) == ["from a pipe"]
    nowhere = known("note", "add", "viewer_one", stdin="not asked for")
    assert (nowhere.status, nowhere.stderr.splitlines()[0]) == (2, "mhc: what is the note?")


def test_on_a_terminal_the_editor_opens(known: MhcHere, database_url: str, tmp_path: Path) -> None:
    editor = tmp_path / "editor"
    editor.write_text('#!/bin/sh\necho "written at length" > "$1"\n')
    editor.chmod(0o700)
    ours, theirs = os.openpty()
    environ = known.environ | {"EDITOR": str(editor), "DATABASE_URL": database_url}
    call = [str(known.program), "note", "add", "viewer_one"]
    run = subprocess.run(call, env=environ, stdin=theirs, capture_output=True, timeout=60, check=False)
    os.close(ours)
    os.close(theirs)
    assert (run.returncode, run.stdout, run.stderr) == (0, b"", b"noted it about viewer_one\n")
    assert bodies(known) == ["written at length"]
    assert known("note", "add", "viewer_one", "--no-input").status == 2


def test_what_is_no_note_is_refused(known: MhcHere) -> None:
    for text in ("", "  \n "):
        assert known("note", "add", "viewer_one", text).status == 2
        assert known("note", "add", "viewer_one", "-", stdin=text).status == 2
    assert known("note", "add", "viewer_one", "x", "--category", "nothing").status == 2
    assert known("note", "add", "viewer_one", "x", "--at", "2999-01-01").status == 2
    assert known("note", "add", "nobody", "x").status == 3
    assert known("note", "add", "viewer_one", "x", "-n").stderr == "would note it about viewer_one\n"
    assert bodies(known) == []


def test_what_no_database_takes_is_marked(known: MhcHere) -> None:
    assert known("note", "add", "viewer_one", "a\x00b\udc80").status == 0
    assert bodies(known) == ["a\ufffdb\ufffd"]


def test_an_empty_database_stays_missing(run_mhc: Mhc) -> None:
    run = run_mhc("note", "list", "--json")
    assert (run.status, run.stdout) == (0, "[]\n")
    assert run_mhc("note", "add", "viewer_one", "x").status == 3
    assert not list(run_mhc.home.rglob("*.db"))
