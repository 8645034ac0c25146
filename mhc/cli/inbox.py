"""`mhc inbox`: private messages."""

from dataclasses import replace

import click

from mhc.cli import complete
from mhc.cli.context import database, settings
from mhc.cli.help import Group
from mhc.cli.lookups import person as find_person
from mhc.cli.lookups import time_range
from mhc.cli.options import Command, common_options, output_options, time_options
from mhc.cli.output import Field, Writer
from mhc.cli.unmasking import unmask_options
from mhc.domain.words import words
from mhc.errors import UsageError

_MASKED = "null without --private."
THREADS = (
    Field("username", "username", "Who wrote, or was written to."),
    Field("received", "int", "Messages from them."),
    Field("sent", "int", "Messages to them."),
    Field("outside", "int", "Of both, those outside your rooms."),
    Field("last_at", "time", "The last one; null where no time is known.", header="last"),
    Field("last_direction", "text", "in is from them, out is to them.", header="way", foreign=False),
    Field(
        "last_text",
        "text",
        f"What the last one says; {_MASKED}",
        header="text",
        table=False,
        secrecy="message",
    ),
)
MESSAGES = (
    Field("at", "time", "When it was written; null where a pasted one does not say."),
    Field("username", "username", "The other side; null where it has no name."),
    Field("direction", "text", "in is from them, out is to them.", header="way", foreign=False),
    Field("where", "text", "room, or outside your rooms.", foreign=False),
    Field("text", "text", f"What it says; {_MASKED}", table=False, secrecy="message"),
    Field("room", "username", "The room; null outside any.", table=False),
    Field("event_id", "text", "The API's id.", table=False, foreign=True),
)
_TEXTS = {"last_text", "text"}
FOUND = tuple(replace(field, table=field.table or field.name in _TEXTS) for field in MESSAGES)
_NOTHING = "no private messages; what was captured: mhc capture coverage"


def _with_texts(fields: tuple[Field, ...], private: bool) -> tuple[Field, ...]:
    shown = (replace(field, table=field.table or field.name in _TEXTS) for field in fields)
    return tuple(shown) if private else fields


@click.group(cls=Group, examples=["mhc inbox list", "mhc inbox show viewer_one"])
def group() -> None:
    """Private messages, by the person you wrote with."""


@group.command(
    "list", cls=Command, examples=["mhc inbox list", "mhc inbox list --since 7d --sort received:desc"]
)
@unmask_options(private="Show what the last message says.")
@time_options
@output_options(fields=THREADS, sort_keys=("username", "received", "sent", "outside", "last_at"))
@common_options
@click.pass_context
def list_threads(
    ctx: click.Context, out: Writer, private: bool, since: str | None, until: str | None
) -> None:
    """List whom you wrote with, the last message first.

    Messages between two rooms of yours are not among them.
    """
    from mhc.reports import inbox

    with database(ctx) as db, db.read() as conn:
        time = time_range(ctx, conn, since, until)
        partners = inbox.partners(conn, time.start, time.end)
        ordered = list(out.ordered(THREADS[:5], partners))[: out.limit]
        shown = [one for one in ordered if isinstance(one, inbox.Partner)]
        last = inbox.last(conn, shown, private=private)
        rows = [one._asdict() | its._asdict() for one, its in zip(shown, last, strict=True)]
    out.rows(_with_texts(THREADS, private), rows, total=len(partners), nothing=_NOTHING)


@group.command(
    "show", cls=Command, examples=["mhc inbox show viewer_one", "mhc inbox show viewer_one --private -L 10"]
)
@click.argument("name", metavar="NAME", help="Any name of the person.", shell_complete=complete.people)
@unmask_options(private="Show what the messages say.")
@time_options
@output_options(fields=MESSAGES, sort_keys=("at",))
@common_options
@click.pass_context
def show(
    ctx: click.Context, out: Writer, name: str, private: bool, since: str | None, until: str | None
) -> None:
    """Show the messages with one person, the latest last; -L gives the latest.

    Of a room of your own it shows the whole inbox.
    """
    from mhc.reports import inbox
    from mhc.store import history, messages, people

    with database(ctx) as db:
        with db.read() as conn:
            time = time_range(ctx, conn, since, until)
            ids = people.members(conn, find_person(conn, name).id)
            wanted = messages.of(ids, time.start, time.end)
            total = history.count(conn, wanted) if out.format == "table" else None
        newest_first = out.sort is not None and out.sort.descending
        found = inbox.thread(db, wanted, out.limit, newest_first=newest_first, private=private)
        out.rows(_with_texts(MESSAGES, private), found, total=total, nothing=_NOTHING)


@group.command("search", cls=Command, examples=["mhc inbox search tomorrow --private -L 5"])
@click.argument("text", metavar="WORD…", nargs=-1, required=True, help="Words that a message must all have.")
@unmask_options(private="Must be given: a search shows what messages say.")
@time_options
@output_options(fields=FOUND, sort_keys=("at",))
@common_options
@click.pass_context
def search(
    ctx: click.Context,
    out: Writer,
    text: tuple[str, ...],
    private: bool,
    since: str | None,
    until: str | None,
) -> None:
    """Find the messages that have all of some words, the newest first; --sort at turns it round.

    Case, accents and what stands between words do not matter. Each message is read, but where `[search] messages` in
    config.toml has them found by their words.
    """
    from mhc.reports import inbox

    asked = " ".join(text)
    if not words(asked):
        raise UsageError(f"no word in {asked!r}", hint="mhc inbox search WORD --private")
    if not (private or out.on_stream()):  # there the words are hidden, whatever is asked
        raise UsageError("a search shows what messages say", hint="give --private")
    with database(ctx) as db:
        with db.read() as conn:
            time = time_range(ctx, conn, since, until)
        first = out.sort is None or out.sort.descending
        indexed = settings(ctx).search_messages
        if indexed:
            found = inbox.search_indexed(db, asked, time.start, time.end, out.limit, newest_first=first)
        else:
            found = inbox.search(db, asked, time.start, time.end, newest_first=first)
        out.rows(FOUND, found, nothing="no message has all of these words")
