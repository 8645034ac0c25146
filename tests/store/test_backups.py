"""What is compared of a backup, and what the policy may remove."""

import os
import stat
import subprocess
import sys
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given
from hypothesis import strategies as st

from factories import tell_story
from mhc.domain.retention import Policy
from mhc.errors import CheckError, ConfigError, OutputError
from mhc.store import backup_sqlite, backups, contents, manifests, pg_programs, schema
from mhc.store.backups import Backup
from mhc.store.contents import Contents
from mhc.store.database import Database
from mhc.store.manifests import Manifest

NOW = datetime(2026, 3, 1, 2, 0, 0, 500_000, tzinfo=UTC)
HELD = Contents("0001", 1, {"event": 5, "person": 2}, (7, 0, 1))


def made(at: datetime, database: str = "mine") -> Backup:
    at = at.replace(microsecond=0)
    return Backup(Path(f"{at:%Y%m%d%H%M%S}"), at, Manifest(at, database, None, 1, "", "restored", HELD))


@given(
    st.lists(st.integers(-(10**6), 10**6).map(lambda number: NOW + timedelta(minutes=number)), max_size=30),
    st.builds(Policy, *[st.integers(0, 3)] * 4),
)
def test_the_new_one_is_never_removed_whatever_the_clock_said_before(
    others: list[datetime], policy: Policy
) -> None:
    known = [made(at) for at in (*others, NOW)]
    gone = backups.surplus(known, "mine", policy, adding=NOW)
    assert NOW.replace(microsecond=0) not in {one.at for one in gone}


def test_only_verified_ones_of_the_same_database_are_removed() -> None:
    old = NOW - timedelta(days=900)
    known = [made(old), made(old + timedelta(hours=1), "another"), Backup(Path("unknown"), old, None)]
    gone = backups.surplus(known, "mine", Policy(1, 0, 0, 0), adding=NOW)
    assert gone == known[:1]


def test_a_copy_lies_between_what_was_before_and_after() -> None:
    more = replace(HELD, tables={"event": 6, "person": 2})
    most = replace(HELD, tables={"event": 7, "person": 3})
    less = replace(HELD, tables={"event": 5, "person": 1})
    differ = backup_sqlite._differences
    assert differ(HELD, HELD, HELD, written=False) == []
    assert differ(HELD, less, HELD, written=False) == ["person has 1 rows, not 2"]
    assert differ(HELD, replace(HELD, last_event=(6, 0, 1)), HELD, written=False) != []
    assert differ(HELD, more, most, written=True) == []
    assert differ(HELD, less, HELD, written=True) == []
    assert differ(more, HELD, most, written=True) == ["event has 5 rows, not 6 to 7"]
    assert differ(HELD, most, more, written=False) == ["event has 7 rows, not 5 to 6"]


def test_contents_say_in_what_they_differ(database: Database) -> None:
    with database.look() as conn:
        assert contents.is_bare(conn)
        empty = contents.read(conn)
    tell_story(database)
    with database.look() as conn:
        assert not contents.is_bare(conn)
        full = contents.read(conn)
    assert full.differences(full) == []
    assert "event has 21 rows, not 0" in empty.differences(full)
    assert full.differences(replace(full, revision="0000")) == [f"the schema is 0000, not {schema.REVISION}"]


def test_a_manifest_comes_back_as_it_was(tmp_path: Path) -> None:
    path = tmp_path / "one.db"
    one = Manifest(NOW, "mine", manifests.Origin("public", 15), 1, "ab", "read", HELD)
    manifests.write(manifests.path_of(path), one)
    assert manifests.read(path) == one
    assert stat.S_IMODE(manifests.path_of(path).stat().st_mode) == 0o600
    assert manifests.read(tmp_path / "none.db") is None
    for wrong in ("{", "[1]", '{"format": 2}', '{"format": 1, "contents": 3, "origin": null}', "[" * 100_000):
        manifests.path_of(path).write_text(wrong)
        with pytest.raises(CheckError, match="damaged"):
            manifests.read(path)


def test_a_manifest_holds_what_mhc_writes_there(tmp_path: Path) -> None:
    path = tmp_path / "one.db"
    beside = manifests.path_of(path)
    manifests.write(beside, Manifest(NOW, "mine", None, 1, "ab", "read", HELD))
    body = beside.read_text()
    for here, wrong in (
        ('"bytes": 1', '"bytes": Infinity'),
        ('"read"', '"=HYPERLINK(1)"'),
        ('"0001"', '"=1+1"'),
    ):
        beside.write_text(body.replace(here, wrong))
        assert wrong in beside.read_text()
        with pytest.raises(CheckError, match="damaged"):
            manifests.read(path)


