"""What a person typed, as the thing in the database that it names; what is not there ends with 3 and near matches."""

import sys
from collections.abc import Callable, Sequence
from datetime import datetime
from functools import partial, wraps
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

import click

from mhc.cli.context import settings, utc_now
from mhc.cli.options import Shared
from mhc.cli.table import local
from mhc.cli.terminal import speaks_to_terminal
from mhc.domain.clock import iso_z
from mhc.domain.events import ALIASES, METHODS, method_named
from mhc.domain.names import UsernameError, near_matches, parse_username, username_from_upstream
from mhc.domain.times import parse_instant, parse_range
from mhc.errors import NotFoundError, UsageError

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from mhc.domain.times import Range
    from mhc.store.holders import Holder
    from mhc.store.people import Person
    from mhc.store.sessions import Session
    from mhc.store.watchlists import Watchlist

T = TypeVar("T")
_MAX_ID = 2**31 - 1


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


class Which(NamedTuple):
    """Whom of several a name means: who had it at an instant, or the person of a number."""

    at: datetime | None = None
    id: int | None = None


def which_options(function: Callable[..., T]) -> Callable[..., T]:
    """Accept what says whom a name means that changed hands; passes `which`."""

    @click.option("--at", "held_at", metavar="TIME", help="Of those who had the name: who had it then.")
    @click.option(
        "--id",
        "number",
        metavar="N",
        type=click.IntRange(1, _MAX_ID),
        help="Of those who had it: this person.",
    )
    @wraps(function)
    def run(*args: Any, held_at: str | None, number: int | None, **kwargs: Any) -> T:
        ctx = click.get_current_context()
        at = None if held_at is None else past_instant(ctx, held_at)
        return function(*args, which=Which(at, number), **kwargs)

    return run


def person(conn: "Connection", text: str, *, addable: bool = False, which: Which | None = None) -> "Person":
    """Give the person who goes, or went, by a name (or is `id:N`), merged people as their root.

    `addable` says that who is not there may be added first. Who has the name now comes before whoever had it; of
    several who had it, `which` says whom is meant (None: the command has no options for it).
    """
    from mhc.store import people

    one = person_row(conn, text, addable=addable, which=which)
    return one if one.canonical_id is None else people.by_id(conn, one.canonical_id) or one


def person_row(
    conn: "Connection", text: str, *, addable: bool = False, which: Which | None = None
) -> "Person":
    """Give what `person` does, but the very row of the name where its person is merged into another."""
    from mhc.store import holders, people

    number = _number(text)
    if number is None:
        try:
            name = parse_username(text)
        except UsernameError as error:
            raise UsageError(str(error), hint=_by_id(conn, text)) from None
        found = holders.of(conn, name)
        if not found:
            near = near_matches(name, people.usernames(conn))
            otherwise = f"mhc person add {name}" if addable else "mhc person list"
            raise NotFoundError.named("person", name, near, otherwise=otherwise)
        number = _chosen(name, found, which)
    one = people.by_id(conn, number) if number <= _MAX_ID else None
    if one is None:
        raise NotFoundError(f"no person has the id {number}", hint="mhc person list")
    return one


def _by_id(conn: "Connection", text: str) -> str | None:
    """Say what stands for a name that nobody can type, but events brought; None where nobody has it."""
    from mhc.store import holders

    name = username_from_upstream(text)
    ids = dict.fromkeys(one.root_id for one in holders.of(conn, name)) if name else {}
    return " or ".join(f"id:{one}" for one in ids) + " instead of the name" if ids else None


def is_named(text: str, name: str) -> bool:
    """Whether what was typed is this very name, or no name but an id."""
    return _number(text) is not None or username(text) == name


def _number(text: str) -> int | None:
    """Give the number in `id:17`; None where it is a name."""
    kind, _, number = text.strip().partition(":")
    typed = kind.lower() == "id" and number.isascii() and number.isdecimal() and len(number) < 20
    return int(number) if typed else None


