"""`mhc watchlist create|rename|delete`: lists of one's own."""

from typing import TYPE_CHECKING

import click

from mhc.cli import names as known_names
from mhc.cli.asking import sure
from mhc.cli.context import database, settings
from mhc.cli.lookups import watchlist as find_list
from mhc.cli.options import Command, common_options, write_options
from mhc.cli.telling import say
from mhc.cli.watchlist.arguments import list_argument, title
from mhc.domain.counted import counted
from mhc.errors import UsageError

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from mhc.store.watchlists import Watchlist


@click.command("create", cls=Command, examples=['mhc watchlist create "Quiet Ones"'])
@click.argument("name", metavar="NAME", help="What the list is called.")
@write_options
@common_options
@click.pass_context
def create(ctx: click.Context, /, name: str, dry_run: bool, **_asked: bool) -> None:
    """Make a watchlist of your own."""
    from mhc.store import watchlists

    called = title(name)
    with database(ctx) as db:
        with db.read() if dry_run else db.write() as conn:
            there = watchlists.find(conn, called)
            if there is None and not dry_run:
                watchlists.create(conn, called)
        known_names.refresh(db, settings(ctx))
    made = f"{'would make' if dry_run else 'made'} the list {called}"
    say(ctx, made if there is None else f"the list {there.name} is there already")


@click.command("rename", cls=Command, examples=['mhc watchlist rename "Night Owls" Owls -n'])
@list_argument
@click.argument("new", metavar="NEW", help="What it is called from now on.")
@write_options
@common_options
@click.pass_context
def rename(ctx: click.Context, /, name: str, new: str, dry_run: bool, **_asked: bool) -> None:
    """Give a watchlist of your own another name. Who is on it stays on it."""
    from mhc.store import watchlists

    called = title(new)
    with database(ctx) as db:
        with db.read() if dry_run else db.write() as conn:
            mine = _own(conn, name)
            taken = watchlists.find(conn, called)
            if taken is not None and taken.id != mine.id:
                raise UsageError(f"the list {taken.name} is there already", hint="give another name")
            if not dry_run:
                watchlists.rename(conn, mine.id, called)
        known_names.refresh(db, settings(ctx))
    say(ctx, f"{'would rename' if dry_run else 'renamed'} {mine.name} to {called}")


@click.command("delete", cls=Command, examples=['mhc watchlist delete "Night Owls" -n'])
@list_argument
@write_options
@common_options
@click.pass_context
def delete(ctx: click.Context, /, name: str, dry_run: bool, yes: bool, no_input: bool) -> None:
    """Delete a watchlist of your own, and who was on it when. The people stay known."""
    from mhc.store import watchlists

    with database(ctx) as db:
        with db.read() as conn:
            mine = _own(conn, name)
            count = watchlists.size(conn, mine.id)
        of = f"the list {mine.name} with {counted(count, 'person', 'people')}"
        if dry_run:
            say(ctx, f"would delete {of}")
            return
        sure(f"Delete {of}, and its history?", yes=yes, no_input=no_input)
        with db.write() as conn:
            watchlists.drop(conn, _own(conn, name).id)
        known_names.refresh(db, settings(ctx))
    say(ctx, f"deleted {of}")


def _own(conn: "Connection", name: str) -> "Watchlist":
    """Give a list that did not come with mhc."""
    found = find_list(conn, name)
    if found.system:
        raise UsageError(f"the list {found.name} came with mhc, and stays as it is")
    return found
