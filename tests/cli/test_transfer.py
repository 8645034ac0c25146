"""`mhc capture export` and `import`: whole, to another database and back, however often."""

import json
import subprocess
import sys
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import insert, update

import storied
from command import Mhc, MhcHere, Run
from conftest import fresh
from factories import ROOM, T0, happening, minute, store, tell_story, tip
from mhc import __version__
from mhc.domain.broadcasts import MERGE_GAP
from mhc.store import inventory, known, people, schema, streams
from mhc.store.bulk import Batch
from mhc.store.database import Database
from mhc.store.schema import person, person_merge
from mhc.store.streams import Kind, Moved
from terminal import on_terminal

PEOPLE = (
    "viewer_uno",
    "viewer_one",
    "viewer_two",
    "viewer_three",
    "viewer_four",
    "late_comer",
    "known_model",
)
ANSWERS = (
    ("event", "list", "--reveal", "--private", "--testbed"),
    ("person", "list", "--reveal"),
    ("person", "show", *PEOPLE, "--reveal", "--private"),
    ("alias", "list", "viewer_uno"),
    ("session", "list"),
    ("session", "list", "--include-excluded"),
    ("session", "show", "1"),
    ("report", "tippers"),
    ("report", "tippers", "--reveal", "--include-excluded", "--testbed"),
    ("report", "tippers", "--room", "second_room"),
    ("capture", "gaps"),
    ("capture", "coverage"),
    ("capture", "rejected", "--private", "--reveal"),
    ("watchlist", "list"),
    ("watchlist", "show", "Excluded"),
    ("watchlist", "show", "Quiet Ones"),
    ("note", "list"),
)


def answers(cli: MhcHere) -> list[tuple[tuple[str, ...], Any]]:
    runs = [(words, cli(*words, "-o", "json", CHATURBATE_USERNAME=ROOM)) for words in ANSWERS]
    assert [run.stderr for _, run in runs if run.status] == []
    return [(words, run.json) for words, run in runs]


def exported(cli: MhcHere, *words: str) -> list[dict[str, Any]]:
    """Give an export's lines, but for the header."""
    run = cli("capture", "export", *words)
    assert run.status == 0, run.stderr
    assert run.stdout.isascii()
    assert not [c for c in run.stdout if c != "\n" and not c.isprintable()]
    return [json.loads(line) for line in run.stdout.splitlines()[1:]]


def imported(cli: MhcHere, text: str, *words: str) -> Run:
    return cli("capture", "import", "-", "-o", "json", *words, stdin=text)


def news(run: Run) -> dict[str, int]:
    assert run.status == 0, run.stderr
    return {row["what"]: row["new"] for row in run.json if row["new"]}


@pytest.fixture
def copy(request: pytest.FixtureRequest, database: Database, tmp_path: Path) -> Iterator[Database]:
    """Give an empty database of the other kind."""
    (tmp_path / "copy").mkdir()
    with fresh("postgresql" if database.is_sqlite else "sqlite", request, tmp_path / "copy") as db:
        yield db


@pytest.fixture
def there(copy: Database, tmp_path: Path) -> MhcHere:
    """Give the command on the other database."""
    url = copy.url.render_as_string(hide_password=False)
    return MhcHere(tmp_path / "copy", DATABASE_URL=url)


@pytest.mark.parametrize("origin", ["manual", "observed"])
def test_a_session_that_began_with_an_event_and_goes_on_without_keeps_its_end(
    database: Database, cli: MhcHere, copy: Database, there: MhcHere, origin: str
) -> None:
    with database.write() as conn:
        store(
            conn, [happening(0, "broadcastStart"), tip(5, "viewer_one", 25), happening(20, "broadcastStop")]
        )
        times = {"ended_at": minute(60), "origin": origin}
        conn.execute(update(schema.stream_session).values(**times))
        store(conn, [tip(40, "viewer_one", 50)], page=1)
    whole = cli("capture", "export").stdout
    assert news(imported(there, whole))["session"] == 1
    listed = there("session", "list", "--json").json
    assert [(one["origin"], one["ended_at"], one["tokens"]) for one in listed] == [
        (origin, "2026-01-01T19:00:00Z", 75)
    ]
    assert exported(there) == exported(cli)
    assert inventory.problems(copy, MERGE_GAP) == []
    assert news(imported(there, whole)) == {}


