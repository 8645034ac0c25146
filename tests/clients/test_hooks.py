"""Posting to a URL of the owner's: what is tried again, what is not, and that no error holds the URL."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from mhc.clients.hooks import Hook, HookError
from receiver import Receiver
from wire import CHUNKED, Wire, certificate, drip, hold, reply

SECRET = "CANARY0HOOK0PATH"


@contextmanager
def hooked(url: str, *, seconds: float = 10, tries: int = 3) -> Iterator[Hook]:
    hook = Hook(url, seconds=seconds, tries=tries, wait_scale=0.001)
    try:
        yield hook
    finally:
        hook.close()


def refused(hook: Hook) -> str:
    with pytest.raises(HookError) as caught:
        hook.post(b"")
    assert SECRET not in repr(caught.value)
    assert caught.value.__cause__ is None
    return str(caught.value)


def test_json_is_posted_as_it_is_under_our_own_name() -> None:
    with Receiver(200, 204) as receiver, hooked(f"{receiver.url}/a/{SECRET}?b=c") as hook:
        hook.post(b'{"one":1}')
        hook.post(b"", below="/start")
        assert hook.host == receiver.url.removeprefix("http://")
    first, second = receiver.posted
    assert (first.target, first.json) == (f"/a/{SECRET}?b=c", {"one": 1})
    assert first.headers["Content-Type"] == "application/json"
    assert first.headers["User-Agent"].startswith("mhc/")
    assert (second.target, second.body) == (f"/a/{SECRET}/start?b=c", b"")


def test_the_log_has_a_line_a_request_with_no_more_of_the_url_than_its_host(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level("DEBUG", "mhc.http")
    with Receiver(200, 404) as receiver:
        host = receiver.url.removeprefix("http://")
        with hooked(f"{receiver.url}?k={SECRET}&%6b=c%61nary") as hook:
            hook.post(b"", below="/start")
            refused(hook)
    with hooked(receiver.url, tries=1) as hook:
        refused(hook)
    said = [re.sub(r"\d+ ms", "N ms", record.getMessage()) for record in caplog.records]
    assert said == [
        f"POST {host}: 200, N ms",
        f"POST {host}: 404, N ms",
        f"POST {host}: connection refused, N ms",
    ]


@pytest.mark.parametrize("status", [408, 429, 500, 503, 524])
def test_what_may_be_taken_later_is_tried_again(status: int) -> None:
    with Receiver(status, status) as receiver, hooked(receiver.url) as hook:
        hook.post(b"{}")
    assert len(receiver.posted) == 3


@pytest.mark.parametrize("status", [400, 401, 404, 410])
def test_what_is_refused_is_not_tried_again(status: int) -> None:
    with Receiver(status) as receiver, hooked(f"{receiver.url}/{SECRET}") as hook:
        assert refused(hook) == f"answered {status}"
    assert len(receiver.posted) == 1


def test_after_three_tries_it_is_given_up() -> None:
    with Receiver(503, 503, 503) as receiver, hooked(f"{receiver.url}/{SECRET}") as hook:
        assert refused(hook) == "answered 503"
    assert len(receiver.posted) == 3


def test_a_redirect_is_not_followed() -> None:
    with (
        Receiver() as elsewhere,
        Receiver(307, headers={"Location": elsewhere.url}) as receiver,
        hooked(receiver.url) as hook,
    ):
        assert refused(hook) == "answered 307, which is not followed"
    assert elsewhere.posted == []


def test_nobody_there_is_one_sentence() -> None:
    with Receiver() as receiver:
        url = f"{receiver.url}/{SECRET}"
    with hooked(url) as hook:
        assert refused(hook) == "connection refused"


@pytest.mark.parametrize("manner", [hold, drip(b"HTTP/1.1 200 OK\r\n", b"X: y\r\n")])
def test_a_receiver_that_never_ends_its_head_has_a_total_time(manner: object) -> None:
    with Wire(manner) as wire, hooked(f"{wire.url}/{SECRET}", seconds=0.2, tries=2) as hook:  # type: ignore[arg-type]
        assert refused(hook) == "the answer took too long"
    assert wire.connections == 2


@pytest.mark.parametrize(
    "manner", [drip(CHUNKED, b"1\r\na\r\n"), reply(b"x" * 1_000_000), reply(b"x", length=9)]
)
def test_what_a_good_answer_says_does_not_matter(manner: object) -> None:
    with Wire(manner) as wire, hooked(wire.url, seconds=0.2) as hook:  # type: ignore[arg-type]
        hook.post(b"")
    assert wire.connections == 1


def test_a_certificate_that_nobody_signed_is_refused_at_once(tmp_path: Path) -> None:
    _, context = certificate(tmp_path)
    with Wire(reply(), tls=context) as wire, hooked(wire.url) as hook:
        assert refused(hook).startswith("no trusted connection")
    assert (wire.connections, wire.requests) == (1, [])


def test_after_a_stop_nothing_is_tried_again() -> None:
    with Receiver(503) as receiver, hooked(receiver.url) as hook:
        hook.stop()
        refused(hook)
    assert len(receiver.posted) <= 1
