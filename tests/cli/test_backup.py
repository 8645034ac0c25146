"""`mhc db backup`: whole, verified, and kept by a policy."""

import fcntl
import json
import os
import shutil
import subprocess
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import text

from backing import backed_up, mode, told
from command import Mhc, MhcHere
from factories import T0, tell_story
from faults import disks
from mhc.store.database import Database


def test_a_backup_says_what_is_in_it(mhc: MhcHere, database: Database) -> None:
    made = backed_up(mhc)
    path = Path(made["file"])
    assert path.parent == mhc.home / "data" / "mhc" / "backups"
    assert made["bytes"] == path.stat().st_size
    assert (made["events"], made["people"], made["verified"], made["removed"]) == (21, 3, "restored", [])
    assert (mode(path.parent), mode(path), mode(path.with_name(path.name + ".json"))) == (0o700, 0o600, 0o600)
    assert sorted(one.name for one in path.parent.iterdir()) == [".lock", path.name, path.name + ".json"]
    assert path.suffix == (".db" if database.is_sqlite else ".dump")
    assert mhc("db", "backup", "--list", "-o", "json").json == [made]
    assert mhc("db", "backup", "--verify", str(path), "-o", "json").json["events"] == 21


def test_it_leaves_a_line_in_the_audit_log(on_sqlite: MhcHere) -> None:
    made = backed_up(on_sqlite)
    on_sqlite("db", "restore", made["file"], "-y")
    lines = [json.loads(line) for line in (on_sqlite.home / "state" / "audit.log").read_text().splitlines()]
    assert [(line["act"], line.get("events")) for line in lines] == [
        ("db backup begun", None), ("db backup", 21), ("db restore begun", None), ("db restore", 21),
    ]  # fmt: skip


def test_an_act_that_fails_half_way_has_its_line(on_sqlite: MhcHere) -> None:
    folder = on_sqlite.home / "backups"
    made = aged(Path(backed_up(on_sqlite, "--dir", str(folder))["file"]), T0)
    config = on_sqlite.home / "policy.toml"
    config.write_text("[backup]\nhourly = 0\ndaily = 0\nweekly = 0\nmonthly = 0\n")
    made.unlink()
    made.mkdir()  # which the policy cannot remove
    assert on_sqlite("db", "backup", "--dir", str(folder), "--config", str(config)).status == 74
    last = json.loads((on_sqlite.home / "state" / "audit.log").read_text().splitlines()[-1])
    assert (last["act"], last["to"]) == ("db backup begun", str(folder))


@pytest.mark.parametrize("option", ["--out", "--verify", "--dir"])
def test_an_option_that_is_empty_does_nothing(on_sqlite: MhcHere, option: str) -> None:
    run = on_sqlite("db", "backup", option, "")
    assert (run.status, run.stdout, run.stderr) == (2, "", f"mhc: {option} is empty\n")
    assert not list((on_sqlite.home / "data").rglob("mhc-*"))


def test_a_name_that_is_no_date_is_none_of_ours(on_sqlite: MhcHere) -> None:
    path = Path(backed_up(on_sqlite)["file"])
    odd = path.with_name("mhc-20260231T000000Z.db")
    odd.touch()
    made = backed_up(on_sqlite)
    assert str(odd) not in made["removed"]
    assert on_sqlite("db", "backup", "--list", "-o", "json").json == [made | {"removed": []}]


@pytest.mark.skipif(
    os.geteuid() == 0 and shutil.which("setpriv") is None, reason="root may read every directory"
)
def test_a_folder_that_may_not_be_read_is_said(sqlite_database: Database, tmp_path: Path) -> None:
    mhc = told(sqlite_database, tmp_path)
    folder = tmp_path / "closed"
    folder.mkdir(mode=0)
    powerless = disks.POWERLESS if os.geteuid() == 0 else ()
    for words in (["--list"], ["-n"]):
        call = [*powerless, str(Mhc(tmp_path).program), "db", "backup", "--dir", str(folder), *words]
        run = subprocess.run(call, env=mhc.environ, capture_output=True, text=True, check=False, timeout=60)
        assert (run.returncode, run.stderr) == (77, f"mhc: {folder}: Permission denied\n")


def test_a_manifest_that_is_a_directory_is_damaged(on_sqlite: MhcHere) -> None:
    path = Path(backed_up(on_sqlite)["file"])
    beside = path.with_name(path.name + ".json")
    beside.unlink()
    beside.mkdir()
    assert on_sqlite("db", "backup", "--list", "-o", "json").json[0]["made_at"] is None
    run = on_sqlite("db", "backup", "--verify", str(path))
    assert (run.status, "is damaged: it is a directory" in run.stderr) == (4, True)


def test_a_backup_that_is_there_is_not_overwritten(on_sqlite: MhcHere) -> None:
    target = on_sqlite.home / "one.backup"
    assert backed_up(on_sqlite, "--out", str(target))["file"] == str(target)
    body = target.read_bytes()
    run = on_sqlite("db", "backup", "--out", str(target))
    assert (run.status, "already there" in run.stderr) == (2, True)
    assert target.read_bytes() == body


