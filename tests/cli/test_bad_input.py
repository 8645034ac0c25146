"""What can be wrong gets one clear line and its exit status, and leaves nothing half done."""

import os
import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import text

from command import Mhc, MhcHere
from mhc.sandbox.server import Sandbox
from mhc.store.database import Database
from service import feed


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    with Sandbox(speed=0, events=200) as running:
        yield running


def test_a_wrong_token(run_mhc: Mhc, sandbox: Sandbox) -> None:
    run = run_mhc("listen", **feed(sandbox, CB_AUTH_TOKEN="WRONG0TOKEN0WRONG0TOKEN"))
    assert run.status == 77
    assert run.stderr.startswith("mhc: 127.0.0.1")
    assert "refused the token for example_room" in run.stderr
    assert "WRONG0TOKEN" not in run.stderr


def test_no_token(cli: MhcHere) -> None:
    run = cli("listen", CHATURBATE_USERNAME="example_room")
    assert (run.status, run.stderr.splitlines()[0]) == (77, "mhc: no token for example_room")


def test_no_room(cli: MhcHere) -> None:
    run = cli("listen", CB_AUTH_TOKEN="SANDBOX0EVENTS0TOKEN0FAKE")
    assert (run.status, run.stderr.splitlines()[0]) == (2, "mhc: which room?")


def test_an_unreachable_host(run_mhc: Mhc, sandbox: Sandbox) -> None:
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))  # bound, and nobody listens
        url = f"http://127.0.0.1:{nobody.getsockname()[1]}"
        run = run_mhc("listen", "--once", **feed(sandbox, MHC_EVENTS_URL=url))
    assert run.status == 69
    assert run.stderr == f"mhc: cannot reach {url.removeprefix('http://')}: connection refused\n"


def test_an_unreachable_database(cli: MhcHere) -> None:
    run = cli("event", "list", DATABASE_URL="postgresql://mhc:hidden-password@127.0.0.1:1/none")
    assert run.status == 69
    assert run.stderr.startswith("mhc: cannot reach postgresql")
    assert "hidden-password" not in run.stderr


@pytest.mark.parametrize("command", [("event", "list"), ("listen", "--once"), ("db", "info")])
def test_a_newer_database(
    cli: MhcHere, database: Database, sandbox: Sandbox, command: tuple[str, ...]
) -> None:
    with database.write() as conn:
        conn.execute(text("UPDATE schema_compat SET number = 9"))
    run = cli(*command, **feed(sandbox))
    assert run.status == 78
    assert "is number 9, this mhc knows 1" in run.stderr


def test_a_locked_database(run_mhc: Mhc, sqlite_database: Database, sandbox: Sandbox) -> None:
    url = str(sqlite_database.url)
    with sqlite_database.write():
        run = run_mhc("listen", "--once", **feed(sandbox, DATABASE_URL=url))
        assert (run.status, "another process holds" in run.stderr) == (75, True)
        assert run_mhc("event", "list", DATABASE_URL=url).status == 0  # a reader never waits


@pytest.mark.parametrize(
    ("written", "mode", "said"),
    [
        ("cb_auth_token = 'x'", 0o644, "can be read by others"),
        ("this is no toml", 0o600, "line 1"),
        ("mhc_timezon = 'UTC'", 0o600, "mhc_timezone"),
    ],
)
def test_an_unreadable_configuration(cli: MhcHere, written: str, mode: int, said: str) -> None:
    path = cli.home / "config" / "mhc" / "config.toml"
    path.parent.mkdir(parents=True)
    path.write_text(written)
    path.chmod(mode)
    run = cli("event", "list")
    assert run.status == 78
    assert said in run.stderr
    assert str(path) in run.stderr


def test_all_problems_of_a_configuration_at_once(cli: MhcHere) -> None:
    run = cli(
        "event",
        "list",
        MHC_TIMEZONE="Nowhere/At_all",
        MHC_EVENTS_URL="http://example.com",
        MHC_WAIT_SCALE="x",
    )
    assert run.status == 78
    for name in ("MHC_TIMEZONE", "MHC_EVENTS_URL", "MHC_WAIT_SCALE"):
        assert name in run.stderr


def test_a_name_that_is_not_there_gets_near_ones(
    cli: MhcHere, run_mhc: Mhc, sandbox: Sandbox, database_url: str
) -> None:
    run_mhc.until(sandbox.until_held, "listen", "-o", "none", **feed(sandbox, DATABASE_URL=database_url))
    run = cli("event", "list", "--person", "viewer_onee")
    assert run.status == 3
    assert run.stderr.splitlines()[0] == "mhc: no person named 'viewer_onee'"
    assert "viewer_one" in run.stderr.splitlines()[1]
    assert run.stdout == ""


def test_a_full_disk_under_the_output(run_mhc: Mhc, sandbox: Sandbox, database_url: str) -> None:
    env = run_mhc.environ | feed(sandbox, DATABASE_URL=database_url)
    with Path("/dev/full").open("w") as full:
        call = [str(run_mhc.program), "listen"]
        run = subprocess.run(
            call, env=env, stdout=full, stderr=subprocess.PIPE, text=True, timeout=60, check=False
        )
    assert run.returncode == 74
    assert run.stderr == "mhc: write error: No space left on device\n"


@pytest.mark.parametrize("unbuffered", ["", "1"])
def test_a_closed_pipe_ends_quietly(
    run_mhc: Mhc, sandbox: Sandbox, database_url: str, unbuffered: str
) -> None:
    env = run_mhc.environ | feed(sandbox, DATABASE_URL=database_url, PYTHONUNBUFFERED=unbuffered)
    read, write = os.pipe()
    os.close(read)
    call = [str(run_mhc.program), "listen"]
    run = subprocess.run(
        call, env=env, stdout=write, stderr=subprocess.PIPE, text=True, timeout=60, check=False
    )
    os.close(write)
    assert (run.returncode, run.stderr) == (141, "")


def test_an_ascii_terminal_gets_escapes_not_a_crash(
    run_mhc: Mhc, sandbox: Sandbox, database_url: str
) -> None:
    env = feed(
        sandbox, DATABASE_URL=database_url, LC_ALL="C", LANG="C", PYTHONUTF8="0", PYTHONCOERCECLOCALE="0"
    )
    run = run_mhc.until(sandbox.until_held, "listen", **env)
    assert run.status == 0
    assert run.stdout.isascii()
    listed = run_mhc("event", "list", "-o", "table", **env)
    assert (listed.status, listed.stdout.isascii()) == (0, True)


def test_reading_creates_nothing(run_mhc: Mhc) -> None:
    for words in (
        ("event", "list"),
        ("capture", "status"),
        ("capture", "gaps"),
        ("db", "info"),
        ("db", "check"),
    ):
        run = run_mhc(*words, "-o", "json")
        assert run.status == 0, run.stderr
    assert not list(run_mhc.home.rglob("*.db"))


def test_errors_under_json_are_one_object(cli: MhcHere) -> None:
    run = cli("event", "show", "nosuch", "-o", "json")
    hint = "mhc event list --fields event_id,text"
    assert run.error == {"code": "not_found", "exit": 3, "message": "no event named 'nosuch'", "hint": hint}
