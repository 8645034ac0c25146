"""`mhc report followers`: who began and ceased to follow."""

from collections.abc import Iterator, Sequence
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import click

from mhc.cli.context import database
from mhc.cli.options import Command, common_options, output_options
from mhc.cli.output import Field, Writer
from mhc.cli.report import comparing
from mhc.cli.report.asking import About, Drawn, ask, compare_option, report_options, show
from mhc.cli.table import change as percent
from mhc.cli.terminal import Screen

if TYPE_CHECKING:
    from mhc.cli.page import Picture
    from mhc.reports.followers import Left, Mover

DAYS = (
    Field("day", "text", "The day, in the display time zone.", foreign=False),
    Field(
        "day_then", "text", "With --compare: the day that it is compared with.", foreign=False, table=False
    ),
    Field("follows", "int", "How many began to follow, as events told."),
    Field(
        "follows_then", "int", "With --compare: how many then; null where nothing was captured.", table=False
    ),
    Field("unfollows", "int", "How many ceased."),
    Field("unfollows_then", "int", "With --compare: how many ceased then.", table=False),
    Field("net", "int", "The one less the other."),
    *comparing.fields("net", "the one less the other"),
    Field("followers", "int", "The site's own count, as it was last read that day; null where it was not."),
    Field("change", "int", "Of that count, since it was last read on a day before."),
    Field("followers_then", "int", "With --compare: the site's own count then.", table=False),
)
_COMPARED = ("day", "day_then", "follows", "unfollows", "net", "net_then", "net_change", "followers")
_NAMED = 5  # of those who left, on a terminal


@click.command(
    "followers",
    cls=Command,
    examples=[
        "mhc report followers --since 30d",
        "mhc report followers --plot",
        "mhc report followers --since 30d --compare previous",
    ],
)
@click.option("--plot", is_flag=True, help="Draw the days as bars.")
@compare_option
@report_options
@output_options(fields=DAYS)
@common_options
@click.pass_context
def command(
    ctx: click.Context,
    out: Writer,
    plot: bool,
    compare: str | None,
    include_excluded: bool,
    require_complete: bool,
    html: Path | None,
    since: str | None,
    until: str | None,
    room: str | None,
) -> None:
    """Show who began and ceased to follow, by day, the earliest first.

    Beside what events told stands the site's own count, where `snapshot pull --source stats` has read it; the two are
    never added up. JSON is one object: range, timezone, room, sources, coverage, excluded, left (who ceased to follow,
    and after how many days), movers (the tracked rooms whose followers became more or fewer, those that moved most first,
    by the public feed), compared and rows.
    """
    from mhc.reports import followers
    from mhc.store.counting import Scope

    with database(ctx) as db, db.read() as conn:
        asked = ask(ctx, conn, room=room, since=since, until=until, require_complete=require_complete)
        scope = Scope(asked.rooms.ids, asked.range.start, asked.range.end)
        then = comparing.then(ctx, conn, asked, compare)
        read = partial(followers.read, conn, tz=out.tz, include_excluded=include_excluded)
        found = read(scope)
        earlier = then and read(
            scope._replace(since=then.span.since, until=then.span.until), with_movers=False
        )
    left = [asdict(one) for one in found.left]
    more: dict[str, object] = {"left": left, "movers": [asdict(one) for one in found.movers]}
    more |= comparing.head(then, found.totals, earlier.totals if earlier else {})
    about = About(found.sources, asked.seen, found.excluded, more, then and then.span)
    comparing.tell(out, then)
    days = [(row.day.isoformat(), row.net) for row in found.rows]
    said = [("left", _who_left(found.left))] if found.left else []
    said += [("movers", _moved(found.movers))] if found.movers else []
    drawn = Drawn(
        "Who began and ceased to follow",
        partial(_lines, days, out.screen),
        partial(_pictures, days),
        said,
    )
    nothing = "nobody was seen to follow or to leave in that time; what was captured: mhc capture coverage"
    pairs = comparing.days(asked, then, out.tz)
    rows = out.ordered(DAYS, followers.beside(found, earlier if then and then.is_known else None, pairs))
    fields = DAYS if then is None else comparing.columns(DAYS, _COMPARED)
    show(out, asked, about, fields, rows, nothing=nothing, drawn=drawn, plot=plot, html=html)
    if out.format == "table" and html is None:
        for name, text in said:
            out.message(f"{name}: {text}")


def _who_left(left: "Sequence[Left]") -> str:
    said = [one.username + ("" if one.days is None else f" after {one.days:,.0f} d") for one in left[:_NAMED]]
    more = len(left) - len(said)
    return f"{', '.join(said)}{f' and {more} more, in JSON' if more else ''}"


def _moved(movers: "Sequence[Mover]") -> str:
    return ", ".join(
        f"{one.username} {one.change:+,}" + ("" if one.growth is None else f" ({percent(one.growth)})")
        for one in movers
    )


def _lines(days: "Sequence[tuple[str, int]]", screen: Screen) -> "Iterator[str]":
    from mhc.cli.bars import bars

    return bars(days, "net follows by day", screen)


def _pictures(days: "Sequence[tuple[str, int]]") -> "Sequence[Picture]":
    from mhc.cli.pictures import bars

    below = ", pale where more ceased than began" if any(net < 0 for _day, net in days) else ""
    return [bars(days, f"net follows by day{below}")] if days else []