def test_there_is_nothing_to_back_up(tmp_path: Path) -> None:
    mhc = MhcHere(tmp_path)
    run = mhc("db", "backup")
    assert (run.status, "nothing to back up" in run.stderr) == (3, True)
    assert list((tmp_path / "data").rglob("*.db*")) == []
    assert mhc("db", "backup", "--list", "-o", "json").json == []
    assert mhc("db", "backup", "--list", "--verify", "x").status == 2


def aged(path: Path, at: datetime) -> Path:
    """Give a backup the name of an earlier one."""
    older = path.with_name(f"mhc-{at:%Y%m%dT%H%M%SZ}{path.suffix}")
    for end in ("", ".json"):
        shutil.copy(path.with_name(path.name + end), older.with_name(older.name + end))
    return older


def test_what_the_policy_does_not_keep_is_removed(on_sqlite: MhcHere) -> None:
    path = Path(backed_up(on_sqlite)["file"])
    config = on_sqlite.home / "policy.toml"
    config.write_text("[backup]\nhourly = 0\ndaily = 2\nweekly = 0\nmonthly = 0\n")
    days = [aged(path, T0 + timedelta(days=number)) for number in range(4)]
    alien = path.with_name("mhc-20200101T000000Z.db")  # ours by name, but nobody verified it
    alien.write_bytes(b"what is this?")
    stranger = path.with_name("holiday.jpg")
    stranger.touch()
    path.unlink()
    would = backed_up(on_sqlite, "-n", "--config", str(config))
    made = backed_up(on_sqlite, "--config", str(config))
    assert sorted(made["removed"]) == sorted(would["removed"]) == [str(day) for day in days[:3]]
    left = {one.name for one in path.parent.iterdir()}
    assert {days[3].name, Path(made["file"]).name, alien.name, stranger.name} <= left
    assert not {day.name for day in days[:3]} & left


def test_backups_of_another_database_are_not_removed_for_it(on_sqlite: MhcHere) -> None:
    path = Path(backed_up(on_sqlite)["file"])
    older = aged(path, T0)
    beside = older.with_name(older.name + ".json")
    beside.write_text(json.dumps(json.loads(beside.read_text()) | {"database": "another"}))
    config = on_sqlite.home / "policy.toml"
    config.write_text("[backup]\nhourly = 0\ndaily = 0\nweekly = 0\nmonthly = 0\n")
    path.unlink()
    assert backed_up(on_sqlite, "--config", str(config))["removed"] == []
    assert older.exists()


def test_only_one_backup_is_made_in_a_folder_at_a_time(on_sqlite: MhcHere) -> None:
    folder = on_sqlite.home / "backups"
    folder.mkdir()
    with (folder / ".lock").open("w") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        run = on_sqlite("db", "backup", "--dir", str(folder))
    assert (run.status, [one.name for one in folder.iterdir()]) == (75, [".lock"])


def test_what_a_killed_backup_left_is_cleared_away(on_sqlite: MhcHere) -> None:
    folder = on_sqlite.home / "backups"
    folder.mkdir()
    (folder / ".mhc-20260101T000000Z.db.0123456789ab.part").touch()
    backed_up(on_sqlite, "--dir", str(folder))
    assert not list(folder.glob(".mhc*"))


def test_a_role_that_may_make_no_database_reads_the_archive_through(
    postgres_database: Database, tmp_path: Path
) -> None:
    tell_story(postgres_database)
    with postgres_database.raw_write() as conn:
        conn.execute(text("DROP ROLE IF EXISTS mhc_plain"))
        conn.execute(text("CREATE ROLE mhc_plain LOGIN"))
        conn.execute(text("GRANT SELECT ON ALL TABLES IN SCHEMA public TO mhc_plain"))
        conn.execute(text("GRANT SELECT ON ALL SEQUENCES IN SCHEMA public TO mhc_plain"))
    try:
        url = postgres_database.url.set(username="mhc_plain")
        mhc = MhcHere(tmp_path, DATABASE_URL=url.render_as_string(hide_password=False))
        run = mhc("db", "backup", "-o", "json")
        assert (run.status, run.json["verified"]) == (0, "read")
        assert "may not create a database" in run.stderr
    finally:
        with postgres_database.raw_write() as conn:
            conn.execute(text("DROP OWNED BY mhc_plain"))
            conn.execute(text("DROP ROLE mhc_plain"))


def test_nothing_is_left_on_the_server(postgres_database: Database, tmp_path: Path) -> None:
    backed_up(told(postgres_database, tmp_path))
    with postgres_database.look() as conn:
        names = conn.execute(text("SELECT datname FROM pg_database WHERE datname LIKE 'mhc_verify%'"))
        assert names.scalars().all() == []
