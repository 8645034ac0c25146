"""Bare `mhc`: how things stand, and five commands to go on with. Never fails, never creates anything."""

from collections.abc import Iterator
from socket import gethostname
from typing import TYPE_CHECKING

import click

from mhc.cli.context import settings, utc_now
from mhc.cli.output import screen
from mhc.domain.text import encode
from mhc.errors import MhcError, UsageError
from mhc.log import redact

if TYPE_CHECKING:
    from mhc.config import Settings

_ABOUT = "mhc is the control panel of your room: it remembers the people who come by, and what they do."
_NEW = (
    ("mhc init", "write the configuration and create the database"),
    ("mhc doctor", "what works, what is missing, what to do"),
    ("mhc listen", "capture what happens in the room, until stopped"),
    ("mhc person list", "the people you have met"),
    ("mhc sandbox demo", "try it out with a made-up room"),
)
_GOING = (
    ("mhc status", "listener, live session, gaps, sizes"),
    ("mhc event tail", "what happens, as it happens"),
    ("mhc person show NAME", "who is this?"),
    ("mhc session show", "your stream, now or last"),
    ("mhc report tippers", "who tipped, and how much"),
)
_WIDEST = 100


def show(ctx: click.Context) -> None:
    """Print the state of each room, where there is a database, and the commands."""
    lines: list[str] = []
    problem: MhcError | None = None
    view = screen()
    try:
        loaded = settings(ctx)
        if _has_database(loaded):
            lines = list(_state(loaded, view.dot))
    except UsageError:  # `mhc --db ""`
        raise
    except MhcError as error:
        problem = error
    for line in lines:
        click.echo(view.printable(encode(line)))
    if lines:
        click.echo()
    click.echo(_commands(view.columns, going=bool(lines)), nl=False)
    if problem is not None:
        hint = f" ({problem.hint})" if problem.hint else ""
        for part in f"{problem.message}{hint}".split("\n"):
            click.echo(encode(f"mhc: {redact(part.strip())}"), err=True)


def _commands(columns: int, *, going: bool) -> str:
    """Give five commands, as wide as the screen; who has nothing yet is told what this is, too."""
    text = click.HelpFormatter(width=min(columns, _WIDEST))
    if not going:
        text.write_text(_ABOUT)
    with text.section("Go on with" if going else "Begin with"):
        text.write_dl(_GOING if going else _NEW)
    text.write_paragraph()
    text.write_text("All commands: mhc --help")
    return text.getvalue()


def _has_database(loaded: "Settings") -> bool:
    return loaded.database_file is None or loaded.database_file.exists()


def _state(loaded: "Settings", dot: str) -> Iterator[str]:
    from contextlib import closing

    from mhc.cli.status import known_listeners, short_lines
    from mhc.jobs import planning
    from mhc.reports import status
    from mhc.store.database import Database

    now = utc_now()
    with closing(Database(loaded.database_url, busy_ms=500, connect_seconds=2)) as db:
        if db.is_empty():
            return
        with db.read() as conn:
            listeners, live = known_listeners(loaded, conn), status.live(conn, now, loaded.merge_gap)
            yield from short_lines(listeners, live, now, dot, hidden=loaded.screen_safe)
            troubles = planning.troubles(planning.plans(conn, loaded, gethostname(), now))
            yield from (f"{job}: {problem}" for job, problem in troubles)
            if troubles:
                yield "See: mhc job status"
