"""`mhc listen` as a service manager sees it: signals, notifications, statuses."""

import signal
import socket
import sqlite3
import subprocess
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from command import MHC, Mhc
from mhc.capture.health import is_alive, read_beats
from mhc.sandbox.server import Sandbox
from mhc.store import streams
from mhc.store.database import Database
from mhc.store.streams import Stream

PATIENCE = 30


class Service:
    """A running `mhc listen`, and what it tells its manager."""

    def __init__(self, run_mhc: Mhc, sandbox: Sandbox, *words: str, **environ: str) -> None:
        folder = run_mhc.home
        self.folder, self.sandbox = folder, sandbox
        self.token = folder / "token"
        self.token.write_text(sandbox.token)
        self.token.chmod(0o600)
        self.manager = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.manager.bind(str(folder / "notify"))
        self.manager.settimeout(PATIENCE)
        given = {
            "DATABASE_URL": str(folder / "mhc.db"), "MHC_EVENTS_URL": sandbox.url, "CHATURBATE_USERNAME": sandbox.room,
            "CB_AUTH_TOKEN_FILE": str(self.token), "NOTIFY_SOCKET": str(folder / "notify"), **environ,
        }  # fmt: skip
        self.process = subprocess.Popen(
            [MHC, "listen", "-o", "none", *words], env=run_mhc.environ | given, cwd=folder,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        )  # fmt: skip

    def until(self, message: str) -> list[str]:
        """Wait for a message to the manager; give all up to it."""
        found: list[str] = []
        while not found or not found[-1].startswith(message):
            found.append(self.manager.recv(4096).decode())
        return found

    def until_said(self, *words: str) -> str:
        """Wait for a message to the manager that has all these words; give it."""
        said = ""
        while not all(word in said for word in words):
            said = self.manager.recv(4096).decode()
        return said

    def held(self) -> None:
        """Wait until a poll waits at the server."""
        self.until("READY=1")
        assert self.sandbox.until_held(timeout=PATIENCE)

    def signal(self, number: int) -> None:
        self.process.send_signal(number)

    def ended(self) -> int:
        """Give the exit status, once it has one; it said nothing that a bug would say."""
        _, said = self.process.communicate(timeout=PATIENCE)
        assert "Traceback" not in said
        assert self.sandbox.token not in said
        return self.process.returncode

    def close(self) -> None:
        if self.process.poll() is None:
            self.process.kill()
        self.process.communicate()
        self.manager.close()

    @property
    def stream(self) -> Stream:
        db = Database(f"sqlite:///{self.folder / 'mhc.db'}")
        with closing(db), db.read() as conn:
            return streams.list_all(conn)[0]


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    """Give a feed that holds every poll: its show has no event."""
    with Sandbox(events=0) as running:
        yield running


@pytest.fixture
def service(run_mhc: Mhc, sandbox: Sandbox) -> Iterator[Service]:
    made = Service(run_mhc, sandbox)
    yield made
    made.close()


@pytest.mark.parametrize(("number", "status"), [(signal.SIGTERM, 0), (signal.SIGINT, 130)])
def test_a_signal_ends_a_waiting_poll_in_order(service: Service, number: int, status: int) -> None:
    service.held()
    service.signal(number)
    assert service.ended() == status
    assert (service.stream.owner, service.stream.lease_expires_at) == (None, None)
    (said,) = read_beats(service.folder / "state")
    assert (said.state, said.pid, is_alive(said)) == ("stopped", service.process.pid, False)


def test_the_manager_hears_the_start_the_progress_and_the_end(run_mhc: Mhc) -> None:
    with Sandbox(speed=0, events=250) as sandbox:
        service = Service(run_mhc, sandbox)
        before = service.until("READY=1")
        begun = service.until("WATCHDOG=1")
        service.until("WATCHDOG=1")
        service.until("WATCHDOG=1")
        assert sandbox.until_held(timeout=PATIENCE)
        assert service.stream.owner is not None
        service.signal(signal.SIGTERM)
        ended = service.until("STOPPING=1") + service.until(f"STATUS={sandbox.room}: stopped")
        assert service.ended() == 0
        service.close()
    assert before[0] == f"STATUS={sandbox.room}: starting"
    assert begun == [f"STATUS={sandbox.room}: listening", "WATCHDOG=1"]
    assert "STOPPING=1" in ended


