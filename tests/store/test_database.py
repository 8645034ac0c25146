"""The one door to the database: what it refuses, and what it makes."""

import os
import shutil
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path
from threading import Event, Thread

import pytest
from sqlalchemy import Connection, func, insert, select, text

from mhc.errors import MhcError, TryLaterError
from mhc.store import failures, schema
from mhc.store.database import Database


def add(conn: Connection, *names: str) -> None:
    for name in names:
        conn.execute(insert(schema.watchlist).values(name=name, system=False))


def lists(conn: Connection) -> list[str]:
    return list(conn.execute(select(schema.watchlist.c.name).order_by(schema.watchlist.c.id)).scalars())


def lists_in(db: Database) -> list[str]:
    with db.read() as conn:
        return lists(conn)


def at(path: Path, *, busy_ms: int = 5000) -> Database:
    return Database(f"sqlite:///{path}", busy_ms=busy_ms)


SYSTEM = list(schema.SYSTEM_LISTS)


def test_what_is_written_is_there_afterwards(database: Database, database_url: str) -> None:
    with database.write() as conn:
        add(conn, "Regulars")
    assert lists_in(database) == [*SYSTEM, "Regulars"]
    with closing(Database(database_url)) as again:
        assert lists_in(again) == [*SYSTEM, "Regulars"]


def test_reading_refuses_to_write(database: Database) -> None:
    with pytest.raises(MhcError), database.read() as conn:
        add(conn, "Regulars")
    assert lists_in(database) == SYSTEM
    with database.write() as conn:  # and the connection is none the worse
        add(conn, "Regulars")
    assert lists_in(database) == [*SYSTEM, "Regulars"]


def test_a_write_is_taken_back_whole(database: Database) -> None:
    def half() -> None:
        with database.write() as conn:
            add(conn, "Regulars")
            raise RuntimeError("half way")

    with pytest.raises(RuntimeError, match="half way"):
        half()
    assert lists_in(database) == SYSTEM


def test_a_refused_row_takes_the_whole_write_back(database: Database) -> None:
    with pytest.raises(failures.RefusedDataError), database.write() as conn:
        add(conn, "Regulars", "Friends")
    assert lists_in(database) == SYSTEM


def test_a_reader_sees_one_state_throughout(database: Database, database_url: str) -> None:
    with closing(Database(database_url)) as other, database.read() as conn:
        assert lists(conn) == SYSTEM
        with other.write() as writer:
            add(writer, "Regulars")
        assert lists_in(other) == [*SYSTEM, "Regulars"]
        assert lists(conn) == SYSTEM


def test_the_options_of_a_read_on_postgresql(postgres_database: Database) -> None:
    query = text("SELECT current_setting('transaction_read_only'), current_setting('transaction_isolation')")
    with postgres_database.read() as conn:
        assert conn.execute(query).one() == ("on", "repeatable read")
    with postgres_database.write() as conn:
        assert conn.execute(query).one() == ("off", "read committed")


def test_postgresql_compiles_no_query(postgres_database: Database) -> None:
    """Compiling takes longer than most questions do."""
    for opened in (postgres_database.read, postgres_database.write):
        with opened() as conn:
            assert conn.execute(text("SHOW jit")).scalar() == "off"


def test_after_a_read_a_server_that_only_reads_still_refuses_to_write(postgres_database: Database) -> None:
    with postgres_database.read():
        pass  # the connection goes back, and comes again
    with postgres_database.outside() as conn:
        conn.execute(text("SET default_transaction_read_only = on"))
    with pytest.raises(failures.ReadOnlyServerError), postgres_database.write() as conn:
        add(conn, "Regulars")


def test_foreign_keys_hold(database: Database) -> None:
    with pytest.raises(failures.RefusedDataError), database.write() as conn:
        conn.execute(text("INSERT INTO watchlist_member (list_id, person_id, added_at) VALUES (99, 99, 0)"))


def test_reading_a_missing_file_makes_nothing(tmp_path: Path) -> None:
    with closing(at(tmp_path / "data" / "mhc.db")) as db:
        for _ in range(2):
            assert lists_in(db) == SYSTEM
        with pytest.raises(MhcError), db.read() as conn:
            add(conn, "lost")
        assert lists_in(db) == SYSTEM
    assert list(tmp_path.iterdir()) == []


def test_writing_makes_a_missing_file_private(tmp_path: Path) -> None:
    path = tmp_path / "data" / "mhc.db"
    before = os.umask(0o022)
    try:
        with closing(at(path)) as db:
            assert lists_in(db) == SYSTEM
            with db.write() as conn:
                add(conn, "Regulars")
            assert lists_in(db) == [*SYSTEM, "Regulars"]
            modes = {file.name: file.stat().st_mode & 0o777 for file in path.parent.iterdir()}
    finally:
        os.umask(before)
    assert path.parent.stat().st_mode & 0o777 == 0o700
    assert modes == {"mhc.db": 0o600, "mhc.db-wal": 0o600, "mhc.db-shm": 0o600}
    with closing(sqlite3.connect(path)) as raw:
        assert raw.execute("PRAGMA journal_mode").fetchone() == ("wal",)


