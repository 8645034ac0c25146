"""What reports share: how much of a range was captured, and whom figures leave out."""

from collections.abc import Iterable, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from mhc.domain.figures import covered_share
from mhc.domain.spans import cut
from mhc.store import coverage, people, watchlists

if TYPE_CHECKING:
    from sqlalchemy import Connection


@dataclass(frozen=True, slots=True)
class Covered:
    """How much of the time from the first to the last captured instant of a range was captured, 0 to 1."""

    since: datetime
    until: datetime
    share: float | None


def covered(
    conn: "Connection", room_ids: Sequence[int] | None, since: datetime | None, until: datetime | None
) -> Covered | None:
    """Give the coverage of one room; an open end of the range ends where the capture does. None: rooms differ."""
    by_room = coverage.live_spans(conn, room_ids)
    if len(by_room) != 1:
        return None
    spans = list(cut(next(iter(by_room.values())), since, until))
    if not spans:
        return None
    begin, end = spans[0][0], max(last for _first, last in spans)
    return Covered(begin, end, covered_share(spans, begin, end))


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