@pytest.mark.parametrize("seed", [1, 2])
def test_after_an_import_every_answer_is_the_same(
    database: Database, cli: MhcHere, copy: Database, there: MhcHere, seed: int
) -> None:
    storied.fill(database, cli, seed)
    whole = cli("capture", "export").stdout
    run = imported(there, whole)
    assert (run.status, run.stderr) == (0, "")
    assert answers(there) == answers(cli)
    assert exported(there) == exported(cli)
    assert inventory.problems(copy, MERGE_GAP) == []
    assert news(imported(there, whole)) == {}
    assert exported(there) == exported(cli)
    assert news(imported(cli, whole)) == {}
    assert exported(there) == exported(cli)


@pytest.fixture
def told(database: Database) -> Database:
    tell_story(database)
    return database


def test_the_lines_are_those_that_are_documented(told: Database, cli: MhcHere) -> None:
    run = cli("capture", "export")
    header = json.loads(run.stdout.splitlines()[0])
    assert (header.pop("exported_at")[-1], header.pop("version")) == ("Z", __version__)
    assert header == {
        "mhc_export": 1, "schema": schema.REVISION, "rooms": None, "since": None, "until": None,
    }  # fmt: skip
    lines = [json.loads(line) for line in run.stdout.splitlines()[1:]]
    by_type = {line["type"]: line for line in reversed(lines)}
    assert by_type["stream"] == {
        "type": "stream", "ref": 1, "room": 1, "kind": "live", "host": "testserver", "cursor": None,
        "cursor_at": None, "last_poll_ok_at": None, "served_age_max": 0,
    }  # fmt: skip
    first = by_type["event"]
    assert json.loads(first.pop("raw"))["method"] == "broadcastStart"
    assert first == {
        "type": "event", "stream": 1, "id": "1767290400000-0", "received_at": "2026-01-01T18:40:00Z",
        "room": 1, "actor": None, "partner": None,
    }  # fmt: skip
    assert lines[-1] == {
        "type": "end",
        "counts": {"watchlist": 5, "person": 3, "stream": 1, "event": 21, "coverage": 2, "session": 2},
    }


def test_a_file_is_new_and_the_owners_alone(told: Database, cli: MhcHere) -> None:
    path = cli.home / "capture.jsonl"
    run = cli("capture", "export", "--out", "capture.jsonl")
    assert (run.status, run.stdout, run.stderr) == (0, "", "exported 21 events to capture.jsonl\n")
    assert path.stat().st_mode & 0o777 == 0o600
    before = path.read_text()
    run = cli("capture", "export", "--out", "capture.jsonl")
    assert (run.status, run.stderr) == (2, "mhc: capture.jsonl is there already\nhint: -y replaces it\n")
    assert path.read_text() == before
    path.chmod(0o644)
    assert cli("capture", "export", "--out", "capture.jsonl", "-y").status == 0
    assert path.stat().st_mode & 0o777 == 0o600
    assert [one.name for one in cli.home.iterdir() if "capture.jsonl" in one.name] == ["capture.jsonl"]


def test_a_terminal_is_shown_nothing_that_is_private(told: Database, cli: MhcHere) -> None:
    installed = Mhc(cli.home, **cli.environ)
    run = on_terminal(installed, "capture", "export")
    assert (run.status, run.stdout) == (2, "")
    assert run.stderr.endswith("hint: --out FILE, or a pipe\n")
    run = on_terminal(installed, "capture", "export", "--out", "-")
    assert (run.status, '"type":"event"' in run.stdout) == (0, True)


