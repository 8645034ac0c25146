"""`mhc session`: your streams."""

from dataclasses import replace
from typing import TYPE_CHECKING

import click

from mhc.cli import complete, completeness
from mhc.cli.context import database, settings, utc_now
from mhc.cli.help import Group
from mhc.cli.lookups import own_room, past_instant, rooms, time_range
from mhc.cli.options import (
    Command,
    common_options,
    output_options,
    range_options,
    record_options,
    write_options,
)
from mhc.cli.output import Field, Writer
from mhc.cli.telling import say
from mhc.domain.clock import iso_z
from mhc.domain.text import clean
from mhc.errors import Exit, NotFoundError, TryLaterError, UsageError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy import Connection

    from mhc.reports.completeness import Hole
    from mhc.reports.sessions import Report
    from mhc.store.sessions import Session

SESSIONS = (
    Field("id", "id", "Its number."),
    Field("room", "username", "The room.", table=False),
    Field("origin", "text", "manual, events or observed.", table=False, foreign=False),
    Field("state", "text", "live, ended (a new start would reopen it) or closed.", foreign=False),
    Field("started_at", "time", "When it began.", header="started"),
    Field("ended_at", "time", "When it ended; null while it is live.", table=False),
    Field("duration", "duration", "How long it lasted, or lasts by now.", header="length", json=False),
    Field("title", "text", "What you called it."),
    Field("tokens", "int", "Tokens: tips and media, anonymous ones too.", secrecy="amount"),
    Field("tips", "int", "Tips.", table=False, secrecy="amount"),
    Field("tippers", "int", "How many people tipped.", secrecy="open"),
    Field("messages", "int", "Public lines.", table=False, secrecy="open"),
    Field(
        "unique_visitors",
        "int",
        "How many people were there; null where that is not kept any more.",
        header="people",
    ),
    Field("new_followers", "int", "How many people followed.", table=False),
    Field(
        "coverage",
        "share",
        "Share of it that was captured, 0 to 1; null where nothing ever was.",
        header="cover",
        secrecy="open",
    ),
)
WHOLE = tuple(replace(field, table=True) for field in SESSIONS)
_NONE = "no such sessions: mhc listen finds them, mhc session start begins one by hand"
_EMPTY = dict.fromkeys(field.name for field in SESSIONS)
_room = click.option(
    "--room", metavar="ROOM", shell_complete=complete.rooms, help="The room (default: the own one)."
)
_any_room = click.option(
    "--room", metavar="ROOM", shell_complete=complete.rooms, help="The room (default: the own one, else any)."
)
_at = click.option("--at", metavar="TIME", help="When (default: now).")
_excluded = click.option("--include-excluded", is_flag=True, help="Count excluded people, too.")


@click.group(cls=Group)
def group() -> None:
    """Your streams: start, stop, look back. Most are known from the room's events by themselves."""


@group.command(
    "start", cls=Command, examples=["mhc session start", 'mhc session start --at 19:30 --title "Blue night"']
)
@_at
@click.option("--title", metavar="TEXT", help="What you call it.")
@_room
@write_options
@common_options
@click.pass_context
def start(
    ctx: click.Context,
    /,
    at: str | None,
    title: str | None,
    room: str | None,
    dry_run: bool,
    **_asked: bool,
) -> None:
    """Start a session by hand. While one is live this changes nothing and ends with 75."""
    from mhc.domain.sessions import Span
    from mhc.store import derived, people, sessions

    begins, name = past_instant(ctx, at), own_room(ctx, room)
    words = clean(title).strip() if title else None
    with database(ctx) as db, db.read() if dry_run else db.write() as conn:
        room_id = people.ids_of(conn, [name]).get(name) if dry_run else _made_room(conn, name)
        if room_id is not None:
            _refuse_live(conn, room_id)
            sessions.refuse_overlap(conn, room_id, Span(begins))
        if dry_run or room_id is None:
            say(ctx, f"would start a session of {name} at {iso_z(begins)}")
            return
        made = sessions.start(conn, room_id, begins, words or None)
        derived.restitch(conn, room_id, begins, settings(ctx).merge_gap)
    say(ctx, f"session {made} of {name} started at {iso_z(begins)}")


def _made_room(conn: "Connection", name: str) -> int:
    from mhc.store import people, sessions

    room_id = people.ensure(conn, [name], source="session", at=utc_now())[name]
    people.add_evidence(conn, [room_id], people.Role.MODEL)
    sessions.lock(conn, room_id)
    return room_id


def _refuse_live(conn: "Connection", room_id: int) -> None:
    from mhc.store import sessions

    live = sessions.live(conn, room_id)
    if live is not None:
        said = f"session {live.id} of {live.room} is live since {iso_z(live.started_at)}"
        raise TryLaterError(said, hint="mhc session stop")


