"""G: hostile text in any place, out of every command, in every format."""

import csv
import io
import json
import os
import unicodedata
from collections.abc import Iterator
from pathlib import Path
from time import process_time

import pytest

from command import Mhc, MhcHere, Run
from conftest import BOTH, fresh
from docs_tree import Leaf, leaves
from domain.test_markdown import read as read_markdown
from faults import corpus
from faults.oracle import judge
from faults.server import TOKEN, FaultServer
from listening import ROOM, event, listening, page
from mhc.cli.render import runs_in_a_spreadsheet
from mhc.cli.table import width
from mhc.domain.text import encode
from mhc.store.database import Database

FORMATS = ("table", "json", "ndjson", "csv", "tsv", "name")
COLUMNS = 80
# Goes on until stopped, listens, or prints nothing that came from outside.
APART = {"listen", "event tail", "sandbox demo", "sandbox serve", "init", "db upgrade"}
# What a command is asked about; the others need no word.
WORDS: dict[str, list[list[str]]] = {
    "event list": [["--private", "--reveal", "--room", ROOM], []],
    "event show": [["--private", "--", text] for text in list(corpus.NAMES.values())[:12]],
    "person show": [["--private", "viewer_one"]],
    "person compare": [["viewer_one", ROOM]],
    "person timeline": [["--private", "viewer_one"]],
    "person search": [["e"]],
    "person add": [["--", "\x1b[31m"]],
    "person rename": [["--", "\x1b[31m", "\x9b31m"]],
    "alias list": [["viewer_one"]],
    "alias add": [["--", "\x1b[31m", "\u202e"]],
    "alias remove": [["--", "viewer_one", "\x1b[31m"]],
    "watchlist show": [["--", f"list {text}"] for text in corpus.LISTED[:4]],
    "watchlist add": [["--", "\x1b[31m", "viewer_one"]],
    "watchlist remove": [["--", "\x1b[31m", "viewer_one"]],
    "note add": [["--", "\x1b[31m", "text"]],
    "doctor": [["--offline"]],
    "inbox list": [["--private"]],
    "inbox show": [["--private", ROOM]],
    "inbox search": [["--private", "e"], ["--private", "\x1b[31m"]],
    "capture rejected": [["--private", "--reveal"]],
    "session show": [["1"]],
    "session audience": [["1", "--reveal"]],
    "session events": [["1", "--private", "--reveal"]],
    "session note": [["1", "--list"], ["1", "\x1b[31m"]],
    "session summary": [["1"]],
    "room now": [["--room", ROOM]],
    "profile show": [["viewer_one"]],
    "profile changes": [["--all"], []],
    "service print": [["\x1b[31m"]],
    "completion": [["\x1b[31m"]],
}


def fill(db: Database, folder: Path) -> None:
    """Let a listener hear the corpus, and a person type it."""
    bodies = list(corpus.events())
    with listening(db, folder / "state") as station:
        for start in range(0, len(bodies), 100):
            station.step(page(*bodies[start : start + 100], to=f"i={start}"))
        station.step(page(event(500, "userEnter"), to="i=end"))
    typing = MhcHere(
        folder, DATABASE_URL=db.url.render_as_string(hide_password=False), CHATURBATE_USERNAME=ROOM
    )
    for words in corpus.typed():
        run = typing(*words)
        assert run.status != os.EX_SOFTWARE, (words, run.stderr)
        assert_harmless(run.stderr, "\n")
    for said in corpus.profiles():
        (folder / "bio.json").write_text(json.dumps(said))
        run = typing("profile", "pull", "viewer_one", "--load", "bio.json")
        assert run.status == os.EX_OK, run.stderr


