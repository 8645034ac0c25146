"""`mhc event`: what happened, as it was stored."""

from dataclasses import asdict, replace

import click

from mhc.cli import complete
from mhc.cli.context import database
from mhc.cli.lookups import methods, rooms, time_range
from mhc.cli.lookups import person as find_person
from mhc.cli.options import Command, common_options, output_options, record_options, time_options
from mhc.cli.output import Field, Writer
from mhc.cli.root import LazyGroup
from mhc.cli.unmasking import unmask_options
from mhc.errors import NotFoundError

FIELDS = (
    Field("event_id", "text", "The API's id.", table=False, foreign=True),
    Field("room", "username", "The room; null for a message outside any.", table=False),
    Field("happened_at", "time", "When it happened; null where the API does not say.", header="time"),
    Field("method", "text", "The API's name of the kind of event.", header="event"),
    Field("actor", "username", "Who did it; null for an anonymous tip without --reveal."),
    Field("partner", "username", "The other side of a private message.", table=False),
    Field("tokens", "int", "Tokens paid.", secrecy="amount"),
    Field(
        "text",
        "text",
        "Message, note, subject or title; null for a private message without --private.",
        secrecy="message",
    ),
    Field("anonymous", "bool", "Whether the sender asked not to be named.", table=False),
    Field("received_at", "time", "When mhc received it.", table=False),
    Field("source", "text", "Kind of stream: live, testbed, paste or import.", table=False, foreign=False),
)
RAW = (*FIELDS, Field("raw", "json", "The event as it was received, without the token.", secrecy="message"))

WHOLE = tuple(replace(field, table=True) for field in RAW)
_NOTHING = "no such events; what was captured: mhc capture coverage"

_unmask = unmask_options(reveal="Name who tipped anonymously.", private="Show the text of private messages.")


@click.group(
    cls=LazyGroup,
    examples=["mhc event list -L 20", "mhc event tail --events tip -L 20"],
    table={"tail": ("mhc.cli.tail:command", "Print the last stored events, then new ones, until stopped.")},
)
def group() -> None:
    """Events of the room: tips, messages, entries, follows."""


@group.command(
    "list",
    cls=Command,
    examples=[
        "mhc event list -L 20",
        "mhc event list --events tip --since 7d -o csv",
        "mhc event list --person viewer_one -o ndjson",
    ],
)
@click.option("--events", "kinds", metavar="A,B,…", help="These kinds only: tip, chat, pm, enter, …")
@click.option(
    "--person",
    "name",
    metavar="NAME",
    help="What this person did, or was sent.",
    shell_complete=complete.people,
)
@click.option("--testbed", is_flag=True, help="With those of the testbed.")
@_unmask
@click.option(
    "--room", metavar="ROOM", shell_complete=complete.rooms, help="Events of this room only (default: all)."
)
@time_options
@output_options(fields=FIELDS, sort_keys=("happened_at",))
@common_options
@click.pass_context
def list_events(
    ctx: click.Context,
    out: Writer,
    kinds: str | None,
    name: str | None,
    testbed: bool,
    reveal: bool,
    private: bool,
    since: str | None,
    until: str | None,
    room: str | None,
) -> None:
    """List events, the newest first; --sort happened_at turns it round."""
    from mhc.store import history, people

    with database(ctx) as db:
        with db.read() as conn:
            asked = time_range(ctx, conn, since, until)
            wanted = history.Filter(
                since=asked.start,
                until=asked.end,
                room_ids=None if room is None else rooms(ctx, conn, room).ids,
                methods=methods(kinds) or (),
                person_ids=None if name is None else tuple(people.members(conn, find_person(conn, name).id)),
                testbed=testbed,
                reveal=reveal,
                once=True,
            )
            total = history.count(conn, wanted) if out.format == "table" else None
        found = history.read(db, wanted, out.limit, newest_first=out.sort is None or out.sort.descending)
        out.rows(
            FIELDS,
            (one.masked(reveal=reveal, private=private) for one in found),
            total=total,
            nothing=_NOTHING,
        )


@group.command("show", cls=Command, examples=["mhc event show 1767225675500-0"])
@click.argument("event_id", metavar="ID", help="The event's id, as `event list --fields event_id` gives it.")
@_unmask
@record_options(fields=WHOLE)
@common_options
@click.pass_context
def show(ctx: click.Context, out: Writer, event_id: str, reveal: bool, private: bool) -> None:
    """Show one event with all that was received.

    What was received is shown only where the event hides nothing, or what it hides was asked for.
    """
    from mhc.store import history

    with database(ctx) as db, db.read() as conn:
        found = history.with_raw(conn, event_id)
    if not found:
        raise NotFoundError(f"no event named {event_id!r}", hint="mhc event list --fields event_id,text")
    event, raw = found[0]
    hidden = event.hides(reveal=reveal, private=private)
    shown = asdict(event.masked(reveal=reveal, private=private))
    out.record(WHOLE, shown | {"raw": None if hidden else history.read_raw(raw)})
