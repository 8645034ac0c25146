"""The spool: pages of the feed on disk while the database is away, one append-only file a stream."""

import errno
import hashlib
import logging
import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from mhc.capture import left
from mhc.capture.entry import Entry, Header, Place, read_line, write_line
from mhc.capture.lock import unusable
from mhc.errors import OutputError

SPARE = 0.05  # of the disk, which stays free

log = logging.getLogger("mhc.listen")


class SpoolFullError(OutputError):
    """There is no room for another page: nothing was written."""


class SpoolBrokenError(OutputError):
    """The disk did not keep what was written: nobody knows what is on it now."""


class Spool:
    """One stream's file."""

    def __init__(self, path: Path, most: int, sync: Callable[[int], None] = os.fsync) -> None:
        self.path = path
        self.pages = sum(entry is not None for entry in self.entries())
        self._most = most
        self._sync = sync
        self._handle: int | None = None
        self._size = 0

    @property
    def is_there(self) -> bool:
        """Whether there is a file, with pages or without."""
        with _readable(self.path):
            return self.path.exists()

    def entries(self) -> Iterator[Entry | None]:
        """Give the pages in order, None in the place of a damaged one; a torn last line is none at all.

        No file is no page: another process may have brought them in, and removed it.
        """
        with (
            _readable(self.path),
            suppress(FileNotFoundError, NotADirectoryError),
            self.path.open("rb") as file,
        ):
            file.readline()
            for line in file:
                if line.endswith(b"\n"):
                    yield read_line(line, Entry)

    def leads_to(self, place: Place) -> Place:
        """Give the place that the unbroken row of pages from `place` leads to."""
        for entry in self.entries():
            if entry is not None and entry.before == place:
                place = entry.after
        return place

    def append(self, header: Header, entry: Entry) -> None:
        """Write a page, and have it on the disk. Raises SpoolFullError, SpoolBrokenError."""
        line = write_line(entry)
        try:
            handle = self._open(header)
            self._check_room(len(line))
            _write(handle, line)
        except OSError as error:
            self._take_back(error)
        self._flush(handle)
        self._size += len(line)
        self.pages += 1

    def _open(self, header: Header) -> int:
        if self._handle is not None:
            return self._handle
        self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        flags = os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC
        self._handle = os.open(self.path, flags, 0o600)
        self._size = _end_of_lines(self._handle)
        os.ftruncate(self._handle, self._size)
        if self._size == 0:
            line = write_line(header)
            _write(self._handle, line)
            self._size = len(line)
            folder = os.open(self.path.parent, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
            try:
                self._flush(folder)
            finally:
                os.close(folder)
        return self._handle

    def _check_room(self, more: int) -> None:
        disk = shutil.disk_usage(self.path.parent)
        if self._size + more > self._most:
            raise SpoolFullError(
                f"the spool is full: {self.path} may take {self._most >> 20} MiB",
                hint="bring the database back, or raise [listen] spool_max",
            )
        if disk.free - more < disk.total * SPARE:
            raise SpoolFullError(
                f"no room for the spool: less than {SPARE:.0%} of the disk under {self.path} would stay free"
            )

    def _take_back(self, error: OSError) -> None:
        """Leave no half of a line behind, and say that there was no room for it."""
        try:
            if self._handle is not None:
                os.ftruncate(self._handle, self._size)
        except OSError as worse:
            raise SpoolBrokenError(f"writing {self.path} failed: {worse.strerror}") from worse
        self.close()  # the next try begins with what is in the file then
        full = error.errno in {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}
        said = f"disk full on {self.path}" if full else f"cannot spool to {self.path}: {error.strerror}"
        raise SpoolFullError(said, hint="free some space; nothing was half written") from error

    def _flush(self, handle: int) -> None:
        # Never tried again on this handle: the kernel may have dropped what it could not write, and say that all is well.
        try:
            self._sync(handle)
        except OSError as error:
            raise SpoolBrokenError(f"{self.path} did not reach the disk: {error.strerror}") from error

    def remove(self) -> None:
        """Remove the file: everything in it is in the database."""
        self.close()
        try:
            self.path.unlink(missing_ok=True)
        except OSError as error:
            raise OutputError(f"cannot remove {self.path}: {error.strerror}") from error
        self.pages = 0

    def close(self) -> None:
        """Close the file; what is in it stays."""
        if self._handle is not None:
            os.close(self._handle)
            self._handle = None


def _write(handle: int, line: bytes) -> None:
    rest = memoryview(line)
    while rest:
        rest = rest[os.write(handle, rest) :]


def _end_of_lines(handle: int) -> int:
    """Give where the last whole line ends."""
    end = os.fstat(handle).st_size
    while end > 0:
        begin = max(0, end - 65_536)
        found = os.pread(handle, end - begin, begin).rfind(b"\n")
        if found >= 0:
            return begin + found + 1
        end = begin
    return 0


def digest(database: str) -> str:
    """Give a database's name as a spool notes it."""
    return hashlib.sha256(database.encode()).hexdigest()[:16]


def read_header(path: Path) -> Header | None:
    """Give a file's first line; None where it is damaged."""
    with path.open("rb") as file:
        return read_line(file.readline(), Header)


@contextmanager
def _readable(path: Path) -> Iterator[None]:
    """Say what keeps a spool from being read: nobody may go on as if there were none."""
    try:
        yield
    except OSError as error:
        raise unusable(error, path) from error


def find(state_dir: Path, room: str, kind: str, host: str, database: str) -> list[Header]:
    """Give the headers of the spools of a room's stream in a database, whatever name they have."""
    wanted = (room, kind, host, digest(database))
    found = [_header_of(path) for path in left.paths(state_dir)]
    return [h for h in found if h is not None and (h.room, h.kind, h.host, h.database) == wanted]


def _header_of(path: Path) -> Header | None:
    """Give a file's first line, and say where nobody can tell whose pages follow it: they wait there until somebody looks."""
    why = "its first line is damaged"
    try:
        header = read_header(path)
    except FileNotFoundError:  # just brought in
        return None
    except OSError as error:
        header, why = None, str(error.strerror)
    if header is None:
        log.error("%s is passed over: %s; see mhc doctor", path, why)
    return header
