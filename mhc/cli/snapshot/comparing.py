"""`mhc snapshot diff|trend`: what changed, and how a figure went."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import click

from mhc.cli import complete
from mhc.cli.context import database, utc_now
from mhc.cli.lookups import person as find_person
from mhc.cli.lookups import time_range
from mhc.cli.options import Command, common_options, output_options, time_options
from mhc.cli.output import Field, Writer
from mhc.cli.snapshot.questions import Narrowed, choose, fitting, question_options
from mhc.cli.sparkline import sparkline
from mhc.domain.clock import iso_z
from mhc.domain.names import near_matches
from mhc.domain.text import Safe, encode
from mhc.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sqlalchemy import Connection

    from mhc.domain.metrics import Metric
    from mhc.reports.snapshots import Compared, Point
    from mhc.store.series import Ids, Question

CHANGES = (
    Field("metric", "text", "The figure.", foreign=False),
    Field("before", "value", "What it was; null: unknown.", secrecy="amount"),
    Field("after", "value", "What it is; null: unknown.", secrecy="amount"),
    Field("change", "value", "The difference of numbers; null of others, of unknown ones, and where a counter began anew.",
          secrecy="amount"),
    Field("added", "list", "What a list gained.", secrecy="amount"),
    Field("removed", "list", "What a list lost.", secrecy="amount"),
    Field("reset", "bool", "Whether a counter fell: it began anew, as a balance that was paid out."),
    Field("unit", "text", "The unit; unknown: the source does not say.", foreign=False),
    Field("kind", "text", "counter, gauge, id, date, list or text.", table=False, foreign=False),
    Field("username", "username", "Whose figure it is; null: a ranking's.", table=False),
    Field("source", "text", "The source.", table=False, foreign=False),
    Field("range", "text", "The time that the figures are of; empty: a whole life.", table=False, foreign=False),
    Field("before_at", "time", "When it was so.", table=False),
    Field("after_at", "time", "When it is so.", table=False),
    Field("before_id", "id", "The reading: mhc snapshot show.", table=False),
    Field("after_id", "id", "The reading: mhc snapshot show.", table=False),
)  # fmt: skip
POINTS = (
    Field("at", "time", "When the source said so."),
    Field("metric", "text", "The figure.", foreign=False),
    Field("value", "value", "What it was.", secrecy="amount"),
    Field("change", "value", "The difference to the line before of this figure; null where there is none.", secrecy="amount"),
    Field("reset", "bool", "Whether a counter fell: it began anew, as a balance that was paid out."),
    Field("unit", "text", "The unit; unknown: the source does not say.", foreign=False),
    Field("id", "id", "The reading: mhc snapshot show.", table=False),
)  # fmt: skip


_ranking = click.option(
    "--ranking", is_flag=True, help="Of a ranking itself, which is about nobody, in place of a person."
)


@click.command(
    "diff",
    cls=Command,
    examples=[
        "mhc snapshot diff viewer_one",
        "mhc snapshot diff viewer_one --since 2026-01-01 --until 2026-02-01 --source statbate.member_info",
    ],
)
@click.argument(
    "name", metavar="[NAME]", required=False, help="Any name of the person.", shell_complete=complete.people
)
@_ranking
@question_options
@time_options
@click.option("--all", "every", is_flag=True, help="Also the figures that stayed, or of which nobody knows.")
@output_options(fields=CHANGES)
@common_options
@click.pass_context
def diff(
    ctx: click.Context,
    out: Writer,
    name: str | None,
    ranking: bool,
    narrowed: Narrowed,
    since: str | None,
    until: str | None,
    every: bool,
) -> None:
    """Show what changed between two readings of a person, or of a ranking.

    With --since the last readings at or before it and --until (default: now) are compared, or the very first, where none
    was so early; else the last two that differ. Figures of two sources or two ranges are never compared.
    """
    from mhc.reports import snapshots as report
    from mhc.store import series

    if until is not None and since is None:
        raise UsageError("--until goes with --since")
    if (name is None) is not ranking:
        raise UsageError("whose readings?", hint="a name, or --ranking")
    with database(ctx) as db, db.read() as conn:
        asked = time_range(ctx, conn, since, until)
        who, ids = _whose(conn, name)
        question = choose(who, series.questions(conn, ids), narrowed)
        if asked.start is None:
            found = report.last_change(conn, ids, question)
        else:
            found = report.between(conn, ids, question, asked.start, asked.end or utc_now())
        said = {} if found is None else series.metrics_of(conn, (one.payload_id for one in found[:2]))
    rows = [] if found is None else _changes(who, question, found, said, every=every)
    _say_between(out, question, found)
    out.rows(CHANGES, out.ordered(CHANGES, rows), nothing="nothing changed")


def _whose(conn: "Connection", name: str | None) -> "tuple[str | None, Ids]":
    """Give a person's name and rows; of nobody, as a ranking is, None."""
    from mhc.store import people
    from mhc.store.series import NOBODY

    if name is None:
        return None, NOBODY
    who = find_person(conn, name)
    return who.username, people.members(conn, who.id)


