"""Sessions of a range, each with its figures, and put together by week, by month and whole (analysis.md, `sessions`).

A session counts, whole, in the period in which it began. People are counted once a period.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import groupby
from typing import TYPE_CHECKING, NamedTuple

from mhc.domain.earlier import Against, Span, earlier
from mhc.domain.figures import share, whole_seconds
from mhc.domain.periods import By, Clock
from mhc.domain.spans import cut
from mhc.reports import session_counts
from mhc.reports.frame import Crowd
from mhc.reports.sessions import figure, net
from mhc.store import coverage, sessions

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from mhc.reports.session_counts import Count
    from mhc.reports.sessions import Asked
    from mhc.store.counting import Scope
    from mhc.store.session_sums import Ids
    from mhc.store.sessions import Session

_HOUR, _SECOND = timedelta(hours=1), timedelta(seconds=1)


@dataclass(frozen=True, slots=True)
class Figures:
    """What some sessions came to together."""

    sessions: int
    duration: timedelta
    live: timedelta
    tokens: int | None  # None, as in what follows: nothing is known of any of them
    tokens_per_hour: float | None  # live, of those of which something is known
    tips: int | None
    tippers: int | None  # by name
    messages: int | None
    unique_visitors: int | None  # None, too: who came and left then is not kept any more
    new_followers: int | None
    unfollows: int | None
    net_followers: int | None
    coverage: float | None


@dataclass(frozen=True, slots=True)
class Row:
    """One session, or the sessions of a local week or month, which is named by its first day."""

    period: date | None
    session: "Session | None"
    figures: Figures


class Before(NamedTuple):
    """The range before, as long as the one that was asked for up to now at the most, and its figures."""

    since: datetime
    until: datetime
    figures: Figures


class Report(NamedTuple):
    """Sessions, weeks and months, the latest first; of what nothing is known the totals are None."""

    sessions: Sequence[Row]
    weeks: Sequence[Row]
    months: Sequence[Row]
    totals: Figures | None
    before: Before | None
    excluded: int


def read(conn: "Connection", scope: "Scope", asked: "Asked", clock: Clock) -> Report:
    """Give the sessions that began in a scope, and what those of the range before it came to."""
    before = _before(scope, asked, clock)
    # Both at once: for either, all that is known of who follows would be read.
    counts = _counts(conn, scope._replace(since=before.since) if before else scope, asked)
    mine = [one for one in counts if scope.since is None or one.session.started_at >= scope.since]
    return Report(
        sessions=[Row(None, one.session, together([one])) for one in mine],
        weeks=_periods(mine, clock, By.WEEK),
        months=_periods(mine, clock, By.MONTH),
        totals=_totals(conn, scope, mine),
        before=before and _figures_before(conn, scope, before, counts),
        excluded=session_counts.left_out(mine),
    )


def totals(conn: "Connection", scope: "Scope", asked: "Asked") -> Figures | None:
    """Give what the sessions that began in a scope came to; None where nobody knows whether there were any."""
    return _totals(conn, scope, _counts(conn, scope, asked))


def _counts(conn: "Connection", scope: "Scope", asked: "Asked") -> "list[Count]":
    since, until = scope.since, scope.until
    touching = sessions.list_all(conn, room_ids=scope.room_ids, since=since, until=until)
    began = [one for one in touching if since is None or one.started_at >= since]
    return session_counts.read(conn, began, Crowd(conn, include_excluded=asked.include_excluded), asked.now)


def _before(scope: "Scope", asked: "Asked", clock: Clock) -> Span | None:
    if scope.since is None:
        return None
    end = min(scope.until or asked.now, asked.now)
    try:
        return earlier(Span(scope.since, max(scope.since, end)), Against.PREVIOUS, clock.tz)
    except ValueError:
        return None


def _figures_before(
    conn: "Connection", scope: "Scope", before: Span, counts: "Sequence[Count]"
) -> Before | None:
    were = [one for one in counts if one.session.started_at < before.until]
    figures = _totals(conn, scope._replace(since=before.since, until=before.until), were)
    return None if figures is None else Before(*before, figures)


def _totals(conn: "Connection", scope: "Scope", counts: "Sequence[Count]") -> Figures | None:
    """Sum up a range; None where nobody knows whether there was anything."""
    if counts or _listened(conn, scope):
        return together(counts)
    return None


def _listened(conn: "Connection", scope: "Scope") -> bool:
    spans = coverage.live_spans(conn, scope.room_ids).values()
    return any(True for one in spans for _part in cut(one, scope.since, scope.until))


def _periods(counts: "Sequence[Count]", clock: Clock, by: By) -> list[Row]:
    def first(one: "Count") -> date:
        return clock.period(one.session.started_at, by)

    return [Row(day, None, together(list(some))) for day, some in groupby(counts, first)]


def together(counts: "Sequence[Count]") -> Figures:
    """Put sessions together: sums of what is known, and people each of whom counts once."""
    length = sum((one.until - one.session.started_at for one in counts), timedelta())
    told = [one for one in counts if one.told]
    is_told = bool(told) or not counts
    heard = not counts or any(one.heard for one in counts)
    hours = sum((one.live for one in told), timedelta()) / _HOUR
    tokens = sum(one.tokens for one in told)
    came = [one.visitors for one in counts if one.visitors is not None]
    followed = figure(_number([one.followed for one in counts]), told=heard)
    unfollowed = figure(_number([one.unfollowed for one in counts]), told=heard)
    return Figures(
        sessions=len(counts),
        duration=whole_seconds(length),
        live=whole_seconds(sum((one.live for one in counts), timedelta())),
        tokens=figure(tokens, told=is_told),
        tokens_per_hour=round(tokens / hours, 2) if hours else None,
        tips=figure(sum(one.tips for one in told), told=is_told),
        tippers=figure(_number([one.tippers for one in told]), told=is_told),
        messages=figure(sum(one.messages for one in told), told=is_told),
        unique_visitors=figure(_number(came), told=heard) if len(came) == len(counts) else None,
        new_followers=followed,
        unfollows=unfollowed,
        net_followers=net(followed, unfollowed),
        coverage=_coverage(counts, length),
    )


def _coverage(counts: "Sequence[Count]", length: timedelta) -> float | None:
    if len(counts) == 1:
        return counts[0].coverage
    seen = [one.captured for one in counts if one.captured is not None]
    return share(sum(seen, timedelta()) / _SECOND, length / _SECOND) if seen else None


def _number(some: "Sequence[Ids]") -> int:
    """Give how many people there are in some rows together."""
    return len(some[0]) if len(some) == 1 else len(set().union(*some))
