"""Which row of the ledger is which captured payment: one to one, whatever the order in which they come."""

from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Hashable, Iterable, Iterator, Mapping, Sequence
from typing import Final, NamedTuple

TOLERANCE_MS: Final = 10_000


class Side(NamedTuple):
    """A payment as one of the two has it; `who` is empty where nobody is named, `place` finds it again.

    `kind` tells tips from media. `who` is one name a person, whatever they were called then.
    """

    at_ms: int
    kind: str
    tokens: int
    who: str
    anonymous: bool
    place: int


def match(
    ledger: Iterable[Side], captured: Iterable[Side], tolerance_ms: int = TOLERANCE_MS
) -> list[tuple[int, int]]:
    """Give the places of those that are one payment: of the same kind, amount and person, and no further apart.

    An anonymous payment of which one side, or both, names nobody is found by amount and time alone. There are as many
    pairs as there can be: first of the open ones, which only a row of their person is, then with the anonymous ones.
    """
    rows, events = _Rows(ledger, tolerance_ms), sorted(captured, key=_openly_first)
    owner: dict[int, int] = {}  # the event of a row
    hopeless: set[int] = set()  # rows from which no way leads to a free one
    for place in range(len(events)):
        _settle(place, rows, events, owner, hopeless)
    return sorted((rows.all[row].place, events[event].place) for row, event in owner.items())


def _openly_first(event: Side) -> tuple[bool, bool, Side]:
    return event.anonymous, not event.who, event


def _settle(
    place: int, rows: "_Rows", events: Sequence[Side], owner: dict[int, int], hopeless: set[int]
) -> None:
    """Find a row for an event, where events that have one may take another; none of them is left without."""
    came: dict[int, int] = {}  # for which event a row was looked at
    waiting = [place]
    for event in waiting:
        for row in rows.of(events[event]):
            if row in came or row in hopeless:
                continue
            came[row] = event
            if row in owner:
                waiting.append(owner[row])
                continue
            _hand_on(row, came, owner)
            return
    hopeless.update(came)


def _hand_on(row: int, came: Mapping[int, int], owner: dict[int, int]) -> None:
    """Give a free row to the event that looked at it, the row of that one to the event before, and so on."""
    had = {owner[one]: one for one in came if one in owner}
    free: int | None = row
    while free is not None:
        owner[free] = came[free]
        free = had.get(came[free])


class _Rows:
    """The rows of the ledger, in order of time, and which of them an event may be."""

    def __init__(self, ledger: Iterable[Side], tolerance_ms: int) -> None:
        self.all, self._tolerance = sorted(ledger), tolerance_ms
        self._by_key: dict[Hashable, tuple[list[int], list[int]]] = defaultdict(lambda: ([], []))
        for place, one in enumerate(self.all):
            for key in ((one.kind, one.tokens, one.who), (one.kind, one.tokens)):
                times, places = self._by_key[key]
                times.append(one.at_ms)
                places.append(place)

    def of(self, event: Side) -> Iterator[int]:
        """Give the places of those rows, those of the person first."""
        mine = event.kind, event.tokens
        if event.who:
            yield from self._near((*mine, event.who), event.at_ms)
        if event.anonymous:
            yield from self._near((*mine, "") if event.who else mine, event.at_ms)

    def _near(self, key: Hashable, at_ms: int) -> list[int]:
        if key not in self._by_key:
            return []
        times, places = self._by_key[key]
        first = bisect_left(times, at_ms - self._tolerance)
        return places[first : bisect_right(times, at_ms + self._tolerance, lo=first)]
