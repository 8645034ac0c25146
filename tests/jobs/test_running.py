"""A run of a job: alone, in its time, written down, told to who wants to know."""

import os
import signal
import threading
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import event
from sqlalchemy.pool import Pool

from factories import ROOM, T0, minute
from mhc.config import Secret, Settings, load
from mhc.errors import AccessError, UnavailableError
from mhc.jobs.ending import Ending
from mhc.jobs.lock import BusyError
from mhc.jobs.running import Outcome, Runner
from mhc.jobs.work import SkippedError, Work
from mhc.store import people, runs
from mhc.store.database import Database
from mhc.store.runs import Entry
from receiver import Receiver

JOB = "statbate-refresh"


class Clock:
    """A clock that a test sets."""

    def __init__(self) -> None:
        self.at = T0

    def __call__(self) -> datetime:
        return self.at


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def settings(database_url: str, tmp_path: Path) -> Settings:
    environ = {"HOME": str(tmp_path), "TZ": "UTC", "DATABASE_URL": database_url, "CHATURBATE_USERNAME": ROOM}
    return load(environ=environ | {"MHC_WAIT_SCALE": "0.01"})


@pytest.fixture
def runner(database: Database, settings: Settings, clock: Clock) -> Runner:
    return Runner(database, settings, clock, host="testhost")


def told(settings: Settings, **changes: Any) -> Settings:
    """Give the settings with others of the job."""
    return replace(settings, jobs={**settings.jobs, JOB: replace(settings.jobs[JOB], **changes)})


def ran(runner: Runner, do: Callable[[Work], None], **more: Any) -> Outcome:
    outcome = runner.run(JOB, do, **more)
    assert outcome is not None
    return outcome


def last(db: Database) -> Entry:
    with db.read() as conn:
        found = runs.last(conn, JOB)
    assert found is not None
    return found


def test_a_run_has_what_the_settings_say_and_its_row_what_it_did(
    runner: Runner, database: Database, clock: Clock
) -> None:
    given: list[Work] = []

    def do(work: Work) -> None:
        given.append(work)
        assert last(database).state == "running"
        work.counts["asked"] += 3
        clock.at = minute(2)

    outcome = ran(runner, do)
    assert (outcome.state, outcome.status, outcome.error) == ("ok", 0, None)
    (work,) = given
    assert (work.options["budget"], work.options["stale"]) == (500, timedelta(hours=5))
    row = last(database)
    assert (row.state, row.host, row.counts, row.error) == ("ok", "testhost", {"asked": 3}, None)
    assert (row.started_at, row.ended_at) == (T0, minute(2))


def test_what_a_call_says_comes_before_the_settings(runner: Runner) -> None:
    seen: list[object] = []
    ran(runner, lambda work: seen.append(work.options), options={"budget": 7})
    assert seen == [{"budget": 7}]


def test_a_part_that_failed_makes_it_partial(runner: Runner, database: Database) -> None:
    outcome = ran(runner, lambda work: work.complaints.extend(["one: no answer", "two: no answer"]))
    assert (outcome.state, outcome.status) == ("partial", 1)
    assert (last(database).state, last(database).error) == ("partial", "one: no answer (and 1 more)")


def test_a_failure_is_a_line_without_names_and_secrets(runner: Runner, database: Database) -> None:
    with database.write() as conn:
        people.ensure(conn, ["viewer_one", ROOM], source="manual", at=T0)

    def do(_work: Work) -> None:
        raise UnavailableError(
            f"Viewer_One in {ROOM}: no answer\nfrom https://x.example/?token=canary-token-9"
        )

    outcome = ran(runner, do)
    assert (outcome.state, outcome.status) == ("failed", 69)
    assert last(database).error == f"*** in {ROOM}: no answer"


def test_a_name_at_the_end_of_what_is_kept_is_hidden_whole(runner: Runner, database: Database) -> None:
    with database.write() as conn:
        people.ensure(conn, ["viewer_one"], source="manual", at=T0)

    def do(_work: Work) -> None:
        raise UnavailableError(f"{'. ' * 147} viewer_one said no")

    ran(runner, do)
    error = last(database).error
    assert error is not None
    assert (len(error) <= 300, "view" in error) == (True, False)


def test_a_bug_is_written_down_by_its_kind(runner: Runner, database: Database) -> None:
    def do(_work: Work) -> None:
        raise KeyError("viewer_one")

    outcome = ran(runner, do)
    assert (outcome.state, outcome.status) == ("failed", 70)
    assert isinstance(outcome.error, KeyError)
    assert last(database).error == "a bug: KeyError"


