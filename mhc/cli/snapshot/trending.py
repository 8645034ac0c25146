"""`mhc snapshot trend`: how figures went."""

import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from mhc.cli import complete
from mhc.cli.context import database
from mhc.cli.lookups import time_range
from mhc.cli.options import Command, common_options, output_options, time_options
from mhc.cli.output import Field, Writer
from mhc.cli.report.asking import html_option, no_picture, only_for_people, write_page
from mhc.cli.snapshot.comparing import called, ranking_option, whose
from mhc.cli.snapshot.questions import Narrowed, choose, fitting, question_options
from mhc.cli.sparkline import sparkline
from mhc.domain.names import near_matches
from mhc.domain.text import Safe, encode
from mhc.errors import UsageError

if TYPE_CHECKING:
    from mhc.cli.page import Picture
    from mhc.domain.curves import Point as Place
    from mhc.domain.metrics import Metric
    from mhc.domain.times import Range
    from mhc.reports.snapshots import Point
    from mhc.store.series import Question

POINTS = (
    Field("at", "time", "When the source said so."),
    Field("metric", "text", "The figure.", foreign=False),
    Field("value", "value", "What it was.", secrecy="amount"),
    Field("change", "value", "The difference to the line before of this figure; null where there is none.", secrecy="amount"),
    Field("reset", "bool", "Whether a counter fell: it began anew, as a balance that was paid out."),
    Field("unit", "text", "The unit; unknown: the source does not say.", foreign=False),
    Field("id", "id", "The reading: mhc snapshot show.", table=False),
)  # fmt: skip


@click.command(
    "trend",
    cls=Command,
    examples=[
        "mhc snapshot trend viewer_one all_time_tokens",
        "mhc snapshot trend viewer_one all_time_tokens models_tipped_2weeks --by week -o csv",
        "mhc snapshot trend viewer_one all_time_tokens --plot",
    ],
)
@click.argument(
    "name", metavar="NAME", help="Any name of the person; not with --ranking.", shell_complete=complete.people
)
@click.argument("metrics", metavar="METRIC…", nargs=-1, help="Figures, as snapshot show names them.")
@ranking_option
@question_options
@time_options
@click.option(
    "--by", type=click.Choice(("day", "week", "month")), help="The last value of each day, week or month."
)
@click.option("--plot", is_flag=True, help="Draw each figure as a line, with gaps where nothing was read.")
@html_option
@output_options(fields=POINTS)
@common_options
@click.pass_context
def trend(
    ctx: click.Context,
    out: Writer,
    name: str,
    metrics: tuple[str, ...],
    ranking: bool,
    narrowed: Narrowed,
    since: str | None,
    until: str | None,
    by: str | None,
    plot: bool,
    html: Path | None,
) -> None:
    """Show how figures of a person, or of a ranking, went, the earliest first; where there are too many, the last ones.

    Days, weeks (from Monday) and months are those of the display zone. What is unknown has no line. The line of --plot
    and --html breaks where two readings lie more than three times as far apart as they mostly do.
    """
    from mhc.reports import snapshots as report
    from mhc.store import series

    if plot:
        only_for_people(out)
    wanted = list(dict.fromkeys((name, *metrics) if ranking else metrics))
    if not wanted:
        raise UsageError("which figures?", hint=f"mhc snapshot show {name} names them")
    with database(ctx) as db, db.read() as conn:
        asked = time_range(ctx, conn, since, until)
        who, ids = whose(conn, None if ranking else name)
        questions = series.questions(conn, ids)
        question = choose(who, _with_metrics(questions, narrowed, wanted), narrowed)
        chosen = _named(question.source, wanted)
        found = report.points(conn, ids, question, chosen, asked.start, asked.end, by=by, tz=out.tz)
    curves = [] if out.on_stream() else _curves(chosen, found)
    nothing = "no reading says it in that time"
    if html is not None:
        write_page(out, html, _page(out, who, question, asked, found, curves, nothing))
        return
    if plot and curves:
        sys.stdout.writelines(_plots(out, curves))
        return
    if plot:
        out.message(no_picture(hidden=out.on_stream()))
    rows = found if out.limit is None or out.sort else found[-out.limit :]
    out.rows(POINTS, out.ordered(POINTS, rows), total=len(found), nothing=nothing)
    if out.format == "table" and out.screen.is_terminal:
        for metric, points in curves:
            if len(points) > 1:
                line = sparkline([value for _at, value in points], out.screen)
                out.message(Safe(f"{encode(metric.name)}  {line}  {encode(_between(metric, points))}"))


