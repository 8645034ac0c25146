"""What the state directory and its neighbours hold of a person: spooled pages, crash files; and what nobody can clean."""

import os
from collections.abc import Iterable, Iterator
from pathlib import Path
from secrets import token_hex

import msgspec

from mhc.capture import left
from mhc.capture.entry import Entry, packed, read_line, write_line
from mhc.capture.envelope import read_events
from mhc.capture.lock import HeldError, StreamLock
from mhc.domain import erasing
from mhc.errors import of_os_error
from mhc.store import files
from mhc.store.forgetting import Subject

_DAMAGED = b"{}\n"  # in the place of a line that cannot be read: the feed is asked again from there


def clean_spools(state_dir: Path, subject: Subject, heir: str | None) -> Iterator[tuple[Path, int | None]]:
    """Clean every spool; give each with the number of events that were changed, None where a listener has it."""
    if not subject.names:
        return
    for path in left.paths(state_dir):
        lock = StreamLock(state_dir, path.stem)
        try:
            lock.acquire(path.stem)
        except HeldError:
            yield path, None
            continue
        try:
            yield path, _clean_spool(path, subject, heir)
        except OSError as error:
            raise of_os_error(error, f"cannot clean {path}") from error
        finally:
            lock.release()


def _clean_spool(path: Path, subject: Subject, heir: str | None) -> int:
    try:
        with path.open("rb") as file:
            lines = list(file)
    except FileNotFoundError:  # just brought in
        return 0
    changed = 0
    made = [line for line in lines[:1] if line.endswith(b"\n")]
    damaged = 0
    for line in lines[1:]:
        entry = read_line(line, Entry)
        if entry is None:
            damaged += line != _DAMAGED
            made += [_DAMAGED] if line.endswith(b"\n") else []
            continue
        kept, number = _clean(entry.raw_elements(), subject, heir)
        changed += number
        made.append(write_line(msgspec.structs.replace(entry, elements=packed(kept))) if number else line)
    if changed or damaged:
        _replace(path, b"".join(made))
    return changed


def _clean(elements: list[bytes], subject: Subject, heir: str | None) -> tuple[list[bytes], int]:
    """Give a page's elements without a person, and how many were changed or are left out."""
    rest = [_element(element, subject, heir) for element in elements]
    changed = sum(one is not element for one, element in zip(rest, elements, strict=True))
    return [one for one in rest if one is not None], changed


def _element(element: bytes, subject: Subject, heir: str | None) -> bytes | None:
    events, _refused = read_events([element])
    if not events:
        held = erasing.words(element.decode(errors="replace")) & set(subject.names)
        return None if held else element
    (one,) = events
    if one.room is not None and subject.gone(one.room):
        return None
    if erasing.names(one, subject.gone):
        theirs = one.actor is not None and subject.gone(one.actor)
        rest = erasing.anonymous(one, heir if theirs else None)
    else:
        rest = erasing.event_without(one, subject.gone)
    return None if rest is None else rest.raw


def clean_crashes(state_dir: Path, subject: Subject) -> int:
    """Put a word in the place of the names in crash files; give in how many."""
    return _clean_texts((state_dir / "crash").glob("*.txt"), subject)


def clean_answers(state_dir: Path, subject: Subject) -> int:
    """Do the same in what other sources answered that is no reading; give in how many."""
    return _clean_texts((state_dir / "answers").glob("*.json"), subject)


def _clean_texts(paths: Iterable[Path], subject: Subject) -> int:
    number = 0
    for path in sorted(paths) if subject.names else ():
        try:
            said = path.read_text(encoding="utf-8", errors="replace")
            new = erasing.without(said, subject.gone)
            if new != said:
                _replace(path, new.encode())
                number += 1
        except OSError as error:
            raise of_os_error(error, f"cannot clean {path}") from error
    return number


def _replace(path: Path, data: bytes) -> None:
    fresh = path.with_name(f".{path.name}.{token_hex(6)}.part")
    with files.new(fresh) as file:
        file.write(data)
        files.sync(file)
        fresh.replace(path)
    files.sync_directory(path.parent)


def out_of_reach(state_dir: Path, backups: Path, database: Path | None, subject: Subject) -> list[str]:
    """Give the files that may still hold the person: backups, what a restore put aside, an audit log that names a room."""
    found = sorted(one for one in backups.glob("mhc-*") if one.suffix in {".db", ".dump"})
    if database is not None:
        aside = f"{database.name}.replaced-*"
        found += sorted(one for one in database.parent.glob(aside) if not one.name.endswith(("-wal", "-shm")))
    log = state_dir / "audit.log"
    if log.is_file() and subject.names:
        said = erasing.words(log.read_text(encoding="utf-8", errors="replace"))
        found += [log] if said & set(subject.names) else []
    return [os.fspath(one) for one in found]
