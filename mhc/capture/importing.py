"""An export into a database: lines read one by one, kept in pages, each a transaction of its own.

Whatever stops it, what is there is whole, and a second import completes it: each line is new here, or it is not. A
line that does not fit costs itself only.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import count
from typing import IO, Any

from mhc.capture.envelope import read_event
from mhc.domain.events import EventId, Flag, NotAnEventError
from mhc.domain.names import is_upstream_name
from mhc.errors import DataError
from mhc.store import lines, transfer, transfer_erasures
from mhc.store.database import Database
from mhc.store.events import Resolved
from mhc.store.failures import RefusedDataError
from mhc.store.lines import Header, LineError
from mhc.store.streams import Stream

PAGE = 1000  # lines a transaction
_PAGE_BYTES = 8 * 1024 * 1024
_SESSIONS = 100_000  # at once, since their numbers may stand in each other's way
_SHOWN = 20  # lines that do not fit, and are named

Progress = Callable[[int], None]


@dataclass(slots=True)
class Result:
    """What an import found: lines by type, what of it was new, and what did not fit."""

    header: Header
    read: Counter[str] = field(default_factory=Counter)
    new: Counter[str] = field(default_factory=Counter)
    conflicting: int = 0  # events whose id is here with another body
    clashes: list[str] = field(default_factory=list)  # names that are another's here
    refused: Counter[str] = field(default_factory=Counter)  # sessions and merges that contradict what is here
    bad: list[tuple[int, str]] = field(default_factory=list)  # the first lines that do not fit, and why
    bad_lines: int = 0
    forgotten: int = 0  # lines about people who were forgotten
    pending: list[str] = field(default_factory=list)  # who is here, and was forgotten elsewhere
    uncovered: int = 0  # times that were left out, since lines are missing
    last: int = 1  # the number of the last line
    said: dict[str, int] | None = None  # what the last line says; None: the file ends before it

    @property
    def missing(self) -> int:
        """How many lines are not there, by what the last one says."""
        return 0 if self.said is None else sum((Counter(self.said) - self.read).values())

    @property
    def whole(self) -> bool:
        """Whether every line is there, up to the last one, and fits."""
        return self.said is not None and not self.bad_lines and not self.missing


def run(db: Database, source: IO[bytes], gap: timedelta, *, write: bool, progress: Progress) -> Result:
    """Import an export; without `write` only say what would be new. Raises DataError where it is none."""
    numbered = _numbered(source)
    _number, first = next(numbered, (1, b""))
    job = _Import(db, Result(_header(first)), gap, write)
    for page in job.pages(numbered):
        job.keep(page)
        progress(job.result.last)
    job.cover()
    job.settle()
    return job.result


def _numbered(source: IO[bytes]) -> Iterator[tuple[int, bytes | None]]:
    """Give the lines with their numbers, one that is too long as None."""
    for number in count(1):
        data = source.readline(lines.MAX_BYTES)
        if not data:
            return
        too_long = False
        while len(data) == lines.MAX_BYTES and not data.endswith(b"\n"):
            data, too_long = source.readline(lines.MAX_BYTES), True
        yield number, None if too_long else data


def _header(data: bytes | None) -> Header:
    try:
        found = lines.read_header(data or b"")
    except LineError as error:
        raise DataError(f"this is no export of mhc: line 1: {error}") from None
    if found.mhc_export != lines.FORMAT:
        said = f"the export has format {found.mhc_export}, this mhc knows {lines.FORMAT}"
        raise DataError(said, hint="install a newer mhc")
    return found


@dataclass(slots=True)
class _Import:
    db: Database
    result: Result
    gap: timedelta
    write: bool
    people: dict[int, int] = field(default_factory=dict)
    streams: dict[int, Stream | None] = field(default_factory=dict)
    since: dict[int, datetime] = field(default_factory=dict)  # of people who were forgotten, and came again
    covered: list[list[tuple[int, Any]]] = field(default_factory=list)  # pages of times that were captured

    def pages(self, numbered: Iterator[tuple[int, bytes | None]]) -> Iterator[list[tuple[int, Any]]]:
        """Give the lines in pages: of one type, and of one stream."""
        page: list[tuple[int, Any]] = []
        kind: tuple[type, int | None] | None = None
        size = 0
        for number, data in numbered:
            line = self._read(number, data)
            if line is None:
                continue
            mine = type(line), getattr(line, "stream", None)
            most = _SESSIONS if isinstance(line, lines.Session) else PAGE
            if page and (mine != kind or len(page) >= most or size >= _PAGE_BYTES):
                yield page
                page, size = [], 0
            kind = mine
            page.append((number, line))
            size += len(data or b"")
        if page:
            yield page

    def _read(self, number: int, data: bytes | None) -> lines.Line | None:
        self.result.last = number
        if self.result.said is not None:
            self._bad(number, "after the last line")
            return None
        try:
            line = lines.read(data) if data is not None else None
        except LineError as error:
            self._bad(number, str(error))
            return None
        if line is None:
            self._bad(number, f"longer than {lines.MAX_BYTES} bytes")
            return None
        if isinstance(line, lines.End):
            self.result.said = line.counts
            return None
        self.result.read[lines.TYPES[type(line)]] += 1
        return line

    def _bad(self, number: int, why: str) -> None:
        self.result.bad_lines += 1
        if len(self.result.bad) < _SHOWN:
            self.result.bad.append((number, why))

    def keep(self, page: Sequence[tuple[int, Any]]) -> None:
        """Keep a page, or hold it back where it says what was captured; what does not fit is named."""
        ready = []
        for number, line in page:
            if self._is_forgotten(line):
                self.result.forgotten += 1
                continue
            try:
                ready.append((number, self._resolved(line)))
            except (LineError, NotAnEventError) as error:
                self._bad(number, str(error))
        kind = type(page[0][1])
        if ready and kind is lines.Coverage:
            self.covered.append(ready)
        elif ready:
            self._keep(kind, ready)

    def _is_forgotten(self, line: Any) -> bool:
        """Whether a line is about a person who was forgotten after it was written."""
        match line:
            case lines.Note():
                refs, at = [line.person], line.created_at
            case lines.Member():
                refs, at = [line.person], line.added_at
            case lines.SessionNote():
                refs, at = [line.room], line.created_at
            case lines.Merge():
                refs, at = [line.keep, line.other], line.at
            case _:
                return False
        return any(
            self.people.get(ref) == transfer_erasures.NOBODY or (ref in self.since and at < self.since[ref])
            for ref in refs
        )

    def settle(self) -> None:
        """See who is here of those who were forgotten where the file was made."""
        if self.write and self.result.read["erasure"]:
            with self.db.write() as conn:
                self.result.pending = transfer_erasures.settle(conn, self.result.header.exported_at)

    def cover(self) -> None:
        """Say what was captured, at the end and only where no line is missing: it may have been one of its events."""
        if not self.result.whole:
            self.result.uncovered = sum(map(len, self.covered))
            return
        for page in self.covered:
            self._keep(lines.Coverage, page)

    def _keep(self, kind: type, ready: Sequence[tuple[int, Any]]) -> None:
        """Keep a page in one transaction; where the database refuses a value, line by line."""
        try:
            with self.db.write() if self.write else self.db.read() as conn:
                done = transfer.keep(conn, kind, [item for _number, item in ready], self._how())
        except RefusedDataError:
            if len(ready) == 1:
                self._bad(ready[0][0], "the database does not take it")
                return
            for one in ready:
                self._keep(kind, [one])
            return
        name = lines.TYPES[kind]
        self.result.new[name] += done.new
        self.result.conflicting += done.conflicting
        self.result.refused[name] += done.refused
        self.result.clashes += done.clashes
        self.people |= done.people
        self.since |= done.since
        self.streams |= done.streams

    def _how(self) -> transfer.How:
        return transfer.How(self.result.header.exported_at, self.gap, write=self.write)

    def _resolved(self, line: Any) -> Any:
        """Give a line with the people and the stream that it names. Raises LineError."""
        match line:
            case lines.Person():
                if not all(map(is_upstream_name, [line.username, *(one.username for one in line.aliases)])):
                    raise LineError("it holds a username that nobody can have")
            case lines.Event():
                return self._event(line)
            case lines.Erasure():
                return line, None if line.heir is None else self._person(line.heir)
            case lines.Stream() | lines.Session() | lines.SessionNote():
                return line, self._room(line.room)
            case lines.Member() | lines.Note():
                return line, self._person(line.person)
            case lines.Merge():
                return line, self._person(line.keep), self._person(line.other)
            case lines.Gap() | lines.Coverage() | lines.Rejected():
                if isinstance(line, lines.Rejected):
                    lines.bytes_of(line)
                return line, self._stream(line.stream)
        return line

    def _event(self, line: lines.Event) -> tuple[Resolved, Stream | None]:
        event = read_event(lines.bytes_of(line), EventId(line.id))
        if event.id.text != line.id or (event.flags & Flag.MADE_ID and not line.id.startswith("h:")):
            raise LineError("its id is not that of what was received")
        people = (None if ref is None else self._person(ref) for ref in (line.room, line.actor, line.partner))
        return Resolved(event, line.received_at, *people), self._stream(line.stream)

    def _room(self, ref: int) -> int:
        room = self._person(ref)
        if room == transfer_erasures.NOBODY:
            raise LineError("its room was forgotten")
        return room

    def _person(self, ref: int) -> int:
        if ref not in self.people:
            raise LineError(f"it names person {ref}, who has no line before it")
        return self.people[ref]

    def _stream(self, ref: int) -> Stream | None:
        if ref not in self.streams:
            raise LineError(f"it names stream {ref}, which has no line before it")
        return self.streams[ref]
