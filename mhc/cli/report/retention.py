"""`mhc report retention`: who is new, comes back and stays away."""

from collections.abc import Iterator, Sequence
from dataclasses import asdict
from datetime import datetime, tzinfo
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

import click

from mhc.cli.context import database, utc_now
from mhc.cli.lookups import instant, own_room
from mhc.cli.options import Command, common_options, output_options
from mhc.cli.output import Field, Writer
from mhc.cli.report.asking import About, Drawn, ask, clock, own_report_options, show
from mhc.domain.clock import iso_z
from mhc.domain.figures import share
from mhc.domain.regulars import USUAL, Definition, parse_definition
from mhc.errors import UsageError

if TYPE_CHECKING:
    from datetime import date

    from mhc.cli.page import Picture
    from mhc.reports.lapsed_regulars import Lapsed
    from mhc.reports.retention import Cohort, Row

BY = ("week", "month", "session")
METRICS = ("viewers", "tippers")
RETENTION = (
    Field("row", "text", "The first day of the week or month, or when the session began.", header="began", json=False,
          foreign=False),
    Field("period", "text", "The first day of the week or month, in your zone; null where rows are sessions.",
          foreign=False, table=False),
    Field("started_at", "time", "When the session began; null where rows are no sessions.", table=False),
    Field("ended_at", "time", "When it ended; null while it is live, and where rows are no sessions.", table=False),
    Field("viewers", "int", "Who was in the room, or tipped by name."),
    Field("new", "int", "Of them, who was never seen in the room before that period."),
    Field("returning", "int", "Of them, who was."),
    Field("lapsed", "int", "Who was there in the period before, and not in this one."),
    Field("tippers", "int", "Who tipped by name.", secrecy="open"),
    Field("new_tippers", "int", "Of them, who had never tipped before.", header="new tippers", secrecy="open"),
    Field("returning_tippers", "int", "Of them, who had.", table=False, secrecy="open"),
    Field("lapsed_tippers", "int", "Who tipped in the period before, and not in this one.", table=False,
          secrecy="open"),
    Field("complete", "bool", "Whether all of it is over, in the range, and later than the first that was captured.",
          header="whole"),
    Field("coverage", "share", "Share of its time that was captured, 0 to 1; null where nothing was: nobody knows who came.",
          table=False, secrecy="open"),
)  # fmt: skip
_NAMED, _LISTED = 5, 100  # of those who lapsed, on a terminal and on a page
_DRAWN, _WIDE = 60, 10  # periods on a page, and periods later


class _Timed(Protocol):
    """What has the time of a period."""

    @property
    def period(self) -> "date | None":
        """The first day of a week or month."""

    @property
    def started_at(self) -> datetime | None:
        """The beginning of a session."""


@click.command(
    "retention",
    cls=Command,
    examples=[
        "mhc report retention --by month",
        'mhc report retention --metric tippers --define "5 of 20 before 2mo" --plot',
    ],
)
@click.option("--by", type=click.Choice(BY), default="week", show_default=True, help="What a period is.")
@click.option(
    "--metric", type=click.Choice(METRICS), default="viewers", show_default=True, help="Whose cohorts."
)
@click.option(
    "--define",
    metavar='"N of M before TIME"',
    default=USUAL,
    show_default=True,
    help="Lapsed regulars: who came to N of the last M sessions before then, and to none since.",
)
@click.option("--plot", is_flag=True, help="Draw the cohorts as a triangle.")
@own_report_options
@output_options(fields=RETENTION)
@common_options
@click.pass_context
def command(
    ctx: click.Context,
    out: Writer,
    by: str,
    metric: str,
    define: str,
    plot: bool,
    include_excluded: bool,
    require_complete: bool,
    html: Path | None,
    since: str | None,
    until: str | None,
    room: str | None,
) -> None:
    """Show how many people are new, come back and stay away, by period, the latest first.

    A cohort is who was new in one period, with how many of them were there 1, 2, 3 … periods later. A period that is
    not over, or cut by the range, is not whole: nobody is said to have lapsed in it. JSON is one object: range,
    timezone, room, sources, coverage, excluded, by, metric, define, lapsed_regulars, cohorts and rows.
    """
    from mhc.reports import retention
    from mhc.reports.retention_periods import Of, Wanted

    own_room(ctx, room)  # there must be one: who is new is new in a room
    definition = _definition(define)
    with database(ctx) as db, db.read() as conn:
        asked = ask(ctx, conn, room=room, since=since, until=until, require_complete=require_complete)
        span, now = asked.range, utc_now()
        wanted = Wanted(asked.rooms.ids or (), span.start, span.end, Of(by), clock(ctx, out), now)
        before = _before(ctx, definition, wanted.end)
        how = retention.Asked(metric == "tippers", definition.habit, before, include_excluded)
        found = retention.read(conn, wanted, how)
    more = {
        "by": by,
        "metric": metric,
        "define": str(definition),
        "lapsed_regulars": None if found.lapsed is None else [asdict(one) for one in found.lapsed],
        "cohorts": [asdict(one) for one in found.cohorts],
    }
    about = About(["events"], asked.seen, found.excluded, more)
    local = out.tz if out.format == "table" or html is not None else None
    rows = [asdict(row) | {"row": _name(row, local)} for row in found.rows]
    drawn = Drawn(
        f"Who comes back: {metric} by {by}",
        partial(_lines, found.cohorts[: out.limit], by, out),
        partial(_pictures, found.rows, found.cohorts, metric, by, out.tz),
        _missed(found.lapsed, definition, _LISTED),
    )
    nothing = f"no {by} of that time is known: mhc capture coverage, mhc session list"
    listed = out.ordered(RETENTION, rows)
    show(out, asked, about, RETENTION, listed, nothing=nothing, drawn=drawn, plot=plot, html=html)
    if out.format == "table" and rows and html is None:
        for name, text in _missed(found.lapsed, definition, _NAMED):
            out.message(f"{name}: {text}")