@group.command("stop", cls=Command, examples=["mhc session stop", 'mhc session stop --at "5m ago"'])
@_at
@_room
@write_options
@common_options
@click.pass_context
def stop(ctx: click.Context, /, at: str | None, room: str | None, dry_run: bool, **_asked: bool) -> None:
    """End the live session by hand; without one this ends with 3."""
    from mhc.store import derived, people, sessions

    ends, name = past_instant(ctx, at), own_room(ctx, room)
    with database(ctx) as db, db.read() if dry_run else db.write() as conn:
        room_id = people.ids_of(conn, [name]).get(name)
        if room_id is not None and not dry_run:
            sessions.lock(conn, room_id)
        live = None if room_id is None else sessions.live(conn, room_id)
        if live is None:
            raise NotFoundError(f"no session of {name} is live", hint="mhc session list")
        if ends < live.started_at:
            raise UsageError(f"session {live.id} began at {iso_z(live.started_at)}, after {iso_z(ends)}")
        if not dry_run:
            sessions.stop(conn, live, ends)
            derived.restitch(conn, live.room_id, live.started_at, settings(ctx).merge_gap, ends)
    say(
        ctx,
        f"{'would end ' if dry_run else ''}session {live.id} of {name}{'' if dry_run else ' ended'} at {iso_z(ends)}",
    )


@group.command("status", cls=Command, examples=["mhc session status", "mhc session status --check -q"])
@click.option("--check", is_flag=True, help="End with 4 when no session is live.")
@_excluded
@completeness.require_complete
@_room
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
    from mhc.store import sessions

    name = own_room(ctx, room)
    with database(ctx) as db, db.read() as conn:
        found = sessions.list_all(conn, room=name, live=True)
        report = _figures(ctx, conn, found, include_excluded=include_excluded)
        hole = _hole(conn, found) if require_complete else None
    if report.rows:
        _say_excluded(ctx, report)
        out.record(WHOLE, report.rows[0])
        completeness.refuse(hole)
        return Exit.OK
    idle = tuple(replace(field, table=field.name in {"room", "state"}) for field in SESSIONS)
    out.record(idle, _EMPTY | {"room": name, "state": "idle"})
    return Exit.CHECK if check else Exit.OK


@group.command("list", cls=Command, examples=["mhc session list", "mhc session list --since 30d -o csv"])
@_excluded
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
    from mhc.store import sessions

    with database(ctx) as db, db.read() as conn:
        asked = time_range(ctx, conn, since, until)
        name = rooms(ctx, conn, room).name
        found = sessions.list_all(conn, room=name, since=asked.start, until=asked.end)
        shown = found if out.sort else found[: out.limit]
        report = _figures(ctx, conn, shown, include_excluded=include_excluded)
        hole = _hole(conn, shown) if require_complete else None
    _say_excluded(ctx, report)
    out.rows(SESSIONS, out.ordered(SESSIONS, report.rows), total=len(found), nothing=_NONE)
    completeness.refuse(hole)


@group.command("show", cls=Command, examples=["mhc session show", "mhc session show 1 --json"])
@click.argument(
    "session_id", metavar="[ID]", required=False, type=int, help="Its number (default: the latest)."
)
@_excluded
@completeness.require_complete
@_any_room
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
    """Show one session and its figures."""
    from mhc.store import sessions

    with database(ctx) as db, db.read() as conn:
        if session_id is None:
            found = sessions.list_all(conn, room=rooms(ctx, conn, room).name)[:1]
        else:
            one = sessions.by_id(conn, session_id)
            found = [] if one is None else [one]
        report = _figures(ctx, conn, found, include_excluded=include_excluded)
        hole = _hole(conn, found) if require_complete else None
    if not report.rows:
        said = "there is no session yet" if session_id is None else f"no session {session_id}"
        raise NotFoundError(said, hint="mhc session start" if session_id is None else "mhc session list")
    _say_excluded(ctx, report)
    out.record(WHOLE, report.rows[0])
    completeness.refuse(hole)


def _hole(conn: "Connection", found: "Sequence[Session]") -> "Hole | None":
    """Give what may be missing of the first of these sessions that was not captured whole."""
    from mhc.reports import completeness as whole

    now = utc_now()
    return whole.first_hole(
        conn, (whole.Asked([one.room_id], one.started_at, one.ended_at, now) for one in found)
    )


def _figures(
    ctx: click.Context, conn: "Connection", found: "Sequence[Session]", *, include_excluded: bool
) -> "Report":
    from mhc.reports import sessions

    gap = settings(ctx).merge_gap
    return sessions.read(conn, found, sessions.Asked(utc_now(), gap, include_excluded=include_excluded))


def _say_excluded(ctx: click.Context, report: "Report") -> None:
    if report.excluded:
        say(ctx, f"{report.excluded} excluded")
