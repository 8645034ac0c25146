"""How each job stands: whether it is on, how its last run went, when it is due, and whether something is wrong."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from mhc.config import JOBS, Job, JobSettings, Settings
from mhc.config.shown import length_text
from mhc.domain.schedules import Schedule, delay_of, due, due_since, next_due, quiet_until
from mhc.store import runs
from mhc.store.runs import Entry, State, Switch

if TYPE_CHECKING:
    from sqlalchemy import Connection

_BAD = frozenset({State.FAILED, State.ABANDONED})


@dataclass(frozen=True, slots=True)
class Plan:
    """One job as it stands at an instant."""

    job: Job
    settings: JobSettings
    schedule: Schedule
    switch: Switch | None  # what was said of it, which wins over the settings
    last: Entry | None
    good_at: datetime | None
    now: datetime

    @property
    def enabled(self) -> bool:
        """Whether it runs at its time."""
        return self.settings.enabled if self.switch is None else self.switch.enabled

    @property
    def is_due(self) -> bool:
        """Whether it should run now."""
        return self.enabled and due(self._last_at, self.schedule, self.now)

    @property
    def due_at(self) -> datetime | None:
        """When it is due next, or since when it is; None where it is off."""
        if self.is_due:
            return due_since(self.schedule, self.now)
        return next_due(self._last_at, self.schedule, self.now) if self.enabled else None

    @property
    def quiet_until(self) -> datetime | None:
        """The end of the quiet hours that these are; None where they are none."""
        return quiet_until(self.schedule, self.now)

    @property
    def max_age(self) -> timedelta:
        """How long ago it may have gone well."""
        limit = self.settings.max_age
        if limit is not None:
            return limit
        return 2 * self.schedule.longest + self.settings.jitter + self.settings.time_limit

    @property
    def problem(self) -> str | None:
        """What is wrong with a job that is on; None where nothing is."""
        if not self.enabled:
            return None
        if self.last is not None and self.last.state in _BAD:
            return f"its last run {'failed' if self.last.state == State.FAILED else 'was abandoned'}"
        if self.good_at is None:
            return "never ran" if self.last is None else "never went well"
        if self.now - self.good_at > self.max_age:
            return f"did not go well for more than {length_text(self.max_age)}"
        return None

    @property
    def _last_at(self) -> datetime | None:
        return None if self.last is None else self.last.started_at


def plans(conn: "Connection", settings: Settings, host: str, now: datetime) -> list[Plan]:
    """Give each job as it stands, in the order of their table."""
    said = runs.switches(conn)
    return [plan(conn, job, settings, said, host, now) for job in JOBS]


def plan(
    conn: "Connection",
    job: Job,
    settings: Settings,
    switches: Mapping[str, Switch],
    host: str,
    now: datetime,
) -> Plan:
    """Give a job as it stands."""
    mine = settings.jobs[job.name]
    delay = delay_of(job.name, host, mine.jitter)
    schedule = Schedule(mine.every, mine.at, settings.timezone, mine.quiet, delay)
    last, good_at = runs.last(conn, job.name), runs.last_good(conn, job.name)
    return Plan(job, mine, schedule, switches.get(job.name), last, good_at, now)


def troubles(found: Sequence[Plan]) -> list[tuple[str, str]]:
    """Give what is wrong with which job; nothing where no job ever ran: nobody wants them to."""
    if all(one.last is None for one in found):
        return []
    return [(one.job.name, one.problem) for one in found if one.problem]
