"""Who began and ceased to follow, day by day, beside the count of the site's own statistics (analysis.md, `followers`).

The two are never added up: events are what was captured, the count is what the site says.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta, tzinfo
from typing import TYPE_CHECKING, NamedTuple

from mhc.domain.figures import change, growth
from mhc.domain.periods import By, Clock
from mhc.domain.rooms import Source
from mhc.domain.spans import cut
from mhc.domain.windows import LIFETIME
from mhc.reports.frame import Crowd
from mhc.store import coverage, follow_history, people, room_growth, room_names, series
from mhc.store.follow_history import Seen
from mhc.store.follows import State

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from mhc.store.counting import Scope

_SOURCE, _COUNT = "stats", "num_followers"
_DAY = timedelta(days=1)
_MOST = 10  # movers
_DARK = timedelta(days=7)  # at most, at either end of a time, for a room to be one of them


@dataclass(frozen=True, slots=True)
class Row:
    """One local day on which anything is known."""

    day: date
    follows: int
    unfollows: int
    net: int
    followers: int | None  # the site's own count, as it was last read that day
    change: int | None  # of that count since it was last read on a day before


@dataclass(frozen=True, slots=True)
class Both:
    """The same beside another day; None where nothing of a day was captured."""

    day: date
    follows: int | None
    unfollows: int | None
    net: int | None
    followers: int | None
    change: int | None
    day_then: date | None = None
    follows_then: int | None = None
    unfollows_then: int | None = None
    net_then: int | None = None
    followers_then: int | None = None

    @property
    def net_change(self) -> float | None:
        """Give the net less that of the other day."""
        return change(self.net, self.net_then)

    @property
    def net_growth(self) -> float | None:
        """Give that as a part of what the other day had."""
        return growth(self.net, self.net_then)


@dataclass(frozen=True, slots=True)
class Left:
    """Somebody who ceased to follow; what is not known of their following is None."""

    username: str
    followed_at: datetime | None
    left_at: datetime
    days: float | None


@dataclass(frozen=True, slots=True)
class Mover:
    """A tracked room whose followers became more or fewer, by its first and its last reading of one source."""

    username: str
    source: str
    followers: int  # by the last reading
    change: int
    growth: float | None  # None: there were none
    since: datetime
    until: datetime


class Report(NamedTuple):
    """The days, the earliest first; who left, the last first, equals by name; which rooms moved most, in whichever way."""

    rows: Sequence[Row]
    left: Sequence[Left]
    movers: Sequence[Mover]
    sources: Sequence[str]
    excluded: int
    captured: frozenset[date]  # the days of which anything was

    @property
    def totals(self) -> dict[str, float | None]:
        """Give the sums of all days."""
        names = ("follows", "unfollows", "net")
        return {name: sum(getattr(row, name) for row in self.rows) for name in names}


def read(
    conn: "Connection",
    scope: "Scope",
    tz: tzinfo,
    *,
    include_excluded: bool = False,
    with_movers: bool = True,
) -> Report:
    """Give the follows and unfollows of a scope by local day, who left after how long, and which rooms moved most."""
    crowd = Crowd(conn, include_excluded=include_excluded)
    changes = follow_history.seen(conn, scope.room_ids, scope.since, scope.until)
    kept = [one for one in changes if crowd.counts(one.person_id)]
    counts = _counts(conn, scope, tz)
    moved = _movers(conn, scope, crowd) if with_movers else []
    sources = ["events", *([_SOURCE] if counts else []), *dict.fromkeys(one.source for one in moved)]
    return Report(
        rows=_rows(kept, counts, tz),
        left=_left(conn, scope, crowd, [one for one in kept if one.state is State.NO]),
        movers=moved,
        sources=sources,
        excluded=len(crowd.left_out),
        captured=_captured(conn, scope, tz),
    )


def beside(now: Report, then: Report | None, pairs: Mapping[date, date]) -> list[Both]:
    """Give the days with those that they are compared with, where anything is known of either; the earliest first."""
    mine = {row.day: row for row in now.rows}
    theirs = {} if then is None else {row.day: row for row in then.rows}
    days = {*mine, *(day for day, other in pairs.items() if other in theirs)}
    return [_both(now, then, day, pairs.get(day), mine, theirs) for day in sorted(days)]


def _both(
    now: Report,
    then: Report | None,
    day: date,
    other: date | None,
    mine: Mapping[date, Row],
    theirs: Mapping[date, Row],
) -> Both:
    follows, unfollows, net, followers = _figures(now, day, mine)
    then_figures = (None,) * 4 if then is None or other is None else _figures(then, other, theirs)
    change = mine[day].change if day in mine else None
    return Both(
        day, follows, unfollows, net, followers, change, None if then is None else other, *then_figures
    )


def _figures(report: Report, day: date, rows: Mapping[date, Row]) -> tuple[int | None, ...]:
    """Give the figures of a day: of one without any, nothing happened only if it was captured."""
    if (row := rows.get(day)) is not None:
        return row.follows, row.unfollows, row.net, row.followers
    return (0, 0, 0, None) if day in report.captured else (None,) * 4


def _captured(conn: "Connection", scope: "Scope", tz: tzinfo) -> frozenset[date]:
    spans = (span for found in coverage.live_spans(conn, scope.room_ids).values() for span in found)
    clock = Clock(tz)
    return frozenset(
        day for span in cut(spans, scope.since, scope.until) for day in clock.periods(*span, By.DAY)
    )


def _rows(changes: Iterable[Seen], counts: Mapping[date, int], tz: tzinfo) -> list[Row]:
    moves: dict[date, dict[State, int]] = defaultdict(lambda: defaultdict(int))
    for one in changes:
        moves[one.at.astimezone(tz).date()][one.state] += 1
    rows: list[Row] = []
    before: int | None = None
    for day in sorted({*moves, *counts}):
        came, went = moves[day][State.YES], moves[day][State.NO]
        now = counts.get(day)
        change = None if now is None or before is None else now - before
        rows.append(Row(day, came, went, came - went, now, change))
        before = before if now is None else now
    return rows


def _counts(conn: "Connection", scope: "Scope", tz: tzinfo) -> dict[date, int]:
    """Give the site's own count of one room's followers, by day: the last reading of each."""
    ids = list(scope.room_ids or ())
    asked = [one for one in series.questions(conn, ids) if (one.source, one.range) == (_SOURCE, LIFETIME)]
    taken = [one for ask in asked for one in series.between(conn, ids, ask.id, scope.since, scope.until)]
    figures = series.metrics_of(conn, (one.payload_id for one in taken))
    known = ((one, figures[one.payload_id].get(_COUNT)) for one in sorted(taken))
    return {one.captured_at.astimezone(tz).date(): count for one, count in known if isinstance(count, int)}


def _movers(conn: "Connection", scope: "Scope", crowd: Crowd) -> list[Mover]:
    """Give the tracked rooms that moved most: of the whole feed, whichever room the report is of."""
    excluded = {name: who for who, name in people.names_by_id(conn, crowd.excluded).items()}
    found = []
    for one in room_growth.growths(conn, scope.since, scope.until, room_names.tracked_rows(), _DARK):
        moved = one.followers - one.before
        if moved and crowd.counts(excluded.get(one.username)):
            grown = growth(one.followers, one.before)
            source = Source.AFFILIATE.word
            found.append(Mover(one.username, source, one.followers, moved, grown, one.first_at, one.last_at))
    return sorted(found, key=lambda one: (-abs(one.change), one.username))[:_MOST]


def _left(conn: "Connection", scope: "Scope", crowd: Crowd, gone: Sequence[Seen]) -> list[Left]:
    """Say of each who left since when they had followed, where that was seen to begin."""
    since: dict[int, datetime | None] = {}
    rows = crowd.rows(crowd.root(one.person_id) for one in gone)
    told = {(one.person_id, one.at) for one in gone}
    names = people.names_by_id(conn, {crowd.root(one.person_id) for one in gone})
    changes = follow_history.all_of(conn, sorted(rows), scope.room_ids)
    begun = {(one.person_id, one.at) for one in changes if one.told}
    found = []
    for one in changes:
        root = crowd.root(one.person_id)
        if one.state is State.YES:
            seen = (one.person_id, one.at) in begun
            since.setdefault(root, one.at if seen else None)
            continue
        began = since.pop(root, None)
        if one.state is State.NO and (one.person_id, one.at) in told:
            days = None if began is None else round((one.at - began) / _DAY, 2)
            found.append(Left(names[root], began, one.at, days))
    return sorted(found, key=lambda one: (-one.left_at.timestamp(), one.username))
