"""`mhc room history`: a room's sessions, days or readings, as one source saw them."""

from collections.abc import Iterable
from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING

import click

from mhc.cli import complete
from mhc.cli.context import database, settings, utc_now
from mhc.cli.lookups import person as find_person
from mhc.cli.lookups import time_range
from mhc.cli.options import Command, common_options, output_options, time_options
from mhc.cli.output import Field, Writer
from mhc.cli.room.looking import FEED, SHOWS
from mhc.cli.sparkline import sparkline
from mhc.cli.table import duration
from mhc.domain.counted import counted, signed

if TYPE_CHECKING:
    from mhc.reports.room_history import Cut, History

SOURCES = (FEED, "cbhours")
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
    Field("source", "text", "Who says all that.", table=False, foreign=False),
    Field("rank", "int", "Its last rank among all rooms; small is good. Of CBHours.", table=False),
    Field("best_rank", "int", "The best one.", table=False),
    Field("gender_rank", "int", "Its last rank among the rooms of its gender.", table=False),
    Field("best_gender_rank", "int", "The best one.", table=False),
)  # fmt: skip


@click.command(
    cls=Command,
    examples=[
        "mhc room history example_room",
        "mhc room history example_room --since 30d -o json",
        "mhc room history example_room --source cbhours --by day --fields started_at,rank,gender_rank,public",
    ],
)
@click.argument("name", metavar="ROOM", help="Any name of its owner.", shell_complete=complete.people)
@click.option(
    "--source",
    type=click.Choice(SOURCES),
    default=FEED,
    show_default=True,
    help="Whose readings: those of the feed of rooms, or of CBHours.",
)
@click.option(
    "--by",
    type=click.Choice(["session", "day", "reading"]),
    default="session",
    show_default=True,
    help="What a row is.",
)
@time_options
@output_options(fields=HISTORY)
@common_options
@click.pass_context
def command(
    ctx: click.Context, /, out: Writer, name: str, source: str, by: str, since: str | None, until: str | None
) -> None:
    """List a room's sessions, the last first, as polls saw them.

    Of the last 7 days, unless --since says otherwise. When a session began is what readings say of it; readings that
    say the same, give or take 10 minutes, are of one session. Between two polls nobody sees anything. What CBHours saw
    in the past stands for 3 minutes a reading; a session of it ends where there is none for half an hour.
    """
    from mhc.domain import room_sessions
    from mhc.domain.rooms import Source
    from mhc.reports import room_history
    from mhc.store import people, room_readings

    now, zone = utc_now(), settings(ctx).timezone
    cuts: dict[str, Cut] = {
        "session": room_sessions.sessions,
        "day": partial(room_sessions.days, zone=zone),
        "reading": room_sessions.singly,
    }
    with database(ctx) as db, db.read() as conn:
        who = find_person(conn, name)
        asked = time_range(ctx, conn, "7d" if since is None else since, until)
        live = room_readings.live(conn, now, settings(ctx).live_for)
        span = room_history.Span(asked.start, asked.end)
        ids = people.members(conn, who.id)
        found = room_history.read(conn, ids, span, live, Source[source.upper()], cuts[by])
    seen_by = "no poll" if source == FEED else "no reading of CBHours"
    nothing = f"{seen_by} saw {who.username} online in this time"
    out.rows(HISTORY, out.ordered(HISTORY, found.sessions), total=len(found.sessions), nothing=nothing)
    _say_sums(out, found)


def _say_sums(out: Writer, found: "History") -> None:
    if not found.readings:
        return
    parts = [counted(found.readings, "reading"), *_spent(found.by_show.items())]
    if found.new_followers is not None:
        parts.append(f"{signed(found.new_followers)} followers")
    out.message(", ".join(parts))
    if found.ranks:
        first, last, best = found.ranks[0], found.ranks[-1], min(found.ranks)
        line = sparkline([-one for one in found.ranks], out.screen)  # who climbs, rises
        out.message(f"rank {first:,} to {last:,}, best {best:,}: {line}")


def _spent(by_show: "Iterable[tuple[str, timedelta]]") -> list[str]:
    return [f"{duration(span)} {show}" for show, span in by_show]