def test_a_dash_is_stdout(told: Database, cli: MhcHere) -> None:
    run = cli("capture", "export", "--out", "-")
    assert (run.status, run.stderr, run.stdout.count('"type":"event"')) == (0, "", 21)
    assert not (cli.home / "-").exists()


@pytest.mark.parametrize("more", [[], ["-y"]])
def test_what_is_no_file_is_not_written(told: Database, cli: MhcHere, more: list[str]) -> None:
    (cli.home / "folder").mkdir()
    for name in ("folder", ".", "/"):
        run = cli("capture", "export", "--out", name, *more)
        assert (run.status, run.stderr) == (2, f"mhc: {name} is a directory\nhint: --out FILE\n")
    run = cli("capture", "export", "--out", "", *more)
    assert (run.status, run.stdout, run.stderr) == (2, "", "mhc: --out is empty\n")
    assert list(cli.home.rglob(".*.part")) == []


def test_what_a_killed_export_leaves_is_named_like_every_such_file(told: Database, cli: MhcHere) -> None:
    (cli.home / "capture.jsonl").touch()
    script = (
        "import os, sys\nfrom mhc.__main__ import main\n"
        "sys.argv[1:] = ['capture', 'export', '-y', '--out', 'capture.jsonl']\n"
        "def kill(event, args):\n"
        "    if event == 'os.rename' and '.jsonl' in str(args[0]):\n"
        "        os.kill(os.getpid(), 9)\n"
        "sys.addaudithook(kill)\n"
        "main()\n"
    )
    killed = subprocess.run(
        [sys.executable, "-c", script], env=cli.environ, cwd=cli.home, check=False, timeout=60
    )
    assert killed.returncode == -9
    (left,) = cli.home.glob(".capture.jsonl.*.part")
    (row,) = (one for one in cli("doctor", "--offline", "--json").json if one["check"] == "unfinished files")
    assert (row["state"], left.name in row["detail"]) == ("warning", True)


@pytest.mark.parametrize("more", [[], ["-y"]])
def test_a_link_is_never_followed(told: Database, cli: MhcHere, more: list[str]) -> None:
    precious = cli.home / "precious"
    precious.write_text("mine")
    (cli.home / "link").symlink_to(precious)
    (cli.home / "loose").symlink_to(cli.home / "nowhere")
    assert cli("capture", "export", "--out", "link", *more).status == (0 if more else 2)
    assert cli("capture", "export", "--out", "loose", *more).status == (0 if more else 2)
    assert precious.read_text() == "mine"
    assert not (cli.home / "nowhere").exists()


def test_what_cannot_be_written_is_said(told: Database, cli: MhcHere) -> None:
    run = cli("capture", "export", "--out", "missing/capture.jsonl")
    assert (run.status, "missing/capture.jsonl" in run.stderr) == (74, True)
    assert cli("capture", "import", "missing.jsonl").status == 3


def test_who_exported_what_stands_in_the_audit_log(told: Database, cli: MhcHere) -> None:
    cli("capture", "export", "--out", "a.jsonl", "--room", ROOM, "--since", "2026-01-02T00:00:00Z")
    cli("capture", "export", "--out", "a.jsonl")  # refused
    cli("capture", "import", "a.jsonl")
    cli("capture", "import", "a.jsonl", "-n")
    path = cli.home / "state" / "audit.log"
    first, second, third = (json.loads(line) for line in path.read_text().splitlines())
    assert path.stat().st_mode & 0o777 == 0o600
    assert {
        "act": "capture export",
        "file": "a.jsonl",
        "rooms": [ROOM],
        "complete": True,
    }.items() <= first.items()
    assert (first["since"], first["lines"]["event"]) == ("2026-01-02T00:00:00Z", 6)
    assert (second["act"], second["complete"]) == ("capture export", False)
    assert (third["act"], third["file"], third["complete"], third["new"]) == (
        "capture import",
        "a.jsonl",
        True,
        {},
    )
    assert "viewer_one" not in path.read_text()


