"""`mhc watchlist add|remove`: who is on a list."""

from typing import TYPE_CHECKING

import click

from mhc.cli import names as known_names
from mhc.cli.context import database, settings, utc_now
from mhc.cli.lookups import names as names_of
from mhc.cli.lookups import person as find_person
from mhc.cli.lookups import rows_of
from mhc.cli.lookups import watchlist as find_list
from mhc.cli.options import Command, common_options, write_options
from mhc.cli.telling import each, say
from mhc.cli.watchlist.arguments import list_argument, people_argument, title
from mhc.domain.text import clean
from mhc.errors import NotFoundError

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from mhc.store.watchlists import Watchlist


@click.command(
    "add",
    cls=Command,
    examples=[
        "mhc watchlist add Friends viewer_one viewer_two",
        'mhc watchlist add "Quiet Ones" viewer_one --create --note "never writes"',
    ],
)
@list_argument
@people_argument
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

    called, why = title(name), None if note is None else clean(note)
    with database(ctx) as db:

        def one(text: str) -> None:
            with db.read() if dry_run else db.write() as conn:
                found = _list_or_none(conn, called, create=create)
                who = find_person(conn, text, addable=True)
                ids = rows_of(conn, who)
                new = found is None or not watchlists.is_on(conn, found.id, ids)
                if not dry_run:
                    found = found or watchlists.create(conn, called)
                    watchlists.add(conn, found.id, ids, at=utc_now(), note=why)
            on, verb = found.name if found else called, "would put" if dry_run else "put"
            say(ctx, f"{verb} {who.username} on {on}" if new else f"{who.username} is on {on} already")

        status = each(ctx, names_of(names), one)
        known_names.refresh(db, settings(ctx))
    return status


def _list_or_none(conn: "Connection", name: str, *, create: bool) -> "Watchlist | None":
    """Give the list; None where it would be made."""
    try:
        return find_list(conn, name)
    except NotFoundError as error:
        if create:
            return None
        raise NotFoundError(error.message, hint=f"{error.hint} or make it: --create") from None


@click.command(
    "remove",
    cls=Command,
    examples=[
        "mhc watchlist remove Friends viewer_one",
        'mhc watchlist remove Friends viewer_one --note "moved on"',
    ],
)
@list_argument
@people_argument
@click.option("--note", metavar="TEXT", help="Why they are on it no more.")
@write_options
@common_options
@click.pass_context
def remove(
    ctx: click.Context, /, name: str, names: tuple[str, ...], note: str | None, dry_run: bool, **_asked: bool
) -> int:
    """Take people off a watchlist; that they were on it is kept."""
    from mhc.store import watchlists

    why = None if note is None else clean(note)
    with database(ctx) as db:

        def one(text: str) -> None:
            with db.read() if dry_run else db.write() as conn:
                found, who = find_list(conn, name), find_person(conn, text)
                ids = rows_of(conn, who)
                there = watchlists.is_on(conn, found.id, ids)
                if there and not dry_run:
                    watchlists.remove(conn, found.id, ids, at=utc_now(), note=why)
            verb = "would take" if dry_run else "took"
            off = f"{verb} {who.username} off {found.name}"
            say(ctx, off if there else f"{who.username} is not on {found.name}")

        return each(ctx, names_of(names), one)
