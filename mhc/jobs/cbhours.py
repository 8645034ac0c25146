"""Asking CBHours about rooms, and keeping what it says: each answer as soon as it came, in a transaction of its own."""

import logging
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING, Final, TypeVar

from mhc.clients.cbhours import MOST_NAMES, Activity, CbhoursClient, Live, LiveRoom, Months, Segment, spans
from mhc.clients.failures import NotKnownError, UpstreamError
from mhc.clients.pacing import Pacer
from mhc.config import Settings
from mhc.domain import metrics
from mhc.domain.rooms import Reading, Scope, Show, Source, marks
from mhc.errors import CheckError, DataError
from mhc.jobs.aside import put_aside
from mhc.jobs.pulling import Surroundings
from mhc.jobs.questions import About, Question
from mhc.store import erasures, misses, observations, people, room_readings, room_segments, snapshots
from mhc.store.observations import Poll
from mhc.store.people import Role
from mhc.store.room_segments import Past
from mhc.store.snapshots import Asked

if TYPE_CHECKING:
    from sqlalchemy import Connection

T = TypeVar("T")
log = logging.getLogger("mhc.pull")

SOURCE: Final = "cbhours"  # of whom it does not know, and of answers that are kept aside
ASKED: Final = Asked(SOURCE)  # the months in which it saw a room
_QUESTION: Final = Question(SOURCE, About.MODEL)
_LOST: Final = 2  # rooms that it knew, and all of which it does not know any more: that is no answer
_KNEW_FOR: Final = timedelta(days=1)
_MILLISECOND: Final = timedelta(milliseconds=1)
_DAY: Final = timedelta(days=1)


@dataclass(slots=True)
class Told:
    """What CBHours said in all: rooms that are online and offline, whom it does not know, of whom it said nothing."""

    at: datetime
    asked: int = 0
    requests: int = 0
    online: int = 0
    offline: int = 0
    unknown: list[str] = field(default_factory=list)
    silent: list[str] = field(default_factory=list)
    kept: int = 0
    new_people: int = 0
    new_texts: int = 0
    again: bool = False  # an answer of that time was kept already
    segments: int = 0  # readings of the past that are new
    past: set[str] = field(default_factory=set)  # rooms of which it said what it saw
    months: set[date] = field(default_factory=set)
    problems: list[str] = field(default_factory=list)


