"""`mhc job`: what runs when, how it went, what is wrong; and every line of the crontab."""

import json
import re
import subprocess
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from backing import told
from command import Mhc, MhcHere
from mhc.config import JOBS
from mhc.store import runs
from mhc.store.database import Database
from terminal import on_terminal

NOW = datetime.now(UTC).replace(microsecond=0)


def ran(
    db: Database, job: str, ago: timedelta, state: runs.State = runs.State.OK, error: str | None = None
) -> None:
    with db.write() as conn:
        run_id = runs.begin(conn, job, "testhost", NOW - ago)
        runs.count(conn, run_id, {"asked": 1234})
        runs.end(conn, run_id, NOW - ago + timedelta(seconds=7), state, error)


def test_the_list_says_when_each_is_due_and_how_it_went(mhc: MhcHere, database: Database) -> None:
    ran(database, "db-backup", timedelta(minutes=1))
    found = {row["job"]: row for row in mhc("job", "list", "-o", "json", MHC_TIMEZONE="UTC").json}
    assert list(found) == [one.name for one in JOBS]
    backup = found["db-backup"]
    assert datetime.fromisoformat(backup.pop("due_at")).strftime("%H:%M:%S") == "04:15:00"
    assert backup == {
        "job": "db-backup",
        "enabled": True,
        "schedule": "at 04:15",
        "last_at": (NOW - timedelta(minutes=1)).isoformat().replace("+00:00", "Z"),
        "state": "ok",
        "counts": {"asked": 1234},
        "error": None,
        "good_at": (NOW - timedelta(seconds=53)).isoformat().replace("+00:00", "Z"),
        "problem": None,
        "about": "Make a backup of the database, and verify it.",
    }
    assert (found["stats-poll"]["enabled"], found["stats-poll"]["due_at"]) == (False, None)
    assert found["sessions-close"]["problem"] == "never ran"
    assert "asked 1,234" in mhc("job", "list", MHC_FORCE_TTY="160").stdout


def test_a_job_that_is_not_there_has_near_ones(on_sqlite: MhcHere) -> None:
    run = on_sqlite("job", "show", "db-bakup")
    assert (run.status, run.stdout) == (3, "")
    assert run.stderr == "mhc: no job named 'db-bakup'\nhint: did you mean: db-backup?\n"


def test_a_run_is_silent_in_cron_and_says_a_line_with_v(mhc: MhcHere) -> None:
    run = mhc("job", "run", "sessions-close")
    assert (run.status, run.stdout, run.stderr) == (0, "", "")
    assert mhc("job", "run", "sessions-close", "-v").stderr == "sessions-close: ended 0, rooms 1\n"
    assert (
        mhc("job", "run", "db-prune", "-v").stderr
        == "db-prune: nothing has a limit: [retention] in config.toml\n"
    )
    rows = mhc("job", "history", "-o", "json").json
    assert [(row["job"], row["state"]) for row in rows] == [
        ("db-prune", "skipped"), ("sessions-close", "ok"), ("sessions-close", "ok"),
    ]  # fmt: skip


def test_a_dry_run_says_what_it_would_run_with(on_sqlite: MhcHere) -> None:
    words = ("job", "run", "statbate-refresh", "--list", "friends", "--live", "--budget", "7", "-n")
    run = on_sqlite(*words, STATBATE_API_TOKEN="CANARY0TOKEN")
    assert run.stderr == "would run statbate-refresh with list Friends, live 1, stale 5h, budget 7\n"
    run = on_sqlite(*words)
    assert run.stderr == "statbate-refresh does not run: STATBATE_API_TOKEN is not set; --force runs it\n"
    assert on_sqlite("job", "history", "-o", "json").json == []


@pytest.mark.parametrize(
    ("words", "status", "said"),
    [
        (("db-backup", "--live"), 2, "--live is no option of db-backup"),
        (("statbate-refresh", "--segment", "x"), 2, "--segment must be tippers, followers or models"),
        (("statbate-refresh", "--list", "Nowhere"), 3, "no watchlist named 'Nowhere'"),
        (("statbate-refresh", "--stale", "soon"), 2, "--stale must be a length of time"),
    ],
)
def test_what_does_not_fit_is_refused(
    on_sqlite: MhcHere, words: tuple[str, ...], status: int, said: str
) -> None:
    run = on_sqlite("job", "run", *words)
    assert (run.status, run.stdout) == (status, "")
    assert said in run.stderr
    assert on_sqlite("job", "history", "-o", "json").json == []


