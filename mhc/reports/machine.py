"""Checks of this machine: files and who may read them, disks, the state directory, the clock's zone, versions."""

import os
import platform
import shutil
import stat
from collections.abc import Iterable, Iterator, Sequence
from importlib.metadata import version
from pathlib import Path

from mhc import __version__
from mhc.config import Settings
from mhc.patterns import Pattern
from mhc.reports.findings import Finding, error, is_there, nearest, off, ok, warning

MIB, GIB = 1 << 20, 1 << 30
_TOO_FULL, _NEARLY_FULL, _NEARLY_FULL_SHARE = 100 * MIB, GIB, 0.05
_NETWORK = frozenset(
    {"nfs", "nfs4", "cifs", "smb3", "smbfs", "9p", "afs", "ceph", "glusterfs", "lustre", "davfs", "ncpfs"}
    | {f"fuse.{name}" for name in ("sshfs", "glusterfs", "s3fs", "rclone", "davfs", "ceph", "cifs", "goofys")}
)
_PART = Pattern(r"\..+\.[0-9a-f]{12}\.part")
_OCTAL = Pattern(r"\\([0-7]{3})")


def check(loaded: Settings, *, mounts: Path = Path("/proc/mounts")) -> Iterator[Finding]:
    """Check what lies on this machine."""
    database = loaded.database_file
    yield configuration(loaded)
    yield state_directory(loaded.state_dir)
    yield permissions(private_paths(loaded))
    yield unfinished({Path.cwd(), loaded.backup_dir, *([database.parent] if database else [])})
    for name, path in (("database", database), ("state", loaded.state_dir)):
        if path is not None:
            usage = shutil.disk_usage(nearest(path))
            yield disk(f"disk: {name}", usage.free, usage.total)
    if database is not None and mounts.is_file():
        yield file_system(database, mounts.read_text(encoding="utf-8", errors="replace"))
    yield time_zone(loaded)


def configuration(loaded: Settings) -> Finding:
    """Say which file was read. One that holds a secret and that others can read has been refused before."""
    path = loaded.config_path
    try:
        status = path.stat()
    except OSError:
        return off("configuration", f"no {path}: defaults and the environment hold", "mhc init")
    return ok("configuration", f"{path}, mode {stat.S_IMODE(status.st_mode):04o}")


def state_directory(path: Path) -> Finding:
    """Say whether locks and heartbeats can be written. Makes nothing."""
    there = nearest(path)
    if there == path and not path.is_dir():
        return error("state directory", f"{path} is no directory", "set MHC_STATE_DIR")
    if not there.is_dir() or not os.access(there, os.W_OK | os.X_OK):
        return error("state directory", f"cannot write to {there}", "set MHC_STATE_DIR")
    return ok("state directory", str(path) if there == path else f"{path}, to be made when it is needed")


def writable(check: str, path: Path, hint: str) -> Finding:
    """Say whether files can be made in a directory that must be there."""
    if not path.is_dir():
        return error(check, f"{path} is no directory", hint)
    if not os.access(path, os.W_OK | os.X_OK):
        return error(check, f"cannot write to {path}", hint)
    return ok(check, str(path))


def private_paths(loaded: Settings) -> list[Path]:
    """List what should be ours alone, where it is there."""
    found, database = [loaded.config_path, loaded.state_dir], loaded.database_file
    if database is not None:
        found += [database.with_name(database.name + end) for end in ("", "-wal", "-shm")]
    return [path for path in found if is_there(path)]


def permissions(paths: Sequence[Path]) -> Finding:
    """Say who else may look into these files and directories."""
    wrong = [f"{path} {reason}" for path in paths if (reason := _exposure(path.stat(), os.geteuid()))]
    if wrong:
        return warning("permissions", "; ".join(wrong), "chmod 600 the files, 700 the directories")
    return ok("permissions", "yours alone" if paths else "no files yet")


def _exposure(status: os.stat_result, user: int) -> str | None:
    if status.st_uid != user:
        return "belongs to another user"
    mode = stat.S_IMODE(status.st_mode)
    return f"is open to others (mode {mode:04o})" if mode & 0o077 else None


def unfinished(folders: Iterable[Path]) -> Finding:
    """Name the files that a backup, a restore or an export was writing, and that a kill left: each may be a whole copy."""
    found = [str(path) for folder in sorted(folders) for path in _files(folder) if _PART.fullmatch(path.name)]
    if found:
        hint = "remove them, unless a backup, a restore or an export is at work"
        return warning("unfinished files", "; ".join(found), hint)
    return ok("unfinished files", "none")


def _files(folder: Path) -> list[Path]:
    try:
        return sorted(folder.iterdir())
    except OSError:  # not there, or not for us to see
        return []


def disk(check: str, free: int, total: int) -> Finding:
    """Judge the room that is left on a disk, in bytes."""
    said = f"{free / GIB:.1f} GiB free of {total / GIB:.1f}" if free >= GIB else f"{free // MIB} MiB free"
    hint = "free some space: a full disk pauses the capture"
    if free < _TOO_FULL:
        return error(check, said, hint)
    if free < _NEARLY_FULL or free < total * _NEARLY_FULL_SHARE:
        return warning(check, said, hint)
    return ok(check, said)


def file_system(database: Path, mounts: str) -> Finding:
    """Say whether a SQLite file lies on a network file system, where its locks cannot be trusted."""
    kind = kind_of(nearest(database).resolve(), mounts.splitlines())
    if kind in _NETWORK:
        hint = "put the file on a disk of this machine, or use PostgreSQL"
        return warning("file system", f"{database} lies on a network file system ({kind})", hint)
    return ok("file system", kind or "not known")


def kind_of(path: Path, mounts: Iterable[str]) -> str | None:
    """Give the type of the file system that is mounted nearest above a path; of equals the later hides the earlier."""
    found: tuple[int, str] = (-1, "")
    for line in mounts:
        parts = line.split(" ")
        if len(parts) < 3:
            continue
        point = Path(_OCTAL.sub(lambda code: chr(int(code[1], 8)), parts[1]))
        if path.is_relative_to(point) and len(point.parts) >= found[0]:
            found = len(point.parts), parts[2]
    return found[1] or None


def time_zone(loaded: Settings) -> Finding:
    """Say in which zone times are shown."""
    name = loaded.timezone.key or "without a name"
    source = "the system's" if loaded.origin("MHC_TIMEZONE") == "default" else "MHC_TIMEZONE"
    return ok("time zone", f"{name} ({source})")


def versions() -> Finding:
    """Say what runs here."""
    parts = [
        f"mhc {__version__}",
        f"Python {platform.python_version()}",
        f"SQLAlchemy {version('sqlalchemy')}",
    ]
    return ok("versions", ", ".join([*parts, platform.system()]))
