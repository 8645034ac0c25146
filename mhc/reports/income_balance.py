"""The balance as the statistics API told it: how it moved, and whether the ledger says the same."""

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise
from typing import TYPE_CHECKING, Final, NamedTuple

from mhc.domain.ledger import whole
from mhc.store import series

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from mhc.domain.ledger import Entry

_SOURCE: Final = "stats"
_METRIC: Final = "token_balance"
# The site counts anew every five minutes: a balance may be as old as that, and a little.
_LATE: Final = timedelta(minutes=10)


class Move(NamedTuple):
    """By how much the balance changed between two readings; `at` is the middle of the time between them."""

    at: datetime
    tokens: int


@dataclass(frozen=True, slots=True)
class Balance:
    """Readings of a range: from the first to the last, how many the ledger could be asked about, and how many it bears out."""

    since: datetime
    until: datetime
    readings: int
    checked: int
    agree: int
    differs_at: datetime | None  # the first that it does not bear out
    moves: Sequence[Move]


class _Reading(NamedTuple):
    at: datetime
    tokens: int


def read(
    conn: "Connection",
    room_ids: Sequence[int],
    since: datetime | None,
    until: datetime | None,
    entries: Sequence["Entry"],
) -> Balance | None:
    """Give how the balance moved between the readings of a half-open time; None where there are none."""
    readings = _readings(conn, room_ids, since, until)
    if not readings:
        return None
    moves = [
        Move(one.at + (after.at - one.at) / 2, after.tokens - one.tokens)
        for one, after in pairwise(readings)
        if after.tokens != one.tokens
    ]
    spans = whole(entries)
    checked = [one for one in readings if any(a <= one.at - _LATE and one.at <= b for a, b in spans)]
    times = [one.at for one in entries]
    wrong = [one.at for one in checked if not _is_borne_out(one, entries, times)]
    return Balance(
        since=readings[0].at,
        until=readings[-1].at,
        readings=len(readings),
        checked=len(checked),
        agree=len(checked) - len(wrong),
        differs_at=min(wrong, default=None),
        moves=moves,
    )


def _readings(
    conn: "Connection", room_ids: Sequence[int], since: datetime | None, until: datetime | None
) -> list[_Reading]:
    asked = [one for one in series.questions(conn, room_ids) if one.source == _SOURCE]
    taken = [row for one in asked for row in series.between(conn, room_ids, one.id, since, until)]
    metrics = series.metrics_of(conn, (row.payload_id for row in taken))
    found = ((row.captured_at, metrics[row.payload_id].get(_METRIC)) for row in taken)
    return sorted({_Reading(at, tokens) for at, tokens in found if isinstance(tokens, int)})


def _is_borne_out(one: _Reading, entries: Sequence["Entry"], times: Sequence[datetime]) -> bool:
    """Whether the ledger had that balance when it was read, or some minutes before."""
    last = bisect_right(times, one.at)
    first = max(bisect_right(times, one.at - _LATE) - 1, 0)
    return any(entry.balance == one.tokens for entry in entries[first:last])
