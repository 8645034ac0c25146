"""The sandbox's sockets on loopback: its server, its connections, and their end."""

import socket
import struct
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Final

from mhc.sandbox.reply import Reply
from mhc.sandbox.router import Asked, Router

# How long stop() waits for threads that are still writing to a client.
PATIENCE: Final = 5.0
# With this, closing a connection sends RST.
NO_LINGER: Final = struct.pack("ii", 1, 0)
_MOST_READ: Final = 65_536


class Server(ThreadingHTTPServer):
    """A server that knows its open connections, so that it can end them."""

    daemon_threads = True
    request_queue_size = 64
    router: Router

    def __init__(self, port: int) -> None:
        super().__init__(("127.0.0.1", port), _Handler)
        self.stopping = threading.Event()
        self._open: set[socket.socket] = set()
        self._changed = threading.Condition()

    def process_request(self, request: Any, client_address: Any) -> None:
        """Note a connection."""
        with self._changed:
            self._open.add(request)
        super().process_request(request, client_address)

    def process_request_thread(self, request: Any, client_address: Any) -> None:
        """Serve a connection, and forget it."""
        try:
            super().process_request_thread(request, client_address)
        finally:
            with self._changed:
                self._open.discard(request)
                self._changed.notify_all()

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Show an error of ours."""
        # A client that goes away is no error of ours; anything else is, and is shown.
        if not isinstance(sys.exception(), OSError):
            super().handle_error(request, client_address)

    def end_connections(self) -> None:
        """End every connection that is open, and wait a while for those who write."""
        with self._changed:
            for connection in self._open:
                try:
                    connection.shutdown(socket.SHUT_RDWR)
                except OSError:
                    continue
            self._changed.wait_for(lambda: not self._open, PATIENCE)


class _Handler(BaseHTTPRequestHandler):
    """One connection, kept alive over many requests."""

    protocol_version = "HTTP/1.1"
    server_version = "sandbox"
    # Head and body go out in two writes; the second must not wait for the first one's receipt.
    disable_nagle_algorithm = True
    server: Server

    def do_GET(self) -> None:
        """Answer a request of any method."""
        # What is left unread would turn the end of the connection into a reset.
        length = self.headers.get("Content-Length", "")
        body = self.rfile.read(min(int(length), _MOST_READ) if length.isdecimal() else 0)
        headers = {name.title(): value for name, value in self.headers.items()}
        self._send(self.server.router.answer(Asked(self.command, self.path, headers, body)))

    do_HEAD = do_POST = do_PUT = do_PATCH = do_DELETE = do_OPTIONS = do_GET  # noqa: N815

    def log_message(self, *_: Any) -> None:
        """Say nothing: the path holds the token."""

    def _send(self, answer: Reply) -> None:
        if answer.manner == "hold":
            self.server.router.events.hold()
        if answer.manner in {"hold", "reset"}:
            self._reset()
            return
        own = {
            "Server": self.server_version,
            "Date": self.date_time_string(),
            "Content-Length": str(len(answer.body)),
        }
        self.send_response_only(answer.status)
        for name, value in {**own, **answer.headers}.items():
            self.send_header(name, value)
        self.end_headers()
        if self.command == "HEAD":
            return
        if answer.manner == "drip":
            self._drip(answer)
        elif answer.manner == "truncate":
            self.wfile.write(answer.body[: len(answer.body) // 2])
            self.close_connection = True
        else:
            self.wfile.write(answer.body)

    def _drip(self, answer: Reply) -> None:
        for byte in answer.body:
            if self.server.stopping.wait(answer.pause):
                self._reset()
                return
            self.wfile.write(bytes([byte]))

    def _reset(self) -> None:
        self.close_connection = True
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, NO_LINGER)
        # Past the server's orderly shutdown, which would say goodbye first.
        socket.close(self.connection.detach())
