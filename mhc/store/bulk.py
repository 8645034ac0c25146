"""Statements of many rows, and many statements at once, past SQLAlchemy's handling of each: for what every page does.

SQLite takes the rows one by one; PostgreSQL as an array a column (one row as it is, which is much less to encode), and
several statements in one exchange. Values are given as the database keeps them: an instant in milliseconds.
"""

from collections.abc import Iterator, Sequence
from functools import cached_property
from typing import Any

from sqlalchemy import Connection, Table
from sqlalchemy.dialects import postgresql
from sqlalchemy.exc import DBAPIError

from mhc.patterns import Pattern

Rows = Sequence[tuple[Any, ...]]
Found = list[tuple[Any, ...]]

_TABLE = Pattern(r"(?: FROM|,) \{new\}")
_VALUE = Pattern(r"\bnew\.(\w+)")
_BYTES = "BYTEA"


class Bulk:
    """A statement that both databases know, about rows: `{new}` stands for a table of them, named new.

    Where it is executed a row at a time, `new.name` becomes that row's value, and the table goes. `{binary}` is what a
    database calls bytes. `asks` says that it gives rows back. Each driver's spelling is made when it is first needed.
    """

    def __init__(
        self,
        table: Table,
        columns: Sequence[str],
        statement: str,
        *,
        asks: bool = False,
        counts: bool = False,
    ) -> None:
        """Make it; with `counts` it gives on SQLite an empty row for each it changed: RETURNING costs more there."""
        self._columns = [table.c[name] for name in columns]
        self._statement = statement
        self.names = tuple(columns)
        self.asks = asks
        self.counts = counts

    @cached_property
    def on_sqlite(self) -> str:
        """The statement with a row's values as SQLite takes them."""
        return self._alone({name: f"?{at}" for at, name in enumerate(self.names, 1)}, "BLOB")

    @cached_property
    def on_postgresql(self) -> str:
        """The statement with a row's values as psycopg takes them."""
        return self._alone({name: f"%({name})b::{one}" for name, one in self._types()}, _BYTES)

    @cached_property
    def of_arrays(self) -> str:
        """The statement with an array a column as psycopg takes it."""
        arrays = ", ".join(f"%b::{one}[]" for _name, one in self._types())
        new = f"unnest({arrays}) AS new ({', '.join(self.names)})"
        rows = f"SELECT * FROM {new}"  # noqa: S608 - our own names
        return self._statement.format(new=new, rows=rows, binary=_BYTES)

    def _alone(self, values: dict[str, str], binary: str) -> str:
        rows = f"VALUES ({', '.join(values.values())})"
        alone = _TABLE.sub("", self._statement).replace("{rows}", rows).replace("{binary}", binary)
        return _VALUE.sub(lambda found: values[found[1]], alone)

    def _types(self) -> Iterator[tuple[str, str]]:
        spoken = postgresql.dialect()  # type: ignore[no-untyped-call]
        for column in self._columns:
            yield column.name, column.type.compile(spoken).partition(" COLLATE")[0]


def bulk_insert(table: Table, columns: Sequence[str], ending: str = "", *, asks: bool = False) -> Bulk:
    """Give the INSERT into these columns; `ending` is its ON CONFLICT clause, or its RETURNING where it `asks`."""
    statement = f"INSERT INTO {table.name} ({', '.join(columns)}) {{rows}} {ending}"
    return Bulk(table, columns, statement, asks=asks)


Call = tuple[Bulk, Rows]


class Batch:
    """Writes that are gathered and then sent together. Whoever reads what they change sends them first."""

    def __init__(self, conn: Connection) -> None:
        self._conn = conn
        self._calls: list[Call] = []

    @property
    def conn(self) -> Connection:
        """The connection, for what is asked or written by itself."""
        return self._conn

    @property
    def on_server(self) -> bool:
        """Whether the database is PostgreSQL."""
        return self._conn.dialect.name == "postgresql"

    def add(self, bulk: Bulk, rows: Rows) -> None:
        """Gather a statement for these rows, each a value a column; for none there is nothing to do."""
        if rows:
            self._calls.append((bulk, rows))

    def ask(self, *calls: Call) -> list[Found]:
        """Execute statements in order, in one exchange, before what is gathered; give the rows of each that asks."""
        return self._exchange(*calls)

    def send(self) -> None:
        """Execute what was gathered, in order."""
        calls, self._calls = self._calls, []
        if calls:
            self.ask(*calls)

    def _exchange(self, *calls: Call, first: str = "", last: str = "") -> list[Found]:
        return together(self._conn, *calls, first=first, last=last)


def together(conn: Connection, *calls: Call, first: str = "", last: str = "") -> list[Found]:
    """Execute statements in order, on PostgreSQL in one exchange; give the rows of each that asks.

    `first` and `last` are statements without rows, around the others. Raises what SQLAlchemy raises.
    """
    send = _on_postgresql if conn.dialect.name == "postgresql" else _on_sqlite
    try:
        return send(conn.connection.driver_connection, calls, first, last)
    except conn.dialect.loaded_dbapi.Error as error:
        raise _as_sqlalchemy(conn, error) from error


def _on_sqlite(driver: Any, calls: Sequence[Call], first: str, last: str) -> list[Found]:
    found: list[Found] = []
    if first:
        driver.execute(first)
    for bulk, rows in calls:
        if bulk.asks:
            found.append([one for row in rows for one in driver.execute(bulk.on_sqlite, row)])
        elif bulk.counts:
            found.append([()] * sum(driver.execute(bulk.on_sqlite, row).rowcount for row in rows))
        elif len(rows) == 1:
            driver.execute(bulk.on_sqlite, rows[0])
        else:
            driver.executemany(bulk.on_sqlite, rows)
    if last:
        driver.execute(last)
    return found


def _on_postgresql(driver: Any, calls: Sequence[Call], first: str, last: str) -> list[Found]:
    if len(calls) == 1 and not first and not last:
        asking = [_at_once(driver.cursor(), *calls[0])]
    else:
        with driver.pipeline():
            told = (
                driver.cursor()
            )  # one for all that gives no rows back: to make one takes as long as a statement
            if first:
                told.execute(first)
            asking = [_at_once(driver.cursor() if bulk.asks else told, bulk, rows) for bulk, rows in calls]
            if last:
                told.execute(last)
    return [cursor.fetchall() for cursor, (bulk, _) in zip(asking, calls, strict=True) if bulk.asks]


def _at_once(cursor: Any, bulk: Bulk, rows: Rows) -> Any:
    if len(rows) == 1:
        return cursor.execute(bulk.on_postgresql, dict(zip(bulk.names, rows[0], strict=True)))
    return cursor.execute(bulk.of_arrays, tuple(map(list, zip(*rows, strict=True))))


def _as_sqlalchemy(conn: Connection, error: Any) -> DBAPIError:
    """Give the driver's error as SQLAlchemy raises it, which knows by it that a connection is gone."""
    lost = conn.dialect.is_disconnect(error, conn.connection.driver_connection, None)
    if lost:
        conn.invalidate(error)
        conn.engine.dispose()  # the others in the pool went with it
    # Without the statement: nothing that a person wrote goes into an error.
    kind = conn.dialect.loaded_dbapi.Error
    raised: DBAPIError = DBAPIError.instance(
        None, None, error, kind, hide_parameters=True, connection_invalidated=lost, dialect=conn.dialect
    )
    return raised
