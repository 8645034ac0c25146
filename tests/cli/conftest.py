"""What several files of this folder begin with."""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

import roompages
from backing import told
from command import MhcHere
from mhc.sandbox.server import Sandbox
from mhc.store.database import Database


@pytest.fixture
def mhc(database: Database, tmp_path: Path) -> MhcHere:
    """Give the command on a database that holds two shows and what a person typed, on both databases."""
    return told(database, tmp_path)


@pytest.fixture
def on_sqlite(sqlite_database: Database, tmp_path: Path) -> MhcHere:
    """Give it on a file only: for what is the same on both."""
    return told(sqlite_database, tmp_path)


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    """Give a feed with 400 events that happened already."""
    with Sandbox(speed=0, events=400, seed=3) as running:
        yield running


@pytest.fixture(autouse=True)
def reads_rooms_now(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let pages of rooms be read at about the time of the test, however long ago its file was: readings grow old."""
    monkeypatch.setattr(roompages, "NOW", datetime.now(UTC))
