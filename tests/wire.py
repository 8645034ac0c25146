"""A server of raw sockets on loopback, which breaks what a real HTTP server would keep whole, and who asks it."""

import shutil
import socket
import ssl
import subprocess
import threading
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Self
from unittest import SkipTest

from mhc.clients.http import Answer, fetch, open_session
from mhc.clients.line import Line

TOKEN = "CANARY0TOKEN0FAKE"
OPENSSL = shutil.which("openssl")
CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"

# What a server does with one connection once a request has come; true keeps it for another request.
Manner = Callable[[socket.socket, "Wire"], bool | None]


class Wire:
    """Serves requests by `manners` in turn, the last one for all that follow; keeps what was asked."""

    def __init__(self, *manners: Manner, tls: ssl.SSLContext | None = None, port: int = 0) -> None:
        self.requests: list[bytes] = []
        self.connections = 0
        self.held = threading.Event()  # set by a manner that keeps its client waiting
        self.stopping = threading.Event()
        self._manners = list(manners)
        self._tls = tls
        self._listener = socket.create_server(("127.0.0.1", port))
        self._threads: list[threading.Thread] = []
        self._open: list[socket.socket] = []

    @property
    def url(self) -> str:
        """Give the server's address."""
        scheme = "http" if self._tls is None else "https"
        return f"{scheme}://127.0.0.1:{self._listener.getsockname()[1]}"

    @property
    def heads(self) -> list[dict[str, str]]:
        """Give the header fields of each request, names in lower case."""
        found = []
        for request in self.requests:
            lines = request.decode("latin-1").split("\r\n")[1:]
            found.append(
                {k.lower(): v.strip() for k, _, v in (line.partition(":") for line in lines if line)}
            )
        return found

    def start(self) -> Self:
        """Serve until `stop`."""
        self._start(self._accept)
        return self

    def stop(self) -> None:
        """End every connection, and give the port back."""
        self.stopping.set()
        for open_socket in (self._listener, *self._open):
            try:
                open_socket.shutdown(socket.SHUT_RDWR)
            except OSError:
                continue
        for thread in self._threads:
            thread.join()
        self._listener.close()

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def manner_for(self, request: bytes) -> Manner:
        """Give what is done about a request."""
        return self._manners.pop(0) if len(self._manners) > 1 else self._manners[0]

    def _start(self, target: Callable[[], None]) -> None:
        thread = threading.Thread(target=target)
        self._threads.append(thread)
        thread.start()

    def _accept(self) -> None:
        while not self.stopping.is_set():
            try:
                made, _ = self._listener.accept()
            except OSError:
                return
            self.connections += 1
            self._open.append(made)
            self._start(lambda made=made: self._serve(made))  # type: ignore[misc]

    def _serve(self, made: socket.socket) -> None:
        try:
            if self._tls is not None:
                made = self._tls.wrap_socket(made, server_side=True)
            with made:
                while (request := _read_head(made)) is not None:
                    self.requests.append(request)
                    if not self.manner_for(request)(made, self):
                        return
        except OSError:  # the client went away
            made.close()


def _read_head(made: socket.socket) -> bytes | None:
    head = b""
    while not head.endswith(b"\r\n\r\n"):
        part = made.recv(4096)
        if not part:
            return None
        head += part
    return head


def reply(
    body: bytes = b"{}", *, status: str = "200 OK", headers: Iterable[str] = (), length: int | None = None
) -> Manner:
    """Answer whole, and keep the connection; `length` may lie, and then it ends."""
    size = len(body) if length is None else length
    lines = [f"HTTP/1.1 {status}", f"Content-Length: {size}", *headers, "", ""]

    def manner(made: socket.socket, _wire: Wire) -> bool:
        made.sendall("\r\n".join(lines).encode() + body)
        return length is None

    return manner


def send(data: bytes) -> Manner:
    """Send these bytes, and end the connection."""

    def manner(made: socket.socket, _wire: Wire) -> None:
        made.sendall(data)

    return manner


def hold(made: socket.socket, wire: Wire) -> None:
    """Never answer."""
    wire.held.set()
    wire.stopping.wait()


def drip(head: bytes, drop: bytes) -> Manner:
    """Send a drop every hundredth of a second, for ever."""

    def manner(made: socket.socket, wire: Wire) -> None:
        made.sendall(head)
        wire.held.set()
        while not wire.stopping.wait(0.01):
            made.sendall(drop)

    return manner


def reset(made: socket.socket, _wire: Wire) -> None:
    """End the connection with RST."""
    made.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")


class Caller:
    """A line, its session, and one upstream."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.line = Line()
        self.session = open_session(self.line, url)

    def __call__(self, seconds: float = 30, max_bytes: int = 8 * 1024 * 1024) -> Answer:
        url = f"{self.url}/events/example_room/{TOKEN}/?timeout=0"
        return fetch(self.session, self.line, url, seconds=seconds, max_bytes=max_bytes)

    def in_thread(self, pool: ThreadPoolExecutor, seconds: float = 30) -> Future[Answer]:
        return pool.submit(self, seconds)


@contextmanager
def calling(url: str) -> Iterator[Caller]:
    caller = Caller(url)
    try:
        yield caller
    finally:
        caller.session.close()
        caller.line.close()


def late(call: Caller, seconds: float) -> str:
    """Ask in a thread, looking at the deadline as the supervisor does."""
    with ThreadPoolExecutor(1) as pool:
        asked = call.in_thread(pool, seconds)
        try:
            while not wait([asked], timeout=0.01).done:
                call.line.cut_if_late()
        except BaseException:  # the test's own time is up: the thread must not outlive it
            call.line.cut()
            raise
        return str(asked.exception())


def certificate(folder: Path, *words: str) -> tuple[Path, ssl.SSLContext]:
    """Make a certificate that nobody signed, and a server's context with it."""
    key, made = folder / "key.pem", folder / "certificate.pem"
    if OPENSSL is None:
        raise SkipTest("openssl not found")
    subprocess.run(
        [OPENSSL, "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=localhost", "-keyout", key,
         "-out", made, "-days", "2", *words],
        check=True, capture_output=True,
    )  # fmt: skip
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(made, key)
    return made, context
