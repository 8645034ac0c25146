"""`mhc event`: what happened, as it was stored."""

from dataclasses import asdict

import click

from mhc.cli.context import database
from mhc.cli.lookups import person as find_person
from mhc.cli.lookups import time_range, username
from mhc.cli.options import Command, common_options, output_options, range_options, record_options
from mhc.cli.output import Field, Writer
from mhc.domain.events import ALIASES
from mhc.errors import NotFoundError

FIELDS = (
    Field("event_id", "text", "The API's id.", table=False, foreign=True),
    Field("room", "username", "The room; null for a message outside any.", table=False),
    Field("happened_at", "time", "When it happened; null where the API does not say.", header="time"),
    Field("method", "text", "The API's name of the kind of event.", header="event"),
    Field("actor", "username", "Who did it; null for an anonymous tip without --reveal."),
    Field("partner", "username", "The other side of a private message.", table=False),
    Field("tokens", "int", "Tokens paid."),
    Field("text", "text", "Message, note, subject or title; null for a private message without --private."),
    Field("anonymous", "bool", "Whether the sender asked not to be named.", table=False),
    Field("received_at", "time", "When mhc received it.", table=False),
    Field("source", "text", "Kind of stream: live, testbed, paste or import.", table=False, foreign=False),
)
RAW = (*FIELDS, Field("raw", "json", "The event as it was received, without the token."))

_reveal = click.option("--reveal", is_flag=True, help="Name who tipped anonymously.")
_private = click.option("--private", is_flag=True, help="Show the text of private messages.")


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
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
@click.option("--person", "name", metavar="NAME", help="What this person did, or was sent.")
@click.option("--testbed", is_flag=True, help="With those of the testbed.")
@_reveal
@_private
@range_options
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
    from mhc.store import events, people

    with database(ctx) as db, db.read() as conn:
        asked = time_range(ctx, conn, since, until)
        wanted = events.Filter(
            since=asked.start,
            until=asked.end,
            room=None if room is None else username(room),
            methods=_methods(kinds),
            person_ids=() if name is None else tuple(people.members(conn, find_person(conn, name).id)),
            testbed=testbed,
            reveal=reveal,
        )
        ascending = out.sort is not None and not out.sort.descending
        found = events.list_all(conn, wanted, out.limit, newest_first=not ascending)
        total = events.count(conn, wanted) if out.format == "table" else None
        out.rows(FIELDS, (one.masked(reveal=reveal, private=private) for one in found), total=total)


def _methods(kinds: str | None) -> tuple[str, ...]:
    words = [word.strip() for word in (kinds or "").split(",") if word.strip()]
    return tuple(ALIASES.get(word, word) for word in words)


@group.command("show", cls=Command, examples=["mhc event show 1767225675500-0"])
@click.argument("event_id", metavar="ID", help="The event's id, as `event list --fields event_id` gives it.")
@_reveal
@_private
@record_options(fields=RAW)
@common_options
@click.pass_context
def show(ctx: click.Context, out: Writer, event_id: str, reveal: bool, private: bool) -> None:
    """Show one event with all that was received.

    What was received is shown only where the event hides nothing, or what it hides was asked for.
    """
    from mhc.store import events

    with database(ctx) as db, db.read() as conn:
        found = events.with_raw(conn, event_id)
    if not found:
        raise NotFoundError.named("event", event_id)
    event, raw = found[0]
    shown = event.masked(reveal=reveal, private=private)
    hidden = shown != event
    out.record(RAW, asdict(shown) | {"raw": None if hidden else events.read_raw(raw)})
