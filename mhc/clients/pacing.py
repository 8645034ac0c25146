"""How often a host may be asked, by all processes of this machine together: a small file a host in the state directory.

The file says when each kind of request last went, and until when the host asked for quiet. It is locked for as long as it
is read and written, never while anyone waits; the kernel frees the lock of a process that dies.
"""

import fcntl
import math
import os
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Final

import msgspec

from mhc.errors import ConfigError, TryLaterError, of_os_error
from mhc.patterns import Pattern

LONGEST_QUIET: Final = 3600.0  # seconds; whatever a host asks for
_SHORTEST_WAIT: Final = 0.001
_LOCK_TRIES: Final = 100
_LOCK_PAUSE: Final = 0.02
_KEPT: Final = 86400.0  # seconds that a kind of request is remembered; no rate is slower
_MAX_FILE: Final = 64 * 1024
_UNSAFE = Pattern(r"[^a-z0-9.-]")
_SECONDS = Pattern(r"[0-9]{1,10}(?:\.[0-9]{1,6})?")


@dataclass(frozen=True, slots=True)
class Rate:
    """One request in so many seconds at most, of those that share a key."""

    key: str
    seconds: float


class PacedError(TryLaterError):
    """It is not this request's turn for longer than it may wait."""

    def __init__(self, host: str, seconds: float) -> None:
        super().__init__(f"{host} may be asked again in {math.ceil(seconds)} s")
        self.seconds = seconds


class StoppedError(TryLaterError):
    """A wait was ended from outside."""


@dataclass(slots=True)
class _Book:
    """What a host's file says; instants are seconds since 1970, since all processes and restarts share them."""

    quiet_until: float = 0.0
    last: dict[str, float] = field(default_factory=dict)


class Pacer:
    """Gives each request its turn. `sleep` returns true where the wait shall end for good: `threading.Event().wait` does."""

    def __init__(
        self,
        state_dir: Path,
        *,
        clock: Callable[[], float] = time.time,
        sleep: Callable[[float], bool] | None = None,
        patience: float = 60.0,
    ) -> None:
        self._folder = state_dir / "pacing"
        self._clock = clock
        self._sleep = sleep or threading.Event().wait
        self._patience = patience

    def take(self, host: str, rates: Iterable[Rate]) -> None:
        """Wait for a request's turn. Raises PacedError, at once, where that takes longer than `patience` seconds."""
        rates, waited = tuple(rates), 0.0
        while wait := self.claim(host, rates):
            waited += wait
            if waited > self._patience:
                raise PacedError(host, wait)
            self.pause(wait)

    def pause(self, seconds: float) -> None:
        """Wait; raise StoppedError where the wait was ended."""
        if self._sleep(seconds):
            raise StoppedError("stopped while waiting for a turn")

    def claim(self, host: str, rates: Iterable[Rate]) -> float:
        """Take a request's turn if it is now, and give 0; else give the seconds until it may be."""
        with self._open(host) as file:
            now = self._clock()
            book = _read(file, now, rates)
            wait = max(
                [book.quiet_until - now, *(book.last.get(r.key, -math.inf) + r.seconds - now for r in rates)]
            )
            if wait <= 0:
                book.last |= {rate.key: now for rate in rates}
            _write(file, book)
        return max(wait, _SHORTEST_WAIT) if wait > 0 else 0.0

    def hush(self, host: str, seconds: float) -> None:
        """Let nobody ask this host for so long, as it wishes."""
        with self._open(host) as file:
            now = self._clock()
            book = _read(file, now, ())
            book.quiet_until = max(book.quiet_until, now + min(seconds, LONGEST_QUIET))
            _write(file, book)

    @contextmanager
    def _open(self, host: str) -> Iterator[int]:
        path = self._folder / f"{_UNSAFE.sub('_', host.lower())}.json"
        try:
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
            try:
                self._lock(handle, host)
                yield handle
            finally:
                os.close(handle)
        except OSError as error:
            about = f"cannot use {error.filename or path}"
            raise of_os_error(error, about, hint="set MHC_STATE_DIR", otherwise=ConfigError) from error

    def _lock(self, handle: int, host: str) -> None:
        for _ in range(_LOCK_TRIES):
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                self.pause(_LOCK_PAUSE)
            else:
                return
        raise TryLaterError(f"another process holds the pacing of {host}")


def parse_retry_after(headers: Mapping[str, str], now: float) -> float | None:
    """Give the seconds that an answer asks to wait, 1 to 3600; None where it does not say so in a form of HTTP.

    A date counts from the answer's own `Date`, where it has one: that server's clock may be another than ours.
    """
    text = headers.get("retry-after", "").strip()
    if _SECONDS.fullmatch(text):
        seconds = float(text)
    else:
        until = _instant(text)
        if until is None:
            return None
        seconds = until - (_instant(headers.get("date", "")) or now)
    return min(max(seconds, 1.0), LONGEST_QUIET)


def _instant(text: str) -> float | None:
    try:
        at = parsedate_to_datetime(text)
        return (at if at.tzinfo else at.replace(tzinfo=UTC)).timestamp()
    except (ValueError, TypeError, OverflowError, IndexError):
        return None


def _read(file: int, now: float, rates: Iterable[Rate]) -> _Book:
    """Read what a file says. A clock that went back, or a damaged file, costs one full wait and no more."""
    text = os.pread(file, _MAX_FILE, 0)
    try:
        book = msgspec.json.decode(text, type=_Book) if text else _Book()
    except msgspec.DecodeError:
        book = _Book(last={rate.key: now for rate in rates})
    book.quiet_until = min(book.quiet_until, now + LONGEST_QUIET)
    book.last = {key: min(at, now) for key, at in book.last.items() if at > now - _KEPT}
    return book


def _write(file: int, book: _Book) -> None:
    text = msgspec.json.encode(book)
    os.pwrite(file, text, 0)
    os.ftruncate(file, len(text))  # after it: half a text is damage, an empty one would be leave to ask
