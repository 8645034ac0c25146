"""The line of a poll: it ends at its deadline or at a cut, whatever the server sends meanwhile."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest

import wire
from mhc.clients.http import Answer, NetworkError
from mhc.clients.line import Line
from wire import CHUNKED, Wire, calling, late


def cut_off(ask: Callable[[], Answer]) -> bool:
    """Whether a request was broken off, before its time was up."""
    with pytest.raises(NetworkError) as raised:
        ask()
    return str(raised.value) != "the answer took too long"


def test_a_request_within_its_time_is_not_cut() -> None:
    with Wire(wire.reply()) as server, calling(server.url) as call:
        call.line.cut_if_late()
        assert call().status == 200
        call.line.cut_if_late()
        assert call().status == 200
    assert server.connections == 1


def test_after_a_deadline_the_next_request_goes_well() -> None:
    with Wire(wire.hold, wire.reply()) as server, calling(server.url) as call:
        late(call, 0.2)
        assert call().status == 200


@pytest.mark.parametrize("manner", [wire.hold, wire.drip(CHUNKED, b"1\r\nx\r\n")], ids=["waiting", "reading"])
def test_a_cut_ends_a_request_that_is_under_way(manner: wire.Manner) -> None:
    with Wire(manner) as server, calling(server.url) as call, ThreadPoolExecutor(1) as pool:
        asked = call.in_thread(pool)
        assert server.held.wait(10)
        call.line.cut()
        assert cut_off(asked.result)


def test_a_cut_before_the_connection_holds_for_it() -> None:
    with Wire(wire.hold) as server, calling(server.url) as call:
        call.line.cut()
        assert cut_off(call)


def test_a_cut_holds_for_a_connection_that_waits_to_be_used_again() -> None:
    with Wire(wire.reply(), wire.hold) as server, calling(server.url) as call:
        call()
        call.line.cut()
        assert cut_off(call)


def test_a_closed_line_may_be_cut_and_closed_again() -> None:
    line = Line()
    line.close()
    line.cut()
    line.cut_if_late()
    line.close()
