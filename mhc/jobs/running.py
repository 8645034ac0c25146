"""Runs a job: alone, within its time, with a row in the ledger of runs, its health check and its metrics."""

import logging
import re
import socket
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from mhc.config import Settings
from mhc.errors import Exit, MhcError
from mhc.jobs import lock, metrics
from mhc.jobs.ending import Ending
from mhc.jobs.pings import Pings
from mhc.jobs.work import SkippedError, Work
from mhc.log import escape, redact
from mhc.store import runs
from mhc.store.database import Database
from mhc.store.runs import State

log = logging.getLogger("mhc.jobs")

_WORD = re.compile(r"[A-Za-z0-9_]{2,64}", re.ASCII)
_LONGEST = 300  # letters of an error that are kept


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a run ended."""

    job: str
    state: State
    started_at: datetime
    ended_at: datetime
    counts: Mapping[str, int]
    complaints: tuple[str, ...] = ()
    error: BaseException | None = None
    reason: str | None = None  # why there was nothing to do

    @property
    def status(self) -> int:
        """The exit status of who ran nothing else. 70 for a bug, as which it is raised."""
        if isinstance(self.error, SystemExit):
            return self.error.code if isinstance(self.error.code, int) else Exit.PARTIAL
        if self.error is not None:
            return self.error.status if isinstance(self.error, MhcError) else Exit.BUG
        return Exit.PARTIAL if self.state == State.PARTIAL else Exit.OK


@dataclass(frozen=True, slots=True)
class Runner:
    """What every run of a call works with."""

    db: Database
    settings: Settings
    now: Callable[[], datetime]
    ending: Ending = field(default_factory=Ending)
    host: str = field(default_factory=socket.gethostname)

    def run(
        self,
        job: str,
        do: Callable[[Work], None],
        options: Mapping[str, Any] | None = None,
        *,
        by_hand: bool = False,
        still: Callable[[], bool] = lambda: True,
    ) -> Outcome | None:
        """Run a job; None where it is no longer due, once it has its lock. Raises BusyError where it runs already.

        What somebody watches (`by_hand`) takes the time that it takes.

        What goes wrong in the job is in the outcome; what keeps it from beginning is raised.
        """
        mine = self.settings.jobs[job]
        with lock.alone(self.db, self.settings.state_dir, job):
            if not still():
                return None
            begun = self.now()
            with self.db.write() as conn:
                run_id = runs.begin(conn, job, self.host, begun)
            given = mine.options if options is None else options
            work = Work(self.db, self.settings, given, self.now, self.ending.stop, run_id=run_id)
            pings = Pings(mine.ping_url, self.settings.wait_scale)
            error = self._done(pings, do, work, None if by_hand else mine.time_limit)
            outcome = self._ended(job, work, begun, error)
        metrics.write(self.settings.metrics_dir, outcome)
        if outcome.state != State.STOPPED:  # which is neither
            pings.ended(well=outcome.state in runs.GOOD)
        return outcome

    def _done(
        self, pings: Pings, do: Callable[[Work], None], work: Work, limit: timedelta | None
    ) -> BaseException | None:
        """Do the work; give what ended it."""
        try:
            with self.ending.within(limit):
                pings.started()
                do(work)
        except BaseException as error:  # noqa: BLE001 - whatever it is, the ledger says it; who called raises it
            return error
        return None

    def _ended(self, job: str, work: Work, begun: datetime, error: BaseException | None) -> Outcome:
        """Write down how a run ended."""
        state = self._state(work, error)
        reason = str(error) if isinstance(error, SkippedError) else None
        ended = Outcome(
            job,
            state,
            begun,
            self.now(),
            dict(work.counts),
            tuple(work.complaints),
            None if reason else error,
            reason,
        )
        assert work.run_id is not None
        try:
            with self.db.write() as conn:
                said = _sentence(ended)
                known = said and runs.names_in(conn, [word.lower() for word in _WORD.findall(said)])
                if ended.counts:
                    runs.count(conn, work.run_id, ended.counts)
                # Cut at the end: a part of a name would not be known as one.
                said = said and self._without(said, known or set())[:_LONGEST]
                if not runs.end(conn, work.run_id, ended.ended_at, state, said):
                    log.warning("%s: another run took this one for dead: %s", job, runs.State.ABANDONED)
        except MhcError:
            if error is None or reason:
                raise
            # The database is away, which is likely what ended the job: the next run closes the row.
        return ended

    def _state(self, work: Work, error: BaseException | None) -> State:
        if isinstance(error, SkippedError):
            return State.SKIPPED
        if isinstance(error, Exception):
            return State.FAILED
        if error is not None or self.ending.number is not None:
            return State.STOPPED
        return State.PARTIAL if work.complaints else State.OK

    def _without(self, text: str, names: set[str]) -> str:
        """Hide the names of people; those of our own rooms stay."""
        hidden = names - {room.name for room in self.settings.rooms}
        return _WORD.sub(lambda found: "***" if found[0].lower() in hidden else found[0], text)


def _sentence(outcome: Outcome) -> str | None:
    """Say in a line what went wrong."""
    error, said = outcome.error, outcome.reason
    if isinstance(error, MhcError):
        said = error.message.split("\n")[0]
    elif isinstance(error, Exception):
        said = f"a bug: {type(error).__name__}"
    elif outcome.complaints:
        more = len(outcome.complaints) - 1
        said = outcome.complaints[0] + (f" (and {more} more)" if more else "")
    return escape(redact(said)) if said else None
