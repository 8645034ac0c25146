"""B: the disk is full, read only, somebody else's, or the file is exchanged."""

import shutil
import subprocess
from contextlib import closing
from pathlib import Path

import pytest

from command import Mhc
from faults import disks
from faults.oracle import assert_all_is_stored
from faults.server import FaultServer
from faults.supervised import Supervised
from mhc.store.database import Database


def test_fault_b1_a_full_disk_pauses_the_capture_and_it_goes_on(run_mhc: Mhc, tmp_path: Path) -> None:
    with (
        disks.mounted(tmp_path / "disk", 4096) as disk,
        FaultServer(3000, published=100, pad=700) as server,
        closing(Database(f"sqlite:///{disk.path / 'mhc.db'}")) as db,
    ):
        env = server.environ(str(disk.path / "mhc.db"), MHC_WAIT_SCALE="0.05")
        with Supervised(run_mhc, env) as listener:
            assert server.until_read_up()
            disk.fill(leave_kib=40)
            server.publish(2900)
            listener.until_said(f"disk full on {disk.path / 'mhc.db'}")
            listener.until_told(f"STATUS={server.room}: spooling: ")  # on a disk of its own
            asked = len(server.journal)
            with db.read() as conn:
                assert conn.exec_driver_sql("PRAGMA integrity_check").scalar() == "ok"
            assert asked < 200
            disk.free()
            disk.resize(64 * 1024)
            assert server.until_read_up()
            assert listener.stopped() == 0
        assert_all_is_stored(db, server, tmp_path, events=3000)


def test_fault_b4_a_disk_that_only_reads_is_one_line_with_path_and_owner(
    run_mhc: Mhc, tmp_path: Path
) -> None:
    with disks.mounted(tmp_path / "disk", 4096) as disk, FaultServer(100) as server:
        path = disk.path / "mhc.db"
        env = server.environ(str(path))
        assert run_mhc("listen", "--for", "1s", "-o", "none", **env).status == 0
        disk.read_only()
        run = run_mhc("listen", "-o", "none", **env)
        disk.read_only(on=False)
    assert run.status in {74, 77}
    assert len(run.stderr.splitlines()) == 1
    assert str(path) in run.stderr
    assert "belongs to root" in run.stderr
    assert sorted(tmp_path.rglob("*.db")) == []


def test_fault_b4_a_directory_of_somebody_else_is_one_line_with_path_and_owner(
    run_mhc: Mhc, sqlite_database: Database, tmp_path: Path
) -> None:
    folder, path = tmp_path / "theirs", tmp_path / "theirs" / "mhc.db"
    folder.mkdir()
    shutil.move(tmp_path / "mhc.db", path)
    for one, mode in ((path, 0o644), (folder, 0o755)):
        one.chmod(mode)
        disks.give_away(one, "nobody")
    with FaultServer(100) as server:
        env = run_mhc.environ | server.environ(str(path))
        call = [*disks.POWERLESS, str(run_mhc.program), "listen", "-o", "none"]
        run = subprocess.run(
            call, env=env, cwd=tmp_path, capture_output=True, text=True, check=False, timeout=60
        )
    assert (run.returncode, len(run.stderr.splitlines())) == (77, 1), run.stderr
    assert str(path) in run.stderr
    assert "belongs to nobody" in run.stderr
    assert list(tmp_path.rglob("*.db")) == [path]


@pytest.mark.parametrize("how", ["removed", "replaced"])
def test_fault_b5_a_file_that_is_exchanged_in_the_run_is_noticed_within_a_poll(
    run_mhc: Mhc, sqlite_database: Database, sqlite_template: Path, tmp_path: Path, how: str
) -> None:
    path = tmp_path / "mhc.db"
    with FaultServer(2000, published=1000) as server:
        env = server.environ(str(path))
        with Supervised(run_mhc, env) as listener:
            assert server.until_read_up()
            for one in tmp_path.glob("mhc.db*"):
                one.unlink()
            if how == "replaced":
                shutil.copy(sqlite_template, path)
            server.publish(1000)
            listener.until_said(f"{path} was removed or replaced by another database")
            assert server.until_read_up()
            assert listener.stopped() == 0
    with closing(Database(f"sqlite:///{path}")) as db:
        assert_all_is_stored(db, server, tmp_path, events=2000)
