"""`mhc note search`: notes, and messages where they are indexed, by the words in them."""

from dataclasses import replace

import click

from mhc.cli import complete
from mhc.cli.context import database, settings
from mhc.cli.lookups import person as find_person
from mhc.cli.options import Command, common_options, output_options
from mhc.cli.output import Field, Writer
from mhc.cli.telling import say
from mhc.cli.unmasking import unmask_options
from mhc.domain.notes import CATEGORIES
from mhc.domain.words import Term, terms
from mhc.errors import UsageError

FOUND = (
    Field("id", "id", "The note's number, for edit, remove and show; null for a message."),
    Field("username", "username", "Who the note is about; who said the message."),
    Field(
        "category", "text", "notes, pm, dm, public_chat, tips or tip_menu; null for a message.", foreign=False
    ),
    Field("body", "text", "The note, or the message.", secrecy="note"),
    Field("happened_at", "time", "When it happened; null where nobody said.", header="happened"),
    Field("created_at", "time", "When the note was written; null for a message.", header="written"),
    Field("edited_at", "time", "When it was written anew; null where it never was.", table=False),
    Field(
        "source", "text", "manual, or what brought the note; live, paste or import of a message.", table=False
    ),
    Field("kind", "text", "note, chat or private.", table=False, foreign=False),
    Field("room", "username", "The room of a message; null outside any, and for a note.", table=False),
    Field("partner", "username", "The other side of a private message.", table=False),
    Field("event_id", "text", "The message's id, for mhc event show; null for a note.", table=False),
)
_OF_MESSAGES = {"kind", "room"}
_WITH_MESSAGES = tuple(replace(field, table=field.table or field.name in _OF_MESSAGES) for field in FOUND)
_NOT_INDEXED = (
    "messages are not indexed: write messages = true under [search] in config.toml, start mhc listen again, and"
    " mhc db check --repair indexes those of before"
)


@click.command(
    "search",
    cls=Command,
    examples=[
        "mhc note search blue",
        'mhc note search "blue light*" --category tips',
        "mhc note search hello --private --person viewer_one",
    ],
)
@click.argument(
    "text",
    metavar="WORDS…",
    nargs=-1,
    required=True,
    help="Words that must be in it, all of them; * after one: begins so.",
)
@click.option(
    "--person",
    "name",
    metavar="NAME",
    help="About, from or to this person only.",
    shell_complete=complete.people,
)
@click.option("--category", type=click.Choice(CATEGORIES), help="Notes of this kind only, and no messages.")
@unmask_options(private="Search chat and private messages, too; needs `[search] messages = true`.")
@output_options(fields=FOUND)
@common_options
@click.pass_context
def search(
    ctx: click.Context,
    out: Writer,
    text: tuple[str, ...],
    name: str | None,
    category: str | None,
    private: bool,
) -> None:
    """List the notes that have all of these words, the last written first; with --private, messages among them.

    Case, accents and punctuation do not count: creme finds Crème.
    """
    from mhc.reports import found
    from mhc.store import people

    words = _terms(text)
    private = private and category is None
    indexed = settings(ctx).search_messages
    with database(ctx) as db:
        with db.read() as conn:
            ids = None if name is None else people.members(conn, find_person(conn, name).id)
            asked = found.Asked(words, ids, category)
            rows = found.in_notes(conn, asked)
        if private and indexed:
            both = found.with_messages(db, asked, rows, None if out.sort else out.limit)
            listed = out.ordered(FOUND, both) if out.sort else both
            out.rows(_WITH_MESSAGES, listed, nothing="no note and no message has all of these words")
        else:
            nothing = "no note has all of these words"
            out.rows(FOUND, out.ordered(FOUND, rows), total=len(rows), nothing=nothing)
    if private and not indexed:
        say(ctx, _NOT_INDEXED)


def _terms(text: tuple[str, ...]) -> list[Term]:
    found = terms(" ".join(text))
    if not found:
        raise UsageError(
            "search for what?", hint="words of letters and digits; mhc note list gives every note"
        )
    return found
