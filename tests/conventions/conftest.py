"""One database with a bit of everything, hostile and wide text too, and the command on it."""

import shlex
import shutil
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

import canaries
import factories
import seed
from calls import call_of
from command import Mhc, MhcHere
from conftest import fresh
from conventions_ready import Ready, surroundings
from docs_tree import Leaf, leaves
from factories import ROOM
from mhc.sandbox.server import Sandbox
from mhc.store import notes, people, watchlists
from mhc.store.database import Database

HOSTILE = (
    "漢字漢字漢字",
    "e\u0301e\u0301\u0302viewer",
    "\U0001f468\u200d\U0001f469\u200d\U0001f467_family",
    "viewer\x1b[2J\x1b[31m",
    "\u202eevil\u202c",
    "line\nbreak\ttab",
    "a_name_that_is_much_longer_than_any_name_should_ever_be_in_a_room",
    "=1+1",
)  # fmt: skip


@pytest.fixture(scope="session")
def seeded_file(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Give a database file with data in it, to be copied."""
    folder = tmp_path_factory.mktemp("conventions")
    with fresh("sqlite", request, folder) as db:
        mhc = MhcHere(folder, DATABASE_URL=db.url.render_as_string(hide_password=False))
        seed.fill(db, mhc, datetime.now(UTC))
        _add_hostile(db, datetime.now(UTC) - timedelta(days=3))
        db.close()
        assert db.path is not None
        yield db.path


def _add_hostile(db: Database, at: datetime) -> None:
    """Keep what people with odd names did, and what was noted about them."""
    start = (at - factories.T0) / timedelta(minutes=1)
    items = [factories.tip(start + place, who, 12_345_678) for place, who in enumerate(HOSTILE)]
    items += [factories.chat(start + 20 + place, who, who * 9) for place, who in enumerate(HOSTILE)]
    with db.write() as conn:
        factories.store(conn, items, page=3)
        known = people.ids_of(conn, [name.lower() for name in HOSTILE])
        friends = watchlists.find(conn, "Friends")
        assert friends is not None
        for number in known.values():
            watchlists.add(conn, friends.id, [number], at=at, note="漢字 \x1b[2J " * 9)
        watchlists.create(conn, "漢字 e\u0301 \x1b[2J")
        for name, number in known.items():
            notes.add(conn, number, f"{name} " * 20, category="notes", happened_at=None, at=at)


@pytest.fixture(scope="session")
def reading(seeded_file: Path, tmp_path_factory: pytest.TempPathFactory) -> MhcHere:
    """Give the command in this process on a database that nobody writes to."""
    home = tmp_path_factory.mktemp("reading")
    mhc = MhcHere(home, **surroundings(home, seeded_file))
    _run_all(mhc, [line for leaf in leaves() for line in call_of(leaf).files])
    return mhc


@pytest.fixture(scope="session")
def installed(reading: MhcHere) -> Mhc:
    """Give the installed command on the same database."""
    return Mhc(reading.home, **reading.environ)


@pytest.fixture
def ready(seeded_file: Path, tmp_path: Path) -> Ready:
    """Give the command on a copy of its own, with what must come before the call of a leaf."""

    def make(leaf: Leaf, kind: type[Mhc]) -> Mhc:
        environ = surroundings(tmp_path, seeded_file)
        _run_all(MhcHere(tmp_path, **environ), [*call_of(leaf).files, *call_of(leaf).before])
        return kind(tmp_path, **environ)

    return make


def _run_all(mhc: Mhc, lines: list[str]) -> None:
    for line in lines:
        run = mhc(*shlex.split(line))
        assert run.status == 0, run.stderr


@pytest.fixture(scope="session")
def canary_file(seeded_file: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give a database in which all that is to be hidden can be told from the rest."""
    path = tmp_path_factory.mktemp("canaries") / "mhc.db"
    shutil.copy(seeded_file, path)
    canaries.fill(path)
    return path


@pytest.fixture
def watched(canary_file: Path, tmp_path: Path) -> Mhc:
    """Give the installed command on a copy of its own; `MhcHere(watched.home, …)` is the faster one."""
    return Mhc(tmp_path, **canaries.surroundings(tmp_path, canary_file))


@pytest.fixture(scope="session")
def feed() -> Iterator[dict[str, str]]:
    """Give the environment that leads to a room that has played."""
    with Sandbox(speed=0, events=40, room=ROOM) as running:
        yield {"MHC_EVENTS_URL": running.url, "CB_AUTH_TOKEN": running.token, "MHC_WAIT_SCALE": "0.02"}
