"""`mhc import list|undo`: what was imported, and taking it back."""

from collections import Counter
from typing import TYPE_CHECKING

import click

from mhc.cli import names as known_names
from mhc.cli.asking import sure
from mhc.cli.context import database, settings, utc_now
from mhc.cli.options import Command, common_options, output_options, record_options, write_options
from mhc.cli.output import Field, Writer
from mhc.cli.telling import say
from mhc.errors import NotFoundError

if TYPE_CHECKING:
    from mhc.store.undoing import Undone

BATCHES = (
    Field("id", "id", "Its number."),
    Field("kind", "text", "chat, pm, tips, tipmenu, people, follows, tokens or list.", foreign=False),
    Field("name", "text", "The file; - is stdin."),
    Field("room", "username", "Of which room; null where of none."),
    Field("at", "time", "When it was imported."),
    Field(
        "counts",
        "json",
        "How much of it was new, was known, and was left out for which reason.",
        secrecy="open",
    ),
    Field("undone_at", "time", "When it was taken back; null while it stands.", header="undone"),
)
UNDONE = (
    Field("id", "id", "The import."),
    Field("gone", "json", "How much of what went; with -n, would go.", secrecy="open"),
    Field("stay", "json", "How much stays, since somebody changed it.", secrecy="open"),
    Field("undone_at", "time", "When it was taken back; null with -n."),
)


@click.command("list", cls=Command, examples=["mhc import list", "mhc import list --json"])
@output_options(fields=BATCHES)
@common_options
@click.pass_context
def list_batches(ctx: click.Context, out: Writer) -> None:
    """List what was imported, the latest first."""
    from mhc.store import import_batches

    with database(ctx) as db, db.read() as conn:
        found = import_batches.list_all(conn)
    out.rows(BATCHES, out.ordered(BATCHES, found), nothing="nothing was imported: mhc import --help")


@click.command("undo", cls=Command, examples=["mhc import undo 1 -n", "mhc import undo 1 -y"])
@click.argument("number", metavar="ID", type=click.IntRange(min=1), help="Its number: mhc import list.")
@write_options
@record_options(fields=UNDONE)
@common_options
@click.pass_context
def undo(ctx: click.Context, out: Writer, number: int, dry_run: bool, yes: bool, no_input: bool) -> None:
    """Take back what an import brought.

    What somebody changed since stays, and is told. So do the people whom it made: mhc person forget takes them away.
    """
    from mhc.store import import_batches, undoing

    with database(ctx) as db:
        with db.read() as conn:
            batch = import_batches.find(conn, number)
            if batch is None:
                raise NotFoundError(f"no import {number}", hint="mhc import list")
            done = undoing.undo(conn, batch, write=False)
        if batch.undone_at is not None:
            say(ctx, f"import {number} was undone already")
            out.record(UNDONE, _row(number, undoing.Undone()) | {"undone_at": batch.undone_at})
            return
        at = None
        if not dry_run:
            question = f"Take back {_said(done.gone) or 'nothing'} of import {number}?"
            sure(question, yes=yes, no_input=no_input)
            at = utc_now()
            with db.write() as conn:
                done = undoing.undo(conn, batch, write=True)
                import_batches.mark_undone(conn, number, at)
            known_names.refresh(db, settings(ctx))
    out.record(UNDONE, _row(number, done) | {"undone_at": at})
    verb = "would take back" if dry_run else "took back"
    say(ctx, f"{verb} {_said(done.gone) or 'nothing'} of import {number}")
    if stay := _said(done.stay):
        say(ctx, f"changed since, and so left: {stay}")


def _row(number: int, done: "Undone") -> dict[str, object]:
    return {"id": number, "gone": dict(+done.gone), "stay": dict(+done.stay)}


def _said(counts: Counter[str]) -> str:
    return ", ".join(f"{name} {n:,}" for name, n in sorted((+counts).items()))
