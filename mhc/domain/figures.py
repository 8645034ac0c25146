"""Figures that every report computes alike: shares, means, medians, and how much of a time was captured."""

from bisect import bisect_left
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from itertools import accumulate
from math import ceil
from typing import Any, TypeVar

T = TypeVar("T", bound=Any)


def share(part: float, whole: float) -> float | None:
    """Give a part of a whole, 0 to 1, to four digits; None of nothing."""
    return round(part / whole, 4) if whole else None


def mean(total: int, count: int) -> float | None:
    """Give an average to two digits; None of nothing."""
    return round(total / count, 2) if count else None


def median(values: Sequence[T]) -> T | None:
    """Give the value in the middle (nearest rank: of two the lower); None of nothing."""
    return sorted(values)[ceil(len(values) / 2) - 1] if values else None


def quartiles(counts: Mapping[int, int]) -> tuple[int, int, int] | None:
    """Give the values a quarter, a half and three quarters up (nearest rank), of values by how often; None of none."""
    total = sum(counts.values())
    if not total:
        return None
    ordered = sorted(counts)
    upto = list(accumulate(counts[value] for value in ordered))
    first, second, third = (ordered[bisect_left(upto, ceil(total * part / 4))] for part in (1, 2, 3))
    return first, second, third


def change(now: float | None, then: float | None) -> float | None:
    """Give a figure less what it was, to two digits; None where either is unknown."""
    return None if now is None or then is None else round(now - then, 2)


def growth(now: float | None, then: float | None) -> float | None:
    """Give a change as a part of what was, 0.5 for half as much more; None where either is unknown, or it was nothing."""
    moved = change(now, then)
    return None if moved is None or not then else round(moved / abs(then), 4)


def whole_seconds(length: timedelta) -> timedelta:
    """Give a length of time without its fraction of a second."""
    return timedelta(seconds=length // timedelta(seconds=1))


def covered_share(
    spans: Sequence[tuple[datetime, datetime]], since: datetime, until: datetime
) -> float | None:
    """Give which share of a time lies in the spans (earliest first; they may overlap).

    Only all of it is 1, and only nothing 0. Of an instant it is 1, or None where no span has it.
    """
    if since == until:
        return 1.0 if any(begin <= since <= end for begin, end in spans) else None
    length, reached = until - since, since
    seen = length - length
    for span in spans:
        begin, end = max(span[0], reached), min(span[1], until)
        if begin < end:
            seen += end - begin
            reached = end
    part = share(seen.total_seconds(), length.total_seconds())
    return part if part is None or seen in {length, length - length} else min(max(part, 0.0001), 0.9999)
