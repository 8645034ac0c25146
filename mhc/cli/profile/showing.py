"""`mhc profile show` and `changes`: what rooms say of themselves, and how that changed."""

from typing import TYPE_CHECKING, Any

import click

from mhc.cli import complete
from mhc.cli.context import database
from mhc.cli.lookups import person as find_person
from mhc.cli.lookups import rows_of, time_range
from mhc.cli.options import Command, common_options, output_options, time_options
from mhc.cli.output import Field, Writer

if TYPE_CHECKING:
    from mhc.reports.profiles import Line

STANDING = (
    Field("field", "text", "The field, as the site calls it.", foreign=False),
    Field("value", "value", "What it says; null: it was there, and was taken away."),
    Field("since", "time", "Since when it is known to say so; of followers and broadcasts when they were read."),
    Field("source", "text", "biocontext (the site's JSON), room page or bio page.", foreign=False),
    Field("username", "username", "Whose profile it is: of merged people each has one.", table=False),
)  # fmt: skip
CHANGES = (
    Field("at", "time", "When it was seen.", header="time"),
    Field("username", "username", "Whose profile it is."),
    Field("field", "text", "The field, as the site calls it.", foreign=False),
    Field("before", "value", "What it said before; null: nothing, or nothing was known."),
    Field("after", "value", "What it says since; null: it was taken away."),
    Field("before_at", "time", "Since when it was so before; null: of what a first look found.", table=False),
    Field("source", "text", "biocontext (the site's JSON), room page or bio page.", table=False, foreign=False),
)  # fmt: skip
_NOTHING = "no profile is known; to ask: mhc profile pull NAME"


@click.command(
    "show", cls=Command, examples=["mhc profile show other_room", "mhc profile show other_room -o json"]
)
@click.argument("name", metavar="NAME", help="Any name of the person.", shell_complete=complete.people)
@output_options(fields=STANDING)
@common_options
@click.pass_context
def show(ctx: click.Context, out: Writer, name: str) -> None:
    """Show what a room says of itself, each field with its age."""
    from mhc.reports import profiles as report

    with database(ctx) as db, db.read() as conn:
        found: list[Line] = report.read(conn, rows_of(conn, find_person(conn, name)))
    out.rows(STANDING, out.ordered(STANDING, found), total=len(found), nothing=_NOTHING)


@click.command(
    "changes",
    cls=Command,
    examples=["mhc profile changes --since 30d", "mhc profile changes other_room --all -o ndjson"],
)
@click.argument(
    "name", metavar="[NAME]", required=False, help="Of this person only.", shell_complete=complete.people
)
@click.option("--all", "every", is_flag=True, help="Also what a first look found.")
@time_options
@output_options(fields=CHANGES)
@common_options
@click.pass_context
def changes(
    ctx: click.Context, out: Writer, name: str | None, every: bool, since: str | None, until: str | None
) -> None:
    """List what changed in public profiles, the newest first."""
    from mhc.store import profiles

    with database(ctx) as db, db.read() as conn:
        asked = time_range(ctx, conn, since, until)
        ids: Any = None if name is None else rows_of(conn, find_person(conn, name))
        found = profiles.changes(conn, ids, asked.start, asked.end, first=every)
    nothing = "no changes; --all shows what a first look found"
    out.rows(CHANGES, out.ordered(CHANGES, found), total=len(found), nothing=nothing)
