"""A PostgreSQL server for the tests, and fresh databases on it."""

import os
import pwd
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path
from secrets import token_hex

from sqlalchemy import URL, Connection, NullPool, create_engine, make_url, text

from mhc.store.database import Database

MISSING = "PostgreSQL binaries not found: apt-get install postgresql, or set MHC_TEST_PG_BIN"
_SCRIPT = Path(__file__).with_suffix(".sh")
_NEEDED = ("initdb", "pg_ctl", "postgres")
_UNPRIVILEGED = ("postgres", "_postgres", "nobody", "daemon")  # initdb refuses root
_HOMEBREW = ("/opt/homebrew/opt", "/usr/local/opt")


def find_binaries() -> Path | None:
    """Give the folder of the newest server's programs, or of the one that MHC_TEST_PG_BIN names."""
    if named := os.environ.get("MHC_TEST_PG_BIN"):
        return Path(named)
    versions = Path("/usr/lib/postgresql").glob("*/bin")
    folders = sorted(versions, key=lambda path: path.parent.name.zfill(9), reverse=True)
    if found := shutil.which("pg_ctl"):
        folders += [Path(found).parent, Path(found).resolve().parent]
    for brew in _HOMEBREW:
        folders += sorted(Path(brew).glob("postgresql*/bin"), reverse=True)
    return next((path for path in folders if all((path / name).exists() for name in _NEEDED)), None)


@contextmanager
def running(binaries: Path, base: Path = Path("/tmp")) -> Iterator[URL]:
    """Run a server in a folder, and give the URL of its first database. It ends with this process, however that ends."""
    user: dict[str, str | int | list[int]] = {}
    if os.geteuid() == 0:
        account = _unprivileged()
        user = {"user": account.pw_uid, "group": account.pw_gid, "extra_groups": []}
    process = subprocess.Popen(
        ["sh", "-c", _SCRIPT.read_text(), "sh", str(binaries), str(base)],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, cwd="/",
        env={"PATH": os.environ.get("PATH", os.defpath), "LC_ALL": "C"},
        start_new_session=True,  # Ctrl-C is for the tests: they end the server when they are done
        **user,  # type: ignore[call-overload]
    )  # fmt: skip
    with process:
        assert process.stdin is not None
        assert process.stdout is not None
        word, _, folder = process.stdout.readline().strip().partition(" ")
        if word != "ready":
            raise RuntimeError(f"PostgreSQL did not start: {word} {folder}\n{process.stdout.read()}")
        try:
            yield URL.create("postgresql+psycopg", "mhc", database="postgres", query={"host": folder})
        finally:
            process.stdin.close()
            process.wait()


def _unprivileged() -> pwd.struct_passwd:
    accounts = {account.pw_name: account for account in pwd.getpwall()}
    return next(accounts[name] for name in _UNPRIVILEGED if name in accounts)


class Server:
    """A server on which databases are made and dropped; each is a copy of one that was migrated once."""

    def __init__(self, url: str | URL) -> None:
        self._url = make_url(url).set(drivername="postgresql+psycopg")
        self._prefix = f"mhc_test_{token_hex(4)}"
        self._engine = create_engine(self._url, isolation_level="AUTOCOMMIT", poolclass=NullPool)
        self._admin: Connection | None = None
        self._made = 0
        self._released: list[str | None] = []
        self._template: str | None = None

    def migrated(self) -> URL:
        """Make a database with the newest schema."""
        if self._template is None:
            url = self.empty()
            db = Database(url.render_as_string(hide_password=False))
            db.create()
            db.close()
            self._template = url.database
        return self.empty(self._template)

    def empty(self, template: str | None = "template0") -> URL:
        """Make a database with nothing in it, or with what the template has."""
        self._made += 1
        name = f"{self._prefix}_{self._made}"
        self._execute(f"CREATE DATABASE {name} TEMPLATE {template} ENCODING 'UTF8'{self._strategy}")
        self._drop_released()
        return self._url.set(database=name)

    @cached_property
    def _strategy(self) -> str:
        """Let files be copied, as every server before 15 does: to log each page takes ten times as long."""
        with self._engine.connect() as conn:
            can = conn.connection.driver_connection.info.server_version >= 150_000  # type: ignore[union-attr]
        return " STRATEGY FILE_COPY" if can else ""

    def release(self, url: URL) -> None:
        """Drop a database soon: right now the server would wait for the connection that was just closed."""
        self._released.append(url.database)

    def close(self) -> None:
        """Drop what there is, and disconnect."""
        self._released.append(self._template)
        self._drop_released()
        if self._admin is not None:
            self._admin.close()

    def _drop_released(self) -> None:
        for name in filter(None, self._released):
            self._execute(f"DROP DATABASE {name} WITH (FORCE)")
        self._released.clear()

    def _execute(self, statement: str) -> None:
        if self._admin is None:
            self._admin = self._engine.connect()
        self._admin.execute(text(statement))
