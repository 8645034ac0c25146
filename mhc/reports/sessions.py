"""The figures of sessions: who was there, what they paid and said, and how much of it was captured.

Anonymous tips count in every figure of a room; what excluded people did openly is left out, and said so.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, NamedTuple

from mhc.domain.clock import to_ms
from mhc.domain.figures import covered_share, whole_seconds
from mhc.domain.sessions import Calendar, state_of
from mhc.domain.visits import Ending
from mhc.store import coverage, paid, people, pruning, sessions, talk, visits, watchlists
from mhc.store.counting import Scope

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from mhc.store.sessions import Session


@dataclass(frozen=True, slots=True)
class Row:
    """One session and its figures."""

    id: int
    room: str
    origin: str
    state: str
    started_at: datetime
    ended_at: datetime | None
    title: str | None
    tokens: int
    tips: int
    tippers: int
    messages: int
    unique_visitors: int | None  # None: who came and left then is not kept any more
    new_followers: int
    coverage: float | None  # None: the room was never captured
    duration: timedelta


class Report(NamedTuple):
    """Sessions with their figures, and how many people these leave out."""

    rows: Sequence[Row]
    excluded: int


class Asked(NamedTuple):
    """By which clock and merge gap a session's state goes, and whether excluded people count."""

    now: datetime
    merge_gap: timedelta
    include_excluded: bool = False


@dataclass(slots=True)
class _Tally:
    tokens: int = 0
    tips: int = 0
    tippers: set[int] = field(default_factory=set)
    messages: int = 0
    visitors: set[int] = field(default_factory=set)
    followers: set[int] = field(default_factory=set)


class _Crowd:
    """Who an event counts for: the root of merged people, or nobody where they are excluded."""

    def __init__(self, roots: dict[int, int], excluded: set[int]) -> None:
        self._roots = roots
        self._excluded = excluded
        self.left_out: set[int] = set()

    def root(self, who: int) -> int:
        return self._roots.get(who, who)

    def counts(self, who: int | None) -> bool:
        """Whether what this person did openly counts."""
        if who is None or self.root(who) not in self._excluded:
            return True
        self.left_out.add(self.root(who))
        return False


def read(conn: "Connection", found: "Sequence[Session]", asked: Asked) -> Report:
    """Give the figures of sessions, in the order of `found`."""
    excluded = set() if asked.include_excluded else watchlists.excluded_ids(conn)
    crowd = _Crowd(people.roots(conn), excluded)
    by_room = defaultdict(list)
    for one in found:
        by_room[one.room_id].append(one)
    spans = coverage.live_spans(conn, list(by_room)) if by_room else {}
    tallies: dict[int, _Tally] = {}
    for room_id, theirs in by_room.items():
        tallies |= _tally(conn, room_id, sorted(theirs, key=lambda s: s.started_at), crowd, asked.now)
    kept = pruning.presence_known_from(conn)
    rows = [_row(one, tallies[one.id], spans.get(one.room_id), asked) for one in found]
    rows = [replace(row, unique_visitors=None) if kept and row.started_at < kept else row for row in rows]
    return Report(rows, len(crowd.left_out))


def _row(
    one: "Session", tally: _Tally, spans: Sequence[tuple[datetime, datetime]] | None, asked: Asked
) -> Row:
    until = one.ended_at or max(asked.now, one.started_at)
    return Row(
        id=one.id,
        room=one.room,
        origin=one.origin,
        state=str(state_of(one.span, asked.now, asked.merge_gap)),
        started_at=one.started_at,
        ended_at=one.ended_at,
        title=one.title,
        tokens=tally.tokens,
        tips=tally.tips,
        tippers=len(tally.tippers),
        messages=tally.messages,
        unique_visitors=len(tally.visitors),
        new_followers=len(tally.followers),
        coverage=None if spans is None else covered_share(spans, one.started_at, until),
        duration=whole_seconds(until - one.started_at),
    )


def _tally(
    conn: "Connection", room_id: int, theirs: "Sequence[Session]", crowd: _Crowd, now: datetime
) -> dict[int, _Tally]:
    """Count for each of a room's sessions, earliest first."""
    calendar = Calendar([one.span for one in theirs], now)
    tallies = [_Tally() for _one in theirs]
    begin = theirs[0].started_at
    end = theirs[-1].ended_at or max(now, theirs[-1].started_at)
    for payment in paid.list_all(conn, Scope([room_id], begin, end)):
        place = calendar.place(payment.at_ms)
        if place is not None:
            _count_payment(tallies[place], payment, crowd)
    for who, visit in visits.of_room(conn, room_id, sessions.last_end(conn, room_id, begin), end):
        came = to_ms(visit.known_from)
        # An end that nobody saw is taken as the beginning.
        left = to_ms(end if visit.ending is Ending.OPEN else visit.left_at or visit.known_from)
        touched = list(calendar.touched(came, left))
        if touched and crowd.counts(who):
            for place in touched:
                tallies[place].visitors.add(crowd.root(who))
    for one, tally in zip(theirs, tallies, strict=True):
        _count_talk(tally, talk.counts(conn, room_id, one.started_at, one.ended_at or end), crowd)
    return {one.id: tally for one, tally in zip(theirs, tallies, strict=True)}


def _count_talk(tally: _Tally, counts: Iterable[talk.Counts], crowd: _Crowd) -> None:
    for one in counts:
        if crowd.counts(one.actor_id):
            tally.messages += one.messages
            if one.follows and one.actor_id is not None:
                tally.followers.add(crowd.root(one.actor_id))


def _count_payment(tally: _Tally, payment: paid.Payment, crowd: _Crowd) -> None:
    if not payment.anonymous and not crowd.counts(payment.actor_id):
        return
    tally.tokens += payment.tokens
    if payment.is_tip:
        tally.tips += 1
        if payment.actor_id is not None:
            tally.tippers.add(crowd.root(payment.actor_id))
