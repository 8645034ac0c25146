"""When things happen: the hours of the week, each by the hour that was live and captured (analysis.md, `timing`).

Only what happened while the room was live and captured counts, to the minute; so an hour does not win by having been
streamed more often, and what is known of none is unknown. Nor does it win by the tip of a few seconds: of an hour that was
live and captured for less than LONG_ENOUGH in all nothing follows for others like it.
"""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta, tzinfo
from typing import TYPE_CHECKING, Any, NamedTuple

from mhc.config.timetable import DAYS
from mhc.domain.clock import to_ms
from mhc.domain.figures import change, growth
from mhc.domain.spans import Pair, cut, joined, shared
from mhc.domain.week import Hour, hour_of_ms, quarters, shares
from mhc.reports.frame import Crowd
from mhc.store import coverage, lines_within, minutes, people, sessions, stretches
from mhc.store.minutes import MINUTE_MS, Metric, Who

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from mhc.store.counting import Scope

LONG_ENOUGH = timedelta(
    minutes=15
)  # that an hour of the week was live and captured in all, to be among the best
_HOUR, _MINUTE, _MS = timedelta(hours=1), timedelta(minutes=1), timedelta(milliseconds=1)


@dataclass(frozen=True, slots=True)
class Row:
    """One hour of the week."""

    weekday: str
    hour: int
    amount: int
    hours: float  # live and captured
    per_hour: float
    observations: int  # on how many dates it was live and captured
    place: Hour
    is_long: bool  # whether it was for long enough to be among the best


@dataclass(frozen=True, slots=True)
class Both:
    """The same beside what it was in another range; None where an hour was not live and captured."""

    weekday: str
    hour: int
    amount: int | None
    hours: float
    per_hour: float | None
    observations: int
    amount_then: int | None = None
    hours_then: float | None = None
    per_hour_then: float | None = None

    @property
    def per_hour_change(self) -> float | None:
        """Give what comes in such an hour less what came then."""
        return change(self.per_hour, self.per_hour_then)

    @property
    def per_hour_growth(self) -> float | None:
        """Give that as a part of what came then."""
        return growth(self.per_hour, self.per_hour_then)


class Report(NamedTuple):
    """The hours of the week of which anything is known, the best first, equals in order of the week; after them the short ones, likewise."""

    rows: Sequence[Row]
    excluded: int

    @property
    def totals(self) -> dict[str, float | None]:
        """Give what came in all hours, how many they were, and the one by the other."""
        amount, hours = sum(row.amount for row in self.rows), round(sum(row.hours for row in self.rows), 2)
        if not hours:
            return dict.fromkeys(("amount", "hours", "per_hour"))
        return {"amount": amount, "hours": hours, "per_hour": round(amount / hours, 2)}


class Asked(NamedTuple):
    """What is counted, of whom (None: of everybody), by which clocks; a session that lasts ends `now`."""

    metric: Metric
    person_id: int | None
    tz: tzinfo
    now: datetime
    reveal: bool = False
    include_excluded: bool = False


def read(conn: "Connection", scope: "Scope", asked: Asked) -> Report:
    """Give how much happened in each hour of the week, by the hour that was live and captured."""
    crowd = Crowd(conn, include_excluded=asked.include_excluded or asked.person_id is not None)
    only = None if asked.person_id is None else people.members(conn, asked.person_id)
    # Whose room it is does not arrive in it; their lines are lines.
    hosts = crowd.roots(frozenset(scope.room_ids or ())) if asked.metric is Metric.ARRIVALS else frozenset()
    left_out = sorted(crowd.rows(crowd.excluded | hosts))
    who = Who(only, left_out, asked.reveal)
    live = _live(conn, scope, asked.now)
    amounts: dict[Hour, int] = defaultdict(int)
    for at_ms, amount in _happened(conn, scope, asked.metric, who, live):
        amounts[hour_of_ms(at_ms, asked.tz)] += amount
    known = shares((span for spans in live.values() for span in spans), asked.tz)
    rows = [_row(hour, amounts[hour], share.time, share.dates) for hour, share in known.items()]
    rows.sort(key=lambda row: (not row.is_long, -row.per_hour, row.place))
    return Report(rows, count_left_out(conn, scope, asked.metric, crowd))


