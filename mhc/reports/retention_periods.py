"""The periods of a room's life that retention counts people by: local weeks and months, or sessions."""

from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum
from itertools import accumulate
from typing import TYPE_CHECKING, NamedTuple

from mhc.domain.clock import EPOCH
from mhc.domain.figures import covered_share
from mhc.domain.periods import By, Clock
from mhc.domain.spans import Pair, joined
from mhc.store import attendance, coverage, sessions
from mhc.store.attendance import Stretch

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from mhc.domain.sessions import Span

_DAY = timedelta(days=1)


class Of(StrEnum):
    """What a period is."""

    WEEK = "week"
    MONTH = "month"
    SESSION = "session"


class Wanted(NamedTuple):
    """Which periods: of the rows of one room, in a half-open range (None: open), seen `now`."""

    room_ids: Sequence[int]
    since: datetime | None
    until: datetime | None
    of: Of
    clock: Clock
    now: datetime

    @property
    def end(self) -> datetime:
        """The end of the range, or now: what is to come is in no period."""
        return self.now if self.until is None else min(self.until, self.now)


@dataclass(frozen=True, slots=True)
class Period:
    """One period. `since` and `until` bound the part of it that was asked for and is over.

    Who is first seen from `new_from` on is new in it. `whole`: all of it was asked for, is over, and lies after the
    beginning of what was captured. `captured` is which share of that part was; None: nothing.
    """

    begin: datetime
    end: datetime | None  # None: a session that lasts
    day: date | None  # the first of a week or month
    room_ids: Sequence[int]
    since: datetime
    until: datetime
    new_from: datetime
    whole: bool
    captured: float | None

    @property
    def known(self) -> bool:
        """Whether anything of it was captured."""
        return self.captured is not None

    @property
    def started_at(self) -> datetime | None:
        """When it began, where it is a session."""
        return self.begin if self.day is None else None

    @property
    def over(self) -> bool:
        """Whether it ended in the range."""
        return self.until == self.end


class Periods(NamedTuple):
    """The periods of a range in order of time, and the one before them, to which the first is compared."""

    before: Period | None
    listed: Sequence[Period]

    @property
    def all(self) -> list[Period]:
        """All of them."""
        return [*([] if self.before is None else [self.before]), *self.listed]


class _Cut:
    """What makes a period of a time: the range, and what was captured."""

    def __init__(self, conn: "Connection", wanted: Wanted) -> None:
        by_room = coverage.live_spans(conn, wanted.room_ids)
        self._spans: list[Pair] = joined(span for spans in by_room.values() for span in spans)
        self._ends = [end for _begin, end in self._spans]
        self._wanted = wanted
        self.first = self._spans[0][0] if self._spans else None

    def period(
        self,
        begin: datetime,
        end: datetime | None,
        room_ids: Sequence[int],
        *,
        day: date | None = None,
        new_from: datetime,
        ahead: bool = False,
    ) -> Period:
        """Give a period, cut to the range; `ahead` is for the one before the range."""
        bound = None if ahead else self._wanted.since
        since = begin if bound is None else max(begin, bound)
        until = self._wanted.end if end is None else min(end, self._wanted.end)
        over = end is not None and end <= self._wanted.end
        whole = over and since == begin and self.first is not None and self.first <= begin
        captured = self._captured(since, until)
        return Period(begin, end, day, room_ids, since, until, new_from, whole, captured)

    def _captured(self, since: datetime, until: datetime) -> float | None:
        first = bisect_right(self._ends, since)
        last = bisect_left(self._spans, (until, until), lo=first)
        return covered_share(self._spans[first:last], since, until) or None


def read(conn: "Connection", wanted: Wanted) -> Periods:
    """Give the periods of a range, from the first on of which anything is known."""
    cut = _Cut(conn, wanted)
    if wanted.of is Of.SESSION:
        return _sessions(conn, wanted, cut)
    clock, by = wanted.clock, By(wanted.of.value)
    since = _since(conn, wanted, cut)
    days = list(clock.periods(since, wanted.end, by))
    if not days:
        return Periods(None, [])

    def period(day: date, *, ahead: bool = False) -> Period:
        begin, end = clock.span(day, by)
        return cut.period(begin, end, wanted.room_ids, day=day, new_from=begin, ahead=ahead)

    before = period(clock.first_day(days[0] - _DAY, by), ahead=True)
    return Periods(before, [period(day) for day in days])


def _since(conn: "Connection", wanted: Wanted, cut: _Cut) -> datetime:
    """Give the first instant to ask about: before anything is known of the room there are no periods."""
    if wanted.since is not None and cut.first is not None and cut.first <= wanted.since:
        return wanted.since
    seen = attendance.first_seen(conn, wanted.room_ids)  # a pasted page may tell of a time before the capture
    first = min((at for at in (cut.first, seen) if at is not None), default=wanted.now)
    return first if wanted.since is None else max(wanted.since, first)


def _sessions(conn: "Connection", wanted: Wanted, cut: _Cut) -> Periods:
    """Give the sessions of a range: who came while the room was dark before one, and stayed, is new in that one."""
    found = sorted(
        (span.started_at, number, room, span)
        for room, spans in sessions.spans(conn, wanted.room_ids).items()
        for number, span in spans
        if span.started_at < wanted.end
    )
    shows = [(room, span) for _at, _number, room, span in found]
    ends = list(accumulate((span.ended_at or wanted.now for _room, span in shows), max))
    inside = [place for place, (_room, span) in enumerate(shows) if _touches(span, wanted)]
    if not inside:
        return Periods(None, [])

    def period(place: int, *, ahead: bool = False) -> Period:
        room, span = shows[place]
        new_from = ends[place - 1] if place else EPOCH
        return cut.period(span.started_at, span.ended_at, [room], new_from=new_from, ahead=ahead)

    before = period(inside[0] - 1, ahead=True) if inside[0] else None
    return Periods(before, [period(place) for place in inside])


def _touches(span: "Span", wanted: Wanted) -> bool:
    if wanted.since is None or span.started_at >= wanted.since:
        return True
    return span.ended_at is None or span.ended_at > wanted.since


def stretches(conn: "Connection", periods: Sequence[Period]) -> Iterator[Stretch]:
    """Give the times to ask for, under the places of their periods.

    A visit ends with a session at the latest: so nobody who came before the end of the last one is still there.
    """
    room_ids = sorted({room for one in periods for room in one.room_ids})
    ends = {
        room: sorted(span.ended_at for _id, span in spans if span.ended_at is not None)
        for room, spans in sessions.spans(conn, room_ids).items()
    }
    for number, one in enumerate(periods):
        for room in one.room_ids:
            before = ends.get(room, [])
            place = bisect_right(before, one.since)
            after = before[place - 1] if place else EPOCH
            yield Stretch(number, room, after, one.since, one.until)
