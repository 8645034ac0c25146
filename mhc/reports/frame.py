"""What reports share: how much of a range was captured, and whom figures leave out."""

from collections.abc import Iterable, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, NamedTuple

from mhc.domain.figures import covered_share
from mhc.domain.spans import cut
from mhc.reports.completeness import POLL_MOST
from mhc.store import coverage, people, watchlists

if TYPE_CHECKING:
    from sqlalchemy import Connection


@dataclass(frozen=True, slots=True)
class Covered:
    """The first and the last captured instant of a range, and how much of it was captured, 0 to 1.

    The share is of the whole range, but for what is to come; where an end is open, of the time from the first, or up to
    the last captured instant.
    """

    since: datetime
    until: datetime
    share: float | None


class Seen(NamedTuple):
    """What is known of the capture of a range: `covered` and `until_now` are None where nothing was, or rooms differ."""

    covered: Covered | None
    until_now: (
        float | None
    )  # the same share where an open end is now: for people, since it changes with the clock
    is_any: bool  # whether anything was captured
    is_to_come: bool = False  # whether all of it lies in the future


def seen(
    conn: "Connection",
    room_ids: Sequence[int] | None,
    since: datetime | None,
    until: datetime | None,
    now: datetime,
) -> Seen:
    """Give how much of a range in some rooms (None: all that were listened to) was captured."""
    of_rooms = [list(cut(one, since, until)) for one in coverage.live_spans(conn, room_ids).values()]
    if len(of_rooms) != 1 or not of_rooms[0]:
        return Seen(None, None, any(of_rooms), is_to_come=since is not None and since > now)
    (spans,) = of_rooms
    first, last = spans[0][0], max(end for _begin, end in spans)
    begin, reached = since or first, _reached(last, until or now, now)
    end = last if until is None else reached
    of_range = covered_share(spans, begin, end)
    return Seen(Covered(first, last, of_range), covered_share(spans, begin, reached), is_any=True)


def _reached(last: datetime, until: datetime, now: datetime) -> datetime:
    """Give where a range ends by now: a listener that polled just now has missed nothing yet."""
    end = max(last, min(until, now))
    return last if now <= end <= last + POLL_MOST else end


def captured(
    conn: "Connection", room_ids: Sequence[int] | None, since: datetime, until: datetime
) -> float | None:
    """Give how much of a whole time was captured, 0 to 1, of several rooms the mean; None where nothing was."""
    by_room = coverage.live_spans(conn, room_ids).values()
    of_time = [list(cut(spans, since, until)) for spans in by_room]
    if not any(of_time):
        return None
    return round(sum(covered_share(spans, since, until) or 0 for spans in of_time) / len(of_time), 4)


class Crowd:
    """Who an event counts for: the root of merged people, or nobody where they are excluded."""

    def __init__(self, conn: "Connection", *, include_excluded: bool, reveal: bool = False) -> None:
        """Look up who was merged, and who is excluded unless these count; `reveal` is for who counts the anonymous."""
        self._roots = people.roots(conn)
        self._excluded = set() if include_excluded else watchlists.excluded_ids(conn)
        self.reveal = reveal
        self.left_out: set[int] = set()

    @property
    def excluded(self) -> frozenset[int]:
        """The roots of those who do not count."""
        return frozenset(self._excluded)

    @property
    def merged(self) -> frozenset[int]:
        """The rows of those who were merged into another."""
        return frozenset(self._roots)

    def root(self, who: int) -> int:
        """Give the person whom a row belongs to."""
        return self._roots.get(who, who)

    def rows(self, roots: Iterable[int]) -> set[int]:
        """Give all rows of some people."""
        wanted = set(roots)
        return wanted | {row for row, root in self._roots.items() if root in wanted}

    def roots(self, rows: AbstractSet[int]) -> AbstractSet[int]:
        """Give the people whom some rows belong to."""
        merged = rows & self._roots.keys()
        return (rows - merged) | {self._roots[who] for who in merged} if merged else rows

    def people(self, rows: AbstractSet[int]) -> AbstractSet[int]:
        """Give the people of some rows whose doings count; remembers who does not."""
        found = self.roots(rows)
        gone = found & self._excluded
        self.left_out |= gone
        return found - gone if gone else found

    def counts(self, who: int | None) -> bool:
        """Whether what this person did openly counts; remembers who does not."""
        if who is None or self.root(who) not in self._excluded:
            return True
        self.left_out.add(self.root(who))
        return False
