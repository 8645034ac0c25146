"""`mhc report audience`: who was there in one session, with what it is about."""

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import click

from mhc.cli.context import database
from mhc.cli.lookups import Rooms
from mhc.cli.options import Command, common_options, output_options
from mhc.cli.output import Writer
from mhc.cli.report.asking import About, Asked, Drawn, frame_options, show
from mhc.cli.session import common
from mhc.cli.session.people import AUDIENCE
from mhc.cli.unmasking import unmask_options
from mhc.domain.counted import counted
from mhc.domain.times import Range

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mhc.cli.page import Picture
    from mhc.reports.audience import Row

_DRAWN = 20  # bars


@click.command(
    "audience",
    cls=Command,
    examples=["mhc report audience", "mhc report audience 1 --json"],
)
@common.latest_argument
@unmask_options(reveal="Count anonymous tips for who made them.")
@frame_options
@common.any_room_option
@output_options(fields=AUDIENCE)
@common_options
@click.pass_context
def command(
    ctx: click.Context,
    out: Writer,
    session_id: int | None,
    reveal: bool,
    include_excluded: bool,
    require_complete: bool,
    html: Path | None,
    room: str | None,
) -> None:
    """Show who was there in one session: who paid most first, then who wrote most, equals by name.

    Who was there before somebody listened is known only when they do something. JSON is one object: range, timezone,
    room, sources, coverage, excluded, started_at, ended_at, title, people, first_timers, tippers, on_lists and rows.
    """
    from mhc.reports import audience

    with database(ctx) as db, db.read() as conn:
        one = common.find_or_latest(ctx, conn, session_id, room)
        clock = common.asked(ctx, include_excluded=include_excluded)
        found = audience.read(conn, one, clock, reveal=reveal)
        seen = audience.seen(conn, one, clock.now)
        missing = common.hole(conn, [one]) if require_complete else None
    asked = Asked(Range(one.started_at, one.ended_at), Rooms(one.room, (one.room_id,)), seen, missing)
    totals = found.totals
    about = About(
        ["events"],
        seen,
        found.excluded,
        {"started_at": one.started_at, "ended_at": one.ended_at, "title": one.title, **totals._asdict()},
    )
    drawn = Drawn("Who was there", pictures=partial(_pictures, found.rows))
    rows = out.ordered(AUDIENCE, found.rows)
    show(out, asked, about, AUDIENCE, rows, nothing="nobody was seen there", drawn=drawn, html=html)
    if out.format == "table" and html is None:
        people = f"{counted(totals.people, 'person', 'people')}, {totals.first_timers:,} of them for the first time"
        out.message(f"{people}, {counted(totals.tippers, 'tipper')}, {totals.on_lists:,} on lists")


def _pictures(rows: "Sequence[Row]") -> "Sequence[Picture]":
    from mhc.cli.pictures import bars

    paid = [(row.username or "(anonymous)", row.tokens) for row in rows if row.tokens]
    return [bars(paid[:_DRAWN], f"tokens, of the first {len(paid[:_DRAWN])}")] if paid else []
