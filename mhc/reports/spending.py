"""How one person spends: how often, how much, in which rhythm, on what; here, and beside it elsewhere (analysis.md).

`tokens` are tips and media together; number, amounts and rhythm are those of tips. What others saw is never added to it.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise
from typing import TYPE_CHECKING, NamedTuple

from mhc.config.timetable import DAYS
from mhc.domain.clock import from_ms
from mhc.domain.figures import mean, median, quartiles, share
from mhc.domain.periods import By, Clock
from mhc.domain.sessions import FAR
from mhc.domain.spans import cut
from mhc.domain.week import Hour, hour_of
from mhc.reports.frame import Crowd
from mhc.reports.spending_elsewhere import Elsewhere, Loyalty, loyalty, newest
from mhc.reports.spending_tally import Evening, Evenings, Part, Room, Tally, tally, was_heard
from mhc.reports.tipmenu import Key, Menus
from mhc.store import pairs, people, pruning, spending, tip_menus, totals
from mhc.store.spending import Time

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from mhc.store.counting import Scope

FAVOURITES = 5


class Favourite(NamedTuple):
    """An amount that they tip, and how often."""

    tokens: int
    times: int


class Quartiles(NamedTuple):
    """Tips that were made: a quarter, a half, three quarters of all are no larger."""

    first: int
    median: int
    third: int


class Pauses(NamedTuple):
    """Days from one day with a tip to the next."""

    median: int
    longest: int


class InHour(NamedTuple):
    """What came in one hour of the local week."""

    weekday: str
    hour: int
    tokens: int
    tips: int


class Item(NamedTuple):
    """What was tipped for an item of the menu, or for several of one price; no label: what matched none."""

    label: str | None
    price: int | None
    times: int
    tokens: int
    last_at: datetime | None


@dataclass(frozen=True, slots=True)
class Row:
    """What they paid in one session; no beginning: outside of sessions, or nobody knows when."""

    started_at: datetime | None
    ended_at: datetime | None
    room: str | None
    tokens: int
    tips: int
    largest: int | None
    share: float | None  # of what the room got in it


class Paid(NamedTuple):
    """How much they paid; None where nobody listened, or there is nothing of it."""

    tokens: int | None
    tips: int | None
    media: int | None
    share: float | None  # of what the room got
    largest: int | None
    quartiles: Quartiles | None
    favourites: Sequence[Favourite]
    first_tip_at: datetime | None
    last_tip_at: datetime | None


class Rhythm(NamedTuple):
    """How often they tip; None where that is not known."""

    weeks_seen: int | None
    per_week: float | None  # tips, in a week in which they were seen
    days_tipped: int | None
    days_between: Pauses | None


@dataclass(frozen=True, slots=True)
class Report:
    """How they spend; the sessions in which they paid, the latest first."""

    alternates: Sequence[str]
    paid: Paid
    rhythm: Rhythm
    loyalty: Loyalty | None
    elsewhere: Sequence[Elsewhere]
    by_hour: Sequence[InHour]
    by_item: Sequence[Item] | None  # None: no menu was ever saved
    rows: Sequence[Row]
    sources: Sequence[str]
    excluded: int


class Asked(NamedTuple):
    """Whose spending (a root), by which clock, and what counts."""

    person_id: int
    clock: Clock
    now: datetime
    reveal: bool = False
    include_excluded: bool = False
    with_alternates: bool = False


def read(conn: "Connection", scope: "Scope", asked: Asked) -> Report:
    """Give how a person spends in a scope, whether they are excluded or not."""
    crowd = Crowd(conn, include_excluded=asked.include_excluded)
    accounts = _accounts(conn, asked, crowd)
    mine = sorted(crowd.rows(accounts))
    evenings, stood = Evenings(conn, scope), tip_menus.history(conn, scope.room_ids)
    mine_paid = tally(conn, scope, mine, evenings, Menus(stood) if stood else None, reveal=asked.reveal)
    room = Room(conn, scope, evenings, mine_paid.sessions, crowd, accounts, reveal=asked.reveal)
    weeks = _weeks_seen(conn, scope, asked, mine, mine_paid)
    heard = bool(mine_paid.all.tokens or weeks) or was_heard(conn, scope)
    span = None if scope.since is None else (scope.since, scope.until or asked.now)
    names = people.names_by_id(conn, accounts)
    elsewhere = [one for who in accounts for one in newest(conn, names[who], sorted(crowd.rows([who])), span)]
    return Report(
        alternates=[names[who] for who in accounts[1:]],
        paid=_paid(mine_paid, room, heard=heard),
        rhythm=_rhythm(mine_paid, asked.clock, weeks, heard=heard),
        loyalty=loyalty(conn, scope, mine, span) if len(accounts) == 1 else None,
        elsewhere=elsewhere,
        by_hour=_hours(mine_paid, asked.clock),
        by_item=_items(mine_paid.items) if stood else None,
        rows=_rows(conn, mine_paid.sessions, evenings, room),
        sources=["events", *(["tip_menu"] if stood else []), *sorted({one.source for one in elsewhere})],
        excluded=len(crowd.left_out),
    )


def _accounts(conn: "Connection", asked: Asked, crowd: Crowd) -> list[int]:
    """Give the person, and after them their alternates, by name, where these count with them."""
    if not asked.with_alternates:
        return [asked.person_id]
    one_of = pairs.alternates(conn, crowd.excluded - {asked.person_id})
    mine = one_of.get(asked.person_id)
    others = {who for who, first in one_of.items() if first == mine} - {asked.person_id}
    names = people.names_by_id(conn, others)
    return [asked.person_id, *sorted(others, key=lambda who: (names[who], who))]


def _paid(mine: Tally, room: Room, *, heard: bool) -> Paid:
    found = quartiles(mine.amounts)
    often = sorted(mine.amounts.items(), key=lambda one: (-one[1], -one[0]))
    return Paid(
        tokens=mine.all.tokens if heard else None,
        tips=mine.all.tips if heard else None,
        media=mine.media if heard else None,
        share=share(mine.all.tokens, room.tokens),
        largest=mine.all.largest,
        quartiles=found and Quartiles(*found),
        favourites=[Favourite(*one) for one in often[:FAVOURITES]],
        first_tip_at=_at(mine.all.first_ms),
        last_tip_at=_at(mine.all.last_ms),
    )


def _rhythm(mine: Tally, clock: Clock, weeks: int | None, *, heard: bool) -> Rhythm:
    days = sorted({clock.day(at) for at, part in mine.quarters if part.tips})
    pauses = [(day - before).days for before, day in pairwise(days)]
    return Rhythm(
        weeks_seen=weeks if heard else None,
        per_week=mean(mine.all.tips, weeks or 0),
        days_tipped=len(days) if heard else None,
        days_between=Pauses(median(pauses) or 0, max(pauses)) if pauses else None,
    )


def _weeks_seen(
    conn: "Connection", scope: "Scope", asked: Asked, ids: Sequence[int], mine: Tally
) -> int | None:
    """Give in how many local weeks they did anything; None where the retention policy took who came."""
    known = totals.of_person(conn, ids, scope.room_ids)
    ends = [at for at in (known.first_seen_at, known.last_seen_at) if at is not None]
    ends += [at for at, _part in mine.quarters]
    if not ends:
        return 0
    first = max(min(ends), scope.since or min(ends))
    kept = pruning.presence_known_from(conn)
    if kept is not None and first < kept:
        return None
    last = min(max(ends) + timedelta(milliseconds=1), scope.until or FAR)
    weeks = (asked.clock.span(week, By.WEEK) for week in asked.clock.periods(first, last, By.WEEK))
    times = [Time(begin, end) for begin, end in cut(weeks, scope.since, scope.until)]
    return spending.seen_in(conn, scope, ids, times, reveal=asked.reveal)


def _hours(mine: Tally, clock: Clock) -> list[InHour]:
    found: dict[Hour, list[int]] = defaultdict(lambda: [0, 0])
    for at, part in mine.quarters:
        sums = found[hour_of(at, clock.tz)]
        sums[0] += part.tokens
        sums[1] += part.tips
    return [InHour(DAYS[hour.day], hour.hour, *found[hour]) for hour in sorted(found)]


def _items(items: Mapping[Key, Part]) -> list[Item]:
    found = [
        Item(" / ".join(labels) or None, price, part.tips, part.tokens, _at(part.last_ms))
        for (price, labels), part in items.items()
    ]
    return sorted(found, key=lambda one: (one.label is None, -one.tokens, one.price or 0, one.label or ""))


def _rows(
    conn: "Connection", paid: Mapping[Evening | None, Part], evenings: Evenings, room: Room
) -> list[Row]:
    names = people.names_by_id(conn, {one[0] for one in paid if one is not None})
    rows = []
    for one, part in paid.items():
        figures = (part.tokens, part.tips, part.largest)
        if one is None:
            rows.append(Row(None, None, None, *figures, None))
            continue
        span, got = evenings.span(one), room.by_evening.get(one, 0)
        rows.append(Row(span.started_at, span.ended_at, names[one[0]], *figures, share(part.tokens, got)))
    return sorted(rows, key=_latest_first)


def _latest_first(row: Row) -> tuple[bool, float, str]:
    return row.started_at is None, -row.started_at.timestamp() if row.started_at else 0, row.room or ""


def _at(ms: int) -> datetime | None:
    return from_ms(ms) if ms else None
