"""Starts the command from a process that has imported it already: a fork takes a tenth of a start.

The command has a process, streams and an end of its own all the same. What a start itself does is not repeated: who
tests that, or sets how Python starts, runs the installed program.
"""

import atexit
import gc
import importlib
import json
import os
import pkgutil
import selectors
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Mapping, Sequence
from contextlib import ExitStack, suppress
from io import TextIOWrapper
from pathlib import Path
from typing import Any, TextIO

_DIALECTS = ("sqlalchemy.dialects.sqlite", "sqlalchemy.dialects.postgresql", "psycopg")
_UNBUFFERED = "PYTHONUNBUFFERED"
_LOCALE = "C.UTF-8"  # of every call: read when Python starts


def suits(environ: Mapping[str, str]) -> bool:
    """Say whether a fork would be as a start in this environment is."""
    others = [name for name in environ if name.startswith(("PYTHON", "LD_")) and name != _UNBUFFERED]
    return environ.get("LC_ALL") == _LOCALE and not others


class Warm:
    """The process that forks; it ends with this one, however that ends."""

    def __init__(self) -> None:
        self._folder = Path(tempfile.mkdtemp(dir="/tmp", prefix="mhc-"))
        self._address = str(self._folder / "socket")
        self.process = subprocess.Popen(
            [sys.executable, __file__, self._address], cwd="/", start_new_session=True, stdin=subprocess.PIPE,
            stdout=subprocess.PIPE, env={"PATH": os.environ.get("PATH", os.defpath), "LC_ALL": _LOCALE, "TZ": "UTC"},
        )  # fmt: skip
        assert self.process.stdout is not None
        if self.process.stdout.readline() != b"ready\n":
            raise RuntimeError("the process that forks did not start")

    def run(
        self, call: Sequence[str], environ: Mapping[str, str], folder: Path, streams: Sequence[int], patience: float,
        *, session: bool = False,
    ) -> int:  # fmt: skip
        """Run a command with these three descriptors as its streams; give its status, or minus a signal."""
        asked = {"call": list(call), "environ": dict(environ), "folder": str(folder), "session": session}
        with socket.socket(socket.AF_UNIX) as connection:
            connection.settimeout(patience)
            connection.connect(self._address)
            socket.send_fds(connection, [b"."], streams)
            connection.sendall(json.dumps(asked).encode())
            connection.shutdown(socket.SHUT_WR)
            with connection.makefile("r") as answers:
                number = int(answers.readline())
                try:
                    return int(answers.readline())
                except TimeoutError:
                    os.kill(number, signal.SIGKILL)
                    raise subprocess.TimeoutExpired(list(call), patience) from None

    def close(self) -> None:
        with self.process:
            assert self.process.stdin is not None
            self.process.stdin.close()
        shutil.rmtree(self._folder)


_kept: list[Warm] = []


def process() -> Warm:
    """Give the one of this process, started when first asked for."""
    if not _kept:
        _kept.append(Warm())
    return _kept[0]


def close() -> None:
    """End it."""
    while _kept:
        _kept.pop().close()


def _serve(address: str) -> dict[str, Any] | None:
    """Fork for each call, until stdin ends; give a call to the process that is to run it."""
    children: dict[int, socket.socket] = {}
    with ExitStack() as stack:
        listener = stack.enter_context(socket.socket(socket.AF_UNIX))
        listener.bind(address)
        listener.listen()
        ours, theirs = (stack.enter_context(one) for one in socket.socketpair())
        theirs.setblocking(False)
        signal.signal(signal.SIGCHLD, lambda *_: None)
        signal.set_wakeup_fd(theirs.fileno(), warn_on_full_buffer=False)
        looking = stack.enter_context(selectors.DefaultSelector())
        for one in (0, listener, ours):
            looking.register(one, selectors.EVENT_READ)
        print("ready", flush=True)
        while True:
            ready = {key.fileobj for key, _ in looking.select()}
            if ours in ready:
                ours.recv(4096)
                _report(children)
            if listener in ready:
                connection, _ = listener.accept()
                asked = _read(connection)
                number = os.fork()
                if number == 0:
                    signal.set_wakeup_fd(-1)
                    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
                    for one in (connection, *children.values()):
                        one.close()
                    return asked
                for one in asked["streams"]:
                    os.close(one)
                connection.sendall(f"{number}\n".encode())
                children[number] = connection
            if 0 in ready:
                return None


def _read(connection: socket.socket) -> dict[str, Any]:
    _, streams, _, _ = socket.recv_fds(connection, 1, 3)
    with connection.makefile("rb") as file:
        asked: dict[str, Any] = json.loads(file.read())
    return asked | {"streams": streams}


def _report(children: dict[int, socket.socket]) -> None:
    """Say how those ended that did."""
    while children:
        number, status = os.waitpid(-1, os.WNOHANG)
        if number == 0:
            return
        with children.pop(number) as connection, suppress(OSError):  # who asked has no more patience
            connection.sendall(f"{os.waitstatus_to_exitcode(status)}\n".encode())


def _become(asked: dict[str, Any]) -> None:
    """Make of this process what a start of the command would be."""
    if asked["session"]:
        os.setsid()
    for place, descriptor in enumerate(asked["streams"]):
        os.dup2(descriptor, place)
        os.close(descriptor)
    os.chdir(asked["folder"])
    os.environ.clear()
    os.environ.update(asked["environ"])
    time.tzset()
    sys.argv = asked["call"]
    sys.path[0] = str(Path(sys.argv[0]).parent)
    sys.stdin = sys.__stdin__ = _stream(0, "rb", sys.stdin)  # type: ignore[misc]
    sys.stdout = sys.__stdout__ = _stream(1, "wb", sys.stdout)  # type: ignore[misc]
    sys.stderr = sys.__stderr__ = _stream(2, "wb", sys.stderr)  # type: ignore[misc]


def _stream(descriptor: int, mode: str, before: TextIO) -> TextIOWrapper:
    """Open a stream as Python does when it starts."""
    direct = mode == "wb" and bool(os.environ.get(_UNBUFFERED))
    binary: Any = os.fdopen(descriptor, mode, 0 if direct else -1, closefd=False)
    lines = not direct and (binary.isatty() or descriptor == 2)
    newline = None if mode == "rb" else "\n"
    kept = {"encoding": before.encoding, "errors": before.errors, "newline": newline}
    return TextIOWrapper(binary, **kept, line_buffering=lines, write_through=direct)


def _end(status: Any) -> None:
    """End as Python does, but for taking apart what was imported: that takes longer than most commands."""
    threading._shutdown()  # type: ignore[attr-defined]
    atexit._run_exitfuncs()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(status)


def _import_all() -> None:
    import mhc

    for found in pkgutil.walk_packages(mhc.__path__, "mhc."):
        if not found.name.endswith("__main__") and ".sandbox" not in found.name:
            importlib.import_module(found.name)
    for name in _DIALECTS:
        importlib.import_module(name)


if __name__ == "__main__":
    _import_all()
    gc.collect()
    gc.freeze()  # what a child never looks at stays its parent's
    if found := _serve(sys.argv[1]):
        _become(found)
        from mhc.__main__ import main

        try:
            main()
        except SystemExit as stop:
            _end(stop.code)
