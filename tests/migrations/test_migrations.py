"""Every revision builds what the program expects, and keeps what is stored."""

import ast
import hashlib
from datetime import UTC
from pathlib import Path
from typing import Any

import pytest
from alembic.script import ScriptDirectory
from sqlalchemy import (
    BigInteger,
    Boolean,
    Connection,
    Integer,
    LargeBinary,
    MetaData,
    SmallInteger,
    Table,
    insert,
    inspect,
    select,
    text,
)

from factories import ROOM, T0, private, store, tell_story, tip
from mhc.domain.events import METHODS
from mhc.domain.paste_lines import What
from mhc.domain.words import words
from mhc.reports import pasting
from mhc.store import follows, line_counts, migrate, payment_quarters, people, recounting, schema, totals
from mhc.store.database import Database
from mhc.store.import_batches import New
from mhc.store.streams import Kind

SCRIPTS = ScriptDirectory.from_config(migrate.config())
REVISIONS = [script.revision for script in SCRIPTS.walk_revisions()][::-1]
VALUES: dict[type, Any] = {
    Boolean: True,
    SmallInteger: 3,
    BigInteger: 1767225600000,
    Integer: 7,
    LargeBinary: b"\x00raw",
}
NEW = New("pm", "-", "0" * 64, T0)
Rows = list[dict[str, Any]]


def described(conn: Connection) -> list[Any]:
    """List columns with type, null and default, and the statements of the indexes, as the database has them."""
    if conn.dialect.name == "sqlite":
        indexes = "SELECT tbl_name, sql FROM sqlite_master WHERE type = 'index' AND sql IS NOT NULL"
        columns = (
            'SELECT m.name, c.name, c.type, c."notnull", c.dflt_value, c.pk'
            " FROM sqlite_master m JOIN pragma_table_info(m.name) c WHERE m.type = 'table'"
        )
    else:
        indexes = "SELECT tablename, indexdef FROM pg_indexes WHERE schemaname = current_schema()"
        columns = (
            "SELECT table_name, column_name, data_type, is_nullable, column_default, collation_name"
            " FROM information_schema.columns WHERE table_schema = current_schema()"
        )
    rows = [tuple(row) for query in (indexes, columns) for row in conn.execute(text(query))]
    return sorted((row for row in rows if row[0] != "alembic_version"), key=repr)


def fill(conn: Connection) -> None:
    """Put a row into every table that has none, as the tables are at this revision."""
    tables = MetaData()
    tables.reflect(conn)
    for table in tables.sorted_tables:
        if conn.execute(select(table).limit(1)).first() is None:
            row = {c.name: made(conn, c) for c in table.columns if c.name != "id"}
            conn.execute(insert(table).values(row))


def made(conn: Connection, column: Any) -> Any:
    for key in column.foreign_keys:
        return (
            None if key.column.table is column.table else conn.execute(select(key.column).limit(1)).scalar()
        )
    return next((value for kind, value in VALUES.items() if isinstance(column.type, kind)), "text")


def dump(conn: Connection, *, like: dict[str, Rows] | None = None) -> dict[str, Rows]:
    """Give every row of every table; `like` names the tables and columns that matter."""
    tables = MetaData()
    tables.reflect(conn)
    found = {}
    for table in tables.sorted_tables:
        if table.name != "alembic_version" and (like is None or like.get(table.name)):
            found[table.name] = sorted(_rows(conn, table, like), key=repr)
    return found


def _rows(conn: Connection, table: Table, like: dict[str, Rows] | None) -> Rows:
    columns = [c for c in table.columns if like is None or c.name in like[table.name][0]]
    return [dict(row._mapping) for row in conn.execute(select(*columns))]


def test_there_is_one_head_and_the_program_knows_it() -> None:
    assert SCRIPTS.get_heads() == [schema.REVISION]
    assert migrate.head() == schema.REVISION
    assert sorted(REVISIONS) == REVISIONS  # the program compares them as texts


@pytest.mark.parametrize("path", sorted(Path(SCRIPTS.versions).glob("*.py")), ids=lambda path: path.stem)
def test_a_revision_needs_nothing_of_the_program(path: Path) -> None:
    for node in ast.walk(ast.parse(path.read_text())):
        names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
        names += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
        assert [name for name in names if name.split(".")[0] == "mhc"] == []


def test_from_zero_to_what_the_program_has(bare_database: Database) -> None:
    assert bare_database.is_empty()
    assert bare_database.create() == (None, schema.REVISION)
    assert bare_database.schema_state() == (schema.REVISION, schema.COMPATIBILITY)
    with bare_database.read() as conn:
        assert migrate.differences(conn) == []


