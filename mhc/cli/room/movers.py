"""`mhc room movers`: who gained followers, and who lost them."""

import click

from mhc.cli import complete
from mhc.cli.context import database
from mhc.cli.lookups import time_range
from mhc.cli.lookups import watchlist as find_list
from mhc.cli.options import Command, common_options, output_options, time_options
from mhc.cli.output import Field, Writer

FIELDS = (
    Field("username", "username", "The room."),
    Field("gained", "int", "Followers more than at its first reading; fewer, where it is below 0."),
    Field("followers", "int", "Followers at its last reading."),
    Field("before", "int", "Followers at its first reading.", table=False),
    Field("first_at", "time", "Its first reading in this time.", header="from"),
    Field("last_at", "time", "Its last reading in this time.", header="to"),
)


@click.command(
    cls=Command,
    examples=["mhc room movers", "mhc room movers --list Friends --since 30d --sort gained -L 10"],
)
@click.option(
    "--list",
    "lists",
    metavar="LIST",
    multiple=True,
    shell_complete=complete.watchlists,
    help="Rooms of who is on this watchlist; of several: on any.",
)
@time_options
@output_options(fields=FIELDS)
@common_options
@click.pass_context
def command(
    ctx: click.Context, out: Writer, lists: tuple[str, ...], since: str | None, until: str | None
) -> None:
    """List rooms by how many followers they gained, the most first.

    In the last 7 days, unless --since says otherwise: from a room's first reading in the public feed to its last one.
    Figures of other sources are not compared with them. Rooms that were read once only are left out.
    """
    from mhc.store import room_growth, room_names

    with database(ctx) as db, db.read() as conn:
        asked = time_range(ctx, conn, "7d" if since is None else since, until)
        ids = [find_list(conn, name).id for name in lists]
        of = room_names.rows_on_lists(ids) if ids else None
        found = room_growth.growths(conn, asked.start, asked.end, of)
    rows = [one._asdict() | {"gained": one.followers - one.before} for one in found]
    rows.sort(key=lambda row: -row["gained"])
    out.rows(
        FIELDS,
        out.ordered(FIELDS, rows),
        total=len(rows),
        nothing="no poll read a room twice in this time: mhc room poll",
    )
