"""The one door to the database: `read()` refuses writes, `write()` and its like are the only place that commits."""

import os
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Lock

from sqlalchemy import URL, Connection, Engine, inspect, make_url, text
from sqlalchemy.exc import OperationalError, ProgrammingError

from mhc.config import Secret, without_password
from mhc.errors import AccessError, ConfigError
from mhc.store import engines, failures, schema
from mhc.store.bulk import Batch
from mhc.store.writers import Writers

_BUSY_MS = 5000
_CONNECT_SECONDS = 10


class Database:
    """One database, SQLite or PostgreSQL, opened when first used.

    `url` is a SQLAlchemy URL. A missing SQLite file is empty to a reader and made, with its schema, by a writer.
    """

    def __init__(
        self,
        url: str,
        *,
        busy_ms: int = _BUSY_MS,
        connect_seconds: int = _CONNECT_SECONDS,
        answer_seconds: int | None = None,
        erasure_key: Secret | None = None,
        index_messages: bool = False,
    ) -> None:
        """`answer_seconds`: the most that a statement may take on PostgreSQL, for who must not wait (None: any).

        `erasure_key` tells who was forgotten, `index_messages` that messages are found by their words: every connection
        carries them.
        """
        self.url = make_url(url)
        self.is_sqlite = self.url.get_backend_name() == "sqlite"
        self._busy_ms = busy_ms
        self._connect_seconds = connect_seconds
        self._answer_seconds = answer_seconds
        self._options = {"mhc_erasure_key": erasure_key, "mhc_index_messages": index_messages}
        self._opening = Lock()
        # The SQLite file; None on PostgreSQL.
        self.path = Path(self.url.database) if self.is_sqlite and self.url.database else None
        # As a person would name it, without a password.
        self.name = str(self.path) if self.is_sqlite else without_password(self.url.render_as_string())
        self._engine: Engine | None = None
        self._writer: Engine  # the same with another BEGIN, made with it
        self._writers: Writers  # and connections that are kept
        self._empty: Engine | None = None
        self._opened: tuple[int, int] | None = None
        self._checked = False

    @property
    def address(self) -> str:
        """The database as it may be written down: without any password, the same wherever that stands."""
        if self.is_sqlite:
            return self.name
        where = {key: self.url.query[key] for key in ("host", "port", "service") if key in self.url.query}
        one = self.url
        plain = URL.create("postgresql", one.username, None, one.host, one.port, one.database, where)
        return plain.render_as_string()

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """Give a connection in a read-only transaction that sees one state throughout."""
        with failures.translated(self.name):
            if self._missing():
                if self._empty is None:
                    self._empty = engines.empty()
                with self._empty.connect() as conn:
                    yield from self._reading(conn)
                return
            with self._ready().connect() as conn:
                yield from self._reading(conn)

    @contextmanager
    def look(self) -> Iterator[Connection]:
        """Give a read-only transaction whatever the schema: for who judges the database itself."""
        with failures.translated(self.name), self._engine_now().connect() as conn:
            yield from self._reading(conn)

    def _reading(self, conn: Connection) -> Iterator[Connection]:
        if not self.is_sqlite:
            conn = conn.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)
            with conn.begin():
                yield conn
            return
        driver = conn.connection.driver_connection
        driver.execute("PRAGMA query_only=ON")  # type: ignore[union-attr]
        try:
            with conn.begin():
                yield conn
        finally:
            if (
                not conn.invalidated
            ):  # as it is where a signal ended a question: then the driver has closed it
                driver.execute("PRAGMA query_only=OFF")  # type: ignore[union-attr]

    @contextmanager
    def write(self) -> Iterator[Connection]:
        """Give a connection in a transaction that is committed at the end, or rolled back whole."""
        with failures.translated(self.name):
            if self._missing():
                self.create()
            self._ready()
            with self._writer.begin() as conn:
                yield conn

    @contextmanager
    def write_batch(self) -> Iterator[Batch]:
        """Do what `write` does, for who does it all day long: on a connection that is kept for the next time.

        What the batch holds at the end is sent with the COMMIT.
        """
        with failures.translated(self.name):
            if not self._checked or self.file_identity() != self._opened:
                if self._missing():
                    self.create()
                self._ready()
            writers = self._writers
            writer = writers.take()
            try:
                yield writer
                writer.commit()
            except BaseException:
                writers.drop(writer)
                raise
            writers.give_back(writer)

    @contextmanager
    def raw_write(self) -> Iterator[Connection]:
        """Give a write transaction without looking at the schema: for migrations."""
        with failures.translated(self.name):
            self._engine_now()
            with self._writer.begin() as conn:
                yield conn

    @contextmanager
    def outside(self) -> Iterator[Connection]:
        """Give a connection in no transaction: for what PostgreSQL does in none, such as making a database."""
        with failures.translated(self.name), self._engine_now().connect() as conn:
            yield conn.execution_options(isolation_level="AUTOCOMMIT")

    def create(self) -> tuple[str | None, str | None]:
        """Make a SQLite file, readable by its owner only, and its schema; give the revision before and after."""
        from mhc.store import migrate

        if self.path is not None:
            self._dispose()  # what is open would write to a file that was removed
            self._create_file(self.path)
        return migrate.upgrade(self)

    def _create_file(self, path: Path) -> None:
        with failures.translated(self.name):
            try:
                path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
                os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600))
            except (FileExistsError, FileNotFoundError, IsADirectoryError, NotADirectoryError) as error:
                raise AccessError(f"cannot create {path}: {error.strerror}") from error
            with self._engine_now().connect() as conn:
                try:
                    # Persistent: a reader never waits for a writer, nor a writer for a reader.
                    conn.connection.driver_connection.execute("PRAGMA journal_mode=WAL")  # type: ignore[union-attr]
                except sqlite3.OperationalError as error:
                    if error.sqlite_errorname != "SQLITE_BUSY":  # else another first run does it right now
                        raise

    def close(self) -> None:
        """Close every connection."""
        self._dispose()
        if self._empty is not None:
            self._empty.dispose()
            self._empty = None

    def _dispose(self) -> None:
        if self._engine is not None:
            self._writers.close()
            self._engine.dispose()
        self._engine, self._checked = None, False

    def file_identity(self) -> tuple[int, int] | None:
        """Give device and number of the SQLite file that has our name now; None without one."""
        try:
            found = os.stat(self.path) if self.path is not None else None  # noqa: PTH116 - at each page
        except OSError:
            return None
        return (found.st_dev, found.st_ino) if found else None

    def schema_state(self) -> tuple[str, int] | None:
        """Give the schema's revision and compatibility number; None where there is no schema."""
        query = text("SELECT version_num, (SELECT number FROM schema_compat) FROM alembic_version")
        with failures.translated(self.name), self._engine_now().connect() as conn:
            try:
                row = conn.execute(query).one_or_none()
            except (OperationalError, ProgrammingError) as error:
                if failures.is_missing_table(error):
                    return None
                raise
        return (row[0], row[1]) if row else None

    def is_empty(self) -> bool:
        """Whether the database has no table at all."""
        if self._no_file():
            return True
        with failures.translated(self.name), self._engine_now().connect() as conn:
            if self.is_sqlite:  # asked at every start: the inspector takes longer than a look-up
                return conn.exec_driver_sql("SELECT 1 FROM sqlite_master LIMIT 1").scalar() is None
            return not inspect(conn).get_table_names()

    def _no_file(self) -> bool:
        return self.path is not None and not os.path.exists(self.path)  # noqa: PTH110 - at each poll: half the time

    def _missing(self) -> bool:
        """Whether a SQLite database has still to be made: no file, or one that a killed first run left empty."""
        return self._no_file() or (self.path is not None and not self._checked and self.is_empty())

    def _ready(self) -> Engine:
        engine = self._engine_now()
        if not self._checked:
            self.check_schema()
            self._checked = True
        return engine

    def check_schema(self) -> None:
        """Raise ConfigError where the schema is missing, or older or newer than this program."""
        state = self.schema_state()
        if state is None:
            raise ConfigError(f"no schema in {self.name}", hint="mhc db upgrade")
        revision, compatibility = state
        if compatibility == schema.UNFINISHED:
            raise ConfigError(f"{self.name} is a copy that is not finished", hint="mhc db copy again")
        if compatibility > schema.COMPATIBILITY:
            raise ConfigError(
                f"the schema of {self.name} is number {compatibility}, this mhc knows {schema.COMPATIBILITY}",
                hint="install a newer mhc",
            )
        if revision < schema.REVISION:
            raise ConfigError(
                f"the schema of {self.name} is {revision}, this mhc needs {schema.REVISION}",
                hint="mhc db upgrade",
            )

    def _engine_now(self) -> Engine:
        with self._opening:  # the threads of `listen --all` share it: a second engine would never be closed
            named = self.file_identity()
            if self._engine is not None and named is not None and named != self._opened:
                self._dispose()  # another file has our name: what is open was replaced
            if self._engine is None:
                self._engine, self._opened = self._open(), named
                self._writer = engines.writing(self._engine)
                self._writers = Writers(self._writer)
            return self._engine

    def _open(self) -> Engine:
        if self.is_sqlite:
            return engines.sqlite(self.url, busy_ms=self._busy_ms, options=self._options)
        return engines.postgresql(
            self.url,
            busy_ms=self._busy_ms,
            connect_seconds=self._connect_seconds,
            answer_seconds=self._answer_seconds,
            options=self._options,
        )
