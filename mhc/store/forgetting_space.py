"""Bytes that were deleted, and still stand on the disk until the database gives up their space."""

import sqlite3
import time
from contextlib import closing
from pathlib import Path

from sqlalchemy import Connection, text

from mhc.errors import AccessError, TryLaterError
from mhc.store import failures, personal
from mhc.store.database import Database
from mhc.store.failures import MissingRightError
from mhc.store.schema import rejected_event

_PATIENCE = 10.0  # seconds, with who still reads what is to go
_PAUSE = 0.2


def free(db: Database) -> None:
    """Write the tables anew without what was deleted, and see it off the disk.

    Raises TryLaterError where somebody else reads the former state, AccessError where a right is missing.
    """
    db.close()  # a connection of our own may stand in the way
    if db.path is not None:
        _free_file(db.path.resolve(), db.name)
    else:
        _free_server(db)


def _free_file(path: Path, name: str) -> None:
    with (
        failures.translated(name),
        closing(sqlite3.connect(path, timeout=_PATIENCE, isolation_level=None)) as conn,
    ):
        conn.execute("PRAGMA secure_delete=ON")
        conn.execute("VACUUM")
        busy = conn.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0]
    if busy:
        raise TryLaterError(f"another process still reads {name} as it was", hint="run it again")


def _free_server(db: Database) -> None:
    with db.outside() as conn:
        conn.execute(text(f"SET lock_timeout = '{_PATIENCE:.0f}s'"))
        names = _tables()
        _refuse_foreign(conn, names)
        _await_readers(conn, db.name)
        for name in names:
            conn.execute(text(f"VACUUM (FULL, ANALYZE) {name}"))
        # What ANALYZE once learned: the most common values of each column, names among them.
        _refuse_foreign_statistics(conn)
        conn.execute(text("VACUUM (FULL) pg_catalog.pg_statistic"))
        _checkpoint(conn)
        conn.execute(text("RESET lock_timeout"))


def _tables() -> list[str]:
    named = {one.table.name for one in personal.tables()} | {one.table.name for one in personal.texts()}
    return sorted(named | set(personal.PARTS) | {rejected_event.name})


def _refuse_foreign(conn: Connection, names: list[str]) -> None:
    """Raise AccessError where a table is not ours: the server would warn, and pass it over."""
    query = text(
        "SELECT relname FROM pg_class WHERE oid = to_regclass(:name) AND NOT pg_has_role(relowner, 'USAGE')"
    )
    for name in names:
        if conn.execute(query, {"name": name}).scalar() is not None:
            raise AccessError(
                f"only the owner of the table {name} may free its space", hint="run it again as its owner"
            )


def _await_readers(conn: Connection, name: str) -> None:
    """Wait until nobody can see what was deleted any more: the server would keep it for them."""
    now = conn.execute(text("SELECT CAST(CAST(pg_current_xact_id() AS xid) AS text)")).scalar_one()
    query = text(
        "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
        " AND (age(backend_xmin) > age(CAST(:now AS xid)) OR age(backend_xid) > age(CAST(:now AS xid)))"
    )
    until = time.monotonic() + _PATIENCE
    while conn.execute(query, {"now": now}).scalar_one():
        if time.monotonic() >= until:
            raise TryLaterError(f"another connection still reads {name} as it was", hint="run it again")
        time.sleep(_PAUSE)


def _refuse_foreign_statistics(conn: Connection) -> None:
    """Raise AccessError where the server would pass its statistics over."""
    query = text("SELECT pg_has_role(datdba, 'USAGE') FROM pg_database WHERE datname = current_database()")
    if not conn.execute(query).scalar():
        raise AccessError(
            "only the owner of the database may free what the server's statistics know of a name",
            hint="run it again as its owner; all else is forgotten",
        )


def _checkpoint(conn: Connection) -> None:
    try:
        with failures.translated("the database"):
            conn.execute(text("CHECKPOINT"))
    except MissingRightError as error:
        raise AccessError(
            "the role may not have the server write what it holds in memory (CHECKPOINT)",
            hint="GRANT pg_checkpoint TO it, then run it again; all else is forgotten",
        ) from error
