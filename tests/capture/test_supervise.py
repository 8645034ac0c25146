"""`mhc listen` as a service manager sees it: signals, notifications, statuses."""

import signal
import sqlite3
from collections.abc import Iterator
from contextlib import closing

import pytest

from command import Mhc
from mhc.capture.health import is_alive, read_beats
from mhc.sandbox.server import Sandbox
from service import PATIENCE, Service, given


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


def test_the_end_of_its_time_ends_it_well(run_mhc: Mhc, sandbox: Sandbox) -> None:
    service = Service(run_mhc, sandbox, "--for", "1s")
    assert service.ended() == 0
    assert service.stream.owner is None
    service.close()
