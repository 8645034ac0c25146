"""Files that hold everything: made anew for us alone, on the disk before they count."""

import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO


@contextmanager
def new(path: Path) -> Iterator[IO[bytes]]:
    """Give a file that was not there before, for us alone (0600); it goes again where its making fails."""
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    try:
        with os.fdopen(descriptor, "r+b") as file:
            yield file
    except BaseException:
        path.unlink(missing_ok=True)
        raise


def sync(file: IO[bytes]) -> None:
    """Put on the disk what was written to a file."""
    file.flush()
    os.fsync(file.fileno())


def sync_directory(path: Path) -> None:
    """Put on the disk which files are in a directory."""
    descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def replace(path: Path, text: str, *, mode: int = 0o644) -> None:
    """Write a text file whole, for all to read unless `mode` says otherwise, through one of a name nobody knows.

    Who else may write to the folder lays no link in our way.
    """
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
    handle = os.open(temporary, flags, 0o600)
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(text)
            os.fchmod(handle, mode)  # another user reads it, whatever our umask
        temporary.replace(path)
    except OSError:
        temporary.unlink(missing_ok=True)
        raise
