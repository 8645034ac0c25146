"""One run of a job at a time: a lock beside a SQLite file; on PostgreSQL one of this machine, and one of the server.

All die with the process, however it dies.
"""

import fcntl
import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from hashlib import sha256
from pathlib import Path

from mhc.errors import ConfigError, TryLaterError, of_os_error
from mhc.store import runs
from mhc.store.database import Database


class BusyError(TryLaterError):
    """The job runs already."""


@contextmanager
def alone(db: Database, state_dir: Path, job: str) -> Iterator[None]:
    """Keep other runs of a job on this database away. Raises BusyError where there is one."""
    path = _path(db, state_dir, job)
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise of_os_error(
            error,
            f"cannot use {path}",
            hint=None if db.is_sqlite else "set MHC_STATE_DIR",
            otherwise=ConfigError,
        ) from error
    try:
        _take(handle, job)
        with runs.locked(db, job) as ours:
            if not ours:
                raise BusyError(f"{job} runs already, on another host", hint=f"mhc job history {job}")
            yield
    finally:
        os.close(handle)


def _path(db: Database, state_dir: Path, job: str) -> Path:
    """Give the file that is locked: beside a SQLite file, where every state directory that works with it finds it."""
    if db.path is not None:
        file = db.path.resolve()
        return file.with_name(f".{file.name}-jobs") / f"{job}.lock"
    digest = sha256(f"{db.address}\0{job}".encode()).hexdigest()[:16]
    return state_dir / "locks" / f"job-{digest}.lock"


def _take(handle: int, job: str) -> None:
    """Take the machine's lock, and write into it who has it: for who asks, not for the lock."""
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        holder = "another process"
        with suppress(OSError):
            holder = os.pread(handle, 100, 0).decode(errors="replace").strip() or holder
        raise BusyError(f"{job} runs already, by {holder}", hint=f"mhc job history {job}") from None
    with suppress(OSError):  # a full disk, say
        os.ftruncate(handle, 0)
        os.pwrite(handle, f"process {os.getpid()} on {socket.gethostname()}\n".encode(), 0)
