"""Which row of the ledger is which captured payment: one to one, whatever the order in which they come."""

from collections import defaultdict
from collections.abc import Callable, Hashable, Iterable, Iterator, Sequence
from typing import Final, NamedTuple

TOLERANCE_MS: Final = 10_000
_Key = Callable[["Side"], Hashable]


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

    First those whose person is the same, the open ones before the anonymous ones: the ledger may name nobody for these.
    Then anonymous payments of which one side, or both, names nobody, by amount and time alone.
    """
    rows, events = sorted(ledger), sorted(captured)
    found: list[tuple[int, int]] = []
    steps: Sequence[tuple[Callable[[Side], bool], Callable[[Side], bool], _Key]] = (
        (_is_named, lambda event: bool(event.who) and not event.anonymous, _person),
        (_is_named, lambda event: bool(event.who) and event.anonymous, _person),
        (lambda row: not row.who, lambda event: event.anonymous and bool(event.who), _amount),
        (lambda _row: True, lambda event: event.anonymous and not event.who, _amount),
    )
    for is_row, is_event, key in steps:
        pairs = list(_pairs(filter(is_row, rows), filter(is_event, events), key, tolerance_ms))
        found += [(row.place, event.place) for row, event in pairs]
        done_rows, done_events = {row.place for row, _ in pairs}, {event.place for _, event in pairs}
        rows = [one for one in rows if one.place not in done_rows]
        events = [one for one in events if one.place not in done_events]
    return sorted(found)


def _is_named(row: Side) -> bool:
    return bool(row.who)


def _person(one: Side) -> Hashable:
    return one.kind, one.tokens, one.who


def _amount(one: Side) -> Hashable:
    return one.kind, one.tokens


def _pairs(
    rows: Iterable[Side], events: Iterable[Side], key: _Key, tolerance_ms: int
) -> Iterator[tuple[Side, Side]]:
    """Give as many pairs as there can be: of each key the earliest with the earliest that is near enough."""
    by_key: dict[Hashable, tuple[list[Side], list[Side]]] = defaultdict(lambda: ([], []))
    for one in rows:
        by_key[key(one)][0].append(one)
    for one in events:
        by_key[key(one)][1].append(one)
    for left, right in by_key.values():
        first = second = 0
        while first < len(left) and second < len(right):
            apart = left[first].at_ms - right[second].at_ms
            if abs(apart) <= tolerance_ms:
                yield left[first], right[second]
                first, second = first + 1, second + 1
            elif apart < 0:
                first += 1
            else:
                second += 1
