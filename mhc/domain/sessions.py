"""Sessions: what the owner calls a stream, made of broadcasts with short breaks, or by hand."""

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from math import inf
from typing import NamedTuple

from mhc.domain.broadcasts import MERGE_GAP, Broadcast
from mhc.domain.clock import to_ms
from mhc.domain.spans import cut


class Origin(StrEnum):
    """Where a session comes from."""

    MANUAL = "manual"
    EVENTS = "events"
    OBSERVED = "observed"


class State(StrEnum):
    """A session's state, which follows from times alone."""

    LIVE = "live"
    ENDED = "ended"  # a new start would still reopen it
    CLOSED = "closed"


@dataclass(frozen=True, slots=True)
class Span:
    """A time from a start to an end; `ended_at` None while it lasts."""

    started_at: datetime
    ended_at: datetime | None = None

    def overlaps(self, other: "Span") -> bool:
        """Whether the two share an instant, their ends included."""
        return not (
            (self.ended_at is not None and self.ended_at < other.started_at)
            or (other.ended_at is not None and other.ended_at < self.started_at)
        )

    def holds(self, at: datetime) -> bool:
        """Whether an instant lies in it; its end does not, but for a span without any length."""
        if self.ended_at is None or self.ended_at == self.started_at:
            return self.started_at == at or (self.ended_at is None and self.started_at <= at)
        return self.started_at <= at < self.ended_at

    def shares(self, other: "Span") -> bool:
        """Whether the two share more than the instant in which one ends and the other begins."""
        lasting = self.started_at != self.ended_at and other.started_at != other.ended_at
        touching = self.ended_at == other.started_at or other.ended_at == self.started_at
        return self.overlaps(other) and not (lasting and touching)


class Group(NamedTuple):
    """Broadcasts (by their place in the sequence) that are one session."""

    span: Span
    members: tuple[int, ...]


FAR = datetime.max.replace(tzinfo=UTC)  # a session that lasts takes in all that comes


class Calendar:
    """Finds the session of an instant; sessions never overlap. Instants are epoch milliseconds: there are many."""

    def __init__(self, spans: Sequence[Span], now: datetime) -> None:
        """Take spans in order of time; one that lasts ends at `now`."""
        self._starts = [to_ms(one.started_at) for one in spans]
        self._ends = [to_ms(one.ended_at or max(now, one.started_at)) for one in spans]

    def place(self, at_ms: int) -> int | None:
        """Give the place of the span that an instant lies in; its end is not in it."""
        place = bisect_right(self._starts, at_ms) - 1
        return place if place >= 0 and at_ms < self._ends[place] else None

    def around(self, at_ms: int) -> tuple[int | None, int, float]:
        """Give the place as above, and the half-open time, unbounded where nothing bounds it, of which it is the place."""
        place = bisect_right(self._starts, at_ms) - 1
        following = self._starts[place + 1] if place + 1 < len(self._starts) else inf
        if place < 0:
            return None, 0, following
        if at_ms < self._ends[place]:
            return place, self._starts[place], min(self._ends[place], following)
        return None, self._ends[place], following

    def touched(self, begin_ms: int, end_ms: int) -> Iterator[int]:
        """Give the places of the spans that share some time with a half-open one, or hold its beginning."""
        place = bisect_right(self._ends, begin_ms)
        while place < len(self._starts) and (self._starts[place] < end_ms or self._starts[place] <= begin_ms):
            yield place
            place += 1


def state_of(span: Span, now: datetime, gap: timedelta = MERGE_GAP) -> State:
    """Give a session's state at `now`."""
    if span.ended_at is None:
        return State.LIVE
    return State.ENDED if now - span.ended_at <= gap else State.CLOSED


def live_time(span: Span, until: datetime, known: Sequence[Broadcast]) -> tuple[timedelta, int]:
    """Give how long broadcasts lasted within a session, or all of it where none did, and how many; what lasts ends `until`."""
    aired = ((one.started_at, one.ended_at or until) for one in known)
    parts = [end - begin for begin, end in cut(aired, span.started_at, until)]
    return sum(parts, timedelta()) if parts else until - span.started_at, len(parts)


def stitch(
    broadcasts: Sequence[Span], by_hand: Sequence[Span], gap: timedelta = MERGE_GAP
) -> tuple[list[Group], dict[int, int]]:
    """Join broadcasts, in order of time, whose pause is no longer than the gap.

    Gives the groups, and for each broadcast that a session made by hand takes in, that session's place. A session
    made by hand also parts the broadcasts before it from those after it: sessions never overlap.
    """
    taken: dict[int, int] = {}
    groups: list[Group] = []
    for place, one in enumerate(broadcasts):
        owner = next((i for i, hand in enumerate(by_hand) if hand.shares(one)), None)
        if owner is not None:
            taken[place] = owner
        elif groups and _joins(groups[-1].span, one, by_hand, gap):
            last = groups[-1]
            groups[-1] = Group(Span(last.span.started_at, one.ended_at), (*last.members, place))
        else:
            groups.append(Group(one, (place,)))
    return groups, taken


def _joins(before: Span, one: Span, by_hand: Sequence[Span], gap: timedelta) -> bool:
    if before.ended_at is None or one.started_at - before.ended_at > gap:
        return False
    pause = Span(before.ended_at, one.started_at)
    return not any(hand.overlaps(pause) for hand in by_hand)


def match(old: Sequence[Span], new: Sequence[Span]) -> dict[int, int]:
    """Give for each new span the old one that it continues: the first that it overlaps and no other has."""
    used: set[int] = set()
    pairs: dict[int, int] = {}
    for i, span in enumerate(new):
        for j, candidate in enumerate(old):
            if j not in used and candidate.overlaps(span):
                pairs[i] = j
                used.add(j)
                break
    return pairs
