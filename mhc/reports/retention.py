"""Who comes back: new, returning and lapsed people by period, and what became of the new ones (analysis.md, `retention`).

A viewer of a period is who has a visit that touches it, or tipped in it by name. Merged people are one, excluded people
are left out. What nobody captured, or the retention policy took away, is unknown.
"""

from bisect import bisect_right
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from datetime import date, datetime
from itertools import groupby
from typing import TYPE_CHECKING, NamedTuple

from mhc.domain.clock import to_ms
from mhc.reports import lapsed_regulars, retention_periods
from mhc.reports.frame import Crowd
from mhc.reports.lapsed_regulars import Lapsed
from mhc.reports.retention_periods import Period, Periods, Wanted, stretches
from mhc.store import attendance, pruning

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from mhc.domain.regulars import Habit


@dataclass(frozen=True, slots=True)
class Row:
    """One period; what is not known of it is None, and so is who lapsed where it, or the one before, is not whole."""

    period: date | None  # the first day of a week or month
    started_at: datetime | None  # of a session
    ended_at: datetime | None
    complete: bool
    coverage: float | None
    viewers: int | None
    new: int | None
    returning: int | None
    lapsed: int | None
    tippers: int | None
    new_tippers: int | None
    returning_tippers: int | None
    lapsed_tippers: int | None


@dataclass(frozen=True, slots=True)
class Cohort:
    """Who was new in one period, and how many of them were there 1, 2, 3 … periods later, as far as these are over."""

    period: date | None
    started_at: datetime | None
    complete: bool
    size: int | None
    again: Sequence[int | None]


class Report(NamedTuple):
    """The periods and the cohorts, the latest first; which regulars lapsed, None where that is unknown."""

    rows: Sequence[Row]
    cohorts: Sequence[Cohort]
    lapsed: Sequence[Lapsed] | None
    excluded: int


class Asked(NamedTuple):
    """Whose cohorts are asked for, and who is a regular: who had the habit before an instant."""

    tippers: bool
    habit: "Habit"
    before: datetime
    include_excluded: bool = False


class _Counts(NamedTuple):
    """What one period has of some people."""

    new: int
    here: int
    gone: int  # since the period before
    by_cohort: Mapping[int | None, int]  # by the place of the period in which they were new; None: before all


class _Tally:
    """Counts one kind of people, viewers or tippers, period by period."""

    def __init__(self, first: Mapping[int, int], *, by_cohort: bool) -> None:
        """Take the place of the period in which each was first seen, where they may be new."""
        self._by_cohort = by_cohort  # a look-up for each person and period
        self._newcomers: dict[int, set[int]] = defaultdict(set)
        for who, place in first.items():
            self._newcomers[place].add(who)
        self._cohort: dict[int, int] = {}
        self._before: set[int] = set()
        self.counts: list[_Counts] = []

    def add(self, here: set[int]) -> None:
        """Count the next period."""
        place = len(self.counts)
        new = here & self._newcomers[place]
        self._cohort.update(dict.fromkeys(new, place))
        gone = len(self._before - here)
        cohorts = Counter(map(self._cohort.get, here)) if self._by_cohort else Counter()
        self.counts.append(_Counts(len(new), len(here), gone, cohorts))
        self._before = here


class _Kind(NamedTuple):
    """What is counted of viewers, or of tippers, and of which periods that is known."""

    counts: Sequence[_Counts]
    known: Sequence[bool]


def read(conn: "Connection", wanted: Wanted, asked: Asked) -> Report:
    """Give who was new, came back and lapsed in each period of a range."""
    crowd = Crowd(conn, include_excluded=asked.include_excluded)
    periods = retention_periods.read(conn, wanted)
    viewers, tippers = _kinds(conn, wanted, asked, periods, crowd)
    gone = lapsed_regulars.read(conn, wanted, asked.habit, asked.before, crowd)
    skip = len(periods.all) - len(periods.listed)
    places = range(skip, len(periods.all))
    rows = [_row(periods.all, place, viewers, tippers) for place in places]
    chosen = tippers if asked.tippers else viewers
    cohorts = [_cohort(periods.all, place, chosen) for place in places]
    return Report(
        rows=rows[::-1],
        cohorts=cohorts[::-1],
        lapsed=gone,
        excluded=len(crowd.left_out),
    )


