"""`mhc pair`: who belongs together."""

from collections.abc import Sequence
from itertools import combinations
from typing import TYPE_CHECKING

import click

from mhc.cli import complete
from mhc.cli.context import database, utc_now
from mhc.cli.help import Group
from mhc.cli.lookups import names as given
from mhc.cli.lookups import person as find_person
from mhc.cli.lookups import rows_of
from mhc.cli.options import Command, common_options, output_options, write_options
from mhc.cli.output import Field, Writer
from mhc.cli.telling import say
from mhc.domain.text import clean
from mhc.errors import UsageError

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from mhc.store.people import Person

PAIRS = (
    Field("username", "username", "One of the two; with NAME, that person."),
    Field("other", "username", "The other one."),
    Field("kind", "text", "collaborator or alternate.", foreign=False),
    Field("note", "text", "Why.", secrecy="note"),
    Field("added_at", "time", "Since when mhc knows it.", header="added"),
)
_kind = click.Choice(["collaborator", "alternate"], case_sensitive=False)


@click.group(cls=Group, examples=["mhc pair add viewer_one viewer_three", "mhc pair list"])
def group() -> None:
    """Who belongs together: collaborators, and accounts of one person."""


@group.command(
    "add",
    cls=Command,
    examples=[
        "mhc pair add viewer_one viewer_three",
        'mhc pair add viewer_one viewer_three --kind alternate --note "same voice"',
    ],
)
@click.argument(
    "names",
    metavar="NAME…",
    nargs=-1,
    required=True,
    help="Two or more names; - reads them from stdin.",
    shell_complete=complete.people,
)
@click.option(
    "--kind",
    type=_kind,
    default="collaborator",
    show_default=True,
    help="Whether they work together, or are accounts of one person that stay apart.",
)
@click.option("--note", metavar="TEXT", help="Why; replaces an older one.")
@write_options
@common_options
@click.pass_context
def add(
    ctx: click.Context, /, names: tuple[str, ...], kind: str, note: str | None, dry_run: bool, **_asked: bool
) -> None:
    """Make people pairs: each with each, all of them or none."""
    from mhc.store import pairs

    why = None if note is None else clean(note)
    with database(ctx) as db, db.read() if dry_run else db.write() as conn:
        two_by_two = list(combinations(_people(conn, given(names)), 2))
        known = [
            kind in pairs.kinds(conn, rows_of(conn, one), rows_of(conn, other)) for one, other in two_by_two
        ]
        for one, other in two_by_two:
            if not dry_run:
                pairs.add(conn, one.id, other.id, kind, note=why, at=utc_now())
    verb = "would make" if dry_run else "made"
    for (one, other), is_known in zip(two_by_two, known, strict=True):
        both = f"{one.username} and {other.username}"
        say(ctx, f"{both} are a pair already: {kind}" if is_known else f"{verb} {both} a pair: {kind}")


def _people(conn: "Connection", names: Sequence[str]) -> "list[Person]":
    """Give two or more people, no one twice."""
    found = [find_person(conn, name, addable=True) for name in names]
    for (name, one), (again, other) in combinations(zip(names, found, strict=True), 2):
        if one.id == other.id:
            raise UsageError(f"{name} and {again} are the same person", hint=f"mhc alias list {one.username}")
    if len(found) < 2:
        raise UsageError("a pair wants two people", hint="mhc pair add NAME NAME")
    return found


@group.command("list", cls=Command, examples=["mhc pair list", "mhc pair list viewer_one --kind alternate"])
@click.argument(
    "name", metavar="[NAME]", required=False, help="Of this person only.", shell_complete=complete.people
)
@click.option("--kind", type=_kind, help="Of this kind only.")
@output_options(fields=PAIRS)
@common_options
@click.pass_context
def list_pairs(ctx: click.Context, out: Writer, name: str | None, kind: str | None) -> None:
    """List pairs by name; those of one person with that person first."""
    from mhc.store import pairs

    with database(ctx) as db, db.read() as conn:
        ids = None if name is None else rows_of(conn, find_person(conn, name))
        found = [one for one in pairs.list_of(conn, ids) if kind in {None, one.kind}]
    nothing = "no such pairs: mhc pair add NAME NAME"
    out.rows(PAIRS, out.ordered(PAIRS, found), total=len(found), nothing=nothing)


@group.command("remove", cls=Command, examples=["mhc pair remove viewer_one viewer_two"])
@click.argument("one", metavar="NAME", help="Any name of the one.", shell_complete=complete.people)
@click.argument("other", metavar="OTHER", help="Any name of the other.", shell_complete=complete.people)
@click.option("--kind", type=_kind, help="This kind only (default: every kind).")
@write_options
@common_options
@click.pass_context
def remove(
    ctx: click.Context, /, one: str, other: str, kind: str | None, dry_run: bool, **_asked: bool
) -> None:
    """Part two people; that they were a pair is kept."""
    from mhc.store import pairs

    with database(ctx) as db, db.read() if dry_run else db.write() as conn:
        first, second = _people(conn, [one, other])
        ids = rows_of(conn, first), rows_of(conn, second)
        found = pairs.kinds(conn, *ids)
        gone = [of for of in found if kind in {None, of}]
        for of in () if dry_run else gone:
            pairs.remove(conn, *ids, of, at=utc_now())
    both = f"{first.username} and {second.username}"
    for of in gone:
        say(ctx, f"{'would part' if dry_run else 'parted'} {both}: {of}")
    if not gone:
        say(ctx, f"{both} are no such pair")
