"""A connection that cannot be trusted carries no token."""

from pathlib import Path

import pytest

import wire
from mhc.clients.http import NetworkError, TlsError, fetch, open_session
from mhc.clients.line import Line
from wire import Wire, certificate

TOKEN = "CANARY0TOKEN0FAKE"


def ask(url: str) -> int:
    line = Line()
    session = open_session(line, url)
    try:
        return fetch(session, line, f"{url}/events/example_room/{TOKEN}/", seconds=30, max_bytes=1000).status
    finally:
        session.close()
        line.close()


def test_fault_e3_a_certificate_that_nobody_signed_is_refused(tmp_path: Path) -> None:
    _, context = certificate(tmp_path)
    with Wire(wire.reply(), tls=context) as server, pytest.raises(TlsError) as raised:
        ask(server.url)
    assert str(raised.value) == "no trusted connection: self-signed certificate"
    assert server.requests == []


def test_fault_e3_a_certificate_of_another_host_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made, context = certificate(tmp_path, "-addext", "subjectAltName=DNS:elsewhere.example")
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(made))
    with Wire(wire.reply(), tls=context) as server, pytest.raises(TlsError) as raised:
        ask(server.url)
    assert str(raised.value).startswith("no trusted connection: ")
    assert "mismatch" in str(raised.value)
    assert server.requests == []


def test_a_certificate_that_is_trusted_is_taken(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made, context = certificate(tmp_path, "-addext", "subjectAltName=IP:127.0.0.1")
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(made))
    with Wire(wire.reply(), tls=context) as server:
        assert ask(server.url) == 200


def test_fault_e3_a_server_that_speaks_no_tls_is_refused() -> None:
    with (
        Wire(wire.send(b"HTTP/1.1 400 Bad Request\r\n\r\n")) as server,
        pytest.raises((TlsError, NetworkError)) as raised,
    ):
        ask(server.url.replace("http://", "https://"))
    assert TOKEN not in str(raised.value)
    assert not any(TOKEN.encode() in request for request in server.requests)
