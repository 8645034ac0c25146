"""D: others write into the same database."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest
from sqlalchemy import text

from command import Mhc
from faults.oracle import assert_all_is_stored
from faults.server import FaultServer
from faults.supervised import Supervised, settle
from mhc.reports import database_health
from mhc.reports.findings import State
from mhc.store import runs
from mhc.store.database import Database
from mhc.store.soundness import Facts, SqliteFacts


@contextmanager
def held(path: Path) -> Iterator[None]:
    """Hold the database as another program's transaction does."""
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        yield
        other.execute("ROLLBACK")


def test_fault_d1_a_database_that_another_holds_is_waited_for(
    run_mhc: Mhc, sqlite_database: Database, tmp_path: Path
) -> None:
    path = tmp_path / "mhc.db"
    with FaultServer(1500, published=500) as server:
        env = server.environ(str(path), MHC_WAIT_SCALE="0.1")
        with Supervised(run_mhc, env) as listener:
            assert server.until_read_up()
            with held(path):
                server.publish(1000)
                listener.until_said(f"another process holds {path}")
            assert server.until_read_up()
            assert listener.stopped() == 0
        settle(run_mhc, server, env)
    assert not any("database is locked" in line for line in listener.said)
    assert_all_is_stored(sqlite_database, server, tmp_path, events=1500)


def write_at_once(run_mhc: Mhc, database: Database, url: str, events: int, notes: int) -> None:
    """Let a listener, two command lines and a job of cron write into one database."""
    with FaultServer(events, page_size=10) as server:
        env = server.environ(url)
        with Supervised(run_mhc, env) as listener:
            listener.until_told(f"STATUS={server.room}: listening")
            for number in range(notes):
                at_once = [
                    run_mhc.start("job", "run", "sessions-close", **env),
                    run_mhc.start("note", "add", "viewer_3", f"note {number}", **env),
                    run_mhc.start("person", "add", f"friend_{number}", **env),
                ]
                for one in at_once:
                    _, said = one.communicate(timeout=60)
                    assert one.returncode == 0, said
            assert server.until_read_up(600)
            assert listener.stopped() == 0
    with database.read() as conn:
        ran = runs.history(conn, ["sessions-close"])
        assert [(one.state, one.counts["rooms"]) for one in ran] == [("ok", 1)] * notes
        assert conn.execute(text("SELECT count(*) FROM note")).scalar() == notes
        assert (
            conn.execute(text("SELECT count(*) FROM person WHERE username LIKE 'friend%'")).scalar() == notes
        )
    assert_all_is_stored(database, server, run_mhc.home, events=events)


def test_fault_d2_a_listener_command_lines_and_a_job_write_at_once(
    run_mhc: Mhc, database: Database, database_url: str
) -> None:
    write_at_once(run_mhc, database, database_url, events=1500, notes=3)


@pytest.mark.prove
@pytest.mark.timeout(1200)
def test_fault_d2_a_listener_command_lines_and_a_job_write_at_once_for_minutes(
    run_mhc: Mhc, database: Database, database_url: str
) -> None:
    write_at_once(run_mhc, database, database_url, events=9_900, notes=300)


RACES = [
    ("3.6.23", False), ("3.7.0", True), ("3.40.1", True), ("3.44.5", True), ("3.44.6", False), ("3.44.7", True),
    ("3.50.6", True), ("3.50.7", False), ("3.51.2", True), ("3.51.3", False), ("4.0.0", False),
]  # fmt: skip


@pytest.mark.parametrize(("version", "bad"), RACES)
def test_fault_d3_a_sqlite_with_the_reset_race_is_a_warning_that_says_what_lessens_it(
    version: str, bad: bool
) -> None:
    facts = SqliteFacts(tuple(map(int, version.split("."))), "wal")
    judged = database_health.check(Facts("mhc.db", ("0001", 1), facts), "mhc.db")
    (found,) = [one for one in judged if one.check == "sqlite"]
    assert (found.state, found.hint is not None) == (State.WARNING if bad else State.OK, bad)
    assert found.detail.startswith(version)
    assert not bad or "one process write at a time" in str(found.hint)