@pytest.fixture(scope="module", params=BOTH)
def heard(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[MhcHere]:
    """Give the command on a database that is full of hostile text."""
    folder = tmp_path_factory.mktemp("hostile")
    with fresh(request.param, request, folder) as db:
        fill(db, folder)
        url = db.url.render_as_string(hide_password=False)
        yield MhcHere(
            folder,
            DATABASE_URL=url,
            CHATURBATE_USERNAME=ROOM,
            CB_AUTH_TOKEN=TOKEN,
            MHC_FORCE_TTY=str(COLUMNS),
        )


def assert_harmless(text: str, allowed: str) -> None:
    """Nothing in a text moves a cursor, hides, turns or breaks a line."""
    glue = "\u200d\ufe0f"  # within emoji
    wrong = {c for c in set(text) if unicodedata.category(c) in {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}}
    assert wrong - set(allowed) - set(glue) == set(), ascii(sorted(wrong))
    for at, character in enumerate(text):
        if character == "\u200d":
            assert unicodedata.category(text[at - 1]) in {"So", "Sk", "Mn"}, ascii(text[at - 5 : at + 5])


def calls() -> Iterator[tuple[Leaf, list[str]]]:
    for leaf in leaves():
        if leaf.path not in APART:
            for words in WORDS.get(leaf.path, [[]]):
                yield leaf, words


def run_as(heard: MhcHere, leaf: Leaf, words: list[str], form: str) -> Run:
    if leaf.fields is None:
        return heard(*leaf.path.split(), *words)
    return heard(*leaf.path.split(), "-o", form, *(["-L", "0"] if leaf.is_list else []), *words)


@pytest.mark.parametrize("form", FORMATS)
def test_fault_g2_no_command_prints_a_raw_control_character_in_any_format(heard: MhcHere, form: str) -> None:
    for leaf, words in calls():
        run = run_as(heard, leaf, words, form)
        assert run.status != os.EX_SOFTWARE, (leaf.path, words, run.stderr)
        assert_harmless(
            run.stdout, "\n\t" if form in {"tsv", "csv"} or leaf.path == "service print" else "\n"
        )
        assert_harmless(run.stderr, "\n")
        if leaf.fields is None or not run.stdout:
            continue
        if form in {"json", "ndjson"}:
            assert run.stdout.isascii()
            documents = [run.stdout] if form == "json" else run.stdout.splitlines()
            assert all(isinstance(json.loads(one), dict | list) for one in documents), leaf.path
        if form == "table":
            assert all(width(encode(line)) <= COLUMNS for line in run.stdout.splitlines()), leaf.path


def test_fault_g2_every_text_comes_back_out_of_json_as_it_was(heard: MhcHere) -> None:
    rows = heard(
        "event", "list", "--private", "-o", "json", "-L", "0", "--events", "chat", "--room", ROOM
    ).json
    stored = {text.replace("\0", "\ufffd") for text in corpus.TEXTS.values()}
    stored = {"".join("\ufffd" if 0xD800 <= ord(c) < 0xE000 else c for c in text) for text in stored}
    assert {row["text"] for row in rows} == stored


def test_fault_g2_every_record_is_one_line(heard: MhcHere) -> None:
    counts = {
        form: len(heard("event", "list", "--private", "-o", form, "-L", "0").stdout.splitlines())
        for form in ("ndjson", "csv", "tsv")
    }
    assert counts["ndjson"] == counts["csv"] - 1 == counts["tsv"] - 1
    assert counts["ndjson"] > 9 * len(corpus.TEXTS)


def test_fault_g4_no_cell_of_a_csv_runs_in_a_spreadsheet(heard: MhcHere) -> None:
    formulas = 0
    for leaf, words in calls():
        foreign = {field.name for field in leaf.fields or () if field.from_outside}
        output = run_as(heard, leaf, words, "csv").stdout if foreign else ""
        for row in csv.DictReader(io.StringIO(output)):
            for name, text in row.items():
                if name.partition(".")[0] in foreign and text:
                    assert not runs_in_a_spreadsheet(text), (leaf.path, name, text)
                    formulas += text.startswith("'")
    assert formulas > 50


def test_fault_g4_a_summary_in_markdown_is_headings_lists_a_table_and_text(heard: MhcHere) -> None:
    number = heard("session", "list", "--json", "--room", ROOM).json[-1]["id"]
    run = heard("session", "summary", str(number))
    assert run.status == 0, run.stderr
    said = [token.content for one in read_markdown(run.stdout) for token in one.children or ()]
    assert run.stdout.count("\n## ") == 11
    shown = {encode(" ".join(text.split())) for text in corpus.TEXTS.values()}
    assert len([text for text in shown if any(text.lower() in one.lower() for one in said)]) > 20


@pytest.mark.parametrize(
    "key", ["path", "option", "long option", "percent s", "braces", "shell", "SQL", "LIKE"]
)
def test_fault_g5_a_name_that_looks_like_something_else_is_a_name(heard: MhcHere, key: str) -> None:
    name = corpus.TEXTS[key]
    before = sorted(path.name for path in heard.home.rglob("*") if path.is_file())
    rows = heard("event", "list", "-o", "json", "-L", "0").json
    assert name.lower() in {row["actor"] for row in rows}
    shown = heard("watchlist", "show", "-o", "json", "--", f"list {name}")
    assert [one["username"] for one in shown.json] == ["viewer_one"], shown.stderr
    for words in (["event", "show"], ["person", "show"], ["alias", "list"], ["watchlist", "show"]):
        run = heard(*words, "--", name)
        assert run.status in {0, 2, 3}, run.stderr
        assert "Traceback" not in run.stderr
    assert sorted(path.name for path in heard.home.rglob("*") if path.is_file()) == before


def test_fault_g1_nul_and_half_characters_are_marked_in_messages_and_names(heard: MhcHere) -> None:
    rows = heard("event", "list", "-o", "json", "-L", "0", "--events", "chat", "--room", ROOM).json
    assert {"a\ufffdb", "a\ufffd", "\ufffdb"} <= {row["text"] for row in rows}
    assert {"a\ufffdb", "a\ufffd", "\ufffdb"} <= {row["actor"] for row in rows}


@pytest.mark.parametrize("style", ["text", "ndjson"])
def test_fault_g2_a_listener_prints_and_logs_nothing_raw(
    run_mhc: Mhc, database: Database, database_url: str, tmp_path: Path, style: str
) -> None:
    bodies = list(corpus.events())[:-1]
    with FaultServer(len(bodies), body=lambda number: bodies[number - 1], page_size=50, longest=0) as server:
        run = run_mhc("-vv", "listen", "--once", "-o", style, "--private", **server.environ(database_url))
    assert run.status == 0, run.stderr
    assert_harmless(run.stdout, "\n")
    assert_harmless(run.stderr, "\n")
    if style == "ndjson":
        assert run.stdout.isascii()
    assert len(run.stdout.splitlines()) == judge(database, server).stored


LONG = {"a long message": "x" * 1_000_000, "many marks": "a" + "\u0301" * 100_000}


@pytest.fixture(params=LONG)
def long_text(request: pytest.FixtureRequest) -> str:
    return LONG[request.param]


def test_fault_g3_a_long_text_is_cut_with_a_count(
    sqlite_database: Database, tmp_path: Path, long_text: str
) -> None:
    with listening(sqlite_database, tmp_path / "state") as station:
        station.step(page(event(1, "chatMessage", message={"message": long_text}), to="i=1"))
    mhc = MhcHere(tmp_path, DATABASE_URL=str(tmp_path / "mhc.db"), MHC_FORCE_TTY=str(COLUMNS))
    table = mhc("event", "list", "-o", "table").stdout
    assert all(width(encode(line)) <= COLUMNS for line in table.splitlines())
    assert len(table) < 2000
    (record,) = mhc("event", "list", "-o", "json").json
    assert record["text"] == long_text
    shown = mhc("event", "show", record["event_id"]).stdout
    assert "…(+" in shown
    assert len(shown) < 10_000


def test_fault_g3_what_is_cut_is_counted(long_text: str) -> None:
    shown = encode(long_text)
    cut = sum(int(part.partition(")")[0]) for part in shown.split("…(+")[1:])
    kept = sum(len(part.partition(")")[2]) for part in ("…(+0)" + shown).split("…(+")[1:])
    assert cut + kept == len(long_text)
    assert len(shown) < 2100


@pytest.mark.prove
def test_fault_g3_a_long_text_is_encoded_in_a_moment(long_text: str) -> None:
    began = process_time()
    encode(long_text)
    assert process_time() - began < 0.05
