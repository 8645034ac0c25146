"""Where a part of the proof works: its folder, and the mhc that it starts, which is the one beside these tests."""

import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from sqlalchemy import text

import mhc
import postgres
from command import Mhc
from mhc.store.database import Database

TREE = Path(__file__).resolve().parents[2]
_HONEST = ("fsync = on", "full_page_writes = on", "synchronous_commit = on", "autovacuum = on")


def python_path(tree: Path = TREE) -> str:
    """Give the PYTHONPATH under which a process finds the mhc of a tree, and its tests, before any other."""
    return os.pathsep.join([str(tree), str(tree / "tests")])


@contextmanager
def folder() -> Iterator[Path]:
    """Give an empty folder on a disk, for as long as it is needed."""
    with tempfile.TemporaryDirectory(prefix="mhc-prove-", dir="/var/tmp") as name:
        yield Path(name)


def command(home: Path, **environ: str) -> Mhc:
    """Give the command, which runs the code of this tree and of no other."""
    made = Mhc(home, PYTHONPATH=python_path(), **environ)
    said = subprocess.run(
        [sys.executable, "-c", "import mhc; print(mhc.__file__)"],
        env=made.environ, cwd=home, capture_output=True, text=True, check=True,
    )  # fmt: skip
    for found in (said.stdout.strip(), str(mhc.__file__)):
        if not Path(found).is_relative_to(TREE):
            raise SystemExit(f"{found} is not the mhc of {TREE}")
    return made


@contextmanager
def database(kind: str, home: Path) -> Iterator[Database]:
    """Give a new database, in which a commit is durable."""
    if kind == "SQLite":
        with closing(Database(f"sqlite:///{home / 'mhc.db'}")) as db:
            db.create()
            yield db
        return
    binaries = postgres.find_binaries()
    if binaries is None:
        raise SystemExit(postgres.MISSING)
    with (
        postgres.running(binaries) as url,
        closing(postgres.Server(url)) as server,
        closing(Database(server.migrated().render_as_string(hide_password=False))) as db,
    ):
        be_honest(db)
        yield db


def be_honest(db: Database) -> None:
    """Let PostgreSQL keep what it says that it keeps: the tests' own setting is quick instead."""
    with db._engine_now().connect().execution_options(isolation_level="AUTOCOMMIT") as conn:
        for setting in _HONEST:
            conn.execute(text(f"ALTER SYSTEM SET {setting}"))
        conn.execute(text("SELECT pg_reload_conf()"))


def url_of(db: Database) -> str:
    """Give a database as DATABASE_URL has it."""
    return db.url.render_as_string(hide_password=False)
