"""What every report is asked with, and how it is printed: the figures, and what they are about."""

import sys
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple, TypeVar

import click

from mhc.cli import completeness
from mhc.cli.context import settings, utc_now
from mhc.cli.lookups import rooms, time_range
from mhc.cli.options import range_options
from mhc.cli.output import Field, Row, Writer
from mhc.cli.table import HIDDEN, share
from mhc.domain.earlier import Against, Span, earlier
from mhc.domain.periods import Clock
from mhc.domain.times import Range
from mhc.errors import OutputError, UsageError

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from mhc.cli.lookups import Rooms
    from mhc.cli.page import Picture
    from mhc.reports.completeness import Hole
    from mhc.reports.frame import Seen

T = TypeVar("T")
_PAGE_ROWS = 500  # that a page shows unless -L says so
_DRAWN = frozenset({"table", "tsv"})  # what auto gives on a terminal and in a pipe

_excluded = click.option("--include-excluded", is_flag=True, help="Count excluded people, too.")

html_option = click.option(
    "--html",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE|-",
    help="Write one web page, for you alone, in place of rows; what is there is replaced; - is stdout.",
)


compare_option = click.option(
    "--compare",
    type=click.Choice([one.value for one in Against]),
    help="Beside each figure what it was just before in as much time, or on the same dates of last year.",
)


def frame_options(function: Callable[..., T]) -> Callable[..., T]:
    """Accept what reports share, whatever they are about: --include-excluded, --require-complete and --html."""
    return _excluded(completeness.require_complete(html_option(function)))


def report_options(function: Callable[..., T]) -> Callable[..., T]:
    """Accept what reports share, and a range of time in a room."""
    return frame_options(range_options(function))


def own_report_options(function: Callable[..., T]) -> Callable[..., T]:
    """Accept the same for a report of one room: the own one, where none is named."""
    return frame_options(range_options(function, "the own one"))


def clock(ctx: click.Context, out: Writer) -> Clock:
    """Give by which zone days begin, and with which of them weeks do."""
    return Clock(out.tz, settings(ctx).week_start)


class Asked(NamedTuple):
    """What a report is about: a half-open range in some rooms, how much of it was captured, and what may be missing."""

    range: Range
    rooms: "Rooms"
    seen: "Seen"
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
    from mhc.reports import completeness as whole
    from mhc.reports.frame import seen

    asked, where, now = time_range(ctx, conn, since, until), rooms(ctx, conn, room), utc_now()
    captured = seen(conn, where.ids, asked.start, asked.end, now)
    if not require_complete:
        return Asked(asked, where, captured, None)
    hole = whole.first_hole(conn, [whole.Asked(where.ids, asked.start, asked.end, now)])
    return Asked(asked, where, captured, hole)


def span(asked: Asked) -> Span | None:
    """Give the range with both its ends: what is to come is not in it. None where it has no beginning."""
    begin, now = asked.range.start, utc_now()
    return None if begin is None else Span(begin, max(begin, min(asked.range.end or now, now)))


def ends_now(asked: Asked) -> bool:
    """Whether a range goes on: what is to come is not in it."""
    return asked.range.end is None or asked.range.end > utc_now()


def earlier_span(ctx: click.Context, asked: Asked, against: Against) -> Span:
    """Give the range that a report is held against. Raises UsageError where there is none."""
    now = span(asked)
    if now is None:
        raise UsageError("--compare needs a range that has a beginning", hint="give --since")
    try:
        return earlier(now, against, settings(ctx).timezone)
    except ValueError as error:
        raise UsageError(str(error), hint="give a later --since") from None


def coverage(seen: "Seen | None") -> dict[str, object] | None:
    """Give what JSON says of the capture."""
    return None if seen is None or seen.covered is None else asdict(seen.covered)


def captured_part(seen: "Seen") -> str | None:
    """Say how much of a time was captured, up to now where its end is open; None where rooms differ."""
    if not seen.is_any:
        return "nothing, it is to come" if seen.is_to_come else "nothing"
    return None if seen.until_now is None else share(seen.until_now)


def warn_of_missing(out: Writer, seen: "Seen | None") -> None:
    """Say on stderr how much of a time was not captured, up to now where its end is open."""
    if seen is None:
        return
    if seen.is_to_come:
        out.warn("that time is still to come: it lies in the future")
    elif not seen.is_any:
        out.warn("nothing was captured in that time: mhc capture coverage says what was, mhc listen captures")
    elif seen.until_now is not None and seen.until_now != 1:
        to_now = "" if seen.covered is None or seen.covered.share == seen.until_now else " up to now"
        out.warn(f"{share(1 - seen.until_now)} of the time{to_now} was not captured: mhc capture gaps")


class Head(NamedTuple):
    """Figures that belong to no row, as lines of words: a record beside the rows, on stderr and on a page."""

    fields: Sequence[Field]
    row: Mapping[str, Sequence[str]]


class About(NamedTuple):
    """What a report says of its figures beside them: `more` in JSON, `head` to people."""

    sources: Sequence[str]
    seen: "Seen | None"  # None: of what was captured here nothing depends
    excluded: int
    more: Mapping[str, object] = {}
    then: Span | None = None  # what the figures are held against
    head: Head | None = None
    worded: Collection[str] = ()  # of `more` what a page has in words of its own


