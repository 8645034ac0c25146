"""`mhc job list`, `show`, `status`, `history`: how the jobs stand, and what ran."""

import socket
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import click

from mhc.cli import complete
from mhc.cli.context import database, settings, utc_now
from mhc.cli.lookups import time_range
from mhc.cli.options import Command, common_options, output_options, record_options, time_options
from mhc.cli.output import Field, Writer
from mhc.errors import CheckError

if TYPE_CHECKING:
    from datetime import datetime

    from mhc.jobs.planning import Plan
    from mhc.store.runs import Entry

_JOB = Field("job", "text", "Its name.", foreign=False)
_STATE = Field(
    "state",
    "text",
    "Of the last run: running, ok, partial, failed, skipped, stopped or abandoned.",
    foreign=False,
)
_ERROR = Field(
    "error", "text", "What went wrong in it, or why nothing was done; without names of people.", table=False
)
_COUNTS = Field("counts", "json", "What it did, by what is counted.", table=False, secrecy="open")
_DID = Field("did", "text", "The same, in words.", json=False, foreign=False)
_PROBLEM = Field(
    "problem", "text", "What is wrong with it; null where nothing is, or it is off.", foreign=False
)
JOBS = (
    _JOB,
    Field("enabled", "bool", "Whether it runs at its time.", header="on"),
    Field("schedule", "text", "When it runs.", foreign=False),
    Field("due_at", "time", "When it is due next, or since when it is; null where it is off."),
    Field("last_at", "time", "When its last run began."),
    _STATE,
    _COUNTS,
    _DID,
    _ERROR,
    Field("good_at", "time", "When it last went well.", table=False),
    replace(_PROBLEM, table=False),
    Field("about", "text", "What it does.", table=False, foreign=False),
)  # fmt: skip
JOB = (
    _JOB,
    Field("about", "text", "What it does.", foreign=False),
    Field("enabled", "bool", "Whether it runs at its time."),
    Field("lacks", "text", "The variable that is not set, without which it is off.", foreign=False),
    Field("switched_at", "time", "When it was enabled or disabled, over what the configuration says."),
    Field("note", "text", "What was noted then.", secrecy="note"),
    Field("schedule", "text", "When it runs.", foreign=False),
    Field("quiet", "text", "The hours in which it does not.", foreign=False),
    Field("time_limit", "duration", "After how long a run is ended, as failed."),
    Field("max_age", "duration", "How long ago it may have gone well."),
    Field("options", "json", "What it goes by, as in [jobs.NAME].", secrecy="open"),
    Field("due_at", "time", "When it is due next, or since when it is; null where it is off."),
    Field("last_at", "time", "When its last run began."),
    _STATE,
    _COUNTS,
    _DID,
    replace(_ERROR, table=True),
    Field("good_at", "time", "When it last went well."),
    _PROBLEM,
)  # fmt: skip
STATUS = (
    _JOB,
    Field("last_at", "time", "When its last run began."),
    _STATE,
    Field("good_at", "time", "When it last went well."),
    Field("due_at", "time", "When it is due next, or since when it is."),
    replace(_PROBLEM, help="What is wrong with it; null where nothing is."),
    replace(_ERROR, table=True),
)  # fmt: skip
RUNS = (
    Field("id", "id", "The run's number."),
    _JOB,
    Field("host", "text", "Where it ran.", table=False),
    Field("started_at", "time", "When it began."),
    Field("ended_at", "time", "When it ended; null while it runs.", table=False),
    Field("took", "duration", "How long it took."),
    replace(_STATE, help="running, ok, partial, failed, skipped, stopped or abandoned."),
    _COUNTS,
    _DID,
    replace(_ERROR, table=True, help="What went wrong, or why nothing was done; without names of people."),
)  # fmt: skip


@click.command(
    cls=Command, examples=["mhc job list", "mhc job list -o json", "mhc job list --fields job,due_at"]
)
@output_options(fields=JOBS)
@common_options
@click.pass_context
def list_jobs(ctx: click.Context, out: Writer) -> None:
    """List the jobs: when each is due, and how its last run went."""
    out.rows(JOBS, out.ordered(JOBS, [_row(one) for one in plans(ctx)]))


