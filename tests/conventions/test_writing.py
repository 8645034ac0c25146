"""Every writing command shows with -n what it would write, and asks nobody where nobody can answer; the others write nothing."""

import hashlib
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from calls import call_of
from command import Cold, Mhc, MhcHere
from conventions_ready import Ready
from docs_tree import Leaf, leaves
from terminal import on_terminal

WRITING = [leaf for leaf in leaves() if "Writing" in leaf.sets]
OTHERS = [leaf for leaf in leaves() if "Writing" not in leaf.sets]
each_writing = pytest.mark.parametrize("leaf", WRITING, ids=lambda leaf: leaf.path)
each_other = pytest.mark.parametrize("leaf", OTHERS, ids=lambda leaf: leaf.path)


def words(leaf: Leaf) -> list[str]:
    return [*leaf.path.split(), *call_of(leaf).split]


def state_of(home: Path) -> tuple[str, dict[str, str]]:
    """Give all rows of the database, and every other file, as hashes; the audit log notes what is only read, too."""
    with closing(sqlite3.connect(home / "mhc.db")) as conn:
        rows = hashlib.sha256("\n".join(conn.iterdump()).encode()).hexdigest()
    files = [
        path for path in home.rglob("*") if path.is_file() and not path.name.startswith(("mhc.db", "audit"))
    ]
    return rows, {str(path): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


@each_writing
def test_a_dry_run_writes_nothing_and_says_what_it_would_do(ready: Ready, leaf: Leaf) -> None:
    mhc = ready(leaf, MhcHere)
    before = state_of(mhc.home)
    run = mhc(*words(leaf), "-n")
    assert run.status == 0, run.stderr
    assert run.stdout or "would" in run.stderr
    assert mhc(*words(leaf), "--dry-run", "-y", "--no-input").status == 0
    assert state_of(mhc.home) == before


@each_writing
def test_without_a_terminal_nothing_is_asked(ready: Ready, leaf: Leaf) -> None:
    mhc = ready(leaf, MhcHere)
    before = state_of(mhc.home)
    run = mhc(*words(leaf), "-y", MHC_NO_INPUT="1")
    assert run.status == 0, run.stderr
    assert (state_of(mhc.home) != before) == (call_of(leaf).idle == "")


@each_writing
def test_no_input_on_a_terminal_asks_nothing_either(ready: Ready, leaf: Leaf) -> None:
    starts = Cold if leaf.fields is None else Mhc  # those that print rows are started in test_streams.py
    run = on_terminal(ready(leaf, starts), *words(leaf), "--no-input")
    assert run.status == 0, run.stderr
    assert "?" not in run.stderr


@each_other
def test_a_command_without_a_dry_run_writes_nothing(ready: Ready, leaf: Leaf) -> None:
    call = call_of(leaf)
    if call.endless or call.apart:
        assert call.feed or call.prints or call.apart
        return
    mhc = ready(leaf, MhcHere)
    before = state_of(mhc.home)
    run = mhc(*words(leaf))
    assert run.status in {0, 4}, run.stderr
    assert state_of(mhc.home) == before, f"mhc {leaf.path} writes: it wants @write_options"
