"""Backups as a test makes them, and every answer of a database, to be compared."""

import stat
from pathlib import Path
from typing import Any

from command import Mhc, MhcHere
from factories import tell_story
from mhc.store.database import Database

READS = (
    ("event", "list", "--reveal", "--private", "--testbed"),
    ("person", "list", "--reveal"),
    ("person", "search", "viewer"),
    ("person", "show", "viewer_one", "viewer_two", "--reveal", "--private"),
    ("alias", "list", "viewer_one"),
    ("session", "list"),
    ("session", "show"),
    ("report", "tippers", "--reveal"),
    ("capture", "status"),
    ("capture", "gaps"),
    ("capture", "coverage"),
    ("capture", "rejected", "--private", "--reveal"),
    ("watchlist", "list"),
    ("watchlist", "show", "Friends"),
    ("note", "list", "viewer_one"),
    ("note", "search", "song"),
    ("attr", "history", "viewer_one"),
    ("relation", "history", "viewer_one"),
    ("person", "name", "viewer_one", "--reveal"),
    ("person", "rate", "viewer_one", "--history"),
    ("pair", "list"),
    ("link", "list"),
    ("snapshot", "list"),
)
TYPED = (
    ("attr", "set", "viewer_one", "language=french"),
    ("relation", "set", "viewer_one", "--role", "friend"),
    ("person", "name", "viewer_one", "--private", "Nick"),
    ("person", "rate", "viewer_one", "3"),
    ("pair", "add", "viewer_one", "viewer_two"),
    ("link", "add", "viewer_one", "twitter", "viewer"),
)


def answers(mhc: Mhc) -> list[Any]:
    """Give what every command that reads says."""
    runs = [mhc(*words, "-o", "json") for words in READS]
    assert [(run.status, len(run.stdout) > 2) for run in runs] == [(0, True)] * len(runs)
    return [run.json for run in runs]


def told(db: Database, folder: Path) -> MhcHere:
    """Give the command on a database that holds two shows and what a person typed."""
    tell_story(db)
    db.close()
    mhc = MhcHere(folder, DATABASE_URL=db.url.render_as_string(hide_password=False))
    assert mhc("note", "add", "viewer_two", "asked for a song").status == 0
    assert mhc("watchlist", "add", "Friends", "viewer_one").status == 0
    assert [mhc(*words).status for words in TYPED] == [0] * len(TYPED)
    return mhc


def mode(path: Path) -> int:
    """Give who may do what with a file."""
    return stat.S_IMODE(path.stat().st_mode)


def backed_up(mhc: Mhc, *words: str) -> dict[str, Any]:
    """Make a backup, and give what was said of it."""
    run = mhc("db", "backup", "-o", "json", *words)
    assert run.status == 0, run.stderr
    made = run.json
    assert isinstance(made, dict)
    return made
