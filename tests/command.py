"""The command `mhc` as a test calls it: installed, in a process of its own, or in this one, which is faster."""

import contextlib
import io
import json
import logging
import os
import subprocess
import sys
import threading
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from unittest import mock

import mhc.log

MHC = Path(sys.executable).parent / "mhc"


@dataclass(frozen=True)
class Run:
    """What a call left: its exit status and what it wrote."""

    status: int
    stdout: str
    stderr: str

    @property
    def json(self) -> Any:
        """Standard output as one JSON document."""
        return json.loads(self.stdout)

    @property
    def error(self) -> dict[str, Any]:
        """The error that `-o json` writes to standard error."""
        error = json.loads(self.stderr)["error"]
        assert isinstance(error, dict)
        return error


class Mhc:
    """`mhc(*words, **environment)` with nothing of the caller's environment but PATH, and a home of its own.

    Like the home it is given, `environ` holds for every call; `stdin` and more variables for one.
    """

    def __init__(self, home: Path, **environ: str) -> None:
        self.home = home
        self.program = MHC
        self.environ = {
            "PATH": os.environ.get("PATH", os.defpath),
            "HOME": str(home),
            "LC_ALL": "C.UTF-8",
            "TZ": "UTC",
            "XDG_CONFIG_HOME": str(home / "config"),
            "XDG_DATA_HOME": str(home / "data"),
            "XDG_CACHE_HOME": str(home / "cache"),
            "MHC_STATE_DIR": str(home / "state"),
            **environ,
        }

    def __call__(self, *words: str, stdin: str = "", **environ: str) -> Run:
        """Run the installed command."""
        run = subprocess.run(
            [str(self.program), *words], env=self.environ | environ, cwd=self.home, input=stdin,
            capture_output=True, encoding="utf-8", check=False, timeout=60,
        )  # fmt: skip
        return Run(run.returncode, run.stdout, run.stderr)

    def start(self, *words: str, **environ: str) -> "subprocess.Popen[str]":
        """Start the installed command and go on; `with` waits for its end."""
        return subprocess.Popen(
            [str(self.program), *words], env=self.environ | environ, cwd=self.home, encoding="utf-8",
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        )  # fmt: skip

    def until(self, ready: Callable[[], object], *words: str, **environ: str) -> Run:
        """Run the command until `ready` returns, then ask it to end (SIGTERM)."""
        with (self.home / "out").open("w+") as out, (self.home / "err").open("w+") as err:
            call, environment = [str(self.program), *words], self.environ | environ
            with subprocess.Popen(call, env=environment, cwd=self.home, stdout=out, stderr=err) as process:
                try:
                    assert ready() is not False, "it never came that far"
                finally:
                    process.terminate()
            out.seek(0)
            err.seek(0)
            return Run(process.returncode, out.read(), err.read())


class MhcHere(Mhc):
    """The same in this process, through the same mapping of errors to sentences and statuses."""

    def __call__(self, *words: str, stdin: str = "", **environ: str) -> Run:
        """Run the command as main() does, but for signals."""
        from mhc.__main__ import run
        from mhc.cli.root import cli

        streams = [io.TextIOWrapper(io.BytesIO(data), "utf-8") for data in (stdin.encode(), b"", b"")]
        patches = mock.patch.multiple(sys, stdin=streams[0], stdout=streams[1], stderr=streams[2])
        with (
            _logging_kept(),
            mock.patch.dict(os.environ, self.environ | environ, clear=True),
            contextlib.chdir(self.home),
            patches,
            _umask(0o077),
        ):
            status = run(cli, words)
        return Run(status, *(_text_of(stream) for stream in streams[1:]))


def _text_of(stream: io.TextIOWrapper) -> str:
    stream.flush()
    assert isinstance(stream.buffer, io.BytesIO)
    return stream.buffer.getvalue().decode()


@contextlib.contextmanager
def _umask(mask: int) -> Iterator[None]:
    before = os.umask(mask)
    try:
        yield
    finally:
        os.umask(before)


@contextlib.contextmanager
def _logging_kept() -> Iterator[None]:
    """Take back what mhc sets for the whole process: log handlers and levels, hooks, known secrets."""
    root = logging.getLogger()
    loggers = [root, *(logging.getLogger(name) for name in mhc.log._LIBRARIES)]
    handlers, levels = list(root.handlers), [logger.level for logger in loggers]
    with (
        mock.patch.object(mhc.log, "_secrets", mhc.log._Secrets()),
        mock.patch.object(sys, "excepthook", sys.excepthook),
        mock.patch.object(threading, "excepthook", threading.excepthook),
        mock.patch.object(warnings, "showwarning", warnings.showwarning),
        mock.patch.object(logging, "raiseExceptions", logging.raiseExceptions),
    ):
        try:
            yield
        finally:
            root.handlers[:] = handlers
            for logger, level in zip(loggers, levels, strict=True):
                logger.setLevel(level)
