"""How many people were known to be in a room: whom one saw come, and who spoke without having been seen to come."""

from bisect import bisect_left
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


def stays(visits: Sequence[Visit], signs: Iterable[int], within: Stay) -> list[Stay]:
    """Give when one person was there, as far as it is known, cut to a time; none of them overlap.

    `signs` is when they did something openly. It stands for what no enter or leave says: whom nobody saw come was there
    from their first sign on, and of an end that nobody saw the last one is the latest.
    """
    found = _known(sorted(visits, key=lambda one: one.known_from), sorted(signs), within.end)
    cut = (Stay(max(one.begin, within.begin), min(one.end, within.end)) for one in sorted(found))
    return _joined(one for one in cut if one.begin < one.end)


def _known(visits: Sequence[Visit], signs: Sequence[int], end: int) -> Iterator[Stay]:
    told = [_told(one, end) for one in visits]
    yield from told
    for place in range(len(visits) + 1):
        before = visits[place - 1] if place else None
        later = visits[place] if place < len(visits) else None
        first = bisect_left(signs, told[place - 1].end) if place else 0
        last = bisect_left(signs, told[place].begin) if later else len(signs)
        if first < last:
            unseen = before is not None and before.ending is Ending.UNKNOWN
            stayed = later is not None and (before is None or later.entered_at is None)
            yield Stay(
                told[place - 1].begin if unseen else signs[first],
                told[place].begin if stayed else signs[last - 1] + 1,
            )


def _told(one: Visit, end: int) -> Stay:
    """Give the time that a visit tells by itself; of one of which nobody saw one end, the instant of the other."""
    begin = to_ms(one.known_from)
    left = end if one.ending is Ending.OPEN else begin if one.left_at is None else to_ms(one.left_at)
    return Stay(begin, max(left, begin + 1))


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
