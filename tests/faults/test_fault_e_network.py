"""E: no way to the API, or one that never ends."""

import socket
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from pathlib import Path

import pytest

import wire
from command import Mhc
from faults import modes
from faults.modes import OK, RESET, SILENT, TRUNCATED
from faults.oracle import assert_all_is_stored
from faults.server import FaultServer
from faults.supervised import Supervised
from listening import BROKEN, Station, event, page
from mhc.clients.http import CONNECT_SECONDS, NetworkError
from mhc.store.database import Database
from wire import CHUNKED, Wire, calling, late


@contextmanager
def deaf() -> Iterator[str]:
    """Give the address of a host that drops every SYN: the kernel does so where too many wait to be accepted."""
    with ExitStack() as opened:
        full = opened.enter_context(socket.socket())
        full.bind(("127.0.0.1", 0))
        full.listen(0)
        for _ in range(4):
            waiting = opened.enter_context(socket.socket())
            waiting.setblocking(False)
            waiting.connect_ex(full.getsockname())
        yield f"http://127.0.0.1:{full.getsockname()[1]}"


@contextmanager
def refusing() -> Iterator[str]:
    """Give an address where nobody is."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    yield f"http://127.0.0.1:{port}"


@pytest.mark.parametrize(
    ("nobody", "sentence"), [(refusing, "connection refused"), (deaf, "the answer took too long")]
)
def test_fault_e1_a_host_that_does_not_answer_is_asked_for_ten_seconds_at_most(
    nobody: Callable[[], AbstractContextManager[str]], sentence: str
) -> None:
    assert CONNECT_SECONDS == 10
    with nobody() as url, calling(url) as call, pytest.raises(NetworkError) as raised:
        call(60)
    assert str(raised.value) == sentence


def test_fault_e1_a_name_that_is_not_known_is_said_and_tried_again(
    run_mhc: Mhc, sqlite_database: Database, tmp_path: Path
) -> None:
    env = {
        "DATABASE_URL": str(tmp_path / "mhc.db"), "MHC_EVENTS_URL": "https://feed.invalid", "MHC_WAIT_SCALE": "0.01",
        "CHATURBATE_USERNAME": "example_room", "CB_AUTH_TOKEN": wire.TOKEN,
    }  # fmt: skip
    with Supervised(run_mhc, env) as listener:
        said = listener.until_said("the host's name is not known")
        listener.until_told("STATUS=example_room: backing off: the host's name is not known")
        assert listener.stopped() == 0
    assert "; next try in " in said


def test_fault_e1_each_failure_of_the_network_says_when_the_next_try_is(
    going: Station, caplog: pytest.LogCaptureFixture
) -> None:
    waits = going.steps(*[BROKEN] * 40)
    assert waits[0] == 0
    assert all(0 <= wait <= 60 for wait in waits)
    assert all(
        "the connection broke; next try in " in one.getMessage()
        for one in caplog.records
        if "next" in one.message
    )
    going.step(page(event(2), to="i=2"))
    assert (going.feed.cursors[-1], len(going.events)) == ("i=1", 2)


def test_fault_e1_resets_and_half_answers_cost_nothing(
    run_mhc: Mhc, database: Database, database_url: str, tmp_path: Path
) -> None:
    with FaultServer(1000, [RESET, OK, RESET, RESET, TRUNCATED, OK, TRUNCATED]) as server:
        env = server.environ(database_url)
        assert run_mhc.until(server.until_read_up, "listen", "-o", "none", **env).status == 0
    assert_all_is_stored(database, server, tmp_path, events=1000)


@pytest.mark.prove
@pytest.mark.parametrize("mode", [SILENT, modes.drip(1.0)], ids=lambda mode: mode.name)
def test_fault_e2_a_poll_that_never_ends_ends_at_its_deadline(
    run_mhc: Mhc, sqlite_database: Database, tmp_path: Path, mode: modes.Mode
) -> None:
    # The deadline: ten seconds of polling and fifteen of grace.
    with (
        FaultServer(1000, [OK, mode]) as server,
        Supervised(run_mhc, server.environ(str(tmp_path / "mhc.db"))) as listener,
    ):
        assert server.held.wait(30)
        listener.until_said("the answer took too long")
        assert server.until_read_up()
        assert listener.stopped() == 0
    assert_all_is_stored(sqlite_database, server, tmp_path, events=1000)


@pytest.mark.parametrize(
    "manner",
    [
        wire.drip(b"HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n", b"x"),
        wire.drip(CHUNKED, b"1\r\nx\r\n"),
        wire.drip(b"HTTP/1.1 200 OK\r\n\r\n", b"x"),
        wire.drip(b"HTTP/1.1 200 OK\r\n", b"X-More: y\r\n"),
        wire.drip(b"HTTP/1.1 200", b" "),
        wire.hold,
    ],
    ids=["body", "chunks", "body without an end", "headers", "status", "nothing"],
)
def test_fault_e2_a_drip_does_not_outlive_the_deadline(manner: wire.Manner) -> None:
    with Wire(manner) as server, calling(server.url) as call:
        assert late(call, 0.2) == "the answer took too long"
