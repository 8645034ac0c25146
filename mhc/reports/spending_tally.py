"""What one person paid, counted: in all, by amount, quarter of an hour, session and item of the menu."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from math import inf
from typing import TYPE_CHECKING

from mhc.domain.clock import from_ms
from mhc.domain.sessions import FAR, Calendar, Span
from mhc.domain.spans import cut
from mhc.reports.tipmenu import Key, Menus
from mhc.store import coverage, payments, sessions, spending
from mhc.store.line_counts import QUARTER_MS

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from mhc.reports.frame import Crowd
    from mhc.store.counting import Scope
    from mhc.store.payments import Payment, Quarter

_QUARTER = timedelta(minutes=15) // timedelta(milliseconds=1)  # every zone's hours begin at one of UTC's
Evening = tuple[int, int]  # a room, and which of its sessions


@dataclass(slots=True)
class Part:
    """Some payments; the largest and the last are those of tips."""

    tokens: int = 0
    tips: int = 0
    largest: int | None = None
    first_ms: int = 0
    last_ms: int = 0

    def add(self, one: "Payment") -> None:
        """Count a payment."""
        self.tokens += one.tokens
        if not one.is_tip:
            return
        self.tips += 1
        if self.largest is None or one.tokens > self.largest:
            self.largest = one.tokens
        if one.at_ms:  # 0: a pasted line of unknown time
            self.first_ms = min(self.first_ms or one.at_ms, one.at_ms)
            self.last_ms = max(self.last_ms, one.at_ms)


@dataclass(slots=True)
class Tally:
    """What somebody paid; the session None is outside of sessions, or at a time that nobody knows."""

    all: Part = field(default_factory=Part)
    media: int = 0
    amounts: Counter[int] = field(default_factory=Counter)
    sessions: dict[Evening | None, Part] = field(default_factory=lambda: defaultdict(Part))
    items: dict[Key, Part] = field(default_factory=lambda: defaultdict(Part))
    _quarters: dict[int, Part] = field(default_factory=lambda: defaultdict(Part))

    def add(self, one: "Payment", evening: Evening | None, item: Key | None) -> None:
        """Count a payment for its session and the item of the menu that it matches (None: there is no menu)."""
        self.all.add(one)
        self.sessions[evening].add(one)
        if one.at_ms:
            self._quarters[one.at_ms // _QUARTER].add(one)
        if not one.is_tip:
            self.media += one.tokens > 0
            return
        self.amounts[one.tokens] += 1
        if item is not None:
            self.items[item].add(one)

    @property
    def quarters(self) -> Sequence[tuple[datetime, Part]]:
        """Give the quarters of an hour in which anything was paid, the earliest first."""
        return [(from_ms(number * _QUARTER), self._quarters[number]) for number in sorted(self._quarters)]


class Evenings:
    """The sessions of a scope, and which of them holds a payment."""

    def __init__(self, conn: "Connection", scope: "Scope") -> None:
        """Look up the sessions of the scope's rooms."""
        by_room = sessions.spans(conn, scope.room_ids)
        self._spans = {room: [span for _id, span in found] for room, found in by_room.items()}
        self._calendars = {room: Calendar(spans, FAR) for room, spans in self._spans.items()}

    def of(self, one: "Payment") -> Evening | None:
        """Give the session in which something was paid."""
        return self.at(one.room_id, one.at_ms)

    def at(self, room_id: int, at_ms: int) -> Evening | None:
        """Give the session of an instant."""
        calendar = self._calendars.get(room_id)
        place = None if calendar is None else calendar.place(at_ms)
        return None if place is None else (room_id, place)

    def part(self, quarter: "Quarter") -> "Iterator[tuple[Evening | None, int]]":
        """Give the tokens of a quarter of an hour by its sessions; mostly it is of one, or of none."""
        begins, room_id, records = quarter
        calendar = self._calendars.get(room_id)
        place, _begin, end = (None, 0, inf) if calendar is None else calendar.around(begins)
        if end >= begins + QUARTER_MS:
            yield None if place is None else (room_id, place), sum(tokens for _time, _who, tokens in records)
            return
        for time, _who, tokens in records:
            yield self.at(room_id, begins + (time >> 1)), tokens

    def span(self, evening: Evening) -> Span:
        """Give when a session was."""
        room, place = evening
        return self._spans[room][place]


class Room:
    """What a room got from everyone who counts: in all, and in some sessions."""

    def __init__(
        self,
        conn: "Connection",
        scope: "Scope",
        evenings: Evenings,
        wanted: Iterable[Evening | None],
        crowd: "Crowd",
        accounts: Sequence[int],
        *,
        reveal: bool,
    ) -> None:
        """Count it; of those who are left out only what the `accounts` gave, and what stays anonymous."""
        self.tokens = 0
        self.by_evening: dict[Evening | None, int] = {one: 0 for one in wanted if one is not None}
        for quarter in payments.quarters(conn, scope):
            for evening, tokens in evenings.part(quarter):
                self._add(tokens, evening)
        left_out = sorted(crowd.rows(crowd.excluded - set(accounts)))
        for one in spending.of_people(conn, scope, left_out, reveal=reveal):
            if not crowd.counts(one.actor_id):
                self._add(-one.tokens, evenings.of(one))

    def _add(self, tokens: int, evening: Evening | None) -> None:
        self.tokens += tokens
        if evening in self.by_evening:
            self.by_evening[evening] += tokens


def tally(
    conn: "Connection",
    scope: "Scope",
    person_ids: Sequence[int],
    evenings: Evenings,
    menus: Menus | None,
    *,
    reveal: bool,
) -> Tally:
    """Count what some rows of people paid in a scope; anonymous payments where `reveal` says so."""
    found = Tally()
    for one in spending.of_people(conn, scope, person_ids, reveal=reveal):
        item = None if menus is None else menus.at(one.room_id, one.at_ms, one.tokens)
        found.add(one, evenings.of(one), item)
    return found


def was_heard(conn: "Connection", scope: "Scope") -> bool:
    """Whether any of a scope was captured: else that somebody paid nothing in it is not known."""
    spans = coverage.live_spans(conn, scope.room_ids).values()
    return any(True for room in spans for _span in cut(room, scope.since, scope.until))