@click.command(cls=Command, examples=["mhc job show db-backup", "mhc job show statbate-refresh -o json"])
@click.argument("job", metavar="JOB", shell_complete=complete.jobs, help="The job.")
@record_options(fields=JOB)
@common_options
@click.pass_context
def show(ctx: click.Context, out: Writer, job: str) -> None:
    """Show a job: its settings, its last run, what is wrong."""
    from mhc.config.shown import value_text
    from mhc.jobs import registry

    found = registry.find(job)
    (plan,) = (one for one in plans(ctx) if one.job is found)
    options = {one.line: value_text(one.kind, plan.settings.value(one.line)) for one in found.options}
    switch = plan.switch
    row = _row(plan) | {"options": options, "quiet": value_text("hours", plan.settings.quiet)}
    row |= {"lacks": plan.settings.lacks, "time_limit": plan.settings.time_limit, "max_age": plan.max_age}
    row |= {"switched_at": switch and switch.at, "note": switch and switch.note}
    out.record(JOB, row)


@click.command(cls=Command, examples=["mhc job status", "mhc job status --check -q"])
@click.option("--check", is_flag=True, help="End with 4 where something is wrong.")
@output_options(fields=STATUS)
@common_options
@click.pass_context
def status(ctx: click.Context, out: Writer, check: bool) -> None:
    """Say what is wrong with the jobs that are on.

    That is a last run that failed or died, and a job that did not go well for longer than it may: max_age in [jobs.NAME],
    else until the second run in a row is missing.
    """
    found = [one for one in plans(ctx) if one.enabled]
    out.rows(STATUS, out.ordered(STATUS, [_row(one) for one in found]), nothing="no job is on")
    wrong = [f"{one.job.name}: {one.problem}" for one in found if one.problem]
    if check and wrong:
        raise CheckError("; ".join(wrong), hint="mhc job history")


@click.command(cls=Command, examples=["mhc job history", "mhc job history db-backup --since 7d -L 5"])
@click.argument("job", metavar="[JOB]", required=False, shell_complete=complete.jobs, help="This job only.")
@time_options
@output_options(fields=RUNS)
@common_options
@click.pass_context
def history(ctx: click.Context, out: Writer, job: str | None, since: str | None, until: str | None) -> None:
    """List what ran, the latest first."""
    from mhc.jobs import registry
    from mhc.store import runs

    names = registry.NAMES if job is None else (registry.find(job).name,)
    with database(ctx) as db, db.read() as conn:
        wanted = time_range(ctx, conn, since, until)
        most = None if out.sort is not None or out.limit is None else out.limit + 1
        found = runs.history(conn, names, since=wanted.start, until=wanted.end, limit=most)
    out.rows(RUNS, out.ordered(RUNS, [_run(one) for one in found]))


def plans(ctx: click.Context) -> "list[Plan]":
    """Give each job as it stands."""
    from mhc.jobs import planning

    with database(ctx) as db, db.read() as conn:
        return planning.plans(conn, settings(ctx), socket.gethostname(), utc_now())


def schedule_text(plan: "Plan") -> str:
    """Say when a job runs, as the file has it."""
    from mhc.config.shown import value_text

    every = plan.settings.every
    return f"every {value_text('span', every)}" if every else f"at {value_text('clock', plan.settings.at)}"


def _row(plan: "Plan") -> dict[str, object]:
    last = plan.last
    row: dict[str, object] = {"job": plan.job.name, "about": plan.job.about, "enabled": plan.enabled}
    row |= {"schedule": schedule_text(plan), "due_at": plan.due_at, "good_at": plan.good_at}
    row |= {"last_at": last and last.started_at, "problem": plan.problem}
    return row | _ended(last)


def _run(one: "Entry") -> dict[str, object]:
    took = None if one.ended_at is None else one.ended_at - one.started_at
    times: dict[str, datetime | None] = {"started_at": one.started_at, "ended_at": one.ended_at}
    return {"id": one.id, "job": one.job, "host": one.host, "took": took} | times | _ended(one)


def _ended(one: "Entry | None") -> dict[str, object]:
    """Give how a run ended; unknown where there is none."""
    if one is None:
        return {"state": None, "error": None, "counts": None, "did": None}
    return {"state": one.state, "error": one.error, "counts": one.counts or None, "did": did(one.counts)}


def did(counts: Mapping[str, Any]) -> str | None:
    """Say what a run did."""
    parts: Sequence[str] = [
        f"{key} {value:,}" for key, value in sorted(counts.items()) if isinstance(value, int)
    ]
    return ", ".join(parts) or None
