"""What a database says of itself: reachable, which version, which settings, which rights. Judges nothing."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import Connection, text

from mhc.domain.clock import from_ms
from mhc.store import schema
from mhc.store.database import Database

_RIGHTS = ("SELECT", "INSERT", "UPDATE", "DELETE")


@dataclass(frozen=True, slots=True)
class SqliteFacts:
    """A SQLite file and the library that reads it."""

    version: tuple[int, ...]
    journal_mode: str


@dataclass(frozen=True, slots=True)
class PostgresFacts:
    """A PostgreSQL server, and what our role may do in the database."""

    version: int  # as server_version_num
    encoding: str
    read_only: bool
    fsync: bool
    may_create: bool  # tables in our schema: for upgrades
    missing_rights: Sequence[str]  # such as "INSERT on event"
    clock: datetime
    asked_at: datetime  # by our clock, in the middle of asking
    doubt: timedelta  # half of what asking took


@dataclass(frozen=True, slots=True)
class Facts:
    """A database that answered. `schema` is revision and compatibility number, None where there is none."""

    name: str
    schema: tuple[str, int] | None
    engine: SqliteFacts | PostgresFacts


def read(db: Database) -> Facts | None:
    """Give what the database says; None where there is nothing yet. Creates nothing. Raises MhcError."""
    if db.is_empty():
        if db.is_sqlite:
            return None
        state = None
    else:
        state = db.schema_state()
    with db.look() as conn:
        return Facts(
            db.name, state, _sqlite(conn) if db.is_sqlite else _postgres(conn, tables=state is not None)
        )


def _sqlite(conn: Connection) -> SqliteFacts:
    version = str(_one(conn, "SELECT sqlite_version()"))
    return SqliteFacts(
        tuple(int(part) for part in version.split(".")), str(_one(conn, "PRAGMA journal_mode"))
    )


def _postgres(conn: Connection, *, tables: bool) -> PostgresFacts:
    _one(conn, "SELECT 1")  # connected: what follows takes no longer than an answer
    before = datetime.now(UTC)
    clock = from_ms(int(_one(conn, "SELECT CAST(extract(epoch FROM clock_timestamp()) * 1000 AS bigint)")))
    took = datetime.now(UTC) - before
    return PostgresFacts(
        version=int(_one(conn, "SHOW server_version_num")),
        encoding=str(_one(conn, "SHOW server_encoding")),
        read_only=_one(conn, "SHOW default_transaction_read_only") == "on"
        or bool(_one(conn, "SELECT pg_is_in_recovery()")),
        fsync=_one(conn, "SHOW fsync") == "on",
        may_create=bool(_one(conn, "SELECT has_schema_privilege(current_schema(), 'CREATE')")),
        missing_rights=_missing_rights(conn) if tables else (),
        clock=clock,
        asked_at=before + took / 2,
        doubt=took / 2,
    )


def _missing_rights(conn: Connection) -> list[str]:
    query = text("SELECT to_regclass(:name) IS NULL OR has_table_privilege(to_regclass(:name), :right)")
    wanted = ((right, table) for table in schema.metadata.tables for right in _RIGHTS)
    return [
        f"{right} on {name}"
        for right, name in wanted
        if not conn.execute(query, {"name": name, "right": right}).scalar()
    ]


def _one(conn: Connection, query: str) -> Any:
    return conn.execute(text(query)).scalar()