def test_without_an_audit_log_nothing_leaves(told: Database, cli: MhcHere) -> None:
    (cli.home / "state").mkdir()
    (cli.home / "state" / "audit.log").mkdir()
    run = cli("capture", "export")
    assert (run.status, run.stdout, "audit log" in run.stderr) == (78, "", True)


def test_a_part_holds_its_people_and_claims_no_more_than_it_holds(
    told: Database, cli: MhcHere, there: MhcHere
) -> None:
    cli("note", "add", "viewer_one", "nice")
    cli("note", "add", "viewer_two", "not in it")
    for number in ("1", "2"):
        assert cli("session", "note", number, f"of session {number}").status == 0
    words = ("--room", ROOM, "--since", "2026-01-02T00:00:00Z", "--until", "2026-01-02T18:10:00Z")
    lines = exported(cli, *words)
    assert [one["username"] for one in lines if one["type"] == "person"] == [ROOM, "viewer_one"]
    (span,) = (one for one in lines if one["type"] == "coverage")
    assert (span["from"], span["to"]) == ("2026-01-02T17:50:00Z", "2026-01-02T18:10:00Z")
    assert [one["body"] for one in lines if one["type"] == "note"] == ["nice"]
    assert [one["body"] for one in lines if one["type"] == "session_note"] == ["of session 2"]
    assert imported(there, cli("capture", "export", *words).stdout).status == 0
    assert len(there("event", "list", "-o", "json").json) == 3
    assert cli("capture", "export", "--room", "nobody").status == 3


def test_parts_make_the_whole_in_any_order(
    told: Database, cli: MhcHere, copy: Database, there: MhcHere
) -> None:
    cut = "2026-01-01T18:06:30Z"
    late = cli("capture", "export", "--since", cut).stdout
    early = cli("capture", "export", "--until", cut).stdout
    for part in (late, early, late):
        assert imported(there, part).status == 0
    assert inventory.problems(copy, MERGE_GAP) == []
    for words in (("event", "list"), ("session", "list", "--fields", "started_at,tokens,unique_visitors")):
        assert there(*words, "-o", "json").stdout == cli(*words, "-o", "json").stdout


def test_a_rehearsal_says_what_would_be_new_and_writes_nothing(
    told: Database, cli: MhcHere, copy: Database, there: MhcHere
) -> None:
    whole = cli("capture", "export").stdout
    would = imported(there, whole, "-n")
    assert there("event", "list", "-o", "json").json == []
    assert not list((there.home / "state").glob("audit.log"))
    assert news(would) == {"event": 21, "person": 3, "stream": 1, "coverage": 2}
    assert news(imported(there, whole)) == news(would)
    assert news(imported(there, whole, "-n")) == {}


def test_a_file_that_ends_early_is_said_and_the_whole_one_completes_it(
    told: Database, cli: MhcHere, there: MhcHere
) -> None:
    whole = cli("capture", "export").stdout
    lines = whole.splitlines(keepends=True)
    for part in ("".join(lines[:20]), "".join(lines[:20]) + lines[20][:30], "".join(lines[:-1])):
        run = imported(there, part)
        assert (run.status, run.error["code"]) == (65, "data") if run.stderr[0] == "{" else run.status == 65
        assert "importing the whole file completes it" in run.stderr
        assert there("capture", "coverage", "-o", "json").json == []
    assert "ends early, after line" in run.stderr
    without_one = "".join(line for number, line in enumerate(lines) if number != 15)
    run = imported(there, without_one)
    assert (run.status, "1 line is missing" in run.stderr) == (65, True)
    assert "2 captured times were left out, since lines are missing" in run.stderr
    assert there("capture", "coverage", "-o", "json").json == []  # the line may have been one of their events
    assert imported(there, whole).status == 0
    assert exported(there) == exported(cli)


