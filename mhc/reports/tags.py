"""What tags go with tokens (analysis.md, `tags`): tokens by the hour live and captured in which the subject had a tag.

A subject has several tags, so that the time of one is that of others, too: rows overlap, and never add up to the whole.
Time whose subject nobody knows counts for none, and is told apart.
"""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, NamedTuple

from mhc.domain import subjects
from mhc.domain.clock import to_ms
from mhc.domain.periods import Clock
from mhc.domain.rooms import Show, Source
from mhc.domain.sessions import Calendar
from mhc.domain.spans import Pair, cut, joined, shared
from mhc.domain.subjects import Sign, Stretch
from mhc.reports.frame import Crowd
from mhc.reports.timing import count_left_out
from mhc.store import coverage, room_readings, room_texts, sessions, stretches
from mhc.store.minutes import Metric

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from mhc.store.counting import Scope

_HOUR = timedelta(hours=1)
_INSTANT = timedelta(milliseconds=1)


class Rate(NamedTuple):
    """What was paid in a time, and by its hour; None where there was no such time."""

    tokens: int
    hours: float
    per_hour: float | None


@dataclass(frozen=True, slots=True)
class Row:
    """One tag; None is all subjects without any."""

    tag: str | None
    tokens: int
    hours: float  # live and captured
    per_hour: float
    sessions: int
    first_on: str
    last_on: str


class Report(NamedTuple):
    """The tags, the best first, equals by name.

    Beside them the whole room, and what of it has no known subject; None where nothing was captured.
    """

    rows: Sequence[Row]
    whole: Rate | None
    unknown: Rate | None
    sources: Sequence[str]
    excluded: int


class Asked(NamedTuple):
    """By which clock days are; a session that lasts ends `now`."""

    clock: Clock
    now: datetime
    include_excluded: bool = False


@dataclass(slots=True)
class _Tally:
    tokens: int = 0
    time: timedelta = timedelta()
    sessions: set[tuple[int, int]] = field(default_factory=set)
    ends: list[datetime] = field(default_factory=list)

    def add(self, one: Stretch, tokens: int, touched: set[tuple[int, int]]) -> None:
        self.tokens += tokens
        self.time += one.end - one.begin
        self.sessions |= touched
        self.ends = [min([one.begin, *self.ends]), max([one.end, *self.ends])]

    @property
    def rate(self) -> Rate:
        per_hour = round(self.tokens * _HOUR / self.time, 2) if self.time else None
        return Rate(self.tokens, round(self.time / _HOUR, 2), per_hour)


def read(conn: "Connection", scope: "Scope", asked: Asked) -> Report:
    """Give the tokens by live hour of each tag of the rooms' own subjects."""
    crowd = Crowd(conn, include_excluded=asked.include_excluded)
    left_out = crowd.rows(crowd.excluded)
    tallies: dict[str | None, _Tally] = defaultdict(_Tally)
    whole, unknown, sources = _Tally(), _Tally(), {"events"}
    captured = coverage.live_spans(conn, scope.room_ids)
    for room, live in sessions.live_time(conn, scope.room_ids, asked.now).items():
        known = _Room(conn, room, sorted(crowd.rows([crowd.root(room)])), captured.get(room, ()))
        parts = list(_cut(known.stretches(live, scope), scope))
        sources |= known.sources
        calendar = [span for _id, span in sessions.spans(conn, [room]).get(room, ())]
        touched = _Touched(room, Calendar(calendar, asked.now))
        paid = stretches.tokens(conn, room, [(one.begin, one.end) for one in parts], left_out)
        for one, tokens in zip(parts, paid, strict=True):
            these = [unknown] if one.tags is None else [tallies[tag] for tag in one.tags or (None,)]
            for tally in (whole, *these):
                tally.add(one, tokens, touched.by(one))
    rows = [_row(tag, tally, asked.clock) for tag, tally in tallies.items()]
    rows.sort(key=lambda row: (-row.per_hour, row.tag is None, row.tag or ""))
    gone = count_left_out(conn, scope, Metric.TOKENS, crowd)
    is_known = any(True for one in captured.values() for _part in cut(one, scope.since, scope.until))
    of_whole, of_unknown = (whole.rate, unknown.rate) if is_known else (None, None)
    return Report(rows, of_whole, of_unknown, sorted(sources, reverse=True), gone)


class _Touched(NamedTuple):
    """In which sessions of a room a stretch lies."""

    room: int
    calendar: Calendar

    def by(self, one: Stretch) -> set[tuple[int, int]]:
        begin, end = to_ms(one.begin), to_ms(one.end)
        return {(self.room, place) for place in self.calendar.touched(begin, end)}


class _Room:
    """One room: what it said of itself, by its events, and by the feed of rooms where these say nothing."""

    def __init__(self, conn: "Connection", room: int, rows: Sequence[int], captured: Sequence[Pair]) -> None:
        self._conn, self._room, self._rows = conn, room, rows
        self._captured = joined(captured)
        self.sources: set[str] = set()

    def stretches(self, live: Sequence[Pair], scope: "Scope") -> Iterator[Stretch]:
        """Give its time live and captured, whole stretches of which a part is asked for, by the subject in force."""
        spans = [span for span in shared(live, self._captured) if any(cut([span], scope.since, scope.until))]
        if not spans:
            return iter(())
        told = self._told(spans[0][0], spans[-1][1])
        found = list(subjects.in_force(spans, self._captured, told))
        dim = [one for one in found if one.tags is None]
        return subjects.filled(found, self._read(dim[0].begin, dim[-1].end) if dim else ())

    def _told(self, since: datetime, until: datetime) -> list[Sign]:
        unbroken = max(begin for begin, _end in self._captured if begin <= since)
        before = stretches.subject_before(self._conn, self._room, unbroken, since)
        changes = stretches.subjects(self._conn, self._room, since, until)
        return [
            Sign(one.at, None if one.subject is None else subjects.tags(one.subject))
            for one in ([] if before is None else [before]) + changes
        ]

    def _read(self, since: datetime, until: datetime) -> list[Sign]:
        seen = room_readings.of_people(self._conn, self._rows, Source.AFFILIATE, since, until)
        said = [one for one in seen if one.show is not Show.OFFLINE and one.text_id is not None]
        tags = room_texts.tags(self._conn, {one.text_id for one in said if one.text_id is not None})
        if said:
            self.sources.add(Source.AFFILIATE.word)
        return [Sign(one.at, frozenset(tags[one.text_id])) for one in said if one.text_id in tags]


def _cut(found: Iterator[Stretch], scope: "Scope") -> Iterator[Stretch]:
    for one in found:
        for begin, end in cut([(one.begin, one.end)], scope.since, scope.until):
            yield Stretch(begin, end, one.tags)


def _row(tag: str | None, tally: _Tally, clock: Clock) -> Row:
    tokens, hours, per_hour = tally.rate
    first, last = tally.ends
    return Row(
        tag=tag,
        tokens=tokens,
        hours=hours,
        per_hour=per_hour or 0.0,
        sessions=len(tally.sessions),
        first_on=clock.day(first).isoformat(),
        last_on=clock.day(last - _INSTANT).isoformat(),
    )
