"""`mhc person merge|unmerge`: people who are one, and are parted again."""

import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING

import click

from mhc.cli import complete
from mhc.cli.context import database, utc_now
from mhc.cli.lookups import Which, person_row, which_options
from mhc.cli.options import Command, common_options, record_options, write_options
from mhc.cli.output import Field, Writer
from mhc.cli.telling import say
from mhc.domain.counted import counted
from mhc.domain.text import clean, encode
from mhc.errors import NotFoundError

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from mhc.reports.merging import AsOne
    from mhc.store.people import Person

MERGED = (
    Field("username", "username", "The name under which they read."),
    Field("merged", "list", "Who reads as them from now on."),
    Field("names", "list", "Every name of theirs, now and once."),
    Field("role", "text", "viewer, model, both or unknown.", foreign=False),
    Field("watchlists", "list", "The lists they are on."),
    Field("excluded", "bool", "Whether they are left out of figures."),
    Field("tokens", "int", "Tokens in all rooms, without anonymous tips.", secrecy="amount"),
    Field("tips", "int", "Tips in all rooms, without anonymous ones.", secrecy="amount"),
    Field("messages", "int", "Public lines in all rooms.", secrecy="open"),
    Field("reason", "text", "Why they are one.", secrecy="note"),
)


@click.command(
    "merge",
    cls=Command,
    examples=[
        "mhc person merge viewer_one viewer_two -n",
        'mhc person merge viewer_one viewer_two -y --reason "said so in chat"',
    ],
)
@click.argument("keep", metavar="KEEP", help="Who stays.", shell_complete=complete.people)
@click.argument(
    "others",
    metavar="OTHER…",
    nargs=-1,
    required=True,
    help="Who reads as them from now on.",
    shell_complete=complete.people,
)
@click.option("--reason", metavar="TEXT", help="Why they are one.")
@click.option("--force", is_flag=True, help="Even where the platform numbers them as different people.")
@which_options
@write_options
@record_options(fields=MERGED)
@common_options
@click.pass_context
def merge(
    ctx: click.Context,
    out: Writer,
    keep: str,
    others: tuple[str, ...],
    reason: str | None,
    force: bool,
    which: Which,
    dry_run: bool,
    yes: bool,
    no_input: bool,
) -> None:
    """Make people one who are the same; nothing of theirs is rewritten.

    Figures, lists, names and notes read as those of KEEP from then on, and a terminal asks first. `mhc person unmerge`
    parts them again as they were; what is typed in between stays with KEEP.
    """
    from mhc.reports import merging
    from mhc.store import identity

    why = clean(reason or "").strip() or identity.BY_HAND
    with database(ctx) as db:
        with db.read() as conn:
            rows = _rows(conn, [keep, *others], which)
            ids = [one.id for one in rows]
            found = merging.read(conn, identity.plan(conn, ids[0], ids[1:], force=force))
        if not dry_run:
            if not (yes or no_input):
                _ask(ctx, found, hidden=out.on_stream())
            with db.write() as conn:
                identity.merge(conn, ids[0], ids[1:], reason=why, at=utc_now(), force=force)
    out.record(MERGED, found._asdict() | {"reason": why})
    verb = "would be read" if dry_run else "is read" if len(found.merged) == 1 else "are read"
    say(ctx, f"{' and '.join(found.merged)} {verb} as {found.username}")


def _rows(conn: "Connection", names: Sequence[str], which: Which) -> "list[Person]":
    """Give the rows of these names; --id means whichever of them changed hands."""
    if which.id is None or len(names) == 1:
        return [person_row(conn, name, which=which) for name in names]
    rows, used = [], False
    for name in names:
        try:
            rows.append(person_row(conn, name, which=which))
            used = True
        except NotFoundError:
            rows.append(person_row(conn, name, which=which._replace(id=None)))
    if not used:
        raise NotFoundError(f"none of these names was one of id:{which.id}", hint="mhc alias list NAME")
    return rows


def _ask(ctx: click.Context, found: "AsOne", *, hidden: bool) -> None:
    """Ask where somebody can answer: figures read otherwise from then on. It can be undone, so a script goes on."""
    if not (sys.stdin.isatty() and sys.stderr.isatty()):
        return
    names, lists = ", ".join(found.names), ", ".join(found.watchlists) or "none"
    tokens = "" if hidden else f"; {counted(found.tokens, 'token')}"
    say(ctx, f"one person, {found.username}: names {names}; lists {lists}{tokens}")
    question = f"Read {' and '.join(found.merged)} as {found.username} from now on?"
    click.confirm(encode(question, limit=None), abort=True, err=True)


@click.command("unmerge", cls=Command, examples=["mhc person unmerge viewer_two -n"])
@click.argument("other", metavar="OTHER", help="Who was merged.", shell_complete=complete.people)
@which_options
@write_options
@common_options
@click.pass_context
def unmerge(ctx: click.Context, /, other: str, which: Which, dry_run: bool, **_asked: bool) -> None:
    """Part a person again from who they were merged into.

    All is as it was; what was typed since the merge stays with the person who was kept.
    """
    from mhc.store import identity, people

    with database(ctx) as db, db.read() if dry_run else db.write() as conn:
        one = person_row(conn, other, which=which)
        identity.refuse_unmerged(conn, one.id)
        root = people.names_by_id(conn, [one.root_id])[one.root_id]
        if not dry_run:
            identity.unmerge(conn, one.id, at=utc_now())
    say(ctx, f"{'would part' if dry_run else 'parted'} {one.username} from {root}")
