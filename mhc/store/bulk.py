"""Statements of many rows, and many statements at once, past SQLAlchemy's handling of each: for what every page does.

SQLite takes the rows one by one; PostgreSQL as an array a column (one row as it is, which is much less to encode), and
several statements in one exchange. Values are given as the database keeps them: an instant in milliseconds.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from sqlalchemy import Connection, Dialect, Table
from sqlalchemy.exc import DBAPIError

from mhc.patterns import Pattern

Rows = Sequence[tuple[Any, ...]]

_TABLE = Pattern(r"(?: FROM|,) \{new\}")
_VALUE = Pattern(r"\bnew\.(\w+)")


class Bulk:
    """A statement that both databases know, about rows: `{new}` stands for a table of them, named new.

    Where it is executed a row at a time, `new.name` becomes that row's value, and the table goes. `asks` says that it
    gives rows back.
    """

    def __init__(self, table: Table, columns: Sequence[str], statement: str, *, asks: bool = False) -> None:
        self._columns = [table.c[name] for name in columns]
        self._statement = statement
        self._spelt: dict[tuple[str, bool], str] = {}
        self.names = tuple(columns)
        self.asks = asks

    def spelt(self, dialect: Dialect, *, arrays: bool = False) -> str:
        """Give the statement as the driver of this database takes it: with a row's values, or with arrays of them."""
        key = dialect.name, arrays
        if key not in self._spelt:
            self._spelt[key] = self._of_rows(dialect) if arrays else self._of_row(dialect)
        return self._spelt[key]

    def _of_rows(self, dialect: Dialect) -> str:
        arrays = ", ".join(f"%b::{one}[]" for one in self._types(dialect))
        new = f"unnest({arrays}) AS new ({', '.join(self.names)})"
        return self._statement.format(new=new, rows=f"SELECT * FROM {new}")  # noqa: S608 - our own names

    def _of_row(self, dialect: Dialect) -> str:
        if dialect.name == "postgresql":
            types = self._types(dialect)
            values = {name: f"%({name})b::{one}" for name, one in zip(self.names, types, strict=True)}
        else:
            values = {name: f"?{at}" for at, name in enumerate(self.names, 1)}
        alone = _TABLE.sub("", self._statement).replace("{rows}", f"VALUES ({', '.join(values.values())})")
        return _VALUE.sub(lambda found: values[found[1]], alone)

    def _types(self, dialect: Dialect) -> list[str]:
        return [column.type.compile(dialect).partition(" COLLATE")[0] for column in self._columns]


def bulk_insert(table: Table, columns: Sequence[str], ending: str = "", *, asks: bool = False) -> Bulk:
    """Give the INSERT into these columns; `ending` is its ON CONFLICT clause, or its RETURNING where it `asks`."""
    statement = f"INSERT INTO {table.name} ({', '.join(columns)}) {{rows}} {ending}"
    return Bulk(table, columns, statement, asks=asks)


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
    with _raising_as_sqlalchemy(conn):
        if conn.dialect.name != "postgresql":
            return [_on_sqlite(driver, conn.dialect, *call) for call in calls]
        if len(calls) == 1:
            return [_found(_on_postgresql(driver, conn.dialect, *calls[0]))]
        with driver.pipeline():
            cursors = [_on_postgresql(driver, conn.dialect, *call) for call in calls]
        return [_found(cursor) for cursor in cursors]


def _on_sqlite(driver: Any, dialect: Dialect, bulk: Bulk, rows: Rows) -> list[tuple[Any, ...]]:
    spelt = bulk.spelt(dialect)
    if bulk.asks:
        return [found for row in rows for found in driver.execute(spelt, row)]
    if len(rows) == 1:
        driver.execute(spelt, rows[0])
    else:
        driver.executemany(spelt, rows)
    return []


def _on_postgresql(driver: Any, dialect: Dialect, bulk: Bulk, rows: Rows) -> Any:
    if len(rows) == 1:
        return driver.execute(bulk.spelt(dialect), dict(zip(bulk.names, rows[0], strict=True)))
    return driver.execute(bulk.spelt(dialect, arrays=True), tuple(map(list, zip(*rows, strict=True))))


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
            conn.engine.dispose(close=False)  # the others in the pool went with it
        # Without the statement: nothing that a person wrote goes into an error.
        raised = DBAPIError.instance(
            None, None, error, kind, hide_parameters=True, connection_invalidated=lost, dialect=conn.dialect
        )
        raise raised from error