def test_a_first_run_that_was_killed_left_an_empty_file(tmp_path: Path) -> None:
    path = tmp_path / "mhc.db"
    path.touch(0o600)
    with closing(at(path)) as db:
        for _ in range(2):
            assert lists_in(db) == SYSTEM
        with db.write() as conn:
            add(conn, "Regulars")
        assert lists_in(db) == [*SYSTEM, "Regulars"]


def test_a_file_that_is_removed_under_a_writer_is_made_again(sqlite_database: Database) -> None:
    path = sqlite_database.path
    assert path is not None
    with sqlite_database.write() as conn:
        add(conn, "Before")
    for name in (path.name, f"{path.name}-wal", f"{path.name}-shm"):
        path.with_name(name).unlink()
    with sqlite_database.write() as conn:
        add(conn, "After")
    with closing(at(path)) as other:
        assert lists_in(other) == [*SYSTEM, "After"]


def test_a_file_that_was_replaced_is_read_and_written_anew(sqlite_database: Database, tmp_path: Path) -> None:
    path = sqlite_database.path
    assert path is not None
    before = sqlite_database.file_identity()
    with sqlite_database.write() as conn:
        add(conn, "Before")
    shutil.copy(path, tmp_path / "copy.db")
    with closing(at(tmp_path / "copy.db")) as copy, copy.write() as conn:
        add(conn, "Elsewhere")
    for name in (path.name, f"{path.name}-wal", f"{path.name}-shm"):
        path.with_name(name).unlink(missing_ok=True)
    (tmp_path / "copy.db").rename(path)
    assert sqlite_database.file_identity() not in {before, None}
    assert "Elsewhere" in lists_in(sqlite_database)
    with sqlite_database.write() as conn:
        add(conn, "After")
    with closing(at(path)) as other:
        assert {"Elsewhere", "After"} <= set(lists_in(other))


CREATE = (
    "import sys\nfrom mhc.store.database import Database\ndb = Database(sys.argv[1])\n"
    "print('ready', flush=True)\nsys.stdin.readline()\n"
    'with db.write() as conn: conn.exec_driver_sql("INSERT INTO watchlist (name, system) VALUES (\'" + sys.argv[2] + "\', false)")'
)


def test_two_first_runs_at_once_make_one_database(bare_database: Database) -> None:
    url = bare_database.url.render_as_string(hide_password=False)
    create = CREATE if bare_database.is_sqlite else CREATE.replace("with db", "db.create()\nwith db")
    runs = [
        subprocess.Popen(
            [sys.executable, "-c", create, url, name],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for name in ("One", "Two")
    ]
    for run in runs:
        assert run.stdout is not None
        assert run.stdout.readline() == "ready\n"
    for run in runs:
        assert run.stdin is not None
        run.stdin.write("\n")
        run.stdin.flush()
    for run in runs:
        assert run.communicate()[0] == ""
    assert [run.returncode for run in runs] == [0, 0]
    assert bare_database.schema_state() == (schema.REVISION, schema.COMPATIBILITY)
    assert sorted(lists_in(bare_database)) == sorted([*SYSTEM, "One", "Two"])


def test_a_second_writer_waits_for_the_first(database: Database, database_url: str) -> None:
    started, errors = Event(), list[BaseException]()

    def second() -> None:
        try:
            with closing(Database(database_url)) as other:
                started.set()
                with other.write() as conn:
                    count = conn.execute(select(func.count()).select_from(schema.watchlist)).scalar_one()
                    add(conn, f"List {count}")
        except BaseException as error:  # noqa: BLE001 - told by the test
            errors.append(error)

    thread = Thread(target=second)
    with database.write() as conn:
        add(conn, "First")
        thread.start()
        started.wait()
    thread.join()
    assert errors == []
    assert lists_in(database)[5] == "First"
    assert len(lists_in(database)) == 7


def test_a_database_that_stays_busy_is_to_be_tried_later(sqlite_database: Database) -> None:
    assert sqlite_database.path is not None
    with closing(at(sqlite_database.path, busy_ms=1)) as impatient, sqlite_database.write() as conn:
        add(conn, "First")
        with (
            pytest.raises(TryLaterError, match=r"another process holds .*mhc\.db") as raised,
            impatient.write(),
        ):
            pass
    assert raised.value.status == 75
    assert lists_in(sqlite_database) == [*SYSTEM, "First"]


def test_an_address_is_the_same_wherever_the_password_stands() -> None:
    same = {
        Database(f"postgresql+psycopg://{url}").address
        for url in (
            "mhc:CANARY@db.example.org/mhc",
            "mhc@db.example.org/mhc",
            "mhc@db.example.org/mhc?password=CANARY&sslmode=require",
        )
    }
    assert same == {"postgresql://mhc@db.example.org/mhc"}
    socket = Database("postgresql+psycopg:///mhc?host=/run&sslmode=prefer").address
    assert socket == "postgresql:///mhc?host=%2Frun"
    assert Database("sqlite:////data/mhc.db").address == "/data/mhc.db"


def test_a_question_that_a_signal_ends_is_ended_by_the_signal(database: Database) -> None:
    def asks() -> None:
        with database.read() as conn:
            conn.invalidate()  # as SQLAlchemy does where a signal comes while the driver answers
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        asks()
    assert lists_in(database) == SYSTEM
