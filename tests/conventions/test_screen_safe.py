"""With MHC_SCREEN_SAFE no command shows a note, a private name, an amount or a message, whatever it is asked for."""

import re
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from calls import call_of
from canaries import SEEN, surroundings
from command import Mhc, MhcHere
from docs_tree import Leaf, flags, leaves
from factories import ROOM
from terminal import on_terminal

WORDS = {
    "canarynote",
    "canarylist",
    "canarytip",
    "canarychat",
    "canaryprivate",
    "canarysubject",
    "canaryrejected",
    "canaryname",
    "canarypair",
}
# What sounds like something that is to be hidden.
SOUNDS = re.compile(
    r"token|^tips?$|_tip$|tippers|amount|largest|mean$|median|spen[dt]|paid|earn|income|revenue|price|cost|balance"
    r"|note|body|text|^raw|message|private|identity|address|remark|comment|payload|last_lines"
)
SAFE: dict[str, Any] = {"MHC_SCREEN_SAFE": "1"}
ALL = leaves()
PRINTING = [leaf for leaf in ALL if leaf.fields is not None]
CALLED = [leaf for leaf in ALL if not (call_of(leaf).apart or call_of(leaf).endless)]
each_called = pytest.mark.parametrize("leaf", CALLED, ids=lambda leaf: leaf.path)
each_printing = pytest.mark.parametrize("leaf", PRINTING, ids=lambda leaf: leaf.path)


def ways(leaf: Leaf) -> Iterator[tuple[list[str], dict[str, str]]]:
    """Give the ways to ask a command for all that it has."""
    options = flags(leaf)
    asked = [option for option in ("--private", "--reveal") if option in options]
    call = [*leaf.path.split(), *call_of(leaf).split]
    words = call + [one for one in asked if one not in call]
    yield words, {}
    if leaf.fields is None:
        return
    every = ["--fields", ",".join(field.name for field in leaf.fields)]
    for form in ("json", "ndjson", "csv", "tsv"):
        yield [*words, "-o", form], {}
        yield [*words, *every, "-o", form], {}
    yield words, {"MHC_FORCE_TTY": "200"}
    yield [*words, *every], {"MHC_FORCE_TTY": "2000"}
    if any(field.kind == "username" for field in leaf.fields):
        yield [*words, "-o", "name"], {}


def prepared(leaf: Leaf, watched: Mhc) -> MhcHere:
    mhc = MhcHere(watched.home, **watched.environ)
    for line in (*call_of(leaf).files, *call_of(leaf).before):
        assert mhc(*shlex.split(line)).status == 0
    return mhc


def shown(mhc: Mhc, leaf: Leaf, **environ: str) -> set[str]:
    """Give the canaries in all that a command writes, in every format."""
    found: set[str] = set()
    for number, (words, more) in enumerate(ways(leaf)):
        run = mhc(*words, *(["-n"] if number and "Writing" in leaf.sets else []), **more, **environ)
        assert run.status in {0, 2, 4} if number else run.status in {0, 4}, run.stderr
        found.update(SEEN.findall(run.stdout + run.stderr))
    return found


# They hide nothing, and so go to no terminal.
WHOLE = {
    "capture export": ("capture", "export"),
    "person export": ("person", "export", "viewer_one", "--private", "--reveal"),
}


@each_called
def test_nothing_that_is_to_be_hidden_is_seen(watched: Mhc, leaf: Leaf) -> None:
    if leaf.path in WHOLE:
        run = on_terminal(watched, *WHOLE[leaf.path], "--out", "-", **SAFE)
        assert (run.status, run.stdout) == (2, "")
        assert run.stderr.startswith("mhc: MHC_SCREEN_SAFE is set")
        return
    assert shown(prepared(leaf, watched), leaf, **SAFE) == set()


def test_without_it_all_of_it_is_seen(canary_file: Path, tmp_path: Path) -> None:
    found: dict[str, set[str]] = {}
    for number, leaf in enumerate(CALLED):
        writes = "Writing" in leaf.sets and leaf.path not in SHOWING
        if leaf.fields is not None and not writes:
            home = tmp_path / str(number)
            home.mkdir()
            found[leaf.path] = shown(prepared(leaf, Mhc(home, **surroundings(home, canary_file))), leaf)
    assert set().union(*found.values()) >= WORDS
    amounts = {path for path, seen in found.items() if any(one[0] == "1" for one in seen)}
    assert amounts >= {
        "event list",
        "import chat",
        "import tipmenu",
        "import tips",
        "person compare",
        "person list",
        "person merge",
        "person show",
        "person timeline",
        "report tippers",
        "session status",
    }
    assert found["import pm"] == {"canaryprivate"}
    assert found["inbox show"] == {"canaryprivate"}
    assert found["person name"] == {"canaryname"}
    assert found["pair list"] == {"canarypair"}


