"""The options of `mhc person list` that say which people, and what they mean."""

from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar

import click

from mhc.cli import complete
from mhc.cli.context import settings, utc_now
from mhc.cli.lookups import instant, rooms, time_range, watchlist
from mhc.cli.options import Function
from mhc.cli.person.figures import ROLES
from mhc.domain.text import encode
from mhc.errors import UsageError
from mhc.patterns import Pattern

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy import Connection

    from mhc.domain.live import Live
    from mhc.store.roll import Roll

T = TypeVar("T")
SEGMENTS = ("tippers", "followers", "regulars", "lapsed", "new")
SEGMENT_HELP = """\
Segments, of the range of --since and --until. tippers: tipped in it.

followers: follow at its end.

regulars: came to at least 3 of the last 10 sessions that began in it.

lapsed: came to at least 3 of the last 10 sessions before it, and to none in it (without --since: the last 30 days).

new: were seen first in it (without --since: the last 30 days)."""
_RATING = Pattern(r"([1-5])(?:(\+)|-([1-5]))?")


def filter_options(function: Function[T]) -> Function[T]:
    """Accept what narrows a list of people; all of it must hold."""
    for option in reversed(
        (
            click.option("--list", "lists", metavar="LIST", multiple=True, shell_complete=complete.watchlists,
                         help="Those on this watchlist; of several: on all of them."),
            click.option("--role", type=click.Choice(ROLES), help="Those of this role."),
            click.option("--segment", "segments", type=click.Choice(SEGMENTS), multiple=True,
                         help="Those who belong to this part, see below; of several: to all."),
            click.option("--since", metavar="TIME", help="The segment's range: from then on."),
            click.option("--until", metavar="TIME", help="The segment's range: before then."),
            click.option("--live", is_flag=True, help="Those in the room now, and those who are live in their own."),
            click.option("--tag", "tags", metavar="TAG", multiple=True,
                         help="Those whose room had this tag when it was read last; of several: all of them."),
            click.option("--rating", metavar="N|N+|N-M|none", help="Those rated so: 4, 4+, 1-2, or not at all."),
            click.option("--min-tokens", type=click.IntRange(0), metavar="N", help="Those who gave N tokens or more."),
            click.option("--seen-since", metavar="TIME", help="Those seen since then."),
            click.option("--not-seen-since", metavar="TIME", help="Those not seen since then, or never."),
            click.option("--excluded/--no-excluded", default=None, help="Only those left out of figures, or only the rest."),
        )
    ):  # fmt: skip
        function = option(function)
    return function


def read(
    ctx: click.Context, conn: "Connection", room: str | None, *, reveal: bool, asked: dict[str, Any]
) -> "Roll":
    """Give the roll that the options ask for."""
    from mhc.store.roll import Roll
    from mhc.store.segments import MONTH, Segment

    if not asked["segments"] and (asked["since"] or asked["until"]):
        raise UsageError(
            "--since and --until are of a --segment", hint="who was seen since then: --seen-since"
        )
    span = time_range(ctx, conn, asked["since"], asked["until"])
    now = utc_now()
    at = partial(_instant, ctx, now)
    roll = Roll(
        rooms(ctx, conn, room).ids,
        role=asked["role"],
        list_ids=[watchlist(conn, name).id for name in asked["lists"]],
        segments=[Segment(name) for name in asked["segments"]],
        since=span.start,
        until=span.end,
        recent_since=span.start or (span.end or now) - MONTH,
        live=asked["live"],
        online=_online(ctx, conn, now) if asked["live"] else None,
        tags=asked["tags"],
        min_tokens=asked["min_tokens"],
        seen_since=at(asked["seen_since"]),
        not_seen_since=at(asked["not_seen_since"]),
        excluded=asked["excluded"],
        reveal=reveal,
    )
    return roll if asked["rating"] is None else _rated(roll, asked["rating"])


def _online(ctx: click.Context, conn: "Connection", now: "datetime") -> "Live | None":
    from mhc.store import room_readings

    return room_readings.live(conn, now, settings(ctx).live_for)


def _instant(ctx: click.Context, now: "datetime", text: str | None) -> "datetime | None":
    return None if text is None else instant(ctx, text, now=now)


def _rated(roll: "Roll", text: str) -> "Roll":
    from mhc.store.roll import Ratings

    if text.strip().lower() == "none":
        return replace(roll, unrated=True)
    found = _RATING.fullmatch(text.strip())
    if found is None or (found[3] is not None and found[3] < found[1]):
        raise UsageError(encode(f"--rating: {text!r} is no rating"), hint="give 4, 4+, 1-2 or none")
    high = "5" if found[2] else found[3] or found[1]
    return replace(roll, rating=Ratings(int(found[1]), int(high)))
