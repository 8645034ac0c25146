"""Who plays in the state machine: a clock, a feed, a way to the database that fails, and a process that may be killed."""

import json
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from datetime import datetime
from functools import cache, partial
from pathlib import Path
from random import Random
from typing import TypeVar
from urllib.parse import parse_qs

from sqlalchemy import Connection

from faults.numbered import ROOM, body_of, id_of, number_of
from listening import Passing, at
from mhc.capture import left
from mhc.capture.backoff import Backoff
from mhc.capture.entry import Entry
from mhc.capture.health import Health
from mhc.capture.listener import Listener
from mhc.capture.lock import StreamLock
from mhc.capture.options import Options
from mhc.capture.spool import Spool
from mhc.clients.events import EventsClient
from mhc.clients.http import Answer, NetworkError
from mhc.errors import MhcError
from mhc.store.bulk import Batch
from mhc.store.database import Database
from mhc.store.failures import DatabaseDownError

T = TypeVar("T")

BASE = "http://127.0.0.1:9"
PAGE, LATEST = 5, 8  # events of a page; those that the feed gives to who has no place in it
MODES = ("page", "page", "page", "page", "repeat", "overlap", "shuffle", "waited", "no next", "broken", "500", "html", "stale", "start over")  # fmt: skip
_JSON, _HTML = {"content-type": "application/json"}, {"content-type": "text/html"}
body = cache(body_of)


class Killed(BaseException):
    """The process is dead from here on: nothing of it runs any more."""


class Clock:
    """Time that a test moves; the clock on the wall may be set."""

    def __init__(self) -> None:
        self.seconds = 1000.0
        self.set_by = 0.0

    def now(self) -> datetime:
        return at(self.seconds + self.set_by)

    def monotonic(self) -> float:
        return self.seconds


def number_in(cursor: str | None) -> int:
    """Give the number of the event that a cursor stands behind; 0 for none."""
    return (number_of(parse_qs(cursor)["i"][0]) or 0) if cursor else 0


class Feed:
    """Numbered events; knows which it gave out, and which it never gave to who asked for them."""

    def __init__(self, clock: Clock) -> None:
        self.clock = clock
        self.happened: list[datetime] = []
        self.dropped = 0
        self.served: set[int] = set()
        self.skipped: set[int] = set()
        self.before_first: set[int] = set()  # what was no longer there at the first contact is nobody's loss
        self.is_new = True  # who asks was never answered before
        self.mode = "page"
        self.chance = Random(1)

    @property
    def published(self) -> int:
        return len(self.happened)

    def happen(self, count: int) -> None:
        self.happened += [self.clock.now()] * count

    def answer(self, cursor: str | None) -> Answer:
        """Answer a poll in the mode that is due."""
        mode, self.mode = self.mode, "page"
        asked = number_in(cursor)
        if mode == "broken":
            raise NetworkError("the connection broke")
        if mode == "500":
            return Answer(500, {}, b"", 0.01)
        if mode == "html":
            return Answer(200, _HTML, b"<html>maintenance</html>", 0.01)
        if cursor is not None and (mode == "stale" or asked < self.dropped):
            return Answer(400, _JSON, b'{"status":"the place is not known"}', 0.01)
        here = cursor or f"i={id_of(0)}&timeout=10"
        if mode == "start over" and cursor is not None:
            return _said(400, [], here, status="waited too long, please start over")
        if mode == "waited":
            return _said(400, [], here, status="waited too long for events")
        return self._page(mode, cursor, asked, here)

    def _page(self, mode: str, cursor: str | None, asked: int, here: str) -> Answer:
        if cursor is None:
            asked = max(self.dropped, self.published - LATEST)
        numbers = list(range(asked + 1, min(asked + PAGE, self.published) + 1))
        if mode == "repeat" and cursor is not None:
            numbers = list(range(max(1, asked - PAGE + 1), asked + 1))
        last = max(numbers, default=0)
        to: str | None = f"i={id_of(last)}&timeout=10" if last else here
        if mode == "overlap" and cursor is not None:
            numbers = list(range(max(1, asked - 2), asked + 1)) + numbers
        if mode == "shuffle":
            self.chance.shuffle(numbers)
        if mode == "no next":
            to = None
        self.served.update(numbers)
        if cursor is None and numbers:
            missed = range(1, min(numbers))
            self.skipped.update(missed)
            if self.is_new:
                self.before_first.update(missed)
        return _said(200, numbers, to)


def _said(code: int, numbers: list[int], to: str | None, *, status: str = "") -> Answer:
    url = None if to is None else f"{BASE}/events/{ROOM}/TOKEN/?{to}"
    head = b'{"events":[' + b",".join(map(body, numbers)) + b'],"nextUrl":' + json.dumps(url).encode()
    return Answer(code, _JSON, head + b',"status":' + json.dumps(status).encode() + b"}", 0.01)


