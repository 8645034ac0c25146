"""What a room earned (analysis.md, `income`): what was captured, against the ledger and the moves of the balance.

Each captured payment and each row of the ledger counts once. Where the two are one payment it counts when it was
captured. What is in one of them only says why.
"""

from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, fields
from datetime import datetime
from typing import TYPE_CHECKING, Final

from mhc.domain import ledger as rules
from mhc.domain.clock import from_ms, to_ms
from mhc.domain.periods import By, Clock
from mhc.domain.sessions import FAR, Calendar
from mhc.domain.spans import Pair, cut
from mhc.reports import income_balance
from mhc.reports.frame import seen
from mhc.reports.income_book import Book, Wanted
from mhc.store import ledger, people, sessions, watchlists

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from mhc.domain.ledger import Entry
    from mhc.reports.income_balance import Balance
    from mhc.store.payments import Payment

_TYPES: Final = {True: "Tip received", False: "Photos/videos sold"}  # of what was captured only
Bucket = tuple[str | None, datetime | None, str | None]  # day, session, type


@dataclass(slots=True)
class Figures:
    """Tokens, each kind of them once: earned = matched + missing + away + other, captured = matched + unexplained + unchecked."""

    entries: int = 0
    shows: int = 0
    earned: int = 0
    captured: int = 0
    matched: int = 0
    missing: int = 0  # in the ledger, and not captured, though somebody listened
    away: int = 0  # in the ledger, when nobody listened
    other: int = 0  # in the ledger, of kinds that are never captured, and of who was forgotten
    unexplained: int = 0  # captured, and not in the ledger, which is whole there
    unchecked: int = 0  # captured, where the ledger does not reach, or a row of it is missing
    purchased: int = 0
    paid_out: int = 0
    spent: int = 0
    rose: int = 0  # of the balance, between two readings
    fell: int = 0


@dataclass(frozen=True, slots=True)
class Row:
    """The figures of a day, a session (None: of none) or a type. What is of no source is None."""

    day: str | None
    started_at: datetime | None
    type: str | None
    figures: Figures
    of_ledger: bool
    of_capture: bool
    of_balance: bool


@dataclass(frozen=True, slots=True)
class Missing:
    """Between which rows others are missing, by the time that the file gives, and how many tokens they moved."""

    after: datetime
    before: datetime
    tokens: int


@dataclass(frozen=True, slots=True)
class Ledger:
    """What is known of the ledger in a range: from the first row to the last, and where rows are missing."""

    since: datetime
    until: datetime
    entries: int
    missing: Sequence[Missing]


@dataclass(frozen=True, slots=True)
class Report:
    """What a room earned, the earliest first, or by type the most first; and what it was counted from."""

    sources: Sequence[str]
    ledger: Ledger | None
    balance: "Balance | None"
    excluded: int
    total: Row
    rows: Sequence[Row]


@dataclass(slots=True)
class _Tally:
    figures: Figures = field(default_factory=Figures)
    of_ledger: bool = False
    of_capture: bool = False
    of_balance: bool = False

    def row(self, bucket: Bucket) -> Row:
        return Row(*bucket, self.figures, self.of_ledger, self.of_capture, self.of_balance)


def read(conn: "Connection", wanted: Wanted) -> Report:
    """Give what a room earned."""
    book = Book(conn, wanted)
    place_of = _Buckets(conn, wanted)
    tallies: dict[Bucket, _Tally] = defaultdict(_Tally)
    excluded = set() if wanted.include_excluded else watchlists.excluded_ids(conn)
    names = people.names_by_id(conn, excluded)
    rows_of = people.roots_of_rows(conn, excluded)
    left_out = _count(book, place_of, tallies, {row: names[root] for row, root in rows_of.items()})
    balance = income_balance.read(conn, wanted.room_ids, wanted.since, wanted.until, book.entries)
    for move in balance.moves if balance is not None and wanted.by != "type" else ():
        tally = tallies[place_of(move.at, None)]
        tally.of_balance = True
        tally.figures.rose += max(move.tokens, 0)
        tally.figures.fell += max(-move.tokens, 0)
    for bucket in place_of.touched(book.heard) & tallies.keys():
        tallies[bucket].of_capture = True
    rows = [tally.row(bucket) for bucket, tally in tallies.items()]
    found = _ledger(book)
    listened = seen(conn, wanted.room_ids, wanted.since, wanted.until, FAR).is_any
    return Report(
        sources=["events", *(["ledger"] if found else []), *(["stats"] if balance else [])],
        ledger=found,
        balance=balance,
        excluded=len(left_out),
        total=_total(rows, balance, listened=listened),
        rows=sorted(rows, key=_by_type if wanted.by == "type" else _by_time),
    )