def _chosen(name: str, had: "list[Holder]", which: Which | None) -> int:
    """Give whom a name means. Raises NotFoundError, with everyone who had it, where that is nobody or several."""
    from mhc.store import holders

    given = which or Which()
    found = had if given.at is None else holders.at(had, given.at)
    if given.id is not None:
        found = [one for one in found if given.id in {one.person_id, one.root_id}]
    if given == Which():
        found = [one for one in had if one.valid_to is None] or had
    roots = dict.fromkeys(one.root_id for one in found)
    if len(roots) == 1:
        return found[0].person_id
    everyone = ", ".join(map(_held, had))
    if not found:
        then = "" if given.at is None else f" at {iso_z(given.at)}"
        who = "nobody" if given.id is None else f"id:{given.id}"
        raise NotFoundError(
            f"{who} is known to have had the name {name}{then}", hint=f"it was that of {everyone}"
        )
    ids = " or ".join(f"id:{one}" for one in roots)
    hint = f"{ids} instead of the name" + ("" if which is None else ", or --at TIME")
    raise NotFoundError(f"{name} was the name of {len(roots)} people: {everyone}", hint=hint)


def _held(one: "Holder") -> str:
    since = "" if one.valid_from is None else f", from {iso_z(one.valid_from)}"
    until = "" if one.valid_to is None else f", until {iso_z(one.valid_to)}"
    return f"{one.called} (id:{one.root_id}{since}{until})"


def rows_of(conn: "Connection", who: "Person") -> list[int]:
    """Give the ids of a person's rows: the root, to which what is typed goes, then all that were merged into it."""
    from mhc.store import people

    return [who.id, *(number for number in people.members(conn, who.id) if number != who.id)]


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
    """The room that figures are of: its name now, and the ids of its rows. None, None is every room."""

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
    known = people.find(conn, name)
    return Rooms(known[0].username, tuple(people.members(conn, known[0].id))) if known else Rooms(name, ())


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


def told_at(ctx: click.Context, at: datetime) -> str:
    """Write an instant for a message: on a terminal as tables have it, elsewhere, and in JSON, in UTC."""
    if ctx.ensure_object(Shared).output == "json" or not speaks_to_terminal():
        return iso_z(at)
    return local(at, settings(ctx).timezone)


def past_instant(ctx: click.Context, text: str | None, near: datetime | None = None) -> datetime:
    """Give the time that was typed, or now; what lies in the future is refused.

    A time without a day is one of today, or the one that is nearest to `near`.
    """
    now = utc_now()
    at = now if text is None else instant(ctx, text, now=now, near=near)
    if at > now:
        raise UsageError(f"{told_at(ctx, at)} is in the future")
    return at


def instant(ctx: click.Context, text: str, *, now: datetime, near: datetime | None = None) -> datetime:
    """Give the time that was typed, at this moment; `near` as above."""
    try:
        return parse_instant(text, now=now, tz=settings(ctx).timezone, near=near)
    except ValueError as error:
        raise UsageError(str(error)) from None


def time_range(ctx: click.Context, conn: "Connection", since: str | None, until: str | None) -> "Range":
    """Give the range that was typed; `session`, `last-session` and `last-run` stand for the start of one."""

    def anchor(word: str) -> datetime | None:
        kind, _, which = word.partition(":")
        return _run_start(conn, which) if kind == "last-run" else _session_start(ctx, conn, kind, which)

    try:
        tz, told = settings(ctx).timezone, partial(told_at, ctx)
        found = parse_range(since, until, now=utc_now(), tz=tz, anchors=anchor, told=told)
    except ValueError as error:
        raise UsageError(str(error)) from None
    for given, at in ((since, found.start), (until, found.end)):
        if at is not None and not 1 < at.year < 9999:  # in no zone, and with no days before or after it
            raise UsageError(f"{given!r} is too far away")
    return found


def _run_start(conn: "Connection", job: str) -> datetime | None:
    """Give when the last run that is over began, of a job or of any."""
    from mhc.store import runs

    return runs.last_over(conn, job or None)


def _session_start(ctx: click.Context, conn: "Connection", kind: str, number: str) -> datetime | None:
    from mhc.store import sessions

    if number.isdecimal():
        found = sessions.by_id(conn, int(number))
        return found.started_at if found else None
    known: list[Session] = sessions.list_all(conn, room_ids=rooms(ctx, conn, None).ids, limit=2)
    wanted = {"session": 0, "last-session": 1}.get(kind)
    return known[wanted].started_at if wanted is not None and wanted < len(known) else None