def test_a_job_that_is_off_runs_by_force_only(mhc: MhcHere) -> None:
    run = mhc("job", "disable", "sessions-close", "db-backup", "--note", "no space")
    assert run.stderr == "sessions-close is off\ndb-backup is off\n"
    shown = mhc("job", "show", "sessions-close", "-o", "json").json
    assert (shown["enabled"], shown["note"], shown["due_at"]) == (False, "no space", None)
    run = mhc("job", "run", "sessions-close")
    assert (run.status, run.stderr) == (0, "")
    assert mhc("job", "run", "sessions-close", "-v").stderr.startswith(
        "sessions-close does not run: it is off"
    )
    assert mhc("job", "history", "-o", "json").json == []
    assert mhc("job", "run", "sessions-close", "--force").status == 0
    mhc("job", "enable", "sessions-close")
    shown = mhc("job", "show", "sessions-close", "-o", "json").json
    assert (shown["enabled"], shown["note"], shown["state"]) == (True, None, "ok")


def test_in_quiet_hours_nothing_runs_from_cron(on_sqlite: MhcHere) -> None:
    config = on_sqlite.home / "quiet.toml"
    begin, end = (datetime.now(UTC) + timedelta(hours=hours) for hours in (-2, 2))
    config.write_text(f'[jobs.sessions-close]\nquiet = "{begin:%H}:00-{end:%H}:59"\n')
    run = on_sqlite("job", "run", "sessions-close", "-v", MHC_CONFIG=str(config))
    assert run.status == 0
    assert re.match(r"sessions-close does not run: it is quiet until \S+Z; --force runs it\n", run.stderr)


def test_the_check_says_what_is_wrong(mhc: MhcHere, database: Database) -> None:
    for job in ("sessions-close", "db-prune", "db-backup"):
        ran(database, job, timedelta(minutes=2))
    run = mhc("job", "status", "--check", "-o", "name", "--fields", "job")
    assert run.status == 2
    assert mhc("-q", "job", "status", "--check").status == 0
    ran(database, "db-prune", timedelta(minutes=1), runs.State.FAILED, "more than 20 % would go")
    run = mhc("-q", "job", "status", "--check")
    assert (run.status, run.stderr) == (4, "mhc: db-prune: its last run failed\nhint: mhc job history\n")
    assert "db-prune: its last run failed\nSee: mhc job status\n" in mhc().stdout
    assert "db-prune: its last run failed" in mhc("status", MHC_FORCE_TTY="120").stdout
    found = [row for row in mhc("doctor", "--offline", "-o", "json").json if row["check"] == "jobs"]
    assert [(row["state"], row["detail"]) for row in found] == [("warning", "db-prune: its last run failed")]


def test_doctor_says_where_cron_does_not_run(on_sqlite: MhcHere, sqlite_database: Database) -> None:
    def said() -> list[tuple[str, str]]:
        rows = on_sqlite("doctor", "--offline", "-o", "json").json
        return [(row["state"], row["detail"]) for row in rows if row["check"] == "jobs"]

    assert said() == [("warning", "3 are on, and none ever ran")]
    ran(sqlite_database, "db-backup", timedelta(days=3))
    assert said()[0][1].startswith("3 are on, and none ran since ")
    assert on_sqlite("job", "tick").status == 0
    assert said() == [("ok", "3 are on, and go well")]


def test_tick_says_what_would_run_and_what_failed(mhc: MhcHere) -> None:
    assert mhc("job", "tick", "-n").stderr == "would run sessions-close, db-backup, db-prune\n"
    config = mhc.home / "backup.toml"
    (mhc.home / "file").touch()
    config.write_text(f'[backup]\ndir = "{mhc.home}/file/backups"\n')
    run = mhc("-q", "job", "tick", MHC_CONFIG=str(config))
    assert (run.status, run.stdout) == (1, "")
    assert re.fullmatch(r"mhc: db-backup: .*file/backups.*\n", run.stderr)
    assert mhc("job", "tick", "-n").stderr == "would run nothing: no job is due\n"


