"""What lies in the spools of a state directory, for who only looks; which there are costs no import of what reads them."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from pathlib import Path

from mhc.capture.lock import StreamLock
from mhc.domain.clock import from_ms

_CHUNK = 1 << 20


@dataclass(frozen=True, slots=True)
class Left:
    """One spool: pages that wait, since when, and whether a listener of this machine has their stream.

    `room` and `database` (a digest) are None where the first line is damaged; `trouble` is why nothing can be read.
    """

    path: Path
    pages: int
    room: str | None = None
    database: str | None = None
    since: datetime | None = None
    listening: bool = False
    trouble: str | None = None


def folder(state_dir: Path) -> Path:
    """Give where the spools of a state directory lie."""
    return state_dir / "spool"


def path_of(state_dir: Path, lock_name: str) -> Path:
    """Give the spool of the stream that has this lock."""
    return folder(state_dir) / f"{lock_name}.jsonl"


def paths(state_dir: Path) -> list[Path]:
    """Give every spool; by name."""
    return sorted(folder(state_dir).glob("*.jsonl"))


def read(state_dir: Path) -> Iterator[Left]:
    """Give what every spool holds that holds anything; by name."""
    for path in paths(state_dir):
        try:
            found = _read(state_dir, path)
        except FileNotFoundError:  # just brought in
            continue
        except OSError as error:
            found = Left(path, 0, trouble=error.strerror)
        if found.pages or found.trouble:
            yield found


def _read(state_dir: Path, path: Path) -> Left:
    from mhc.capture.entry import Entry, Header, read_line  # where there is a spool, and nowhere else

    with path.open("rb") as file:
        header = read_line(file.readline(), Header)
        first = file.readline()
        pages = first.count(b"\n") + sum(part.count(b"\n") for part in iter(partial(file.read, _CHUNK), b""))
    entry = read_line(first, Entry)
    return Left(
        path,
        pages,
        room=header.room if header else None,
        database=header.database if header else None,
        since=from_ms(entry.received_at) if entry else None,
        listening=StreamLock(state_dir, path.stem).is_taken(),
    )
