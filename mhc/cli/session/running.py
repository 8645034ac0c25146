"""`mhc session start|stop`: the session that is on, by hand."""

from functools import partial
from typing import TYPE_CHECKING

import click

from mhc.cli.context import database, settings, utc_now
from mhc.cli.lookups import own_room, past_instant, rooms, told_at
from mhc.cli.options import Command, common_options, write_options
from mhc.cli.session.common import own_room_option
from mhc.cli.telling import say
from mhc.domain.text import clean
from mhc.errors import NotFoundError, TryLaterError, UsageError

if TYPE_CHECKING:
    from sqlalchemy import Connection

_ON_AIR = "the room is still on air: what comes now is in no session; mhc session start goes on"
_at = click.option("--at", metavar="TIME", help="When (default: now).")


@click.command(
    "start", cls=Command, examples=["mhc session start", 'mhc session start --at 19:30 --title "Blue night"']
)
@_at
@click.option("--title", metavar="TEXT", help="What you call it.")
@own_room_option
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
        room_id = people.ids_of(conn, [name]).get(name) if dry_run else made_room(conn, name)
        if room_id is not None:
            _refuse_live(ctx, conn, room_id)
            sessions.refuse_overlap(conn, room_id, Span(begins), told=partial(told_at, ctx))
        if dry_run or room_id is None:
            say(ctx, f"would start a session of {name} at {told_at(ctx, begins)}")
            return
        made = sessions.start(conn, room_id, begins, words or None)
        derived.restitch(conn, room_id, begins, settings(ctx).merge_gap)
    say(ctx, f"session {made} of {name} started at {told_at(ctx, begins)}")


def made_room(conn: "Connection", name: str) -> int:
    """Give the number of a room, which becomes known as one, and keep others from changing its sessions."""
    from mhc.store import people, sessions

    room_id = people.ensure(conn, [name], source="session", at=utc_now())[name]
    people.add_evidence(conn, [room_id], people.Role.MODEL)
    sessions.lock(conn, room_id)
    return room_id


def _refuse_live(ctx: click.Context, conn: "Connection", room_id: int) -> None:
    from mhc.store import people, sessions

    rows = people.members(conn, people.root_of(conn, room_id))
    for live in sessions.list_all(conn, room_ids=rows, live=True, limit=1):
        said = f"session {live.id} of {live.room} is live since {told_at(ctx, live.started_at)}"
        raise TryLaterError(said, hint="mhc session stop")


@click.command("stop", cls=Command, examples=["mhc session stop", 'mhc session stop --at "5m ago"'])
@_at
@own_room_option
@write_options
@common_options
@click.pass_context
def stop(ctx: click.Context, /, at: str | None, room: str | None, dry_run: bool, **_asked: bool) -> None:
    """End the live session by hand; without one this ends with 3."""
    from mhc.store import derived, sessions

    ends, _must_be_known = past_instant(ctx, at), own_room(ctx, room)
    with database(ctx) as db, db.read() if dry_run else db.write() as conn:
        where = rooms(ctx, conn, room)
        if not dry_run:
            for room_id in sorted(where.ids or ()):
                sessions.lock(conn, room_id)
        live = next(iter(sessions.list_all(conn, room_ids=where.ids, live=True, limit=1)), None)
        if live is None:
            raise NotFoundError(f"no session of {where.name} is live", hint="mhc session list")
        if ends < live.started_at:
            raise UsageError(
                f"session {live.id} began at {told_at(ctx, live.started_at)}, after {told_at(ctx, ends)}"
            )
        if not dry_run:
            sessions.stop(conn, live, ends)
            derived.restitch(conn, live.room_id, live.started_at, settings(ctx).merge_gap, ends)
        aired = (one for row in where.ids or () for _id, one in sessions.broadcasts(conn, row, ends))
        on_air = any(one.ended_at is None for one in aired)
    say(
        ctx,
        f"{'would end ' if dry_run else ''}session {live.id} of {live.room}{'' if dry_run else ' ended'} at {told_at(ctx, ends)}",
    )
    if on_air:
        say(ctx, _ON_AIR)
