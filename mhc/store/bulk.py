"""Statements of many rows, and many statements at once, past SQLAlchemy's handling of each: for what every page does.

SQLite takes the rows one by one, PostgreSQL as an array a column, and several statements in one exchange. Values are
given as the database keeps them: an instant in milliseconds.
"""

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from sqlalchemy import Connection, Dialect, Table
from sqlalchemy.exc import DBAPIError

Rows = Sequence[tuple[Any, ...]]


class Bulk:
    """A statement that both databases know, in which `{new}` stands for a table of the rows, named new.

    `asks` says that it gives rows back; then SQLite, too, takes all rows in one statement.
    """

    def __init__(self, table: Table, columns: Sequence[str], statement: str, *, asks: bool = False) -> None:
        self._columns = [table.c[name] for name in columns]
        self._statement = statement
        self._spelt: dict[str, str] = {}
        self.asks = asks

    def spelt(self, dialect: Dialect) -> str:
        """Give the statement as the driver of this database takes it."""
        if dialect.name not in self._spelt:
            self._spelt[dialect.name] = self._statement.format(new=self._new(dialect))
        return self._spelt[dialect.name]

    def _new(self, dialect: Dialect) -> str:
        names = [column.name for column in self._columns]
        if dialect.name == "postgresql":
            types = (column.type.compile(dialect).partition(" COLLATE")[0] for column in self._columns)
            return f"unnest({', '.join(f'%b::{one}[]' for one in types)}) AS new ({', '.join(names)})"
        if self.asks:
            values = (f"json_extract(value, '$[{at}]') AS {name}" for at, name in enumerate(names))
            return f"(SELECT {', '.join(values)} FROM json_each(?)) AS new"  # noqa: S608 - our own names
        return f"(SELECT {', '.join(f'? AS {name}' for name in names)}) AS new"


def bulk_insert(table: Table, columns: Sequence[str], conflict: str = "") -> Bulk:
    """Give the INSERT into these columns; `conflict` is its ON CONFLICT clause."""
    # Without the condition SQLite takes ON CONFLICT for that of a join.
    statement = f"INSERT INTO {table.name} ({', '.join(columns)}) SELECT * FROM {{new}} WHERE true {conflict}"  # noqa: S608
    return Bulk(table, columns, statement)


class Batch:
    """Writes that are gathered and then sent together. Whoever reads what they change sends them first."""

    def __init__(self, conn: Connection) -> None:
        self.conn = conn
        self._calls: list[tuple[Bulk, Rows]] = []

    def add(self, bulk: Bulk, rows: Rows) -> None:
        """Gather a statement for these rows, each a value a column; for none there is nothing to do."""
        if rows:
            self._calls.append((bulk, rows))

    def send(self) -> None:
        """Execute what was gathered, in order."""
        calls, self._calls = self._calls, []
        together(self.conn, *calls)


def together(conn: Connection, *calls: tuple[Bulk, Rows]) -> list[list[tuple[Any, ...]]]:
    """Execute statements in order, on PostgreSQL in one exchange; give the rows of each that asks.

    Raises what SQLAlchemy raises.
    """
    driver = conn.connection.driver_connection
    assert driver is not None
    spelt = [(bulk, bulk.spelt(conn.dialect), rows) for bulk, rows in calls]
    with _raising_as_sqlalchemy(conn):
        if conn.dialect.name != "postgresql":
            return [_on_sqlite(driver, *call) for call in spelt]
        if len(spelt) == 1:
            return [_found(_on_postgresql(driver, *spelt[0]))]
        with driver.pipeline():
            cursors = [_on_postgresql(driver, *call) for call in spelt]
        return [_found(cursor) for cursor in cursors]


def _on_sqlite(driver: Any, bulk: Bulk, spelt: str, rows: Rows) -> list[tuple[Any, ...]]:
    if bulk.asks:
        found: list[tuple[Any, ...]] = driver.execute(spelt, (json.dumps(rows),)).fetchall()
        return found
    if len(rows) == 1:
        driver.execute(spelt, rows[0])
    else:
        driver.executemany(spelt, rows)
    return []


def _on_postgresql(driver: Any, _bulk: Bulk, spelt: str, rows: Rows) -> Any:
    return driver.cursor().execute(spelt, tuple(map(list, zip(*rows, strict=True))))


def _found(cursor: Any) -> list[tuple[Any, ...]]:
    return list(cursor.fetchall()) if cursor.description else []


@contextmanager
def _raising_as_sqlalchemy(conn: Connection) -> Iterator[None]:
    """Raise the driver's errors as SQLAlchemy does, which knows by them that a connection is gone."""
    kind = conn.dialect.loaded_dbapi.Error
    try:
        yield
    except kind as error:
        lost = conn.dialect.is_disconnect(error, conn.connection.driver_connection, None)
        if lost:
            conn.invalidate(error)
        # Without the statement: nothing that a person wrote goes into an error.
        raised = DBAPIError.instance(
            None, None, error, kind, hide_parameters=True, connection_invalidated=lost, dialect=conn.dialect
        )
        raise raised from error
