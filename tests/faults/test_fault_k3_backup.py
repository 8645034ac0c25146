"""K3: a backup while somebody writes, a damaged backup, a full disk in it. It must never say that all is well."""

import hashlib
import json
import os
import random
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

import factories
from backing import backed_up
from command import Mhc, MhcHere, Run
from mhc.sandbox.server import Sandbox
from mhc.store import backups
from mhc.store.database import Database

PLACES = 50
PAGE = 20
EVENTS = PAGE * 400
FULL = 3 << 19  # bytes of a disk that is too small


def many(db: Database) -> None:
    """Keep more than one disk block of everything."""
    factories.tell_story(db)
    with db.write() as conn:
        lines = [
            factories.chat(2000 + number / 10, f"viewer_{number % 40}", "x" * 400) for number in range(400)
        ]
        factories.store(conn, lines, page=3)
    db.close()


def test_fault_k3_a_backup_while_a_listener_writes_is_whole(
    run_mhc: Mhc, database: Database, database_url: str, request: pytest.FixtureRequest
) -> None:
    database.close()
    with Sandbox(speed=0, events=EVENTS, page_size=PAGE, journal=True) as sandbox:
        feed = {
            "DATABASE_URL": database_url,
            "MHC_EVENTS_URL": sandbox.url,
            "CHATURBATE_USERNAME": sandbox.room,
            "CB_AUTH_TOKEN": sandbox.token,
        }
        with run_mhc.start("listen", "-o", "ndjson", **feed) as listener:
            assert listener.stdout is not None
            made: list[Run] = []
            for _ in range(2):
                for _line in range(PAGE * 5):
                    assert listener.stdout.readline()
                made.append(run_mhc("db", "backup", "-o", "json", "--out", f"{len(made)}.backup", **feed))
            listener.kill()
    assert [run.status for run in made] == [0, 0], [run.stderr for run in made]
    counts = [run.json["events"] for run in made]
    assert 0 < counts[0] < counts[1] <= EVENTS
    for run in made:
        where = restored(run_mhc, Path(run.json["file"]), database, request)
        assert where("db", "info", "-o", "json").json["events"] == run.json["events"]
        assert where("db", "check").status == 0
        stored = [one["event_id"] for one in where("event", "list", "-o", "json").json]
        assert set(stored) <= set(sandbox.served_ids())


def restored(run_mhc: Mhc, backup: Path, database: Database, request: pytest.FixtureRequest) -> MhcHere:
    """Give the command on a new database that a backup was restored into."""
    url = f"sqlite:///{run_mhc.home}/{backup.name}.db"
    if not database.is_sqlite:
        url = request.getfixturevalue("postgres_server").empty().render_as_string(hide_password=False)
    mhc = MhcHere(run_mhc.home, DATABASE_URL=url)
    run = mhc("db", "restore", str(backup))
    assert run.status == 0, run.stderr
    return mhc


def test_fault_k3_a_flipped_byte_anywhere_is_noticed(
    cli: MhcHere, database: Database, database_url: str
) -> None:
    many(database)
    path = Path(backed_up(cli)["file"])
    body = path.read_bytes()
    chance = random.Random(3)
    places = [0, len(body) - 1, *(chance.randrange(len(body)) for _ in range(PLACES - 2))]
    before = cli("event", "list", "-o", "json").stdout
    for place in places:
        damaged = bytearray(body)
        damaged[place] ^= 1 << chance.randrange(8)
        path.write_bytes(damaged)
        run = cli("db", "restore", str(path), "-y")
        assert (run.status, "is damaged" in run.stderr, run.stdout) == (4, True, ""), place
    path.write_bytes(body[:-100])
    assert cli("db", "restore", str(path), "-y").status == 4
    assert cli("db", "backup", "--verify", str(path)).status == 4
    assert cli("event", "list", "-o", "json").stdout == before
    path.write_bytes(body)
    assert cli("db", "restore", str(path), "-y").status == 0


