"""Small disks that a test fills, enlarges and closes."""

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

# Root may do everything; without these rights it may write only what is its own.
POWERLESS = ("setpriv", "--bounding-set=-dac_override,-dac_read_search")
NO_MOUNT = "a disk of its own needs root and the right to mount"


class Disk:
    """A file system in memory."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def resize(self, kib: int) -> None:
        """Make it so large."""
        _mount("-o", f"remount,size={kib}k", str(self.path))

    def read_only(self, *, on: bool = True) -> None:
        """Let it take nothing, or again something."""
        _mount("-o", f"remount,{'ro' if on else 'rw'}", str(self.path))

    def fill(self, leave_kib: int) -> None:
        """Put a file there that leaves so much."""
        space = os.statvfs(self.path)
        size = space.f_bavail * space.f_frsize - leave_kib * 1024
        with (self.path / "filler").open("wb") as file:
            os.posix_fallocate(file.fileno(), 0, max(size, 1))

    def free(self) -> None:
        """Take that file away."""
        (self.path / "filler").unlink()


def give_away(path: Path, owner: str) -> None:
    """Make a file somebody else's."""
    if os.geteuid() != 0 or shutil.which(POWERLESS[0]) is None:
        pytest.skip(NO_MOUNT)
    shutil.chown(path, owner)


@contextmanager
def mounted(path: Path, kib: int) -> Iterator[Disk]:
    """Mount a disk of this size for a test."""
    path.mkdir(exist_ok=True)
    if os.geteuid() != 0:
        pytest.skip(NO_MOUNT)
    try:
        _mount("-t", "tmpfs", "-o", f"size={kib}k,mode=700", "mhc-test", str(path))
    except subprocess.CalledProcessError:
        pytest.skip(NO_MOUNT)
    try:
        yield Disk(path)
    finally:
        subprocess.run(["umount", "-l", str(path)], check=True)


def _mount(*words: str) -> None:
    subprocess.run(["mount", *words], check=True, capture_output=True)
