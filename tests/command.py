"""The command `mhc` as a test calls it: in a process of its own, or in this one, which is faster."""

import contextlib
import io
import json
import logging
import os
import subprocess
import sys
import threading
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self
from unittest import mock

import mhc.log
import warm

MHC = Path(sys.executable).parent / "mhc"
PATIENCE = 60  # seconds; a question that nobody answers would wait for ever


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

    is_forked = True

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
        """Run the command to its end."""
        with _Pipes(stdin.encode()) as pipes:
            status = self.run_with(pipes.inside, words, environ)
        return Run(status, *pipes.texts)

    def run_with(
        self,
        streams: Sequence[int],
        words: Sequence[str],
        environ: Mapping[str, str],
        *,
        session: bool = False,
    ) -> int:
        """Run the command to its end with these descriptors as its streams; give its status, or minus a signal."""
        call, environment = [str(self.program), *words], {**self.environ, **environ}
        if self.is_forked and self.program == MHC and warm.suits(environment):
            return warm.process().run(call, environment, self.home, streams, PATIENCE, session=session)
        stdin, stdout, stderr = streams
        process = subprocess.Popen(
            call,
            env=environment,
            cwd=self.home,
            stdin=stdin,
            stdout=stdout,
            stderr=stderr,
            start_new_session=session,
        )
        with process:
            try:
                return process.wait(PATIENCE)
            except subprocess.TimeoutExpired:
                process.kill()
                raise

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


class Cold(Mhc):
    """The same where a start is part of what is tested: with all that Python does before and after."""

    is_forked = False


class _Pipes:
    """Three pipes: what is written into the first, what is read from the others; threads keep them from filling."""

    def __init__(self, stdin: bytes) -> None:
        self._stdin, self._read, self._outside = stdin, [b"", b""], list[int]()
        self.inside: list[int] = []
        for place in range(3):
            reader, writer = os.pipe()
            self.inside.append(writer if place else reader)
            self._outside.append(reader if place else writer)
        self._threads = [threading.Thread(target=self._write), *(self._reading(place) for place in (0, 1))]

    @property
    def texts(self) -> list[str]:
        return [text.decode() for text in self._read]

    def __enter__(self) -> Self:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        for one in self.inside:
            os.close(one)
        for thread in self._threads:
            thread.join()

    def _write(self) -> None:
        with contextlib.suppress(BrokenPipeError), os.fdopen(self._outside[0], "wb") as file:
            file.write(self._stdin)

    def _reading(self, place: int) -> threading.Thread:
        def read() -> None:
            with os.fdopen(self._outside[place + 1], "rb") as file:
                self._read[place] = file.read()

        return threading.Thread(target=read)


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
