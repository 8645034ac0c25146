"""The operating system's lock of a stream, and the name of this state directory: what makes a lease ours.

The kernel frees the lock when its process dies, however it dies.
"""

import errno
import fcntl
import hashlib
import os
import secrets
import socket
import time
from contextlib import suppress
from pathlib import Path

from mhc.errors import ConfigError, MhcError, TryLaterError, of_os_error

_NAME_FILE = "owner-id"
_LOOKS = (0.05, 0.1, 0.2)  # seconds between tries for a lock


class HeldError(TryLaterError):
    """Another listener has the stream."""


class StreamLock:
    """An exclusive lock on one stream of one database, for the processes that share a state directory."""

    def __init__(self, state_dir: Path, *identity: str) -> None:
        name = hashlib.sha256("\0".join(identity).encode()).hexdigest()[:16]
        self.path = state_dir / "locks" / f"stream-{name}.lock"
        self._handle: int | None = None

    def acquire(self, room: str) -> None:
        """Take the lock. Raises HeldError, naming the holder, where another process has it."""
        try:
            self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            handle = os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError as error:
            raise unusable(error, self.path) from error
        try:
            _take(handle)
        except BlockingIOError:
            holder = _name_in(handle) or "another process"
            os.close(handle)
            raise HeldError(
                f"{room} is listened to already, by {holder}", hint="mhc capture status"
            ) from None
        except OSError as error:
            os.close(handle)
            raise unusable(error, self.path) from error
        self._handle = handle
        with suppress(OSError):  # a full disk, say: the name is for who asks, the lock is what counts
            os.ftruncate(handle, 0)
            os.pwrite(handle, f"process {os.getpid()} on {socket.gethostname()}\n".encode(), 0)

    @property
    def is_held(self) -> bool:
        """Whether this process has the lock."""
        return self._handle is not None

    def is_taken(self) -> bool:
        """Whether some process has the lock. Creates nothing."""
        return _is_taken(self.path)

    def release(self) -> None:
        """Free the lock. The file stays: removing it would let two processes lock two files of one name."""
        if self._handle is not None:
            os.close(self._handle)
            self._handle = None


def taken_locks(state_dir: Path) -> list[Path]:
    """Give the locks of this state directory that some process has. Creates nothing."""
    return [path for path in sorted((state_dir / "locks").glob("stream-*.lock")) if _is_taken(path)]


def _is_taken(path: Path) -> bool:
    try:
        handle = os.open(path, os.O_RDWR | os.O_CLOEXEC)
    except OSError:
        return False
    try:
        fcntl.flock(handle, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(handle)
    return False


def _take(handle: int) -> None:
    """Take a lock, trying again for a moment: who only looks whether it is taken holds it for an instant."""
    for pause in _LOOKS:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            time.sleep(pause)
        else:
            return
    fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)


def _name_in(handle: int) -> str:
    with suppress(OSError):  # who has it is for information only
        return os.pread(handle, 100, 0).decode(errors="replace").strip()
    return ""


def owner_id(state_dir: Path) -> str:
    """Give the name of this state directory, made at the first call: `host/random`."""
    path = state_dir / _NAME_FILE
    try:
        if not path.exists():
            _make_owner_id(path)
        return path.read_text(encoding="utf-8").strip()
    except OSError as error:
        raise unusable(error, path) from error


def known_owner_id(state_dir: Path) -> str | None:
    """Give the name of this state directory where it has one."""
    try:
        return (state_dir / _NAME_FILE).read_text(encoding="utf-8").strip()
    except OSError:
        return None


def _make_owner_id(path: Path) -> None:
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    # A name of its own: threads of one process ask at once, too.
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    temporary.write_text(f"{socket.gethostname()}/{secrets.token_hex(8)}", encoding="utf-8")
    try:
        os.link(temporary, path)  # the first of them wins, and nobody reads half a name
    except FileExistsError:
        pass
    finally:
        temporary.unlink()


def unusable(error: OSError, path: Path) -> MhcError:
    """Say what is wrong with the state directory."""
    about = f"cannot use {error.filename or path}"
    if error.errno in {errno.EMFILE, errno.ENFILE, errno.ENOMEM}:
        return TryLaterError(f"{about}: {error.strerror}")
    return of_os_error(error, about, hint="set MHC_STATE_DIR", otherwise=ConfigError)
