"""`mhc room now`: who is in the own room."""

import sys
from dataclasses import asdict
from shutil import get_terminal_size
from typing import TYPE_CHECKING

import click

from mhc.cli import complete
from mhc.cli.context import database, utc_now
from mhc.cli.lasting import look_for_garbage
from mhc.cli.lookups import own_room, rooms
from mhc.cli.options import Command, Shared, common_options, output_options
from mhc.cli.output import Field, Writer, screen, username_field
from mhc.cli.presence import say_if_unheard
from mhc.cli.render import value_of
from mhc.cli.terminal import clear_screen, pause
from mhc.errors import TryLaterError, UnavailableError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mhc.cli.output import Row as OutRow
    from mhc.reports.room_now import Row
    from mhc.store.database import Database

NOW = (
    Field("username", "username", "Who."),
    Field("watchlists", "list", "The lists they are on.", header="lists"),
    Field("tokens", "int", "Tokens here, ever; without anonymous ones.", secrecy="amount"),
    Field("session_tokens", "int", "Tokens in the live session; null while none is.", header="tonight", secrecy="amount"),
    Field("messages", "int", "Public lines in the live session; null while none is.", header="lines", secrecy="open"),
    Field("visits", "int", "How often they came, this time among them."),
    Field("entered_at", "time", "Since when; null where nobody saw them come.", header="since"),
    Field("last_sign_at", "time", "What they did last in the live session.", header="last sign"),
    Field("rating", "int", "1 to 5.", table=False),
)  # fmt: skip
# Lines of a room that is watched say to which look they belong.
_WATCHED = (*NOW, Field("read_at", "time", "When that was read.", header="read at", table=False))
_AROUND = 4  # lines of a watched room: a warning, the header, how many are shown, and the cursor's
_NOBODY = "nobody is known to be there"


@click.command(
    "now",
    cls=Command,
    examples=["mhc room now", "mhc room now --sort entered_at", "mhc room now --watch -o ndjson"],
)
@click.option(
    "--watch", is_flag=True, help="Show it again and again, until stopped; in a pipe whenever it changes."
)
@click.option(
    "--interval",
    type=click.FloatRange(min=0.1),
    default=5.0,
    show_default=True,
    metavar="SECONDS",
    help="With --watch: how often to look.",
)
@click.option(
    "--room", metavar="ROOM", shell_complete=complete.rooms, help="The room (default: the own one)."
)
@output_options(fields=NOW)
@common_options
@click.pass_context
def now(ctx: click.Context, out: Writer, watch: bool, interval: float, room: str | None) -> None:
    """List who is in your room now: who paid most here first, equals by name.

    Known is who was seen to come while somebody listened, and who did something in the live session; others who were
    there before are not seen until they speak. Excluded people are listed, too. With --watch, JSON is one line a person
    and look, with the time of that.
    """
    own_room(ctx, room)
    with database(ctx) as db:
        if watch:
            out.format = "ndjson" if out.format == "json" else out.format
            _watch(ctx, out, db, room, interval)
        _print(out, _read(ctx, out, db, room, first=True))


def _watch(ctx: click.Context, out: Writer, db: "Database", room: str | None, interval: float) -> None:
    """Look again and again, until stopped."""
    before: list[list[object]] | None = None
    away = False
    look_for_garbage()
    while True:
        try:
            anew = out.screen.is_terminal
            found = _read(ctx, out, db, room, first=anew or before is None, anew=anew)
            shown = _shown(out, found)
            if anew or shown != before:
                _frame(ctx, out, found, first=before is None)
            before, away = shown, False
        except (UnavailableError, TryLaterError) as error:
            if not away:
                out.warn(f"{error.message}; trying again")
            away = True
        pause(interval)


def _read(
    ctx: click.Context, out: Writer, db: "Database", room: str | None, *, first: bool, anew: bool = False
) -> "list[Row]":
    """Read who is there; `anew` clears a terminal before anything is said of it, `first` says what is to be said."""
    from mhc.reports import room_now

    with db.read() as conn:
        where = rooms(ctx, conn, room)
        found = room_now.read(conn, where.ids or (), utc_now())
        if anew:
            clear_screen()
        if first:
            say_if_unheard(out, conn, where.ids)
        return found


def _shown(out: Writer, found: "list[Row]") -> list[list[object]]:
    """Give what of the rows is printed, by which a pipe is told of changes."""
    fields = [username_field(NOW, out.names)] if out.format == "name" else out.choose(NOW)
    return [[value_of(row, field) for field in fields] for row in out.ordered(NOW, found)[: out.limit]]


def _frame(ctx: click.Context, out: Writer, found: "list[Row]", *, first: bool) -> None:
    """Show it anew: on a terminal in place of what was there, elsewhere below it."""
    out.screen = screen(ctx.ensure_object(Shared).color)
    if not first and out.format in {"tsv", "csv"}:
        sys.stdout.write("\n")
    at = utc_now()
    _print(out, [asdict(row) | {"read_at": at} for row in found], _WATCHED, _fit(out))


def _fit(out: Writer) -> int | None:
    """Give how many rows a screen holds, where a reader sees that and did not say how many; those above would roll off."""
    if not out.screen.is_terminal or out.format != "table" or out.given_limit is not None:
        return None
    return max(1, get_terminal_size().lines - _AROUND)


def _print(
    out: Writer, rows: "Sequence[OutRow]", fields: "Sequence[Field]" = NOW, fit: int | None = None
) -> None:
    out.rows(fields, out.ordered(fields, rows), total=len(rows), limit=fit, nothing=_NOBODY)