def test_a_range_may_begin_with_the_last_run_that_is_over(mhc: MhcHere, database: Database) -> None:
    for hours in (9, 5, 3):
        ran(database, "db-backup", timedelta(hours=hours))
    ran(database, "stats-poll", timedelta(hours=2), runs.State.FAILED)
    with database.write() as conn:
        runs.begin(conn, "db-backup", "testhost", NOW)  # what it runs may ask since when
    for word, count in {"last-run": 2, "last-run:db-backup": 3, "last-run:stats-poll": 2}.items():
        assert len(mhc("job", "history", "--since", word, "-o", "json").json) == count
    never = mhc("event", "list", "--since", "last-run:db-prune")
    assert (never.status, never.stderr.splitlines()[0]) == (
        2, "mhc: there is no last-run:db-prune to count from",
    )  # fmt: skip


def test_the_history_is_cut_by_time_and_number(mhc: MhcHere, database: Database) -> None:
    for days in (5, 3, 1):
        ran(database, "db-backup", timedelta(days=days))
    ran(database, "db-prune", timedelta(hours=1))
    assert len(mhc("job", "history", "-o", "json").json) == 4
    assert len(mhc("job", "history", "db-backup", "--since", "4d", "-o", "json").json) == 2
    (row,) = mhc("job", "history", "-L", "1", "-o", "json").json
    assert (row["job"], row["took"], row["host"]) == ("db-prune", 7, "testhost")


def test_names_of_jobs_complete(run_mhc: Mhc) -> None:
    shell = {"_MHC_COMPLETE": "bash_complete", "COMP_WORDS": "mhc job run db-", "COMP_CWORD": "3"}
    run = run_mhc(**shell)
    assert [line.partition(",")[2] for line in run.stdout.splitlines()] == ["db-backup", "db-prune"]


def test_on_a_terminal_a_run_says_what_it_did(
    sqlite_database: Database, tmp_path: Path, run_mhc: Mhc
) -> None:
    told(sqlite_database, tmp_path)
    run = on_terminal(run_mhc, "job", "run", "sessions-close", DATABASE_URL=str(sqlite_database.url))
    assert run.status == 0
    assert "sessions-close: ended 0, rooms 1" in run.stdout + run.stderr


def crontab(mhc: Mhc, **environ: str) -> list[str]:
    """Give what cron would run, what waits in comments included; but for the listener, which has tests of its own."""
    text = mhc("service", "print", "cron", **environ).stdout
    lines = re.findall(r"^(?:# )?(?:[0-9*/]+\s+){5}(.+)$", text, re.MULTILINE)
    assert len(lines) == 5 + len(JOBS)
    return [line for line in lines if " listen " not in line]


def test_each_line_of_the_crontab_runs_alone_and_twice_and_beside_itself(
    run_mhc: Mhc, database: Database, database_url: str
) -> None:
    env = {"HOME": str(run_mhc.home), "DATABASE_URL": database_url}

    def start(line: str) -> "subprocess.Popen[str]":
        call = ["/bin/sh", "-c", line]
        return subprocess.Popen(call, env=env, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE)

    def is_quiet(process: "subprocess.Popen[str]", line: str) -> bool:
        out, said = process.communicate(timeout=60)
        nobody_listened = " report digest " in line and said.endswith("\n") and "nothing was captured" in said
        return out == "" and (said == "" or nobody_listened)

    jobs = run_mhc("job", "list", "-o", "json", DATABASE_URL=database_url).json
    off = {f"job run {row['job']}" for row in jobs if not row["enabled"]}
    for line in crontab(run_mhc):
        if any(line.endswith(words) for words in off):  # beside itself it has nothing to meet
            assert is_quiet(start(line), line)
            continue
        both = [start(line), start(line)]
        for process in both:
            assert is_quiet(process, line)
        assert {process.returncode for process in both} <= {0, 75}, line
        assert is_quiet(start(line), line)
    with database.read() as conn:
        found = runs.history(conn, [one.name for one in JOBS])
    assert {one.state for one in found} <= {"ok", "skipped"}
    assert json.dumps([one.error for one in found if one.error and one.state != "skipped"]) == "[]"
