"""Backups of a PostgreSQL database: an archive of pg_dump, verified by restoring it into a database made for that."""

import re
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from secrets import token_hex
from typing import IO, Any

from sqlalchemy import Connection, text
from sqlalchemy.exc import DBAPIError

from mhc.errors import CheckError, MhcError
from mhc.store import contents, migrate, pg_programs, schema
from mhc.store.contents import Contents
from mhc.store.database import Database
from mhc.store.manifests import Origin

_COPY = re.compile(rb"COPY .* FROM stdin;\n")
_SCRATCH = "mhc_verify_"
_STALE = timedelta(days=1)
_PATIENCE = "10s"  # with who still reads the tables that are to be replaced


def dump(db: Database, target: IO[bytes]) -> tuple[Contents, Origin]:
    """Write an archive of the database's schema; give what that held in the very same state."""
    with db.look() as conn:
        found = contents.read(conn)
        name, state = conn.execute(text("SELECT current_schema(), pg_export_snapshot()")).one()
        server = _major(conn)
        database, password = pg_programs.connection(db.url)
        words = [
            pg_programs.find("pg_dump", server), "--format=custom", "--no-owner", "--no-privileges",
            "--no-password", f"--schema={_pattern(name)}", f"--snapshot={state}", f"--dbname={database}",
        ]  # fmt: skip
        with pg_programs.started(words, password=password, stdout=target):
            pass
    return found, Origin(str(name), server)


def _major(conn: Connection) -> int:
    return int(conn.execute(text("SHOW server_version_num")).scalar_one()) // 10_000


def _pattern(name: str) -> str:
    """Give a name as pg_dump's pattern: quoted, it stands for nothing but itself."""
    doubled = name.replace('"', '""')
    return f'"{doubled}"'


def verify(db: Database, made: Path, origin: Origin, expected: Contents) -> str:
    """Restore an archive into a database of its own and compare; where our role may make none, read all of it.

    Give how it was verified: restored or read. Raises CheckError where it is damaged.
    """
    with _scratch(db) as scratch:
        if scratch is None:
            read_through(made, origin.server)
            return "read"
        with scratch.raw_write() as conn:
            load(conn, made, origin.schema)
            refuse_other(conn, expected, made)
        return "restored"


def refuse_other(conn: Connection, expected: Contents, made: Path) -> None:
    """Raise CheckError where a database does not hold what a backup should."""
    if wrong := expected.differences(contents.read(conn)):
        raise CheckError(f"{made} does not hold what was backed up: {'; '.join(wrong)}")


def read_through(made: Path, server: int) -> None:
    """Read every block of an archive. Raises CheckError where one is damaged."""
    program = pg_programs.find("pg_restore", server)
    try:
        with pg_programs.started([program, "--file=/dev/null", str(made)]):
            pass
    except MhcError as error:
        raise CheckError(f"{made} is damaged: {error.message}") from error


@contextmanager
def _scratch(db: Database) -> Iterator[Database | None]:
    """Give an empty database beside ours that goes again; None where our role may not make one."""
    with db.look() as conn:
        may = conn.execute(text("SELECT rolcreatedb OR rolsuper FROM pg_roles WHERE rolname = current_user"))
        allowed = bool(may.scalar())
        encoding = conn.execute(text("SHOW server_encoding")).scalar_one()
    if not allowed:
        yield None
        return
    name = f"{_SCRATCH}{datetime.now(UTC):%Y%m%d%H%M%S}_{token_hex(4)}"
    with db.outside() as conn:
        _drop_stale(conn)
        conn.execute(text(f"CREATE DATABASE {name} TEMPLATE template0 ENCODING '{encoding}'"))
    try:
        with closing(Database(db.url.set(database=name).render_as_string(hide_password=False))) as made:
            yield made
    finally:
        with db.outside() as conn:
            conn.execute(text(f"DROP DATABASE IF EXISTS {name}"))


def _drop_stale(conn: Connection) -> None:
    """Drop what runs that were killed left behind: ours by name and owner, a day old."""
    query = text(
        "SELECT datname FROM pg_database WHERE datname ~ :ours AND datdba = current_user::regrole"
        " AND NOT EXISTS (SELECT FROM pg_stat_activity a WHERE a.datname = pg_database.datname)"
    )
    limit = f"{_SCRATCH}{datetime.now(UTC) - _STALE:%Y%m%d%H%M%S}"
    for name in conn.execute(query, {"ours": f"^{_SCRATCH}[0-9]{{14}}_[0-9a-f]{{8}}$"}).scalars().all():
        if name < limit:
            conn.execute(text(f"DROP DATABASE IF EXISTS {name}"))


def restore(db: Database, made: Path, schema_name: str, expected: Contents) -> None:
    """Replace our tables by those of a verified archive, in one transaction, and bring them to the newest schema."""
    with db.raw_write() as conn:
        migrate.lock(conn)
        conn.execute(text(f"SET LOCAL lock_timeout = '{_PATIENCE}'"))
        if (current := conn.execute(text("SELECT current_schema()")).scalar()) != schema_name:
            raise CheckError(
                f"{made} is of the schema {schema_name}, and {db.name} has {current} before it",
                hint="set the role's search_path",
            )
        _drop_tables(conn, expected)
        load(conn, made, schema_name)
        refuse_other(conn, expected, made)
    db.close()  # what is known of it, and the settings of its connections, are no more
    migrate.upgrade(db)


def _drop_tables(conn: Connection, expected: Contents) -> None:
    """Drop the tables that are ours. Raises where something of somebody else depends on one."""
    ours = schema.metadata.tables.keys() | expected.tables.keys() | {"alembic_version"}
    quote = conn.dialect.identifier_preparer.quote_identifier
    conn.execute(text(f"DROP TABLE IF EXISTS {', '.join(map(quote, sorted(ours)))}"))


def load(conn: Connection, made: Path, schema_name: str) -> None:
    """Run what an archive consists of, in the transaction of a connection. Raises CheckError where it is damaged."""
    path = conn.execute(text("SHOW search_path")).scalar_one()
    program = pg_programs.find("pg_restore", _major(conn))
    words = [program, "--file=-", "--no-owner", "--no-privileges", f"--schema={schema_name}", str(made)]
    try:
        with pg_programs.started(words) as script:
            _run(conn, script)
    except MhcError as error:
        raise CheckError(f"{made} cannot be restored: {error.message}", hint=error.hint) from error
    conn.execute(text("SELECT set_config('search_path', :path, true)"), {"path": path})


def _run(conn: Connection, script: IO[bytes]) -> None:
    """Run a script of pg_restore: statements, and the rows of a table after each COPY."""
    statements: list[bytes] = []
    for line in script:
        if _COPY.fullmatch(line):
            _execute(conn, statements)
            _copy(conn, line.decode(), script)
        elif line[:2] != b"--" and line[:1] not in {b"\\", b"\n"}:  # comments, orders to psql, nothing
            statements.append(line)
    _execute(conn, statements)


def _execute(conn: Connection, statements: list[bytes]) -> None:
    if statements:
        conn.exec_driver_sql(b"".join(statements).decode(), execution_options={"no_parameters": True})
        statements.clear()


def _copy(conn: Connection, statement: str, script: IO[bytes]) -> None:
    import psycopg

    driver: Any = conn.connection.driver_connection
    try:
        with driver.cursor().copy(statement) as target:
            for line in script:
                if line == b"\\.\n":
                    break
                target.write(line)
    except psycopg.Error as error:
        raise DBAPIError.instance(
            "COPY", None, error, psycopg.Error, hide_parameters=True, dialect=conn.dialect
        ) from error
