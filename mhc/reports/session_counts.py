"""What sessions came to, one by one, as people and sums that can be put together: for years of them.

The same figures as those of one session, but counted by the database, which no list of what each person did would be.
The room's own broadcaster is none of its people.
"""

from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, NamedTuple

from mhc.domain.clock import to_ms
from mhc.domain.figures import covered_share
from mhc.domain.sessions import Calendar, Origin, live_time
from mhc.domain.spans import Pair, cut, joined
from mhc.store import coverage, lines_within, pruning, session_sums, sessions
from mhc.store.session_sums import Ids, ids
from mhc.store.spells import Spell

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from mhc.domain.broadcasts import Broadcast
    from mhc.reports.frame import Crowd
    from mhc.store.sessions import Session


@dataclass(frozen=True, slots=True)
class Count:
    """One session: its sums, and the people who count, by the root of their rows."""

    session: "Session"
    until: datetime  # its end, or now
    live: timedelta
    captured: timedelta | None  # None: the room was never listened to
    coverage: float | None  # the share of it that this is
    tokens: int
    tips: int
    messages: int
    tippers: Ids  # by name
    visitors: "Ids | None"  # None: who came and left then is not kept any more
    followed: Ids
    unfollowed: Ids
    left_out: frozenset[int]  # who did anything openly and does not count

    @property
    def heard(self) -> bool:
        """Whether anybody listened: else what is nothing is unknown."""
        return heard(self.session, self.coverage, len(self.visitors or ()), len(self.followed))

    @property
    def told(self) -> bool:
        """Whether it is known what was said and paid: pasted lines tell so where nobody listened."""
        return self.heard or bool(self.tokens or self.tips or self.messages)


def heard(one: "Session", coverage: float | None, *seen: int | None) -> bool:
    """Whether anybody listened to a session, were it only to its beginning, or anybody was `seen` to come or follow."""
    return one.origin == Origin.EVENTS or any((coverage, *seen))


def left_out(counts: "Sequence[Count]") -> int:
    """Give how many people some sessions leave out."""
    return len(frozenset[int]().union(*(one.left_out for one in counts)))


def read(conn: "Connection", found: "Sequence[Session]", crowd: "Crowd", now: datetime) -> list[Count]:
    """Count sessions, in the order of `found`; those of a room must follow on each other."""
    by_room = defaultdict(list)
    for one in found:
        by_room[one.room_id].append(one)
    spans = coverage.live_spans(conn, list(by_room)) if by_room else {}
    kept = pruning.presence_known_from(conn)
    counts: dict[int, Count] = {}
    for room_id, theirs in by_room.items():
        theirs.sort(key=lambda one: one.started_at)
        about = _About(now, spans.get(room_id), kept)
        counts |= {one.session.id: one for one in _of_room(conn, room_id, theirs, crowd, about)}
    return [counts[one.id] for one in found]


class _About(NamedTuple):
    now: datetime
    captured: Sequence[Pair] | None
    presence_from: datetime | None


def _of_room(
    conn: "Connection", room_id: int, theirs: "Sequence[Session]", crowd: "Crowd", about: _About
) -> Iterator[Count]:
    ends = [one.ended_at or max(about.now, one.started_at) for one in theirs]
    spells = _spells(conn, theirs, ends)
    without = sorted(crowd.rows(crowd.excluded))
    paid = session_sums.paid(conn, room_id, spells, without)
    times = [[(one.started_at, end)] for one, end in zip(theirs, ends, strict=True)]
    messages = lines_within.by_quarter(conn, [room_id], times, without)
    visitors = session_sums.visitors(conn, room_id, spells)
    leavers = _leavers(conn, room_id, theirs, spells, about)
    followed, unfollowed = _follows(conn, room_id, theirs, spells, about)
    acted = session_sums.acted(conn, room_id, spells, without)
    nobody = frozenset(without)
    host = crowd.root(room_id)
    own = crowd.rows([host])  # of a room that was merged these are several
    lives = _live(conn, room_id, theirs, ends)
    seen = _captured(about.captured, theirs, ends)
    for place, one in enumerate(theirs):
        there = leavers[place].union(visitors[place]) - own
        began, ceased = followed[place] - own, unfollowed[place] - own
        did = (nobody & some for some in (there, began, ceased, acted[place]))
        kept = about.presence_from is None or one.started_at >= about.presence_from
        yield Count(
            session=one,
            until=ends[place],
            live=lives[place],
            captured=seen[place][0],
            coverage=seen[place][1],
            tokens=paid[place].tokens,
            tips=paid[place].tips,
            messages=messages[place].total(),
            tippers=ids(crowd.roots(frozenset(paid[place].tippers)) - {host}),
            visitors=ids(crowd.people(there)) if kept else None,
            followed=ids(crowd.people(began)),
            unfollowed=ids(crowd.people(ceased)),
            left_out=frozenset(crowd.roots(frozenset[int]().union(*did))),
        )


