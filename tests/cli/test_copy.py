"""`mhc db copy`: everything, from either kind of database into the other, and on where it was stopped."""

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection, LargeBinary, SmallInteger, Table, insert, inspect, select, text, update

import factories
import seed
from backing import answers
from command import Mhc, MhcHere
from conftest import fresh
from factories import ROOM
from mhc.store import contents, copying, schema, streams
from mhc.store.database import Database
from terminal import on_terminal

# Copies, and is killed by the kernel when a number of blocks is stored.
KILLED = """
import os, signal, sys
from mhc.store import copying
from mhc.store.database import Database
left = [int(sys.argv[3])]
def progress(table, rows):
    left[0] -= 1
    if not left[0]:
        os.kill(os.getpid(), signal.SIGKILL)
copying.copy(Database(sys.argv[1]), Database(sys.argv[2]), progress)
"""


def url_of(db: Database) -> str:
    return db.url.render_as_string(hide_password=False)


@contextmanager
def another(
    kind: str, request: pytest.FixtureRequest, folder: Path, *, migrated: bool = False
) -> Iterator[Database]:
    """Give a second database, of the other kind or of the same."""
    place = folder / "another"
    place.mkdir(exist_ok=True)
    with fresh(kind, request, place, migrated=migrated) as db:
        yield db


@pytest.fixture(params=["sqlite", "postgresql"])
def target(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Database]:
    """Give an empty database of each kind."""
    with another(request.param, request, tmp_path) as db:
        yield db


def test_every_answer_is_the_same_in_the_copy(database: Database, target: Database, tmp_path: Path) -> None:
    mhc = MhcHere(tmp_path, DATABASE_URL=url_of(database), CHATURBATE_USERNAME=ROOM)
    seed.fill(database, mhc, datetime.now(UTC))
    database.close()
    run = mhc("db", "copy", url_of(target), "-o", "json")
    assert run.status == 0, run.stderr
    rows = {one["table"]: one["rows"] for one in run.json}
    assert rows.keys() == schema.metadata.tables.keys() - {"schema_compat"}
    assert rows["event"] > seed.EVENTS
    there = MhcHere(tmp_path, DATABASE_URL=url_of(target), CHATURBATE_USERNAME=ROOM)
    assert answers(there) == answers(mhc)
    assert there("db", "check").status == 0
    assert there("note", "add", "viewer_one", "ids go on").status == 0
    assert there("person", "add", "viewer_ninety").status == 0
    lines = [json.loads(line) for line in (tmp_path / "state" / "audit.log").read_text().splitlines()]
    copied = [
        line for line in lines if line["act"].startswith("db copy")
    ]  # the questions unmask, and leave theirs
    assert [line["act"] for line in copied] == ["db copy begun", "db copy"]
    assert copied[1]["events"] == rows["event"]


def fill(conn: Connection) -> None:
    """Put a row of odd values into every table that has none."""
    for table in copying.tables():
        if conn.execute(select(table).limit(1)).first() is None:
            row = {c.name: _made(conn, table, c) for c in table.columns if c.name != "id"}
            conn.execute(insert(table).values(row))


def _made(conn: Connection, table: Table, column: Any) -> Any:
    for key in column.foreign_keys:
        return None if key.column.table is table else conn.execute(select(key.column).limit(1)).scalar()
    if isinstance(column.type, LargeBinary):
        return bytes(range(256))
    if isinstance(column.type, schema.Instant):
        return datetime(1969, 12, 31, 23, 59, 59, 999000, tzinfo=UTC)
    kind = column.type.python_type
    small = isinstance(column.type, SmallInteger)
    return {bool: True, int: -7 if small else 2**31 - 1, str: "\u00e9\u4e2d\U0001f600\\N\t'\"\n"}[kind]


def everything(db: Database) -> dict[str, list[Any]]:
    with db.read() as conn:
        return {
            table.name: sorted((tuple(row) for row in conn.execute(select(table))), key=repr)
            for table in schema.metadata.sorted_tables
        }


