"""What cron's line a minute does: runs the jobs that are due, one after another, each once however often it was missed."""

from collections.abc import Iterator
from functools import partial

from mhc.config import Job
from mhc.errors import MhcError
from mhc.jobs import lock, planning, registry
from mhc.jobs.lock import BusyError
from mhc.jobs.running import Outcome, Runner
from mhc.store import runs
from mhc.store.runs import State

NAME = "tick"  # of the lock


def tick(runner: Runner) -> Iterator[Outcome]:
    """Run what is due; give how each ended. Raises BusyError where another tick is at work.

    A job that runs already, by hand or on another host, is left alone.
    """
    with lock.alone(runner.db, runner.settings.state_dir, NAME):
        for job in due(runner):
            if runner.ending.number is not None:
                return
            try:
                outcome = runner.run(job.name, registry.function_of(job), still=partial(_is_due, runner, job))
            except BusyError:
                continue
            except MhcError as error:  # it cannot even begin: the others can
                outcome = Outcome(job.name, State.FAILED, runner.now(), runner.now(), {}, error=error)
            if outcome is not None:
                yield outcome


def due(runner: Runner) -> list[Job]:
    """Give the jobs that are due."""
    with runner.db.read() as conn:
        found = planning.plans(conn, runner.settings, runner.host, runner.now())
    return [one.job for one in found if one.is_due]


def _is_due(runner: Runner, job: Job) -> bool:
    """Whether a job is due still: another host may have run it since we looked."""
    with runner.db.read() as conn:
        switches = runs.switches(conn)
        return planning.plan(conn, job, runner.settings, switches, runner.host, runner.now()).is_due
