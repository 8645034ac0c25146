"""What every report is asked with, and how it is printed: the figures, and what they are about."""

import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, NamedTuple, TypeVar

import click

from mhc.cli import completeness
from mhc.cli.context import settings, utc_now
from mhc.cli.lookups import rooms, time_range
from mhc.cli.options import range_options
from mhc.cli.output import Field, Row, Writer
from mhc.cli.table import share
from mhc.domain.times import Range
from mhc.errors import UsageError

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from mhc.cli.lookups import Rooms
    from mhc.reports.completeness import Hole
    from mhc.reports.frame import Covered

T = TypeVar("T")
_DRAWN = frozenset({"table", "tsv"})  # what auto gives on a terminal and in a pipe

_excluded = click.option("--include-excluded", is_flag=True, help="Count excluded people, too.")


def report_options(function: Callable[..., T]) -> Callable[..., T]:
    """Accept what reports share: --include-excluded, --require-complete and a range of time in a room."""
    return _excluded(completeness.require_complete(range_options(function)))


class Asked(NamedTuple):
    """What a report is about: a half-open range in some rooms, and what may be missing of it."""

    range: Range
    rooms: "Rooms"
    hole: "Hole | None"


def ask(
    ctx: click.Context,
    conn: "Connection",
    *,
    room: str | None,
    since: str | None,
    until: str | None,
    require_complete: bool,
) -> Asked:
    """Read the shared options; look for a hole where the report is to be complete."""
    asked, where = time_range(ctx, conn, since, until), rooms(ctx, conn, room)
    if not require_complete:
        return Asked(asked, where, None)
    from mhc.reports import completeness as whole

    hole = whole.first_hole(conn, [whole.Asked(where.ids, asked.start, asked.end, utc_now())])
    return Asked(asked, where, hole)


class About(NamedTuple):
    """What a report says of its figures beside them."""

    sources: Sequence[str]
    coverage: "Covered | None"
    excluded: int
    more: Mapping[str, object] = {}


def show(
    ctx: click.Context,
    out: Writer,
    asked: Asked,
    about: About,
    fields: Sequence[Field],
    rows: Sequence[Row],
    *,
    nothing: str,
    draw: Callable[[], Iterable[str]] | None = None,
) -> None:
    """Print a report and what it left out; ends with 4 where it was to be complete and is not.

    `draw` gives the lines of a picture, which then stands in place of rows.
    """
    if draw is not None and out.format not in _DRAWN:
        raise UsageError(
            f"--plot draws for people, -o {out.format} is for programs", hint="leave one of them out"
        )
    if about.excluded:
        out.message(f"{about.excluded} excluded")
    if about.coverage is not None and about.coverage.share != 1:
        missed = share(1 - (about.coverage.share or 0))
        out.warn(f"{missed} of the time was not captured: mhc capture gaps")
    head = {
        "range": {"since": asked.range.start, "until": asked.range.end},
        "timezone": str(settings(ctx).timezone),
        "room": asked.rooms.name,
        "sources": about.sources,
        "coverage": about.coverage and asdict(about.coverage),
        "excluded": about.excluded,
        **about.more,
    }
    if draw is not None and rows:
        sys.stdout.writelines(draw())
    else:
        out.report(head, fields, rows, nothing=nothing)
    completeness.refuse(asked.hole)
