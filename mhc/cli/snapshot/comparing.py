"""`mhc snapshot diff`: what changed."""

from typing import TYPE_CHECKING

import click

from mhc.cli import complete
from mhc.cli.context import database, utc_now
from mhc.cli.lookups import person as find_person
from mhc.cli.lookups import time_range
from mhc.cli.options import Command, common_options, output_options, time_options
from mhc.cli.output import Field, Writer
from mhc.cli.snapshot.questions import Narrowed, choose, question_options
from mhc.domain.clock import iso_z
from mhc.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sqlalchemy import Connection

    from mhc.reports.snapshots import Compared
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

ranking_option = click.option(
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
@ranking_option
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
        who, ids = whose(conn, name)
        question = choose(who, series.questions(conn, ids), narrowed)
        if asked.start is None:
            found = report.last_change(conn, ids, question)
        else:
            found = report.between(conn, ids, question, asked.start, asked.end or utc_now())
        said = {} if found is None else series.metrics_of(conn, (one.payload_id for one in found[:2]))
    rows = [] if found is None else _changes(who, question, found, said, every=every)
    _say_between(out, question, found)
    out.rows(CHANGES, out.ordered(CHANGES, rows), nothing="nothing changed")


def whose(conn: "Connection", name: str | None) -> "tuple[str | None, Ids]":
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
        out.message(f"{called(question)}: no two readings that differ")
        return
    times = " to ".join(iso_z(one.captured_at) for one in (found.before, found.after))
    out.message(f"{called(question)}: {times} (readings {found.before.id} and {found.after.id})")


def called(question: "Question") -> str:
    """Name what was asked, in words."""
    return " ".join(part for part in (question.source, question.subject, question.range) if part)
