"""Linux is not the only system: no call that others lack, but where a fallback stands beside it."""

import ast
import os
import select
from collections.abc import Iterator
from pathlib import Path

import pytest

from command import MhcHere
from mhc.cli import terminal
from mhc.config import directories
from mhc.config.system_zone import system_zone
from mhc.store.database import Database

ROOT = Path(__file__).parent.parent
# What macOS lacks, of the modules that mhc uses.
LINUX_ONLY = {
    "os": {
        "O_TMPFILE", "O_PATH", "O_NOATIME", "O_DIRECT", "memfd_create", "eventfd", "pidfd_open", "getrandom", "splice",
        "copy_file_range", "posix_fadvise", "posix_fallocate", "sched_getaffinity", "sched_setaffinity", "fdatasync",
        "pipe2", "setresuid", "unshare",
    },
    "select": {"epoll", "poll"},
    "socket": {
        "SOCK_CLOEXEC", "SOCK_NONBLOCK", "SO_PEERCRED", "SO_PASSCRED", "TCP_KEEPIDLE", "TCP_USER_TIMEOUT", "MSG_NOSIGNAL",
        "AF_NETLINK", "AF_PACKET",
    },
    "signal": {"sigtimedwait", "sigwaitinfo", "pidfd_send_signal", "SIGPWR", "SIGRTMIN"},
    "fcntl": {"F_OFD_SETLK", "F_OFD_SETLKW", "F_OFD_GETLK", "F_SETPIPE_SZ", "F_ADD_SEALS", "F_NOTIFY"},
    "resource": {"prlimit"},
    "time": {"CLOCK_BOOTTIME", "CLOCK_TAI"},
}  # fmt: skip
LINUX_PATHS = ("/proc", "/sys/", "/dev/shm", "/run/")
FALLBACKS = {
    (
        "mhc/store/pg_programs.py",
        "os.memfd_create",
    ): "a file without a name, in the user's own temporary folder",
    ("mhc/cli/terminal.py", "select.poll"): "a writer that waits learns of a closed pipe when it writes",
    ("mhc/reports/machine.py", "/proc/mounts"): "where it is not there, the file system is not looked at",
    ("mhc/cli/service.py", "/run/user"): "a name in a unit for systemd",
}


def linux_only(path: Path) -> Iterator[str]:
    """Give the names and paths in a module that only Linux has."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        match node:
            case ast.Attribute(value=ast.Name(id=module), attr=name) if name in LINUX_ONLY.get(module, ()):
                yield f"{module}.{name}"
            case ast.ImportFrom(module=str(module), names=names):
                yield from (f"{module}.{one.name}" for one in names if one.name in LINUX_ONLY.get(module, ()))
            case ast.Constant(value=str(text)) if text.startswith(LINUX_PATHS):
                yield text
            case _:
                pass


def test_what_only_linux_has_stands_beside_a_fallback() -> None:
    found = {
        (str(path.relative_to(ROOT)), name) for path in ROOT.glob("mhc/**/*.py") for name in linux_only(path)
    }
    assert found == set(FALLBACKS)


def test_without_poll_a_closed_pipe_is_noticed_when_it_is_written_to(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(select, "poll")
    reader, writer = os.pipe()
    os.close(reader)
    with os.fdopen(writer, "w") as stream:
        assert terminal._is_unread(stream) is False


def test_a_machine_without_proc_is_looked_at_all_the_same(tmp_path: Path) -> None:
    from mhc.config import load
    from mhc.reports import machine

    environ = {"HOME": str(tmp_path), "DATABASE_URL": str(tmp_path / "mhc.db")}
    loaded = load(config_file=None, env_file=None, db=None, environ=environ)
    checks = [one.check for one in machine.check(loaded, mounts=tmp_path / "no mounts")]
    assert "file system" not in checks
    assert "time zone" in checks


def test_paths_of_a_mac_are_those_of_a_terminal_user(tmp_path: Path) -> None:
    environ = {"HOME": "/Users/owner", "XPC_FLAGS": "0x0"}
    assert directories.config_dir(environ) == Path("/Users/owner/.config/mhc")
    assert directories.data_dir(environ) == Path("/Users/owner/.local/share/mhc")
    assert directories.state_dir(environ) == Path("/Users/owner/.local/state/mhc")


def test_the_zone_of_a_mac_is_found_behind_its_link(tmp_path: Path) -> None:
    zone = tmp_path / "private/var/db/timezone/tz/2026a.1.0/zoneinfo/Europe/Berlin"
    zone.parent.mkdir(parents=True)
    zone.touch()
    (tmp_path / "localtime").symlink_to(zone)
    assert system_zone({}, tmp_path / "localtime").key == "Europe/Berlin"


def test_what_was_committed_is_on_the_disk_of_a_mac_too(sqlite_database: Database) -> None:
    with sqlite_database.read() as conn:
        found = {
            name: conn.exec_driver_sql(f"PRAGMA {name}").scalar() for name in ("fullfsync", "synchronous")
        }
    assert found == {"fullfsync": 1, "synchronous": 2}


def test_a_home_with_spaces_as_macs_have_them(tmp_path: Path) -> None:
    home = tmp_path / "Library/Application Support/a home"
    home.mkdir(parents=True)
    mhc = MhcHere(home)
    assert mhc("person", "add", "viewer_one").status == 0
    assert mhc("person", "list", "-o", "name").stdout == "viewer_one\n"
    assert mhc("db", "check").status == 0
