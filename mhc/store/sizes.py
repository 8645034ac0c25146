"""How much a database holds, told at once: what would take long to count is estimated."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, func, select, text

from mhc.store.database import Database
from mhc.store.schema import event, person

COUNTED = 100_000  # events; beyond it the database's own statistics answer


@dataclass(frozen=True, slots=True)
class Sizes:
    """What a database holds. `exact` says whether the events were counted."""

    events: int
    exact: bool
    people: int
    bytes: int


def read(db: Database, conn: Connection) -> Sizes:
    """Give the sizes, in a time that does not grow with the events."""
    few = select(event.c.stream_id).limit(COUNTED + 1).subquery()
    counted = _number(conn, select(func.count()).select_from(few))
    exact = counted <= COUNTED
    people = _number(conn, select(func.count()).where(person.c.canonical_id.is_(None)))
    return Sizes(counted if exact else max(counted, _estimate(conn)), exact, people, on_disk(db, conn))


def on_disk(db: Database, conn: Connection) -> int:
    """Give the bytes of a database, the files beside a SQLite one included."""
    if not db.is_sqlite:
        return _number(conn, text("SELECT pg_database_size(current_database())"))
    files = [db.path.with_name(db.path.name + end) for end in ("", "-wal", "-shm")] if db.path else []
    return sum(file.stat().st_size for file in files if file.exists())


def of_tables(conn: Connection, names: Sequence[str]) -> int | None:
    """Give the bytes of tables with their indexes; None where SQLite was built without what tells."""
    if conn.dialect.name == "postgresql":
        size = text("SELECT pg_total_relation_size(to_regclass(:name))")
        return sum(int(conn.execute(size, {"name": name}).scalar_one()) for name in names)
    built = text("SELECT sqlite_compileoption_used('ENABLE_DBSTAT_VTAB')")
    if not conn.execute(built).scalar():
        return None
    trees = text("SELECT name FROM sqlite_master WHERE tbl_name = :name AND rootpage > 0")
    pages = text("SELECT sum(pgsize) FROM dbstat WHERE name = :name")
    found = [tree for name in names for tree in conn.execute(trees, {"name": name}).scalars()]
    return sum(int(conn.execute(pages, {"name": tree}).scalar() or 0) for tree in found)


def _estimate(conn: Connection) -> int:
    """Give about how many events there are: what the planner knows, or the highest row number.

    Events are only ever added, but for what a person's erasure and the retention policy take away.
    """
    if conn.dialect.name == "postgresql":
        return _number(
            conn, text("SELECT CAST(reltuples AS bigint) FROM pg_class WHERE oid = to_regclass('event')")
        )
    return _number(conn, text("SELECT max(rowid) FROM event"))


def _number(conn: Connection, query: Any) -> int:
    return int(conn.execute(query).scalar() or 0)