def test_every_row_of_every_table_is_copied_both_ways(
    database: Database, target: Database, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    factories.tell_story(database)
    with database.write() as conn:
        # A person who was merged into one that is further on in the table.
        conn.execute(text("UPDATE person SET canonical_id = (SELECT max(id) FROM person) WHERE id = 1"))
        fill(conn)
    copying.copy(database, target, lambda _table, _rows: None)
    assert all(everything(target).values())
    assert everything(target) == everything(database)
    back = "sqlite" if database.is_sqlite else "postgresql"
    folder = tmp_path / "back"
    folder.mkdir()
    with another(back, request, folder) as third:
        copying.copy(target, third, lambda _table, _rows: None)
        assert everything(third) == everything(database)


@pytest.fixture
def long_source(sqlite_database: Database) -> Database:
    """Give a database of several blocks of events."""
    factories.tell_story(sqlite_database)
    with sqlite_database.write() as conn:
        lines = [factories.chat(2000 + number / 600, f"viewer_{number % 9}") for number in range(11_000)]
        factories.store(conn, lines, page=11)
    sqlite_database.close()
    return sqlite_database


def killed(source: Database, target: Database, after: int) -> int:
    """Copy in a process of its own, and kill that when so many blocks are stored."""
    words = [sys.executable, "-c", KILLED, url_of(source), url_of(target), str(after)]
    return subprocess.run(words, check=False, capture_output=True, timeout=60).returncode


def test_a_copy_that_is_killed_goes_on(long_source: Database, target: Database, tmp_path: Path) -> None:
    source = MhcHere(tmp_path, DATABASE_URL=url_of(long_source))
    there = MhcHere(tmp_path, DATABASE_URL=url_of(target))
    reached = []
    for after in (1, 2, 1, 9):
        assert killed(long_source, target, after) == -9
        with target.look() as conn:
            reached.append(contents.read(conn).events)
        for words in (["event", "list"], ["note", "add", "viewer_1", "too early"], ["db", "check"]):
            run = there(*words)
            assert (run.status, "not finished" in run.stderr) == (78, True), run.stderr
        assert there("db", "backup").status == 78
    assert reached == [5000, 11_021, 11_021, 11_021]
    source("note", "add", "viewer_1", "written between two runs")
    target.close()
    run = source("db", "copy", url_of(target))
    assert run.status == 0, run.stderr
    assert everything(target) == everything(long_source)
    assert there("db", "check").status == 0


def test_what_came_late_between_two_runs_is_not_passed_over(
    long_source: Database, target: Database, tmp_path: Path
) -> None:
    assert killed(long_source, target, 2) == -9
    with long_source.write() as conn:
        factories.store(conn, [factories.chat(3, "viewer_late")], page=99)
    run = MhcHere(tmp_path, DATABASE_URL=url_of(long_source))("db", "copy", url_of(target))
    assert (run.status, "event differs" in run.stderr) == (4, True)
    with pytest.raises(Exception, match="not finished"), target.read():
        pass


def test_a_target_that_holds_anything_is_refused(
    database: Database, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    factories.tell_story(database)
    mhc = MhcHere(tmp_path, DATABASE_URL=url_of(database))
    with another("sqlite", request, tmp_path, migrated=True) as other:
        there = MhcHere(tmp_path, DATABASE_URL=url_of(other))
        assert there("watchlist", "add", "Friends", "viewer_one", "-y").status == 3
        assert there("person", "add", "viewer_five").status == 0
        before = everything(other)
        run = mhc("db", "copy", url_of(other))
        assert (run.status, "holds data" in run.stderr) == (4, True)
        assert everything(other) == before


def test_a_database_of_something_else_is_left_alone(
    sqlite_database: Database, target: Database, tmp_path: Path
) -> None:
    factories.tell_story(sqlite_database)
    with target.raw_write() as conn:
        conn.execute(text("CREATE TABLE theirs (id integer)"))
    run = MhcHere(tmp_path, DATABASE_URL=url_of(sqlite_database))("db", "copy", url_of(target))
    assert (run.status, "holds data" in run.stderr) == (4, True)
    there = MhcHere(tmp_path, DATABASE_URL=url_of(target))
    assert there("db", "backup").status == 78
    with target.look() as conn:
        assert inspect(conn).get_table_names() == ["theirs"]


def test_an_unfinished_copy_of_another_database_is_refused(
    long_source: Database, target: Database, tmp_path: Path
) -> None:
    assert killed(long_source, target, 1) == -9
    with closing(Database(f"sqlite:///{tmp_path}/second.db")) as second:
        second.create()
        factories.tell_story(second)
        run = MhcHere(tmp_path, DATABASE_URL=url_of(second))("db", "copy", url_of(target))
    assert (run.status, "unfinished copy of" in run.stderr) == (4, True)


def test_a_database_that_is_new_but_has_its_tables_is_taken(
    database: Database, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    factories.tell_story(database)
    database.close()
    with another("sqlite", request, tmp_path, migrated=True) as other:
        assert MhcHere(tmp_path, DATABASE_URL=url_of(database))("db", "copy", url_of(other)).status == 0
        assert everything(other) == everything(database)


def test_what_cannot_be_copied(database: Database, tmp_path: Path) -> None:
    mhc = MhcHere(tmp_path, DATABASE_URL=url_of(database))
    assert mhc("db", "copy", str(database.path) if database.is_sqlite else url_of(database)).status == 2
    run = mhc("db", "copy", "postgresql://mhc:CANARY0PASSWORD@localhost/mhc")
    assert (run.status, "CANARY" in run.stderr, "PGPASSFILE" in run.stderr) == (2, False, True)
    run = mhc("db", "copy", "other.db", DATABASE_URL=f"{tmp_path}/none.db")
    assert (run.status, "nothing to copy" in run.stderr) == (3, True)
    assert not (tmp_path / "other.db").exists()
    assert mhc("db", "copy", "other.db", "-n", "-o", "json").json[0]["checksum"] is None
    assert not (tmp_path / "other.db").exists()


def test_while_a_listener_is_at_work_only_by_force(database: Database, tmp_path: Path) -> None:
    factories.tell_story(database)
    with database.write() as conn:
        one = streams.list_all(conn, ROOM)[0]
        now, valid = datetime.now(UTC), timedelta(seconds=60)
        assert streams.take_lease(conn, one.id, "elsewhere/1", now=now, valid=valid, lock_held=False)
    database.close()
    mhc = MhcHere(tmp_path, DATABASE_URL=url_of(database))
    run = mhc("db", "copy", "other.db")
    assert (run.status, "being listened to" in run.stderr, (tmp_path / "other.db").exists()) == (
        75,
        True,
        False,
    )
    assert mhc("db", "copy", "other.db", "--force").status == 0


def test_a_row_that_is_not_the_same_is_found(long_source: Database, target: Database, tmp_path: Path) -> None:
    assert killed(long_source, target, 2) == -9
    with target.raw_write() as conn:
        changed = schema.event.c.tokens == 100
        assert conn.execute(update(schema.event).where(changed).values(tokens=101)).rowcount == 1
    run = MhcHere(tmp_path, DATABASE_URL=url_of(long_source))("db", "copy", url_of(target))
    assert (run.status, "event differs" in run.stderr) == (4, True)


def test_a_copy_that_fails_wipes_its_progress_out_first(
    long_source: Database, target: Database, tmp_path: Path
) -> None:
    assert killed(long_source, target, 2) == -9
    with target.raw_write() as conn:
        conn.execute(update(schema.event).where(schema.event.c.tokens == 100).values(tokens=101))
    target.close()
    run = on_terminal(Mhc(tmp_path, DATABASE_URL=url_of(long_source)), "db", "copy", url_of(target))
    shown, wiped, error = run.stderr.partition("\r\x1b[K")
    assert (run.status, shown[0], " rows" in shown, bool(wiped)) == (4, "\r", True, True)
    assert error.startswith("mhc: ")
