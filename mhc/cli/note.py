"""`mhc note`: what you want to remember of a person."""

from typing import TYPE_CHECKING

import click

from mhc.cli import complete
from mhc.cli.asking import sure, text_of
from mhc.cli.context import database, settings, utc_now
from mhc.cli.help import Group
from mhc.cli.lookups import names as given
from mhc.cli.lookups import past_instant
from mhc.cli.lookups import person as find_person
from mhc.cli.options import Command, common_options, output_options, record_options, write_options
from mhc.cli.output import Field, Writer
from mhc.cli.searching import search
from mhc.cli.telling import each, say
from mhc.domain.notes import CATEGORIES
from mhc.errors import Exit, NotFoundError, UsageError

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from mhc.store.notes import Note

NOTES = (
    Field("id", "id", "The note's number, for edit, remove and show."),
    Field("username", "username", "Who it is about."),
    Field("category", "text", "notes, pm, dm, public_chat, tips or tip_menu."),
    Field("body", "text", "The note.", secrecy="note"),
    Field("happened_at", "time", "When it happened; null where nobody said.", header="happened"),
    Field("created_at", "time", "When it was written.", header="written"),
    Field("edited_at", "time", "When it was written anew; null where it never was.", table=False),
    Field("source", "text", "manual, or what brought it.", table=False),
)
_NONE = "none"  # takes a time away
_LARGEST_ID = 2**31 - 1
_SHOWN = 60  # characters of a note that is to be removed
_id = click.argument("number", metavar="ID", type=int, help="The note's number, as mhc note list gives it.")
_category = click.option("--category", type=click.Choice(CATEGORIES), help="Of this kind only.")


@click.group(
    cls=Group,
    examples=['mhc note add viewer_one "likes the blue lights" --category tips', "mhc note search blue"],
)
def group() -> None:
    """What you want to remember of a person."""


group.add_command(search)


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
        body = text_of(ctx, text, no_input=asked["no_input"])
        if not body:
            raise UsageError("an empty note is not kept")
        if not dry_run:
            with db.write() as conn:
                who = find_person(conn, name)
                notes.add(conn, who.id, body, category=category, happened_at=happened, at=utc_now())
    say(ctx, f"{'would note' if dry_run else 'noted'} it about {who.username}")


@group.command(
    "edit",
    cls=Command,
    examples=[
        'mhc note edit 1 "likes the blue lights, not the green ones"',
        "mhc note edit 1 --at yesterday",
    ],
)
@_id
@click.argument(
    "text",
    metavar="[TEXT]",
    required=False,
    help="The note anew; - reads stdin. Without it, and without an option, $EDITOR opens with the old text.",
)
@click.option("--category", type=click.Choice(CATEGORIES), help="Its kind from now on.")
@click.option("--at", metavar="TIME|none", help="When it happened; none: nobody knows.")
@write_options
@common_options
@click.pass_context
def edit(
    ctx: click.Context,
    /,
    number: int,
    text: str | None,
    category: str | None,
    at: str | None,
    dry_run: bool,
    **asked: bool,
) -> int:
    """Write a note anew; its old text is not kept."""
    from mhc.store import notes

    happened = None if at in {None, _NONE} else past_instant(ctx, at)
    with database(ctx) as db:
        with db.read() as conn:
            old = _find(conn, number)
        only_options = text is None and (category is not None or at is not None)
        body = old.body if only_options else text_of(ctx, text, old=old.body, no_input=asked["no_input"])
        if not body:
            raise UsageError("an empty note is not kept", hint=f"mhc note remove {number}")
        when = old.happened_at if at is None else happened
        if (body, category or old.category, when) == (old.body, old.category, old.happened_at):
            say(ctx, f"note {number} about {old.username} stays as it is")
            return Exit.OK
        if not dry_run:
            with db.write() as conn:
                _find(conn, number)
                kind = category or old.category
                notes.edit(conn, number, body, category=kind, happened_at=when, at=utc_now())
    say(ctx, f"{'would change' if dry_run else 'changed'} note {number} about {old.username}")
    return Exit.OK


@group.command("remove", cls=Command, examples=["mhc note remove 1 -y"])
@click.argument(
    "numbers",
    metavar="ID…",
    nargs=-1,
    required=True,
    help="The notes' numbers, as mhc note list gives them; - reads them from stdin.",
)
@write_options
@common_options
@click.pass_context
def remove(ctx: click.Context, /, numbers: tuple[str, ...], dry_run: bool, yes: bool, no_input: bool) -> int:
    """Take notes away for good. Asks first."""
    from mhc.store import notes

    hidden = settings(ctx).screen_safe
    with database(ctx) as db:

        def one(text: str) -> None:
            if not text.isdecimal():
                raise UsageError(f"{text!r} is not the number of a note", hint="mhc note list")
            with db.read() as conn:
                old = _find(conn, int(text))
            about = f"note {old.id} about {old.username}"
            if not dry_run:
                begun = "" if hidden else f" ({' '.join(old.body.split())[:_SHOWN]})"
                sure(f"Take {about} away for good{begun}?", yes=yes, no_input=no_input)
                with db.write() as conn:
                    notes.remove(conn, old.id)
            say(ctx, f"{'would take' if dry_run else 'took'} {about} away")

        return each(ctx, given(numbers), one)


def _find(conn: "Connection", number: int) -> "Note":
    from mhc.store import notes

    found = notes.find(conn, number) if 0 < number <= _LARGEST_ID else None
    if found is None:
        raise NotFoundError(f"no note {number}", hint="mhc note list")
    return found


@group.command("list", cls=Command, examples=["mhc note list", "mhc note list viewer_one --category tips"])
@click.argument(
    "name", metavar="[NAME]", required=False, help="About this person only.", shell_complete=complete.people
)
@_category
@output_options(fields=NOTES)
@common_options
@click.pass_context
def list_notes(ctx: click.Context, out: Writer, name: str | None, category: str | None) -> None:
    """List notes, the last written first."""
    from mhc.store import notes, people

    with database(ctx) as db, db.read() as conn:
        ids = None if name is None else people.members(conn, find_person(conn, name).id)
        found = notes.list_of(conn, ids, category)
    nothing = "no such notes: mhc note add NAME TEXT"
    out.rows(NOTES, out.ordered(NOTES, found), total=len(found), nothing=nothing)


@group.command("show", cls=Command, examples=["mhc note show 1"])
@_id
@record_options(fields=NOTES)
@common_options
@click.pass_context
def show(ctx: click.Context, out: Writer, number: int) -> None:
    """Show one note, whole."""
    with database(ctx) as db, db.read() as conn:
        found = _find(conn, number)
    out.record(NOTES, found)
