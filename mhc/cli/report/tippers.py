"""`mhc report tippers`: who tipped, and how much."""

from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, cast

import click

from mhc.cli.context import database, settings
from mhc.cli.options import Command, common_options, output_options
from mhc.cli.output import Field, Screen, Writer
from mhc.cli.report import comparing
from mhc.cli.report.asking import (
    About,
    Asked,
    Drawn,
    ask,
    compare_option,
    ends_now,
    page_limit,
    report_options,
    show,
    span,
)
from mhc.cli.table import local
from mhc.cli.unmasking import unmask_options
from mhc.domain.earlier import Against, earlier
from mhc.errors import UsageError

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from mhc.cli.page import Picture
    from mhc.cli.report.comparing import Then
    from mhc.domain.earlier import Span
    from mhc.reports.tippers import Asked as Wanted
    from mhc.reports.tippers import Before, Report, Row
    from mhc.store.counting import Scope

_DRAWN = 20  # bars
_TITLES = {
    None: "Who tipped",
    "new": "Who tipped for the first time",
    "returning": "Who tipped again",
    "lapsed": "Who tipped before, and no more",
}
_NOBODY = {
    None: "no tips",
    "new": "nobody tipped for the first time",
    "returning": "nobody tipped again",
    "lapsed": "nobody is known to have ceased to tip",
}
_LOOKED_UP = frozenset({"before", "trend", "elsewhere", "elsewhere_at"})
_LAPSED = ("username", "before", "tokens", "trend", "elsewhere")
_COMPARED = (
    "username",
    "tokens",
    "tokens_then",
    "tokens_growth",
    "tips",
    "share",
    "last_tip_at",
)
TIPPERS = (
    Field("username", "username", "Who paid; null in JSON, (anonymous) elsewhere, for all who hid their name.",
          absent="(anonymous)"),
    Field("anonymous", "bool", "Whether this is the row of all who hid their name.", table=False),
    Field("tokens", "int", "Tokens: tips and media.", secrecy="amount"),
    *comparing.fields("tokens", "tokens", secrecy="amount"),
    Field("before", "int", "Tokens in the range before, which is as long; null where nothing was captured then, and of a"
          " range without a beginning.", table=False, secrecy="amount"),
    Field("trend", "int", "The tokens of this range less those.", secrecy="amount"),
    Field("tips", "int", "Number of tips.", secrecy="amount"),
    *comparing.fields("tips", "number of tips", secrecy="amount"),
    Field("share", "share", "Share of all tokens in the range, 0 to 1.", secrecy="amount", bar=True),
    Field("mean", "int", "Mean tip.", table=False, secrecy="amount"),
    Field("median", "int", "Median tip (nearest rank).", table=False, secrecy="amount"),
    Field("largest", "int", "Largest tip.", table=False, secrecy="amount"),
    Field("first_tip_at", "time", "The first tip in the range.", header="first tip", table=False),
    Field("last_tip_at", "time", "The last tip in the range.", header="last tip"),
    Field("sessions", "int", "In how many sessions they tipped.", table=False),
    Field("elsewhere", "int", "Tokens of all time in all rooms, as Statbate last saw them; null where it was not asked.",
          secrecy="amount"),
    Field("elsewhere_at", "time", "When Statbate said so.", table=False),
)  # fmt: skip


