"""What of the tip menu sold (analysis.md, `tipmenu`): each tip counts for what stood in the menu at its amount, then.

Where several items cost the same, nothing says which was meant: they are one row. A tip of another amount, or of a time
of which no menu is known, counts for no item. A menu counts from when it was saved, and the first one from before.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from math import inf
from typing import TYPE_CHECKING, NamedTuple

from mhc.domain.clock import EPOCH, from_ms, to_ms
from mhc.domain.figures import share
from mhc.reports.frame import Crowd
from mhc.store import payments, tip_menus
from mhc.store.tip_menus import Stood

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from mhc.store.counting import Scope

Key = tuple[int | None, tuple[str, ...]]
NOTHING: Key = (None, ())  # what was in no menu


@dataclass(frozen=True, slots=True)
class Row:
    """One item, or several of one price; no label is all that matched nothing."""

    label: str | None
    price: int | None
    times: int
    tokens: int
    share: float | None  # of the tokens of all tips, 0 to 1
    people: int  # anonymous ones count as nobody
    last_at: datetime | None


class Report(NamedTuple):
    """What sold, most tokens first, equals by price and label; items that nobody wanted; what matched nothing, last."""

    rows: Sequence[Row]
    excluded: int


@dataclass(slots=True)
class _Tally:
    times: int = 0
    tokens: int = 0
    people: set[int] = field(default_factory=set)
    last_ms: int = 0


def read(
    conn: "Connection", scope: "Scope", *, reveal: bool = False, include_excluded: bool = False
) -> Report:
    """Give what of the menus sold in a scope."""
    crowd = Crowd(conn, include_excluded=include_excluded)
    menus = Menus(tip_menus.history(conn, scope.room_ids))
    tallies: dict[Key, _Tally] = defaultdict(_Tally)
    for key in menus.during(scope.since, scope.until):
        tallies[key] = _Tally()
    _count(conn, scope, crowd, menus, tallies, reveal=reveal)
    return Report(_rows(tallies), len(crowd.left_out))


def _count(
    conn: "Connection",
    scope: "Scope",
    crowd: Crowd,
    menus: "Menus",
    tallies: dict[Key, _Tally],
    *,
    reveal: bool,
) -> None:
    """Count tips, of which there are hundreds of thousands: nothing is called that need not be."""
    left_out = crowd.rows(crowd.excluded)
    known: dict[int, _Tally] = {}  # by amount, while the menus of a room stay as they are
    here, end = 0, 0.0
    for quarter in payments.quarters(conn, scope):
        begins, room_id = quarter.begins_ms, quarter.room_id
        for time, number, tokens in quarter.records:
            if not time & 1:
                continue
            at_ms = begins + (time >> 1)
            if room_id != here or at_ms >= end:
                known, here, end = {}, room_id, menus.stands_until(room_id, at_ms)
            who = ~number if number < 0 and reveal else number
            if who in left_out:
                crowd.counts(who)
                continue
            tally = known.get(tokens)
            if tally is None:
                tally = known[tokens] = tallies[menus.at(room_id, at_ms, tokens)]
            tally.times += 1
            tally.tokens += tokens
            if at_ms > tally.last_ms:  # noqa: PLR1730  a call of max would take as long as all the rest
                tally.last_ms = at_ms
            if who > 0:
                tally.people.add(crowd.root(who))


class Menus:
    """What stood in the menus of rooms at an instant."""

    def __init__(self, items: Iterable[Stood]) -> None:
        self._by_price: dict[tuple[int, int], list[Stood]] = defaultdict(list)
        self._first: dict[int, int] = {}  # when a room's first menu was saved: it stood there before, too
        self._changes: dict[int, set[int]] = defaultdict(set)
        for one in items:
            self._by_price[one.room_id, one.tokens].append(one)
            self._changes[one.room_id] |= {to_ms(at) for at in (one.from_at, one.to_at) if at is not None}
            begin = to_ms(one.from_at)
            self._first[one.room_id] = min(self._first.get(one.room_id, begin), begin)

    def at(self, room_id: int, at_ms: int, tokens: int) -> Key:
        """Give what cost so much then."""
        at_ms = max(at_ms, self._first.get(room_id, 0))
        stood = (one for one in self._by_price.get((room_id, tokens), ()) if _stood(one, at_ms))
        labels = tuple(dict.fromkeys(one.label for one in stood))
        return (tokens, labels) if labels else NOTHING

    def stands_until(self, room_id: int, at_ms: int) -> float:
        """Give until when a room's menus stay as they are at an instant; infinity where nothing changes any more."""
        return min((at for at in self._changes.get(room_id, ()) if at > at_ms), default=inf)

    def during(self, since: datetime | None, until: datetime | None) -> Iterable[Key]:
        """Give what stood in any menu at the end of a range: it is to be seen also where nobody wanted it."""
        for room_id, tokens in self._by_price:
            ends = max(self._by_price[room_id, tokens], key=lambda one: one.from_at).from_at
            at = until or max(ends, since or EPOCH)
            key = self.at(room_id, to_ms(at) - (until is not None), tokens)
            if key != NOTHING:
                yield key


def _stood(one: Stood, at_ms: int) -> bool:
    return to_ms(one.from_at) <= at_ms and (one.to_at is None or at_ms < to_ms(one.to_at))


def _rows(tallies: Mapping[Key, _Tally]) -> list[Row]:
    total = sum(tally.tokens for tally in tallies.values())
    rows = [
        Row(
            label=" / ".join(labels) or None,
            price=price,
            times=tally.times,
            tokens=tally.tokens,
            share=share(tally.tokens, total),
            people=len(tally.people),
            last_at=from_ms(tally.last_ms) if tally.last_ms else None,
        )
        for (price, labels), tally in tallies.items()
    ]
    return sorted(rows, key=lambda row: (row.label is None, -row.tokens, row.price or 0, row.label or ""))
