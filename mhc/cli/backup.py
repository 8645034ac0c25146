"""`mhc db backup` and `mhc db restore`: the whole database in a file, and back."""

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from mhc.cli import names as known_names
from mhc.cli.context import database, settings, utc_now
from mhc.cli.options import Command, common_options, record_options, write_options
from mhc.cli.output import Field, Writer
from mhc.config import check_option
from mhc.domain.counted import counted
from mhc.errors import CheckError, ConfigError, DataError, UsageError

if TYPE_CHECKING:
    from mhc.config import Settings
    from mhc.store.database import Database
    from mhc.store.erasures_kept import Kept
    from mhc.store.manifests import Manifest

BACKUP = (
    Field("file", "text", "The backup.", foreign=False),
    Field("made_at", "time", "When it was made."),
    Field("database", "text", "Of which database; null where no manifest says it.", table=False),
    Field("revision", "text", "The schema's revision.", foreign=False, table=False),
    Field("bytes", "int", "Its size."),
    Field("events", "int", "Events in it."),
    Field("people", "int", "People in it, those included that were merged into others."),
    Field(
        "verified",
        "text",
        "restored, or read where nothing could be restored; null: not yet, or not sound.",
        foreign=False,
    ),
    Field("removed", "list", "Older backups that are no longer kept.", foreign=False),
)
RESTORED = (
    Field("file", "text", "The backup.", foreign=False),
    Field("database", "text", "The database that holds it now.", foreign=False),
    Field("revision", "text", "The schema's revision that the backup had.", foreign=False),
    Field("events", "int", "Events in it."),
    Field("people", "int", "People in it, those included that were merged into others."),
    Field("sound", "bool", "Whether `mhc db check` finds nothing; null with --dry-run."),
    Field("problems", "list", "What it finds.", foreign=False),
    Field("replaced", "text", "Where the SQLite file lies that was there before.", foreign=False),
)


@click.command(
    cls=Command,
    examples=["mhc db backup", "mhc db backup --dir backups", "mhc db backup --list", "mhc db backup -n"],
)
@click.option("--out", "out_file", metavar="FILE", help="Write this file, and remove none.")
@click.option("--dir", "folder", metavar="DIR", help="The folder of the backups (default: [backup] dir).")
@click.option("--verify", metavar="FILE", help="Verify a backup that was made before; 4 where it is damaged.")
@click.option("--list", "list_them", is_flag=True, help="List the backups of the folder, the newest first.")
@write_options
@record_options(fields=BACKUP)
@common_options
@click.pass_context
def backup(
    ctx: click.Context,
    /,
    out: Writer,
    out_file: str | None,
    folder: str | None,
    verify: str | None,
    list_them: bool,
    dry_run: bool,
    **_asked: bool,
) -> None:
    """Make a backup, verify it, and remove what is no longer kept.

    It may run while others write. What is there already stays until the new one is whole and on the disk; then the
    newest of each of the last 24 hours, 7 days, 4 weeks and 12 months is kept ([backup] in config.toml).
    """
    from mhc.jobs import db_backup
    from mhc.store import backups

    asked = {"--out": out_file, "--verify": verify, "--dir": folder}
    for option, value in asked.items():
        check_option(option, value)
    if sum((out_file is not None, verify is not None, list_them)) > 1 or (folder and (out_file or verify)):
        raise UsageError("--out, --verify and --list contradict each other; --dir goes with --list only")
    loaded = settings(ctx)
    where = Path(folder).absolute() if folder else loaded.backup_dir
    if list_them:
        out.rows(BACKUP, [_row(one.path, one.manifest) for one in backups.listed(where)])
        return
    if verify:
        path = Path(verify).absolute()
        out.record(BACKUP, _row(path, backups.verify(path)))
        return
    target = Path(out_file).absolute() if out_file else None
    with database(ctx) as db:
        if dry_run:
            out.record(BACKUP, _plan(db, loaded, where, target))
            return
        made = db_backup.back_up(db, loaded, utc_now, folder=where, target=target)
    if made.manifest.verified == "read":
        out.warn("read through, not restored: the role may not create a database to restore it into")
    out.record(BACKUP, _row(made.path, made.manifest, made.removed))


def _plan(db: "Database", loaded: "Settings", folder: Path, target: Path | None) -> dict[str, object]:
    """Give what a backup would write and remove."""
    from mhc.jobs import db_backup
    from mhc.store import backups

    now, policy = utc_now(), db_backup.policy(loaded)
    gone = [] if target else backups.surplus(backups.listed(folder), db.address, policy, adding=now)
    return _row(target or backups.named(db, folder, now), None, [one.path for one in gone]) | {
        "database": db.address
    }