@pytest.mark.parametrize(
    ("first", "second", "status"),
    [
        (signal.SIGTERM, signal.SIGTERM, 143),
        (signal.SIGINT, signal.SIGINT, 130),
        (signal.SIGTERM, signal.SIGINT, 130),
        (signal.SIGINT, signal.SIGTERM, 143),
    ],
)
def test_a_second_signal_ends_at_once(service: Service, first: int, second: int, status: int) -> None:
    service.held()
    with closing(sqlite3.connect(service.folder / "mhc.db", isolation_level=None)) as busy:
        busy.execute("BEGIN IMMEDIATE")  # the lease cannot be given back: the end in order has to wait
        service.signal(first)
        service.until("STOPPING=1")
        service.signal(second)
        assert service.ended() == status
    assert service.stream.owner is not None


def test_a_listener_that_was_killed_is_followed_at_once(
    service: Service, run_mhc: Mhc, sandbox: Sandbox
) -> None:
    service.held()
    service.process.kill()
    service.process.wait()
    (said,) = read_beats(service.folder / "state")
    assert (said.state, is_alive(said)) == ("starting", False)
    service.close()
    (service.folder / "notify").unlink()
    again = Service(run_mhc, sandbox)
    again.held()
    assert again.stream.epoch == 2
    again.signal(signal.SIGTERM)
    assert again.ended() == 0
    again.close()


def test_a_hangup_reads_the_token_again(run_mhc: Mhc, sandbox: Sandbox) -> None:
    service = Service(run_mhc, sandbox)
    service.held()
    sandbox.stop()
    with Sandbox(
        speed=0, events=9, token="ANOTHER0TOKEN0FAKE", port=int(sandbox.url.rpartition(":")[2])
    ) as renewed:
        service.sandbox = renewed
        service.until(f"STATUS={sandbox.room}: backing off: HTTP 401")
        service.token.write_text("ANOTHER0TOKEN0FAKE")
        service.signal(signal.SIGHUP)
        service.until(f"STATUS={sandbox.room}: listening")
        service.signal(signal.SIGTERM)
        assert service.ended() == 0
        service.close()


@pytest.mark.parametrize("text", ["", "two words\n", None])
def test_a_hangup_with_a_bad_configuration_changes_nothing(service: Service, text: str | None) -> None:
    service.held()
    if text is None:
        service.token.unlink()
    else:
        service.token.write_text(text)
    service.signal(signal.SIGHUP)
    assert service.process.stderr is not None
    said = service.process.stderr.readline()
    assert "not read again: " in said
    assert "CB_AUTH_TOKEN" in said or str(service.token) in said
    service.signal(signal.SIGTERM)
    assert service.ended() == 0


def test_a_token_that_is_refused_ends_with_77(run_mhc: Mhc, sandbox: Sandbox) -> None:
    service = Service(
        run_mhc, sandbox, CB_AUTH_TOKEN_FILE="", CB_AUTH_TOKEN="WRONG0TOKEN0FAKE", MHC_WAIT_SCALE="0.001"
    )
    assert service.ended() == 77
    assert service.stream.owner is None
    service.close()


def given(service: Service) -> dict[str, str]:
    return {
        "DATABASE_URL": str(service.folder / "mhc.db"), "MHC_EVENTS_URL": service.sandbox.url,
        "CHATURBATE_USERNAME": service.sandbox.room, "CB_AUTH_TOKEN": service.sandbox.token,
    }  # fmt: skip


def test_two_listeners_of_a_room_are_one(service: Service, run_mhc: Mhc) -> None:
    service.held()
    second = run_mhc("listen", **given(service))
    assert second.status == 75
    assert f"process {service.process.pid} on " in second.stderr
    service.signal(signal.SIGTERM)
    assert service.ended() == 0


def test_who_stands_by_follows_a_killed_one_at_once(service: Service, run_mhc: Mhc, sandbox: Sandbox) -> None:
    service.held()
    (service.folder / "notify").unlink()
    second = Service(run_mhc, sandbox, "--standby")
    said = second.until("READY=1")
    assert said[0].startswith(
        f"STATUS={sandbox.room}: standby: {sandbox.room} is listened to already, by process"
    )
    rows = run_mhc("capture", "status", "-o", "json", **given(service)).json
    assert {row["state"] for row in rows} in ({"starting", "standby"}, {"listening", "standby"})
    service.process.kill()
    second.until(f"STATUS={sandbox.room}: starting")
    assert sandbox.until_held(2, timeout=PATIENCE)
    assert second.stream.epoch == 2
    second.signal(signal.SIGTERM)
    assert second.ended() == 0
    assert [
        path.name for path in (service.folder / "state" / "heartbeat").iterdir() if "standby" in path.name
    ] == []
    second.close()


