"""The settings of each job, out of what the tables [jobs.NAME] of the file say."""

from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any

from mhc.config.jobs import BY_NAME, JOBS, Job, JobSettings
from mhc.config.sources import unknown
from mhc.config.table import Setting

Reader = Callable[[str, Mapping[str, object], Sequence[Setting]], dict[str, Any]]


def read_jobs(
    tables: Mapping[str, object], prefix: str, read: Reader, has: Collection[str], problems: list[str]
) -> dict[str, JobSettings]:
    """Give the settings of each job. `read` reads a table of settings, `has` names the variables that are set."""
    for name, lines in tables.items():
        if name not in BY_NAME:
            problems.append(f"{prefix}[jobs.{name}]: {unknown(name, set(BY_NAME), 'job')}")
        elif not isinstance(lines, dict):
            problems.append(f"{prefix}[jobs] {name}: must be a table")
    said = {name: lines for name, lines in tables.items() if isinstance(lines, dict)}
    found = {}
    for one in JOBS:
        lines = said.get(one.name, {})
        if lines.get("every") and lines.get("at"):
            problems.append(f"{prefix}[jobs.{one.name}]: every and at contradict each other")
        found[one.name] = _settings(one, read(f"jobs.{one.name}", lines, one.settings), lines, has)
    return found


def _settings(
    job: Job, values: dict[str, Any], said: Mapping[str, object], has: Collection[str]
) -> JobSettings:
    """Put a job's settings together: a schedule that the file gives stands in place of the other kind."""
    lacks = job.needs if job.needs is not None and job.needs not in has else None
    enabled = lacks is None if values["enabled"] is None else values["enabled"]
    return JobSettings(
        enabled=enabled,
        every=None if said.get("at") else values["every"],
        at=() if said.get("every") else values["at"] or (),
        jitter=values["jitter"],
        quiet=values["quiet"],
        time_limit=values["time_limit"],
        max_age=values["max_age"],
        ping_url=values["ping_url"],
        options={
            one.line: () if one.many and values[one.line] is None else values[one.line] for one in job.options
        },
        lacks=lacks,
    )
