"""`mhc person list|search`: people with their sums."""

from dataclasses import asdict, replace
from typing import TYPE_CHECKING

import click

from mhc.cli.context import database
from mhc.cli.lookups import rooms
from mhc.cli.options import Command, common_options, output_options
from mhc.cli.output import Field, Writer
from mhc.cli.person.figures import REVEAL, ROLES, room_option
from mhc.cli.unmasking import unmask_options
from mhc.errors import UsageError

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from mhc.store.totals import Roll

PEOPLE = (
    Field("username", "username", "The name they go by now."),
    Field("role", "text", "viewer, model, both or unknown.", foreign=False),
    Field("last_seen_at", "time", "When they did something last.", header="last seen"),
    Field("tokens", "int", "Tokens here: tips and media.", secrecy="amount"),
    Field("tips", "int", "Tips here.", secrecy="amount"),
    Field("watchlists", "list", "The lists they are on.", header="lists"),
    Field("excluded", "bool", "Whether they are left out of figures.", header="excl"),
    Field("rating", "int", "1 to 5.", table=False),
    Field("first_seen_at", "time", "When they did something first.", table=False),
)
_NOBODY = "nobody: mhc listen meets people, mhc person add NAME adds one"
_NO_MATCH = "nobody goes or went by such a name"


@click.command(
    "list",
    cls=Command,
    examples=["mhc person list", "mhc person list --role viewer --sort tokens:desc -L 10"],
)
@click.option("--role", type=click.Choice(ROLES), help="These only.")
@unmask_options(reveal=REVEAL)
@room_option
@output_options(fields=PEOPLE, sort_keys=[f.name for f in PEOPLE if f.name not in {"watchlists", "excluded"}])
@common_options
@click.pass_context
def list_people(ctx: click.Context, out: Writer, role: str | None, reveal: bool, room: str | None) -> None:
    """List the people you have met, the last seen first, equals by name.

    Excluded people are listed too, and marked.
    """
    from mhc.store.totals import Roll

    with database(ctx) as db, db.read() as conn:
        _print(out, conn, Roll(rooms(ctx, conn, room).ids, role=role, reveal=reveal), _NOBODY)


@click.command("search", cls=Command, examples=["mhc person search one", "mhc person search _old -o name"])
@click.argument("text", metavar="TEXT", help="Any part of a name that they have or had.")
@unmask_options(reveal=REVEAL)
@room_option
@output_options(fields=PEOPLE, sort_keys=[f.name for f in PEOPLE if f.name not in {"watchlists", "excluded"}])
@common_options
@click.pass_context
def search(ctx: click.Context, out: Writer, text: str, reveal: bool, room: str | None) -> None:
    """List the people whose name, now or once, contains a text; the last seen first, equals by name."""
    from mhc.store.totals import Roll

    part = text.strip().lstrip("@")
    if not part:
        raise UsageError("search for what?", hint="mhc person list")
    with database(ctx) as db, db.read() as conn:
        _print(out, conn, Roll(rooms(ctx, conn, room).ids, like=part, reveal=reveal), _NO_MATCH)


def _print(out: Writer, conn: "Connection", roll: "Roll", nothing: str) -> None:
    from mhc.store import totals, watchlists
    from mhc.store.schema import EXCLUDED

    if out.sort is not None:
        roll = replace(roll, sort=out.sort.key, descending=out.sort.descending)
    total = totals.count_people(conn, roll) if out.format == "table" else None
    lists = watchlists.names_by_root(conn)
    rows = [
        asdict(one) | {"watchlists": lists.get(one.id, []), "excluded": EXCLUDED in lists.get(one.id, [])}
        for one in totals.list_people(conn, roll, out.limit)
    ]
    out.rows(PEOPLE, rows, total=total, nothing=nothing)
