"""A listener whose clock a test moves, and a room's feed on loopback that says what the test gives it."""

import json
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from random import Random
from threading import Event, Thread
from typing import Any
from urllib.parse import quote

from mhc.capture.backoff import Backoff
from mhc.capture.health import Health
from mhc.capture.listener import Listener, Options
from mhc.capture.lock import StreamLock
from mhc.clients.events import EventsClient
from mhc.store import coverage, history, streams
from mhc.store.database import Database
from mhc.store.events import StoredEvent
from mhc.store.history import Filter
from mhc.store.streams import Stream

ROOM, TOKEN = "example_room", "FAKE0EVENTS0TOKEN0NOTREAL"
T0 = datetime(2026, 1, 1, tzinfo=UTC)
T0_MS = 1767225600000
HTML = {"Content-Type": "text/html"}
JSON = {"Content-Type": "application/json"}
_SAME = object()


def at(seconds: float) -> datetime:
    """Give the time so many seconds after the test's beginning."""
    return T0 + timedelta(seconds=seconds)


class Clock:
    """Time that stands still until a test moves it."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def now(self) -> datetime:
        return at(self.seconds)

    def monotonic(self) -> float:
        return self.seconds


class Passing(Event):
    """What a listener waits on, where waiting costs only the test's time."""

    def __init__(self, clock: Clock) -> None:
        super().__init__()
        self.clock = clock

    def wait(self, timeout: float | None = None) -> bool:
        if not self.is_set():
            self.clock.seconds += timeout or 0
        return self.is_set()


@dataclass(frozen=True)
class Said:
    """One answer of the feed; `{base}` in it stands for the URL that was asked, without its query."""

    status: int = 200
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=lambda: JSON)
    takes: float = 1.0  # seconds of the test's clock


BROKEN = Said(0)  # the connection ends without an answer


def page(
    *elements: object, to: str | None = None, next_url: object = _SAME, status: int = 200, takes: float = 1.0
) -> Said:
    """Give a page of events, values or JSON as bytes, that leads to the cursor `to`, or has any `next_url`."""
    parts = [one if isinstance(one, bytes) else json.dumps(one).encode() for one in elements]
    url = f"{{base}}?{to}" if next_url is _SAME else next_url
    body = b'{"events":[' + b",".join(parts) + b'],"nextUrl":' + json.dumps(url).encode() + b"}"
    return Said(status, body, takes=takes)


def event(
    seconds: float, method: str = "follow", who: str = "viewer_one", *, seq: int = 0, **payload: Any
) -> dict[str, Any]:
    """Give an event that happened so many seconds after the test's beginning."""
    body = {"broadcaster": ROOM, "user": {"username": who}, **payload}
    return {"method": method, "object": body, "id": f"{T0_MS + round(seconds * 1000)}-{seq}"}


def tip(seconds: float, tokens: object = 25, *, seq: int = 0) -> dict[str, Any]:
    """Give a tip that came so many seconds after the test's beginning."""
    return event(seconds, "tip", seq=seq, tip={"tokens": tokens, "isAnon": False, "message": ""})


class Feed:
    """Answers what it was given, in turn; keeps what was asked, and when."""

    def __init__(self, clock: Clock) -> None:
        self.clock = clock
        self.asked: list[str] = []
        self.asked_at: list[float] = []
        self.answers: deque[Said] = deque()
        feed = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            disable_nagle_algorithm = True

            def do_GET(self) -> None:
                said = feed._answer(self.path)
                if said is BROKEN:
                    self.close_connection = True
                    return
                base = f"{feed.url}{self.path.partition('?')[0]}".encode()
                body = said.body.replace(b"{base}", base)
                self.send_response(said.status)
                for name, value in {**said.headers, "Content-Length": str(len(body))}.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: Any) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = False
        self._thread = Thread(target=self._server.serve_forever, args=(0.01,))

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_port}"

    @property
    def cursors(self) -> list[str]:
        """Give the query of each request."""
        return [target.partition("?")[2] for target in self.asked]

    def _answer(self, target: str) -> Said:
        self.asked.append(target)
        self.asked_at.append(self.clock.seconds)
        said = self.answers.popleft()
        self.clock.seconds += said.takes
        return said

    @contextmanager
    def running(self) -> Iterator["Feed"]:
        self._thread.start()
        try:
            yield self
        finally:
            self._server.shutdown()
            self._thread.join()
            self._server.server_close()