def _spells(conn: "Connection", theirs: "Sequence[Session]", ends: Sequence[datetime]) -> list[Spell]:
    before = sessions.last_end(conn, theirs[0].room_id, theirs[0].started_at)
    since = [0 if before is None else to_ms(before), *map(to_ms, ends)]
    return [
        Spell(to_ms(one.started_at), to_ms(end), after)
        for one, end, after in zip(theirs, ends, since, strict=False)
    ]


def _leavers(
    conn: "Connection", room_id: int, theirs: "Sequence[Session]", spells: Sequence[Spell], about: _About
) -> dict[int, set[int]]:
    """Give, by the place of a session, the rows of who was only seen to leave in it: they were there until then."""
    found: dict[int, set[int]] = defaultdict(set)
    calendar = Calendar([one.span for one in theirs], about.now)
    for who, left_ms in session_sums.leavers(conn, room_id, spells[0].since, spells[-1].end):
        place = calendar.place(left_ms)
        if place is not None:
            found[place].add(who)
    return found


def _follows(
    conn: "Connection", room_id: int, theirs: "Sequence[Session]", spells: Sequence[Spell], about: _About
) -> tuple[list[set[int]], list[set[int]]]:
    """Give the rows of who began to follow in each session, and of who ceased."""
    began, ceased = ([set[int]() for _one in theirs] for _side in range(2))
    calendar = Calendar([one.span for one in theirs], about.now)
    for who, at_ms, begins in session_sums.follows(conn, room_id, spells[0].begin, spells[-1].end):
        place = calendar.place(at_ms)
        if place is not None:
            (began if begins else ceased)[place].add(who)
    return began, ceased


def _live(
    conn: "Connection", room_id: int, theirs: "Sequence[Session]", ends: Sequence[datetime]
) -> list[timedelta]:
    """Give how long each session was live."""
    known = [one for _id, one in sessions.broadcasts(conn, room_id, theirs[0].started_at)]
    starts = [one.started_at for one in known]

    def near(begin: datetime, end: datetime) -> "Sequence[Broadcast]":
        # They do not overlap: of those that began before, the last one alone may go on.
        return known[max(0, bisect_right(starts, begin) - 1) : bisect_left(starts, end)]

    return [
        live_time(one.span, end, near(one.started_at, end))[0] for one, end in zip(theirs, ends, strict=True)
    ]


def _captured(
    spans: Sequence[Pair] | None, theirs: "Sequence[Session]", ends: Sequence[datetime]
) -> Sequence[tuple[timedelta | None, float | None]]:
    """Give how much of each session was captured, and which share of it that is."""
    if spans is None:
        return [(None, None) for _one in theirs]
    apart = joined(spans)
    lasts, firsts = [end for _begin, end in apart], [begin for begin, _end in apart]
    found = []
    for one, until in zip(theirs, ends, strict=True):
        near = apart[bisect_left(lasts, one.started_at) : bisect_right(firsts, until)]
        length = sum((end - begin for begin, end in cut(near, one.started_at, until)), timedelta())
        found.append((length, covered_share(near, one.started_at, until)))
    return found
