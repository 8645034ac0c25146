"""`mhc note`: what you want to remember of a person."""

import sys

import click

from mhc.cli import complete
from mhc.cli.context import database, utc_now
from mhc.cli.help import Group
from mhc.cli.lookups import past_instant
from mhc.cli.lookups import person as find_person
from mhc.cli.options import Command, common_options, output_options, write_options
from mhc.cli.output import Field, Writer
from mhc.cli.telling import say
from mhc.domain.text import clean
from mhc.errors import UsageError

CATEGORIES = ("notes", "pm", "dm", "public_chat", "tips", "tip_menu")
NOTES = (
    Field("username", "username", "Who it is about."),
    Field("category", "text", "notes, pm, dm, public_chat, tips or tip_menu."),
    Field("body", "text", "The note.", secrecy="note"),
    Field("happened_at", "time", "When it happened; null where nobody said.", header="happened"),
    Field("created_at", "time", "When it was written.", header="written"),
)


@click.group(cls=Group)
def group() -> None:
    """What you want to remember of a person."""


@group.command(
    "add",
    cls=Command,
    examples=[
        'mhc note add viewer_one "likes the blue lights" --category tips',
        "mhc note add viewer_one - --at yesterday < note.txt",
    ],
)
@click.argument("name", metavar="NAME", help="Any name of the person.", shell_complete=complete.people)
@click.argument(
    "text", metavar="[TEXT]", required=False, help="The note; - reads stdin, without it $EDITOR opens."
)
@click.option("--category", type=click.Choice(CATEGORIES), default="notes", show_default=True, help="Kind.")
@click.option("--at", metavar="TIME", help="When it happened.")
@write_options
@common_options
@click.pass_context
def add(
    ctx: click.Context,
    /,
    name: str,
    text: str | None,
    category: str,
    at: str | None,
    dry_run: bool,
    **asked: bool,
) -> None:
    """Write a note about a person."""
    from mhc.store import notes

    happened = None if at is None else past_instant(ctx, at)
    with database(ctx) as db:
        with db.read() as conn:  # nobody writes a long note to learn that the name was wrong
            who = find_person(conn, name, addable=True)
        body = _body(text, no_input=asked["no_input"])
        if not dry_run:
            with db.write() as conn:
                who = find_person(conn, name)
                notes.add(conn, who.id, body, category=category, happened_at=happened, at=utc_now())
    say(ctx, f"{'would note' if dry_run else 'noted'} it about {who.username}")


def _body(text: str | None, *, no_input: bool) -> str:
    if text == "-":
        text = sys.stdin.read()
    elif text is None:
        if no_input or not sys.stdin.isatty():
            raise UsageError("what is the note?", hint="give it as TEXT, or - for stdin")
        text = click.edit() or ""
    body = clean(text).strip()
    if not body:
        raise UsageError("an empty note is not kept")
    return body


@group.command("list", cls=Command, examples=["mhc note list", "mhc note list viewer_one --category tips"])
@click.argument(
    "name", metavar="[NAME]", required=False, help="About this person only.", shell_complete=complete.people
)
@click.option("--category", type=click.Choice(CATEGORIES), help="Of this kind only.")
@output_options(fields=NOTES)
@common_options
@click.pass_context
def list_notes(ctx: click.Context, out: Writer, name: str | None, category: str | None) -> None:
    """List notes, the last written first."""
    from mhc.store import notes, people

    with database(ctx) as db, db.read() as conn:
        ids = None if name is None else people.members(conn, find_person(conn, name).id)
        found = notes.list_of(conn, ids, category)
    out.rows(
        NOTES, out.ordered(NOTES, found), total=len(found), nothing="no such notes: mhc note add NAME TEXT"
    )
