"""`mhc report timing`: when things happen."""

from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import click

from mhc.cli import complete
from mhc.cli.context import database, utc_now
from mhc.cli.lookups import person
from mhc.cli.options import Command, common_options, output_options
from mhc.cli.output import Field, Writer
from mhc.cli.report import comparing
from mhc.cli.report.asking import About, Drawn, ask, clock, compare_option, report_options, show
from mhc.cli.terminal import Screen
from mhc.cli.unmasking import unmask_options

if TYPE_CHECKING:
    from mhc.cli.page import Picture
    from mhc.reports.timing import Row

METRICS = ("tokens", "tips", "messages", "arrivals")
HOURS = (
    Field("weekday", "text", "The day of the week, in the display time zone.", foreign=False),
    Field("hour", "int", "The hour of the day, 0 to 23: from its beginning up to the next."),
    Field("amount", "int", "What --metric counts, while live and captured.", secrecy="amount"),
    Field(
        "amount_then", "int", "With --compare: the amount then; null: unknown.", table=False, secrecy="amount"
    ),
    Field("hours", "int", "Hours that were live and captured."),
    Field("hours_then", "int", "With --compare: hours that were live and captured then.", table=False),
    Field("per_hour", "int", "The amount by that hour.", header="per hour", secrecy="amount"),
    *comparing.fields("per_hour", "the amount by the hour", secrecy="amount"),
    Field("observations", "int", "On how many dates this hour was live and captured.", header="dates"),
)
_COMPARED = ("weekday", "hour", "per_hour", "per_hour_then", "per_hour_growth", "hours", "hours_then")


@click.command(
    "timing",
    cls=Command,
    examples=[
        "mhc report timing --since 90d",
        "mhc report timing --metric arrivals --plot",
        "mhc report timing --since 90d --compare previous",
    ],
)
@click.argument(
    "name",
    metavar="[NAME]",
    required=False,
    shell_complete=complete.people,
    help="A person (default: everybody).",
)
@click.option(
    "--metric",
    type=click.Choice(METRICS),
    default="tokens",
    show_default=True,
    help="What is counted; arrivals are people who came in.",
)
@click.option("--plot", is_flag=True, help="Draw the week as a map, an hour a cell.")
@unmask_options(reveal="Count anonymous tips of NAME.")
@compare_option
@report_options
@output_options(fields=HOURS)
@common_options
@click.pass_context
def command(
    ctx: click.Context,
    out: Writer,
    name: str | None,
    metric: str,
    plot: bool,
    reveal: bool,
    compare: str | None,
    include_excluded: bool,
    require_complete: bool,
    html: Path | None,
    since: str | None,
    until: str | None,
    room: str | None,
) -> None:
    """Show at which hours of the week the most happens, by the hour that was live and captured.

    The best hour comes first; one that was live and captured for less than a quarter of an hour in all comes after the
    others, and sets no scale for --plot. What happened while the room was dark, or nobody listened, does not count. With NAME
    it is what this one person does. With --compare an hour that was live only then comes after those of now. JSON is
    one object: range, timezone, room, sources, coverage, excluded, metric, username, compared and rows.
    """
    from mhc.reports import timing
    from mhc.store.counting import Scope
    from mhc.store.minutes import Metric

    with database(ctx) as db, db.read() as conn:
        whom = None if name is None else person(conn, name)
        asked = ask(ctx, conn, room=room, since=since, until=until, require_complete=require_complete)
        then = comparing.then(ctx, conn, asked, compare)
        wanted = timing.Asked(Metric(metric), whom and whom.id, out.tz, utc_now(), reveal, include_excluded)
        scope = Scope(asked.rooms.ids, asked.range.start, asked.range.end)
        found = timing.read(conn, scope, wanted)
        earlier = then and timing.read(
            conn, scope._replace(since=then.span.since, until=then.span.until), wanted
        )
    more: dict[str, object] = {"metric": metric, "username": whom and whom.username}
    more |= comparing.head(then, found.totals, earlier.totals if earlier else {})
    about = About(["events"], asked.seen, found.excluded, more, then and then.span)
    comparing.tell(out, then)
    nothing = "no hour of that time was both live and captured: mhc session list, mhc capture coverage"
    title = f"When {'people come' if metric == 'arrivals' else metric + ' come'}{f' from {whom.username}' if whom else ''}"
    first = clock(ctx, out).first_weekday
    drawn = Drawn(
        title,
        partial(_map, found.rows, metric, out.screen, first),
        partial(_pictures, found.rows, metric, first),
    )
    was = earlier.rows if earlier is not None and then is not None and then.is_known else None
    rows = out.ordered(HOURS, timing.beside(found.rows, was))
    fields = HOURS if then is None else comparing.columns(HOURS, _COMPARED)
    show(out, asked, about, fields, rows, nothing=nothing, drawn=drawn, plot=plot, html=html)


def _map(rows: "Sequence[Row]", metric: str, screen: Screen, first_day: int) -> "Iterator[str]":
    from mhc.cli.heat import week

    return week(rows, metric, screen, first_day)


def _pictures(rows: "Sequence[Row]", metric: str, first_day: int) -> "Sequence[Picture]":
    from mhc.cli.pictures import week

    return [week(rows, metric, first_day)] if rows else []