def test_nothing_to_do_is_no_failure(runner: Runner, database: Database) -> None:
    def do(_work: Work) -> None:
        raise SkippedError("nobody is due")

    outcome = ran(runner, do)
    assert (outcome.state, outcome.status, outcome.reason) == ("skipped", 0, "nobody is due")
    assert (last(database).state, last(database).error) == ("skipped", "nobody is due")
    with database.read() as conn:
        assert runs.last_good(conn, JOB) == T0


def test_a_second_run_is_refused_here_and_on_another_host(
    runner: Runner, database: Database, settings: Settings, database_url: str, tmp_path: Path
) -> None:
    refused: list[str] = []

    def do(_work: Work) -> None:
        with closing(Database(database_url)) as db:
            for state in (settings.state_dir, tmp_path / "another"):
                with pytest.raises(BusyError) as caught:
                    Runner(db, replace(settings, state_dir=state), runner.now).run(JOB, ran_twice)
                refused.append(caught.value.message)

    def ran_twice(_work: Work) -> None:
        raise AssertionError

    assert ran(runner, do).error is None
    here = f"{JOB} runs already, by process {os.getpid()} on {os.uname().nodename}"
    # A SQLite file has its locks beside it, whatever the state directory is.
    assert refused == [here, here if database.is_sqlite else f"{JOB} runs already, on another host"]
    assert ran(runner, lambda _work: None).state == "ok"
    with database.read() as conn:
        assert len(runs.history(conn, [JOB])) == 2


def test_the_next_run_may_come_before_the_server_has_noticed_the_end(postgres_database: Database) -> None:
    free: list[bool] = []

    def still_connected(_driver: object) -> None:
        with runs.locked(postgres_database, "db-prune") as ours:
            free.append(ours)

    event.listen(Pool, "close_detached", still_connected, once=True)
    with runs.locked(postgres_database, "db-prune") as ours:
        assert ours
    assert free == [True]


def test_the_next_run_closes_one_that_died_wherever_that_was(runner: Runner, database: Database) -> None:
    with database.write() as conn:
        runs.begin(conn, JOB, "another", T0 - timedelta(hours=1))
    ran(runner, lambda _work: None)
    with database.read() as conn:
        assert [(one.host, one.state) for one in runs.history(conn, [JOB])] == [
            ("testhost", "ok"), ("another", "abandoned"),
        ]  # fmt: skip


def test_a_run_that_was_taken_for_dead_stays_abandoned(
    runner: Runner, database: Database, caplog: pytest.LogCaptureFixture
) -> None:
    def do(work: Work) -> None:
        work.counts["asked"] += 1
        with database.write() as conn:
            runs.begin(conn, JOB, "another", minute(1))

    assert ran(runner, do).state == "ok"
    with database.read() as conn:
        found = [(one.host, one.state, one.ended_at, one.counts) for one in runs.history(conn, [JOB])]
    assert found == [
        ("another", "running", None, {}), ("testhost", "abandoned", minute(1), {"asked": 1}),
    ]  # fmt: skip
    assert "took this one for dead" in caplog.text


def test_what_takes_too_long_is_asked_to_end_and_has_failed(
    database: Database, settings: Settings, clock: Clock
) -> None:
    runner = Runner(database, told(settings, time_limit=timedelta(milliseconds=20)), clock)

    def do(work: Work) -> None:
        assert work.stop.wait(30)
        work.counts["asked"] += 1

    outcome = ran(runner, do)
    assert (outcome.state, outcome.status) == ("failed", 4)
    assert last(database).error.startswith("took longer than")  # type: ignore[union-attr]
    assert last(database).counts == {"asked": 1}
    assert not runner.ending.stop.is_set()  # the next job of the call has its own time
    assert ran(runner, lambda _work: None, by_hand=True).state == "ok"


def test_what_does_not_hear_is_ended(database: Database, settings: Settings, clock: Clock) -> None:
    runner = Runner(
        database, told(settings, time_limit=timedelta(milliseconds=20)), clock, Ending(grace=0.02)
    )
    with runner.ending.heard():
        outcome = ran(runner, lambda _work: threading.Event().wait(30))  # type: ignore[arg-type]
    assert (outcome.state, outcome.status) == ("failed", 4)