def test_lines_that_do_not_fit_are_named_and_cost_themselves_only(
    told: Database, cli: MhcHere, there: MhcHere
) -> None:
    lines = cli("capture", "export").stdout.splitlines()
    places = [number for number, line in enumerate(lines) if '"type":"event"' in line]
    for place, change in zip(places, (
        lambda one: one | {"stream": "secret_viewer"},
        lambda one: one | {"actor": 99},
        lambda one: one | {"stream": 7},
        lambda one: one | {"id": "1-1"},
        lambda one: one | {"raw": "secret_viewer"},
        lambda one: one | {"raw": None, "raw_base64": "?"},
        lambda one: one | {"type": "secret_viewer"},
        lambda one: one | {"received_at": "2026-01-01T00:00:00"},
    ), strict=False):  # fmt: skip
        lines[place] = json.dumps(change(json.loads(lines[place])))  # type: ignore[no-untyped-call]
    lines[places[8]] = "[" * 100_000
    run = imported(there, "\n".join([*lines, "{}"]))
    assert run.status == 65
    assert "secret_viewer" not in run.stderr
    assert [line.split(":")[1].strip() for line in run.stderr.splitlines() if line.startswith("warning: line")] == [
        *(f"line {place + 1}" for place in places[:9]), f"line {len(lines) + 1}",
    ]  # fmt: skip
    assert len(there("event", "list", "-o", "json").json) == 21 - 9
    assert there("capture", "coverage", "-o", "json").json == []  # nobody may say that all of it is here
    assert "captured times were left out" in run.stderr


def changed(text: str, of_type: str, /, **more: Any) -> str:
    """Give an export in which the first line of a type says something else."""
    lines = text.splitlines()
    place = next(number for number, line in enumerate(lines) if f'"type":"{of_type}"' in line)
    lines[place] = json.dumps(json.loads(lines[place]) | more)
    return "\n".join(lines)


@pytest.mark.parametrize(
    "name", ["=room_one\nrm -rf x", "a\x1b[2Jb", "Viewer_One", " viewer_one", "Anonymous"]
)
def test_a_username_that_nobody_can_have_does_not_fit(
    told: Database, cli: MhcHere, there: MhcHere, name: str
) -> None:
    whole = cli("capture", "export").stdout
    names = {"valid_from": None, "valid_to": None, "source": "manual"}
    for more in ({"username": name}, {"aliases": [{"username": name} | names]}):
        run = imported(there, changed(whole, "person", **more))
        assert (run.status, "a username that nobody can have" in run.stderr) == (65, True)
        assert "rm -rf" not in run.stderr
    assert name not in {one["username"] for one in there("person", "list", "-o", "json").json}


def test_an_error_quotes_nothing_of_a_line(told: Database, cli: MhcHere, there: MhcHere) -> None:
    whole = cli("capture", "export").stdout
    for kind, more, said in (
        ("stream", {"kind": "PRIVATE - at home"}, "what stands at `$.kind` does not fit"),
        ("person", {"role": "PRIVATE"}, "what stands at `$.role` does not fit"),
        ("event", {"type": "PRIVATE"}, "what stands at `$.type` does not fit"),
        ("event", {"stream": "PRIVATE"}, "Expected `int`, got `str` - at `$.stream`"),
    ):
        run = imported(there, changed(whole, kind, **more), "-n")
        assert (run.status, "PRIVATE" in run.stderr) == (65, False)
        assert said in run.stderr


def test_free_text_of_a_file_runs_in_no_spreadsheet(told: Database, cli: MhcHere, there: MhcHere) -> None:
    assert cli("note", "add", "viewer_one", "hello").status == 0
    formula = '=HYPERLINK("x")'
    whole = changed(cli("capture", "export").stdout, "note", category=formula)
    whole = changed(whole, "stream", host=formula)
    names = [{"username": "viewer_uno", "valid_from": None, "valid_to": None, "source": formula}]
    whole = changed(whole, "person", aliases=names)
    at = "2026-01-01T00:00:00Z"
    *lines, end = whole.splitlines()
    gap = {"type": "gap", "stream": 1, "from": None, "to": at, "cause": formula, "certainty": "certain"}
    rejected = {"type": "rejected", "stream": 1, "hash": formula, "received_at": at, "reason": formula}
    rejected |= {"size": 1, "count": 1, "raw": "x"}
    assert imported(there, "\n".join([*lines, json.dumps(gap), json.dumps(rejected), end])).status == 0
    for words in (
        ("capture", "gaps"),
        ("capture", "rejected", "--fields", "reason,hash"),
        ("capture", "status", "--fields", "host"),
        ("note", "list"),
        ("alias", "list", "viewer_uno"),
    ):
        shown = there(*words, "-o", "csv").stdout
        assert "HYPERLINK" in shown, words
        assert shown.count("HYPERLINK") == shown.count("'=HYPERLINK"), words


