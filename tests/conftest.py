"""Fixtures that every test may use."""

import gc
import os
import shutil
import signal
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

import compiled
import memory
import postgres
import sockets
import warm
from command import Mhc, MhcHere
from mhc.store.database import Database
from world import World

BOTH = ("sqlite", "postgresql")
IN_CI = os.environ.get("CI", "").lower() not in {"", "0", "false"}
# A shell that puts a job in its background has it ignore SIGINT, and what this starts would inherit that.
signal.signal(signal.SIGINT, signal.default_int_handler)
ALLOWED_SKIPS = Path(__file__).with_name("allowed_skips.txt")


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[postgres.Server]:
    """Give the server that MHC_TEST_PG_URL names, or one of our own: one a process of the suite."""
    if given := os.environ.get("MHC_TEST_PG_URL"):
        server = postgres.Server(given)
        yield server
        server.close()
        return
    binaries = postgres.find_binaries()
    if binaries is None:
        (pytest.fail if IN_CI else pytest.skip)(postgres.MISSING)
    with postgres.running(binaries, memory.folder() or Path("/tmp")) as url:
        server = postgres.Server(url)
        yield server
        server.close()


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give a migrated file to be copied."""
    path = tmp_path_factory.mktemp("template") / "mhc.db"
    db = Database(f"sqlite:///{path}")
    db.create()
    db.close()
    return path


@contextmanager
def fresh(
    kind: str, request: pytest.FixtureRequest, folder: Path, *, migrated: bool = True
) -> Iterator[Database]:
    """Give a database with nothing in it, or not even tables."""
    if kind == "sqlite":
        path = folder / "mhc.db"
        if migrated:
            shutil.copy(request.getfixturevalue("sqlite_template"), path)
        with closing(Database(f"sqlite:///{path}")) as db:
            yield db
        return
    server = request.getfixturevalue("postgres_server")
    url = server.migrated() if migrated else server.empty()
    with closing(Database(url.render_as_string(hide_password=False))) as db:
        yield db
    server.release(url)


@pytest.fixture
def sqlite_database(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Database]:
    with fresh("sqlite", request, tmp_path) as db:
        yield db


@pytest.fixture
def postgres_database(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Database]:
    with fresh("postgresql", request, tmp_path) as db:
        yield db


@pytest.fixture(params=BOTH)
def database(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Database]:
    """Run the test on both databases."""
    with fresh(request.param, request, tmp_path) as db:
        yield db


@pytest.fixture(params=BOTH)
def bare_database(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Database]:
    """Run the test on both databases, without a single table; on SQLite without a file."""
    with fresh(request.param, request, tmp_path, migrated=False) as db:
        yield db


@pytest.fixture(scope="module", params=BOTH)
def module_database(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Database]:
    """Run a module's tests on both databases, each on one that they share."""
    with fresh(request.param, request, tmp_path_factory.mktemp("db")) as db:
        yield db


@pytest.fixture
def database_url(database: Database) -> str:
    """Give the test's database as DATABASE_URL has it."""
    return database.url.render_as_string(hide_password=False)


@pytest.fixture
def run_mhc(tmp_path: Path) -> Mhc:
    """Give the installed command: `run_mhc("db", "info", DATABASE_URL=database_url)`."""
    return Mhc(tmp_path)


@pytest.fixture
def cli(tmp_path: Path, database_url: str) -> MhcHere:
    """Give the command in this process, on the test's database: `cli("db", "info", "--json").json`."""
    return MhcHere(tmp_path, DATABASE_URL=database_url)


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    """Give a sandbox with every API, whose time the test moves."""
    made = World(tmp_path / "world")
    with made.sandbox:
        yield made


@pytest.fixture(scope="session", autouse=True)
def _loopback_only() -> Iterator[None]:
    with sockets.loopback_only():
        yield


@pytest.fixture(scope="session", autouse=True)
def _kept_warm() -> Iterator[None]:
    """Do once for all tests what takes long and is the same for each."""
    compiled.share()
    yield
    warm.close()


def pytest_configure() -> None:
    """Keep the folders of tests in memory, unless somebody said where."""
    found = memory.folder(with_programs=True)
    if found is not None and "TMPDIR" not in os.environ:
        os.environ.setdefault("PYTEST_DEBUG_TEMPROOT", str(found))


def pytest_collection_finish() -> None:
    """Look for garbage as seldom as the command does, and never in what was collected: it stays to the end."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000)


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Count a skipped test as a failure in CI, unless allowed_skips.txt names it."""
    if IN_CI and _forbidden_skips(session.config) and session.exitstatus == pytest.ExitCode.OK:
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    for name in _forbidden_skips(config) if IN_CI else ():
        terminalreporter.write_line(f"FAILED {name}: skipped, and not in {ALLOWED_SKIPS.name}")


def _forbidden_skips(config: pytest.Config) -> list[str]:
    reporter = config.pluginmanager.get_plugin("terminalreporter")
    skipped = reporter.stats.get("skipped", []) if reporter else []  # a worker of pytest-xdist has none
    lines = [line for line in ALLOWED_SKIPS.read_text().splitlines() if "\t" in line and line[0] != "#"]
    allowed = tuple(line.split("\t")[0] for line in lines)
    return [report.nodeid for report in skipped if not report.nodeid.startswith(allowed)]
