"""Backups of a SQLite database: a file that is a database itself, made while others write."""

import os
import shutil
import sqlite3
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager, nullcontext
from pathlib import Path
from secrets import token_hex
from urllib.parse import quote

from sqlalchemy import Connection, NullPool, create_engine

from mhc.errors import CheckError, DataError, TryLaterError
from mhc.store import contents, failures, files, inventory, migrate
from mhc.store.contents import Contents
from mhc.store.database import Database

_BUSY_SECONDS = 5.0
_TARGETS_FAULT = ("SQLITE_FULL", "SQLITE_IOERR", "SQLITE_CANTOPEN", "SQLITE_READONLY")


def dump(db: Database, target: Path) -> Contents:
    """Write a copy of the database into an empty file, and compare the two; give what it holds.

    The copy is one state of the database, later than the first look at it and earlier than the last.
    """
    assert db.path is not None
    with db.look() as conn:
        before = contents.read(conn)
    written = _vacuum(db.path, target)
    copied = check(target)
    with db.look() as conn:
        after = contents.read(conn)
    if wrong := _differences(before, copied, after, written=written):
        raise CheckError(f"the copy of {db.name} is not what it holds: {'; '.join(wrong)}")
    return copied


def _vacuum(path: Path, target: Path) -> bool:
    """Write the copy; give whether somebody wrote to the database meanwhile."""
    with (
        failures.translated(str(path)),
        closing(_connect(path, "ro")) as source,
        closing(_connect(path, "ro")) as witness,
    ):
        was = _version(witness)
        try:
            _run(source, "VACUUM INTO ?", str(target))
        except sqlite3.Error as error:
            with failures.translated(str(target.parent if _is_targets(error) else path)):
                raise
        return _version(witness) != was


def _run(conn: sqlite3.Connection, statement: str, value: str) -> None:
    """Run a statement that may take minutes so that a signal ends it: in a thread, for the library heeds none."""
    with ThreadPoolExecutor(1) as pool:
        running = pool.submit(conn.execute, statement, (value,))
        try:
            running.result()
        except BaseException:
            conn.interrupt()
            raise


def _differences(before: Contents, copied: Contents, after: Contents, *, written: bool) -> list[str]:
    """Say in what a copy is not what its source held before and after it. Events are only ever added."""
    if not (written or before.differences(after)):
        return before.differences(copied)
    if before.events <= copied.events <= after.events:
        return []
    return [f"event has {copied.events} rows, not {before.events} to {after.events}"]


def _is_targets(error: sqlite3.Error) -> bool:
    return str(getattr(error, "sqlite_errorname", "")).startswith(_TARGETS_FAULT)


def _version(conn: sqlite3.Connection) -> int:
    return int(conn.execute("PRAGMA data_version").fetchone()[0])


def _connect(path: Path, mode: str, more: str = "") -> sqlite3.Connection:
    uri = f"file:{quote(str(path))}?mode={mode}{more}"
    return sqlite3.connect(
        uri, uri=True, timeout=_BUSY_SECONDS, isolation_level=None, check_same_thread=False
    )


def check(path: Path) -> Contents:
    """Open a backup as a database, check all of it, and give what it holds. Raises CheckError where it is damaged."""
    with _opened(path) as conn:
        found = inventory.damage(conn)
        if found:
            raise CheckError(f"{path} is damaged: {found[0]}")
        return contents.read(conn)


@contextmanager
def _opened(path: Path) -> Iterator[Connection]:
    """Give a connection to a file that nobody writes, which leaves nothing beside it."""
    engine = create_engine(
        "sqlite://",
        creator=lambda: _connect(path, "ro", "&immutable=1"),
        poolclass=NullPool,
        hide_parameters=True,
    )
    try:
        with failures.translated(str(path)), engine.connect() as conn:
            yield conn
    except DataError as error:
        raise CheckError(f"{path} is damaged: {error.message}") from error


def restore(db: Database, made: Path, aside: Path) -> bool:
    """Put a verified backup in the database's place; what was there is kept as `aside`. Give whether there was one.

    Under the database's name there is the one or the other at every moment.
    """
    assert db.path is not None
    place = db.path.resolve()  # a link stays one
    folder = place.parent
    with failures.translated(db.name):
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        fresh = folder / f".{place.name}.{token_hex(6)}.part"
        try:
            _copy(made, fresh)
            _make_ready(fresh)
            db.close()
            had = place.exists()
            with _put_aside(place, aside) if had else nullcontext():
                _move_logs(place, aside)
                fresh.replace(place)
            files.sync_directory(folder)
        finally:
            fresh.unlink(missing_ok=True)
    return had


def _copy(made: Path, fresh: Path) -> None:
    with made.open("rb") as source, files.new(fresh) as target:
        shutil.copyfileobj(source, target, 1 << 20)
        files.sync(target)


def _make_ready(fresh: Path) -> None:
    """Bring a restored file to the newest schema, and to the journal that every database of ours has."""
    with closing(Database(f"sqlite:///{fresh}")) as db:
        migrate.upgrade(db)
    _set_journal(fresh, "wal")


@contextmanager
def _put_aside(path: Path, aside: Path) -> Iterator[None]:
    """Keep a database under another name, too, and everybody out of it until its place is taken.

    Raises TryLaterError where another process has it open. It stays without a log: who opened it before and looks into
    it afterwards would make one under the former name, which is the new one's now.
    """
    with closing(_connect(path, "rw")) as conn:
        try:
            # Without its log it is one file; and that can be taken away only where nobody else has it open.
            conn.execute("PRAGMA journal_mode=delete")
            conn.execute("BEGIN EXCLUSIVE")
            if conn.execute("PRAGMA journal_mode").fetchone() != ("delete",):
                raise _is_open(path)
        except sqlite3.OperationalError as error:
            if error.sqlite_errorname.startswith(("SQLITE_BUSY", "SQLITE_LOCKED")):
                raise _is_open(path) from error
            raise
        except sqlite3.DatabaseError:  # damaged: kept as it lies there, for who can make something of it
            conn.close()
        os.link(path, aside)
        yield


def _is_open(path: Path) -> TryLaterError:
    return TryLaterError(f"another process has {path} open", hint="stop it first")


def _move_logs(path: Path, aside: Path) -> None:
    """Keep what was not yet written to a former file, damaged or gone, away from the new one."""
    for end in ("-wal", "-shm", "-journal"):
        log = path.with_name(path.name + end)
        if log.exists():
            log.rename(aside.with_name(aside.name + end))


def _set_journal(path: Path, mode: str) -> None:
    with closing(_connect(path, "rw")) as conn:
        conn.execute(f"PRAGMA journal_mode={mode}")