def test_a_password_reaches_a_program_in_private(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL", "CANARY0ENVIRONMENT")
    script = 'stat -L -c %a "$PGPASSFILE"; cat "$PGPASSFILE"; tr "\\0" "\\n" </proc/$$/cmdline; env'
    with pg_programs.started(["sh", "-c", script], password="CANARY:0\\PASSWORD") as output:
        said = output.read().decode()
    lines = said.splitlines()
    assert lines[:2] == ["600", "*:*:*:*:CANARY\\:0\\\\PASSWORD"]
    assert said.count("CANARY") == 1


def test_a_url_is_given_to_a_program_without_its_password() -> None:
    url = Database("postgresql+psycopg://mhc:CANARY@db.example.org:5433/mhc?sslmode=require").url
    shown, password = pg_programs.connection(url)
    assert (password, "CANARY" in shown) == ("CANARY", False)
    assert {"host=db.example.org", "port=5433", "user=mhc", "dbname=mhc", "sslmode=require"} <= set(
        shown.split()
    )
    for secret in ("sslpassword", "oauth_client_secret"):
        more = url.update_query_dict({secret: "CANARY"})
        assert "CANARY" not in Database(more.render_as_string(hide_password=False)).name
        with pytest.raises(ConfigError, match=f"^{secret} in DATABASE_URL"):
            pg_programs.connection(more)


@pytest.mark.skipif(not hasattr(os, "memfd_create"), reason="this system has no files in memory")
def test_a_password_never_lies_on_a_disk() -> None:
    script = 'readlink "/proc/$$/fd/${PGPASSFILE#/dev/fd/}" /proc/$$/fd/2'
    with pg_programs.started(["sh", "-c", script], password="x") as output:
        assert output.read() == b"/memfd:mhc (deleted)\n" * 2


def test_a_program_that_fails_says_why() -> None:
    full = ["sh", "-c", "echo 'sh: error: could not write: No space left on device' >&2; exit 1"]
    with pytest.raises(OutputError, match="sh: could not write"), pg_programs.started(full):
        pass
    with pytest.raises(ConfigError, match="No such file"), pg_programs.started(["/nowhere/pg_dump"]):
        pass


def test_a_program_ends_with_whoever_waits_for_it() -> None:
    """A signal that ends mhc while pg_dump works ends that, too."""
    script = (
        "import signal, sys; from mhc.store import pg_programs\n"
        "signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))\n"
        "words = ['sh', '-c', 'echo $$; read go <fifo; kill -TERM $PPID; exec sleep 60']\n"
        "with open('pid', 'w') as out, pg_programs.started(words, stdout=out), open('fifo', 'w') as go:\n"
        "    go.write('go\\n')\n"  # not before the program is started; closed here, for a finalizer swallows the signal
    )
    with TemporaryDirectory() as folder:
        os.mkfifo(Path(folder) / "fifo")
        words = [sys.executable, "-c", script]
        assert subprocess.run(words, cwd=folder, check=False, timeout=50).returncode == 143
        with pytest.raises(ProcessLookupError):
            os.kill(int((Path(folder) / "pid").read_text()), 0)


def test_a_program_is_as_new_as_the_server(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name, version in (("pg_one", "12.4"), ("pg_none", "?")):
        (tmp_path / name).write_text(f"#!/bin/sh\necho '{name} (PostgreSQL) {version}'\n")
        (tmp_path / name).chmod(0o700)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    assert pg_programs.find("pg_one", 12) == str(tmp_path / "pg_one")
    with pytest.raises(ConfigError, match="version 12, older than the server's 13"):
        pg_programs.find("pg_one", 13)
    for name in ("pg_none", "pg_missing"):
        with pytest.raises(ConfigError, match="is not installed"):
            pg_programs.find(name, 13)


def test_a_program_of_the_current_directory_is_not_run(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "pg_one").write_text("#!/bin/sh\ntouch run; echo 'pg_one (PostgreSQL) 99.1'\n")
    (tmp_path / "pg_one").chmod(0o700)
    monkeypatch.chdir(tmp_path)
    for path in ("", ":/usr/bin", ".:/usr/bin"):
        monkeypatch.setenv("PATH", path)
        with pytest.raises(ConfigError, match="is not installed"):
            pg_programs.find("pg_one", 13)
    assert not (tmp_path / "run").exists()


def test_a_program_that_is_asked_its_version_is_told_no_token(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "pg_one").write_text("#!/bin/sh\nenv >told; echo 'pg_one (PostgreSQL) 99.1'\n")
    (tmp_path / "pg_one").chmod(0o700)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    monkeypatch.setenv("CB_AUTH_TOKEN", "CANARY")
    assert pg_programs.find("pg_one", 13) == str(tmp_path / "pg_one")
    assert "CANARY" not in (tmp_path / "told").read_text()


def test_a_backup_that_is_killed_leaves_nothing_with_a_name(
    sqlite_database: Database, tmp_path: Path
) -> None:
    tell_story(sqlite_database)
    sqlite_database.close()
    folder = tmp_path / "backups"
    script = (
        "import os, sys; from datetime import UTC, datetime; from pathlib import Path\n"
        "from mhc.store import backups; from mhc.store.database import Database\n"
        "from mhc.domain.retention import Policy\n"
        "sys.addaudithook(lambda event, _: event == 'os.rename' and os.kill(os.getpid(), 9))\n"
        "backups.keep(Database(sys.argv[1]), Path(sys.argv[2]), Policy(), datetime.now(UTC))\n"
    )
    words = [sys.executable, "-c", script, str(sqlite_database.url), str(folder)]
    assert subprocess.run(words, check=False, timeout=60).returncode == -9
    assert backups.listed(folder) == []
    path, _made, gone = backups.keep(sqlite_database, folder, Policy(), datetime.now(UTC))
    assert (gone, [one.path for one in backups.listed(folder)]) == ([], [path])
    assert not list(folder.glob(".mhc*"))