def _with_metrics(
    questions: "Sequence[Question]", narrowed: Narrowed, metrics: Sequence[str]
) -> "Sequence[Question]":
    """Give the questions whose source has the figures; all of them where none has, or a source was named."""
    from mhc.domain.metrics import find

    having = [
        one
        for one in fitting(questions, narrowed)
        if all(find(one.source, metric) is not None for metric in metrics)
    ]
    return having if having and narrowed.source is None else questions


def _named(source: str, names: Sequence[str]) -> "list[Metric]":
    """Give the metrics of these names. Raises UsageError with near names."""
    from mhc.reports.snapshots import known

    there = {one.name: one for one in known(source)}
    for name in names:
        if name not in there:
            near = near_matches(name, there)
            hint = f"did you mean: {', '.join(near)}?" if near else f"one of: {', '.join(there)}"
            raise UsageError(encode(f"{source} has no figure called {name!r}"), hint=hint)
    return [there[name] for name in names]


def _curves(metrics: "Sequence[Metric]", found: "Sequence[Point]") -> "list[tuple[Metric, list[Place]]]":
    """Give the figures that are numbers, each along time."""
    curves = []
    for metric in metrics:
        points = [
            (one.at, one.value)
            for one in found
            if one.metric == metric.name
            and isinstance(one.value, int | float)
            and not isinstance(one.value, bool)
        ]
        if points:
            curves.append((metric, points))
    return curves


def _between(metric: "Metric", points: "Sequence[Place]") -> str:
    unit = f" {metric.unit}" if metric.unit else ""
    return f"{points[0][1]:,} to {points[-1][1]:,}{unit}"


def _plots(out: Writer, curves: "Sequence[tuple[Metric, Sequence[Place]]]") -> Iterator[Safe]:
    from mhc.cli.plot import line

    for place, (metric, points) in enumerate(curves):
        yield Safe("\n" * bool(place) + encode(f"{metric.name}  {_between(metric, points)}") + "\n")
        yield from line(points, out.screen, out.tz)


def _page(
    out: Writer,
    who: str | None,
    question: "Question",
    asked: "Range",
    found: "Sequence[Point]",
    curves: "Sequence[tuple[Metric, Sequence[Place]]]",
    nothing: str,
) -> str:
    from mhc.cli import page

    said = [
        ("person", who or "nobody: a ranking"),
        ("from", called(question)),
        ("time", page.when(asked.start, asked.end, out.tz)),
        ("zone", str(out.tz)),
    ]
    shown = [field for field in out.screened(POINTS) if field.table]
    rows = out.ordered(POINTS, found)[: out.given_limit or None]
    names = ", ".join(dict.fromkeys(one.metric for one in found))
    title = f"How {names or 'figures'} went"
    return page.html(page.Page(title, said, _pictures(out, curves), shown, rows, nothing), out.tz)


def _pictures(out: Writer, curves: "Sequence[tuple[Metric, Sequence[Place]]]") -> "list[Picture]":
    from mhc.cli.pictures import line

    found = []
    for metric, points in curves:
        first, last = (f"{at.astimezone(out.tz):%Y-%m-%d}" for at, _value in (points[0], points[-1]))
        said = f"{metric.name}: {_between(metric, points)}"
        found.append(line(points, (first, last), said))
    return found