@pytest.mark.parametrize("text", ["", "\n", "{}", '{"mhc_export": "x"}', "no export", "\x00"])
def test_what_is_no_export_is_refused(cli: MhcHere, database: Database, text: str) -> None:
    run = cli("capture", "import", "-", stdin=text)
    assert (run.status, "no export of mhc" in run.stderr) == (65, True)


def test_the_export_of_a_newer_mhc_is_refused(told: Database, cli: MhcHere, there: MhcHere) -> None:
    run = imported(there, cli("capture", "export").stdout.replace('"mhc_export":1', '"mhc_export":2', 1))
    assert (run.status, run.error["hint"]) == (65, "install a newer mhc")


def test_the_same_id_with_another_body_is_rejected_once(told: Database, cli: MhcHere, there: MhcHere) -> None:
    whole = cli("capture", "export").stdout
    assert imported(there, whole).status == 0
    other = whole.replace('\\"tokens\\": 25', '\\"tokens\\": 26')
    for expected in (1, 0):
        run = imported(there, other)
        assert (run.status, "1 event has an id" in run.stderr) == (0, bool(expected))
    (row,) = there("capture", "rejected", "-o", "json").json
    assert (row["count"], row["reason"]) == (1, "its id is stored already, with another body")
    assert there("event", "list", "-o", "json").stdout == cli("event", "list", "-o", "json").stdout


def test_a_running_listener_keeps_its_place(
    told: Database, cli: MhcHere, copy: Database, there: MhcHere
) -> None:
    with copy.write() as conn:
        source = streams.ensure(conn, ROOM, Kind.LIVE, "testserver", T0)
        streams.take_lease(conn, source.id, "host/1", now=T0, valid=timedelta(days=1), lock_held=True)
        held = streams.get(conn, source.id)
        moved = Moved("i=here&timeout=10", 7)
        assert known.take(Batch(conn), held, (), now=T0, valid=timedelta(days=1), moved=moved)
        before = streams.get(conn, source.id)
    assert imported(there, cli("capture", "export").stdout).status == 0
    with copy.read() as conn:
        assert streams.get(conn, source.id) == before


def test_a_room_that_is_new_here_goes_on_where_it_was(
    database: Database, cli: MhcHere, copy: Database, there: MhcHere
) -> None:
    storied.fill(database, cli)
    assert imported(there, cli("capture", "export").stdout).status == 0
    with copy.read() as conn:
        (live,) = (one for one in streams.list_all(conn, ROOM) if one.kind == "live")
    assert (live.cursor, live.served_age_max, live.owner, live.epoch) == ("i=1&timeout=10", 5000, None, 0)


def test_what_is_here_stays(told: Database, cli: MhcHere, copy: Database, there: MhcHere) -> None:
    tell_story(copy)
    for where, name, title in ((cli, "viewer_there", "Theirs"), (there, "viewer_here", "Ours")):
        where("person", "rename", "viewer_two", name)
        at = {"CHATURBATE_USERNAME": ROOM}
        assert where("session", "start", "--at", "2026-02-01 20:00", "--title", title, **at).status == 0
        assert where("session", "stop", "--at", "2026-02-01 21:00", **at).status == 0
    run = imported(there, cli("capture", "export").stdout)
    assert news(run) == {"person": 1}  # who is called otherwise now is somebody else, until they are merged
    titles = [one["title"] for one in there("session", "list", "-o", "json").json]
    assert titles == ["Ours", None, None]
    assert there("event", "list", "-o", "json").json[0]["actor"] != "viewer_there"


