"""One GET: bounded in size, silent about its URL, and alone."""

import gzip
import socket
import tracemalloc
from collections.abc import Callable
from pathlib import Path

import pytest
import requests

import wire
from mhc import __version__
from mhc.clients.http import BodyError, NetworkError, TransportError
from wire import CHUNKED, TOKEN, Wire, calling

MIB = 1024 * 1024


def failure(*manners: wire.Manner, kind: type[TransportError]) -> str:
    """Give the sentence of a request that fails, which never tells where it went."""
    with Wire(*manners) as server, calling(server.url) as call:
        with pytest.raises(kind) as raised:
            call()
        assert type(raised.value) is kind
        assert raised.value.__cause__ is None
        sentence = str(raised.value)
        assert TOKEN not in sentence
        assert "127.0.0.1" not in sentence
        assert "http" not in sentence
        return sentence


def test_an_answer_is_status_headers_and_body() -> None:
    headers = ["Content-Type: Application/JSON; charset=utf-8", "X-Made-Up: Yes"]
    with Wire(wire.reply(b'{"a":1}', headers=headers)) as server, calling(server.url) as call:
        answer = call()
    assert (answer.status, answer.body, answer.content_type) == (200, b'{"a":1}', "application/json")
    assert answer.headers["x-made-up"] == "Yes"
    assert server.requests[0].startswith(f"GET /events/example_room/{TOKEN}/?timeout=0 HTTP/1.1\r\n".encode())


def test_a_gzipped_answer_is_unpacked() -> None:
    packed = wire.reply(gzip.compress(b"[]"), headers=["Content-Encoding: gzip"])
    with Wire(packed) as server, calling(server.url) as call:
        assert call().body == b"[]"


def test_requests_say_honestly_who_asks() -> None:
    with Wire(wire.reply()) as server, calling(server.url) as call:
        call()
    assert server.heads[0]["user-agent"] == f"mhc/{__version__} (a broadcaster's own tools)"
    assert server.heads[0]["accept-encoding"] == "gzip"


def test_one_connection_serves_200_polls_and_no_file_is_left_open() -> None:
    with Wire(wire.reply()) as server, calling(server.url) as call:
        call()
        before = _open_files()
        for _ in range(200):
            assert call().status == 200
        assert _open_files() == before
        assert server.connections == 1


def test_connections_that_end_leave_no_file_open() -> None:
    with Wire(wire.reply(headers=["Connection: close"])) as server, calling(server.url) as call:
        for _ in range(20):
            assert call().status == 200
    assert server.connections == 20
    with Wire(wire.reset) as server, calling(server.url) as call:
        for _ in range(20):
            with pytest.raises(NetworkError):
                call()


def test_errors_leave_no_file_open() -> None:
    with calling("http://127.0.0.1:1") as call:
        before = _open_files()
        for _ in range(50):
            with pytest.raises(NetworkError):
                call()
        assert _open_files() == before


def _open_files() -> int | None:
    folder = Path("/proc/self/fd")
    return len(list(folder.iterdir())) if folder.exists() else None


