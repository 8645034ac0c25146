"""`mhc session events|audience`: what happened in one session, and who was there."""

import click

from mhc.cli import completeness
from mhc.cli.context import database
from mhc.cli.event import FIELDS
from mhc.cli.lookups import methods
from mhc.cli.options import Command, common_options, output_options
from mhc.cli.output import Field, Writer
from mhc.cli.session.common import (
    any_room_option,
    asked,
    excluded_option,
    find_or_latest,
    hole,
    latest_argument,
    say_excluded,
)
from mhc.cli.unmasking import unmask_options

AUDIENCE = (
    Field("username", "username", "Who; null in JSON, (anonymous) elsewhere, for all who hid their name.",
          absent="(anonymous)"),
    Field("anonymous", "bool", "Whether this is the row of all who hid their name.", table=False),
    Field("arrived_at", "time", "When they came; null where they were there before anybody saw them.", header="came"),
    Field("left_at", "time", "When they went last; null while they are there, or where nobody saw it.", header="left",
          table=False),
    Field("there", "bool", "Whether they are there now.", table=False),
    Field("stay", "duration", "How long they were known to be there while it lasted."),
    Field("visits", "int", "How often they came.", table=False),
    Field("tokens", "int", "Tokens: tips and media.", secrecy="amount"),
    Field("tips", "int", "Tips.", table=False, secrecy="amount"),
    Field("messages", "int", "Public lines.", secrecy="open", header="lines"),
    Field("follows", "bool", "Whether they began to follow in it.", header="new fan", table=False),
    Field("first_time", "bool", "Whether nobody had seen them before the session before it ended.", header="first"),
    Field("watchlists", "list", "The lists they are on.", header="lists"),
)  # fmt: skip
_NOTHING = "no such events; what was captured: mhc capture coverage"


@click.command(
    "events",
    cls=Command,
    examples=["mhc session events 1", "mhc session events --events tip,media -o csv"],
)
@latest_argument
@click.option("--events", "kinds", metavar="A,B,…", help="These kinds only: tip, chat, pm, enter, …")
@unmask_options(reveal="Name who tipped anonymously.", private="Show the text of private messages.")
@any_room_option
@output_options(fields=FIELDS, sort_keys=("happened_at",))
@common_options
@click.pass_context
def events(
    ctx: click.Context,
    out: Writer,
    session_id: int | None,
    kinds: str | None,
    reveal: bool,
    private: bool,
    room: str | None,
) -> None:
    """List the events of one session, the newest first; --sort happened_at turns it round."""
    from mhc.store import history, people

    with database(ctx) as db:
        with db.read() as conn:
            one = find_or_latest(ctx, conn, session_id, room)
            wanted = history.Filter(
                since=one.started_at,
                until=one.ended_at,
                room_ids=tuple(people.members(conn, one.room_id)),
                methods=methods(kinds) or (),
                reveal=reveal,
                once=True,
            )
            total = history.count(conn, wanted) if out.format == "table" else None
        found = history.read(db, wanted, out.limit, newest_first=out.sort is None or out.sort.descending)
        shown = (event.masked(reveal=reveal, private=private) for event in found)
        out.rows(FIELDS, shown, total=total, nothing=_NOTHING)


@click.command(
    "audience",
    cls=Command,
    examples=["mhc session audience", "mhc session audience 1 --sort stay:desc -L 20"],
)
@latest_argument
@excluded_option
@unmask_options(reveal="Count anonymous tips for who made them.")
@completeness.require_complete
@any_room_option
@output_options(fields=AUDIENCE)
@common_options
@click.pass_context
def audience(
    ctx: click.Context,
    out: Writer,
    session_id: int | None,
    include_excluded: bool,
    reveal: bool,
    require_complete: bool,
    room: str | None,
) -> None:
    """List who was there in one session: who paid most first, then who wrote most, equals by name.

    Who was there before somebody listened is known only when they do something.
    """
    from mhc.reports import audience as report

    with database(ctx) as db, db.read() as conn:
        one = find_or_latest(ctx, conn, session_id, room)
        clock = asked(ctx, include_excluded=include_excluded)
        found = report.read(conn, one, clock, reveal=reveal)
        missing = hole(conn, [one]) if require_complete else None
    say_excluded(ctx, found.excluded)
    nothing = "nobody was seen there"
    out.rows(AUDIENCE, out.ordered(AUDIENCE, found.rows), total=len(found.rows), nothing=nothing)
    completeness.refuse(missing)
