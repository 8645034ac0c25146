"""`mhc watchlist import`: a list from a file."""

from typing import TYPE_CHECKING

import click

from mhc.cli import names as known_names
from mhc.cli.context import database, settings, utc_now
from mhc.cli.imports.files import read_text
from mhc.cli.lookups import watchlist as find_list
from mhc.cli.options import Command, common_options, record_options, write_options
from mhc.cli.output import Field, Writer
from mhc.cli.watchlist.arguments import list_argument, title
from mhc.domain.counted import counted
from mhc.domain.text import encode
from mhc.errors import CheckError, DataError

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from mhc.cli.imports.files import Text
    from mhc.domain.rosters import Entry
    from mhc.store.rosters import Plan
    from mhc.store.watchlists import Watchlist

TAKEN = (
    Field("id", "id", "The import: mhc import undo takes back whom it added; null where nothing changed."),
    Field("list", "text", "The list."),
    Field("added", "int", "Who is on it now, and was not."),
    Field("strangers", "int", "How many of them nobody had met: they are known from now on."),
    Field("there", "int", "Who was on it already."),
    Field("removed", "int", "Who is on it no more, with --replace."),
)


@click.command(
    "import",
    cls=Command,
    examples=[
        "mhc watchlist import Friends friends.csv -n",
        "mhc watchlist show Friends -o name | mhc watchlist import Owls - --create",
    ],
)
@list_argument
@click.argument(
    "file", metavar="FILE", help="CSV with a column username and maybe note, or a name a line; - is stdin."
)
@click.option("--create", is_flag=True, help="Make the list where there is none.")
@click.option("--replace", is_flag=True, help="Take off it who is not in the file.")
@click.option("--force", is_flag=True, help="With --replace: even if that is more than 5 % of the list.")
@write_options
@record_options(fields=TAKEN)
@common_options
@click.pass_context
def import_(
    ctx: click.Context,
    /,
    out: Writer,
    name: str,
    file: str,
    create: bool,
    replace: bool,
    force: bool,
    dry_run: bool,
    **_asked: bool,
) -> None:
    """Put the people of a file on a watchlist.

    All of it or nothing: ends with 65 where a line does not fit. -n shows the counts and changes nothing.
    """
    from mhc.store import rosters, watchlists
    from mhc.store.import_batches import New

    called, text = title(name), read_text(file)
    entries = _read(text)
    number: int | None = None
    with database(ctx) as db:
        with db.read() if dry_run else db.write() as conn:
            found = _list_or_none(conn, called, create=create)
            wanted = rosters.plan(conn, found.id if found else None, entries, replace=replace)
            if not force:
                _refuse_many(wanted, called)
            if not dry_run:
                found = found or watchlists.create(conn, called)
                number = rosters.follow(conn, found.id, wanted, New("list", file, text.hash, utc_now()))
        known_names.refresh(db, settings(ctx))
    out.record(TAKEN, {"id": number, "list": found.name if found else called, **wanted.counts})
    if dry_run:
        out.message("that would change; without -n it does")
    elif number is not None:
        out.message(f"imported as import {number}")


def _list_or_none(conn: "Connection", name: str, *, create: bool) -> "Watchlist | None":
    from mhc.store import watchlists

    return watchlists.find(conn, name) if create else find_list(conn, name)


def _refuse_many(wanted: "Plan", name: str) -> None:
    from mhc.domain.rosters import MOST_GONE, is_plausible

    if not is_plausible(len(wanted.drop), wanted.before):
        of = f"of the {counted(wanted.before, 'person', 'people')} on {name}"
        said = counted(len(wanted.drop), f"{of} is not in the file", f"{of} are not in the file")
        raise CheckError(f"{said}: more than {MOST_GONE} %", hint="--force, where they shall go")


def _read(text: "Text") -> "list[Entry]":
    from mhc.domain.rosters import RosterError, parse

    try:
        return parse(text.text)
    except RosterError as error:
        hint = "give CSV with a column username and maybe note, or one name a line"
        raise DataError(encode(f"{text.shown}: {error}"), hint=hint) from None