def test_importing_after_a_rename_here_finds_the_same_person(
    told: Database, cli: MhcHere, copy: Database, there: MhcHere
) -> None:
    whole = cli("capture", "export").stdout
    assert imported(there, whole).status == 0
    assert there("person", "rename", "viewer_two", "viewer_here").status == 0
    assert news(imported(there, whole)) == {}
    assert {one["username"] for one in there("person", "list", "-o", "json").json} == {
        ROOM,
        "viewer_one",
        "viewer_here",
    }


def test_who_bore_a_name_when_the_file_was_made_is_meant_by_it(
    told: Database, cli: MhcHere, there: MhcHere
) -> None:
    whole = cli("capture", "export").stdout
    for later in ("first", "second", None):
        assert there("person", "add", "viewer_two").status == 0
        if later is not None:
            assert there("person", "rename", "viewer_two", later).status == 0
    run = imported(there, whole)
    assert (run.status, run.stderr) == (0, "")
    actors = {one["actor"] for one in there("event", "list", "-o", "json").json if one["actor"]}
    assert actors == {ROOM, "viewer_one", "first"}
    run = there("alias", "list", "first", "-o", "json")
    assert [one["username"] for one in run.json if one["valid_to"] is None] == ["first"]


def test_a_merge_that_contradicts_one_that_is_here_is_left_out(
    told: Database, cli: MhcHere, copy: Database, there: MhcHere
) -> None:
    tell_story(copy)
    for db, keep, other in ((told, "viewer_one", "viewer_two"), (copy, "viewer_two", "viewer_one")):
        with db.write() as conn:
            ids = people.ids_of(conn, [keep, other])
            pair = {"keep_id": ids[keep], "other_id": ids[other]}
            conn.execute(insert(person_merge).values(**pair, reason="by hand", at=T0, undone_at=None))
            conn.execute(update(person).where(person.c.id == ids[other]).values(canonical_id=ids[keep]))
    run = imported(there, cli("capture", "export").stdout)
    assert (run.status, "1 merge was left out" in run.stderr) == (0, True)
    assert there("person", "show", "viewer_one", "-o", "json").json["username"] == "viewer_two"


def test_a_chain_of_merges_is_whole_in_a_part_of_a_capture(
    told: Database, cli: MhcHere, copy: Database, there: MhcHere
) -> None:
    cli("person", "add", "first", "second")
    for keep, other in (("second", "viewer_two"), ("first", "second")):
        assert cli("person", "merge", keep, other).status == 0
    assert told.is_sqlite != copy.is_sqlite
    run = imported(there, cli("capture", "export", "--room", ROOM).stdout)
    assert (run.status, run.stderr) == (0, "")
    assert there("person", "show", "viewer_two", "-o", "name").stdout == "first\n"
    assert inventory.problems(copy, MERGE_GAP) == []
    assert there("person", "unmerge", "second").status == 0
    assert there("person", "show", "viewer_two", "-o", "name").stdout == "second\n"


def test_who_was_parted_and_merged_again_there_is_so_here(
    told: Database, cli: MhcHere, copy: Database, there: MhcHere
) -> None:
    assert told.is_sqlite != copy.is_sqlite
    merge = ("person", "merge", "viewer_one", "viewer_two")
    assert cli(*merge).status == 0
    imported(there, cli("capture", "export").stdout)
    assert cli("person", "unmerge", "viewer_two").status == 0
    parted = cli("capture", "export").stdout
    assert cli(*merge).status == 0
    for _ in range(2):
        run = imported(there, cli("capture", "export").stdout)
        assert (run.status, run.stderr) == (0, "")
        assert there("person", "show", "viewer_two", "-o", "name").stdout == "viewer_one\n"
        assert inventory.problems(copy, MERGE_GAP) == []
    assert exported(there) == exported(cli)
    imported(there, parted)  # an older file does not part them again
    assert there("person", "show", "viewer_two", "-o", "name").stdout == "viewer_one\n"