def test_the_migrations_build_the_same_columns_and_indexes_as_the_models(bare_database: Database) -> None:
    with bare_database.raw_write() as conn:
        schema.metadata.create_all(conn)
        models = described(conn)
        schema.metadata.drop_all(conn)
    bare_database.create()
    with bare_database.read() as conn:
        assert described(conn) == models


def test_what_every_database_begins_with(database: Database, tmp_path: Path) -> None:
    wl, em = schema.watchlist.c, schema.event_method.c
    queries = (select(wl.id, wl.name, wl.system).order_by(wl.id), select(em.id, em.name).order_by(em.id))
    with database.read() as conn:
        lists, methods = (conn.execute(query).all() for query in queries)
    assert lists == [(number, name, True) for number, name in enumerate(schema.SYSTEM_LISTS, 1)]
    assert methods == list(METHODS.items())
    with Database(f"sqlite:///{tmp_path}/missing.db").read() as conn:
        assert [conn.execute(query).all() for query in queries] == [lists, methods]


def test_down_and_up_again(database: Database) -> None:
    with database.read() as conn:
        before = described(conn)
    for revision in [*REVISIONS[-2::-1], "base"]:
        migrate.downgrade(database, revision)
    with database.raw_write() as conn:
        assert set(inspect(conn).get_table_names()) <= {"alembic_version"}
    for revision in REVISIONS:
        migrate.upgrade(database, revision)
    with database.read() as conn:
        assert described(conn) == before


@pytest.mark.parametrize("revision", REVISIONS)
def test_what_is_stored_survives_every_later_revision(bare_database: Database, revision: str) -> None:
    migrate.upgrade(bare_database, revision)
    with bare_database.raw_write() as conn:
        fill(conn)
        before = dump(conn)
    assert [name for name, rows in before.items() if not rows] == []
    migrate.upgrade(bare_database)
    with bare_database.read() as conn:
        assert dump(conn, like=before) == before
    migrate.downgrade(bare_database, revision)
    with bare_database.raw_write() as conn:
        assert dump(conn) == before
    assert migrate.upgrade(bare_database) == (revision, schema.REVISION)


def test_a_note_with_a_very_long_word_gets_its_words(bare_database: Database) -> None:
    long = "".join(hashlib.sha256(bytes([n])).hexdigest() for n in range(200))  # nothing makes it shorter
    migrate.upgrade(bare_database, "0002")
    with bare_database.raw_write() as conn:
        fill(conn)
        conn.execute(text("UPDATE note SET body = :body"), {"body": f"Crème {long}"})
    migrate.upgrade(bare_database)
    with bare_database.read() as conn:
        found = set(conn.execute(select(schema.note_word.c.word)).scalars())
    assert found == words(f"Crème {long}") == {"creme", long[:64]}


def test_what_is_derived_is_filled_from_the_events(database: Database) -> None:
    tell_story(database)
    with database.write() as conn:
        outside = private(31, ROOM, "viewer_three", "hi")
        outside[2]["broadcaster"] = ""
        tips = [tip(40, "viewer_two", 5, anonymous=True), tip(41, "viewer_two", 5, room=None)]
        store(conn, [*tips, private(30, "viewer_two", ROOM, "hi"), outside], page=5)
        store(conn, [tip(50, "viewer_two", 5)], kind=Kind.TESTBED, page=6)
        for what, text_of in ((What.PM, "viewer_nine: hi"), (What.TIPS, "viewer_nine tipped 5 tokens")):
            given = pasting.Paste(text_of, what, ROOM, UTC)  # at an unknown time
            pasting.save(conn, given, pasting.read(conn, given, NEW), NEW)
    migrate.downgrade(database, "0006")
    migrate.upgrade(database)
    with database.read() as conn:
        assert recounting.differences(conn) == line_counts.differences(conn) == 0
        assert payment_quarters.differences(conn) == follows.differences(conn) == 0
        assert totals.of_person(conn, [people.ids_of(conn, ["viewer_two"])["viewer_two"]]).tips > 0


def test_an_upgrade_that_fails_leaves_what_was(bare_database: Database) -> None:
    with bare_database.raw_write() as conn:
        conn.execute(text("CREATE TABLE rejected_event (id integer)"))  # the last table that 0001 makes
    with pytest.raises(Exception, match="rejected_event"):
        migrate.upgrade(bare_database, "0001")
    with bare_database.raw_write() as conn:
        assert inspect(conn).get_table_names() == ["rejected_event"]


def test_an_upgrade_leaves_a_newer_schema_alone(database: Database) -> None:
    with database.raw_write() as conn:
        conn.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    assert migrate.upgrade(database) == ("9999", "9999")
