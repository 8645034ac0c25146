"""Runs of jobs go when they are old; what one needs of them stays: the last of each job, and how much was ever taken."""

import json
from datetime import timedelta
from typing import Any

import pytest

from command import Mhc
from factories import T0
from mhc.domain.broadcasts import MERGE_GAP
from mhc.store import pruning, runs
from mhc.store.database import Database
from mhc.store.pruning_text import Job
from mhc.store.runs import State

DAY = timedelta(days=1)


def ran(db: Database, job: str, day: int, state: str = State.OK, **counts: int) -> None:
    with db.write() as conn:
        number = runs.begin(conn, job, "testhost", T0 + day * DAY)
        if counts:
            runs.count(conn, number, counts)
        runs.end(conn, number, T0 + day * DAY, state)


def left(db: Database) -> list[tuple[str, int, str]]:
    with db.read() as conn:
        found = runs.history(conn, ["stats-poll", "db-backup", pruning.JOB])
    return sorted((one.job, (one.started_at - T0).days, one.state) for one in found)


def prune(db: Database, day: int, batch: int = 2) -> dict[str, int]:
    with db.write() as conn:
        number = runs.begin(conn, pruning.JOB, "testhost", T0 + day * DAY)
    done = dict(pruning.prune(db, {"runs": Job(T0 + day * DAY, MERGE_GAP, batch)}, number))
    with db.write() as conn:
        runs.end(conn, number, T0 + day * DAY)
    return done


def test_of_each_job_the_last_run_stays_and_the_last_that_went_well(database: Database) -> None:
    for day in range(5):
        ran(database, "db-backup", day)
    ran(database, "db-backup", 5, State.FAILED)
    ran(database, "db-backup", 6, State.FAILED)
    ran(database, "stats-poll", 0)
    with database.write() as conn:
        runs.begin(conn, "stats-poll", "testhost", T0 + DAY)  # it runs still
    with database.read() as conn:
        assert pruning.due(conn, "runs", T0 + 50 * DAY) == (5, 5)
        assert pruning.due(conn, "runs", T0 + 2 * DAY) == (5, 2)
    assert prune(database, 50) == {"runs": 5}
    assert left(database) == [
        ("db-backup", 4, "ok"), ("db-backup", 6, "failed"), (pruning.JOB, 50, "ok"),
        ("stats-poll", 0, "ok"), ("stats-poll", 1, "running"),
    ]  # fmt: skip


def test_how_much_was_taken_is_known_for_good(database: Database) -> None:
    ran(database, pruning.JOB, 0, chat=17, runs=0)
    ran(database, pruning.JOB, 1, chat=0)
    ran(database, pruning.JOB, 2, State.SKIPPED)
    assert prune(database, 40) == {"runs": 1}
    assert prune(database, 80) == {"runs": 1}
    assert left(database) == [(pruning.JOB, day, "ok") for day in (0, 40, 80)]


@pytest.mark.parametrize("words", [("db", "prune", "-y"), ("job", "run", pruning.JOB)])
def test_runs_go_after_a_year_and_history_says_how_many(
    sqlite_database: Database, run_mhc: Mhc, words: tuple[str, ...]
) -> None:
    for day in range(10):
        ran(sqlite_database, "db-backup", day - 2000)
    env = {"DATABASE_URL": sqlite_database.url.render_as_string()}
    assert run_mhc(*words, **env).status == 0
    listed: Any = json.loads(run_mhc("job", "history", "-o", "json", **env).stdout)
    assert [(one["job"], one["counts"] and one["counts"]["runs"]) for one in listed] == [
        (pruning.JOB, 9), ("db-backup", None),
    ]  # fmt: skip
    assert run_mhc(*words, **env).status == 0
    again: Any = json.loads(run_mhc("job", "history", "-o", "json", **env).stdout)
    assert [one["state"] for one in again if one["job"] == "db-backup"] == ["ok"]