def test_fault_k3_a_damaged_manifest_is_noticed(sqlite_database: Database, tmp_path: Path) -> None:
    many(sqlite_database)
    cli = MhcHere(tmp_path, DATABASE_URL=str(sqlite_database.path))
    path = Path(backed_up(cli)["file"])
    beside = path.with_name(path.name + ".json")
    body = beside.read_text()
    for wrong in (
        "",
        "{}",
        "[]",
        body[:-20],
        body.replace('"event": 4', '"event": 5'),
        body.replace('"sha256": "', '"sha256": "0'),
    ):
        assert wrong != body
        beside.write_text(wrong)
        run = cli("db", "restore", str(path), "-y")
        assert (run.status, "damaged" in run.stderr) == (4, True), wrong


def test_fault_k3_a_backup_that_is_not_what_its_manifest_says_changes_nothing(
    cli: MhcHere, database: Database
) -> None:
    factories.tell_story(database)
    database.close()
    path = Path(backed_up(cli)["file"])
    beside = path.with_name(path.name + ".json")
    body = json.loads(beside.read_text())
    before = cli("event", "list", "-o", "json").stdout
    garbage = b"neither a database nor an archive" * 300
    for content, events in ((path.read_bytes(), 22), (garbage, 21)):
        path.write_bytes(content)
        body |= {"bytes": len(content), "sha256": hashlib.sha256(content).hexdigest()}
        body["contents"]["tables"]["event"] = events
        beside.write_text(json.dumps(body))
        run = cli("db", "restore", str(path), "-y")
        assert (run.status, run.stdout) == (4, ""), run.stderr
        assert cli("event", "list", "-o", "json").stdout == before


def test_fault_k3_a_damaged_database_is_not_backed_up(sqlite_database: Database, tmp_path: Path) -> None:
    many(sqlite_database)
    cli = MhcHere(tmp_path, DATABASE_URL=str(sqlite_database.path))
    good = Path(backed_up(cli)["file"])
    assert sqlite_database.path is not None
    with sqlite_database.path.open("r+b") as file:
        file.seek(sqlite_database.path.stat().st_size // 2)
        file.write(os.urandom(20_000))
    run = cli("db", "backup")
    assert (run.status in {4, 65}, run.stdout) == (True, ""), run.stderr
    assert [one.path for one in backups.listed(good.parent)] == [good]
    assert cli("db", "restore", str(good), "-y").status == 0
    assert cli("db", "check").status == 0


@contextmanager
def small_disk(folder: Path) -> Iterator[Path]:
    """Give a disk that is too small."""
    if os.geteuid() != 0:
        pytest.skip("only root mounts a disk")
    folder.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", f"size={FULL}", "tmpfs", str(folder)],
        capture_output=True,
        text=True,
        check=False,
    )
    if mounted.returncode:
        pytest.skip(f"no disk can be mounted here: {mounted.stderr.strip()}")
    try:
        yield folder
    finally:
        subprocess.run(["umount", "-l", str(folder)], check=True)


def test_fault_k3_a_full_disk_leaves_the_backup_that_is_there(
    cli: MhcHere, database: Database, database_url: str
) -> None:
    many(database)
    with small_disk(cli.home / "small") as disk:
        good = Path(backed_up(cli, "--dir", str(disk))["file"])
        free = shutil.disk_usage(disk).free
        (disk / "something").write_bytes(b"\0" * (free - 8192))
        cli.environ["MHC_CONFIG"] = str(cli.home / "none.toml")
        (cli.home / "none.toml").write_text("[backup]\nhourly = 0\ndaily = 0\nweekly = 0\nmonthly = 0\n")
        run = cli("db", "backup", "--dir", str(disk), "-o", "json")
        assert (run.status, run.stdout) == (74, "")
        assert {one.name for one in disk.iterdir()} == {".lock", "something", good.name, good.name + ".json"}
        assert cli("db", "backup", "--verify", str(good)).status == 0
        (disk / "something").unlink()
        again = cli("db", "backup", "--dir", str(disk), "-o", "json")
        assert (again.status, again.json["removed"]) == (0, [str(good)])