def rooms(folder: Path, **tokens: str) -> tuple[str, ...]:
    """Configure rooms with these tokens; give the words that name the file."""
    config = folder / "rooms.toml"
    lines = [f'[rooms.{name}]\ncb_auth_token = "{token}"\n' for name, token in tokens.items()]
    config.write_text("\n".join(lines))
    config.chmod(0o600)
    return ("--all", "--config", str(config))


def test_a_room_whose_token_is_refused_leaves_the_others_alone(run_mhc: Mhc, tmp_path: Path) -> None:
    with Sandbox(speed=0, events=30) as sandbox:
        words = rooms(tmp_path, **{sandbox.room: sandbox.token, "room_b": "WRONG0TOKEN0FAKE", "room_c": ""})
        service = Service(
            run_mhc, sandbox, *words, CHATURBATE_USERNAME="", CB_AUTH_TOKEN_FILE="", MHC_WAIT_SCALE="0.001"
        )
        said = service.until_said("token refused", "listening")
        assert f"{sandbox.room}: listening" in said
        assert sandbox.until_held(timeout=PATIENCE)
        service.signal(signal.SIGTERM)
        _, errors = service.process.communicate(timeout=PATIENCE)
        assert service.process.returncode == 0
        assert "no token for room_c: this room is left out" in errors
        assert "room_b: HTTP 404" in errors
        stored = run_mhc("event", "list", "-o", "ndjson", DATABASE_URL=str(tmp_path / "mhc.db"))
        assert len(stored.stdout.splitlines()) == 30
        service.close()


def test_no_room_with_a_token_is_no_start(run_mhc: Mhc, tmp_path: Path) -> None:
    words = rooms(tmp_path, room_a="", room_b="")
    run = run_mhc("listen", *words)
    assert (run.status, "no token for room_a" in run.stderr) == (77, True)
    assert run_mhc("listen", "--all").status == 2
    assert run_mhc("listen", *words, "--room", "room_a").status == 2
    assert run_mhc("listen", "--standby", "--once").status == 2


def test_two_hosts_share_one_database_and_one_follows_the_other(
    run_mhc: Mhc, tmp_path: Path, postgres_database: Database
) -> None:
    with Sandbox(events=0) as sandbox:
        words = (*rooms(tmp_path, **{sandbox.room: sandbox.token}), "--standby")
        shared = {
            "DATABASE_URL": postgres_database.url.render_as_string(hide_password=False),
            "CHATURBATE_USERNAME": "", "CB_AUTH_TOKEN_FILE": "",
        }  # fmt: skip
        first = Service(run_mhc, sandbox, *words, **shared)
        first.held()
        (tmp_path / "notify").unlink()
        second = Service(run_mhc, sandbox, *words, **shared, MHC_STATE_DIR=str(tmp_path / "host2"))
        second.until("READY=1")
        first.signal(signal.SIGTERM)
        assert first.ended() == 0
        second.until(f"STATUS={sandbox.room}: starting")
        second.signal(signal.SIGTERM)
        assert second.ended() == 0
        with postgres_database.read() as conn:
            (stream,) = streams.list_all(conn)
        assert (stream.epoch, stream.owner) == (2, None)
        first.close()
        second.close()


def test_the_end_of_its_time_ends_it_well(run_mhc: Mhc, sandbox: Sandbox) -> None:
    service = Service(run_mhc, sandbox, "--for", "1s")
    assert service.ended() == 0
    assert service.stream.owner is None
    service.close()


def test_two_rooms_are_heard_by_one_process(run_mhc: Mhc, tmp_path: Path) -> None:
    with Sandbox(events=0) as sandbox:
        config = tmp_path / "rooms.toml"
        rooms = "\n".join(
            f'[rooms.{name}]\ncb_auth_token = "{sandbox.token}"\n' for name in ("room_a", "room_b")
        )
        config.write_text(rooms)
        config.chmod(0o600)
        words = ("--room", "room_a", "--room", "room_b", "--config", str(config), "--exit-on-auth")
        service = Service(run_mhc, sandbox, *words, MHC_WAIT_SCALE="0.001")
        assert service.ended() == 77  # the sandbox knows neither room: the first to be refused ends both
        service.close()
    assert (tmp_path / "mhc.db").exists()