class Drawn(NamedTuple):
    """How a report looks as a picture: on the terminal (None: it has none there), and on a page with what it says there."""

    title: str
    lines: Callable[[], Iterable[str]] | None = None
    pictures: "Callable[[], Sequence[Picture]]" = tuple
    said: Sequence[tuple[str, str]] = ()


def show(
    out: Writer,
    asked: Asked,
    about: About,
    fields: Sequence[Field],
    rows: Sequence[Row],
    *,
    nothing: str,
    drawn: Drawn,
    plot: bool = False,
    html: Path | None = None,
) -> None:
    """Print a report and what it left out, or draw it; ends with 4 where it was to be complete and is not."""
    if plot:
        only_for_people(out)
    if about.excluded:
        out.message(f"{about.excluded} excluded")
    warn_of_missing(out, about.seen)
    head = {
        "range": {"since": asked.range.start, "until": asked.range.end},
        "timezone": str(out.tz),
        "room": asked.rooms.name,
        "sources": about.sources,
        "coverage": coverage(about.seen),
        "excluded": about.excluded,
        **about.more,
    }
    if html is not None:
        write_page(out, html, _page(out, asked, about, fields, rows, nothing=nothing, drawn=drawn))
    elif plot and drawn.lines is not None and rows and not _hides(out, fields):
        sys.stdout.writelines(drawn.lines())
    else:
        if plot:
            out.message(no_picture(hidden=_hides(out, fields)))
        if about.head is not None and out.format == "table" and out.names is None:
            out.beside(*about.head)
        out.report(head, fields, rows, nothing=nothing)
    completeness.refuse(asked.hole)


def _page(
    out: Writer,
    asked: Asked,
    about: About,
    fields: Sequence[Field],
    rows: Sequence[Row],
    *,
    nothing: str,
    drawn: Drawn,
) -> str:
    from mhc.cli import page

    hidden = {field.name for field in out.screened(fields) if field.hidden}
    said = [
        ("room", asked.rooms.name or "every room"),
        ("time", page.when(asked.range.start, asked.range.end, out.tz, to_come=_is_to_come(about.seen))),
        ("zone", str(out.tz)),
        ("from", ", ".join(about.sources)),
        *_said(out, about, hidden),
    ]
    captured = about.seen and captured_part(about.seen)
    if captured is not None:
        said.append(("captured", captured))
    if about.excluded:
        said.append(("excluded", str(about.excluded)))
    if about.then is not None:
        said.append(("compared with", page.when(*about.then, out.tz)))
    said += drawn.said
    shown = out.choose(fields) if out.names else [one for one in out.screened(fields) if one.table]
    limit = page_limit(out)
    if limit is not None and len(rows) > limit:
        said.append(("rows", f"{limit:,} of {len(rows):,}; -L 0 for all"))
    pictures = () if _hides(out, fields) else drawn.pictures()
    return page.html(page.Page(drawn.title, said, pictures, shown, rows[:limit], nothing), out.tz)


def _said(out: Writer, about: About, hidden: Collection[str]) -> Iterable[tuple[str, str]]:
    """Give what a page says of the figures that belong to no row."""
    if about.head is None:
        return (
            (name.replace("_", " "), _figure(value))
            for name, value in about.more.items()
            if isinstance(value, str | int | float) and name not in hidden and name not in about.worded
        )
    row = about.head.row
    return (
        (field.name, HIDDEN if field.hidden and field.is_secret else "; ".join(row[field.name]))
        for field in out.screened(about.head.fields)
    )


def _is_to_come(seen: "Seen | None") -> bool:
    return seen is not None and seen.is_to_come


def _figure(value: str | float) -> str:
    if isinstance(value, str | bool):
        return str(value)
    return f"{value:,}" if isinstance(value, int) or value == int(value) else f"{value:,.2f}"


def page_limit(out: Writer) -> int | None:
    """Give how many rows a page has; None: all."""
    return _PAGE_ROWS if out.given_limit is None else out.given_limit or None


def _hides(out: Writer, fields: Sequence[Field]) -> bool:
    """Whether others see the screen, and must not see all of it: a picture cannot leave a part out."""
    return any(field.hidden for field in out.screened(fields))


def write_page(out: Writer, path: Path, text: str) -> None:
    """Write a page for its owner alone, or (`-`) to stdout. Raises OutputError."""
    from mhc.store import files

    if path == Path("-"):
        sys.stdout.write(text)
        return
    try:
        files.replace(path, text, mode=0o600)
    except OSError as error:
        raise OutputError(f"cannot write {path}: {error.strerror}") from error
    out.message(f"wrote {path}")


def no_picture(*, hidden: bool) -> str:
    """Say why a table stands in the place of a picture."""
    return "others see the screen (MHC_SCREEN_SAFE): no picture" if hidden else "there is nothing to draw"


def only_for_people(out: Writer) -> None:
    """Raise UsageError where a plot and a format for programs were asked for."""
    if out.format not in _DRAWN:
        raise UsageError(
            f"--plot draws for people, -o {out.format} is for programs", hint="leave one of them out"
        )
