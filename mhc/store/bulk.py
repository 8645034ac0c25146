"""Many rows in one statement, past SQLAlchemy's handling of each value: for the tables that every page writes to.

SQLite takes the rows one by one, PostgreSQL as an array a column. Values are given as the database keeps them: an
instant in milliseconds. A page costs a statement a table so, whatever its size.
"""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, Dialect, Table


class Bulk:
    """A statement that both databases know, in which `{new}` stands for a table of the rows, named new."""

    def __init__(self, table: Table, columns: Sequence[str], statement: str) -> None:
        self._columns = [table.c[name] for name in columns]
        self._statement = statement
        self._spelt: dict[str, str] = {}

    def run(self, conn: Connection, rows: Sequence[tuple[Any, ...]]) -> None:
        """Execute it for these rows, each a value a column."""
        if not rows:
            return
        name = conn.dialect.name
        if name not in self._spelt:
            self._spelt[name] = self._statement.format(new=self._new(conn.dialect))
        if name == "postgresql":
            conn.exec_driver_sql(self._spelt[name], tuple(map(list, zip(*rows, strict=True))))
        else:
            conn.exec_driver_sql(self._spelt[name], list(rows))

    def _new(self, dialect: Dialect) -> str:
        names = ", ".join(column.name for column in self._columns)
        if dialect.name == "postgresql":
            types = (column.type.compile(dialect).partition(" COLLATE")[0] for column in self._columns)
            return f"unnest({', '.join(f'%b::{one}[]' for one in types)}) AS new ({names})"
        return f"(SELECT {', '.join(f'? AS {column.name}' for column in self._columns)}) AS new"


def bulk_insert(table: Table, columns: Sequence[str], conflict: str = "") -> Bulk:
    """Give the INSERT into these columns; `conflict` is its ON CONFLICT clause."""
    # Without the condition SQLite takes ON CONFLICT for that of a join.
    statement = f"INSERT INTO {table.name} ({', '.join(columns)}) SELECT * FROM {{new}} WHERE true {conflict}"  # noqa: S608
    return Bulk(table, columns, statement)