def test_a_signal_that_comes_while_a_late_run_ends_ends_the_call_too(
    database: Database, settings: Settings, clock: Clock
) -> None:
    runner = Runner(database, told(settings, time_limit=timedelta(milliseconds=20)), clock)

    def do(work: Work) -> None:
        assert work.stop.wait(30)
        os.kill(os.getpid(), signal.SIGTERM)
        work.counts["asked"] += 1  # what it does to end whole

    with runner.ending.heard():
        outcome = ran(runner, do)
    assert (outcome.state, outcome.status, last(database).counts) == ("failed", 4, {"asked": 1})
    assert (runner.ending.number, runner.ending.stop.is_set()) == (signal.SIGTERM, True)


def test_a_timer_that_comes_when_its_run_is_over_says_nothing_of_the_next(
    database: Database, settings: Settings, clock: Clock
) -> None:
    runner = Runner(database, told(settings, time_limit=timedelta(hours=1)), clock, Ending(grace=0))
    timers: list[threading.Timer] = []

    def do(_work: Work) -> None:
        timers.extend(one for one in threading.enumerate() if isinstance(one, threading.Timer))

    def next_one(work: Work) -> None:
        for timer in timers:
            timer.function(*timer.args)  # as one does that was past its wait when the run ended
        assert not work.stop.wait(0.05)

    with runner.ending.heard():
        assert ran(runner, do).state == "ok"
        assert timers
        assert ran(runner, next_one).state == "ok"


def test_who_is_told_to_end_does_and_says_so(runner: Runner, database: Database) -> None:
    def do(work: Work) -> None:
        os.kill(os.getpid(), signal.SIGTERM)
        assert work.stop.wait(30)

    before = signal.getsignal(signal.SIGTERM)
    with runner.ending.heard():
        outcome = ran(runner, do)
    assert (outcome.state, runner.ending.number) == ("stopped", signal.SIGTERM)
    assert last(database).state == "stopped"
    assert signal.getsignal(signal.SIGTERM) is before


def test_a_second_signal_ends_it_at_once(runner: Runner, database: Database) -> None:
    def do(_work: Work) -> None:
        for _ in range(2):
            os.kill(os.getpid(), signal.SIGTERM)
        threading.Event().wait(30)

    with runner.ending.heard():
        outcome = ran(runner, do)
    assert (outcome.state, outcome.status, last(database).state) == ("stopped", 143, "stopped")


def test_a_health_check_hears_the_beginning_and_the_end(
    database: Database, settings: Settings, clock: Clock
) -> None:
    def fails(_work: Work) -> None:
        raise AccessError("no token")

    with Receiver() as receiver:
        runner = Runner(database, told(settings, ping_url=Secret(f"{receiver.url}/CANARY0PING")), clock)
        for do in (lambda _work: None, fails):
            ran(runner, do)
        paths = [one.target for one in receiver.posted]
    ping = "/CANARY0PING"
    assert paths == [f"{ping}/start", ping, f"{ping}/start", f"{ping}/fail"]


def test_a_health_check_that_is_away_changes_nothing(
    database: Database, settings: Settings, clock: Clock, caplog: pytest.LogCaptureFixture
) -> None:
    runner = Runner(database, told(settings, ping_url=Secret("http://127.0.0.1:9/CANARY0PING")), clock)
    assert ran(runner, lambda _work: None).status == 0
    assert "health check at 127.0.0.1:9" in caplog.text
    assert "CANARY" not in caplog.text


def test_metrics_keep_when_it_last_went_well(
    database: Database, settings: Settings, clock: Clock, tmp_path: Path
) -> None:
    folder = tmp_path / "metrics"
    folder.mkdir()
    runner = Runner(database, replace(settings, metrics_dir=folder), clock)

    def fails(_work: Work) -> None:
        raise UnavailableError("no answer")

    ran(runner, lambda work: work.counts.update(asked=3))
    path = folder / f"mhc_job_{JOB}.prom"
    good = f'mhc_job_last_success_timestamp_seconds{{job="{JOB}"}} {T0.timestamp():.3f}\n'
    text = path.read_text()
    assert good in text
    assert f'mhc_job_exit_code{{job="{JOB}"}} 0\n' in text
    assert f'mhc_job_count{{job="{JOB}",what="asked"}} 3\n' in text
    assert path.stat().st_mode & 0o777 == 0o644
    clock.at = minute(10)
    ran(runner, fails)
    text = path.read_text()
    assert good in text
    assert f'mhc_job_exit_code{{job="{JOB}"}} 69\n' in text
    assert f'mhc_job_last_run_timestamp_seconds{{job="{JOB}"}} {minute(10).timestamp():.3f}\n' in text
    folder.rename(tmp_path / "gone")
    assert ran(runner, lambda _work: None).status == 0