class Station:
    """A listener, its feed, its clock, and what it stored."""

    def __init__(self, db: Database, feed: Feed, folder: Path, **options: Any) -> None:
        self.db, self.feed, self.clock, self.folder = db, feed, feed.clock, folder
        self.client = EventsClient(feed.url, ROOM, TOKEN)
        given: dict[str, Any] = {"now": self.clock.now, "monotonic": self.clock.monotonic}
        self.options = Options(**given, **{"backoff": Backoff(Random(1)), **options})
        self.lock = StreamLock(folder, "stream")
        self._locks: dict[str, StreamLock] = {}
        self.listener = Listener(db, self.client, Health(folder, self.clock.now), self._lock_of, self.options)

    def _lock_of(self, name: str) -> StreamLock:
        """Give a stream's lock: `lock` for the first one, which is the only one but where databases are replaced."""
        if not self._locks:
            self._locks[name] = self.lock
        return self._locks.setdefault(name, StreamLock(self.folder, name))

    def step(self, said: Said) -> tuple[bool, float]:
        """Let the feed answer this to one poll; give what the listener makes of it."""
        self.feed.answers.append(said)
        return self.listener.step()

    def steps(self, *answers: Said) -> list[float]:
        """Let one poll after the other be answered; give the waits, and let them pass."""
        waits = []
        for said in answers:
            waits.append(self.step(said)[1])
            self.clock.seconds += waits[-1]
        return waits

    def let_waits_pass(self) -> None:
        """Let the listener's own waits pass on the test's clock, at once."""
        self.listener._wake = Passing(self.clock)

    def close(self) -> None:
        self.client.close()
        self.lock.release()

    @property
    def stream(self) -> Stream:
        with self.db.read() as conn:
            return streams.list_all(conn)[0]

    @property
    def events(self) -> list[StoredEvent]:
        """Give what is stored, in order."""
        return list(history.read(self.db, Filter(reveal=True), newest_first=False))

    @property
    def gaps(self) -> list[tuple[datetime | None, datetime, str, str]]:
        """Give the gaps, but the one of the first start, in order."""
        with self.db.read() as conn:
            found = [(g.from_at, g.to_at, g.cause, g.certainty) for g in coverage.gaps(conn)]
        return [gap for gap in reversed(found) if gap[2] != "first start"]

    @property
    def covered(self) -> list[tuple[datetime, datetime]]:
        with self.db.read() as conn:
            return [(c.from_at, c.to_at) for c in reversed(coverage.covered(conn))]

    @property
    def rejected(self) -> list[tuple[bytes, str, int]]:
        with self.db.read() as conn:
            return [(r.body, r.reason, r.count) for r in coverage.rejected(conn)]

    def run(self, sql: Callable[[Any], object]) -> Any:
        """Change the database as somebody else would."""
        with self.db.write() as conn:
            return sql(conn)


@contextmanager
def listening(db: Database, folder: Path, **options: Any) -> Iterator[Station]:
    """Give a station that holds the lease."""
    with Feed(Clock()).running() as feed:
        station = Station(db, feed, folder, **options)
        try:
            station.listener.acquire()
            yield station
        finally:
            station.close()


def ids(found: Sequence[StoredEvent]) -> list[str]:
    """Give the ids of events."""
    return [one.event_id for one in found]


def target(cursor: str, token: str = TOKEN) -> str:
    """Give what is asked of the server for a cursor."""
    return f"/events/{ROOM}/{quote(token, safe='')}/?{cursor}"
