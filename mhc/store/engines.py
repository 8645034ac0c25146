"""How a database is opened: what each of its connections is told before it is used."""

from functools import partial
from typing import Any

from sqlalchemy import URL, Connection, Engine, create_engine, event, insert
from sqlalchemy.pool import StaticPool

from mhc.domain.events import METHODS
from mhc.store import schema

# A server that went without a word is noticed after so long, and not after the two hours of a kernel.
_GONE_SOON = {
    "keepalives_idle": 10,
    "keepalives_interval": 5,
    "keepalives_count": 3,
    "tcp_user_timeout": 20_000,  # milliseconds
}
_WRITES = "mhc_write"  # an execution option
IN_BINARY = (
    "mhc_binary"  # an execution option: PostgreSQL gives bytes as they are, and not as twice as much text
)


def sqlite(url: URL, *, busy_ms: int, options: dict[str, Any]) -> Engine:
    """Open a SQLite file; `options` go with every connection."""
    engine = create_engine(
        url,
        hide_parameters=True,
        connect_args={"timeout": busy_ms / 1000, "isolation_level": None},
        execution_options=options,
    )
    event.listen(engine, "connect", _on_connect)
    event.listen(engine, "begin", _on_begin)
    return engine


def postgresql(
    url: URL, *, busy_ms: int, connect_seconds: int, answer_seconds: int | None, options: dict[str, Any]
) -> Engine:
    """Open a database of a PostgreSQL server; `answer_seconds` bound a statement, and then `busy_ms` a lock."""
    connecting = {"connect_timeout": connect_seconds, "application_name": "mhc", **_GONE_SOON}
    engine = create_engine(url, hide_parameters=True, connect_args=connecting, execution_options=options)
    event.listen(engine, "connect", partial(_on_server, busy_ms, answer_seconds))
    event.listen(engine, "checkin", _on_checkin)
    event.listen(engine, "before_cursor_execute", _on_execute)
    return engine


def writing(engine: Engine) -> Engine:
    """Give the same engine with another BEGIN: a deferred one that turns into a writer fails at once under a second."""
    return engine.execution_options(**{_WRITES: True})


def empty() -> Engine:
    """Give a database in memory with the schema and nothing in it."""
    engine = create_engine("sqlite://", poolclass=StaticPool)
    schema.metadata.create_all(engine)
    with engine.begin() as conn:
        lists = [{"name": name, "system": True} for name in schema.SYSTEM_LISTS]
        conn.execute(insert(schema.watchlist), lists)
        methods = [{"id": number, "name": name} for number, name in METHODS.items()]
        conn.execute(insert(schema.event_method), methods)
    return engine


def _on_server(lock_ms: int, answer_seconds: int | None, connection: Any, _record: object) -> None:
    """Let no query be compiled: that takes longer than most take to answer.

    A connection that must not wait is given so long for a lock, and for an answer: then the database counts as busy.
    """
    said = "SET jit = off"
    if answer_seconds is not None:
        said += f"; SET lock_timeout = {lock_ms}; SET statement_timeout = {answer_seconds * 1000}"
    connection.execute(said)
    connection.commit()


def _on_connect(connection: Any, _record: object) -> None:
    connection.execute("PRAGMA foreign_keys=ON")
    connection.execute("PRAGMA synchronous=FULL")
    connection.execute("PRAGMA fullfsync=ON")  # on macOS fsync alone leaves it in the disk's cache


def _on_checkin(connection: Any, _record: object) -> None:
    """Let the server say again whether it takes writes.

    After a read SQLAlchemy sets the opposite, and READ WRITE overrules a server that was made read-only and is an
    error of its own on a standby.
    """
    if connection is not None and not connection.closed:
        connection.read_only = None


def _on_execute(_conn: Connection, cursor: Any, _said: str, _values: Any, context: Any, _many: bool) -> None:
    if context is not None and context.execution_options.get(IN_BINARY):
        cursor.format = True


def _on_begin(conn: Connection) -> None:
    driver: Any = conn.connection.driver_connection
    if not driver.in_transaction:  # as it is where a `Writer` began it
        driver.execute("BEGIN IMMEDIATE" if _WRITES in conn.get_execution_options() else "BEGIN")
