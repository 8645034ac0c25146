"""`mhc db`: the database itself."""

import click

from mhc.cli.context import database
from mhc.cli.options import Command, common_options, record_options, write_options
from mhc.cli.output import Field, Writer
from mhc.cli.root import LazyGroup
from mhc.domain.counted import counted
from mhc.errors import CheckError

UPGRADED = (
    Field("database", "text", "Which database.", foreign=False),
    Field("before", "text", "The schema's revision before; null where there was none.", foreign=False),
    Field("after", "text", "The revision now.", foreign=False),
)
INFO = (
    Field("database", "text", "Which database.", foreign=False),
    Field("engine", "text", "SQLite or PostgreSQL, with its version.", foreign=False),
    Field("revision", "text", "The schema's revision.", foreign=False),
    Field("compatibility", "int", "The schema's compatibility number."),
    Field("bytes", "int", "Size on disk."),
    Field("events", "int", "Events."),
    Field("people", "int", "People."),
    Field("sessions", "int", "Sessions."),
    Field("first_event_at", "time", "The earliest event."),
    Field("last_event_at", "time", "The latest event."),
    Field("observations", "int", "Readings of rooms in the public feed."),
    Field(
        "observations_a_day",
        "int",
        "Those of the day before the last one.",
    ),
    Field(
        "observations_limit",
        "int",
        "From how many on to thin them (SQLite), or to partition their table (PostgreSQL): docs/operations.md says how.",
    ),
    Field(
        "observations_limit_at",
        "time",
        "When there will be so many, as fast as they come; null where none come, or not within a hundred years.",
    ),
    Field("snapshots", "int", "Readings of other sources."),
    Field("payloads", "int", "The answers that they have: what is said again is kept once.", secrecy="open"),
    Field("bytes_a_snapshot", "int", "What both take on disk, by reading; null without readings."),
)
CHECKS = (
    Field("database", "text", "Which database.", foreign=False),
    Field("sound", "bool", "Whether nothing was found."),
    Field("problems", "list", "What was found.", foreign=False),
)


@click.group(
    cls=LazyGroup,
    examples=["mhc db info", "mhc db backup", "mhc db check"],
    table={
        "backup": ("mhc.cli.backup:backup", "Make a backup, verify it, and remove what is no longer kept."),
        "restore": ("mhc.cli.backup:restore", "Put a backup in the database's place."),
        "copy": ("mhc.cli.copy:command", "Copy everything into another database, of either kind."),
        "prune": ("mhc.cli.prune:command", "Take away what is older than the retention policy keeps it."),
    },
)
def group() -> None:
    """The database: upgrade, check, back up, copy."""


@group.command("upgrade", cls=Command, examples=["mhc db upgrade"])
@write_options
@record_options(fields=UPGRADED)
@common_options
@click.pass_context
def upgrade(ctx: click.Context, out: Writer, dry_run: bool, yes: bool, no_input: bool) -> None:  # noqa: ARG001
    """Bring the schema up to date, making the database's tables where there are none."""
    from mhc.store import migrate

    with database(ctx) as db:
        if dry_run:
            state = None if db.is_empty() else db.schema_state()
            revisions: tuple[str | None, str | None] = (state[0] if state else None, migrate.head())
        else:
            revisions = db.create() if db.is_empty() else migrate.upgrade(db)
        out.record(UPGRADED, {"database": db.name, "before": revisions[0], "after": revisions[1]})


@group.command("info", cls=Command, examples=["mhc db info", "mhc db info -o json"])
@record_options(fields=INFO)
@common_options
@click.pass_context
def info(ctx: click.Context, out: Writer) -> None:
    """Show what the database holds, and how large it is."""
    from mhc.store import inventory

    with database(ctx) as db:
        found = inventory.of(db)
    out.record(INFO, found)
    if found["observations"] >= found["observations_limit"]:
        out.message(
            "there are more readings of rooms than are easy to keep: docs/operations.md says what to do"
        )


@group.command("check", cls=Command, examples=["mhc db check", "mhc db check --repair"])
@click.option("--repair", is_flag=True, help="Make what is derived anew from the events.")
@write_options
@record_options(fields=CHECKS)
@common_options
@click.pass_context
def check(ctx: click.Context, /, out: Writer, repair: bool, dry_run: bool, **_asked: bool) -> None:
    """Check that the database is sound, and that all that is derived follows from its events.

    Ends with 4 where it does not; --repair makes totals, sessions and visits anew, and with -n only says what is wrong.
    """
    from mhc.cli.context import settings
    from mhc.store import inventory

    with database(ctx) as db:
        if repair and not dry_run:
            inventory.repair(db, settings(ctx).merge_gap)
        problems = inventory.problems(db, settings(ctx).merge_gap)
        out.record(CHECKS, {"database": db.name, "sound": not problems, "problems": problems})
    if problems:
        raise CheckError(f"{counted(len(problems), 'problem')} in {db.name}", hint="mhc db check --repair")
