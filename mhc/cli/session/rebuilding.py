"""`mhc session rebuild`: sessions found again from the events."""

import click

from mhc.cli.context import database, settings
from mhc.cli.lookups import own_room, rooms, time_range
from mhc.cli.options import Command, common_options, output_options, write_options
from mhc.cli.output import Field, Writer
from mhc.cli.session.common import own_room_option
from mhc.domain.counted import counted
from mhc.errors import NotFoundError

CHANGES = (
    Field("change", "text", "new, changed, gone or same.", foreign=False),
    Field("id", "id", "The session's number; null for a new one that is not written."),
    Field("started_at", "time", "When it began, as it is now.", header="started", exact=True),
    Field(
        "ended_at", "time", "When it ended, as it is now; null while it is live.", header="ended", exact=True
    ),
    Field("was_started_at", "time", "When it began before.", header="was started", exact=True),
    Field("was_ended_at", "time", "When it ended before.", header="was ended", exact=True),
    Field("title", "text", "What you called it."),
)


@click.command("rebuild", cls=Command, examples=["mhc session rebuild --since 30d -n", "mhc session rebuild"])
@click.option(
    "--since", metavar="TIME", help="Only what lasted at that time, or came after it (default: all)."
)
@own_room_option
@write_options
@output_options(fields=CHANGES)
@common_options
@click.pass_context
def rebuild(
    ctx: click.Context,
    /,
    out: Writer,
    since: str | None,
    room: str | None,
    dry_run: bool,
    **_asked: bool,
) -> None:
    """Find the sessions of a room again from its events, and say what that changed.

    Those that changed come first. Titles, themes, tags, notes and sessions made by hand stay; a session goes on as the
    one that it overlaps. Where all is as the events say, nothing changes.
    """
    from mhc.store import rebuilding

    name = own_room(ctx, room)
    with database(ctx) as db:
        with db.read() as conn:
            begin = time_range(ctx, conn, since, None).start
            ids = rooms(ctx, conn, room).ids
        if not ids:
            raise NotFoundError(f"nothing is known of {name}", hint="mhc person list --role model")
        with db.write() as conn:
            found = rebuilding.rebuild_all(conn, ids, begin, settings(ctx).merge_gap, preview=dry_run)
    rows = [one._asdict() for one in found.sessions]
    if dry_run:
        rows = [one | {"id": None if one["change"] == "new" else one["id"]} for one in rows]
    verb = "would change" if dry_run else "changed"
    out.rows(CHANGES, out.ordered(CHANGES, rows), total=len(rows), nothing="there is no session in that time")
    numbers = (found.changed, "session"), (found.broadcasts, "broadcast"), (found.visits, "visit")
    out.message(f"{verb} {', '.join(counted(*one) for one in numbers)}")
