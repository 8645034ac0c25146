"""Every error a user can see: its sentence, its hint and its exit status.

`mhc.__main__` turns these into output in one place; nothing else decides an exit status.
"""

import errno
from enum import IntEnum
from typing import Final

DISK: Final = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EIO, errno.EFBIG, errno.EROFS})
_FORBIDDEN: Final = frozenset(
    {errno.EACCES, errno.EPERM, errno.ELOOP}
)  # ELOOP: a link, where none is followed


class Exit(IntEnum):
    """Exit statuses (sysexits from 64 on, which systemd shows by name)."""

    OK = 0
    PARTIAL = 1
    USAGE = 2
    NOT_FOUND = 3
    CHECK = 4
    DATA = 65
    UNAVAILABLE = 69
    BUG = 70
    OUTPUT = 74
    TRY_LATER = 75
    ACCESS = 77
    CONFIG = 78
    INTERRUPTED = 130
    CLOSED_PIPE = 141
    TERMINATED = 143


class MhcError(Exception):
    """A known failure: one sentence that names the thing, and the way out."""

    status: Exit = Exit.BUG
    code = "bug"

    def __init__(self, message: str, *, hint: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint

    def as_dict(self) -> dict[str, object]:
        """Give the error as the object that `-o json` prints on stderr."""
        body = {"code": self.code, "exit": int(self.status), "message": self.message, "hint": self.hint}
        return {"error": body}


class DeclinedError(MhcError):
    """A prompt was declined, or part of a batch failed."""

    status = Exit.PARTIAL
    code = "partial"


class UsageError(MhcError):
    """The words of the call are wrong."""

    status = Exit.USAGE
    code = "usage"


class NotFoundError(MhcError):
    """The named person, session, list or event is not there."""

    status = Exit.NOT_FOUND
    code = "not_found"

    @classmethod
    def named(
        cls, kind: str, name: str, near: list[str] | None = None, *, otherwise: str | None = None
    ) -> "NotFoundError":
        """Say that `name` is not there, with the nearest names as a hint, or with what helps where there are none."""
        return cls(
            f"no {kind} named {name!r}", hint=f"did you mean: {', '.join(near)}?" if near else otherwise
        )


class CheckError(MhcError):
    """A check says no."""

    status = Exit.CHECK
    code = "check"


class DataError(MhcError):
    """Data that does not fit."""

    status = Exit.DATA
    code = "data"


class UnavailableError(MhcError):
    """A database or an upstream cannot be reached."""

    status = Exit.UNAVAILABLE
    code = "unavailable"


class OutputError(MhcError):
    """A disk or an output failed."""

    status = Exit.OUTPUT
    code = "output"


class TryLaterError(MhcError):
    """Something else holds what is needed; later it may work."""

    status = Exit.TRY_LATER
    code = "try_later"


class AccessError(MhcError):
    """A token is missing or was refused, or a file may not be read."""

    status = Exit.ACCESS
    code = "access"


class ConfigError(MhcError):
    """The configuration is wrong, or the schema is older or newer than the program."""

    status = Exit.CONFIG
    code = "config"

    @classmethod
    def all_of(cls, problems: list[str], *, hint: str | None = None) -> "ConfigError":
        """Say every problem at once: who mends one should not meet the next."""
        lines = (
            problems if len(problems) == 1 else [f"{len(problems)} problems:", *(f"  {p}" for p in problems)]
        )
        return cls("\n".join(lines), hint=hint)


def of_os_error(
    error: OSError, about: str, *, hint: str | None = None, otherwise: type[MhcError] = OutputError
) -> MhcError:
    """Give what the system refused as an error that begins with `about`: a right is missing, a disk fails, or `otherwise`."""
    kind = otherwise
    if error.errno in _FORBIDDEN:
        kind = AccessError
    elif error.errno in DISK:
        kind = OutputError
    return kind(f"{about}: {error.strerror or error}", hint=hint)
