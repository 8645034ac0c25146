"""The months in which something happened, as bits of one number, so that a database asks for any of them at once.

A month here has thirty days of UTC. There are 63 bits: a month has the bit of the one that came 63 before it.
"""

from collections.abc import Iterable
from functools import reduce
from operator import or_

MONTH_MS, MONTHS = 30 * 86_400_000, 63


def month_bit(at_ms: int) -> int:
    """Give the bit of the month in which an instant lies, in epoch milliseconds."""
    return 1 << at_ms // MONTH_MS % MONTHS


def months_of(since_ms: int, until_ms: int) -> tuple[int, int]:
    """Give the bits of the months that lie whole in a half-open time, and of those that it cuts; 63 at most."""
    first, last = since_ms // MONTH_MS, (until_ms - 1) // MONTH_MS
    touched = range(max(first, last - MONTHS + 1), last + 1) if since_ms < until_ms else range(0)
    whole = [
        month for month in touched if since_ms <= month * MONTH_MS and (month + 1) * MONTH_MS <= until_ms
    ]
    return _bits(whole), _bits({*touched} - {*whole})


def _bits(months: Iterable[int]) -> int:
    return reduce(or_, (1 << month % MONTHS for month in months), 0)
