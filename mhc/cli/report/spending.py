"""`mhc report spending`: how one person spends."""

from collections.abc import Sequence
from datetime import tzinfo
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import click

from mhc.cli import complete
from mhc.cli.context import database, utc_now
from mhc.cli.lookups import person
from mhc.cli.options import Command, common_options, output_options
from mhc.cli.output import Field, Writer
from mhc.cli.report.asking import About, Drawn, ask, clock, report_options, show
from mhc.cli.table import local
from mhc.cli.unmasking import unmask_options
from mhc.domain.counted import counted

if TYPE_CHECKING:
    from mhc.cli.page import Picture
    from mhc.reports.spending import Report

_DRAWN = 30  # sessions
# What of the object is an amount, beside what rows have.
_AMOUNTS = frozenset(
    {"media", "quartiles", "favourites", "per_week", "loyalty", "elsewhere", "by_hour", "by_item"}
)
SPENDING = (
    Field("started_at", "time", "When the session began; null for what was paid outside of sessions.", header="session",
          absent="(outside)"),
    Field("ended_at", "time", "When it ended; null while it lasts.", table=False),
    Field("room", "username", "Whose session.", table=False),
    Field("tokens", "int", "What they paid in it: tips and media.", secrecy="amount", inside=_AMOUNTS),
    Field("tips", "int", "Number of tips.", secrecy="amount"),
    Field("largest", "int", "The largest tip.", secrecy="amount"),
    Field("share", "share", "Share of all that the room got in it, 0 to 1.", secrecy="amount"),
)  # fmt: skip


@click.command(
    "spending",
    cls=Command,
    examples=["mhc report spending viewer_one", "mhc report spending viewer_one --since 90d --json"],
)
@click.argument("name", metavar="NAME", help="Any name of the person.", shell_complete=complete.people)
@click.option("--with-alternates", is_flag=True, help="Count what their alternates paid, too.")
@unmask_options(reveal="Count what they tipped anonymously, too.")
@report_options
@output_options(fields=SPENDING)
@common_options
@click.pass_context
def command(
    ctx: click.Context,
    out: Writer,
    name: str,
    with_alternates: bool,
    reveal: bool,
    include_excluded: bool,
    require_complete: bool,
    html: Path | None,
    since: str | None,
    until: str | None,
    room: str | None,
) -> None:
    """Show how one person spends: how often, how much, in which rhythm, and by session.

    On a terminal the figures stand above the sessions, on stderr; of the other formats JSON alone has them. Sessions
    come the latest first. What they spend elsewhere is what other sources said last, and is never added up. JSON is one object: range,
    timezone, room, sources, coverage, excluded, username, alternates, the figures and rows.
    """
    from mhc.cli.report.spending_words import head
    from mhc.reports import spending
    from mhc.store.counting import Scope

    with database(ctx) as db, db.read() as conn:
        whom = person(conn, name)
        asked = ask(ctx, conn, room=room, since=since, until=until, require_complete=require_complete)
        found = spending.read(
            conn,
            Scope(asked.rooms.ids, asked.range.start, asked.range.end),
            spending.Asked(whom.id, clock(ctx, out), utc_now(), reveal, include_excluded, with_alternates),
        )
    figures = {
        "username": whom.username,
        "alternates": found.alternates,
        **found.paid._asdict(),
        **found.rhythm._asdict(),
        "loyalty": found.loyalty,
        "elsewhere": found.elsewhere,
        "by_hour": found.by_hour,
        "by_item": found.by_item,
    }
    said = head(whom.username, found, out.screen, out.tz)
    about = About(found.sources, found.coverage, found.excluded, figures, head=said)
    nothing = f"{whom.username} is not known to have paid anything in that time: mhc capture coverage"
    drawn = Drawn(f"How {whom.username} spends", pictures=partial(_pictures, found, out.tz))
    rows = out.ordered(SPENDING, found.rows)
    show(out, asked, about, SPENDING, rows, nothing=nothing, drawn=drawn, html=html)


def _pictures(found: "Report", tz: tzinfo) -> "Sequence[Picture]":
    from mhc.cli.pictures import bars

    rows = [row for row in found.rows if row.started_at is not None][:_DRAWN]
    sessions = [(local(row.started_at, tz), row.tokens) for row in reversed(rows) if row.started_at]
    hours = [0] * 24
    for one in found.by_hour:
        hours[one.hour] += one.tokens
    drawn = []
    if sessions:
        drawn.append(
            bars(sessions, f"tokens of the last {counted(len(sessions), 'session')} in which they paid")
        )
    if any(hours):
        drawn.append(
            bars(
                [(f"{hour:02}:00", tokens) for hour, tokens in enumerate(hours)], "tokens by hour of the day"
            )
        )
    return drawn
