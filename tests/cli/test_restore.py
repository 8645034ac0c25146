"""`mhc db restore`: the database as it was, and never over what is good."""

import hashlib
import json
import sqlite3
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from alembic.script import ScriptDirectory
from sqlalchemy import text

from backing import answers, backed_up, mode, told
from command import MhcHere
from factories import ROOM, chat, store
from mhc.capture.lock import StreamLock
from mhc.store import migrate, schema, streams
from mhc.store.database import Database

SCRIPTS = ScriptDirectory.from_config(migrate.config())


def test_what_is_restored_gives_the_same_answers(mhc: MhcHere, database: Database) -> None:
    before = answers(mhc)
    made = backed_up(mhc)
    with database.write() as conn:
        store(conn, [chat(1500, "viewer_three")], page=9)
    mhc("note", "add", "viewer_two", "written later")
    database.close()
    assert answers(mhc) != before
    run = mhc("db", "restore", made["file"], "-y", "-o", "json")
    assert (run.status, run.json["sound"], run.json["problems"], run.json["events"]) == (0, True, [], 21)
    assert answers(mhc) == before
    assert mhc("db", "check").status == 0
    assert mhc("note", "add", "viewer_two", "ids go on").status == 0


def test_what_a_sqlite_file_held_is_kept_beside_it(sqlite_database: Database, tmp_path: Path) -> None:
    mhc = told(sqlite_database, tmp_path)
    made = backed_up(mhc)
    mhc("note", "add", "viewer_two", "written later")
    sqlite_database.close()
    former = mhc("db", "restore", made["file"], "-y", "-o", "json").json["replaced"]
    assert mode(Path(former)) == 0o600
    assert len(mhc("note", "list", "viewer_two", "-o", "json").json) == 1
    there = mhc("--db", former, "note", "list", "viewer_two", "-o", "json").json
    assert [one["body"] for one in there] == ["written later", "asked for a song"]
    with closing(sqlite3.connect(tmp_path / "mhc.db")) as conn:
        assert conn.execute("PRAGMA journal_mode").fetchone() == ("wal",)


def test_into_an_empty_database_it_needs_no_yes(
    mhc: MhcHere, database: Database, request: pytest.FixtureRequest
) -> None:
    made = backed_up(mhc)
    before = answers(mhc)
    if database.is_sqlite:
        url = f"sqlite:///{mhc.home}/new/restored.db"
    else:
        empty = request.getfixturevalue("postgres_server").empty()
        url = empty.render_as_string(hide_password=False)
    other = MhcHere(mhc.home, DATABASE_URL=url)
    assert other("db", "restore", made["file"]).status == 0
    assert answers(other) == before
    if not database.is_sqlite:
        request.getfixturevalue("postgres_server").release(empty)


def test_data_is_replaced_only_when_told(mhc: MhcHere) -> None:
    made = backed_up(mhc)
    before = answers(mhc)
    run = mhc("db", "restore", made["file"])
    assert (run.status, run.stdout) == (2, "")
    assert "-y" in run.stderr
    shown = mhc("db", "restore", made["file"], "-n", "-o", "json").json
    assert (shown["events"], shown["sound"]) == (21, None)
    assert answers(mhc) == before


def test_a_listener_at_work_is_not_robbed_of_its_database(mhc: MhcHere, database: Database) -> None:
    made = backed_up(mhc)
    with database.write() as conn:
        source = streams.list_all(conn, ROOM)[0]
        lease = {"now": datetime.now(UTC), "valid": timedelta(seconds=60)}
        assert streams.take_lease(conn, source.id, "elsewhere/1", lock_held=False, **lease)  # type: ignore[arg-type]
    database.close()
    run = mhc("db", "restore", made["file"], "-y")
    assert (run.status, f"{ROOM} is being listened to" in run.stderr) == (75, True)


@pytest.mark.parametrize("words", [("restore",), ("copy",)])
def test_a_listener_without_a_valid_lease_is_not_robbed_of_its_database(
    mhc: MhcHere, database: Database, words: tuple[str, ...]
) -> None:
    file = backed_up(mhc)["file"]
    with database.read() as conn:
        source = streams.list_all(conn, ROOM)[0]
    database.close()
    lock = StreamLock(mhc.home / "state", source.lock_name)
    lock.acquire(ROOM)
    run = mhc("db", *words, file if words == ("restore",) else "sqlite:///other.db", "-n")
    lock.release()
    assert (run.status, f"{ROOM} is being listened to" in run.stderr) == (75, True)


def test_a_file_that_another_process_has_open_is_not_replaced(
    sqlite_database: Database, tmp_path: Path
) -> None:
    mhc = told(sqlite_database, tmp_path)
    made = backed_up(mhc)
    with sqlite_database.read():
        run = mhc("db", "restore", made["file"], "-y")
    assert (run.status, f"has {sqlite_database.path} open" in run.stderr) == (75, True)
    assert [one.name for one in tmp_path.iterdir() if "replaced" in one.name or "part" in one.name] == []