def _bomb(mebibytes: int) -> bytes:
    return gzip.compress(bytes(16 * MIB)) * (mebibytes // 16)


def _peak(call: Callable[[], object]) -> int:
    tracemalloc.start()
    try:
        call()
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("status", ["200 OK", "302 Found", "500 Oh"])
def test_a_gzip_bomb_is_refused_in_little_memory(status: str) -> None:
    headers = ["Content-Encoding: gzip", "Location: /elsewhere/"]
    bomb = wire.reply(_bomb(512), status=status, headers=headers)
    with Wire(bomb) as server, calling(server.url) as call:

        def refused() -> None:
            with pytest.raises(BodyError, match="more than 8 MiB"):
                call()

        assert _peak(refused) < 40 * MIB
    assert len(server.requests) == 1


def test_a_body_of_9_mib_is_refused_and_one_of_8_is_not() -> None:
    with (
        Wire(wire.reply(b"x" * (8 * MIB)), wire.reply(b"x" * (9 * MIB))) as server,
        calling(server.url) as call,
    ):
        assert len(call().body) == 8 * MIB
        with pytest.raises(BodyError, match="more than 8 MiB"):
            call()


def test_a_body_without_an_end_is_refused() -> None:
    endless = wire.send(b"HTTP/1.1 200 OK\r\n\r\n" + b"x" * (9 * MIB))
    assert failure(endless, kind=BodyError) == "an answer of more than 8 MiB"


@pytest.mark.parametrize("encoding", ["br", "deflate", "zstd", "gzip, gzip", "made-up"])
def test_an_encoding_that_was_not_asked_for_is_refused(encoding: str) -> None:
    packed = wire.reply(b"{}", headers=[f"Content-Encoding: {encoding}"])
    assert failure(packed, kind=BodyError) == "an encoding that was not asked for"


def test_what_does_not_unpack_is_refused() -> None:
    packed = wire.reply(b"no gzip at all", headers=["Content-Encoding: gzip"])
    assert failure(packed, kind=BodyError) == "an answer that does not unpack"


@pytest.mark.parametrize("status", ["301 Moved", "302 Found", "303 Other", "307 Again", "308 Moved"])
def test_a_redirect_is_an_answer_and_nobody_follows_it(status: str) -> None:
    with Wire(wire.reply()) as other:
        moved = wire.reply(b"gone", status=status, headers=[f"Location: {other.url}/"])
        with Wire(moved) as server, calling(server.url) as call:
            answer = call()
        assert (answer.status, answer.body) == (int(status[:3]), b"gone")
        assert (len(server.requests), other.connections) == (1, 0)


@pytest.mark.parametrize(
    ("manner", "sentence"),
    [
        (wire.reset, "connection reset by peer"),
        (wire.send(b""), "the connection broke"),
        (wire.send(b"HTTP/1.1 200 OK\r\n"), "the connection broke"),
        (wire.reply(b"half", length=8), "the connection broke"),
        (wire.send(CHUNKED + b"5\r\nhal"), "the connection broke"),
        (wire.send(CHUNKED + b"zz\r\n"), "the connection broke"),
        (wire.send(b"no HTTP at all\r\n\r\n"), "the connection broke"),
        (wire.send(b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 200 + b"\r\n"), "the connection broke"),
        (wire.send(b"HTTP/1.1 200 OK\r\nX: " + b"y" * 70_000 + b"\r\n\r\n"), "the connection broke"),
    ],
    ids=["reset", "end", "half a head", "half a body", "half a chunk", "no chunk", "no HTTP", "many", "long"],
)
def test_a_broken_answer_is_a_sentence_without_an_address(manner: wire.Manner, sentence: str) -> None:
    assert failure(manner, kind=NetworkError) == sentence


def test_a_refused_connection_says_so() -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    with calling(f"http://127.0.0.1:{port}") as call, pytest.raises(NetworkError) as raised:
        call()
    assert str(raised.value) == "connection refused"


def test_an_unknown_host_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    def unknown(*_: object, **__: object) -> None:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", unknown)
    with calling("http://feed.invalid") as call, pytest.raises(NetworkError) as raised:
        call()
    assert str(raised.value) == "the host's name is not known"


def test_no_cookie_is_kept() -> None:
    with Wire(wire.reply(headers=["Set-Cookie: a=b; Path=/"])) as server, calling(server.url) as call:
        call()
        call()
    assert "cookie" not in server.heads[1]


def test_netrc_is_not_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login viewer_one password made-up\n")
    netrc.chmod(0o600)
    monkeypatch.setenv("NETRC", str(netrc))
    for scheme in ("http", "https"):
        with calling(f"{scheme}://127.0.0.1") as call:
            asked = call.session.prepare_request(requests.Request("GET", f"{call.url}/"))
            assert "Authorization" not in asked.headers


def test_loopback_goes_past_every_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:1")
    monkeypatch.setenv("all_proxy", "http://127.0.0.1:1")
    with Wire(wire.reply()) as server, calling(server.url) as call:
        assert call().status == 200
