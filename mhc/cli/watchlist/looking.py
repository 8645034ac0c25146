"""`mhc watchlist list|show|history`: who is on which list, and what is new of them."""

import click

from mhc.cli import complete
from mhc.cli.context import database, settings, utc_now
from mhc.cli.lookups import person as find_person
from mhc.cli.lookups import rooms
from mhc.cli.lookups import watchlist as find_list
from mhc.cli.options import Command, common_options, output_options
from mhc.cli.output import Field, Writer
from mhc.cli.watchlist.arguments import list_argument
from mhc.errors import UsageError

LISTS = (
    Field("name", "text", "The list."),
    Field("system", "bool", "Whether it came with mhc.", foreign=False),
    Field("members", "int", "How many people are on it."),
)
MEMBERS = (
    Field("username", "username", "The name they go by now."),
    Field("online", "bool", "Whether they are in your room now, or live in their own; null where nobody knows."),
    Field("last_seen_at", "time", "When they did something last.", header="last seen"),
    Field("last_change_at", "time", "When their rating, relationship or lists changed last.", header="last change"),
    Field("last_interaction_at", "time", "The last event by them or with them.", header="last event"),
    Field("added_at", "time", "Since when they are on it.", header="added"),
    Field("note", "text", "Why.", secrecy="note"),
)  # fmt: skip
HISTORY = (
    Field("list", "text", "The list."),
    Field("username", "username", "The name they go by now."),
    Field("added_at", "time", "Since when they are, or were, on it.", header="added"),
    Field("removed_at", "time", "Until when; null while they are on it.", header="removed"),
    Field("note", "text", "Why.", secrecy="note"),
    Field("removal_note", "text", "Why no more.", header="why no more", secrecy="note"),
)


@click.command("list", cls=Command, examples=["mhc watchlist list"])
@output_options(fields=LISTS)
@common_options
@click.pass_context
def list_lists(ctx: click.Context, out: Writer) -> None:
    """List the watchlists and how many people are on each.

    Those that came with mhc are first, then your own by name.
    """
    from mhc.store import watchlists

    with database(ctx) as db, db.read() as conn:
        found = watchlists.list_all(conn)
    out.rows(LISTS, out.ordered(LISTS, found))


@click.command(
    "show",
    cls=Command,
    examples=[
        "mhc watchlist show Friends",
        "mhc watchlist show friends -o name",
        "mhc watchlist show Friends -o csv",
    ],
)
@list_argument
@output_options(fields=MEMBERS)
@common_options
@click.pass_context
def show(ctx: click.Context, out: Writer, name: str) -> None:
    """List the people on a watchlist, by name, with what is new of them.

    Who is in your room is known while somebody listens to it, who is live in their own by mhc room poll. As CSV or names it is what watchlist import reads.
    """
    from mhc.store import room_readings, visits, watched, watchlists

    with database(ctx) as db, db.read() as conn:
        on = find_list(conn, name)
        where = rooms(ctx, conn, None).ids
        heard = visits.last_heard(conn, where)
        fresh = heard is not None and utc_now() - heard <= visits.FRESH
        found = watched.members(conn, on.id, None if out.sort else out.limit)
        live = room_readings.live(conn, utc_now(), settings(ctx).live_for)
        news = watched.news(conn, [one.id for one in found], where, heard=fresh, live=live)
        total = watchlists.size(conn, on.id) if out.format == "table" else None
    rows = [one._asdict() | news[one.id]._asdict() for one in found]
    nothing = f'nobody is on it: mhc watchlist add "{on.name}" NAME'
    out.rows(MEMBERS, out.ordered(MEMBERS, rows), total=total, nothing=nothing)


@click.command(
    "history",
    cls=Command,
    examples=["mhc watchlist history Friends", "mhc watchlist history --person viewer_one"],
)
@click.argument(
    "name", metavar="[LIST]", required=False, help="Of this list.", shell_complete=complete.watchlists
)
@click.option("--person", "who", metavar="NAME", shell_complete=complete.people, help="Of this person.")
@output_options(fields=HISTORY)
@common_options
@click.pass_context
def history(ctx: click.Context, out: Writer, name: str | None, who: str | None) -> None:
    """List who was put on a watchlist and taken off it, the last added first.

    Of a list, of a person's lists, or of a person on a list.
    """
    from mhc.store import people, watchlists

    if name is None and who is None:
        raise UsageError("whose history?", hint="give a LIST, or --person NAME")
    with database(ctx) as db, db.read() as conn:
        list_id = None if name is None else find_list(conn, name).id
        ids = None if who is None else people.members(conn, find_person(conn, who).id)
        found = watchlists.history(conn, list_id=list_id, person_ids=ids)
    out.rows(HISTORY, out.ordered(HISTORY, found), total=len(found), nothing="nobody was ever put on it")
