"""Rows J1 and J3 of the fault catalogue: jobs that are killed, overlapped, doubled and missed; cron's environment."""

import os
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

import factories
from command import Mhc
from factories import chat, happening, minute
from mhc.config import JOBS
from mhc.domain.broadcasts import JUST_AFTER
from mhc.store import runs, sessions
from mhc.store.database import Database
from mhc.store.runs import Entry
from receiver import Receiver

JOB = "sessions-close"


@pytest.fixture
def mhc(run_mhc: Mhc, database: Database, database_url: str) -> Mhc:
    """Give the command on a database with a show whose stop never came."""
    with database.write() as conn:
        factories.store(conn, [happening(0, "broadcastStart"), chat(5, "viewer_one")])
    run_mhc.environ["DATABASE_URL"] = database_url
    return run_mhc


def history(db: Database, *jobs: str) -> list[Entry]:
    with db.read() as conn:
        return runs.history(conn, jobs or [one.name for one in JOBS])


def states(db: Database, *jobs: str) -> list[str]:
    return [one.state for one in history(db, *jobs)]


@contextmanager
def hanging(mhc: Mhc, *answers: int) -> Iterator["subprocess.Popen[str]"]:
    """Run the job so that it has begun, and cannot go on: its health check answers others, but not it."""
    with Receiver(0, *answers) as receiver:
        config = mhc.home / "config" / "mhc" / "config.toml"
        config.parent.mkdir(parents=True)
        config.write_text(f'[jobs.{JOB}]\nping_url = "{receiver.url}/ping"\n')
        config.chmod(0o600)
        process = mhc.start("job", "run", JOB)
        try:
            assert receiver.until(1)
            yield process
        finally:
            process.kill()
            process.communicate()


def test_fault_j1_a_job_that_was_killed_leaves_no_lock_and_is_abandoned(mhc: Mhc, database: Database) -> None:
    with hanging(mhc, 0) as process:  # nor the next run when it begins, which goes on after ten seconds
        assert states(database) == ["running"]
        process.send_signal(signal.SIGKILL)
        process.wait()
        run = mhc("job", "run", JOB)
    assert (run.status, run.stdout, run.stderr) == (0, "", "")
    assert states(database) == ["ok", "abandoned"]
    with database.read() as conn:
        assert [one.ended_at for one in sessions.list_all(conn)] == [minute(5) + JUST_AFTER]


def test_fault_j1_a_second_run_ends_at_once_and_is_silent(mhc: Mhc, database: Database) -> None:
    with hanging(mhc) as process:
        runs_of_it = [mhc("job", "run", JOB, *words) for words in ((), ("-v",), ("-q",))]
        tick = mhc("job", "tick")
        assert process.poll() is None
    assert [(run.status, run.stdout) for run in runs_of_it] == [(75, "")] * 3
    assert [run.stderr for run in runs_of_it][::2] == ["", ""]
    assert f"{JOB} runs already, by process {process.pid} on " in runs_of_it[1].stderr
    assert (tick.status, tick.stdout, tick.stderr) == (0, "", "")  # the others ran
    assert states(database, JOB) == ["running"]
    assert states(database, "db-backup") == ["ok"]


def test_fault_j1_a_job_that_is_told_to_end_says_that_it_was(mhc: Mhc, database: Database) -> None:
    with hanging(mhc) as process:
        process.terminate()
        with suppress(subprocess.TimeoutExpired):
            process.wait(1)
        process.terminate()  # the first one asks, the second ends at once
        assert process.wait(30) == 143
        assert mhc("job", "run", JOB).status == 0
    assert states(database) == ["ok", "stopped"]


def test_fault_j1_a_job_that_runs_twice_makes_no_double_rows(mhc: Mhc, database: Database) -> None:
    found = []
    for _ in range(2):
        assert mhc("job", "run", JOB).status == 0
        with database.read() as conn:
            found.append(sessions.list_all(conn))
    assert found[0] == found[1]
    assert [one.counts["ended"] for one in history(database, JOB)] == [0, 1]


def test_fault_j1_what_was_missed_300_times_is_caught_up_once(mhc: Mhc, database: Database) -> None:
    before = datetime.now(UTC) - 300 * timedelta(days=1)
    with database.write() as conn:
        for job in JOBS:
            runs.end(conn, runs.begin(conn, job.name, "testhost", before), before)
    for _ in range(2):
        run = mhc("job", "tick")
        assert (run.status, run.stdout, run.stderr) == (0, "", "")
    new = [one.job for one in history(database) if one.started_at > before]
    # Of what runs every ten minutes, the second call may find one more.
    assert sorted(set(new)) == ["db-backup", "db-prune", JOB]
    assert (new.count("db-backup"), new.count("db-prune")) == (1, 1)
    assert new.count(JOB) <= 2


def cron(mhc: Mhc, line: str) -> subprocess.CompletedProcess[bytes]:
    """Run a line as cron does, which knows nothing of a terminal, and lets everybody read everything."""
    env = {"HOME": str(mhc.home), "LANG": "C", "DATABASE_URL": mhc.environ["DATABASE_URL"]}
    call = ["/bin/sh", "-c", line]
    return subprocess.run(call, env=env, capture_output=True, check=False, umask=0, timeout=120)


def test_fault_j3_jobs_work_in_the_environment_of_cron(mhc: Mhc, database: Database) -> None:
    for words in ("job tick", 'job disable db-prune --note "café ☕ bis Mai"', "job tick"):
        run = cron(mhc, f"{mhc.program} -q {words}")
        assert (run.returncode, run.stdout, run.stderr) == (0, b"", b"")
    assert sorted(set(states(database))) == ["ok", "skipped"]
    run = cron(mhc, f"{mhc.program} job show db-prune -o table")
    assert (run.returncode, run.stderr) == (0, b"")
    assert b"bis Mai" in run.stdout
    files = [path for path in mhc.home.rglob("*") if path.is_file() and path.parent != mhc.home]
    assert any("backups" in path.parts for path in files)
    assert {oct(path.stat().st_mode & 0o777) for path in files} == {"0o600"}
    assert {oct(path.stat().st_mode & 0o777) for path in _folders(files, mhc.home)} == {"0o700"}


def _folders(files: list[Path], home: Path) -> set[Path]:
    """Give the folders of ours among those that hold the files."""
    return {path for file in files for path in file.parents if home in path.parents and path.name == "mhc"}


def test_fault_j3_a_failure_in_cron_is_one_line_on_stderr(mhc: Mhc, database: Database) -> None:
    (mhc.home / ".local" / "share").mkdir(parents=True)
    (mhc.home / ".local" / "share" / "mhc").touch()
    run = cron(mhc, f"{mhc.program} -q job run db-backup")
    assert run.returncode == 74, run.stderr
    assert len(run.stderr.splitlines()) == 1
    assert os.fsdecode(mhc.home) in run.stderr.decode("ascii")
    assert states(database) == ["failed"]
    check = cron(mhc, f"{mhc.program} -q job status --check -o json")
    assert check.returncode == 4
    assert b"its last run failed" in check.stderr
