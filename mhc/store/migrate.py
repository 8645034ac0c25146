"""Bring a schema up to date. The only module that imports Alembic."""

import logging
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, text

import mhc
from mhc.errors import ConfigError
from mhc.store import schema
from mhc.store.database import Database

_LOCK = 0x6D6863  # "mhc": one migration at a time on a PostgreSQL server


def scripts() -> Path:
    """Give the folder of the migrations: inside an installed wheel, or at the top of a checkout."""
    package = Path(mhc.__file__).parent
    for folder in (package / "_alembic", package.parent / "alembic"):
        if (folder / "env.py").is_file():
            return folder
    raise ConfigError("the migrations are missing from this installation", hint="install mhc again")


def config(connection: Connection | None = None) -> Config:
    """Give Alembic's configuration for our scripts, on `connection`."""
    made = Config()
    made.set_main_option("script_location", str(scripts()).replace("%", "%%"))
    made.attributes["connection"] = connection
    made.attributes["metadata"] = schema.metadata
    return made


def head() -> str:
    """Give the newest revision that is installed."""
    return ScriptDirectory.from_config(config()).get_current_head() or ""


def upgrade(db: Database, revision: str = "head") -> tuple[str | None, str | None]:
    """Upgrade in one transaction; give the revision before and after."""
    logging.getLogger("alembic").setLevel(logging.WARNING)
    with db.raw_write() as conn:
        lock(conn)
        before = current(conn)
        if before is not None and before > schema.REVISION:
            return before, before
        command.upgrade(config(conn), revision)
        return before, current(conn)


def lock(conn: Connection) -> None:
    """Let nobody else change the schema in this transaction."""
    if conn.dialect.name == "postgresql":
        conn.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _LOCK})


def downgrade(db: Database, revision: str) -> None:
    """Go back to a revision: for tests and for a developer."""
    with db.raw_write() as conn:
        command.downgrade(config(conn), revision)


def current(conn: Connection) -> str | None:
    """Give the revision that a database is at; None where it has no schema."""
    return MigrationContext.configure(conn).get_current_revision()


def differences(conn: Connection) -> list[str]:
    """Say where the database's tables are not those of the program."""
    from alembic.autogenerate import compare_metadata

    context = MigrationContext.configure(conn, opts={"compare_type": True})
    return [str(change) for change in compare_metadata(context, schema.metadata)]
