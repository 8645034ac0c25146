"""`mhc event tail`: the last events, and then each new one as some process stores it."""

import sys
from collections.abc import Iterable
from datetime import tzinfo
from typing import TYPE_CHECKING

import click

from mhc.cli import complete
from mhc.cli.context import database, settings
from mhc.cli.event import FIELDS
from mhc.cli.lasting import look_for_garbage
from mhc.cli.lookups import methods, rooms
from mhc.cli.options import Command, Shared, common_options
from mhc.cli.render import ndjson_parts, screened
from mhc.cli.spoken import line
from mhc.cli.terminal import pause
from mhc.cli.unmasking import unmask_options
from mhc.domain.text import encode
from mhc.errors import TryLaterError, UnavailableError

if TYPE_CHECKING:
    from mhc.store.events import StoredEvent

_SECONDS = 0.5  # between two looks


@click.command(
    cls=Command,
    examples=["mhc event tail", "mhc event tail --events tip -L 20", "mhc event tail -o ndjson"],
)
@click.option(
    "-L",
    "--limit",
    type=click.IntRange(1, 100_000),
    default=10,
    show_default=True,
    metavar="N",
    help="How many of the last events come first.",
)
@click.option("--events", "kinds", metavar="A,B,…", help="These kinds only: tip, chat, pm, enter, …")
@click.option(
    "--room", metavar="ROOM", shell_complete=complete.rooms, help="Events of this room only (default: all)."
)
@unmask_options(reveal="Name who tipped anonymously.", private="Show the text of private messages.")
@click.option(
    "-o",
    "--output",
    "style",
    type=click.Choice(["text", "ndjson", "json"]),
    default="text",
    show_default=True,
    help="An event a line; json is the same as ndjson.",
)
@common_options
@click.pass_context
def command(
    ctx: click.Context,
    limit: int,
    kinds: str | None,
    room: str | None,
    reveal: bool,
    private: bool,
    style: str,
) -> None:
    """Print the last stored events, the oldest first, then new ones within a second, until stopped.

    Reads the database only: it shows what a listener stores, on this machine or another.
    """
    from mhc.store.history import Filter
    from mhc.store.tailing import Tail

    zone, hidden = settings(ctx).timezone, settings(ctx).screen_safe
    with database(ctx) as db:
        with db.read() as conn:
            room_ids = None if room is None else rooms(ctx, conn, room).ids
            tail = Tail(Filter(room_ids=room_ids, methods=methods(kinds) or ()))
            found = tail.last(conn, limit)
        away = False
        look_for_garbage()
        while True:
            _print((one.masked(reveal=reveal, private=private) for one in found), style, zone, hidden=hidden)
            pause(_SECONDS)
            try:
                with db.read() as conn:
                    found = tail.fresh(conn)
                away = False
            except (UnavailableError, TryLaterError) as error:
                found = []
                if not away and not ctx.ensure_object(Shared).quiet:
                    click.echo(encode(f"warning: {error.message}; trying again"), err=True)
                away = True


def _print(found: "Iterable[StoredEvent]", style: str, zone: tzinfo, *, hidden: bool) -> None:
    if style == "text":
        sys.stdout.writelines(f"{line(one, zone, hidden=hidden)}\n" for one in found)
    else:
        sys.stdout.writelines(ndjson_parts(screened(FIELDS) if hidden else FIELDS, found))
