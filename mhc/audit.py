"""The audit log: a line for each act that takes out, or brings in, more than a screen shows; never what it held."""

import json
import os
import pwd
from datetime import datetime
from pathlib import Path

from mhc.domain.clock import iso_z
from mhc.errors import ConfigError, MhcError, of_os_error

FILE = "audit.log"
_FLAGS = os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW


def record(state_dir: Path, act: str, *, at: datetime, **facts: object) -> None:
    """Add a line: when, what, which user of the machine, and the facts of the act (a range, counts: no contents).

    Raises OutputError, AccessError or ConfigError where it cannot be written. A line is one write, so that processes which add at
    once do not mix theirs.
    """
    line = json.dumps({"at": iso_z(at), "act": act, "who": _user()} | facts, default=_plain)
    path = state_dir / FILE
    try:
        handle = _open(path)
        try:
            os.write(handle, line.encode() + b"\n")
            os.fsync(handle)
        finally:
            os.close(handle)
    except OSError as error:
        raise _unusable(error, path) from None


def ensure_writable(state_dir: Path) -> None:
    """Raise as `record` does where no line could be added: before an act whose counts are known at its end."""
    path = state_dir / FILE
    try:
        os.close(_open(path))
    except OSError as error:
        raise _unusable(error, path) from None


def _open(path: Path) -> int:
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    return os.open(path, _FLAGS, 0o600)


def _user() -> str:
    """Give the user's name, or their number where it has none: neither can be set like a variable."""
    try:
        return pwd.getpwuid(os.getuid()).pw_name
    except KeyError:
        return str(os.getuid())


def _plain(value: object) -> str:
    return iso_z(value) if isinstance(value, datetime) else str(value)


def _unusable(error: OSError, path: Path) -> MhcError:
    about = f"cannot write the audit log {path}"
    return of_os_error(error, about, hint="set MHC_STATE_DIR", otherwise=ConfigError)
