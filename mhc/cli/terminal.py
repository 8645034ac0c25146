"""The streams and the terminal: encoding, width, colour. The only place that asks about them."""

import os
import select
import sys
import threading
import time
from dataclasses import dataclass
from io import TextIOWrapper
from typing import TextIO

from mhc.domain.text import Safe

NARROWEST = 40
USUAL_WIDTH = 80
_GLANCE = 0.5  # seconds between two looks at whether somebody still reads


@dataclass(frozen=True, slots=True)
class Screen:
    """How stdout looks to the reader: its layout, width in columns, encoding, and whether colour is wanted.

    `plain` asks for signs of ours in ASCII, whatever the encoding can print of the data.
    """

    is_terminal: bool
    columns: int
    encoding: str
    color: bool
    plain: bool = False

    @property
    def draws(self) -> bool:
        """Whether pictures, bars and other signs of ours may be more than ASCII."""
        return self.encoding == "utf-8" and not self.plain

    @property
    def ellipsis(self) -> Safe:
        """Give the sign of a cut."""
        return Safe("…") if self.draws else Safe("..")

    @property
    def dot(self) -> Safe:
        """Give what stands between figures on one line."""
        return Safe(" · ") if self.draws else Safe("; ")  # a dash before a figure would read as a minus

    def printable(self, text: Safe) -> Safe:
        """Escape what the encoding cannot print, before it is measured: `LANG=C` keeps its columns too."""
        if text.isascii() or self.encoding == "utf-8":
            return text
        return Safe(text.encode(self.encoding, "backslashreplace").decode(self.encoding))


def screen(color: str = "auto") -> Screen:
    """Look at stdout and the environment once. `color` is auto, always or never."""
    encoding = (sys.stdout.encoding or "utf-8").lower().replace("_", "-")
    forced = os.environ.get("MHC_FORCE_TTY", "")
    return Screen(
        is_terminal=forced not in {"", "0"} or sys.stdout.isatty(),
        columns=max(NARROWEST, _columns(forced)),
        encoding="utf-8" if encoding == "utf8" else encoding,
        color=color_wanted(sys.stdout, color),
        plain=_is_plain(),
    )


def color_wanted(stream: TextIO, choice: str = "auto") -> bool:
    """Say whether to colour a stream: option, MHC_COLOR, NO_COLOR, CLICOLOR_FORCE, TERM=dumb, terminal."""
    if choice == "auto":
        choice = os.environ.get("MHC_COLOR") or "auto"
    if choice != "auto":
        return choice == "always"
    if os.environ.get("NO_COLOR"):
        return False
    if os.environ.get("CLICOLOR_FORCE", "0") not in {"", "0"}:
        return True
    return os.environ.get("TERM") != "dumb" and stream.isatty()


def prepare_streams() -> None:
    """Let no character stop the program: what a stream's encoding cannot print is written escaped.

    In UTF-8 too: Python's C locale would pass lone surrogates through as raw bytes.
    """
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


def speaks_to_terminal() -> bool:
    """Say whether what is written to stderr is read on a terminal."""
    return os.environ.get("MHC_FORCE_TTY", "") not in {"", "0"} or sys.stderr.isatty()


def clear_screen() -> None:
    """Clear a terminal before it is written anew; anything else keeps what was written."""
    if sys.stdout.isatty() and os.environ.get("TERM") != "dumb":
        sys.stdout.write("\x1b[H\x1b[2J")
        sys.stdout.flush()  # before stderr says something on the cleared screen


def pause(seconds: float) -> None:
    """Send what was written, and wait. Raises BrokenPipeError as soon as nobody reads stdout any more."""
    sys.stdout.flush()
    until = time.monotonic() + seconds
    while True:
        if _is_unread(sys.stdout):
            raise BrokenPipeError
        rest = until - time.monotonic()
        if rest <= 0:
            return
        threading.Event().wait(min(rest, _GLANCE))


def _is_plain() -> bool:
    """Say whether the reader's screen shows no more than ASCII, as far as TERM and the locale tell.

    Python writes UTF-8 in the C locale too, so that stdout's encoding does not tell.
    """
    if os.environ.get("TERM") == "dumb":
        return True
    if os.environ.get("PYTHONUTF8") == "1" or os.environ.get("PYTHONIOENCODING", "").partition(":")[0]:
        return False
    # In the C locale Python has put a LC_CTYPE of its own in the place of what was there.
    names = ("LC_ALL", "LANG") if sys.flags.utf8_mode else ("LC_ALL", "LC_CTYPE", "LANG")
    locale = next(filter(None, map(os.environ.get, names)), "C")
    codeset = locale.partition(".")[2].partition("@")[0]
    return locale in {"C", "POSIX"} or codeset.lower() not in {"", "utf-8", "utf8"}


def _is_unread(stream: TextIO) -> bool:
    """Say whether the other end of a pipe is closed: a writer that waits would never learn it."""
    try:
        watched = select.poll()
        watched.register(stream.fileno(), 0)
        return any(said & (select.POLLERR | select.POLLHUP) for _, said in watched.poll(0))
    except (OSError, ValueError, AttributeError):  # no descriptor, closed, or a system without poll
        return False


def _columns(forced: str) -> int:
    for wish in (forced, os.environ.get("COLUMNS", "")):
        if wish.isascii() and wish.isdigit() and int(wish[:6]) > 1:
            return int(wish[:6])
    # `mhc … -o table | less` has no terminal on stdout, yet is read on one.
    for stream in (sys.stdout, sys.stderr, sys.stdin):
        try:
            return os.get_terminal_size(stream.fileno()).columns or USUAL_WIDTH
        except (OSError, ValueError, AttributeError):  # no descriptor, closed, or no stream at all
            continue
    return USUAL_WIDTH
