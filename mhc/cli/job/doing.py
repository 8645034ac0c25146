"""`mhc job run` and `tick`: what cron calls. Silent where all went well."""

import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, TypeVar

import click

from mhc.cli import complete
from mhc.cli.context import database, settings, utc_now
from mhc.cli.job.looking import did, plans
from mhc.cli.lookups import watchlist
from mhc.cli.options import Command, Shared, common_options, write_options
from mhc.cli.telling import say
from mhc.config import JOBS, Setting
from mhc.config.shown import value_text
from mhc.config.values import parse_value
from mhc.domain.clock import iso_z
from mhc.domain.text import encode
from mhc.errors import Exit, MhcError, UsageError
from mhc.log import redact

if TYPE_CHECKING:
    from mhc.config import Job
    from mhc.jobs.planning import Plan
    from mhc.jobs.running import Outcome, Runner
    from mhc.store.database import Database

T = TypeVar("T")
_OPTIONS = {one.line: one for job in JOBS for one in job.options}
_COMPLETIONS = {"list": complete.watchlists}


def _overrides(function: Callable[..., T]) -> Callable[..., T]:
    """Accept the options of every job, in place of what [jobs.NAME] says."""
    for one in reversed(_OPTIONS.values()):
        name = f"--{one.line.replace('_', '-')}"
        if one.kind == "flag":
            add = click.option(f"{name}/--no-{name[2:]}", one.line, default=None, help=one.help)
        else:
            help_ = one.help + (" May be given again." if one.many else "")
            found = _COMPLETIONS.get(one.line)
            add = click.option(
                name, one.line, metavar=_metavar(one), shell_complete=found, help=help_, multiple=one.many
            )
        function = add(function)
    return function


def _metavar(one: Setting) -> str:
    return {"span": "TIME", "budget": "N", "whole": "N", "list": "LIST"}.get(one.kind, one.line.upper())


@click.command(
    cls=Command, examples=["mhc job run sessions-close", "mhc job run statbate-refresh --list Friends -n"]
)
@click.argument("job", metavar="JOB", shell_complete=complete.jobs, help="The job.")
@click.option("--force", is_flag=True, help="Although it is off, or these are its quiet hours.")
@_overrides
@write_options
@common_options
@click.pass_context
def run(ctx: click.Context, /, job: str, force: bool, dry_run: bool, **given: Any) -> int:
    """Run a job now.

    Silent where it goes well, but for -v and on a terminal. Ends with 75 where it runs already, with 1 where part of it
    failed, else with the status of what went wrong. A job that is off, or has its quiet hours, is left alone.
    """
    from mhc.jobs import registry
    from mhc.jobs.lock import BusyError

    found = registry.find(job)
    said = {key: given[key] for key in _OPTIONS if given[key] not in {None, ()}}
    options = _options(ctx, found, said)
    (plan,) = (one for one in plans(ctx) if one.job is found)
    if not force and (reason := _why_not(plan)):
        (say if dry_run else _mention)(ctx, f"{found.name} does not run: {reason}; --force runs it")
        return Exit.OK
    if dry_run:
        say(ctx, f"would run {found.name}{_with(found, options)}")
        return Exit.OK
    with database(ctx) as db, _runner(ctx, db) as runner:
        try:
            outcome = runner.run(found.name, registry.function_of(found), options)
        except BusyError as busy:
            _mention(ctx, busy.message)
            return Exit.TRY_LATER
        assert outcome is not None
        return _told(ctx, runner, [outcome])


