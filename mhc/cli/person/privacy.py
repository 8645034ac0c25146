"""`mhc person export|forget`: all that is held about somebody, and its end."""

import sys
from collections.abc import Iterator
from typing import TYPE_CHECKING

import click

from mhc import audit
from mhc.cli import complete
from mhc.cli import names as known_names
from mhc.cli.context import database, settings, utc_now
from mhc.cli.lookups import person as find_person
from mhc.cli.lookups import username
from mhc.cli.options import Command, common_options, output_options, write_options
from mhc.cli.output import Field, Writer
from mhc.cli.render import json_text
from mhc.cli.telling import say
from mhc.cli.transfer import target_file
from mhc.cli.unmasking import unmask_options
from mhc.config import check_option
from mhc.domain.counted import counted
from mhc.errors import NotFoundError, UsageError

if TYPE_CHECKING:
    from mhc.capture.forgetting import Forgetting
    from mhc.config import Settings
    from mhc.store.database import Database

FORGOTTEN = (
    Field("what", "text", "The table; spool and crash files are in the state directory.", foreign=False),
    Field("gone", "int", "Rows of theirs that go."),
    Field("replaced", "int", "Texts of others in which a word stands in the place of the name."),
)


@click.command(
    cls=Command,
    examples=[
        "mhc person export viewer_one",
        "mhc person export viewer_one --private --reveal --out viewer_one.jsonl",
    ],
)
@click.argument("name", metavar="NAME", help="Any name of the person.", shell_complete=complete.people)
@click.option(
    "--out",
    metavar="FILE",
    help="A file of yours alone, instead of stdout (-); one that is there is refused.",
)
@unmask_options(
    reveal="With what they tipped anonymously, and their private names.",
    private="With the private messages.",
    elsewhere=True,
)
@common_options
@click.pass_context
def export(ctx: click.Context, name: str, out: str | None, reveal: bool, private: bool) -> None:
    """Write everything that is held about a person, from every table, as JSON lines.

    One line a row: its table, and the row as it is stored, with what was received of an event unpacked. What --private
    and --reveal do not show is null or left out. People in a row have their names beside their numbers.
    """
    from mhc.store import person_export

    check_option("--out", out)
    loaded = settings(ctx)
    out = None if out == "-" else out
    if out is None and sys.stdout.isatty() and loaded.screen_safe:
        raise UsageError("MHC_SCREEN_SAFE is set, and an export hides nothing", hint="--out FILE")
    with database(ctx) as db:
        with db.read() as conn:
            who = find_person(conn, name)
        audit.ensure_writable(loaded.state_dir)
        number = 0
        try:
            with target_file(out, replace=False) as file:
                for table, row in person_export.rows(db, who.id, reveal=reveal, private=private):
                    file.write(json_text({"table": table, "row": row}) + "\n")
                    number += 1
        finally:
            facts = {"file": out or "-", "rows": number, "private": private, "reveal": reveal}
            audit.record(loaded.state_dir, "person export", at=utc_now(), **facts)
    if out is not None:
        say(ctx, f"exported {counted(number, 'row')} to {out}")


@click.command(
    cls=Command,
    examples=["mhc person forget viewer_one -n", "mhc person forget viewer_two --keep-amounts -y"],
)
@click.argument("name", metavar="NAME", help="Any name of the person.", shell_complete=complete.people)
@click.option("--keep-amounts", is_flag=True, help="Keep what they paid, under a random name.")
@click.option("--block", is_flag=True, help="Keep nothing of them in future, either.")
@write_options
@output_options(fields=FORGOTTEN)
@common_options
@click.pass_context
def forget(
    ctx: click.Context,
    out: Writer,
    name: str,
    keep_amounts: bool,
    block: bool,
    dry_run: bool,
    yes: bool,
    no_input: bool,
) -> None:
    """Forget a person: their texts, names, notes and events go, everywhere, and for good.

    Asks for the name to be typed. What an import, a replay or a restore brings back of them comes without a name;
    what they do from now on makes a new person, unless they are blocked. Stopped on the way, it goes on when called
    again. docs/privacy.md says what stays, and what cannot be reached.
    """
    from mhc.capture import forgetting
    from mhc.capture.forgetting import Forgetting, Wish

    loaded, wanted = settings(ctx), username(name)
    wish = Wish(wanted, utc_now(), keep_amounts, block, [room.name for room in loaded.rooms])
    with database(ctx) as db:
        job = Forgetting(db, loaded.state_dir, loaded.merge_gap, wish)
        job.refresh_names = lambda: known_names.refresh(db, loaded)
        if not _is_to_do(ctx, db, job, wanted):
            return
        if dry_run:
            forgetting.preview(job)
        else:
            _ask(wanted, yes=yes, no_input=no_input)
            audit.ensure_writable(loaded.state_dir)
            try:
                forgetting.run(job)
            finally:
                facts = {"hash": _hash(loaded, wanted), "kept_amounts": keep_amounts, "blocked": block}
                audit.record(loaded.state_dir, "person forget", at=utc_now(), **facts, rows=job.gone)
    out.rows(FORGOTTEN, out.ordered(FORGOTTEN, _rows(job)), nothing="there is nothing of them in the tables")
    _tell(out, loaded, db, job)


def _is_to_do(ctx: click.Context, db: "Database", job: "Forgetting", name: str) -> bool:
    """Whether there is somebody to forget, or an erasure that was stopped. Raises NotFoundError, ConfigError."""
    from mhc.store import erasures, forgetting

    with db.read() as conn:
        key = erasures.need_key(conn)
        known = erasures.load(conn).of(name) if key else None
        if known is not None and not forgetting.find(conn, name).ids and not job.wish.block:
            if known.done_at is not None:
                say(ctx, f"{name} was forgotten already")
                return False
            return True
        try:
            find_person(conn, name)
        except NotFoundError:
            if known is None:
                raise
    return True


def _ask(name: str, *, yes: bool, no_input: bool) -> None:
    if yes:
        return
    if no_input or not (sys.stdin.isatty() and sys.stderr.isatty()):
        raise UsageError(f"all that is known of {name} would be gone for good", hint="-y, where it may be")
    typed = click.prompt(f"All that is known of {name} goes for good. Type the name", err=True)
    if username(typed) != name:
        raise click.Abort


def _hash(loaded: "Settings", name: str) -> str:
    from mhc.domain.erasing import digest

    return digest(loaded.erasure_key.reveal(), name) if loaded.erasure_key else ""


def _rows(job: "Forgetting") -> Iterator[dict[str, object]]:
    for what in sorted(job.gone.keys() | job.replaced.keys()):
        yield {"what": what, "gone": job.gone[what], "replaced": job.replaced[what]}


def _tell(out: Writer, loaded: "Settings", db: "Database", job: "Forgetting") -> None:
    """Say who has the amounts, and what cannot be reached."""
    from mhc.capture import forgetting_files

    if job.heir is not None:
        out.message(f"what they paid is kept under {job.heir}")
    for name in job.subject.shared:
        out.warn(f"{name} is, or was, a name of somebody else, too: there it stays")
    for path in forgetting_files.out_of_reach(loaded.state_dir, loaded.backup_dir, db.path, job.subject):
        out.warn(f"not reached: {path}")
    if not db.is_sqlite:
        out.warn(
            "not reached: the server's write-ahead log until it is written over, archives of it, replicas"
        )
    out.message("not reached: exports, copies and backups elsewhere")
