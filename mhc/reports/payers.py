"""Who paid, person by person: for whom a payment counts, and what it comes to."""

from array import array
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from sys import maxsize
from typing import TYPE_CHECKING, Final, NamedTuple

from mhc.domain.sessions import FAR, Calendar
from mhc.store import pairs, people, sessions, watchlists
from mhc.store import payments as store
from mhc.store.payments import Sum

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from mhc.store.counting import Scope
    from mhc.store.payments import Quarter

Who = int | None
ANONYMOUS: Final = None  # the key of the one row of all who did not want to be named


class Counting(NamedTuple):
    """For whom payments count; `reveal` counts the anonymous for whoever made them."""

    reveal: bool = False
    include_excluded: bool = False
    with_alternates: bool = False


class Payers:
    """Finds for whom a payment counts: a person, or the one row of those without a name."""

    def __init__(self, conn: "Connection", how: Counting) -> None:
        """Look up who was merged, who is excluded, and who is whose alternate."""
        self.how = how
        self._roots = people.roots(conn)
        self.excluded = frozenset[Who]() if how.include_excluded else frozenset(watchlists.excluded_ids(conn))
        left_out = [who for who in self.excluded if who is not None]
        self._one_of = pairs.alternates(conn, left_out) if how.with_alternates else {}

    def person(self, row_id: int) -> int:
        """Give whom a row of a person counts for."""
        root = self._roots.get(row_id, row_id)
        return self._one_of.get(root, root)

    def of(self, number: int) -> Who:
        """Give for whom the payments of a number of the store count."""
        payer = store.payer(number)
        if payer.actor_id is None or (payer.anonymous and not self.how.reveal):
            return ANONYMOUS
        return self.person(payer.actor_id)

    def rows(self, persons: Iterable[int]) -> set[int]:
        """Give all rows of some people."""
        wanted = set(persons)
        return wanted | {row for row in [*self._roots, *self._one_of] if self.person(row) in wanted}

    def add_up(self, sums: Mapping[int, Sum]) -> dict[Who, Sum]:
        """Give the sums of the store by whom they count for; of those who are excluded, too."""
        found: dict[Who, Sum] = {}
        for number, one in sums.items():
            who = self.of(number)
            before = found.get(who)
            found[who] = one if before is None else Sum(before.tokens + one.tokens, before.tips + one.tips)
        return found


@dataclass(slots=True)
class Tally:
    """What somebody paid: their tips, and the tokens of their media."""

    tips: "array[int]" = field(default_factory=lambda: array("i"))
    media: int = 0
    first_ms: int = maxsize
    last_ms: int = 0  # 0: of no tip the time is known
    sessions: int = 0  # a bit each: sets would take most of the memory

    @property
    def tokens(self) -> int:
        """Give what it comes to."""
        return sum(self.tips) + self.media

    def join(self, other: "Tally") -> None:
        """Take in what the same person paid by another name."""
        self.tips += other.tips
        self.media += other.media
        self.first_ms = min(self.first_ms, other.first_ms)
        self.last_ms = max(self.last_ms, other.last_ms)
        self.sessions |= other.sessions


def tallies(conn: "Connection", scope: "Scope", payers: Payers) -> dict[Who, Tally]:
    """Count what each paid in a scope; those who are excluded, too."""
    by_number: dict[int, Tally] = {}
    calendars, first = {}, 0
    for room_id, spans in sessions.spans(conn, scope.room_ids).items():
        calendars[room_id] = _Bits(Calendar([span for _id, span in spans], FAR), first)
        first += len(spans)
    none = _Bits(Calendar([], FAR), 0)
    for quarter in store.quarters(conn, scope):
        _count(by_number, quarter, calendars.get(quarter.room_id, none))
    found: dict[Who, Tally] = {}
    for number, tally in by_number.items():
        who = payers.of(number)
        if who in found:
            found[who].join(tally)
        else:
            found[who] = tally
    return found


class _Bits(NamedTuple):
    """A room's sessions, and the number of its first one among those of all rooms."""

    calendar: Calendar
    first: int

    def around(self, at_ms: int) -> tuple[int, float]:
        """Give the bit of the session of an instant, 0 for none, and the end of the time that has it."""
        place, _begin, end = self.calendar.around(at_ms)
        return 0 if place is None else 1 << self.first + place, end


def _count(found: dict[int, Tally], quarter: "Quarter", bits: _Bits) -> None:
    """Count payments, of which there are hundreds of thousands: nothing is called that need not be."""
    begins = quarter.begins_ms
    bit, end = bits.around(begins)
    for time, who, tokens in quarter.records:
        at_ms = begins + (time >> 1)
        if at_ms >= end:
            bit, end = bits.around(at_ms)
        tally = found.get(who)
        if tally is None:
            tally = found[who] = Tally()
        if not time & 1:
            tally.media += tokens
            continue
        tally.tips.append(tokens)
        if at_ms > tally.last_ms:  # noqa: PLR1730  a call of max would take as long as all the rest
            tally.last_ms = at_ms
        if 0 < at_ms < tally.first_ms:  # 0: a pasted line of unknown time
            tally.first_ms = at_ms
        tally.sessions |= bit
