"""The ledger of a room: what its entries are, whether one is missing, and how many shows they make.

Each entry has the balance after it, so that the next one tells whether another was between them.
"""

from collections import defaultdict
from collections.abc import Hashable, Iterable, Iterator, Sequence
from datetime import datetime, timedelta
from itertools import groupby, pairwise
from typing import Final, NamedTuple, TypeVar

W = TypeVar("W", bound=Hashable)

PURCHASED: Final = "tokens purchased"
PAID_OUT: Final = "tokens cashed out"
TIP: Final = "tip received"
MEDIA: Final = frozenset({"photos/videos sold", "photos/videos purchased"})
SHOWS: Final = frozenset({"private show", "spy on private show"})
FAN_CLUB: Final = "fan club membership"
# Who pays so was there under their name. A tip is not among them: the file may name who tipped anonymously.
OPEN_KINDS: Final = frozenset({*MEDIA, *SHOWS, FAN_CLUB})
# A show is billed in many small rows; so long a silence ends it.
PAUSE: Final = timedelta(minutes=5)


class Entry(NamedTuple):
    """One row of the token statistics; `stamp` is its time as it stands there, `username` empty where nobody is named."""

    stamp: str
    at: datetime
    change: int
    balance: int
    kind: str
    username: str
    note: str = ""

    @property
    def key(self) -> tuple[str, int, int, str, str]:
        """What tells it from every other: there is no id (contract other 7.2)."""
        return self.stamp, self.change, self.balance, self.username, self.kind


class Break(NamedTuple):
    """That rows are missing between two, and how many tokens came by them: less than 0 where they went."""

    before: Entry
    after: Entry
    tokens: int


def word(kind: str) -> str:
    """Give a transaction type as the constants here have it."""
    return kind.casefold()


def earned(one: Entry) -> int:
    """Give the tokens that an entry earned: all that came, but what was bought."""
    return one.change if one.change > 0 and word(one.kind) != PURCHASED else 0


def in_order(entries: Iterable[Entry]) -> list[Entry]:
    """Give entries in the order of time, those of one instant so that their balances follow from each other."""
    ordered = sorted(entries, key=lambda one: (one.at, one.stamp, one.key))
    found: list[Entry] = []
    for _, group in groupby(ordered, key=lambda one: (one.at, one.stamp)):
        same = list(group)
        found += same if len(same) == 1 else _linked(same, found[-1].balance if found else None)
    return found


def _linked(entries: Sequence[Entry], balance: int | None) -> Iterator[Entry]:
    """Give entries of one instant, each after the one whose balance it follows from, as far as there is one."""
    after: dict[int, list[Entry]] = defaultdict(list)
    for one in reversed(entries):
        after[one.balance - one.change].append(one)
    ends = {one.balance for one in entries}
    starts = [one for one in entries if one.balance - one.change not in ends]
    waiting = iter([*starts, *entries])
    left = len(entries)
    while left:
        while balance is None or not after[balance]:
            one = next(waiting)
            balance = one.balance - one.change
        one = after[balance].pop()
        balance = one.balance
        left -= 1
        yield one


def breaks(ordered: Sequence[Entry]) -> list[Break]:
    """Give where rows are missing: where a balance does not follow from the one before."""
    return [
        Break(before, one, one.balance - one.change - before.balance)
        for before, one in pairwise(ordered)
        if one.balance - one.change != before.balance
    ]


def whole(ordered: Sequence[Entry]) -> list[tuple[datetime, datetime]]:
    """Give the times, both ends included, for which no row is missing."""
    found: list[tuple[datetime, datetime]] = []
    holes = {id(one.after) for one in breaks(ordered)}
    for one in ordered:
        if not found or id(one) in holes:
            found.append((one.at, one.at))
        else:
            found[-1] = (found[-1][0], one.at)
    return found


def shows(paid: Iterable[tuple[W, datetime]], pause: timedelta = PAUSE) -> list[tuple[W, datetime]]:
    """Give who had each show and when it began, in the order of time; `paid` has who paid each row, and when.

    Rows of one `who` (whatever tells kinds and people apart) are one show as long as no pause between two of them is
    longer than `pause`.
    """
    times: dict[W, list[datetime]] = defaultdict(list)
    for who, at in paid:
        times[who].append(at)
    found = []
    for who, theirs in times.items():
        theirs.sort()
        found += [(who, theirs[0])]
        found += [(who, at) for last, at in pairwise(theirs) if at - last > pause]
    return sorted(found, key=lambda one: one[1])
