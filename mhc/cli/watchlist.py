"""`mhc watchlist`: lists of people to keep an eye on."""

from typing import TYPE_CHECKING

import click

from mhc.cli import complete
from mhc.cli import names as known_names
from mhc.cli.context import database, settings, utc_now
from mhc.cli.help import Group
from mhc.cli.lookups import person as find_person
from mhc.cli.lookups import watchlist as find_list
from mhc.cli.options import Command, common_options, output_options, write_options
from mhc.cli.output import Field, Writer
from mhc.cli.telling import each, say
from mhc.domain.text import clean
from mhc.errors import NotFoundError, UsageError

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from mhc.store.people import Person
    from mhc.store.watchlists import Watchlist

LISTS = (
    Field("name", "text", "The list."),
    Field("system", "bool", "Whether it came with mhc.", foreign=False),
    Field("members", "int", "How many people are on it."),
)
MEMBERS = (
    Field("username", "username", "The name they go by now."),
    Field("added_at", "time", "Since when they are on it.", header="added"),
    Field("last_seen_at", "time", "When they did something last.", header="last seen"),
    Field("note", "text", "Why.", secrecy="note"),
)
_LONGEST = 64


@click.group(cls=Group)
def group() -> None:
    """Lists of people to keep an eye on. Who is on the list Excluded is left out of figures."""


@group.command("list", cls=Command, examples=["mhc watchlist list"])
@output_options(fields=LISTS)
@common_options
@click.pass_context
def list_lists(ctx: click.Context, out: Writer) -> None:
    """List the watchlists: those that came with mhc, then your own by name."""
    from mhc.store import watchlists

    with database(ctx) as db, db.read() as conn:
        found = watchlists.list_all(conn)
    out.rows(LISTS, out.ordered(LISTS, found))


@group.command(
    "show", cls=Command, examples=["mhc watchlist show Friends", "mhc watchlist show friends -o name"]
)
@click.argument(
    "name", metavar="LIST", help="The list's name, in any case.", shell_complete=complete.watchlists
)
@output_options(fields=MEMBERS)
@common_options
@click.pass_context
def show(ctx: click.Context, out: Writer, name: str) -> None:
    """List the people on a watchlist, by name."""
    from mhc.store import watchlists

    with database(ctx) as db, db.read() as conn:
        on = find_list(conn, name)
        found = watchlists.members(conn, on.id)
    out.rows(
        MEMBERS, out.ordered(MEMBERS, found), nothing=f'nobody is on it: mhc watchlist add "{on.name}" NAME'
    )


@group.command(
    "add",
    cls=Command,
    examples=[
        "mhc watchlist add Friends viewer_one viewer_two",
        'mhc watchlist add "Quiet Ones" viewer_one --create --note "never writes"',
    ],
)
@click.argument(
    "name", metavar="LIST", help="The list's name, in any case.", shell_complete=complete.watchlists
)
@click.argument(
    "names",
    metavar="NAME…",
    nargs=-1,
    required=True,
    help="A name, @name or room URL.",
    shell_complete=complete.people,
)
@click.option("--note", metavar="TEXT", help="Why they are on it; replaces an older one.")
@click.option("--create", is_flag=True, help="Make the list where there is none.")
@write_options
@common_options
@click.pass_context
def add(
    ctx: click.Context,
    /,
    name: str,
    names: tuple[str, ...],
    note: str | None,
    create: bool,
    dry_run: bool,
    **_asked: bool,
) -> int:
    """Put people on a watchlist; who is on it already stays on it."""
    from mhc.store import watchlists

    title, why = _title(name), None if note is None else clean(note)
    with database(ctx) as db:

        def one(text: str) -> None:
            with db.read() if dry_run else db.write() as conn:
                found, who = _list_or_none(conn, title, create=create), find_person(conn, text, addable=True)
                ids = _ids(conn, who)
                new = found is None or not watchlists.is_on(conn, found.id, ids)
                if not dry_run:
                    found = found or watchlists.create(conn, title)
                    watchlists.add(conn, found.id, ids, at=utc_now(), note=why)
            on, verb = found.name if found else title, "would put" if dry_run else "put"
            say(ctx, f"{verb} {who.username} on {on}" if new else f"{who.username} is on {on} already")

        status = each(ctx, names, one)
        known_names.refresh(db, settings(ctx))
    return status


def _ids(conn: "Connection", who: "Person") -> list[int]:
    """Give a person's rows, the root first."""
    from mhc.store import people

    return [who.id, *(i for i in people.members(conn, who.id) if i != who.id)]


def _title(name: str) -> str:
    title = clean(" ".join(name.split()))
    if not title or len(title) > _LONGEST:
        raise UsageError(f"a list's name has 1 to {_LONGEST} characters")
    return title


def _list_or_none(conn: "Connection", name: str, *, create: bool) -> "Watchlist | None":
    """Give the list; None where it would be made."""
    try:
        return find_list(conn, name)
    except NotFoundError as error:
        if create:
            return None
        raise NotFoundError(error.message, hint=f"{error.hint} or make it: --create") from None


@group.command("remove", cls=Command, examples=["mhc watchlist remove Friends viewer_one"])
@click.argument(
    "name", metavar="LIST", help="The list's name, in any case.", shell_complete=complete.watchlists
)
@click.argument(
    "names",
    metavar="NAME…",
    nargs=-1,
    required=True,
    help="A name, @name or room URL.",
    shell_complete=complete.people,
)
@write_options
@common_options
@click.pass_context
def remove(ctx: click.Context, /, name: str, names: tuple[str, ...], dry_run: bool, **_asked: bool) -> int:
    """Take people off a watchlist; that they were on it is kept."""
    from mhc.store import watchlists

    with database(ctx) as db:

        def one(text: str) -> None:
            with db.read() if dry_run else db.write() as conn:
                found, who = find_list(conn, name), find_person(conn, text)
                ids = _ids(conn, who)
                there = watchlists.is_on(conn, found.id, ids)
                if there and not dry_run:
                    watchlists.remove(conn, found.id, ids, at=utc_now())
            verb = "would take" if dry_run else "took"
            off = f"{verb} {who.username} off {found.name}"
            say(ctx, off if there else f"{who.username} is not on {found.name}")

        return each(ctx, names, one)