# Commands that write, and show what is to be hidden.
SHOWING = {
    "capture rejected",
    "import chat",
    "import pm",
    "import tipmenu",
    "import tips",
    "person merge",
    "person name",
}


@each_printing
def test_what_sounds_secret_says_whether_it_is(leaf: Leaf) -> None:
    for field in leaf.fields or ():
        sounds = field.kind in {"json", "lines", "share"}
        sounds |= field.kind in {"text", "int", "id", "list"} and SOUNDS.search(field.name) is not None
        assert not sounds or field.secrecy or field.inside, (
            f"mhc {leaf.path}: give the field {field.name} a secrecy, or the names of what is `inside` it; open where"
            " everybody may see it"
        )


@each_printing
def test_what_sounds_secret_inside_a_value_is_named(watched: Mhc, leaf: Leaf) -> None:
    nested = [one for one in leaf.fields or () if one.kind in {"json", "lines"} and not one.is_secret]
    if not nested:
        return
    words = [*leaf.path.split(), *call_of(leaf).split, *(["-n"] if "Writing" in leaf.sets else [])]
    run = prepared(leaf, watched)(*words, "--fields", ",".join(one.name for one in nested), "-o", "json")
    rows = run.json if isinstance(run.json, list) else run.json.get("rows", [run.json])
    for field in nested:
        loud = {key for row in rows for key in keys_in(row[field.name]) if SOUNDS.search(key)}
        assert loud <= field.inside | OPEN_INSIDE, f"mhc {leaf.path}: {field.name} has {sorted(loud)}"


OPEN_INSIDE = {"messages", "private_messages", "tippers", "first_tip_at", "last_tip_at", "median_stay"}


