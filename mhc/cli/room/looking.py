"""`mhc room online|show|history`: what polls of the feed saw."""

from dataclasses import asdict
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

import click

from mhc.cli import complete
from mhc.cli.context import database, settings, utc_now
from mhc.cli.lookups import person as find_person
from mhc.cli.lookups import time_range
from mhc.cli.options import Command, common_options, output_options, record_options, time_options
from mhc.cli.output import Field, Writer
from mhc.domain.clock import iso_z

if TYPE_CHECKING:
    from collections.abc import Iterable

    from sqlalchemy import Connection

    from mhc.domain.live import Live
    from mhc.reports.room_history import History, RoomNow

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
HISTORY = (
    Field("started_at", "time", "When it began, give or take some minutes.", header="began"),
    Field("last_seen_at", "time", "The last reading of it, which need not be its end.", header="last seen"),
    Field("live", "bool", "Whether it goes on.", table=False),
    Field("duration", "duration", "From one to the other."),
    Field("readings", "int", "How often it was read.", table=False),
    Field("peak_viewers", "int", "The most viewers of a reading.", header="peak"),
    Field("followers", "int", "Followers at the last reading."),
    Field("new_followers", "int", "Followers more than at its first reading.", header="new"),
    *(Field(show, "duration", f"Time in {show} shows, between readings half an hour apart at most.") for show in SHOWS),
    Field("subject", "text", "What the room said last.", table=False),
)  # fmt: skip


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
    if one.followers is None or one.username not in before:
        return None
    return one.followers - before[one.username]


def _say_age(out: Writer, conn: "Connection", now: datetime, live: "Live | None") -> None:
    """Say when the feed was read last, and whether that is too long ago."""
    from mhc.store import room_readings

    last = room_readings.last_poll(conn)
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
        f"read at {iso_z(last.at)}, {_ago(now, last.at)}: {last.rooms:,} rooms, {last.kept:,} kept{part}"
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
        live = room_readings.live(conn, now, settings(ctx).live_for)
        spent = dict.fromkeys(SHOWS) if one is None else room_history.last_session(conn, ids, one)
    known = room_history.unseen(who.username) if one is None else room_history.now_of(one, live)
    out.record(ROOM, asdict(known) | spent | {"username": who.username})
    if one is None:
        out.message(f"no poll kept a reading of {who.username}: mhc room poll")
        return
    out.message(f"read at {iso_z(one.observed_at)}, {_ago(now, one.observed_at)}")
    if live is not None and known.online and live.missed(one.observed_at, one.scope):
        out.message("the last poll did not show it: it is probably offline")


@click.command(
    cls=Command,
    examples=["mhc room history example_room", "mhc room history example_room --since 30d -o json"],
)
@click.argument("name", metavar="ROOM", help="Any name of its owner.", shell_complete=complete.people)
@time_options
@output_options(fields=HISTORY)
@common_options
@click.pass_context
def history(ctx: click.Context, out: Writer, name: str, since: str | None, until: str | None) -> None:
    """List a room's sessions, the last first, as polls saw them.

    Of the last 7 days, unless --since says otherwise. When a session began is what readings say of it; readings that
    say the same, give or take 10 minutes, are of one session. Between two polls nobody sees anything.
    """
    from mhc.reports import room_history
    from mhc.store import people, room_readings

    now = utc_now()
    with database(ctx) as db, db.read() as conn:
        who = find_person(conn, name)
        asked = time_range(ctx, conn, "7d" if since is None else since, until)
        live = room_readings.live(conn, now, settings(ctx).live_for)
        span = room_history.Span(asked.start, asked.end)
        found = room_history.read(conn, people.members(conn, who.id), span, live)
    nothing = f"no poll saw {who.username} online in this time"
    out.rows(HISTORY, out.ordered(HISTORY, found.sessions), total=len(found.sessions), nothing=nothing)
    _say_sums(out, found)


def _say_sums(out: Writer, found: "History") -> None:
    if not found.readings:
        return
    parts = [f"{found.readings:,} readings", *_spent(found.by_show.items())]
    if found.new_followers is not None:
        parts.append(f"{found.new_followers:+,} followers")
    out.message(", ".join(parts))


def _spent(by_show: "Iterable[tuple[str, timedelta]]") -> list[str]:
    return [f"{span} {show}" for show, span in by_show]
