"""A listener for each test of this folder, on both databases."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from listening import Station, event, listening, page
from mhc.store.database import Database


@pytest.fixture
def station(database: Database, tmp_path: Path) -> Iterator[Station]:
    """Give a listener that holds the lease and has not polled yet."""
    with listening(database, tmp_path / "state") as made:
        yield made


@pytest.fixture
def going(station: Station) -> Station:
    """Give a listener that has read one page: cursor `i=1`, good at second 1."""
    station.step(page(event(0.5), to="i=1"))
    return station
