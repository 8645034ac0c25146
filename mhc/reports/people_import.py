"""An older system's memory of people: lines read one by one, kept in one transaction, or only counted."""

import hashlib
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import tzinfo
from itertools import count
from typing import IO, TYPE_CHECKING

from mhc.domain.attributes import Key
from mhc.domain.erasing import Gone
from mhc.domain.names import parse_username
from mhc.errors import DataError
from mhc.store import attributes, erasures, import_batches, people, people_lines, remembering
from mhc.store.import_batches import Set
from mhc.store.people_lines import LineError, Remembered

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from mhc.store.import_batches import New

WHAT = (
    "people",
    "aliases",
    "roles",
    "ratings",
    "notes",
    "lists",
    "links",
    "relationships",
    "attributes",
    "names",
)
_SHOWN = 20  # lines that do not fit, and are named


@dataclass(slots=True)
class Result:
    """What a file holds of each kind, what of it is new (None: nothing was kept), and which lines do not fit."""

    found: Counter[str] = field(default_factory=Counter)
    new: Counter[str] = field(default_factory=Counter)
    strangers: int = 0
    forgotten: int = 0  # lines about people who were forgotten
    bad: list[tuple[int, str]] = field(default_factory=list)
    bad_lines: int = 0
    batch_id: int | None = None
    given: Set = field(default_factory=lambda: Set({}, []))  # has no rows of its own


def run(
    conn: "Connection", source: IO[bytes], new: "New", tz: tzinfo, *, write: bool, skip_bad: bool
) -> Result:
    """Read a file, and keep it where `write` says so. Raises DataError where lines do not fit, and are not skipped.

    The import's row is made first, and taken away again where nothing was new.
    """
    done, keys, gone = Result(), attributes.keys(conn), erasures.forgotten(conn)
    digest = hashlib.sha256()
    batch_id = import_batches.add(conn, new, None, {}) if write else 0
    for number, data in _lines(source, digest, new.name):
        try:
            one = _read(data, tz, keys, gone)
        except LineError as error:
            _bad(done, number, str(error))
            continue
        if one is None:
            done.forgotten += 1
            continue
        _count(done, conn, one)
        if write and (skip_bad or not done.bad_lines):
            done.new += remembering.keep(conn, one, done.given, at=new.at, batch_id=batch_id)
    if done.bad_lines and not skip_bad:
        raise _misfit(done)
    if not done.found and not done.forgotten:
        raise DataError(f"{new.name} holds nobody", hint='{"username": "…"}, one a line')
    if write:
        _note(conn, done, batch_id, digest.hexdigest())
    return done


def _read(data: bytes | None, tz: tzinfo, keys: dict[str, Key], gone: Gone) -> Remembered | None:
    """Read a line, without the names of who was forgotten; None where it is about one of them. Raises LineError."""
    one = people_lines.read(data, tz, keys)
    if any(map(gone, (one.username, *one.aliases))):
        return None
    return people_lines.without(one, gone)


def _note(conn: "Connection", done: Result, batch_id: int, digest: str) -> None:
    if +done.new:
        done.batch_id = batch_id
        left_out = {"bad lines": done.bad_lines} | ({"forgotten": done.forgotten} if done.forgotten else {})
        import_batches.complete(conn, batch_id, digest, dict(+done.new) | left_out, done.given)
    else:
        import_batches.remove(conn, batch_id)


def _lines(source: IO[bytes], digest: "hashlib._Hash", name: str) -> Iterator[tuple[int, bytes | None]]:
    """Give the lines that are not blank with their numbers, one that is too long as None."""
    most = people_lines.MAX_BYTES
    for number in count(1):
        data = source.readline(most)
        digest.update(data)
        if not data:
            return
        too_long = False
        while len(data) == most and not data.endswith(b"\n"):
            data, too_long = source.readline(most), True
            digest.update(data)
        if number == 1:
            data = _without_mark(data, name)
        if data.strip() or too_long:
            yield number, None if too_long else data


def _without_mark(first: bytes, name: str) -> bytes:
    if first.startswith((b"\xff\xfe", b"\xfe\xff")) or b"\0" in first[:2]:
        raise DataError(f"{'stdin' if name == '-' else name} is UTF-16", hint="save it as UTF-8")
    return first.removeprefix(b"\xef\xbb\xbf")


def _count(done: Result, conn: "Connection", one: Remembered) -> None:
    if not people.find(conn, parse_username(one.username)):
        done.strangers += 1
    done.found["people"] += 1
    done.found["roles"] += one.role is not None
    done.found["ratings"] += one.rating is not None
    done.found["relationships"] += bool(one.relationship)
    for name in ("aliases", "notes", "lists", "links", "attributes", "names"):
        done.found[name] += len(getattr(one, name))


def _bad(done: Result, number: int, why: str) -> None:
    done.bad_lines += 1
    if len(done.bad) < _SHOWN:
        done.bad.append((number, why))


def _misfit(done: Result) -> DataError:
    number, why = done.bad[0]
    more = "" if done.bad_lines == 1 else f", and {done.bad_lines - 1} more"
    return DataError(
        f"line {number}: {why}{more}", hint="nothing was imported; --skip-bad leaves such lines out"
    )
