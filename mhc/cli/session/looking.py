"""`mhc session list|show|status`: sessions and their figures."""

from dataclasses import asdict, replace
from typing import TYPE_CHECKING

import click

from mhc.cli import completeness
from mhc.cli.context import database
from mhc.cli.lookups import own_room, rooms, time_range
from mhc.cli.options import Command, common_options, output_options, range_options, record_options
from mhc.cli.output import Writer
from mhc.cli.session.common import (
    any_room_option,
    asked,
    excluded_option,
    find_or_latest,
    hole,
    latest_argument,
    own_room_option,
    say_excluded,
    top,
)
from mhc.cli.session.fields import SESSIONS, WHOLE, of_rooms
from mhc.cli.table import local
from mhc.domain.clock import iso_z
from mhc.errors import Exit

if TYPE_CHECKING:
    from mhc.reports.one_session import Figures, Whole

_NONE = "no such sessions: mhc listen finds them, mhc session start begins one by hand"
_EMPTY = dict.fromkeys(field.name for field in WHOLE)


@click.command("status", cls=Command, examples=["mhc session status", "mhc session status --check -q"])
@click.option("--check", is_flag=True, help="End with 4 when no session is live.")
@excluded_option
@completeness.require_complete
@own_room_option
@record_options(fields=WHOLE)
@common_options
@click.pass_context
def status(
    ctx: click.Context,
    out: Writer,
    check: bool,
    include_excluded: bool,
    require_complete: bool,
    room: str | None,
) -> int:
    """Show the live session and its figures so far. The state is idle, and the rest unknown, where none is."""
    from mhc.reports import one_session
    from mhc.store import sessions

    own_room(ctx, room)  # there must be one
    with database(ctx) as db, db.read() as conn:
        where = rooms(ctx, conn, room)
        found = sessions.list_all(conn, room_ids=where.ids, live=True, limit=1)
        clock = asked(ctx, include_excluded=include_excluded)
        whole = [one_session.read(conn, one, clock) for one in found]
        missing = hole(conn, found) if require_complete else None
    if whole:
        _print(ctx, out, whole[0])
        completeness.refuse(missing)
        return Exit.OK
    idle = tuple(replace(field, table=field.name in {"room", "state"}) for field in WHOLE)
    out.record(idle, _EMPTY | {"room": where.name, "state": "idle"})
    return Exit.CHECK if check else Exit.OK


@click.command("list", cls=Command, examples=["mhc session list", "mhc session list --since 30d -o csv"])
@excluded_option
@completeness.require_complete
@range_options
@output_options(fields=SESSIONS)
@common_options
@click.pass_context
def list_sessions(
    ctx: click.Context,
    out: Writer,
    include_excluded: bool,
    require_complete: bool,
    since: str | None,
    until: str | None,
    room: str | None,
) -> None:
    """List the sessions that touch a range of time, the latest first, equals by number."""
    from mhc.reports import sessions as figures
    from mhc.store import sessions

    with database(ctx) as db, db.read() as conn:
        when = time_range(ctx, conn, since, until)
        where = rooms(ctx, conn, room)
        found = sessions.list_all(conn, room_ids=where.ids, since=when.start, until=when.end)
        shown = found if out.sort else found[: out.limit]
        report = figures.read(conn, shown, asked(ctx, include_excluded=include_excluded))
        missing = hole(conn, shown) if require_complete else None
    say_excluded(ctx, report.excluded)
    fields = of_rooms(SESSIONS, where.name)
    out.rows(fields, out.ordered(fields, report.rows), total=len(found), nothing=_NONE)
    completeness.refuse(missing)


@click.command("show", cls=Command, examples=["mhc session show 1", "mhc session show --json"])
@latest_argument
@excluded_option
@completeness.require_complete
@any_room_option
@record_options(fields=WHOLE)
@common_options
@click.pass_context
def show(
    ctx: click.Context,
    out: Writer,
    session_id: int | None,
    include_excluded: bool,
    require_complete: bool,
    room: str | None,
) -> None:
    """Show one session and all its figures.

    How many people were there is counted of those who were seen: who was there before somebody listened is known only
    when they speak.
    """
    from mhc.reports import one_session

    with database(ctx) as db, db.read() as conn:
        one = find_or_latest(ctx, conn, session_id, room)
        whole = one_session.read(conn, one, asked(ctx, include_excluded=include_excluded))
        missing = hole(conn, [one]) if require_complete else None
    _print(ctx, out, whole)
    completeness.refuse(missing)


def _print(ctx: click.Context, out: Writer, whole: "Whole") -> None:
    say_excluded(ctx, whole.excluded)
    out.record(WHOLE, asdict(whole.row) | asdict(whole.figures) | _lines(out, whole.figures))


def _lines(out: Writer, figures: "Figures") -> dict[str, object]:
    """Give what JSON nests as lines: on a terminal as people read figures and times, elsewhere as programs do."""
    read = out.format == "table"
    return {
        "top": top(figures, grouped=read),
        "noted": [
            f"{one.id}  {local(one.at, out.tz) if read else iso_z(one.at)}  {one.body}"
            for one in figures.notes
        ],
    }