class _Buckets:
    """Finds the row that something belongs to, by its time (None: unknown) and type."""

    def __init__(self, conn: "Connection", wanted: Wanted) -> None:
        self._wanted = wanted
        self._spans = sorted(
            (span for found in sessions.spans(conn, wanted.room_ids).values() for _id, span in found),
            key=lambda span: span.started_at,
        )
        self._calendar = Calendar(self._spans, FAR)

    def __call__(self, at: datetime | None, kind: str | None) -> Bucket:
        """Give the row."""
        if self._wanted.by == "type":
            return None, None, kind
        if at is None:
            return None, None, None
        if self._wanted.by == "day":
            return at.astimezone(self._wanted.tz).date().isoformat(), None, None
        place = self._calendar.place(to_ms(at))
        return None, None if place is None else self._spans[place].started_at, None

    def touched(self, heard: Iterable[Pair]) -> set[Bucket]:
        """Give the rows in whose time, within the range, some spans lie; types are of no time."""
        if self._wanted.by == "type":
            return set()
        within = list(cut(heard, self._wanted.since, self._wanted.until))
        edges = self._edges(within)
        found = {self(begin, None) for begin, _end in within}
        for begin, end in within:
            changes = edges[bisect_right(edges, begin) : bisect_left(edges, end)]
            found |= {self(at, None) for at in changes}
        return found

    def _edges(self, within: Sequence[Pair]) -> list[datetime]:
        """Give when one row ends and another begins."""
        if self._wanted.by == "day" and within:
            clock = Clock(self._wanted.tz)
            return [clock.begin(day) for day in clock.periods(within[0][0], within[-1][1], By.DAY)]
        return sorted(at for span in self._spans for at in (span.started_at, span.ended_at) if at is not None)


def _count(
    book: Book,
    place_of: Callable[[datetime | None, str | None], Bucket],
    tallies: dict[Bucket, _Tally],
    excluded: Mapping[int, str],
) -> set[str]:
    """Count each payment and each row once, but for those of some rows of people; give the names of those left out."""
    pairs = book.pairs()
    paired = set(pairs.values())
    shows: list[tuple[tuple[str, str], datetime]] = []
    left_out: set[str] = set()
    names = set(excluded.values())
    captured = book.payments if isinstance(book.payments, list) else []
    for place, row in enumerate(book.rows):
        one, event = row.entry, captured[pairs[place]] if place in pairs else None
        at = one.at if event is None else from_ms(event.at_ms)
        if not book.within(at):
            continue
        if (who := book.who(row)) in names and not (event and event.anonymous):
            left_out.add(who)
            continue
        tally = tallies[place_of(at, one.kind)]
        _count_entry(tally, one, _why(book, one) if event is None else "matched")
        if rules.word(one.kind) in rules.SHOWS:
            shows.append(((one.kind, who), at))
    for place, event in enumerate(book.payments):
        then = from_ms(event.at_ms) if event.at_ms else None
        if place in paired or (then is not None and not book.within(then)):
            continue
        if event.actor_id is not None and event.actor_id in excluded and not event.anonymous:
            left_out.add(excluded[event.actor_id])
            continue
        _count_event(
            tallies[place_of(then, _TYPES[event.is_tip])],
            event,
            checked=then is not None and book.whole.hold(then),
        )
    for (kind, _who), at in rules.shows(shows):
        tallies[place_of(at, kind)].figures.shows += 1
    return left_out


def _count_entry(tally: _Tally, one: "Entry", why: str) -> None:
    """Count a row of the ledger; `why` is the figure that takes what it earned."""
    tally.of_ledger = True
    figures, tokens = tally.figures, rules.earned(one)
    figures.entries += 1
    figures.earned += tokens
    setattr(figures, why, getattr(figures, why) + tokens)
    if why in {"matched", "missing"}:
        tally.of_capture = True
    if why == "matched":
        figures.captured += tokens
    if not tokens:
        kind = {rules.PURCHASED: "purchased", rules.PAID_OUT: "paid_out"}.get(rules.word(one.kind), "spent")
        setattr(figures, kind, getattr(figures, kind) + abs(one.change))


def _why(book: Book, one: "Entry") -> str:
    """Say which figure a row counts in that nothing captured is."""
    if ledger.side(one, "", 0) is None:
        return "other"
    return "missing" if book.listened.hold(one.at) else "away"


def _count_event(tally: _Tally, one: "Payment", *, checked: bool) -> None:
    """Count a captured payment that is in no row of the ledger."""
    tally.of_capture = True
    tally.of_ledger = tally.of_ledger or checked
    tally.figures.captured += one.tokens
    if checked:
        tally.figures.unexplained += one.tokens
    else:
        tally.figures.unchecked += one.tokens


def _ledger(book: Book) -> Ledger | None:
    mine = [one for one in book.entries if book.within(one.at)]
    if not mine:
        return None
    holes = [
        Missing(one.before.at, one.after.at, one.tokens)
        for one in rules.breaks(book.entries)
        if book.within(one.after.at) or book.within(one.before.at)
    ]
    return Ledger(mine[0].at, mine[-1].at, len(mine), holes)


def _total(rows: Sequence[Row], balance: "Balance | None", *, listened: bool) -> Row:
    """Add rows up; where somebody listened and nothing came, nothing was captured, which is no unknown."""
    total = Figures()
    for one in fields(Figures):
        setattr(total, one.name, sum(getattr(row.figures, one.name) for row in rows))
    moves = balance.moves if balance else ()
    total.rose = sum(max(one.tokens, 0) for one in moves)
    total.fell = sum(max(-one.tokens, 0) for one in moves)
    of_ledger, of_capture = (
        any(row.of_ledger for row in rows),
        listened or any(row.of_capture for row in rows),
    )
    return Row(None, None, None, total, of_ledger, of_capture, balance is not None)


def _by_time(row: Row) -> tuple[bool, object, bool, object]:
    return row.day is None, row.day or "", row.started_at is None, row.started_at or FAR


def _by_type(row: Row) -> tuple[int, int, str]:
    return -row.figures.earned, -row.figures.captured, row.type or ""
