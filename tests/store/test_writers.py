"""Transactions on a connection that is kept: whole or not at all, like any other."""

import shutil
from contextlib import closing
from pathlib import Path

import pytest
from sqlalchemy import insert, select, text

from mhc.store import failures, schema
from mhc.store.bulk import Batch, bulk_insert
from mhc.store.database import Database

SYSTEM = list(schema.SYSTEM_LISTS)
ADD = bulk_insert(schema.watchlist, ("name", "system"))


def add(batch: Batch, *names: str) -> None:
    for name in names:
        batch.add(ADD, [(name, False)])


def add_at_once(batch: Batch, name: str) -> None:
    batch.conn.execute(insert(schema.watchlist).values(name=name, system=False))


def lists_in(db: Database) -> list[str]:
    with db.read() as conn:
        return list(conn.execute(select(schema.watchlist.c.name).order_by(schema.watchlist.c.id)).scalars())


def keep(db: Database, *names: str) -> None:
    with db.write_batch() as batch:
        add(batch, *names)


def test_what_a_batch_holds_at_the_end_is_there_afterwards(database: Database, database_url: str) -> None:
    keep(database, "One")
    keep(database, "Two", "Three")
    with closing(Database(database_url)) as other:
        assert lists_in(other) == [*SYSTEM, "One", "Two", "Three"]


def test_a_batch_without_anything_leaves_nothing_open(database: Database, database_url: str) -> None:
    with database.write_batch():
        pass
    with closing(Database(database_url, busy_ms=1)) as other, other.write():
        pass


def test_what_is_written_by_itself_is_in_the_same_transaction(database: Database, database_url: str) -> None:
    with closing(Database(database_url)) as other:
        with database.write_batch() as batch:
            add(batch, "Last")
            add_at_once(batch, "First")
            assert lists_in(other) == SYSTEM
        assert lists_in(other) == [*SYSTEM, "First", "Last"]
        keep(database, "Later")
        assert lists_in(other)[-1] == "Later"


def test_a_savepoint_is_given_back_alone(database: Database) -> None:
    def refused(batch: Batch) -> None:
        with batch.conn.begin_nested():
            add_at_once(batch, "Friends")

    with database.write_batch() as batch:
        with pytest.raises(Exception, match="watchlist"):
            refused(batch)
        add_at_once(batch, "Regulars")
    assert lists_in(database) == [*SYSTEM, "Regulars"]


def test_a_batch_is_taken_back_whole(database: Database) -> None:
    def half() -> None:
        with database.write_batch() as batch:
            add(batch, "Regulars")
            batch.send()
            raise RuntimeError("half way")

    with pytest.raises(RuntimeError, match="half way"):
        half()
    assert lists_in(database) == SYSTEM
    keep(database, "Regulars")
    assert lists_in(database) == [*SYSTEM, "Regulars"]


def test_a_row_that_is_refused_with_the_commit_takes_the_others_back(database: Database) -> None:
    for names in (("Friends", "Regulars"), ("Regulars", "Friends"), ("One", "Friends", "Two")):
        with pytest.raises(failures.RefusedDataError):
            keep(database, *names)
    assert lists_in(database) == SYSTEM


def test_the_connection_is_kept(postgres_database: Database) -> None:
    backends = set()
    for name in ("One", "Two"):
        with postgres_database.write_batch() as batch:
            add(batch, name)
            backends.add(batch.conn.execute(text("SELECT pg_backend_pid()")).scalar_one())
    assert len(backends) == 1


def test_who_writes_at_once_has_a_connection_each(postgres_database: Database) -> None:
    with postgres_database.write_batch() as one, postgres_database.write_batch() as other:
        add(one, "One")
        add(other, "Other")
    assert set(lists_in(postgres_database)) == {*SYSTEM, "One", "Other"}


def test_a_connection_that_is_lost_is_made_anew(postgres_database: Database) -> None:
    with postgres_database.write_batch() as one, postgres_database.write_batch() as other:
        add(one, "One")
        add(other, "Other")
    ours = "datname = current_database() AND pid <> pg_backend_pid()"
    with postgres_database.outside() as conn:
        conn.execute(text(f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE {ours}"))
    with pytest.raises(failures.DatabaseDownError):
        keep(postgres_database, "Lost")
    keep(postgres_database, "Later")  # and not with the other one, which is gone as well
    assert set(lists_in(postgres_database)) == {*SYSTEM, "One", "Other", "Later"}


def test_a_database_that_stays_busy_is_to_be_tried_later(sqlite_database: Database) -> None:
    path = sqlite_database.path
    with closing(Database(f"sqlite:///{path}", busy_ms=1)) as impatient:
        keep(impatient, "One")
        with sqlite_database.write(), pytest.raises(failures.DatabaseBusyError, match="another process"):
            keep(impatient, "Two")
        keep(impatient, "Three")
    assert lists_in(sqlite_database) == [*SYSTEM, "One", "Three"]


def test_a_file_that_was_replaced_is_written_anew(sqlite_database: Database, tmp_path: Path) -> None:
    path = sqlite_database.path
    assert path is not None
    keep(sqlite_database, "Before")
    with closing(Database(f"sqlite:///{tmp_path / 'copy.db'}")) as copy:
        keep(copy, "Elsewhere")
    for name in (path.name, f"{path.name}-wal", f"{path.name}-shm"):
        path.with_name(name).unlink(missing_ok=True)
    shutil.move(tmp_path / "copy.db", path)
    keep(sqlite_database, "After")
    with closing(Database(f"sqlite:///{path}")) as other:
        assert lists_in(other) == [*SYSTEM, "Elsewhere", "After"]


def test_a_file_that_was_removed_is_made_again(sqlite_database: Database) -> None:
    path = sqlite_database.path
    assert path is not None
    keep(sqlite_database, "Before")
    for name in (path.name, f"{path.name}-wal", f"{path.name}-shm"):
        path.with_name(name).unlink()
    keep(sqlite_database, "After")
    with closing(Database(f"sqlite:///{path}")) as other:
        assert lists_in(other) == [*SYSTEM, "After"]
