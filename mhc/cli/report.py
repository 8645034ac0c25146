"""`mhc report`: figures."""

from dataclasses import asdict

import click

from mhc.cli import completeness
from mhc.cli.context import database, settings, utc_now
from mhc.cli.help import Group
from mhc.cli.income import income
from mhc.cli.lookups import rooms, time_range
from mhc.cli.options import Command, common_options, output_options, range_options
from mhc.cli.output import Field, Writer
from mhc.cli.table import share
from mhc.cli.unmasking import unmask_options

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


@click.group(cls=Group)
def group() -> None:
    """Figures, each with its range and what was captured of it."""


@group.command(
    "tippers",
    cls=Command,
    examples=["mhc report tippers --since 30d --top 10", "mhc report tippers --since session --json"],
)
@click.option(
    "--top", type=click.IntRange(1), metavar="N", help="The first N only; shares stay those of all."
)
@click.option("--include-excluded", is_flag=True, help="Count excluded people, too.")
@click.option("--with-alternates", is_flag=True, help="Count alternates as one, by the first of their names.")
@unmask_options(reveal="Count anonymous tips for who made them.")
@click.option("--testbed", is_flag=True, help="With the events of the testbed.")
@completeness.require_complete
@range_options
@output_options(fields=TIPPERS)
@common_options
@click.pass_context
def tippers(
    ctx: click.Context,
    out: Writer,
    top: int | None,
    include_excluded: bool,
    with_alternates: bool,
    reveal: bool,
    testbed: bool,
    require_complete: bool,
    since: str | None,
    until: str | None,
    room: str | None,
) -> None:
    """Show who tipped and how much, most tokens first, equals by name.

    All anonymous tips are one row, which -o name leaves out. Excluded people are in no figure, but for their
    anonymous tips. JSON is one object: range, timezone, room, sources, coverage, excluded and rows.
    """
    from mhc.reports import completeness as complete
    from mhc.reports import tippers as report
    from mhc.store.paid import Scope

    with database(ctx) as db, db.read() as conn:
        asked = time_range(ctx, conn, since, until)
        where = rooms(ctx, conn, room)
        scope = Scope(where.ids, asked.start, asked.end, testbed)
        found = report.read(
            conn,
            scope,
            reveal=reveal,
            include_excluded=include_excluded,
            with_alternates=with_alternates,
        )
        whole = [complete.Asked(where.ids, asked.start, asked.end, utc_now())] if require_complete else []
        hole = complete.first_hole(conn, whole)
    about = {
        "range": {"since": asked.start, "until": asked.end},
        "timezone": str(settings(ctx).timezone),
        "room": where.name,
        "sources": found.sources,
        "coverage": found.coverage and asdict(found.coverage),
        "excluded": found.excluded,
    }
    if found.excluded:
        out.message(f"{found.excluded} excluded")
    if found.coverage is not None and found.coverage.share != 1:
        missed = share(1 - (found.coverage.share or 0))
        out.warn(f"{missed} of the time was not captured: mhc capture gaps")
    nothing = "no tips in that time; what was captured: mhc capture coverage"
    out.report(about, TIPPERS, out.ordered(TIPPERS, found.rows[:top]), nothing=nothing)
    completeness.refuse(hole)


group.add_command(income)