class Asking:
    """Asks, and keeps. Without `write` it says what would be kept, which no request changes."""

    def __init__(self, around: Surroundings, *, write: bool = True) -> None:
        self._around = around
        self._write = write
        self.told = Told(around.now())
        self._last = self.told.at - _MILLISECOND

    @contextmanager
    def client(self) -> Iterator[CbhoursClient]:
        """Give the client. Once the surroundings stop, it waits for no turn."""
        one = self._around.settings
        pacer = Pacer(one.state_dir, sleep=self._around.stop.wait)
        with closing(CbhoursClient(one.cbhours_url, pacer, wait_scale=one.wait_scale)) as made:
            yield made

    def live(self, client: CbhoursClient, names: Sequence[str], scope: Scope = Scope.SOME) -> None:
        """Ask how rooms are now, 50 a request. Raises UpstreamError, PacedError, StoppedError, CheckError."""
        for start in range(0, len(names), MOST_NAMES):
            if self._around.stop.is_set():
                return
            part = names[start : start + MOST_NAMES]
            self.ask_live(part, partial(client.fetch_live, part), scope)

    def ask_live(self, names: Sequence[str], ask: Callable[[], Live], scope: Scope = Scope.SOME) -> None:
        """Put one question about rooms, or read a saved answer, and keep what it says."""
        at = self._around.now()  # before it is asked: who is forgotten meanwhile is not made again
        try:
            answer = self._asked(ask)
        except NotKnownError:
            if len(names) != 1:
                raise
            answer = Live((), tuple(names), (), b"", ())
        self._take_live(answer, names, at, scope)

    def _take_live(self, answer: Live, names: Sequence[str], at: datetime, scope: Scope) -> None:
        """Keep an answer about rooms. Raises CheckError where it cannot be true; then nothing is kept of it."""
        told = self.told
        at = self._last = max(at, self._last + _MILLISECOND)
        told.asked += len(names) or len(answer.rooms) + len(answer.unknown)
        told.requests += 1
        self._complain(answer.problems)
        readings = [_reading(one) for one in answer.rooms]
        kept, met, texts = len(readings), 0, 0
        if self._write:
            poll = Poll(at, Source.CBHOURS, len(readings), len(names), scope, not answer.silent)
            with self._around.db.write() as conn:
                self._doubt(conn, answer, at)
                gone = erasures.covering(conn, min(at, self._around.began))
                done = observations.add_poll(conn, poll, [one for one in readings if not gone(one.username)])
                kept, met, texts = done.rooms, done.new_people, done.new_texts
                told.again = told.again or done.again
                misses.clear(conn, SOURCE, [one.username for one in answer.rooms])
                misses.note(conn, SOURCE, [name for name in answer.unknown if not gone(name)], at=at)
        told.kept += kept
        told.new_people += met
        told.new_texts += texts
        told.online += sum(one.online for one in answer.rooms)
        told.offline += sum(not one.online for one in answer.rooms)
        told.unknown += answer.unknown
        told.silent += answer.silent

    def _doubt(self, conn: "Connection", answer: Live, at: datetime) -> None:
        """Raise CheckError where nobody of those is known to it whom it knew until now."""
        if answer.rooms or len(answer.unknown) < _LOST:
            return
        known = room_readings.asked_last(conn, Source.CBHOURS, at - _KNEW_FOR)
        lost = known.keys() & set(people.ids_of(conn, answer.unknown).values())
        if len(lost) >= _LOST:
            raise CheckError(
                f"CBHours knows none of {len(lost)} rooms that it knew: nothing was kept of it",
                hint="look at the source itself; ask again later",
            )

    def months(self, client: CbhoursClient, name: str) -> Months:
        """Ask in which months a room was seen. Raises UpstreamError; who is not known is noted."""
        self.told.requests += 1
        found = self._known(name, lambda: client.fetch_months(name))
        self.told.months.update(found.months)
        return found

    def past(self, client: CbhoursClient, name: str, first: date | None, last: date) -> int:
        """Ask what was seen of a room from a day on (None: all of it), the latest days first; give the new readings.

        Asks about days of months in which it was seen, and about no others. That all of it came is noted at the end.
        """
        months, new, began = self.months(client, name), 0, self._around.now()
        for start, end in asked_for(months.months, first, last):
            if self._around.stop.is_set():
                return new
            new += self.ask_past(name, partial(client.fetch_activity, name, start, end))
        if self._write:
            self._note_whole(name, months, began)
        return new

    def _note_whole(self, name: str, months: Months, at: datetime) -> None:
        """Keep in which months a room was seen, as a reading: from its day on nothing older has to be asked for."""
        with self._around.db.write() as conn:
            if erasures.covering(conn, self._around.began)(name):
                return
            who = people.ensure(conn, [name], source=SOURCE, at=at, role=Role.MODEL)[name]
            figures = metrics.read(SOURCE, months)
            snapshots.add(conn, [snapshots.Reading(who, ASKED, at, months.payload, figures)])
            misses.clear(conn, SOURCE, [name])

    def ask_past(self, name: str, ask: Callable[[], Activity]) -> int:
        """Put one question about what was seen of a room, or read a saved answer; give how many readings are new."""
        at = self._around.now()
        self.told.requests += 1
        found = self._known(name, ask)
        if found.username not in {None, name}:
            raise DataError(f"the activity is that of {found.username}, not of {name}")
        self._complain(found.problems)
        if found.minutes and not found.segments:
            self.told.problems.append(f"{name}: {found.minutes} minutes online, and no details of them")
        segments = [_of_segment(name, one) for one in found.segments]
        new = len(segments)
        if self._write:
            with self._around.db.write() as conn:
                asked_at = min(at, self._around.began)
                new = room_segments.add(conn, name, Source.CBHOURS, segments, at=asked_at)
                misses.clear(conn, SOURCE, [name])
        self.told.segments += new
        self.told.past.add(name)
        return new

    def _known(self, name: str, ask: Callable[[], T]) -> T:
        """Ask about one room, and note where it is not known."""
        try:
            return self._asked(ask)
        except NotKnownError:
            self.told.unknown.append(name)
            if self._write:
                with self._around.db.write() as conn:
                    if not erasures.covering(conn, self._around.began)(name):
                        misses.note(conn, SOURCE, [name], at=self._around.now())
            raise

    def _asked(self, ask: Callable[[], T]) -> T:
        """Ask; an answer of another form is kept to be looked at."""
        try:
            return ask()
        except UpstreamError as error:
            if isinstance(error, DataError) and error.answer is not None:
                path = put_aside(self._around.settings.state_dir, _QUESTION, error.answer)
                error.hint = f"{error.hint or 'its form may have changed'}; kept in {path}"
            raise

    def _complain(self, problems: Sequence[str]) -> None:
        for problem in problems:
            log.warning("%s: %s", SOURCE, problem)
        self.told.problems += problems


def asked_for(months: Sequence[date], first: date | None, last: date) -> Iterator[tuple[date, date]]:
    """Give the days to ask about, in spans that may be asked for, the latest first: those of months, and one around.

    In which zone it counts months is not documented.
    """
    days: list[tuple[date, date]] = []
    for month in sorted(months, reverse=True):
        start, end = max(month - _DAY, first or date.min), min(_next(month), last)
        if start > end:
            continue
        if days and end >= days[-1][0]:
            days[-1] = start, days[-1][1]
        else:
            days.append((start, end))
    for start, end in days:
        yield from spans(start, end)


def kept_from(loaded: Settings, now: datetime) -> date | None:
    """Give the first day whose readings `[retention]` keeps whole; None where it keeps all."""
    lasts = loaded.keep_observations
    return None if lasts is None else (now - lasts).date() + _DAY


def latest(*days: date | None) -> date | None:
    """Give the latest of the days that there are."""
    return max((one for one in days if one is not None), default=None)


def _next(month: date) -> date:
    return (month + 31 * _DAY).replace(day=1)


def _reading(one: LiveRoom) -> Reading:
    if not one.online:
        return Reading(one.username, show=Show.OFFLINE, tags=None)
    return Reading(
        one.username,
        show=_show(one.current_show),
        viewers=one.viewers,
        followers=one.followers,
        flags=marks(new=one.is_new, hd=None, gender=one.gender),
        subject=one.room_subject,
        tags=one.tags,
        rank=one.rank,
        gender_rank=one.gender_rank,
    )


def _of_segment(name: str, one: Segment) -> Past:
    reading = Reading(
        name,
        show=_show(one.show),
        viewers=one.viewers,
        followers=one.followers,
        flags=marks(new=None, hd=None, gender=one.gender),
        tags=None,
        rank=one.rank,
        gender_rank=one.gender_rank,
    )
    return Past(one.at, reading)


def _show(word: str | None) -> Show | None:
    return None if word is None else Show[word.upper()]