def _definition(text: str) -> Definition:
    try:
        return parse_definition(text)
    except ValueError as error:
        raise UsageError(f"--define: {error}") from None


def _before(ctx: click.Context, definition: Definition, end: datetime) -> datetime:
    """Give the instant of a definition; a span is counted back from the end of the range."""
    try:
        before = instant(ctx, definition.before, now=end)
    except UsageError as error:
        raise UsageError(f"--define: {error}") from None
    if before > end:
        raise UsageError(f"--define: {iso_z(before)} lies after the range", hint="name a time before its end")
    return before


def _name(one: _Timed, local: tzinfo | None) -> str | None:
    if one.started_at is None:
        return None if one.period is None else one.period.isoformat()
    return iso_z(one.started_at) if local is None else f"{one.started_at.astimezone(local):%Y-%m-%d %H:%M}"


def _missed(lapsed: "Sequence[Lapsed] | None", definition: Definition, most: int) -> list[tuple[str, str]]:
    """Say which regulars stay away, where any do, or that nobody knows."""
    if lapsed is None:
        return [(f"lapsed regulars ({definition})", "unknown, for want of captured sessions before or since")]
    of = definition.habit.of_sessions
    said = [f"{one.username} {one.sessions} of {of}" for one in lapsed[:most]]
    more = len(lapsed) - len(said)
    return [("lapsed regulars", f"{', '.join(said)}{f' and {more} more, in JSON' if more else ''}")][
        : len(said)
    ]


def _shares(one: "Cohort") -> list[float | None]:
    size = one.size
    return [None if count is None or not size else share(count, size) for count in one.again]


def _lines(cohorts: "Sequence[Cohort]", by: str, out: Writer) -> "Iterator[str]":
    from mhc.cli.cohorts import Cohort as Line
    from mhc.cli.cohorts import triangle

    lines = [Line(_name(one, out.tz) or "", one.size, _shares(one), one.complete) for one in cohorts[::-1]]
    return triangle(lines, by, out.screen)


def _pictures(
    rows: "Sequence[Row]", cohorts: "Sequence[Cohort]", metric: str, by: str, tz: tzinfo
) -> "Sequence[Picture]":
    from mhc.cli.pictures import parted, triangle

    if not rows:
        return []
    drawn = cohorts[:_DRAWN][::-1]
    lines = [
        (f"{_name(one, tz) or ''}{'' if one.complete else '*'}", one.size, _shares(one)[:_WIDE])
        for one in drawn
    ]
    most = max(len(one.again) for one in cohorts)
    said = f"how many of the new {metric} came again so many {by}s later"
    said += f", {_WIDE} of {most}" if most > _WIDE else ""
    said += "" if all(one.complete for one in drawn) else f"; * is no whole {by}"
    pictures = [triangle(lines, said)]
    if bars := _bars(rows[:_DRAWN], metric, tz):
        words = ("new", "returning")
        pictures.append(parted(bars, words, f"{metric} by {by}: new + returning, the new ones brighter"))
    return pictures


def _bars(rows: "Sequence[Row]", metric: str, tz: tzinfo) -> list[tuple[str, int, int]]:
    """Give the known of some periods, each with who was new and who came back."""
    found = []
    for row in rows:
        of_viewers = metric == "viewers"
        new = row.new if of_viewers else row.new_tippers
        back = row.returning if of_viewers else row.returning_tippers
        if new is not None and back is not None:
            found.append((_name(row, tz) or "", new, back))
    return found
