"""`mhc person name`: names that are no usernames."""

from typing import TYPE_CHECKING

import click

from mhc.cli import complete
from mhc.cli.context import database, utc_now
from mhc.cli.lookups import person as find_person
from mhc.cli.lookups import rows_of
from mhc.cli.options import Command, common_options, output_options, write_options
from mhc.cli.output import Field, Writer
from mhc.cli.telling import say
from mhc.cli.unmasking import unmask_options
from mhc.domain.text import clean
from mhc.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from sqlalchemy import Connection

KINDS = ("private", "identity", "address")
NAMES = (
    Field("username", "username", "Whose it is.", table=False),
    Field("kind", "text", "private, identity or address.", foreign=False),
    Field(
        "name",
        "text",
        "The name; a private one is null without --reveal.",
        absent="(--reveal shows it)",
        secrecy="name",
    ),
    Field("added_at", "time", "Since when they have it.", header="added"),
)
_LONGEST = 100
_WORDS = {"private": "a private name", "identity": "an identity name", "address": "a form of address"}


@click.command(
    "name",
    cls=Command,
    examples=[
        "mhc person name viewer_one",
        'mhc person name viewer_one --private "Nick from Lyon" --address Sir',
    ],
)
@click.argument("name", metavar="NAME", help="Any name of the person.", shell_complete=complete.people)
@click.option(
    "--private", "private_name", metavar="NAME", help="What you call them by yourself; one at a time."
)
@click.option("--identity", metavar="NAME", help="Who they are; one at a time.")
@click.option("--address", "addresses", multiple=True, metavar="FORM", help="How to address them; one more.")
@click.option("--remove", "removed", multiple=True, type=click.Choice(KINDS), help="Take these names away.")
@unmask_options(reveal="Show the private name.")
@write_options
@output_options(fields=NAMES)
@common_options
@click.pass_context
def name(
    ctx: click.Context,
    /,
    out: Writer,
    name: str,
    private_name: str | None,
    identity: str | None,
    addresses: tuple[str, ...],
    removed: tuple[str, ...],
    reveal: bool,
    dry_run: bool,
    **_asked: bool,
) -> None:
    """Show or set the names of a person that are no usernames.

    They are listed as they are then.
    """
    from mhc.store import person_names

    given = [("private", private_name), ("identity", identity), *(("address", one) for one in addresses)]
    wanted = [(kind, _name(text)) for kind, text in given if text is not None]
    writes = bool(wanted or removed) and not dry_run
    with database(ctx) as db, db.write() if writes else db.read() as conn:
        who = find_person(conn, name, addable=True)
        ids = rows_of(conn, who)
        for line in _done(conn, ids, removed, wanted, dry_run=dry_run):
            say(ctx, f"{line} of {who.username}")
        found = person_names.list_of(conn, ids)
    shown = [
        one._asdict()
        | {"username": who.username}
        | ({} if reveal or one.kind != person_names.Kind.PRIVATE else {"name": None})
        for one in found
    ]
    out.rows(NAMES, out.ordered(NAMES, shown), total=len(shown), nothing="no such names are known")


def _done(
    conn: "Connection",
    ids: "Sequence[int]",
    removed: "Sequence[str]",
    wanted: "Sequence[tuple[str, str]]",
    *,
    dry_run: bool,
) -> "Iterator[str]":
    """Take names away and give new ones; say what was done, without a word of the names."""
    from mhc.store import person_names

    there = {(one.kind, one.name) for one in person_names.list_of(conn, ids)}
    for kind in dict.fromkeys(removed):
        known = any(of == kind for of, _ in there)
        there = {one for one in there if one[0] != kind}
        if known and not dry_run:
            person_names.remove(conn, ids, kind, at=utc_now())
        verb = "would remove" if dry_run else "removed"
        yield f"{verb} the {kind} names" if known else f"there is no {kind} name to remove"
    for kind, text in wanted:
        if not dry_run:
            person_names.add(conn, ids[0], kind, text, at=utc_now())
        if (kind, text) in there:
            yield f"{_WORDS[kind]} stays as it is: that is one"
        else:
            yield f"{'would keep' if dry_run else 'kept'} {_WORDS[kind]}"


def _name(text: str) -> str:
    name = " ".join(clean(text).split())
    if not 0 < len(name) <= _LONGEST:
        raise UsageError(f"a name has 1 to {_LONGEST} characters")
    return name
