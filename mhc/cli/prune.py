"""`mhc db prune`: what is older than the retention policy keeps it."""

import socket
import sys
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

import click

from mhc.cli.context import database, settings, utc_now
from mhc.cli.options import Command, common_options, output_options, write_options
from mhc.cli.output import Field, Writer
from mhc.cli.progress import Progress
from mhc.cli.telling import say
from mhc.errors import CheckError, UsageError

if TYPE_CHECKING:
    from mhc.config import Settings
    from mhc.store.database import Database
    from mhc.store.pruning import Due

NAMES = ("private_text", "chat", "presence", "observations", "payloads")
PRUNED = (
    Field("class", "text", "private_text, chat, presence, observations or payloads.", foreign=False),
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
    """Take away what is older than [retention] in config.toml keeps it; without limits there, nothing.

    Messages lose their words, and stay as events; enters, leaves and visits go. Answers of other sources go, their figures
    stay. Totals and sessions stay as they are,
    and so does all that you typed. It may be stopped at any time, and goes on at the next call. Ends with 4 where the
    clock cannot be right, or more than 20 % of a class would go, unless forced.
    """
    from mhc.store import pruning

    loaded, now = settings(ctx), utc_now()
    keep = _limits(loaded, names)
    today = now.replace(hour=0, minute=0, second=0, microsecond=0)
    before = {name: today - age for name, age in keep.items()}
    with database(ctx) as db:
        with db.read() as conn:
            found = {name: pruning.due(conn, name, before.get(name)) for name in NAMES}
            if before and not force:
                pruning.refuse_clock(conn, now)
                _refuse_improbable({name: found[name] for name in before})
        pruned: Mapping[str, int] = {}
        if not dry_run:
            due = sum(found[name].due for name in before)
            if due and not yes:
                _ask(due, no_input=no_input)
            pruned = _prune(ctx, db, before, now) if before else {}
    rows = [
        {"class": name, "keep": keep.get(name), "before": before.get(name), **found[name]._asdict()}
        | {"pruned": None if dry_run else pruned.get(name, 0)}
        for name in NAMES
    ]
    out.rows(PRUNED, out.ordered(PRUNED, rows))
    if not before:
        out.message("nothing has a limit: [retention] in config.toml")
    elif dry_run:
        out.message("nothing was taken: this says what would go")


def _limits(loaded: "Settings", names: tuple[str, ...]) -> dict[str, timedelta]:
    """Give how long the classes asked for are kept. Raises UsageError where one that was named has no limit."""
    known = {name: getattr(loaded, f"keep_{name}") for name in NAMES}
    for name in names:
        if known[name] is None:
            raise UsageError(f"{name} has no limit", hint=f'[retention] {name} = "365d" in config.toml')
    return {name: age for name, age in known.items() if age is not None and name in (names or NAMES)}


def _refuse_improbable(found: "Mapping[str, Due]") -> None:
    much = [f"{one.due:,} of {one.held:,} of {name}" for name, one in found.items() if one.improbable]
    if much:
        hint = "--force, where that is meant: as in a first run"
        raise CheckError(f"more than 20 % would go: {', '.join(much)}", hint=hint)


def _ask(due: int, *, no_input: bool) -> None:
    if no_input or not (sys.stdin.isatty() and sys.stderr.isatty()):
        raise UsageError(f"{due:,} rows would lose what they hold", hint="-y, where they may")
    click.confirm(f"Take away what {due:,} rows hold?", abort=True, err=True)


def _prune(
    ctx: click.Context, db: "Database", before: Mapping[str, datetime], now: datetime
) -> Mapping[str, int]:
    from mhc import audit
    from mhc.store import pruning, runs
    from mhc.store.pruning_text import Job

    loaded = settings(ctx)
    audit.record(loaded.state_dir, "db prune begun", at=now, before=before)
    with db.write() as conn:
        run_id = runs.begin(conn, pruning.JOB, socket.gethostname(), now)
    try:
        with Progress(ctx, "rows") as progress:
            jobs = {name: Job(at, loaded.merge_gap) for name, at in before.items()}
            done = pruning.prune(db, jobs, run_id, progress)
    except Exception as error:
        with db.write() as conn:
            runs.end(conn, run_id, utc_now(), "failed", type(error).__name__)
        raise
    with db.write() as conn:
        runs.end(conn, run_id, utc_now())
    audit.record(loaded.state_dir, "db prune", at=utc_now(), rows=done)
    free = pruning.settle(db)
    if free:
        say(ctx, f"{free:,} bytes of {db.name} are free for what comes; the file stays as large")
    return done
