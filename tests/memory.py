"""Where tests write: in memory, where there is room. Databases write through to a disk, and tests make thousands."""

import os
from pathlib import Path

_SHARED = Path("/dev/shm")
_NEEDED = 4 << 30  # bytes


def folder(*, with_programs: bool = False) -> Path | None:
    """Give a folder in memory, one in which programs may lie where that is asked; None where there is none."""
    if not (_SHARED.is_dir() and os.access(_SHARED, os.W_OK | os.X_OK)):
        return None
    found = os.statvfs(_SHARED)
    refused = with_programs and found.f_flag & os.ST_NOEXEC
    return _SHARED if found.f_bavail * found.f_frsize >= _NEEDED and not refused else None
