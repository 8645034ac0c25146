"""`mhc job tick`: what is due runs, each once, in the order of the table, and nothing twice."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, time, timedelta
from pathlib import Path

import pytest

from factories import minute
from mhc.config import JOBS, Settings, load
from mhc.jobs import lock, planning, ticking
from mhc.jobs.running import Outcome, Runner
from mhc.store import runs
from mhc.store.database import Database


@pytest.fixture
def settings(database_url: str, tmp_path: Path) -> Settings:
    return load(environ={"HOME": str(tmp_path), "TZ": "UTC", "DATABASE_URL": database_url})


def runner(db: Database, settings: Settings, at: float) -> Runner:
    return Runner(db, settings, lambda: minute(at), host="testhost")


def tick(db: Database, settings: Settings, at: float) -> dict[str, str]:
    return {one.job: str(one.state) for one in ticking.tick(runner(db, settings, at))}


def test_what_never_ran_runs_and_then_each_at_its_time(database: Database, settings: Settings) -> None:
    everything = {"sessions-close": "ok", "db-backup": "ok", "db-prune": "skipped"}
    assert tick(database, settings, 0) == everything  # it is six in the evening
    assert tick(database, settings, 1) == {}
    assert tick(database, settings, 10) == {"sessions-close": "ok"}
    assert tick(database, settings, 10) == {}
    assert tick(database, settings, 10 * 60 + 15) == {"sessions-close": "ok", "db-backup": "ok"}
    assert tick(database, settings, 300 * 24 * 60) == everything  # what was missed 300 times
    assert tick(database, settings, 300 * 24 * 60 + 1) == {}


def test_what_is_switched_off_does_not_run(database: Database, settings: Settings) -> None:
    with database.write() as conn:
        runs.switch(conn, "db-backup", minute(0), "no space", enabled=False)
        runs.switch(conn, "db-prune", minute(0), None, enabled=False)
        runs.switch(conn, "db-prune", minute(0), None, enabled=True)
    assert tick(database, settings, 0) == {"sessions-close": "ok", "db-prune": "skipped"}
    off = replace(
        settings,
        jobs={**settings.jobs, "sessions-close": replace(settings.jobs["sessions-close"], enabled=False)},
    )
    assert tick(database, off, 500) == {}


def test_a_second_tick_is_refused_and_a_job_that_runs_is_left_alone(
    database: Database, settings: Settings
) -> None:
    with lock.alone(database, settings.state_dir, ticking.NAME), pytest.raises(lock.BusyError):
        tick(database, settings, 0)
    with lock.alone(database, settings.state_dir, "db-backup"):
        assert tick(database, settings, 0) == {"sessions-close": "ok", "db-prune": "skipped"}
    assert tick(database, settings, 1) == {"db-backup": "ok"}


def test_a_job_that_another_host_ran_in_the_meantime_does_not_run_again(
    database: Database, settings: Settings
) -> None:
    one = runner(database, settings, 0)
    going = ticking.tick(one)
    first: Callable[[], Outcome] = lambda: next(going)  # noqa: E731
    assert first().job == "sessions-close"
    with database.write() as conn:
        runs.end(conn, runs.begin(conn, "db-backup", "another", minute(0)), minute(0))
    assert [one.job for one in going] == ["db-prune"]


def test_a_failure_does_not_stop_the_others(database: Database, settings: Settings, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    broken = replace(settings, backup_dir=tmp_path / "file" / "backups")
    assert tick(database, broken, 0) == {"sessions-close": "ok", "db-backup": "failed", "db-prune": "skipped"}


def test_a_job_that_cannot_begin_does_not_keep_the_others_from_running(
    database: Database, settings: Settings, tmp_path: Path
) -> None:
    with lock.alone(database, settings.state_dir, "sessions-close"):
        (path,) = tmp_path.rglob("*.lock")
    path.unlink()
    path.mkdir()  # nobody opens that as a file
    outcomes = list(ticking.tick(runner(database, settings, 0)))
    assert {one.job: str(one.state) for one in outcomes} == {
        "sessions-close": "failed", "db-backup": "ok", "db-prune": "skipped",
    }  # fmt: skip


def plan_of(db: Database, settings: Settings, job: str, at: float) -> planning.Plan:
    with db.read() as conn:
        found = planning.plans(conn, settings, "testhost", minute(at))
    return next(one for one in found if one.job.name == job)


def test_what_is_wrong_with_a_job(database: Database, settings: Settings) -> None:
    def problem(at: float, job: str = "sessions-close") -> str | None:
        return plan_of(database, settings, job, at).problem

    def ran(at: float, state: runs.State) -> None:
        with database.write() as conn:
            runs.end(conn, runs.begin(conn, "sessions-close", "testhost", minute(at)), minute(at), state)

    assert problem(0) == "never ran"
    assert problem(0, "stats-poll") is None  # which is off
    ran(0, runs.State.STOPPED)
    assert problem(0) == "never went well"
    ran(1, runs.State.OK)
    assert problem(31) is None
    assert problem(32) == "did not go well for more than 30m"
    ran(10, runs.State.PARTIAL)
    assert problem(40) is None
    ran(20, runs.State.FAILED)
    assert problem(21) == "its last run failed"
    with database.write() as conn:
        runs.begin(conn, "sessions-close", "testhost", minute(30))
        runs.begin(conn, "sessions-close", "testhost", minute(31))
    assert problem(31) is None
    with database.write() as conn:
        runs.switch(conn, "sessions-close", minute(40), None, enabled=False)
    assert problem(5000) is None


def test_how_old_a_run_may_be_is_said_or_follows_from_the_schedule(
    database: Database, settings: Settings
) -> None:
    def age(**changes: object) -> timedelta:
        jobs = {**settings.jobs, "db-backup": replace(settings.jobs["db-backup"], **changes)}  # type: ignore[arg-type]
        return plan_of(database, replace(settings, jobs=jobs), "db-backup", 0).max_age

    assert age() == timedelta(hours=50)
    assert age(max_age=timedelta(days=9)) == timedelta(days=9)
    assert age(at=(time(4), time(16))) == timedelta(hours=26)
    assert age(quiet=(time(0), time(6))) == timedelta(hours=62)


def test_every_job_has_a_plan(database: Database, settings: Settings) -> None:
    with database.read() as conn:
        found = planning.plans(conn, settings, "testhost", datetime.fromisoformat("2026-01-01T00:00Z"))
    assert [one.job for one in found] == list(JOBS)
