"""Who tipped, and how much (analysis.md, `tippers`).

`tokens` are tips and media together; the number, mean, median, largest, first and last are those of tips. Anonymous
payments are one row, merged people are one, excluded people are left out of the total, too.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import TYPE_CHECKING, NamedTuple

from mhc.domain.clock import from_ms
from mhc.domain.figures import change, growth, mean, median, share
from mhc.domain.sessions import FAR
from mhc.reports.frame import captured
from mhc.reports.payers import ANONYMOUS, Counting, Payers, Tally, Who, tallies
from mhc.store import payments as store
from mhc.store import people, series

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from mhc.domain.earlier import Span
    from mhc.store.counting import Scope
    from mhc.store.payments import Sum

_MEMBER, _ALL_TIME = "statbate.member_info", "all_time_tokens"


class Segment(StrEnum):
    """Some of those who tip: for the first time, again, or no more, though they did in the range before."""

    NEW = "new"
    RETURNING = "returning"
    LAPSED = "lapsed"


class Row(NamedTuple):
    """What one person paid; `username` None is everyone who tipped anonymously. A tuple, since there are tens of thousands.

    What comes after `sessions` is looked up by `fill`, for those who are shown, and by `compared`.
    """

    username: str | None
    anonymous: bool
    tokens: int
    tips: int
    share: float | None  # of the tokens of all rows, 0 to 1
    mean: float | None
    median: int | None
    largest: int | None
    first_tip_at: datetime | None
    last_tip_at: datetime | None
    sessions: int  # in how many they tipped
    before: int | None = None  # tokens in the range before; None: unknown
    trend: int | None = None  # the tokens of this range less those
    elsewhere: int | None = None  # tokens of all time, as Statbate last saw them
    elsewhere_at: datetime | None = None
    tokens_then: int | None = None  # in the range that is compared; None: unknown
    tips_then: int | None = None

    @property
    def tokens_change(self) -> float | None:
        """Give the tokens less those of then."""
        return change(self.tokens, self.tokens_then)

    @property
    def tokens_growth(self) -> float | None:
        """Give that as a part of those of then."""
        return growth(self.tokens, self.tokens_then)

    @property
    def tips_change(self) -> float | None:
        """Give the number of tips less that of then."""
        return change(self.tips, self.tips_then)

    @property
    def tips_growth(self) -> float | None:
        """Give that as a part of that of then."""
        return growth(self.tips, self.tips_then)


class Before(NamedTuple):
    """The range before, and how much of it was captured; None: nothing, so that nothing is known of it."""

    since: datetime
    until: datetime
    captured: float | None


class Asked(NamedTuple):
    """For whom payments count, who of them is wanted, and which is the range before (None: there is none)."""

    how: Counting = Counting()
    segment: Segment | None = None
    before: "Span | None" = None


class Counted(NamedTuple):
    """What was counted, for `fill`: in which scope, for whom, under which names, and all sums of the range before."""

    scope: "Scope"
    payers: Payers
    names: Mapping[str | None, Who]
    before: "Mapping[Who, Sum] | None"


@dataclass(frozen=True, slots=True)
class Report:
    """The tippers of a scope, who paid most first (or did, of the lapsed), and what they were counted from."""

    sources: Sequence[str]
    excluded: int
    rows: Sequence[Row]
    before: Before | None
    is_known: bool  # whether anything of the range was captured, and it has a beginning
    counted: Counted

    @property
    def totals(self) -> dict[str, int]:
        """Give the tokens, tips and people of all rows; who is anonymous is nobody."""
        return {
            "tokens": sum(row.tokens for row in self.rows),
            "tips": sum(row.tips for row in self.rows),
            "people": sum(row.username is not None for row in self.rows),
        }


def read(conn: "Connection", scope: "Scope", asked: Asked) -> Report:
    """Give who paid in a scope; what comes before it, and from elsewhere, is left to `fill`."""
    payers = Payers(conn, asked.how)
    found = tallies(conn, scope, payers)
    before = asked.before and Before(*asked.before, captured(conn, scope.room_ids, *asked.before))
    # Where nothing of the range was captured nobody is known to have paid less, or to have lapsed.
    known = (
        scope.since is not None
        and captured(conn, scope.room_ids, scope.since, scope.until or FAR) is not None
    )
    lapsed = asked.segment is Segment.LAPSED
    sums = _sums(conn, scope, before if known else None, payers) if lapsed else None
    chosen = _chosen(conn, scope, asked, found, payers, sums or {})
    kept = {who: tally for who, tally in chosen.items() if who not in payers.excluded}
    names = people.names_by_id(conn, (who for who in kept if who is not None))
    total = sum(tally.tokens for who, tally in found.items() if who not in payers.excluded)
    report = Report(
        sources=["events", "testbed"] if scope.testbed else ["events"],
        excluded=len(chosen.keys() & payers.excluded),
        rows=[_row(None if who is None else names[who], tally, total) for who, tally in kept.items()],
        before=before,
        is_known=known,
        counted=Counted(
            scope, payers, {ANONYMOUS: ANONYMOUS} | {name: who for who, name in names.items()}, sums
        ),
    )
    rows = _with_before(conn, report, report.rows) if lapsed else report.rows
    return replace(report, rows=sorted(rows, key=_of_lapsed if lapsed else _of_all))


def _of_all(row: Row) -> tuple[int, bool, str]:
    return -row.tokens, row.username is None, row.username or ""


def _of_lapsed(row: Row) -> tuple[int, bool, str]:
    return -(row.before or 0), row.username is None, row.username or ""


def _chosen(
    conn: "Connection",
    scope: "Scope",
    asked: Asked,
    found: Mapping[Who, Tally],
    payers: Payers,
    sums: "Mapping[Who, Sum]",
) -> Mapping[Who, Tally]:
    """Give those of the segment that was asked for; of a segment nobody is anonymous."""
    if asked.segment is None or scope.since is None:
        return found
    tipped = {who for who, tally in found.items() if tally.tips and who is not ANONYMOUS}
    if asked.segment is Segment.LAPSED:
        then = {who for who, one in sums.items() if one.tips and who is not ANONYMOUS}
        return {who: found.get(who, Tally()) for who in then - tipped}
    rows = store.tipped_before(conn, scope, scope.since, hidden=asked.how.reveal)
    known = {payers.person(row) for row in rows}
    return {
        who: found[who] for who in (tipped & known if asked.segment is Segment.RETURNING else tipped - known)
    }


def compared(now: Report, then: Report) -> Report:
    """Give a report with what each paid in another range, and with those who paid only in that."""
    theirs = {row.username: row for row in then.rows}
    rows = []
    for row in now.rows:
        one = theirs.pop(row.username, None)
        tokens, tips = (0, 0) if one is None else (one.tokens, one.tips)
        rows.append(row._replace(tokens_then=tokens, tips_then=tips))
    total = now.totals["tokens"]
    for row in theirs.values():
        gone = _row(row.username, Tally(), total)
        rows.append(gone._replace(tokens_then=row.tokens, tips_then=row.tips))
    names = {**then.counted.names, **now.counted.names}
    return replace(now, rows=rows, counted=now.counted._replace(names=names))


def fill(conn: "Connection", report: Report, rows: Sequence[Row]) -> list[Row]:
    """Look up for some rows what they gave in the range before, and in all other rooms."""
    counted = report.counted
    shown = (who for row in rows if (who := counted.names[row.username]) is not None)
    elsewhere = _elsewhere(conn, {row: counted.payers.person(row) for row in counted.payers.rows(shown)})
    filled = []
    for row in _with_before(conn, report, rows):
        found = elsewhere.get(counted.names[row.username])
        filled.append(row if found is None else row._replace(elsewhere=found[1], elsewhere_at=found[0]))
    return filled


def _elsewhere(conn: "Connection", persons: Mapping[int, int]) -> dict[Who, tuple[datetime, int]]:
    """Give, by person, the last that was said of any of their rows: when, and the tokens of all time."""
    latest: dict[Who, tuple[datetime, int]] = {}
    for row, (at, said) in series.latest_of_each(conn, persons, _MEMBER).items():
        tokens, who = said.get(_ALL_TIME), persons[row]
        if isinstance(tokens, int):
            latest[who] = max(latest.get(who, (at, tokens)), (at, tokens))
    return latest


def _with_before(conn: "Connection", report: Report, rows: Sequence[Row]) -> list[Row]:
    """Say what each gave in the range before; of one of which nothing was captured nothing is known."""
    counted, before = report.counted, report.before
    if before is None or before.captured is None or not report.is_known:
        return list(rows)
    sums = counted.before
    if sums is None:
        sums = _sums(conn, counted.scope, before, counted.payers)
    given = ((row, sums.get(counted.names[row.username])) for row in rows)
    tokens = ((row, 0 if one is None else one.tokens) for row, one in given)
    return [row._replace(before=then, trend=row.tokens - then) for row, then in tokens]


def _sums(
    conn: "Connection",
    scope: "Scope",
    before: Before | None,
    payers: Payers,
) -> "Mapping[Who, Sum]":
    """Add up what everybody gave in the range before."""
    if before is None or before.captured is None:
        return {}
    then = scope._replace(since=before.since, until=before.until)
    return payers.add_up(store.sums(conn, then))


def _row(username: str | None, tally: Tally, total: int) -> Row:
    tips, tokens = tally.tips, tally.tokens
    return Row(
        username=username,
        anonymous=username is None,
        tokens=tokens,
        tips=len(tips),
        share=share(tokens, total),
        mean=mean(tokens - tally.media, len(tips)),
        median=median(tips),
        largest=max(tips, default=None),
        first_tip_at=from_ms(tally.first_ms) if tally.last_ms else None,
        last_tip_at=from_ms(tally.last_ms) if tally.last_ms else None,
        sessions=tally.sessions.bit_count(),
    )