@click.command(
    "tippers",
    cls=Command,
    examples=[
        "mhc report tippers --since 30d --top 10",
        "mhc report tippers --since session --json",
        "mhc report tippers --since 30d --segment lapsed",
        "mhc report tippers --since 30d --compare last-year",
    ],
)
@click.option(
    "--top", type=click.IntRange(1), metavar="N", help="The first N only; shares stay those of all."
)
@click.option(
    "--segment",
    type=click.Choice(["new", "returning", "lapsed"]),
    help="Who tipped for the first time, again, or no more, though in the range before; the anonymous are in none.",
)
@click.option("--with-alternates", is_flag=True, help="Count alternates as one, by the first of their names.")
@unmask_options(reveal="Count anonymous tips for who made them.")
@click.option("--testbed", is_flag=True, help="With the events of the testbed.")
@click.option("--plot", is_flag=True, help=f"Draw the first {_DRAWN} as bars.")
@compare_option
@report_options
@output_options(fields=TIPPERS)
@common_options
@click.pass_context
def command(
    ctx: click.Context,
    out: Writer,
    top: int | None,
    segment: str | None,
    compare: str | None,
    include_excluded: bool,
    with_alternates: bool,
    reveal: bool,
    testbed: bool,
    plot: bool,
    require_complete: bool,
    html: Path | None,
    since: str | None,
    until: str | None,
    room: str | None,
) -> None:
    """Show who tipped and how much, most tokens first, equals by name.

    All anonymous tips are one row, which -o name leaves out. Excluded people are in no figure, but for their
    anonymous tips. JSON is one object: range, timezone, room, sources, coverage, excluded, before, compared and rows.
    """
    from mhc.reports import tippers as report
    from mhc.reports.payers import Counting
    from mhc.store.counting import Scope

    if segment is not None and compare is not None:
        raise UsageError("--segment and --compare answer two questions", hint="leave one of them out")
    with database(ctx) as db, db.read() as conn:
        asked = ask(ctx, conn, room=room, since=since, until=until, require_complete=require_complete)
        then = comparing.then(ctx, conn, asked, compare)
        wanted = report.Asked(
            Counting(reveal, include_excluded, with_alternates),
            None if segment is None else report.Segment(segment),
            _before(ctx, asked, segment),
        )
        scope = Scope(asked.rooms.ids, asked.range.start, asked.range.end, testbed)
        found = report.read(conn, scope, wanted)
        totals, earlier = found.totals, then and _earlier(conn, scope, wanted, then)
        if then is not None and then.is_known and then.captured_now is not None and earlier is not None:
            found = report.compared(found, earlier)
        rows = _looked_up(conn, out, found, found.rows[:top], whole=html is not None)
    was = earlier and earlier.totals
    more: dict[str, object] = {"before": found.before and _whole(asked, found.before)}
    more |= comparing.head(then, totals, was or {})
    about = About(found.sources, asked.seen, found.excluded, more, then and then.span)
    _tell(out, found, rows, segment)
    comparing.tell(out, then)
    nothing = f"{_NOBODY[segment]} in that time; what was captured: mhc capture coverage"
    fields = (
        TIPPERS
        if then is None and segment != "lapsed"
        else comparing.columns(TIPPERS, _COMPARED if then else _LAPSED)
    )
    lapsed = segment == "lapsed"  # whose tokens are those of before
    values = [
        (row.username or "(anonymous)", (row.before or 0) if lapsed else row.tokens)
        for row in found.rows[: min(top or _DRAWN, _DRAWN)]
    ]
    what = f"tokens{' in the time before' if lapsed else ''}, of the first {len(values)}"
    drawn = Drawn(
        _TITLES[segment],
        partial(_lines, values, what, out.screen),
        partial(_pictures, values, what),
    )
    show(out, asked, about, fields, rows, nothing=nothing, drawn=drawn, plot=plot, html=html)


def _before(ctx: click.Context, asked: Asked, segment: str | None) -> "Span | None":
    """Give the range before, of equal length; None where the range has no beginning."""
    now = span(asked)
    if now is None and segment is not None:
        raise UsageError("--segment needs a range that has a beginning", hint="give --since")
    try:
        return None if now is None else earlier(now, Against.PREVIOUS, settings(ctx).timezone)
    except ValueError:
        return None


def _whole(asked: Asked, before: "Before") -> dict[str, object]:
    """Say which the range before was: of one up to now it begins with the moment of asking, which JSON does not have."""
    return before._asdict() | ({"since": None} if ends_now(asked) else {})


def _earlier(conn: "Connection", scope: "Scope", wanted: "Wanted", then: "Then") -> "Report":
    from mhc.reports import tippers as report

    theirs = scope._replace(since=then.span.since, until=then.span.until)
    return report.read(conn, theirs, wanted._replace(before=None))


def _looked_up(
    conn: "Connection", out: Writer, found: "Report", rows: "Sequence[Row]", *, whole: bool
) -> "list[Row]":
    """Order the rows, and look up what is shown: of all only where that decides what is."""
    from mhc.reports import tippers as report

    if out.sort is not None and out.sort.key in _LOOKED_UP:
        return cast("list[Row]", out.ordered(TIPPERS, report.fill(conn, found, rows)))
    ordered = cast("list[Row]", out.ordered(TIPPERS, rows))
    limit = page_limit(out) if whole else out.limit
    return [*report.fill(conn, found, ordered[:limit]), *([] if limit is None else ordered[limit:])]


def _tell(out: Writer, found: "Report", rows: "Sequence[Row]", segment: str | None) -> None:
    """Say what the range before, and another source, leave open."""
    if segment == "lapsed" and (not found.is_known or found.before is None or found.before.captured is None):
        out.warn("nothing was captured in the range, or in that before: who lapsed is not known")
    ages = [row.elsewhere_at for row in rows if row.elsewhere_at is not None]
    if ages and out.format == "table":
        days = dict.fromkeys(f"{local(at, out.tz):.10}" for at in (min(ages), max(ages)))
        out.message(f"elsewhere as Statbate had it, {' to '.join(days)}")


def _lines(values: "Sequence[tuple[str, int]]", what: str, screen: Screen) -> "Iterator[str]":
    from mhc.cli.bars import bars

    return bars(values, what, screen)


def _pictures(values: "Sequence[tuple[str, int]]", what: str) -> "Sequence[Picture]":
    from mhc.cli.pictures import bars

    return [bars(values, what)] if values else []