@click.command(cls=Command, examples=["mhc job tick", "mhc job tick -n"])
@write_options
@common_options
@click.pass_context
def tick(ctx: click.Context, /, dry_run: bool, **_asked: bool) -> int:
    """Run the jobs that are due, one after another: cron's line a minute.

    What was missed, however often, runs once. Silent where all goes well, but for -v and on a terminal. Ends with 75 where
    another is at work still, with 1 where some of what ran failed, and with the gravest status where all did.
    """
    from mhc.jobs import ticking
    from mhc.jobs.lock import BusyError

    if dry_run:
        due = [one.job.name for one in plans(ctx) if one.is_due]
        say(ctx, f"would run {', '.join(due) or 'nothing: no job is due'}")
        return Exit.OK
    with database(ctx) as db, _runner(ctx, db) as runner:
        try:
            return _told(ctx, runner, list(ticking.tick(runner)))
        except BusyError as busy:
            _mention(ctx, busy.message)
            return Exit.TRY_LATER


@contextmanager
def _runner(ctx: click.Context, db: "Database") -> "Iterator[Runner]":
    """Give what runs jobs, and let signals end them in order."""
    from mhc.jobs.running import Runner

    made = Runner(db, settings(ctx), utc_now)
    with made.ending.heard():
        yield made


def _options(ctx: click.Context, job: "Job", given: Mapping[str, Any]) -> dict[str, Any]:
    """Give what a job goes by: what the call says, else what the settings say."""
    known = {one.line: one for one in job.options}
    for key in given:
        if key not in known:
            raise UsageError(f"--{key.replace('_', '-')} is no option of {job.name}")
    options = dict(settings(ctx).jobs[job.name].options)
    for key, value in given.items():
        one = known[key]
        try:
            options[key] = parse_value(one.kind, list(value) if one.many else value, many=one.many)
        except ValueError as error:
            raise UsageError(f"--{key.replace('_', '-')} {error}") from None
    if given.get("list"):
        with database(ctx) as db, db.read() as conn:
            options["list"] = tuple(watchlist(conn, name).name for name in options["list"])
    return options


def _with(job: "Job", options: Mapping[str, Any]) -> str:
    texts = {one.line: value_text(one.kind, options[one.line]) for one in job.options}
    said = [f"{key} {text}" for key, text in texts.items() if text not in {None, "0"}]
    return f" with {', '.join(said)}" if said else ""


def _why_not(plan: "Plan") -> str | None:
    """Say why a job does not run now unless forced; None where it does."""
    if not plan.enabled:
        lacks = plan.settings.lacks if plan.switch is None else None
        return f"{lacks} is not set" if lacks else "it is off"
    return f"it is quiet until {iso_z(plan.quiet_until)}" if plan.quiet_until else None


def _told(ctx: click.Context, runner: "Runner", outcomes: "Sequence[Outcome]") -> int:
    """Say how runs ended, on stderr, and give the exit status. Raises what is no failure of a known kind."""
    bugs = [one.error for one in outcomes if one.error and not isinstance(one.error, MhcError | SystemExit)]
    failed = [one for one in outcomes if one.status]
    for one in outcomes:
        for complaint in one.complaints:
            click.echo(encode(f"mhc: {one.job}: {redact(complaint)}"), err=True)
        if isinstance(one.error, MhcError) and (len(outcomes) > 1 or runner.ending.number is not None):
            hint = f" ({one.error.hint})" if one.error.hint else ""
            click.echo(encode(redact(f"mhc: {one.job}: {one.error.message}{hint}")), err=True)
        elif isinstance(one.error, MhcError):
            raise one.error
        if one.status == Exit.OK:
            _mention(ctx, f"{one.job}: {one.reason or did(one.counts) or one.state}")
    if bugs and bugs[0] is not None:
        raise bugs[0]
    if runner.ending.number is not None:
        return 128 + runner.ending.number
    if failed and len(failed) == len(outcomes):
        return max(one.status for one in failed)
    return Exit.PARTIAL if failed else Exit.OK


def _mention(ctx: click.Context, text: str) -> None:
    """Say what cron need not hear: on a terminal, or with -v."""
    if sys.stderr.isatty() or ctx.ensure_object(Shared).verbose:
        say(ctx, text)