def _row(path: Path, made: "Manifest | None", gone: Sequence[Path] = ()) -> dict[str, object]:
    row: dict[str, object] = dict.fromkeys(field.name for field in BACKUP)
    row |= {"file": str(path), "removed": [str(one) for one in gone]}
    if made is not None:
        row |= {"made_at": made.made_at, "database": made.database, "revision": made.contents.revision}
        row |= {"bytes": made.bytes, "events": made.contents.events, "people": made.contents.people}
        row |= {"verified": made.verified}
    return row


@click.command(
    cls=Command,
    examples=["mhc db restore night.backup -n", "mhc db restore night.backup -y"],
)
@click.argument("backup_file", metavar="FILE", help="The backup; its manifest lies beside it.")
@write_options
@record_options(fields=RESTORED)
@common_options
@click.pass_context
def restore(
    ctx: click.Context, out: Writer, backup_file: str, dry_run: bool, yes: bool, no_input: bool
) -> None:
    """Put a backup in the database's place.

    Asks before anything that is there is replaced. Ends with 4 where the backup is damaged, and with 75 while a
    listener is at work. A SQLite file that was there before is kept beside it, under another name.
    """
    from mhc import audit
    from mhc.store import backups, inventory

    loaded = settings(ctx)
    path = Path(backup_file).absolute()
    made = backups.verify(path)
    row: dict[str, object] = dict.fromkeys(field.name for field in RESTORED)
    row |= {"file": str(path), "revision": made.contents.revision}
    row |= {"events": made.contents.events, "people": made.contents.people, "problems": []}
    with database(ctx) as db:
        row["database"] = db.name
        backups.refuse_unfit(db, path, made)
        holds_data = _look(db, loaded)
        if not dry_run:
            if holds_data and not yes:
                _ask(db.name, no_input=no_input)
            known = _erasures(db, loaded)
            audit.record(loaded.state_dir, "db restore begun", at=utc_now(), file=path)
            replaced = backups.restore(db, path, made, utc_now())
            audit.record(loaded.state_dir, "db restore", at=utc_now(), file=path, events=made.contents.events)
            if again := _forget_again(db, loaded, known):
                out.message(
                    counted(
                        again,
                        "name in it was forgotten since, and is forgotten again",
                        "names in it were forgotten since, and are forgotten again",
                    )
                )
            problems = inventory.problems(db, loaded.merge_gap)
            known_names.refresh(db, loaded)
            row |= {"problems": problems, "sound": not problems, "replaced": replaced and str(replaced)}
    out.record(RESTORED, row)
    if row["problems"]:
        raise CheckError(f"{db.name} is restored, and is not sound", hint="mhc db check --repair")


def _look(db: "Database", loaded: "Settings") -> bool:
    """Say whether a database holds data. Raises TryLaterError while a listener is at work on it."""
    from mhc.capture import at_work
    from mhc.store import contents

    hint = "stop it first"
    try:
        at_work.refuse(db, loaded.state_dir, utc_now(), hint=hint)
        if db.is_empty():
            return False
        with db.look() as conn:
            return not contents.is_bare(conn)
    except DataError:  # damaged: why else would one restore
        at_work.refuse_any(loaded.state_dir, hint=hint)
        return True


def _erasures(db: "Database", loaded: "Settings") -> "Kept":
    """Give who was forgotten in a database that will be replaced. Raises ConfigError without the key to them."""
    from mhc.store import erasures, erasures_kept

    known = erasures_kept.of(loaded.state_dir, db)
    if known and loaded.erasure_key is None:
        raise ConfigError(
            erasures.NO_KEY, hint="set it: a backup may hold them, and they are forgotten again"
        )
    return known


def _forget_again(db: "Database", loaded: "Settings", known: "Kept") -> int:
    """Forget again whom a backup brought back; give how many names that were."""
    from mhc.capture import forgetting

    if not known:
        return 0
    return forgetting.again(db, loaded.state_dir, loaded.merge_gap, known, utc_now())


def _ask(name: str, *, no_input: bool) -> None:
    if no_input or not (sys.stdin.isatty() and sys.stderr.isatty()):
        raise UsageError(f"{name} holds data that would be replaced", hint="-y, where it may be")
    click.confirm(f"Replace what {name} holds?", abort=True, err=True)
