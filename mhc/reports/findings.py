"""What a check found: its state, what it saw, and what to do. May be pasted anywhere."""

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from pathlib import Path

from mhc.log import redact


class State(StrEnum):
    """How a check ended."""

    OK = "ok"
    WARNING = "warning"
    ERROR = "error"
    OFF = "off"  # not set up, and nothing is wrong with that


@dataclass(frozen=True, slots=True)
class Finding:
    """One row of `mhc doctor`."""

    check: str
    state: State
    detail: str
    hint: str | None = None


def ok(check: str, detail: str) -> Finding:
    """Give a check that found nothing wrong."""
    return Finding(check, State.OK, detail)


def off(check: str, detail: str, hint: str | None = None) -> Finding:
    """Give a check of what is not set up."""
    return Finding(check, State.OFF, detail, hint)


def warning(check: str, detail: str, hint: str | None = None) -> Finding:
    """Give a check that found what should be better."""
    return Finding(check, State.WARNING, detail, hint)


def error(check: str, detail: str, hint: str | None = None) -> Finding:
    """Give a check that found what does not work."""
    return Finding(check, State.ERROR, detail, hint)


def pasteable(found: Finding, environ: Mapping[str, str]) -> Finding:
    """Take secrets out, and the home directory, which has a name in it."""
    homes = {environ.get("HOME", ""), os.path.realpath(environ.get("HOME", "/"))} - {"", "/"}
    clean = redact(found.detail), redact(found.hint or "")
    for home in sorted(homes, key=len, reverse=True):
        at_start = re.compile(rf"(?<![\w./-]){re.escape(home.rstrip('/'))}(?![\w.-])")
        clean = at_start.sub("~", clean[0]), at_start.sub("~", clean[1])
    return replace(found, detail=clean[0], hint=clean[1] or None)


def is_there(path: Path) -> bool:
    """Whether a file or directory is there, as far as we may see."""
    return os.access(path, os.F_OK)


def nearest(path: Path) -> Path:
    """Give a path, or the nearest directory above it that is there."""
    return next((one for one in (path, *path.parents) if is_there(one)), Path("/"))
