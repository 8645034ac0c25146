"""`mhc report tippers`: who tipped, and how much."""

from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import click

from mhc.cli.context import database
from mhc.cli.options import Command, common_options, output_options
from mhc.cli.output import Field, Writer
from mhc.cli.report.asking import About, Drawn, ask, report_options, show
from mhc.cli.unmasking import unmask_options

if TYPE_CHECKING:
    from mhc.cli.page import Picture
    from mhc.reports.tippers import Row

_DRAWN = 20  # bars
TIPPERS = (
    Field("username", "username", "Who paid; null in JSON, (anonymous) elsewhere, for all who hid their name.",
          absent="(anonymous)"),
    Field("anonymous", "bool", "Whether this is the row of all who hid their name.", table=False),
    Field("tokens", "int", "Tokens: tips and media.", secrecy="amount"),
    Field("tips", "int", "Number of tips.", secrecy="amount"),
    Field("share", "share", "Share of all tokens in the range, 0 to 1.", secrecy="amount"),
    Field("mean", "int", "Mean tip.", table=False, secrecy="amount"),
    Field("median", "int", "Median tip (nearest rank).", table=False, secrecy="amount"),
    Field("largest", "int", "Largest tip.", secrecy="amount"),
    Field("first_tip_at", "time", "The first tip in the range.", header="first tip", table=False),
    Field("last_tip_at", "time", "The last tip in the range.", header="last tip"),
    Field("sessions", "int", "In how many sessions they tipped."),
)  # fmt: skip


@click.command(
    "tippers",
    cls=Command,
    examples=["mhc report tippers --since 30d --top 10", "mhc report tippers --since session --json"],
)
@click.option(
    "--top", type=click.IntRange(1), metavar="N", help="The first N only; shares stay those of all."
)
@click.option("--with-alternates", is_flag=True, help="Count alternates as one, by the first of their names.")
@unmask_options(reveal="Count anonymous tips for who made them.")
@click.option("--testbed", is_flag=True, help="With the events of the testbed.")
@report_options
@output_options(fields=TIPPERS)
@common_options
@click.pass_context
def command(
    ctx: click.Context,
    out: Writer,
    top: int | None,
    include_excluded: bool,
    with_alternates: bool,
    reveal: bool,
    testbed: bool,
    require_complete: bool,
    html: Path | None,
    since: str | None,
    until: str | None,
    room: str | None,
) -> None:
    """Show who tipped and how much, most tokens first, equals by name.

    All anonymous tips are one row, which -o name leaves out. Excluded people are in no figure, but for their
    anonymous tips. JSON is one object: range, timezone, room, sources, coverage, excluded and rows.
    """
    from mhc.reports import tippers as report
    from mhc.store.counting import Scope

    with database(ctx) as db, db.read() as conn:
        asked = ask(ctx, conn, room=room, since=since, until=until, require_complete=require_complete)
        found = report.read(
            conn,
            Scope(asked.rooms.ids, asked.range.start, asked.range.end, testbed),
            reveal=reveal,
            include_excluded=include_excluded,
            with_alternates=with_alternates,
        )
    about = About(found.sources, found.coverage, found.excluded)
    nothing = "no tips in that time; what was captured: mhc capture coverage"
    drawn = Drawn("Who tipped", pictures=partial(_pictures, found.rows[: top or _DRAWN]))
    show(
        ctx,
        out,
        asked,
        about,
        TIPPERS,
        out.ordered(TIPPERS, found.rows[:top]),
        nothing=nothing,
        drawn=drawn,
        html=html,
    )


def _pictures(rows: "Sequence[Row]") -> "Sequence[Picture]":
    from mhc.cli.pictures import bars

    values = [(row.username or "(anonymous)", row.tokens) for row in rows[:_DRAWN]]
    return [bars(values, f"tokens of the first {len(values)}")] if values else []