def _kinds(
    conn: "Connection", wanted: Wanted, asked: Asked, periods: Periods, crowd: Crowd
) -> tuple[_Kind, _Kind]:
    """Count viewers and tippers; who is excluded of the period before the range does not count as left out."""
    seen, tipped = _firsts(conn, wanted.room_ids, periods.all, crowd)
    viewers, tippers = _Tally(seen, by_cohort=not asked.tippers), _Tally(tipped, by_cohort=asked.tippers)
    hosts = crowd.roots(frozenset(wanted.room_ids))
    for place, (came, gave) in enumerate(_present(conn, periods.all)):
        there = _people(crowd, gave, hosts)
        tippers.add(there)
        viewers.add(_people(crowd, came, hosts) | there)
        if place == 0 and periods.before is not None:
            crowd.left_out.clear()
    kept_from = pruning.presence_known_from(conn)
    kept = [one.known and (kept_from is None or kept_from <= one.since) for one in periods.all]
    # A pasted page tells of tips of a time in which nobody listened.
    told = [one.known or count.here > 0 for one, count in zip(periods.all, tippers.counts, strict=True)]
    return _Kind(viewers.counts, kept), _Kind(tippers.counts, told)


def _present(conn: "Connection", periods: Sequence[Period]) -> Iterator[tuple[set[int], set[int]]]:
    """Give whose rows came, and whose tipped, period by period."""
    unseen = _unseen(conn, periods)
    found = attendance.present(conn, list(stretches(conn, periods)))
    for number, some in groupby(found, key=lambda one: one.number):
        came, tipped = unseen[number], set[int]()
        for one in some:
            came |= one.came
            tipped |= one.tipped
        yield came, tipped


def _unseen(conn: "Connection", periods: Sequence[Period]) -> dict[int, set[int]]:
    """Give by place of a period who left in it without that they were seen to come."""
    found: dict[int, set[int]] = defaultdict(set)
    for room in sorted({room for one in periods for room in one.room_ids}):
        mine = [(one.since, one.until, place) for place, one in enumerate(periods) if room in one.room_ids]
        since, until = [one[0] for one in mine], mine[-1][1]
        for who, left_at in attendance.left_unseen(conn, room, since[0], until):
            _begin, end, place = mine[bisect_right(since, left_at) - 1]
            if left_at < end:
                found[place].add(who)
    return found


def _people(crowd: Crowd, rows: set[int], hosts: AbstractSet[int]) -> set[int]:
    """Give whose rows these are, without those who do not count, and without whose room it is."""
    merged = rows & crowd.merged
    found = (rows - merged) | {crowd.root(one) for one in merged} if merged else rows
    found -= hosts
    left_out = found & crowd.excluded
    crowd.left_out |= left_out
    return found - left_out if left_out else found


def _firsts(
    conn: "Connection", room_ids: Sequence[int], periods: Sequence[Period], crowd: Crowd
) -> tuple[dict[int, int], dict[int, int]]:
    """Give the place of the period in which each person was first seen, and first tipped, but of those before all."""
    if not periods:
        return {}, {}
    begins = [to_ms(one.new_from) for one in periods]
    seen: dict[int, int] = {}
    tipped: dict[int, int] = {}
    for row in attendance.firsts(conn, room_ids, periods[0].new_from):
        who = crowd.root(row.person_id)
        for at_ms, found in ((row.seen_ms, seen), (row.tip_ms, tipped)):
            if at_ms is not None:
                found[who] = min(found.get(who, at_ms), at_ms)
    return _places(seen.items(), begins), _places(tipped.items(), begins)


def _places(firsts: Iterable[tuple[int, int]], begins: Sequence[int]) -> dict[int, int]:
    return {who: bisect_right(begins, at_ms) - 1 for who, at_ms in firsts if at_ms >= begins[0]}


def _row(periods: Sequence[Period], place: int, viewers: _Kind, tippers: _Kind) -> Row:
    one = periods[place]
    pair = periods[max(0, place - 1) : place + 1]
    compared = place > 0 and all(each.whole for each in pair)

    def figures(kind: _Kind) -> tuple[int | None, int | None, int | None, int | None]:
        if not kind.known[place]:
            return None, None, None, None
        count = kind.counts[place]
        lapsed = count.gone if compared and kind.known[place - 1] and all(p.known for p in pair) else None
        return count.here, count.new, count.here - count.new, lapsed

    times = one.day, one.started_at, None if one.day else one.end, one.whole, one.captured
    return Row(*times, *figures(viewers), *figures(tippers))


def _cohort(periods: Sequence[Period], place: int, kind: _Kind) -> Cohort:
    one = periods[place]
    later = [i for i in range(place + 1, len(periods)) if periods[i].over]
    size = kind.counts[place].new if kind.known[place] else None
    again = [
        None if size is None or not kind.known[i] else kind.counts[i].by_cohort.get(place, 0) for i in later
    ]
    return Cohort(one.day, one.started_at, one.whole, size, again)