def beside(rows: Sequence[Row], then: Sequence[Row] | None) -> list[Both]:
    """Give hours with what they had in another range (None: that is not known), and then those that only it had."""
    others = {row.place: row for row in then or ()}
    both = []
    for row in rows:
        one = others.pop(row.place, None)
        now = Both(row.weekday, row.hour, row.amount, row.hours, row.per_hour, row.observations)
        hours = None if then is None else 0.0 if one is None else one.hours
        both.append(replace(now, hours_then=hours, **_then(one)))
    for one in others.values():
        gone = Both(one.weekday, one.hour, None, 0.0, None, 0, hours_then=one.hours)
        both.append(replace(gone, **_then(one)))
    return both


def _then(one: Row | None) -> dict[str, Any]:
    return {} if one is None else {"amount_then": one.amount, "per_hour_then": one.per_hour}


def count_left_out(conn: "Connection", scope: "Scope", metric: Metric, crowd: Crowd) -> int:
    """Give how many of those who do not count did anything of this."""
    each = (minutes.sums(conn, metric, scope, Who(sorted(crowd.rows([root])))) for root in crowd.excluded)
    return sum(next(found, None) is not None for found in each)


def _row(hour: Hour, amount: int, time: timedelta, dates: int) -> Row:
    return Row(
        weekday=DAYS[hour.day],
        hour=hour.hour,
        amount=amount,
        hours=round(time / _HOUR, 2),
        per_hour=round(amount * _HOUR / time, 2),
        observations=dates,
        place=hour,
        is_long=time >= LONG_ENOUGH,
    )


def _live(conn: "Connection", scope: "Scope", now: datetime) -> dict[int, list[Pair]]:
    """Give by room the time of a scope that was live and captured."""
    captured = coverage.live_spans(conn, scope.room_ids)
    return {
        room: list(cut(shared(spans, captured.get(room, ())), scope.since, scope.until))
        for room, spans in sessions.live_time(conn, scope.room_ids, now).items()
    }


def _happened(
    conn: "Connection", scope: "Scope", metric: Metric, who: Who, live: dict[int, list[Pair]]
) -> Iterator[tuple[int, int]]:
    """Give when how much happened while live, by the minute, or by the quarter of an hour that it was in."""
    touched = {room: list(cut(_minutes(spans), scope.since, scope.until)) for room, spans in live.items()}
    if who.only is not None or metric is Metric.ARRIVALS:
        at = {
            room: {at for begin, end in spans for at in _starts(begin, end)}
            for room, spans in touched.items()
        }
        found = minutes.sums(conn, metric, scope, who)
        yield from ((one.at_ms, one.amount) for one in found if one.at_ms in at.get(one.room_id, ()))
        return
    for room, spans in touched.items():
        if metric is Metric.MESSAGES:
            yield from lines_within.by_quarter(conn, [room], [spans], who.without)[0].items()
            continue
        parts = [part for begin, end in spans for part in quarters(begin, end)]
        paid = (stretches.tips if metric is Metric.TIPS else stretches.tokens)(conn, room, parts, who.without)
        yield from ((to_ms(begin), amount) for (begin, _end), amount in zip(parts, paid, strict=True))


def _minutes(spans: Sequence[Pair]) -> list[Pair]:
    """Give spans that begin and end with a minute, around those that are given."""
    return joined((_minute(begin), _minute(end + _MINUTE - _MS)) for begin, end in spans)


def _minute(at: datetime) -> datetime:
    return at.replace(second=0, microsecond=0)


def _starts(begin: datetime, end: datetime) -> range:
    return range(to_ms(_minute(begin)), to_ms(end), MINUTE_MS)
