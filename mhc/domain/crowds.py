"""How many people were known to be in a room: whom one saw come, and who spoke without having been seen to come."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import timedelta
from typing import NamedTuple

from mhc.domain.clock import to_ms
from mhc.domain.visits import Ending, Visit

QUICK = timedelta(minutes=1)  # a visit shorter than this is a quick one


class Stay(NamedTuple):
    """A time somebody was there, half-open, in epoch milliseconds."""

    begin: int
    end: int


class Crowd(NamedTuple):
    """The most people at once, and the mean over the time; None where the time has no length."""

    peak: int
    mean: float | None


def stays(visits: Sequence[Visit], signs: Stay | None, within: Stay) -> list[Stay]:
    """Give when one person was there, as far as it is known, cut to a time; none of them overlap.

    `signs` is from the first to the last thing that they did openly. It stands for what no enter or leave says: who
    was there already is known of from their first sign on, and of an end that nobody saw the last one is the latest.
    """
    found = list(_known(sorted(visits, key=lambda one: one.known_from), signs, within.end))
    if not visits and signs is not None:
        found = [Stay(signs.begin, signs.end + 1)]
    cut = (Stay(max(one.begin, within.begin), min(one.end, within.end)) for one in sorted(found))
    return _joined(one for one in cut if one.begin < one.end)


def _known(visits: Sequence[Visit], signs: Stay | None, end: int) -> Iterator[Stay]:
    for place, one in enumerate(visits):
        begin = None if one.entered_at is None else to_ms(one.entered_at)
        left = end if one.ending is Ending.OPEN else None if one.left_at is None else to_ms(one.left_at)
        if begin is None:
            assert left is not None
            begin = left if signs is None or place else min(signs.begin, left)
        if left is None:
            later = end if place + 1 == len(visits) else to_ms(visits[place + 1].known_from)
            left = begin if signs is None else max(begin, min(signs.end, later))
        yield Stay(begin, max(left, begin + 1))


def _joined(parts: Iterable[Stay]) -> list[Stay]:
    found: list[Stay] = []
    for one in parts:
        if found and one.begin <= found[-1].end:
            found[-1] = Stay(found[-1].begin, max(found[-1].end, one.end))
        else:
            found.append(one)
    return found


def crowd(people: Iterable[Sequence[Stay]], within: Stay) -> Crowd:
    """Give how many of these people were there at once."""
    moves: list[tuple[int, int]] = []
    spent = 0
    for one in people:
        for stay in one:
            moves += [(stay.begin, 1), (stay.end, -1)]
            spent += stay.end - stay.begin
    now = peak = 0
    for _at, step in sorted(moves):  # who leaves at an instant does so before others come
        now += step
        peak = max(peak, now)
    length = within.end - within.begin
    return Crowd(peak, round(spent / length, 2) if length > 0 else None)


def seen_whole(visits: Iterable[Visit]) -> list[timedelta]:
    """Give how long the visits lasted of which both ends were seen."""
    return [
        one.left_at - one.entered_at
        for one in visits
        if one.ending is Ending.LEFT and one.entered_at is not None and one.left_at is not None
    ]