def keys_in(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        for key, item in value.items():
            yield key
            yield from keys_in(item)
    elif isinstance(value, list):
        for item in value:
            yield from keys_in(item)


def test_hidden_values_are_null_and_keep_their_place(watched: Mhc) -> None:
    mhc = MhcHere(watched.home, **watched.environ)
    (row,) = mhc("event", "list", "-L", "1", "-o", "json", "--events", "tip", **SAFE).json
    assert (row["tokens"], row["text"], row["method"]) == (None, None, "tip")
    card = mhc("person", "show", "viewer_one", "-o", "json", **SAFE).json
    assert card["notes"] is None
    assert {name for name, value in card["here"].items() if value is None} == {
        "tokens",
        "tokens_30d",
        "tokens_90d",
        "tips",
        "largest_tip",
        "media",
        "media_tokens",
    }
    assert card["names"] is None
    assert [one["note"] for one in card["pairs"]] == [None, None]
    table = mhc("person", "list", "--sort", "tokens:desc", "-L", "1", **SAFE, MHC_FORCE_TTY="100").stdout
    assert "hidden" in table  # the order is that of the amounts: who is first is seen, not with how much
    assert "viewer_one" in table
    line = mhc("person", "list", "--fields", "username,tokens", "-o", "tsv", "-L", "1", **SAFE).stdout
    assert line.splitlines()[1].endswith("\t")


def test_asking_for_more_shows_no_more_and_says_so(watched: Mhc) -> None:
    mhc = MhcHere(watched.home, **watched.environ)
    run = mhc("report", "tippers", "--reveal", "-o", "json", **SAFE)
    assert run.json["rows"][-1]["username"] is not None or run.json["rows"][0]["username"] is not None
    assert any(row["anonymous"] for row in run.json["rows"])
    assert run.stderr.startswith("MHC_SCREEN_SAFE is set: --reveal shows nothing")
    assert not (mhc.home / "state" / "audit.log").exists()


@pytest.mark.parametrize("words", [[], ["status", "--short"], ["status"]])
def test_the_state_of_things_names_no_amount(watched: Mhc, words: list[str]) -> None:
    mhc = MhcHere(watched.home, **watched.environ)
    assert mhc("session", "start", "--at", "1h ago").status == 0
    assert SEEN.search(mhc(*words, MHC_FORCE_TTY="100").stdout)
    safe = mhc(*words, MHC_FORCE_TTY="100", **SAFE)
    assert not SEEN.search(safe.stdout)
    assert " live " in safe.stdout or words == ["status"]


@pytest.mark.parametrize("style", ["text", "ndjson"])
def test_what_happens_is_seen_without_words_and_amounts(watched: Mhc, style: str) -> None:
    with watched.start("event", "tail", "--private", "--reveal", "-o", style, **SAFE) as process:
        assert process.stdout is not None
        lines = [process.stdout.readline() for _ in range(10)]
        process.terminate()
    text = "".join(lines)
    assert not SEEN.search(text)
    assert "hidden tk" in text or '"tokens":null' in text
    assert "viewer_one" in text


@pytest.mark.parametrize("style", ["text", "ndjson"])
def test_a_listener_says_who_comes_and_nothing_of_what_is_said(
    tmp_path: Path, feed: dict[str, str], style: str
) -> None:
    mhc = MhcHere(tmp_path, **feed, CHATURBATE_USERNAME=ROOM, DATABASE_URL=f"sqlite:///{tmp_path}/heard.db")
    run = mhc("listen", "--once", "-o", style, "--private", "--reveal", **SAFE)
    assert run.status == 0
    kept = mhc("event", "list", "--private", "--reveal", "-o", "json").json
    said = {one["text"] for one in kept if one["text"] and len(one["text"]) > 8}
    assert said
    assert not [text for text in said if text in run.stdout]
    assert not re.search(r"\d tk", run.stdout)
    assert '"tokens":0' not in run.stdout.replace('"tokens":null', "")


def test_a_card_on_a_terminal_says_what_it_hides(watched: Mhc) -> None:
    mhc = MhcHere(watched.home, **watched.environ)
    lines = mhc("person", "show", "viewer_one", "--private", "--reveal", **SAFE, MHC_FORCE_TTY="200").stdout
    said = dict(line.split(maxsplit=1) for line in lines.splitlines())
    assert {key for key, value in said.items() if value == "hidden"} == {
        "tokens",
        "tips",
        "media",
        "notes",
        "said",
        "elsewhere",
        "changed",
    }
    assert said["names"].endswith(" · hidden · hidden (identity)")
    assert "viewer_two (collaborator, hidden)" in said["with"]


def test_a_timeline_says_that_something_was_said(watched: Mhc) -> None:
    mhc = MhcHere(watched.home, **watched.environ)
    rows = mhc("person", "timeline", "viewer_one", "--fields", "kind,what,text", "--json", **SAFE).json
    what = {(row["kind"], row["what"]) for row in rows}
    assert what >= {
        ("chat", "hidden"),
        ("list", "Friends: hidden"),
        ("note", "notes: hidden"),
        ("rating", "3"),
    }
    assert {row["text"] for row in rows} == {None}


@pytest.mark.parametrize("act", ["note", "merge"])
def test_a_question_quotes_no_note_and_no_amount(watched: Mhc, act: str) -> None:
    notes = MhcHere(watched.home, **watched.environ)("note", "list", "viewer_one", "--json").json
    (number,) = (one["id"] for one in notes if one["body"] == "canarynote")
    words = (
        ["note", "remove", str(number)] if act == "note" else ["person", "merge", "viewer_one", "viewer_two"]
    )
    open_, safe = (on_terminal(watched, *words, typed="n\n", **more) for more in ({}, SAFE))
    assert open_.status == safe.status == 1
    assert SEEN.search(open_.stderr)
    assert not SEEN.search(safe.stderr)
    assert ("about viewer_one away for good?" if act == "note" else "one person, viewer_one") in safe.stderr


def test_an_export_into_a_file_is_whole_all_the_same(watched: Mhc) -> None:
    run = watched("person", "export", "viewer_one", "--private", "--reveal", "--out", "one.jsonl", **SAFE)
    assert run.status == 0, run.stderr
    text = (watched.home / "one.jsonl").read_text()
    assert {"canarynote", "canaryprivate", "canaryname", "canarypair"} <= set(SEEN.findall(text))
