"""`mhc room online|show`: what the last polls saw."""

from dataclasses import asdict
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

import click

from mhc.cli import complete
from mhc.cli.context import database, settings, utc_now
from mhc.cli.lookups import person as find_person
from mhc.cli.lookups import time_range
from mhc.cli.options import Command, common_options, output_options, record_options
from mhc.cli.output import Field, Writer
from mhc.domain.clock import iso_z
from mhc.domain.counted import counted

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from mhc.domain.live import Live
    from mhc.reports.room_history import RoomNow

FEED = "affiliate"
SHOWS = ("public", "private", "group", "away", "hidden")
_SAID = (
    Field("show", "text", "public, private, group, away or hidden.", foreign=False),
    Field("viewers", "int", "Viewers."),
    Field("followers", "int", "Followers."),
    Field(
        "started_at",
        "time",
        "When the broadcast began, give or take some minutes.",
        header="since",
        table=False,
    ),
    Field("online_for", "duration", "How long it had gone on then.", header="online"),
    Field("subject", "text", "What the room says."),
    Field("tags", "list", "Its tags.", table=False),
    Field("gender", "text", "female, male, trans or couple.", table=False, foreign=False),
    Field("new", "bool", "Whether it has the badge of new rooms.", table=False),
    Field("hd", "bool", "Whether it broadcasts in HD.", table=False),
    Field("observed_at", "time", "When that was read.", header="read at"),
    Field(
        "source", "text", "Who says all that: affiliate (the feed) or cbhours.", table=False, foreign=False
    ),
    Field("rank", "int", "Its rank among all rooms, as CBHours has it; small is good.", table=False),
    Field("gender_rank", "int", "Its rank among those of its gender.", table=False),
)
_NAME = Field("username", "username", "The room.")
ONLINE = (
    _NAME,
    *_SAID,
    Field("gained", "int", "Followers more than in the first poll after --since; null for who was not in it.", table=False),
)  # fmt: skip
ROOM = (
    _NAME,
    Field("online", "bool", "Whether it is live; null where no poll is young enough to say."),
    *_SAID,
    *(
        Field(show, "duration", f"Time in {show} shows in its last session, of a day at most.")
        for show in SHOWS
    ),
)


@click.command(
    cls=Command,
    examples=[
        "mhc room online",
        "mhc room online --tag music --show public -o name",
        "mhc room online --since 7d --sort gained:desc -L 10",
    ],
)
@click.option(
    "--tag", "tags", metavar="TAG", multiple=True, help="Those with this tag; of several: with all."
)
@click.option(
    "--show",
    "shows",
    type=click.Choice(SHOWS),
    multiple=True,
    help="Those in this kind of show; of several: in any.",
)
@click.option("--min-viewers", type=click.IntRange(0), metavar="N", help="Those with N viewers or more.")
@click.option("--since", metavar="TIME", help="Say how many followers each gained since then.")
@output_options(fields=ONLINE)
@common_options
@click.pass_context
def online(
    ctx: click.Context,
    /,
    out: Writer,
    tags: tuple[str, ...],
    shows: tuple[str, ...],
    min_viewers: int | None,
    since: str | None,
) -> None:
    """List the rooms that are online, by the last poll.

    Those with the most viewers first. Only rooms that polls keep are known. live_for in [feed] says for how long a
    reading holds.
    """
    from mhc.domain.rooms import Show
    from mhc.reports import room_history
    from mhc.store import room_readings

    now, wanted = utc_now(), {tag.strip().lstrip("#").lower() for tag in tags}
    kinds, limit = [Show[one.upper()] for one in shows], None if wanted or out.sort else out.limit
    with database(ctx) as db, db.read() as conn:
        live = room_readings.live(conn, now, settings(ctx).live_for)
        found, total = (
            room_readings.online(conn, live, shows=kinds, min_viewers=min_viewers, limit=limit)
            if live is not None
            else ([], 0)
        )
        before = {} if since is None else _before(ctx, conn, since)
        _say_age(out, conn, now, live)
    rooms = [room_history.now_of(one, live) for one in found if wanted <= set(one.tags or ())]
    rows = [asdict(one) | {"gained": _gained(one, before)} for one in rooms]
    number = len(rows) if wanted else total
    out.rows(ONLINE, out.ordered(ONLINE, rows), total=number, nothing="none that polls keep is online")


def _before(ctx: click.Context, conn: "Connection", since: str) -> dict[str, int]:
    from mhc.store import room_growth

    start = time_range(ctx, conn, since, None).start
    return {} if start is None else room_growth.followers_after(conn, start)


def _gained(one: "RoomNow", before: dict[str, int]) -> int | None:
    if one.followers is None or one.username not in before or one.source != FEED:
        return None
    return one.followers - before[one.username]


def _say_age(out: Writer, conn: "Connection", now: datetime, live: "Live | None") -> None:
    """Say when the feed was read last, and whether that is too long ago."""
    from mhc.store import room_readings

    last = room_readings.last_poll(conn)
    if live is not None and (last is None or all(one.at != last.at for one in live.looks)):
        out.message("by CBHours, which says nothing of rooms that it was not asked about")
        return
    if last is None:
        out.warn("the feed of rooms was never read: mhc room poll")
        return
    if live is None:
        out.warn(
            f"the feed was read last at {iso_z(last.at)}, {_ago(now, last.at)}: who is online is not known"
        )
        return
    part = "" if last.complete else "; a part of it was missing"
    out.message(
        f"read at {iso_z(last.at)}, {_ago(now, last.at)}: {counted(last.rooms, 'room')}, {last.kept:,} kept{part}"
    )


def _ago(now: datetime, at: datetime) -> str:
    return f"{timedelta(seconds=max(0, int((now - at).total_seconds())))} ago"


@click.command(cls=Command, examples=["mhc room show example_room", "mhc room show example_room -o json"])
@click.argument("name", metavar="ROOM", help="Any name of its owner.", shell_complete=complete.people)
@record_options(fields=ROOM)
@common_options
@click.pass_context
def show(ctx: click.Context, out: Writer, name: str) -> None:
    """Show a room as the feed had it last."""
    from mhc.reports import room_history
    from mhc.store import people, room_readings

    now = utc_now()
    with database(ctx) as db, db.read() as conn:
        who = find_person(conn, name)
        ids = people.members(conn, who.id)
        one = room_readings.latest(conn, ids)
        live_for = settings(ctx).live_for
        live = room_readings.live(conn, now, live_for)
        spent = dict.fromkeys(SHOWS) if one is None else room_history.last_session(conn, ids, one)
        known = room_history.now(conn, ids, one, live, now - live_for)
    out.record(ROOM, asdict(known) | spent | {"username": who.username})
    if one is None:
        out.message(f"no poll kept a reading of {who.username}: mhc room poll")
        return
    out.message(f"read at {iso_z(one.observed_at)}, {_ago(now, one.observed_at)}")
    if live is not None and known.online and live.missed(one.observed_at, one.scope):
        out.message("the last poll did not show it: it is probably offline")
