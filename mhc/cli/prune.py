"""`mhc db prune`: what is older than the retention policy keeps it."""

import sys
from collections.abc import Mapping
from typing import TYPE_CHECKING

import click

from mhc.cli.context import database, settings, utc_now
from mhc.cli.options import Command, common_options, output_options, write_options
from mhc.cli.output import Field, Writer
from mhc.cli.progress import Progress
from mhc.cli.telling import say
from mhc.domain.counted import counted
from mhc.errors import UsageError

if TYPE_CHECKING:
    from datetime import datetime, timedelta

    from mhc.store.database import Database

NAMES = ("private_text", "chat", "presence", "observations", "payloads", "runs")
PRUNED = (
    Field("class", "text", "private_text, chat, presence, observations, payloads or runs.", foreign=False),
    Field("keep", "duration", "How long [retention] keeps it; null is for ever."),
    Field("before", "time", "What is older goes; a midnight in UTC."),
    Field("held", "int", "Rows that could go at all, before this run."),
    Field("due", "int", "Those of them that are older; visits that go on still, and what they began with, stay."),
    Field("pruned", "int", "How many were taken; null with --dry-run."),
)  # fmt: skip


@click.command(
    cls=Command,
    examples=["mhc db prune -n", "mhc db prune -y", "mhc db prune -n -o json"],
)
@click.option(
    "--class",
    "names",
    type=click.Choice(NAMES),
    multiple=True,
    help="This class only; may be given again (default: each that has a limit).",
)
@click.option(
    "--force",
    is_flag=True,
    help="Although more than 20 % of a class would go, or the clock looks wrong.",
)
@write_options
@output_options(fields=PRUNED)
@common_options
@click.pass_context
def command(
    ctx: click.Context,
    out: Writer,
    names: tuple[str, ...],
    force: bool,
    dry_run: bool,
    yes: bool,
    no_input: bool,
) -> None:
    """Take away what is older than [retention] in config.toml keeps it; without limits there, old runs of jobs only.

    Messages lose their words, and stay as events; enters, leaves and visits go. Answers of other sources go, their figures
    stay. Of the runs of jobs those of a year stay, of each job the last one, and those that say what was taken. Totals and sessions stay as they are,
    and so does all that you typed. It may be stopped at any time, and goes on at the next call. Ends with 4 where the
    clock cannot be right, or more than 20 % of a class would go, unless forced.
    """
    from mhc.jobs import db_prune

    loaded, now = settings(ctx), utc_now()
    keep = _limits(db_prune.kept(loaded), names)
    before = db_prune.limits(keep, now)
    with database(ctx) as db:
        found = db_prune.tally(db, before, now, force=force)
        pruned: Mapping[str, int] = {}
        if not dry_run:
            due = sum(found[name].due for name in before)
            if due and not yes:
                _ask(due, no_input=no_input)
            pruned = _prune(ctx, db, before) if db_prune.is_needed(before, found) else {}
    rows = [
        {"class": name, "keep": keep.get(name), "before": before.get(name), **found[name]._asdict()}
        | {"pruned": None if dry_run else pruned.get(name, 0)}
        for name in NAMES
    ]
    out.rows(PRUNED, out.ordered(PRUNED, rows))
    if not before.keys() - {db_prune.RUNS}:
        out.message("nothing but runs of jobs has a limit: [retention] in config.toml")
    elif dry_run:
        out.message("nothing was taken: this says what would go")


def _limits(known: "Mapping[str, timedelta | None]", names: tuple[str, ...]) -> "dict[str, timedelta | None]":
    """Give how long the classes asked for are kept. Raises UsageError where one that was named has no limit."""
    for name in names:
        if known[name] is None:
            raise UsageError(f"{name} has no limit", hint=f'[retention] {name} = "365d" in config.toml')
    return {name: age for name, age in known.items() if name in (names or NAMES)}


def _ask(due: int, *, no_input: bool) -> None:
    if no_input or not (sys.stdin.isatty() and sys.stderr.isatty()):
        raise UsageError(
            counted(due, "row would lose what it holds", "rows would lose what they hold"),
            hint="-y, where they may",
        )
    click.confirm(f"Take away what {counted(due, 'row holds', 'rows hold')}?", abort=True, err=True)


def _prune(ctx: click.Context, db: "Database", before: "Mapping[str, datetime]") -> Mapping[str, int]:
    """Do what the job does, as a run of it."""
    from mhc.jobs import db_prune
    from mhc.jobs.running import Runner
    from mhc.store import pruning

    with Progress(ctx, "rows") as progress:
        runner = Runner(db, settings(ctx), utc_now)
        done = runner.run(pruning.JOB, lambda work: db_prune.prune(work, before, progress), by_hand=True)
    assert done is not None
    if done.error is not None:
        raise done.error
    free = pruning.settle(db)
    if free:
        say(ctx, f"{free:,} bytes of {db.name} are free for what comes; the file stays as large")
    return done.counts
