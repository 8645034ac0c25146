"""A database that a test takes away and gives back: SQLite held by another writer, PostgreSQL behind a gate."""

import contextlib
import socket
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Protocol

from listening import Station
from mhc.capture.health import read_beats
from mhc.store import inventory
from mhc.store.database import Database

_MERGE_GAP = timedelta(minutes=30)


class Outage(Protocol):
    """What takes the database `db` away from whoever uses it by that object."""

    db: Database

    def begin(self) -> None: ...

    def end(self) -> None: ...


class Busy:
    """Another writer holds a SQLite file."""

    def __init__(self, path: Path) -> None:
        self.db = Database(f"sqlite:///{path}", busy_ms=1)
        self._writer = sqlite3.connect(path, isolation_level=None)

    def begin(self) -> None:
        self._writer.execute("BEGIN IMMEDIATE")

    def end(self) -> None:
        self._writer.execute("ROLLBACK")

    def close(self) -> None:
        self._writer.close()
        self.db.close()


class Gate:
    """A way to a PostgreSQL server that can be shut; `lose_commits` shuts it when a COMMIT was passed on."""

    def __init__(self, server: Database) -> None:
        self._to = server.url
        self.lose_commits = 0
        self._committing = False
        self._shut = threading.Event()
        self._pairs: list[socket.socket] = []
        self._threads: list[threading.Thread] = []
        self._listener = socket.create_server(("127.0.0.1", 0))
        port = self._listener.getsockname()[1]
        url = self._to.set(host="127.0.0.1", port=port, query={"gssencmode": "disable", "sslmode": "disable"})
        self.db = Database(url.render_as_string(hide_password=False))
        self._start(self._accept)

    def begin(self) -> None:
        self._shut.set()
        self._cut()

    def end(self) -> None:
        self._shut.clear()

    def close(self) -> None:
        self.db.close()
        self.begin()
        self._listener.shutdown(socket.SHUT_RDWR)
        for thread in self._threads:
            thread.join()
        self._listener.close()

    def _start(self, target: object, *given: object) -> None:
        thread = threading.Thread(target=target, args=given)  # type: ignore[arg-type]
        self._threads.append(thread)
        thread.start()

    def _cut(self) -> None:
        for one in self._pairs:
            with contextlib.suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            if self._shut.is_set():
                client.close()
                continue
            server = self._connect()
            self._pairs += [client, server]
            self._start(self._pump, client, server)
            self._start(self._pump, server, client)

    def _connect(self) -> socket.socket:
        folder = self._to.query.get("host")
        if isinstance(folder, str):
            made = socket.socket(socket.AF_UNIX)
            made.connect(f"{folder}/.s.PGSQL.{self._to.port or 5432}")
            return made
        return socket.create_connection((self._to.host or "127.0.0.1", self._to.port or 5432))

    def _pump(self, source: socket.socket, sink: socket.socket) -> None:
        with source:
            try:
                while data := source.recv(65_536):
                    if self._committing:  # it is done, and this would be the answer
                        self._committing = False
                        self.begin()
                        break
                    if self.lose_commits and b"COMMIT" in data:
                        self.lose_commits -= 1
                        self._committing = True
                    sink.sendall(data)
            except OSError:
                pass
            with contextlib.suppress(OSError):
                sink.shutdown(socket.SHUT_RDWR)


@contextmanager
def able_to_go_away(database: Database) -> Iterator[Busy | Gate]:
    """Give what takes a database away."""
    made = Busy(database.path) if database.path is not None else Gate(database)
    with closing(made):
        yield made


def spool_of(station: Station) -> Path:
    (path,) = (station.folder / "spool").glob("*")
    return path


def another(station: Station) -> Station:
    """Give the process that comes after the station's was killed."""
    station.lock.release()
    station.listener._keeper.close()
    made = Station(station.db, station.feed, station.folder)
    made.let_waits_pass()
    return made


def back(station: Station, outage: Busy | Gate) -> None:
    """Give the database back, and let its next try come due."""
    outage.end()
    station.clock.seconds += 31


def state(station: Station) -> tuple[str, int]:
    (beat,) = read_beats(station.folder)
    return beat.state, beat.spooled


def assert_sound(database: Database) -> None:
    assert inventory.problems(database, _MERGE_GAP) == []
