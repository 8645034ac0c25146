"""Asking an API over a real connection: bounded, tried again where that is safe, and silent about its secrets."""

import gzip
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

import wire
from mhc.clients.api import Api, Request, needed
from mhc.clients.failures import (
    BlockedError,
    BrokenAnswerError,
    DownError,
    MovedError,
    RefusedError,
    RejectedError,
    Terms,
    ThrottledError,
    UpstreamError,
    decode,
    judge,
)
from mhc.clients.http import Answer
from mhc.clients.pacing import PacedError, Rate, StoppedError
from mhc.config import Secret
from mhc.errors import AccessError
from receiver import Receiver
from upstreams import NOW, Clock, pacer
from wire import CHUNKED, Wire, certificate

SECRET = "CANARY0API0TOKEN/+"
QUOTED = "CANARY0API0TOKEN%2F%2B"
TERMS = Terms(name="Example", token="EXAMPLE_TOKEN", rules=(), cooldown=45, seconds=5)
ASKED = Request("/people", (("name", "viewer_one"), ("token", Secret(SECRET))), about="viewer_one")
OK = wire.reply(b'{"a":1}')


@contextmanager
def api(
    url: str, folder: Path, clock: Clock | None = None, *, patience: float = 60, **terms: Any
) -> Iterator[Api]:
    clock = clock or Clock()
    values = {name: getattr(TERMS, name) for name in Terms.__slots__} | terms
    made = Api(
        Terms(**values), url, pacer(folder, clock, patience=patience), bearer=Secret(SECRET), clock=clock
    )
    try:
        yield made
    finally:
        made.close()


def reader(answer: Answer) -> Any:
    judge(TERMS, answer, "viewer_one", NOW)
    return decode(TERMS, answer)


def failure(
    *manners: wire.Manner, folder: Path, clock: Clock | None = None, **terms: Any
) -> tuple[UpstreamError, int]:
    """Give what a request ends with, which never tells a secret or an address, and how often was asked."""
    with Wire(*manners) as server, api(server.url, folder, clock, **terms) as one:
        with pytest.raises(UpstreamError) as raised:
            one.ask(ASKED, (), reader)
        asked = len(server.requests)
    error = raised.value
    told = f"{error!r} {error.message} {error.hint} {error.__cause__!r} {error.as_dict()}"
    assert "CANARY" not in told
    assert "127.0.0.1" not in told
    return error, asked


def test_what_is_asked_and_who_asks(tmp_path: Path) -> None:
    with Wire(OK) as server, api(server.url, tmp_path) as one:
        assert one.ask(ASKED, (), reader) == {"a": 1}
    assert server.requests[0].startswith(f"GET /people?name=viewer_one&token={QUOTED} HTTP/1.1\r\n".encode())
    head = server.heads[0]
    assert head["authorization"] == f"Bearer {SECRET}"
    assert (head["accept"], head["accept-encoding"]) == ("application/json", "gzip")
    assert head["user-agent"].startswith("mhc/")
    assert "cookie" not in head


def test_a_post_has_its_body(tmp_path: Path) -> None:
    with Receiver() as server, api(server.url, tmp_path) as one:
        assert one.ask(Request("/batch", method="POST", body=b"{}"), (), lambda answer: answer.body) == b"ok"
    (posted,) = server.posted
    assert (posted.target, posted.json, posted.headers["Content-Type"]) == ("/batch", {}, "application/json")
    assert posted.headers["Authorization"] == f"Bearer {SECRET}"


@pytest.mark.parametrize("status", ["500 Oh", "502 Bad", "503 Later", "521 Down", "408 Slow"])
def test_what_fails_for_a_moment_is_tried_again(tmp_path: Path, status: str) -> None:
    clock = Clock()
    with (
        Wire(wire.reply(b"", status=status), wire.reset, OK) as server,
        api(server.url, tmp_path, clock) as one,
    ):
        assert one.ask(ASKED, (), reader) == {"a": 1}
        assert len(server.requests) == 3
    assert len(clock.waits) == 2
    assert 1 <= clock.waits[0] <= 2


def test_after_three_tries_it_is_given_up(tmp_path: Path) -> None:
    error, asked = failure(wire.reset, folder=tmp_path)
    assert (str(error), int(error.status), asked) == (
        "Example cannot be reached: connection reset by peer",
        69,
        3,
    )
    assert isinstance(error, DownError)


