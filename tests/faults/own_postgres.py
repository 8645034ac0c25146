"""A PostgreSQL server of one test's own, which it may stop, start and restart; and a proxy before it."""

import os
import pwd
import re
import socket
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Literal

import pytest
from sqlalchemy import URL

import postgres
from mhc.store.database import Database

Manner = Literal["fast", "immediate", "smart"]


class OwnPostgres:
    """A server with one database, migrated, in which a commit is durable."""

    def __init__(self, binaries: Path, url: URL) -> None:
        self._binaries = binaries
        self.folder = Path(str(url.query["host"]))
        self.server = postgres.Server(url)
        self.url = self.server.migrated()
        self.server._execute(f"ALTER DATABASE {self.url.database} SET synchronous_commit = on")

    @property
    def database_url(self) -> str:
        """The database as DATABASE_URL has it."""
        return self.url.render_as_string(hide_password=False)

    def open(self) -> Database:
        """Give the database."""
        return Database(self.database_url)

    def restart(self, manner: Manner = "fast") -> None:
        """Stop and start the server; whoever is connected loses the connection."""
        self._control("restart", "-m", manner, "-l", str(self.folder / "log"))

    def stop(self, manner: Manner = "fast") -> None:
        """Stop the server."""
        self._control("stop", "-m", manner)

    def start(self) -> None:
        """Start the server."""
        self._control("start", "-l", str(self.folder / "log"))

    def _control(self, *words: str) -> None:
        owner = pwd.getpwuid((self.folder / "data").stat().st_uid)
        as_owner = {} if os.geteuid() else {"user": owner.pw_uid, "group": owner.pw_gid, "extra_groups": []}
        subprocess.run(
            [str(self._binaries / "pg_ctl"), "-D", str(self.folder / "data"), "-w", "-s", *words],
            check=True, cwd="/", stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, **as_owner,
        )  # type: ignore[call-overload]  # fmt: skip


@contextmanager
def running() -> Iterator[OwnPostgres]:
    """Run a server for a test."""
    binaries = postgres.find_binaries()
    if binaries is None:
        pytest.skip(postgres.MISSING)
    with postgres.running(binaries) as url:
        yield OwnPostgres(binaries, url)


class Proxy:
    """Stands on loopback before a server's socket, and cuts connections when `cuts` COMMITs have passed it."""

    def __init__(self, behind: Path, cuts: set[int]) -> None:
        self.commits = 0
        self.cut = 0
        self._behind, self._cuts = behind, cuts
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._threads: list[threading.Thread] = []
        self._open: list[socket.socket] = []
        self._start(self._accept)

    @property
    def port(self) -> int:
        """The port to connect to."""
        port: int = self._listener.getsockname()[1]
        return port

    def stop(self) -> None:
        """End every connection."""
        for one in (self._listener, *self._open):
            _shut(one)
        for thread in self._threads:
            thread.join()
        for one in (self._listener, *self._open):
            one.close()

    def _start(self, target: object, *args: object) -> None:
        thread = threading.Thread(target=target, args=args)  # type: ignore[arg-type]
        self._threads.append(thread)
        thread.start()

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            server = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
            server.connect(str(self._behind))
            self._open += [client, server]
            deaf = threading.Event()  # the answer to what passed last is lost
            self._start(self._pass_on, client, server, deaf)
            self._start(self._answer, server, client, deaf)

    def _pass_on(self, client: socket.socket, server: socket.socket, deaf: threading.Event) -> None:
        while data := _received(client):
            if re.search(rb"Q....COMMIT\0", data, re.DOTALL) or b"\0COMMIT\0" in data:
                self.commits += 1
                if self.commits in self._cuts:
                    self.cut += 1
                    deaf.set()
            server.sendall(data)
        _shut(server)

    def _answer(self, server: socket.socket, client: socket.socket, deaf: threading.Event) -> None:
        while data := _received(server):
            if deaf.is_set():
                break
            client.sendall(data)
        _shut(client)


def _received(one: socket.socket) -> bytes:
    try:
        return one.recv(65536)
    except OSError:
        return b""


def _shut(one: socket.socket) -> None:
    try:
        one.shutdown(socket.SHUT_RDWR)
    except OSError:
        return
