"""A folder of backups: one made, verified and named by its time; those that the policy does not keep removed after it."""

import fcntl
import os
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from secrets import token_hex

from mhc.domain import retention
from mhc.domain.retention import Policy
from mhc.errors import (
    CheckError,
    ConfigError,
    NotFoundError,
    TryLaterError,
    UsageError,
    of_os_error,
)
from mhc.store import backup_postgres, backup_sqlite, files, manifests, schema
from mhc.store.database import Database
from mhc.store.manifests import Manifest

_NAME = re.compile(r"mhc-([0-9]{8}T[0-9]{6}Z)\.(?:db|dump)", re.ASCII)
_PART = re.compile(r"\.mhc-[0-9]{8}T[0-9]{6}Z\.(?:db|dump)(?:\.json)?\.[0-9a-f]{12}\.part", re.ASCII)
_TIME = "%Y%m%dT%H%M%SZ"


@dataclass(frozen=True, slots=True)
class Backup:
    """A file of the folder; `manifest` None where it has none, or a damaged one."""

    path: Path
    at: datetime
    manifest: Manifest | None


def named(db: Database, folder: Path, at: datetime) -> Path:
    """Give the path of the backup of an instant."""
    return folder / f"mhc-{at.astimezone(UTC):{_TIME}}.{'db' if db.is_sqlite else 'dump'}"


def listed(folder: Path) -> list[Backup]:
    """Give the backups of a folder, the newest first."""
    with _failures(folder):
        found = [
            Backup(path, at, _manifest_or_none(path))
            for path in (folder.iterdir() if folder.is_dir() else ())
            if (at := _time_of(path.name))
        ]
    return sorted(found, key=lambda one: (one.at, one.path.name), reverse=True)


def _time_of(name: str) -> datetime | None:
    """Give the time in the name of a backup; None where it is none of ours."""
    match = _NAME.fullmatch(name)
    try:
        return datetime.strptime(match[1], _TIME).replace(tzinfo=UTC) if match else None
    except ValueError:  # as of 31 February
        return None


def _manifest_or_none(path: Path) -> Manifest | None:
    try:
        return manifests.read(path)
    except CheckError:
        return None


def surplus(known: Sequence[Backup], database: str, policy: Policy, *, adding: datetime) -> list[Backup]:
    """Give the backups of a database that are no longer kept once there is one of `adding`.

    Only those that were verified, and say so, are ever removed; and never the one of `adding`, whatever the clock says.
    """
    adding = adding.replace(microsecond=0)
    mine = [one for one in known if one.manifest is not None and one.manifest.database == database]
    stay = retention.kept([adding, *(one.at for one in mine)], policy) | {adding}
    return [one for one in mine if one.at not in stay]


def keep(db: Database, folder: Path, policy: Policy, at: datetime) -> tuple[Path, Manifest, list[Path]]:
    """Make a backup in a folder, then remove what the policy no longer keeps; give the removed, too.

    Nothing is removed unless the new one is verified and on the disk.
    """
    with _failures(folder):
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        with _alone(folder):
            for left in folder.iterdir():
                if _PART.fullmatch(left.name):  # of a backup that was killed
                    left.unlink()
            name_at = at
            while (path := named(db, folder, name_at)).exists():  # two in a second
                name_at += timedelta(seconds=1)
            manifest = make(db, path, at)
            gone = surplus(listed(folder), db.address, policy, adding=name_at)
            for one in gone:
                one.path.unlink()
                manifests.path_of(one.path).unlink()
    return path, manifest, [one.path for one in gone]


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """Keep other backups out of a folder. Raises TryLaterError where one is being made there."""
    handle = os.open(folder / ".lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise TryLaterError(f"another backup is being made in {folder}") from None
        yield
    finally:
        os.close(handle)


def make(db: Database, target: Path, at: datetime) -> Manifest:
    """Make a backup: written beside its place, verified, on the disk, and only then there, its manifest beside it."""
    if db.is_empty():
        raise NotFoundError(f"there is nothing to back up in {db.name}")
    state = db.schema_state()
    if state is None or state[1] == schema.UNFINISHED:
        raise ConfigError(
            f"{db.name} {'has no schema of mhc' if state is None else 'is a copy that is not finished'}"
        )
    beside = manifests.path_of(target)
    if target.exists():
        raise UsageError(f"{target} is already there; mhc does not overwrite it")
    part = target.with_name(f".{target.name}.{token_hex(6)}.part")
    with _failures(target), files.new(part) as file:
        if db.is_sqlite:
            contents, verified, origin = backup_sqlite.dump(db, part), "restored", None
        else:
            contents, origin = backup_postgres.dump(db, file)
            files.sync(file)
            verified = backup_postgres.verify(db, part, origin, contents)
        files.sync(file)
        size, digest = manifests.checksum(part)
        made = Manifest(at, db.address, origin, size, digest, verified, contents)
        beside.unlink(missing_ok=True)  # of a backup that was killed before it had its name
        manifests.write(beside, made)
        try:
            part.rename(target)
        except OSError:
            beside.unlink()
            raise
        files.sync_directory(target.parent)
    return made


def verify(path: Path) -> Manifest:
    """Compare a backup with its manifest, and read all of it. Raises CheckError where it is damaged."""
    with _failures(path):
        if not path.is_file():
            raise NotFoundError(f"there is no backup {path}")
        manifest = manifests.read(path)
        if manifest is None:
            raise CheckError(
                f"{path} has no manifest, so nobody can say whether it is whole",
                hint=f"it is {manifests.path_of(path).name}, made with the backup",
            )
        if manifests.checksum(path) != (manifest.bytes, manifest.sha256):
            raise CheckError(f"{path} is damaged: its checksum is not that of its manifest")
    if manifest.origin is not None:
        backup_postgres.read_through(path, manifest.origin.server)
    elif wrong := manifest.contents.differences(backup_sqlite.check(path)):
        raise CheckError(f"{path} is damaged: {wrong[0]}")
    return manifest


def refuse_unfit(db: Database, path: Path, manifest: Manifest) -> None:
    """Raise where a backup cannot be restored into a database by this program."""
    if (manifest.origin is None) != db.is_sqlite:
        kind = "SQLite" if manifest.origin is None else "PostgreSQL"
        raise UsageError(
            f"{path} is a backup of {kind}, and {db.name} is not",
            hint="restore it into a database of its kind, then: mhc db copy",
        )
    if manifest.contents.compatibility > schema.COMPATIBILITY:
        raise ConfigError(
            f"the schema of {path} is number {manifest.contents.compatibility},"
            f" this mhc knows {schema.COMPATIBILITY}",
            hint="install a newer mhc",
        )


def restore(db: Database, path: Path, manifest: Manifest, at: datetime) -> Path | None:
    """Put a backup that was verified in the database's place; give where the SQLite file lies that it replaced."""
    if manifest.origin is not None:
        backup_postgres.restore(db, path, manifest.origin.schema, manifest.contents)
        return None
    assert db.path is not None
    place = db.path.resolve()
    aside = place.with_name(f"{place.name}.replaced-{at.astimezone(UTC):{_TIME}}")
    with _failures(db.path):
        return aside if backup_sqlite.restore(db, path, aside) else None


@contextmanager
def _failures(path: Path) -> Iterator[None]:
    """Turn what a disk refuses into an error that names the file."""
    try:
        yield
    except OSError as error:
        raise of_os_error(error, os.fsdecode(error.filename or path)) from error
