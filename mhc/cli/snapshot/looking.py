"""`mhc snapshot list`: the readings there are."""

from typing import TYPE_CHECKING

import click

from mhc.cli import complete
from mhc.cli.context import database
from mhc.cli.lookups import names as names_in
from mhc.cli.lookups import person as find_person
from mhc.cli.lookups import time_range
from mhc.cli.options import Command, common_options, output_options, time_options
from mhc.cli.output import Field, Writer
from mhc.cli.snapshot.questions import Narrowed, question_options
from mhc.cli.telling import each

if TYPE_CHECKING:
    from sqlalchemy import Connection

LISTED = (
    Field("id", "id", "The number of the reading."),
    Field("username", "username", "Whom it is about, by the name they go by now; null: nobody, as a ranking."),
    Field("source", "text", "statbate.OPERATION, stats or apistats.", foreign=False),
    Field("range", "text", "The time that its figures are of; empty: a whole life.", foreign=False),
    Field("captured_at", "time", "When the source said so.", header="time"),
    Field("changed", "bool", "Whether it said something new; so does the first reading."),
    Field("metrics", "json", "Its figures by name; null is unknown.", secrecy="amount"),
    Field("subject", "text", "Whom or what it is about beside the person; else empty.", table=False),
)  # fmt: skip


@click.command(
    "list",
    cls=Command,
    examples=[
        "mhc snapshot list viewer_one",
        "mhc snapshot list --source statbate.member_info --since 7d --changed",
        "mhc watchlist show Friends -o name | mhc snapshot list - -o ndjson",
    ],
)
@click.argument(
    "names",
    metavar="[NAME]…",
    nargs=-1,
    help="Of these people only; - reads names from stdin.",
    shell_complete=complete.people,
)
@question_options
@click.option("--changed", is_flag=True, help="Only those that said something new.")
@time_options
@output_options(fields=LISTED)
@common_options
@click.pass_context
def list_snapshots(
    ctx: click.Context,
    out: Writer,
    names: tuple[str, ...],
    narrowed: Narrowed,
    changed: bool,
    since: str | None,
    until: str | None,
) -> int:
    """List what other sources said, the newest first.

    Each reading is a row, also where it said the same as the one before: --changed leaves those out.
    """
    from mhc.store import reading_lists

    status = 0
    with database(ctx) as db:
        with db.read() as conn:
            asked = time_range(ctx, conn, since, until)
            ids: list[int] | None = None
            if names:
                ids = []
                status = each(ctx, names_in(names), lambda name: ids.extend(_rows_of(conn, name)))
        wanted = reading_lists.Wanted(
            ids, **narrowed._asdict(), since=asked.start, until=asked.end, changed=changed
        )
        limit = None if out.sort or out.limit is None else out.limit + 1
        found = reading_lists.read(db, wanted, limit)
        rows = out.ordered(LISTED, found) if out.sort else found
        out.rows(LISTED, rows, nothing="no readings; to ask: mhc snapshot pull NAME")
    return status


def _rows_of(conn: "Connection", name: str) -> list[int]:
    from mhc.store import people

    return people.members(conn, find_person(conn, name).id)
