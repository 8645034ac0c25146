"""What a person typed, as the thing in the database that it names; what is not there ends with 3 and near matches."""

import sys
from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING, NamedTuple

import click

from mhc.cli.context import settings, utc_now
from mhc.domain.clock import iso_z
from mhc.domain.events import ALIASES, METHODS, method_named
from mhc.domain.names import UsernameError, near_matches, parse_username
from mhc.domain.times import parse_instant, parse_range
from mhc.errors import NotFoundError, UsageError

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from mhc.domain.times import Range
    from mhc.store.people import Person
    from mhc.store.sessions import Session
    from mhc.store.watchlists import Watchlist


def username(text: str) -> str:
    """Give the username in what was typed."""
    try:
        return parse_username(text)
    except UsernameError as error:
        raise UsageError(str(error)) from None


def names(given: Sequence[str]) -> list[str]:
    """Give the names that were typed; `-` stands for those that stdin has, apart by blanks or lines, each once."""
    found = [name for one in given for name in (sys.stdin.read().split() if one == "-" else [one])]
    return list(dict.fromkeys(found))


def person(conn: "Connection", text: str, *, addable: bool = False) -> "Person":
    """Give the person who goes, or went, by a name; `addable` says that who is not there may be added first."""
    from mhc.store import people

    name = username(text)
    found = people.find(conn, name)
    if not found:
        near = near_matches(name, people.usernames(conn))
        otherwise = f"mhc person add {name}" if addable else "mhc person list"
        raise NotFoundError.named("person", name, near, otherwise=otherwise)
    if len(found) > 1:
        now = ", ".join(f"{one.username}" for one in found)
        raise NotFoundError(f"{name} was the name of {len(found)} people", hint=f"they are now: {now}")
    return found[0]


def watchlist(conn: "Connection", text: str) -> "Watchlist":
    """Give the list of a name."""
    from mhc.store import watchlists

    found = watchlists.find(conn, text.strip())
    if found is None:
        known = {one.name.lower(): one.name for one in watchlists.names(conn)}
        near = [known[name] for name in near_matches(text.strip().lower(), known)]
        raise NotFoundError.named("watchlist", text, near or list(known.values()))
    return found


def own_room(ctx: click.Context, text: str | None) -> str:
    """Give the room that was named, or the own one."""
    if text is not None:
        return username(text)
    room = settings(ctx).room
    if room is None:
        raise UsageError("which room?", hint="give --room, or set CHATURBATE_USERNAME")
    return room


class Rooms(NamedTuple):
    """The room that figures are of: its name, and the ids of its rows. None, None is every room."""

    name: str | None = None
    ids: tuple[int, ...] | None = None


def rooms(ctx: click.Context, conn: "Connection", text: str | None) -> Rooms:
    """Give the room that was named, else the own one, else all. An own room that nobody saw yet has no rows."""
    from mhc.store import people

    if text is not None:
        root = person(conn, text)
        return Rooms(root.username, tuple(people.members(conn, root.id)))
    name = settings(ctx).room
    if name is None:
        return Rooms()
    return Rooms(name, tuple(i for one in people.find(conn, name)[:1] for i in people.members(conn, one.id)))


def methods(kinds: str | None) -> tuple[str, ...] | None:
    """Give the methods in `--events`."""
    if kinds is None:
        return None
    words = [word.strip() for word in kinds.split(",") if word.strip()]
    known = [*ALIASES, *METHODS.values()]
    found = {word: method_named(word) for word in words}
    unknown = [word for word, method in found.items() if method is None]
    if unknown or not words:
        near = [m for word in unknown for m in near_matches(word, known)]
        hint = f"did you mean: {', '.join(near)}?" if near else f"words: {', '.join(known)}"
        raise UsageError(f"--events: no event is called {unknown[0] if unknown else kinds!r}", hint=hint)
    return tuple(method for method in found.values() if method is not None)


def past_instant(ctx: click.Context, text: str | None) -> datetime:
    """Give the time that was typed, or now; what lies in the future is refused."""
    now = utc_now()
    at = now if text is None else instant(ctx, text, now=now)
    if at > now:
        raise UsageError(f"{iso_z(at)} is in the future")
    return at


def instant(ctx: click.Context, text: str, *, now: datetime) -> datetime:
    """Give the time that was typed, at this moment."""
    try:
        return parse_instant(text, now=now, tz=settings(ctx).timezone)
    except ValueError as error:
        raise UsageError(str(error)) from None


def time_range(ctx: click.Context, conn: "Connection", since: str | None, until: str | None) -> "Range":
    """Give the range that was typed; `session` and `last-session` stand for the start of one."""

    def anchor(word: str) -> datetime | None:
        return _session_start(ctx, conn, word)

    try:
        return parse_range(since, until, now=utc_now(), tz=settings(ctx).timezone, anchors=anchor)
    except ValueError as error:
        raise UsageError(str(error)) from None


def _session_start(ctx: click.Context, conn: "Connection", word: str) -> datetime | None:
    from mhc.store import sessions

    kind, _, number = word.partition(":")
    if number.isdecimal():
        found = sessions.by_id(conn, int(number))
        return found.started_at if found else None
    known: list[Session] = sessions.list_all(conn, room=settings(ctx).room)
    wanted = {"session": 0, "last-session": 1}.get(kind)
    return known[wanted].started_at if wanted is not None and wanted < len(known) else None
