"""Both sides of a room's income: the rows of the ledger and the captured payments, and which is which."""

from bisect import bisect_right
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta, tzinfo
from itertools import accumulate
from typing import TYPE_CHECKING, Final, NamedTuple

from mhc.domain import ledger as rules
from mhc.domain.ledger_match import TOLERANCE_MS, match
from mhc.domain.spans import joined
from mhc.store import coverage, ledger, payments
from mhc.store.counting import Scope

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from mhc.store.ledger import Row as Stored

_NEAR: Final = timedelta(milliseconds=TOLERANCE_MS)


class Wanted(NamedTuple):
    """Of which room, in which half-open time, by session, day or type; days are those of `tz`."""

    room_ids: Sequence[int]
    since: datetime | None
    until: datetime | None
    by: str
    tz: tzinfo
    include_excluded: bool = False


class Spans:
    """Times, which may overlap, both ends included."""

    def __init__(self, spans: Iterable[tuple[datetime, datetime]]) -> None:
        ordered = sorted(spans)
        self._begins = [begin for begin, _end in ordered]
        self._ends = list(accumulate((end for _begin, end in ordered), max))

    def hold(self, at: datetime) -> bool:
        """Whether an instant lies in one of them."""
        place = bisect_right(self._begins, at)
        return place > 0 and at <= self._ends[place - 1]


class Book:
    """Both sides of a room's income in a range, and what is known of when each of them was complete."""

    def __init__(self, conn: "Connection", wanted: Wanted) -> None:
        since = None if wanted.since is None else wanted.since - _NEAR
        until = None if wanted.until is None else wanted.until + _NEAR
        self.wanted = wanted
        self.rows = ledger.list_all(conn, wanted.room_ids, since, until)
        self.entries = [row.entry for row in self.rows]
        found = payments.list_all(conn, Scope(wanted.room_ids, since, until))
        # Where there is nothing to match them with they are read once, and need not stay.
        self.payments: Iterable[payments.Payment] = list(found) if self.rows else found
        self.whole = Spans(rules.whole(self.entries))
        by_room = coverage.live_spans(conn, wanted.room_ids)
        heard = [span for spans in by_room.values() for span in spans]
        self.heard, self.listened = joined(heard), Spans(heard)
        whose = (
            [*(row.person_id for row in self.rows), *(one.actor_id for one in self.payments)]
            if self.rows
            else []
        )
        self.names = ledger.called(conn, whose)

    def within(self, at: datetime) -> bool:
        """Whether an instant lies in the range."""
        begin, end = self.wanted.since, self.wanted.until
        return (begin is None or begin <= at) and (end is None or at < end)

    def pairs(self) -> dict[int, int]:
        """Give which row of the ledger is which captured payment, by their places."""
        if not self.rows:
            return {}
        sides = [ledger.side(row.entry, self.who(row), place) for place, row in enumerate(self.rows)]
        events = [
            ledger.side_of(one, self.names, place) for place, one in enumerate(self.payments) if one.at_ms
        ]
        return dict(match((one for one in sides if one is not None), events))

    def who(self, row: "Stored") -> str:
        """Give what the person of a row is called now."""
        return row.entry.username if row.person_id is None else self.names[row.person_id]