@pytest.mark.parametrize(
    ("status", "body", "kind", "exit_status"),
    [
        ("400 Bad", b"{}", RejectedError, 65),
        ("401 No", b"{}", RefusedError, 77),
        ("403 No", b"{}", RefusedError, 77),
        ("403 No", b"<html>", BlockedError, 69),
        ("422 No", b'{"message":"too far"}', RejectedError, 65),
        ("429 Slow", b"{}", ThrottledError, 75),
        ("200 OK", b"<!DOCTYPE html>", BlockedError, 69),
        ("200 OK", b"no JSON", BrokenAnswerError, 65),
        ("200 OK", b"", BrokenAnswerError, 65),
        ("200 OK", b"[" * 100_000, BrokenAnswerError, 65),
        ("200 OK", b'{"a":"\xff"}', BrokenAnswerError, 65),
        ("302 Found", b"", MovedError, 69),
    ],
)
def test_what_will_not_pass_is_not_tried_again(
    tmp_path: Path, status: str, body: bytes, kind: type[UpstreamError], exit_status: int
) -> None:
    error, asked = failure(wire.reply(body, status=status), folder=tmp_path)
    assert (type(error), int(error.status), asked) == (kind, exit_status, 1)


def test_what_is_posted_is_not_tried_again(tmp_path: Path) -> None:
    with Receiver(503, 503) as server, api(server.url, tmp_path) as one:
        with pytest.raises(DownError, match=r"^Example is not working \(503\)$"):
            one.ask(Request("/batch", method="POST", body=b"{}"), (), reader)
        assert len(server.posted) == 1


@pytest.mark.parametrize("said", ["Retry-After: 30", "Retry-After: Thu, 01 Jan 2026 00:00:30 GMT"])
def test_a_server_that_says_how_long_is_waited_for(tmp_path: Path, said: str) -> None:
    clock = Clock()
    slow = wire.reply(b"{}", status="429 Slow", headers=[said])
    with Wire(slow, OK) as server, api(server.url, tmp_path, clock) as one:
        assert one.ask(ASKED, (), reader) == {"a": 1}
    assert sum(clock.waits) >= 30 - 1e-6


def test_one_that_asks_for_longer_than_anyone_waits_is_left_alone_by_all(tmp_path: Path) -> None:
    clock = Clock()
    slow = wire.reply(b"{}", status="429 Slow", headers=["Retry-After: 900"])
    with (
        Wire(slow) as server,
        api(server.url, tmp_path, clock) as one,
        api(server.url, tmp_path, clock) as other,
    ):
        for each in (one, other):
            with pytest.raises(PacedError) as raised:
                each.ask(ASKED, (), reader)
            assert raised.value.status == 75
        assert len(server.requests) == 1
    assert raised.value.seconds > 850


def test_a_challenge_is_not_asked_again_whatever_it_says(tmp_path: Path) -> None:
    headers = ["Retry-After: 1", "CF-Mitigated: challenge"]
    error, asked = failure(wire.reply(b"", status="429 Slow", headers=headers), folder=tmp_path)
    assert (type(error), error.seconds, asked) == (BlockedError, 45, 1)


def test_one_that_does_not_say_how_long_is_left_alone_for_the_cooldown(tmp_path: Path) -> None:
    clock = Clock()
    slow = wire.reply(b"{}", status="429 Slow")
    with Wire(slow, OK) as server, api(server.url, tmp_path, clock) as one:
        with pytest.raises(ThrottledError):
            one.ask(ASKED, (), reader)
        assert clock.waits == []
        one.ask(ASKED, (), reader)
    assert clock.waits == [45]


def test_a_request_waits_for_its_turn_and_every_try_does(tmp_path: Path) -> None:
    clock = Clock()
    rates = (Rate("one", 10),)
    with Wire(OK, wire.reset, OK) as server, api(server.url, tmp_path, clock) as one:
        one.ask(ASKED, rates, reader)
        one.ask(ASKED, rates, reader)
        assert len(server.requests) == 3
    assert sum(clock.waits) == pytest.approx(20)


def test_a_stop_ends_the_waiting_between_tries(tmp_path: Path) -> None:
    clock = Clock()
    clock.stop_after = 1
    with Wire(wire.reset) as server, api(server.url, tmp_path, clock) as one:
        with pytest.raises(StoppedError):
            one.ask(ASKED, (), reader)
        assert server.connections == 1


def test_after_a_stop_nothing_is_asked(tmp_path: Path) -> None:
    with Wire(OK) as server, api(server.url, tmp_path, tries=1) as one:
        one.stop()
        with pytest.raises(DownError):
            one.ask(ASKED, (), reader)
        assert server.requests == []