def test_nobody_opens_a_file_while_another_takes_its_place(
    sqlite_database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    mhc = told(sqlite_database, tmp_path)
    made = backed_up(mhc)
    tries = []
    replace = Path.replace

    def look_and_replace(path: Path, target: Path) -> Path:
        if target == sqlite_database.path:
            with closing(sqlite3.connect(target, timeout=0)) as conn:
                with pytest.raises(sqlite3.OperationalError, match="locked"):
                    conn.execute("PRAGMA journal_mode=wal")
                tries.append(target)
        return replace(path, target)

    monkeypatch.setattr(Path, "replace", look_and_replace)
    assert mhc("db", "restore", made["file"], "-y").status == 0
    assert len(tries) == 1


def test_who_opened_a_file_before_leaves_no_log_beside_the_new_one(
    sqlite_database: Database, tmp_path: Path
) -> None:
    mhc = told(sqlite_database, tmp_path)
    made = backed_up(mhc)
    assert sqlite_database.path is not None
    with closing(sqlite3.connect(sqlite_database.path, isolation_level=None)) as conn:
        assert mhc("db", "restore", made["file"], "-y").status == 0
        for statement in ("PRAGMA journal_mode=wal", "DELETE FROM note"):
            with pytest.raises(sqlite3.OperationalError, match="readonly"):
                conn.execute(statement)
        assert [one.name for one in tmp_path.glob("mhc.db-*")] == []
    assert len(mhc("note", "list", "viewer_two", "-o", "json").json) == 1


def test_a_log_without_its_file_does_not_reach_the_restored_one(
    sqlite_database: Database, tmp_path: Path
) -> None:
    mhc = told(sqlite_database, tmp_path)
    made = backed_up(mhc)
    assert sqlite_database.path is not None
    sqlite_database.path.unlink()
    for end in ("-wal", "-shm", "-journal"):
        (tmp_path / f"mhc.db{end}").write_bytes(b"of another file")
    assert mhc("db", "restore", made["file"], "-y").status == 0
    left = [one for one in tmp_path.glob("mhc.db*") if one.read_bytes() == b"of another file"]
    assert sorted(one.name.rpartition("-")[2] for one in left) == ["journal", "shm", "wal"]
    assert all("replaced" in one.name for one in left)


def test_a_backup_without_its_manifest_is_not_restored(on_sqlite: MhcHere) -> None:
    path = Path(backed_up(on_sqlite)["file"])
    path.with_name(path.name + ".json").unlink()
    for words in (["db", "restore", str(path), "-y"], ["db", "backup", "--verify", str(path)]):
        run = on_sqlite(*words)
        assert (run.status, "has no manifest" in run.stderr) == (4, True)
    assert on_sqlite("db", "backup", "--list", "-o", "json").json[0]["verified"] is None


def test_a_backup_of_a_newer_schema_is_refused(mhc: MhcHere) -> None:
    path = Path(backed_up(mhc)["file"])
    beside = path.with_name(path.name + ".json")
    body = json.loads(beside.read_text())
    body["contents"]["compatibility"] = 99
    if path.suffix == ".db":
        with closing(sqlite3.connect(path)) as conn, conn:
            conn.execute("UPDATE schema_compat SET number = 99")
        body |= {"bytes": path.stat().st_size, "sha256": hashlib.sha256(path.read_bytes()).hexdigest()}
    beside.write_text(json.dumps(body))
    run = mhc("db", "restore", str(path), "-y")
    assert (run.status, "number 99" in run.stderr) == (78, True)


def test_a_backup_of_the_oldest_schema_is_brought_up_to_date(bare_database: Database, tmp_path: Path) -> None:
    oldest = min(script.revision for script in SCRIPTS.walk_revisions())
    migrate.upgrade(bare_database, oldest)
    bare_database.close()
    mhc = MhcHere(tmp_path, DATABASE_URL=bare_database.url.render_as_string(hide_password=False))
    made = backed_up(mhc)
    assert made["revision"] == oldest
    run = mhc("db", "restore", made["file"], "-y", "-o", "json")
    assert (run.status, run.json["revision"], run.json["sound"]) == (0, oldest, True)
    assert mhc("db", "info", "-o", "json").json["revision"] == schema.REVISION


def test_a_backup_of_the_other_kind_is_refused(mhc: MhcHere, database: Database, tmp_path: Path) -> None:
    path = Path(backed_up(mhc)["file"])
    url = "postgresql://nobody@127.0.0.1:1/none" if database.is_sqlite else f"{tmp_path}/other.db"
    run = mhc("db", "restore", str(path), "-y", DATABASE_URL=url)
    assert (run.status, "mhc db copy" in run.stderr) == (2, True)


def test_a_table_of_somebody_else_stays(postgres_database: Database, tmp_path: Path) -> None:
    mhc = told(postgres_database, tmp_path)
    made = backed_up(mhc)
    with postgres_database.raw_write() as conn:
        conn.execute(text("CREATE TABLE theirs (person_id integer REFERENCES person)"))
        conn.execute(text("INSERT INTO theirs SELECT id FROM person"))
    postgres_database.close()
    run = mhc("db", "restore", made["file"], "-y")
    assert (run.status, "depend" in run.stderr) == (4, True)
    assert mhc("db", "info", "-o", "json").json["events"] == 21
