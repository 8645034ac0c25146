"""What a database holds, told so that two of them can be compared: a backup and its source, a copy and what it copies."""

from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Table, exists, func, inspect, select, text
from sqlalchemy import table as named

from mhc.store import schema
from mhc.store.schema import event

# What every new database begins with: rows of these alone are no data.
_GIVEN = frozenset({"schema_compat", "event_method", "alembic_version"})


@dataclass(frozen=True, slots=True)
class Contents:
    """The schema of a database, how many rows each table has, and the key of the last event."""

    revision: str
    compatibility: int
    tables: dict[str, int]
    last_event: tuple[int, ...]

    @property
    def events(self) -> int:
        """How many events."""
        return self.tables.get("event", 0)

    @property
    def people(self) -> int:
        """How many people, those included that were merged into others."""
        return self.tables.get("person", 0)

    def differences(self, other: "Contents") -> list[str]:
        """Say in what another one is not the same."""
        if (self.revision, self.compatibility) != (other.revision, other.compatibility):
            return [f"the schema is {other.revision}, not {self.revision}"]
        names = sorted(self.tables.keys() | other.tables.keys())
        found = [
            f"{name} has {other.tables.get(name)} rows, not {self.tables.get(name)}"
            for name in names
            if self.tables.get(name) != other.tables.get(name)
        ]
        return found or ([] if self.last_event == other.last_event else ["the last event is another one"])


def read(conn: Connection) -> Contents:
    """Count every table that is there, whether this program knows it or not."""
    revision, number = conn.execute(
        text("SELECT version_num, (SELECT number FROM schema_compat) FROM alembic_version")
    ).one()
    names = inspect(conn).get_table_names()
    return Contents(str(revision), int(number), {name: _count(conn, name) for name in names}, _last(conn))


def _count(conn: Connection, name: str) -> int:
    return int(conn.execute(select(func.count()).select_from(named(name))).scalar_one())


def _last(conn: Connection) -> tuple[int, ...]:
    keys = (event.c.id_ms, event.c.id_seq, event.c.stream_id)
    row = conn.execute(select(*keys).order_by(*(key.desc() for key in keys)).limit(1)).one_or_none()
    return tuple(row) if row else ()


def is_bare(conn: Connection) -> bool:
    """Whether nothing was ever put into a database, but what it begins with; a table that is not ours is something."""
    there = set(inspect(conn).get_table_names())
    if there - schema.metadata.tables.keys() - _GIVEN:
        return False
    tables = [one for one in schema.metadata.sorted_tables if one.name in there - _GIVEN]
    return not any(_has_rows(conn, one) for one in tables)


def _has_rows(conn: Connection, table: Table) -> bool:
    own: Any = select(1).select_from(table)  # no column: those of an older schema are not those that we know
    if table is schema.watchlist:
        own = own.where(~table.c.system)
    return bool(conn.execute(select(exists(own))).scalar())
