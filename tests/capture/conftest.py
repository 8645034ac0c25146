"""A listener for each test of this folder, on both databases."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from listening import Station, event, listening, page
from mhc.store.database import Database
from outage import Busy, Gate, able_to_go_away


@pytest.fixture
def station(database: Database, tmp_path: Path) -> Iterator[Station]:
    """Give a listener that holds the lease and has not polled yet."""
    with listening(database, tmp_path / "state") as made:
        yield made


@pytest.fixture
def local(sqlite_database: Database, tmp_path: Path) -> Iterator[Station]:
    """Give a listener on one database, for what no database answers."""
    with listening(sqlite_database, tmp_path / "state") as made:
        yield made


@pytest.fixture
def going(station: Station) -> Station:
    """Give a listener that has read one page: cursor `i=1`, good at second 1."""
    station.step(page(event(0.5), to="i=1"))
    return station


@pytest.fixture
def outage(database: Database) -> Iterator[Busy | Gate]:
    with able_to_go_away(database) as made:
        yield made


@pytest.fixture
def steady(outage: Busy | Gate, tmp_path: Path) -> Iterator[Station]:
    """Give a listener that has read one page: cursor `i=1`, good at second 1. Its waits pass at once."""
    with listening(outage.db, tmp_path / "state") as made:
        made.let_waits_pass()
        made.step(page(event(0.5), to="i=1"))
        yield made
