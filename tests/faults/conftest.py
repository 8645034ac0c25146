"""What the fault tests share: listeners, and the look for tokens in all that a test left behind."""

from collections.abc import Iterator
from pathlib import Path

import pytest

import listening
import wire
from command import Mhc, Run
from faults import canary, server
from listening import Station, event, page
from mhc.sandbox.server import TOKEN as SANDBOX_TOKEN
from mhc.store.database import Database

CANARIES = frozenset({server.TOKEN, listening.TOKEN, wire.TOKEN, SANDBOX_TOKEN})


class Watched(Mhc):
    """The installed command, whose output is kept until the end of the test."""

    def __init__(self, home: Path, **environ: str) -> None:
        super().__init__(home, **environ)
        self.said: list[str] = []

    def __call__(self, *words: str, stdin: str = "", **environ: str) -> Run:
        """Run the installed command."""
        run = super().__call__(*words, stdin=stdin, **environ)
        self.said += [run.stdout, run.stderr]
        return run


@pytest.fixture
def run_mhc(tmp_path: Path) -> Watched:
    """Give the installed command, whose output may hold no token."""
    return Watched(tmp_path)


@pytest.fixture(autouse=True)
def _no_token_is_left(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[None]:
    """Fail a test that leaves a token in a file of its folder, in its database, or in what a command said."""
    names = request.fixturenames
    db: Database | None = request.getfixturevalue("database") if "database" in names else None
    watched: Watched | None = request.getfixturevalue("run_mhc") if "run_mhc" in names else None
    yield
    assert canary.leaks(CANARIES, tmp_path, db) == []
    assert watched is None or not any(canary.said(CANARIES, text) for text in watched.said)


@pytest.fixture
def station(database: Database, tmp_path: Path) -> Iterator[Station]:
    """Give a listener that holds the lease and has not polled yet."""
    with listening.listening(database, tmp_path / "state") as made:
        yield made


@pytest.fixture
def going(station: Station) -> Station:
    """Give a listener that has read one page: cursor `i=1`, good at second 1."""
    station.step(page(event(0.5), to="i=1"))
    return station
