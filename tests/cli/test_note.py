"""`mhc note`: what you want to remember of a person."""

import os
import subprocess
from collections.abc import Callable
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


@pytest.fixture
def at_a_terminal(known: MhcHere, database_url: str, tmp_path: Path) -> Callable[..., tuple[int, str]]:
    """Give a call with a terminal and an editor that is the rest of a shell command; it gives status and stderr."""

    def call(*words: str, editor: str = "false", answer: str = "") -> tuple[int, str]:
        path = tmp_path / "editor"
        path.write_text(f"#!/bin/sh\n{editor}\n")
        path.chmod(0o700)
        environ = known.environ | {"EDITOR": str(path), "DATABASE_URL": database_url}
        ours, theirs = os.openpty()
        os.write(ours, answer.encode())
        run = subprocess.run(
            [str(known.program), *words], env=environ, stdin=theirs, stdout=subprocess.DEVNULL,
            stderr=theirs if answer else subprocess.PIPE, timeout=60, check=False,
        )  # fmt: skip
        said = run.stderr.decode() if run.stderr is not None else os.read(ours, 65536).decode()
        os.close(ours)
        os.close(theirs)
        return run.returncode, said

    return call


def test_on_a_terminal_the_editor_opens(
    known: MhcHere, at_a_terminal: Callable[..., tuple[int, str]]
) -> None:
    written = at_a_terminal("note", "add", "viewer_one", editor='echo "written at length" > "$1"')
    assert written == (0, "noted it about viewer_one\n")
    assert bodies(known) == ["written at length"]
    assert known("note", "add", "viewer_one", "--no-input").status == 2
    assert at_a_terminal("note", "add", "viewer_one", editor="true")[0] == 2
    assert bodies(known) == ["written at length"]


def test_the_editor_opens_with_the_old_text_in_a_file_of_ours(
    known: MhcHere, at_a_terminal: Callable[..., tuple[int, str]]
) -> None:
    number = written(known, "likes blue")
    look = 'ls -ld "$(dirname "$1")" > seen; ls -l "$1" >> seen; echo "and green" >> "$1"; touch "$1~"'
    run = at_a_terminal("note", "edit", number, editor=f"cd {known.home}; {look}")
    assert run == (0, f"changed note {number} about viewer_one\n")
    assert bodies(known) == ["likes blueand green"]
    folder, file = (known.home / "seen").read_text().splitlines()
    assert (folder[:10], file[:10]) == ("drwx------", "-rw-------")
    assert str(known.home / "state") in file
    assert not list((known.home / "state").glob("editing-*"))
    stays = (0, f"note {number} about viewer_one stays as it is\n")
    assert at_a_terminal("note", "edit", number, editor="true") == stays
    status, said = at_a_terminal("note", "edit", number, editor=': > "$1"')
    assert (status, said) == (2, f"mhc: an empty note is not kept\nhint: mhc note remove {number}\n")
    assert at_a_terminal("note", "edit", number, editor="exit 3")[0] != 0
    assert bodies(known) == ["likes blueand green"]


def written(cli: MhcHere, text: str, name: str = "viewer_one") -> str:
    """Write a note; give its number."""
    assert cli("note", "add", name, text).status == 0
    return str(cli("note", "list", "--json").json[0]["id"])


def test_a_note_is_edited_by_argument_stdin_and_options(known: MhcHere) -> None:
    number = written(known, "likes blue")
    assert known("note", "edit", number, "likes green", "-n").stderr.startswith("would change")
    assert bodies(known) == ["likes blue"]
    known("note", "edit", number, "likes green")
    known("note", "edit", number, "--category", "tips", "--at", "2026-01-01T00:00Z")
    shown = known("note", "show", number, "--json").json
    assert shown["edited_at"].endswith("Z")
    assert (shown["body"], shown["category"], shown["happened_at"]) == (
        "likes green",
        "tips",
        "2026-01-01T00:00:00Z",
    )
    known("note", "edit", number, "-", "--at", "none", stdin="likes red\n")
    shown = known("note", "show", number, "--json").json
    assert (shown["body"], shown["category"], shown["happened_at"]) == ("likes red", "tips", None)
    same = known("note", "edit", number, "likes red")
    assert (same.status, same.stderr) == (0, f"note {number} about viewer_one stays as it is\n")
    assert known("note", "edit", number).status == 2  # nobody is here to type it
    assert known("note", "edit", "99999999999999999999", "x").status == 3
    assert known("note", "show", "-1").status != 0


def test_a_note_goes_after_a_yes(known: MhcHere, at_a_terminal: Callable[..., tuple[int, str]]) -> None:
    one, two = written(known, "first"), written(known, "second")
    assert known("note", "remove", one).status == 2  # nobody is here to answer
    status, said = at_a_terminal("note", "remove", one, answer="n\n")
    assert (status, "about viewer_one away for good (first)?" in said) == (1, True)
    assert bodies(known) == ["second", "first"]
    assert known("note", "remove", one, "-n").stderr == f"would take note {one} about viewer_one away\n"
    assert at_a_terminal("note", "remove", one, answer="y\n")[0] == 0
    assert bodies(known) == ["second"]
    run = known("note", "remove", one, "x", "-", "-y", stdin=two)
    assert (run.status, bodies(known)) == (1, [])


def test_a_search_finds_what_has_every_word(known: MhcHere) -> None:
    written(known, "Crème brûlée, with BLUE lights")
    written(known, "blue lighters", "viewer_two")

    def found(*words: str) -> list[str]:
        return [row["body"] for row in known("note", "search", "--json", *words).json]

    assert found("blue") == ["blue lighters", "Crème brûlée, with BLUE lights"]
    assert found("lights", "creme") == found("light*", "brulee") == ["Crème brûlée, with BLUE lights"]
    assert found("blue light*", "--person", "viewer_two") == ["blue lighters"]
    assert found("blue", "--category", "pm") == found("light") == []
    for nothing in ("", "*", "%", "…", "* ❤ -"):
        assert known("note", "search", nothing).status == 2


def test_a_search_knows_long_words_and_merged_people(known: MhcHere) -> None:
    long = "donau" * 14  # of a word, 64 letters count
    written(known, f"says {long}!")
    written(known, f"says {long[:66]}", "viewer_two")

    def found(*words: str) -> list[tuple[str, str]]:
        rows = known("note", "search", "--json", *words).json
        return [(row["username"], row["kind"]) for row in rows]

    both = [("viewer_two", "note"), ("viewer_one", "note")]
    assert found(long) == found(long[:64]) == found("DON*", "says") == both
    assert found(long[:63]) == found("donau") == []
    assert known("person", "merge", "viewer_one", "viewer_two").status == 0
    assert found("says") == found("says", "--person", "viewer_two") == [("viewer_one", "note")] * 2


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
