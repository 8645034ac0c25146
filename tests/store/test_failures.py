"""What a database refuses, as a sentence and a status."""

import socket
from contextlib import closing
from pathlib import Path

import pytest
from sqlalchemy import func, select, text

from mhc.errors import AccessError, ConfigError, DataError, MhcError, UnavailableError
from mhc.store import migrate, schema
from mhc.store.database import Database


def number_of_lists(db: Database) -> int:
    with db.read() as conn:
        return conn.execute(select(func.count()).select_from(schema.watchlist)).scalar_one()


def test_a_schema_that_needs_a_newer_program(database: Database, database_url: str) -> None:
    with database.raw_write() as conn:
        conn.execute(text("UPDATE schema_compat SET number = 7"))
    with closing(Database(database_url)) as other:
        for door in (other.read, other.write):
            with (
                pytest.raises(
                    ConfigError, match=f"is number 7, this mhc knows {schema.COMPATIBILITY}"
                ) as raised,
                door(),
            ):
                pass
            assert (raised.value.status, raised.value.hint) == (78, "install a newer mhc")


def test_a_newer_schema_that_says_it_fits(database: Database, database_url: str) -> None:
    with database.raw_write() as conn:
        conn.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    with closing(Database(database_url)) as other:
        assert number_of_lists(other) == 5


def test_a_schema_that_is_older(database: Database, database_url: str) -> None:
    with database.raw_write() as conn:
        conn.execute(text("UPDATE alembic_version SET version_num = '0000'"))
    with closing(Database(database_url)) as other:
        for door in (other.read, other.write):
            with (
                pytest.raises(ConfigError, match=f"is 0000, this mhc needs {schema.REVISION}") as raised,
                door(),
            ):
                pass
            assert (raised.value.status, raised.value.hint) == (78, "mhc db upgrade")


def test_a_postgresql_database_without_a_schema(postgres_database: Database) -> None:
    migrate.downgrade(postgres_database, "base")
    with pytest.raises(ConfigError, match="no schema in") as raised, postgres_database.read():
        pass
    assert raised.value.hint == "mhc db upgrade"


def test_a_postgresql_database_that_is_not_there(postgres_database: Database) -> None:
    url = postgres_database.url.set(database="never_made").render_as_string()
    with (
        closing(Database(url)) as db,
        pytest.raises(ConfigError, match='"never_made" does not exist') as raised,
        db.read(),
    ):
        pass
    assert raised.value.hint == "create the database, then: mhc db upgrade"


def test_a_log_in_that_is_refused(postgres_database: Database) -> None:
    url = postgres_database.url.set(username="nobody_here").render_as_string()
    with (
        closing(Database(url)) as db,
        pytest.raises(AccessError, match="refused the log-in") as raised,
        db.read(),
    ):
        pass
    assert (raised.value.status, raised.value.hint) == (77, "set DATABASE_URL")


def test_a_server_that_does_not_answer() -> None:
    with closing(socket.create_server(("127.0.0.1", 0))) as listener:
        port = listener.getsockname()[1]
    url = f"postgresql+psycopg://mhc:canary@127.0.0.1:{port}/mhc"
    with (
        closing(Database(url)) as db,
        pytest.raises(UnavailableError, match=rf"cannot reach postgresql.*:{port}/mhc: ") as raised,
        db.read(),
    ):
        pass
    assert raised.value.status == 69
    assert "canary" not in f"{raised.value.message} {raised.value.hint}"


@pytest.mark.parametrize("door", ["read", "write"])
def test_a_file_that_is_no_database(tmp_path: Path, door: str) -> None:
    path = tmp_path / "mhc.db"
    path.write_text("Dear diary, this file is longer than a hundred bytes, " * 9)
    with (
        closing(Database(f"sqlite:///{path}")) as db,
        pytest.raises(DataError, match=r"mhc\.db is damaged or no database") as raised,
        getattr(db, door)(),
    ):
        pass
    assert raised.value.status == 65
    assert path.read_text().startswith("Dear diary")


def test_a_file_where_a_folder_should_be(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    for path in (tmp_path / "file" / "mhc.db", tmp_path / "file" / "deeper" / "mhc.db"):
        with closing(Database(f"sqlite:///{path}")) as db:
            assert number_of_lists(db) == 5
            with pytest.raises(AccessError, match=f"cannot create {path}") as raised, db.write():
                pass
        assert raised.value.status == 77


def test_a_folder_where_the_file_should_be(tmp_path: Path) -> None:
    with (
        closing(Database(f"sqlite:///{tmp_path}")) as db,
        pytest.raises(AccessError, match="cannot open"),
        db.write(),
    ):
        pass


def test_a_folder_that_takes_no_file() -> None:
    with closing(Database("sqlite:////proc/mhc/mhc.db")) as db, pytest.raises(MhcError) as raised, db.write():
        pass
    assert raised.value.status == 77