@pytest.mark.parametrize("status", ["301 Moved", "302 Found", "307 Again", "308 Moved"])
def test_no_redirect_is_followed_with_a_secret(tmp_path: Path, status: str) -> None:
    with Wire(OK) as elsewhere:
        moved = wire.reply(b"", status=status, headers=[f"Location: {elsewhere.url}/?token={QUOTED}"])
        error, _ = failure(moved, folder=tmp_path)
        assert elsewhere.connections == 0
    assert str(error) == f"Example answers with a redirect ({status[:3]}), which is not followed"


@pytest.mark.parametrize(
    "manner", [wire.hold, wire.drip(b"HTTP/1.1 200 OK\r\n", b"X: y\r\n"), wire.drip(CHUNKED, b"1\r\n \r\n")]
)
def test_an_answer_that_never_ends_has_a_total_time(tmp_path: Path, manner: wire.Manner) -> None:
    error, _ = failure(manner, folder=tmp_path, seconds=0.2, tries=1)
    assert str(error) == "Example cannot be reached: the answer took too long"


@pytest.mark.parametrize(
    "body",
    [b"x" * 1_100_000, gzip.compress(b"x" * 1_100_000), gzip.compress(b"") * 60_000],
    ids=["plain", "inflated", "on the wire"],
)
def test_an_answer_that_is_too_large_is_refused(tmp_path: Path, body: bytes) -> None:
    headers = ["Content-Encoding: gzip"] if body[:2] == b"\x1f\x8b" else []
    error, asked = failure(wire.reply(body, headers=headers), folder=tmp_path, max_bytes=1 << 20)
    assert (str(error), int(error.status), asked) == ("Example sends an answer of more than 1 MiB", 65, 1)


def test_a_certificate_that_nobody_signed_is_refused_at_once(tmp_path: Path) -> None:
    _, context = certificate(tmp_path)
    with Wire(OK, tls=context) as server, api(server.url, tmp_path) as one:
        with pytest.raises(MovedError, match=r"^Example cannot be trusted: no trusted connection"):
            one.ask(ASKED, (), reader)
        assert server.connections == 1


def test_a_secret_that_comes_back_is_kept_nowhere(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("DEBUG", "mhc.http")
    echo = f'{{"error":"bad {SECRET}","url":"/people?token={QUOTED}","b":"CANARY0API0TOKEN\\/+"}}'.encode()
    moved = [f"Location: /login?token={QUOTED}"]
    error, _ = failure(wire.reply(echo, status="422 No", headers=moved), folder=tmp_path)
    assert error.message == "Example does not take the request (422): bad ***"
    assert error.answer is not None
    assert b"CANARY" not in error.answer.body
    assert error.answer.headers["location"] == "/login?token=***"
    with Wire(wire.reply(echo)) as server, api(server.url, tmp_path) as one:
        assert one.ask(ASKED, (), lambda answer: answer.body.count(b"***")) == 3
    assert "CANARY" not in caplog.text + repr(ASKED)


def test_what_a_server_says_of_a_refusal_is_one_short_line(tmp_path: Path) -> None:
    hostile = b'{"message":"no\\u001b[2J\\nsuch\\u202e range' + b"!" * 500 + b'"}'
    error, _ = failure(wire.reply(hostile, status="422 No"), folder=tmp_path)
    assert error.message.startswith(
        "Example does not take the request (422): no\\x1b[2J\\nsuch\\u202e range!!"
    )
    assert len(error.message) < 260


def test_rates_shrink_with_the_back_off_on_this_machine_only(tmp_path: Path) -> None:
    clock = Clock()
    with Wire(OK) as server:
        one = Api(TERMS, server.url, pacer(tmp_path, clock), wait_scale=0.01)
        for _ in range(2):
            one.ask(ASKED, (Rate("one", 300),), reader)
        one.close()
    assert clock.waits == [pytest.approx(3)]
    far = Api(TERMS, "https://api.example", pacer(tmp_path, clock), wait_scale=0.01)
    assert far._rate_scale == 1
    far.close()


def test_a_missing_token_is_named() -> None:
    with pytest.raises(
        AccessError, match=r"^Statbate needs a token: STATBATE_API_TOKEN is not set$"
    ) as raised:
        needed(None, "STATBATE_API_TOKEN", "Statbate")
    assert (raised.value.status, raised.value.hint) == (77, "docs/sources.md says where it comes from")
    assert needed(Secret(SECRET), "STATBATE_API_TOKEN", "Statbate").reveal() == SECRET
