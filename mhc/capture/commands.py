"""Runs the owner's own command, with what it is told on its standard input: no shell, no token, an end in time."""

import contextlib
import os
import signal
import subprocess
import threading
from collections.abc import Mapping, Sequence

from mhc.programs import find

# What the command is not told: our settings and secrets, and how to speak for us to the service manager.
_HIDDEN = (
    "MHC_",
    "CB_",
    "CHATURBATE_",
    "STATBATE_",
    "DATABASE_",
    "PG",
    "CREDENTIALS_",
    "NOTIFY_",
    "WATCHDOG_",
)

_PATIENCE = 1.0  # seconds for a killed process to be gone


class CommandError(Exception):
    """The command did not do it: the sentence says why."""


def environment(environ: Mapping[str, str]) -> dict[str, str]:
    """Give the variables that a command may see."""
    return {name: value for name, value in environ.items() if not name.startswith(_HIDDEN)}


class Commands:
    """Runs one command at a time."""

    def __init__(self, environ: Mapping[str, str]) -> None:
        self._environ = environ
        self._lock = threading.Lock()
        self._running: subprocess.Popen[bytes] | None = None
        self._stopped = False

    def run(self, words: Sequence[str], given: bytes, *, seconds: float) -> None:
        """Run a command and wait for its end; one that outlives its time is killed with its group.

        What it writes is thrown away. Raises CommandError.
        """
        program = find(words[0], self._environ)
        if program is None:
            raise CommandError(f"no program named {words[0]!r}")
        with self._lock:
            if self._stopped:
                raise CommandError("not run: mhc listen ends")
            process = self._running = self._start([program, *words[1:]])
        try:
            process.communicate(given, timeout=seconds)
        except subprocess.TimeoutExpired:
            self._kill()
            raise CommandError(f"took longer than {seconds:g} s and was killed") from None
        finally:
            with self._lock:
                self._running = None
        if process.returncode:
            raise CommandError(_ended(process.returncode))

    def stop(self) -> None:
        """Kill what runs, and run nothing more. May be called from another thread."""
        with self._lock:
            self._stopped = True
        self._kill()

    def _start(self, words: Sequence[str]) -> "subprocess.Popen[bytes]":
        null = subprocess.DEVNULL
        try:
            return subprocess.Popen(  # noqa: S603 - the owner's own words, and no shell
                words,
                stdin=subprocess.PIPE,
                stdout=null,
                stderr=null,
                env=environment(self._environ),
                start_new_session=True,  # a group of its own, to be killed whole
            )
        except OSError as error:
            raise CommandError(f"{words[0]} cannot be run: {error.strerror}") from None

    def _kill(self) -> None:
        with self._lock:
            process = self._running
        if process is None or process.returncode is not None:
            return
        with contextlib.suppress(
            ProcessLookupError, subprocess.TimeoutExpired
        ):  # it has just ended, or cannot
            os.killpg(process.pid, signal.SIGKILL)
            process.wait(_PATIENCE)


def _ended(status: int) -> str:
    return f"was killed by signal {-status}" if status < 0 else f"ended with {status}"
