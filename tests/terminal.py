"""The installed command on a pseudo-terminal, and into pipes that are closed or full."""

import fcntl
import os
import pty
import struct
import subprocess
import tempfile
import termios
import threading
from contextlib import suppress
from pathlib import Path

from command import PATIENCE, Mhc, Run


def on_terminal(mhc: Mhc, *words: str, columns: int = 80, typed: str = "", **environ: str) -> Run:
    """Run a command whose stdin, stdout and stderr are terminals of so many columns; give what each showed.

    `typed` is on the way in before the command asks.
    """
    out, err = _Screen(columns), _Screen(columns)
    out.type(typed)
    inside = (out.inside, out.inside, err.inside)
    environ = {"TERM": "xterm-256color"} | mhc.environ | environ
    status = None
    try:
        with suppress(subprocess.TimeoutExpired):
            status = mhc.run_with(inside, words, environ, session=True)
    finally:
        out.hand_over()
        err.hand_over()
    assert status is not None, f"mhc {' '.join(words)} waits; it said {err.text()!r}"
    return Run(status, out.text(), err.text())


def into(path_or_pipe: Path | None, mhc: Mhc, *words: str, **environ: str) -> Run:
    """Run a command whose stdout is a file, or (None) a pipe that nobody reads any more."""
    if path_or_pipe is None:
        reader, writer = os.pipe()
        os.close(reader)
    else:
        writer = os.open(path_or_pipe, os.O_WRONLY)
    stdin = os.open(os.devnull, os.O_RDONLY)
    with tempfile.TemporaryFile() as said:
        try:
            status = mhc.run_with((stdin, writer, said.fileno()), words, environ)
        finally:
            os.close(writer)
            os.close(stdin)
        said.seek(0)
        return Run(status, "", said.read().decode())


class _Screen:
    """One pseudo-terminal; a thread reads what is shown, so that a long output does not wait."""

    def __init__(self, columns: int) -> None:
        self._outside, self.inside = pty.openpty()
        fcntl.ioctl(self.inside, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
        self._shown = bytearray()
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def type(self, keys: str) -> None:
        """Type what the command will read."""
        os.write(self._outside, keys.encode())

    def hand_over(self) -> None:
        """Leave the inside to the command alone: what is shown ends with it."""
        os.close(self.inside)

    def text(self) -> str:
        """Give all that was shown, when the command has ended."""
        self._reader.join(PATIENCE)
        return self._shown.decode().replace("\r\n", "\n")

    def _read(self) -> None:
        try:
            while part := os.read(self._outside, 65536):
                self._shown += part
        except OSError:  # Linux says so when the last one closed the inside
            pass
        finally:
            os.close(self._outside)
