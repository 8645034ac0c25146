"""Half-open stretches of time, as pairs of instants: cut to a range, joined, and what two rows of them share."""

from collections.abc import Iterable, Iterator
from datetime import datetime

Pair = tuple[datetime, datetime]


def cut(spans: Iterable[Pair], since: datetime | None, until: datetime | None) -> Iterator[Pair]:
    """Give the parts that lie in a range; None is an open end."""
    for begin, end in spans:
        first = begin if since is None else max(begin, since)
        last = end if until is None else min(end, until)
        if first < last:
            yield first, last


def joined(spans: Iterable[Pair]) -> list[Pair]:
    """Give spans in order of time, those that touch or overlap as one."""
    found: list[Pair] = []
    for begin, end in sorted(spans):
        if found and begin <= found[-1][1]:
            found[-1] = (found[-1][0], max(found[-1][1], end))
        elif begin < end:
            found.append((begin, end))
    return found


def shared(some: Iterable[Pair], others: Iterable[Pair]) -> list[Pair]:
    """Give the time that lies in a span of both, in order, without overlaps."""
    one, other = joined(some), joined(others)
    found: list[Pair] = []
    here = there = 0
    while here < len(one) and there < len(other):
        begin, end = max(one[here][0], other[there][0]), min(one[here][1], other[there][1])
        if begin < end:
            found.append((begin, end))
        if one[here][1] < other[there][1]:
            here += 1
        else:
            there += 1
    return found