def _changes(
    username: str | None,
    question: "Question",
    found: "Compared",
    said: "Mapping[int, Mapping[str, object]]",
    *,
    every: bool,
) -> list[dict[str, object]]:
    from mhc.reports.snapshots import known

    before, after = found.before, found.after
    about = {
        "username": username, "source": question.source, "range": question.range,
        "before_at": before.captured_at, "after_at": after.captured_at, "before_id": before.id, "after_id": after.id,
    }  # fmt: skip
    told = {one.metric.name: one for one in found.changes}
    rows = []
    for metric in known(question.source):
        one = told.get(metric.name)
        if one is None and not every:
            continue
        row: dict[str, object] = {
            "metric": metric.name,
            "before": said[before.payload_id].get(metric.name),
            "after": said[after.payload_id].get(metric.name),
            "kind": metric.kind.value,
            "unit": metric.unit,
        }
        row |= {key: None if one is None else getattr(one, key) for key in ("change", "added", "removed")}
        rows.append(row | {"reset": one is not None and one.reset} | about)
    return rows


def _say_between(out: Writer, question: "Question", found: "Compared | None") -> None:
    if found is None:
        out.message(f"{_called(question)}: no two readings that differ")
        return
    times = " to ".join(iso_z(one.captured_at) for one in (found.before, found.after))
    out.message(f"{_called(question)}: {times} (readings {found.before.id} and {found.after.id})")


def _called(question: "Question") -> str:
    return " ".join(part for part in (question.source, question.subject, question.range) if part)


@click.command(
    "trend",
    cls=Command,
    examples=[
        "mhc snapshot trend viewer_one all_time_tokens",
        "mhc snapshot trend viewer_one all_time_tokens models_tipped_2weeks --by week -o csv",
    ],
)
@click.argument(
    "name", metavar="NAME", help="Any name of the person; not with --ranking.", shell_complete=complete.people
)
@click.argument("metrics", metavar="METRIC…", nargs=-1, help="Figures, as snapshot show names them.")
@_ranking
@question_options
@time_options
@click.option(
    "--by", type=click.Choice(("day", "week", "month")), help="The last value of each day, week or month."
)
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
) -> None:
    """Show how figures of a person, or of a ranking, went, the earliest first; where there are too many, the last ones.

    Days, weeks (from Monday) and months are those of the display zone. What is unknown has no line.
    """
    from mhc.reports import snapshots as report
    from mhc.store import series

    wanted = list(dict.fromkeys((name, *metrics) if ranking else metrics))
    if not wanted:
        raise UsageError("which figures?", hint=f"mhc snapshot show {name} names them")
    with database(ctx) as db, db.read() as conn:
        asked = time_range(ctx, conn, since, until)
        who, ids = _whose(conn, None if ranking else name)
        questions = series.questions(conn, ids)
        question = choose(who, _with_metrics(questions, narrowed, wanted), narrowed)
        chosen = _named(question.source, wanted)
        found = report.points(conn, ids, question, chosen, asked.start, asked.end, by=by, tz=out.tz)
    rows = found if out.limit is None or out.sort else found[-out.limit :]
    out.rows(POINTS, out.ordered(POINTS, rows), total=len(found), nothing="no reading says it in that time")
    if out.format == "table" and out.screen.is_terminal:
        _draw(out, chosen, found)


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


def _draw(out: Writer, metrics: "Sequence[Metric]", found: "Sequence[Point]") -> None:
    if out.on_stream():
        return
    for metric in metrics:
        values = [
            one.value
            for one in found
            if one.metric == metric.name
            and isinstance(one.value, int | float)
            and not isinstance(one.value, bool)
        ]
        if len(values) > 1:
            unit = f" {metric.unit}" if metric.unit else ""
            text = f"{values[0]:,} to {values[-1]:,}{unit}"
            out.message(Safe(f"{encode(metric.name)}  {sparkline(values, out.screen)}  {encode(text)}"))
