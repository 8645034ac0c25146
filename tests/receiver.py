"""A server on loopback to which things are posted: it keeps them, and answers what a test says."""

import threading
from collections import deque
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, Self

import msgspec


@dataclass(frozen=True)
class Posted:
    """One request."""

    target: str
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return msgspec.json.decode(self.body)


class Receiver:
    """Answers `answers` in turn, then 200; 0 is no answer at all until the test is over."""

    def __init__(self, *answers: int, headers: dict[str, str] | None = None) -> None:
        self.posted: list[Posted] = []
        self._answers = deque(answers)
        self._came = threading.Condition()
        self._over = threading.Event()
        more = headers or {}
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            disable_nagle_algorithm = True

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                status = receiver._take(Posted(self.path, dict(self.headers), body))
                if status == 0:
                    receiver._over.wait()
                    self.close_connection = True
                    return
                self.send_response(status)
                for name, value in more.items():
                    self.send_header(name, value)
                if status != 204:
                    self.send_header("Content-Length", "2")
                self.end_headers()
                self.wfile.write(b"" if status == 204 else b"ok")

            def log_message(self, *_: Any) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,))

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_port}"

    @property
    def targets(self) -> list[str]:
        return [one.target for one in self.posted]

    def until(self, count: int, below: str = "/") -> bool:
        """Wait until so many were posted below a path."""
        with self._came:
            return self._came.wait_for(
                lambda: sum(one.target.startswith(below) for one in self.posted) >= count, 30
            )

    def _take(self, one: Posted) -> int:
        with self._came:
            self.posted.append(one)
            self._came.notify_all()
            return self._answers.popleft() if self._answers else 200

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._over.set()
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()
