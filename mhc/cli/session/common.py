"""What the commands of sessions share: how a session and its figures are found."""

from typing import TYPE_CHECKING

import click

from mhc.cli import complete
from mhc.cli.context import settings, utc_now
from mhc.cli.lookups import rooms, told_at
from mhc.cli.telling import say
from mhc.errors import NotFoundError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from sqlalchemy import Connection

    from mhc.domain.sessions import Span
    from mhc.reports.completeness import Hole
    from mhc.reports.one_session import Figures
    from mhc.reports.sessions import Asked
    from mhc.store.sessions import Session

LARGEST_ID = 2**31 - 1
TIME_OF_DAY = "Of 22:00 the one within the session is meant."
own_room_option = click.option(
    "--room", metavar="ROOM", shell_complete=complete.rooms, help="The room (default: the own one)."
)
any_room_option = click.option(
    "--room", metavar="ROOM", shell_complete=complete.rooms, help="The room (default: the own one, else any)."
)
id_argument = click.argument("session_id", metavar="ID", type=int, help="The session's number.")
latest_argument = click.argument(
    "session_id", metavar="[ID]", required=False, type=int, help="Its number (default: the latest)."
)
excluded_option = click.option("--include-excluded", is_flag=True, help="Count excluded people, too.")


def find(conn: "Connection", session_id: int) -> "Session":
    """Give the session of a number. Raises NotFoundError."""
    from mhc.store import sessions

    found = sessions.by_id(conn, session_id) if 0 < session_id <= LARGEST_ID else None
    if found is None:
        raise NotFoundError(f"no session {session_id}", hint="mhc session list")
    return found


def lasts(ctx: click.Context, span: "Span") -> str:
    """Write when a session begins and ends, for a message."""
    return f"{told_at(ctx, span.started_at)} to {'now' if span.ended_at is None else told_at(ctx, span.ended_at)}"


def middle(one: "Session") -> "datetime":
    """Give the instant to which a time of day is nearest that lies within a session."""
    return one.started_at + ((one.ended_at or utc_now()) - one.started_at) / 2


def find_or_latest(
    ctx: click.Context, conn: "Connection", session_id: int | None, room: str | None
) -> "Session":
    """Give the session of a number, or the latest of a room (None: the own one, else any)."""
    from mhc.store import sessions

    if session_id is not None:
        return find(conn, session_id)
    known = sessions.list_all(conn, room_ids=rooms(ctx, conn, room).ids, limit=1)
    if not known:
        raise NotFoundError(
            "there is no session yet", hint="mhc listen finds them, mhc session start begins one by hand"
        )
    return known[0]


def hole(conn: "Connection", found: "Sequence[Session]") -> "Hole | None":
    """Give what may be missing of the first of these sessions that was not captured whole."""
    from mhc.reports import completeness as whole

    now = utc_now()
    return whole.first_hole(
        conn, (whole.Asked([one.room_id], one.started_at, one.ended_at, now) for one in found)
    )


def asked(ctx: click.Context, *, include_excluded: bool) -> "Asked":
    """Give by which clock and merge gap the figures of sessions go."""
    from mhc.reports.sessions import Asked

    return Asked(utc_now(), settings(ctx).merge_gap, include_excluded=include_excluded)


def top(figures: "Figures", *, grouped: bool) -> list[str]:
    """Give who paid most as lines; figures are grouped for people."""
    figure = ",d" if grouped else "d"
    return [f"{one.username or '(anonymous)'}  {one.tokens:{figure}}" for one in figures.top_tippers]


def say_excluded(ctx: click.Context, number: int) -> None:
    """Say how many people figures leave out, where they do."""
    if number:
        say(ctx, f"{number} excluded")
