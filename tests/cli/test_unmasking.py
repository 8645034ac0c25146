"""--reveal and --private leave a line in the audit log, whatever command takes them; who cannot write it may look."""

import json
import os
import pwd
from pathlib import Path

import pytest

from command import Mhc, MhcHere, Run
from docs_tree import leaves
from factories import tell_story
from mhc.sandbox.server import Sandbox
from mhc.store.database import Database

# Each command that takes one of the two, by what it needs to run.
CALLS = {
    "capture rejected": ("capture", "rejected"),
    "event list": ("event", "list"),
    "event show": ("event", "show", "no-such-id"),
    "event tail": ("event", "tail", "--room", "no_such_room"),
    "person list": ("person", "list"),
    "person name": ("person", "name", "viewer_one"),
    "person search": ("person", "search", "one"),
    "person show": ("person", "show", "viewer_one"),
    "person compare": ("person", "compare", "viewer_one", "viewer_two"),
    "person timeline": ("person", "timeline", "viewer_one"),
    "inbox list": ("inbox", "list"),
    "inbox show": ("inbox", "show", "viewer_one"),
    "inbox search": ("inbox", "search", "psst"),
    "note search": ("note", "search", "psst"),
    "import chat": ("import", "chat", "-"),
    "import pm": ("import", "pm", "-"),
    "person export": ("person", "export", "viewer_one"),
    "report tippers": ("report", "tippers"),
    "report audience": ("report", "audience", "1"),
    "report spending": ("report", "spending", "viewer_one"),
    "report timing": ("report", "timing", "viewer_one"),
    "session audience": ("session", "audience", "1"),
    "session events": ("session", "events", "1"),
    "listen": ("listen", "--once", "--forward-to", "https://CANARY0HOST.example.org/"),
}


@pytest.fixture
def mhc(sqlite_database: Database, tmp_path: Path) -> MhcHere:
    tell_story(sqlite_database)
    return MhcHere(tmp_path, DATABASE_URL=sqlite_database.url.render_as_string())


def noted(mhc: Mhc) -> list[tuple[str, list[str]]]:
    """Give act and options of each line about them, which has no more than that, the time and the user."""
    path = mhc.home / "state" / "audit.log"
    lines = [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []
    lines = [line for line in lines if "shown" in line]  # an export has a line of its own beside it
    assert all(list(line) == ["at", "act", "who", "shown"] for line in lines)
    assert {line["who"] for line in lines} <= {pwd.getpwuid(os.getuid()).pw_name}
    return [(line["act"], line["shown"]) for line in lines]


def options_of(path: str) -> set[str]:
    (leaf,) = [one for one in leaves() if one.path == path]
    return {str(one.name) for one in leaf.command.params} & {"reveal", "private"}


def test_no_command_that_takes_them_is_forgotten() -> None:
    assert {one.path for one in leaves() if options_of(one.path)} == set(CALLS)


@pytest.mark.parametrize("path", CALLS)
def test_each_leaves_a_line_that_says_which_and_no_more(mhc: MhcHere, path: str) -> None:
    given = sorted(options_of(path), reverse=True)
    mhc(*CALLS[path])
    assert noted(mhc) == []  # as it is, nothing is noted
    for one in given:
        mhc(*CALLS[path], f"--{one}")
    mhc(*CALLS[path], *(f"--{one}" for one in given))
    assert noted(mhc) == [*((path, [one]) for one in given), (path, given)]


def test_a_listener_leaves_one_line_a_start(run_mhc: Mhc) -> None:
    with Sandbox(speed=0, events=5) as sandbox:
        token = {"CHATURBATE_USERNAME": sandbox.room, "CB_AUTH_TOKEN": sandbox.token}
        run = run_mhc("listen", "--once", "--reveal", "--private", MHC_EVENTS_URL=sandbox.url, **token)
    assert (run.status, noted(run_mhc)) == (0, [("listen", ["reveal", "private"])])


def test_where_it_cannot_be_written_the_owner_may_look_all_the_same(mhc: MhcHere) -> None:
    def look(*words: str) -> Run:
        return mhc("event", "list", "--private", "-o", "json", *words, MHC_STATE_DIR="/dev/null/state")

    run = look()
    assert (run.status, len(run.json)) == (0, 21)
    assert run.stderr.startswith("warning: cannot write the audit log /dev/null/state/audit.log: ")
    assert run.stderr.count("\n") == 1
    assert look("-q").stderr == ""
