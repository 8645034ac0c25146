"""The sandbox as a server on loopback: sockets, threads and their end."""

import socket
import struct
import sys
import threading
import time
from collections.abc import Callable, Iterable
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, Literal, Self
from urllib.parse import quote

from mhc.sandbox import reply
from mhc.sandbox.api import EventsApi, Given, Served
from mhc.sandbox.faults import Fault, Script, read_faults
from mhc.sandbox.feed import Feed, Pace
from mhc.sandbox.people import dice
from mhc.sandbox.reply import Reply
from mhc.sandbox.show import EPOCH, LENGTH, MILLISECOND, ROOM, Show, with_ids

TOKEN = "SANDBOX0EVENTS0TOKEN0FAKE"  # noqa: S105 - opens nothing but the sandbox
# How long stop() waits for threads that are still writing to a client.
PATIENCE = 5.0
# With this, closing a connection sends RST.
NO_LINGER = struct.pack("ii", 1, 0)


class _Server(ThreadingHTTPServer):
    """A server that knows its open connections, so that it can end them."""

    daemon_threads = True
    request_queue_size = 64
    api: EventsApi

    def __init__(self, port: int) -> None:
        super().__init__(("127.0.0.1", port), _Handler)
        self.stopping = threading.Event()
        self._open: set[socket.socket] = set()
        self._changed = threading.Condition()

    def process_request(self, request: Any, client_address: Any) -> None:
        with self._changed:
            self._open.add(request)
        super().process_request(request, client_address)

    def process_request_thread(self, request: Any, client_address: Any) -> None:
        try:
            super().process_request_thread(request, client_address)
        finally:
            with self._changed:
                self._open.discard(request)
                self._changed.notify_all()

    def handle_error(self, request: Any, client_address: Any) -> None:
        # A client that goes away is no error of ours; anything else is, and is shown.
        if not isinstance(sys.exception(), OSError):
            super().handle_error(request, client_address)

    def end_connections(self) -> None:
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
    server: _Server

    def do_GET(self) -> None:
        self._send(self.server.api.answer(self.path))

    def _refuse(self) -> None:
        # What is left unread would turn the end of the connection into a reset.
        length = self.headers.get("Content-Length", "")
        self.rfile.read(min(int(length), 65_536) if length.isdecimal() else 0)
        self._send(reply.NOT_ALLOWED)

    do_HEAD = do_POST = do_PUT = do_PATCH = do_DELETE = do_OPTIONS = _refuse  # noqa: N815

    def log_message(self, *_: Any) -> None:
        """Say nothing: the path holds the token."""

    def _send(self, answer: Reply) -> None:
        if answer.manner == "hold":
            self.server.api.hold()
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


class Sandbox:
    """A room of the Events API on 127.0.0.1 with a made-up show, for tests, demonstrations and measurements.

    `speed` is show seconds a second; 0 makes every event available at once. Without `start`, a show at speed 1
    or slower starts now; otherwise it starts as long ago as it lasts, and no event ever has a future time.
    With `start`, show time is exactly what it says, future or not. `retention` is how many past events may
    still be asked for; None keeps all of them in memory. A `clock` of your own governs show and waiting
    polls alike: call `wake()` after moving it. `pages` are served in order instead of a show, with `{base}`
    replaced by the base URL. `journal=True` keeps what was served.
    """

    def __init__(
        self,
        *,
        port: int = 0,
        room: str = ROOM,
        token: str = TOKEN,
        seed: int = 1,
        speed: float = 1.0,
        start: datetime | None = None,
        length: timedelta = LENGTH,
        events: int | None = None,
        page_size: int = 100,
        retention: int | None = None,
        clock: Callable[[], float] = time.monotonic,
        empty: Literal["200", "400"] = "200",
        faults: str | Iterable[Fault | str] = (),
        misbehave: float = 0.0,
        pages: Iterable[bytes | Given] | None = None,
        journal: bool = False,
    ) -> None:
        if speed < 0 or page_size < 1 or (retention is not None and retention < 1):
            raise ValueError("speed is 0 or more, page_size and retention 1 or more")
        self.room = room
        self.token = token
        self.journal: list[Served] = []
        self._keeps_journal = journal
        self._port = port
        self._show = Show(room=room, seed=seed, length=length, events=events if pages is None else 0)
        self._pages = None if pages is None else list(pages)
        self._begin, self._speed, self._clock = start, speed, clock
        self._page_size, self._retention, self._empty = page_size, retention, empty
        self._script = Script(read_faults(faults), misbehave, dice(seed, "misbehave"))
        self._seed = seed
        self._feed: Feed | None = None
        self._server: _Server | None = None
        self._thread: threading.Thread | None = None

    @property
    def url(self) -> str:
        """Give scheme, host and port; only after the start when the port was left open."""
        return f"http://127.0.0.1:{self._port}"

    @property
    def base_url(self) -> str:
        """Give the URL that a broadcaster would copy from the token page."""
        return f"{self.url}/events/{quote(self.room, safe='')}/{quote(self.token, safe='')}/"

    def start(self) -> Self:
        """Serve in a thread until `stop()`; show time begins here."""
        if self._server is not None:
            raise RuntimeError("a sandbox plays once; make another one")
        begin, pace = self._times()
        self._server = _Server(self._port)
        self._port = self._server.server_port
        self._feed = Feed(with_ids(self._show, begin), pace, self._retention)
        self._server.api = EventsApi(
            self._feed,
            base=self.base_url,
            room=self.room,
            token=self.token,
            page_size=self._page_size,
            empty=self._empty,
            script=self._script,
            pages=self._pages,
            rng=dice(self._seed, "shuffle"),
            journal=self.journal if self._keeps_journal else None,
        )
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True)
        self._thread.start()
        return self

    def stop(self) -> None:
        """End waiting polls without an answer, close every connection, and give the port back."""
        if self._server is None or self._feed is None or self._thread is None or self._feed.closed:
            return
        self._feed.close()
        self._server.stopping.set()
        self._server.shutdown()
        self._server.server_close()
        self._server.end_connections()
        self._thread.join()

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def wake(self) -> None:
        """Let waiting polls look at the clock again, after it was moved by hand."""
        if self._feed is not None:
            self._feed.wake()

    def until_held(self, count: int = 1, timeout: float = 10.0) -> bool:
        """Wait until so many polls are waiting for events; False if that takes longer than `timeout` seconds."""
        return self._feed is not None and self._feed.until_held(count, timeout)

    def served_ids(self) -> list[str]:
        """Give every event id of the journal once, in the order of first delivery."""
        return list(dict.fromkeys(event_id for served in list(self.journal) for event_id in served.ids))

    def _times(self) -> tuple[datetime, Pace]:
        """Give when the show begins and how its time runs."""
        now = datetime.now(UTC)
        begin, wall_ms = self._begin, None
        if begin is None:
            wall_ms = (now - EPOCH) // MILLISECOND
            begin = now if 0 < self._speed <= 1 else now - self._duration()
        start_ms = (begin - EPOCH) // MILLISECOND
        return begin, Pace(self._clock, self._clock(), start_ms, self._speed, wall_ms)

    def _duration(self) -> timedelta:
        return self._show.length if self._show.events is None else self._show.last_offset()
