"""`mhc report tipmenu`: what of the tip menu sold."""

from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import click

from mhc.cli.context import database
from mhc.cli.options import Command, common_options, output_options
from mhc.cli.output import Field, Writer
from mhc.cli.report.asking import About, Drawn, ask, report_options, show

if TYPE_CHECKING:
    from mhc.cli.page import Picture
    from mhc.reports.tipmenu import Row

ITEMS = (
    Field("label", "text", "The item; several of one price are one row; null: tips that matched none.",
          absent="(no item)"),
    Field("price", "int", "What it costs; null for tips that matched none.", secrecy="open"),
    Field("times", "int", "How many tips were of this amount while it stood in the menu.", secrecy="open"),
    Field("tokens", "int", "What they came to.", secrecy="amount", bar=True),
    Field("share", "share", "Share of the tokens of all tips, 0 to 1.", secrecy="amount"),
    Field("people", "int", "How many people gave them; who hid their name is nobody.", secrecy="open"),
    Field("last_at", "time", "The last one.", header="last"),
)  # fmt: skip


@click.command(
    "tipmenu",
    cls=Command,
    examples=["mhc report tipmenu --since 30d", "mhc report tipmenu --since session --json"],
)
@report_options
@output_options(fields=ITEMS)
@common_options
@click.pass_context
def command(
    ctx: click.Context,
    out: Writer,
    include_excluded: bool,
    require_complete: bool,
    html: Path | None,
    since: str | None,
    until: str | None,
    room: str | None,
) -> None:
    """Show what of the tip menu sold, most tokens first; an item that nobody wanted has zeros.

    A tip counts for what stood in the menu at just its amount when it came: `mhc import tipmenu` saves one. JSON is
    one object: range, timezone, room, sources, coverage, excluded and rows.
    """
    from mhc.reports import tipmenu
    from mhc.store.counting import Scope

    with database(ctx) as db, db.read() as conn:
        asked = ask(ctx, conn, room=room, since=since, until=until, require_complete=require_complete)
        scope = Scope(asked.rooms.ids, asked.range.start, asked.range.end)
        found = tipmenu.read(conn, scope, include_excluded=include_excluded)
    about = About(["events", "tip_menu"], found.coverage, found.excluded)
    drawn = Drawn("What of the tip menu sold", pictures=partial(_pictures, found.rows))
    nothing = "no menu is saved, and nobody tipped in that time: mhc import tipmenu FILE --save"
    rows = out.ordered(ITEMS, found.rows)
    show(out, asked, about, ITEMS, rows, nothing=nothing, drawn=drawn, html=html)


def _pictures(rows: "Sequence[Row]") -> "Sequence[Picture]":
    from mhc.cli.pictures import bars

    values = [(row.label, row.tokens) for row in rows if row.label is not None and row.tokens]
    return [bars(values, "tokens by item of the menu")] if values else []