class Store(Database):
    """The door to a database, which is away, or fails once at a place of a transaction to come."""

    def __init__(self, path: Path) -> None:
        super().__init__(f"sqlite:///{path}")
        self.away = False
        self.fault = ""  # `before`, `in` or `after` the transaction; with `kill ` the process dies there
        self.spare = 0  # transactions that go well before that

    @contextmanager
    def read(self) -> Iterator[Connection]:
        if self.away:
            raise DatabaseDownError("the database is away")
        with super().read() as conn:
            yield conn

    @contextmanager
    def write(self) -> Iterator[Connection]:
        with self._perhaps(super().write()) as conn:
            yield conn

    @contextmanager
    def write_batch(self) -> Iterator[Batch]:
        with self._perhaps(super().write_batch()) as batch:
            yield batch

    @contextmanager
    def _perhaps(self, transaction: AbstractContextManager[T]) -> Iterator[T]:
        """Have a transaction, unless the database is away or a fault is due."""
        if self.away:
            raise DatabaseDownError("the database is away")
        where = self._due()
        self._fail(where, "before")
        with transaction as given:
            yield given
            self._fail(where, "in")
        self._fail(where, "after")

    def forget_connections(self) -> None:
        """Be as new, but for what is known of statements."""
        self.away, self.fault = False, ""
        if self._engine is not None:
            self._writers.forget()
            self._engine.dispose()

    def _due(self) -> str:
        if self.fault and self.spare > 0:
            self.spare -= 1
            return ""
        where, self.fault = self.fault, ""
        return where

    @staticmethod
    def _fail(where: str, here: str) -> None:
        if where == f"kill {here}":
            raise Killed
        if where == here:
            raise DatabaseDownError(f"the connection broke {here} a transaction")


class Process:
    """One machine's listener: alive or not, with the state directory that outlives it."""

    def __init__(self, folder: Path, store: Store, feed: Feed, spool_max: int) -> None:
        self.folder, self.store, self.feed, self.spool_max = folder, store, feed, spool_max
        self.asks: Callable[[str | None], None] = lambda _cursor: (
            None
        )  # hears of each request before it goes out
        self.listener: Listener | None = None

    def start(self) -> None:
        """Start a new process where the former is dead; it dies at once where another has the stream."""
        if self.listener is not None:
            return
        clock = self.feed.clock
        options = Options(
            now=clock.now, monotonic=clock.monotonic, spool_max=self.spool_max, backoff=Backoff(Random(1))
        )
        health = Health(self.folder, clock.now)
        self.listener = Listener(self.store, _Client(self), health, partial(StreamLock, self.folder), options)
        self.listener._wake = Passing(clock)  # type: ignore[arg-type]
        self._alive_unless(self._begin)

    def _begin(self) -> bool:
        assert self.listener is not None
        begun = self.listener._try_to_begin()
        return begun or self._stop()

    def step(self) -> bool:
        """Poll once and wait as the loop does; give whether there may be more."""
        return self._alive_unless(self._step)

    def _step(self) -> bool:
        if self.listener is None:
            return False
        more, wait = self.listener.step()
        self.listener._wait(wait)
        return more

    def stop(self) -> None:
        """End in order."""
        self._alive_unless(self._stop)

    def _stop(self) -> bool:
        if self.listener is not None:
            self.listener._release()
            self.listener = None
        return False

    def _alive_unless(self, do: Callable[[], bool]) -> bool:
        """Do something with the process, which may die of it, or end with an error as a command does."""
        try:
            return do()
        except Killed:
            self.kill()
        except MhcError:
            self.stop()
        return False

    def kill(self) -> None:
        """Die: the kernel frees what was open, and nothing else happens."""
        if self.listener is not None:
            self.listener._keeper.close()
            self.listener._hold.unlock()
            self.listener = None

    @property
    def entries(self) -> list[Entry]:
        """Give the pages in this machine's spools, as they lie on its disk."""
        paths = sorted(left.folder(self.folder).glob("*.jsonl"))
        return [entry for path in paths for entry in Spool(path, 1).entries() if entry is not None]

    def tear(self) -> None:
        """Leave half of a line at the end of a dead process's spool, as who dies while it writes."""
        for path in left.folder(self.folder).glob("*.jsonl"):
            last = path.read_bytes().splitlines(keepends=True)[-1]
            if last.endswith(b"\n"):
                with path.open("ab") as file:
                    file.write(last[: len(last) // 2])


class _Client(EventsClient):
    """The events client without its connection."""

    def __init__(self, process: Process) -> None:
        super().__init__(BASE, ROOM, "TOKEN")
        self._process = process

    def poll(self, cursor: str | None) -> Answer:
        self._process.asks(cursor)
        return self._process.feed.answer(cursor)
