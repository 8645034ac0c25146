"""Which regulars came back in a range, and which went missing.

A regular came to at least 3 of 10 sessions in a row. Who then misses 5 in a row went missing with the fifth, and comes
back when they come after so many. Only sessions that took place count, and of these those into which anybody was seen
to come: nobody misses a show that was not, or that nobody listened to.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, NamedTuple

from mhc.domain.clock import to_ms
from mhc.domain.sessions import Calendar, Span
from mhc.store import people, session_sums, session_visits
from mhc.store.regulars import USUAL
from mhc.store.spells import Spell

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from mhc.domain.times import Range
    from mhc.reports.frame import Crowd

AWAY = 5  # sessions in a row that a regular missed
LOOK_BACK = 100  # sessions: who was away longer is no regular any more
_WINDOW = AWAY + USUAL.of_sessions


@dataclass(frozen=True, slots=True)
class Regular:
    """One regular; `missed` are the sessions since the one that they last came to."""

    username: str
    missed: int
    last_session_at: datetime  # when that one began


class Moves(NamedTuple):
    """Who came back, who had missed most first; who went missing, by name."""

    returned: Sequence[Regular]
    missing: Sequence[Regular]


class _Away(NamedTuple):
    """By their places in the sequence: the last session that somebody came to, and how many they missed after it."""

    last: int
    missed: int


def read(conn: "Connection", room_ids: Sequence[int], asked: "Range", now: datetime, crowd: "Crowd") -> Moves:
    """Give the moves of one room's regulars, in the last 100 sessions of a range."""
    inside = session_visits.within(conn, room_ids, asked.start, asked.end, now, LOOK_BACK)
    if not inside:
        return Moves([], [])
    earlier = session_visits.before(conn, room_ids, inside[0].started_at, LOOK_BACK)
    shows, first = [*earlier, *inside], len(earlier)
    window = max(0, first - _WINDOW)
    until = min(now, asked.end) if asked.end is not None else now
    room = _Room(conn, room_ids, shows, until, crowd)
    places = room.places(range(window, len(shows)))
    for host in crowd.roots(frozenset(room_ids)):
        places.pop(host, None)
    _complete(room, places, window, first)
    over = sum(one.ended_at is not None for one in shows)  # one that lasts nobody has missed yet
    returned, missing = _moves(room, places, first, over)
    names = people.names_by_id(conn, [*returned, *missing])
    gone, back = (
        [
            Regular(names[who], move.missed, shows[move.last].started_at)
            for who, move in moves.items()
            if crowd.counts(who)
        ]
        for moves in (missing, returned)
    )
    return Moves(
        sorted(back, key=lambda row: (-row.missed, row.username)), sorted(gone, key=lambda row: row.username)
    )


class _Room:
    """Who was at which of some sessions of one room, in order: by visits, tips by name, and what else they did openly."""

    def __init__(
        self,
        conn: "Connection",
        room_ids: Sequence[int],
        shows: Sequence[Span],
        until: datetime,
        crowd: "Crowd",
    ) -> None:
        self._conn, self._ids, self._shows, self._crowd = conn, room_ids, shows, crowd
        self._spans = [
            (to_ms(one.started_at), to_ms(one.ended_at or max(until, one.started_at))) for one in shows
        ]
        self._until = until
        self._calendar = Calendar(shows, until)

    def places(self, of: range, roots: Collection[int] | None = None) -> dict[int, list[int]]:
        """Give by root the places of those sessions of a part that they came to or tipped in, in order."""
        rows = None if roots is None else self._crowd.rows(roots)
        found: dict[int, set[int]] = defaultdict(set)
        for place, theirs in self._there(of):
            for who in theirs if rows is None else rows.intersection(theirs):
                found[self._crowd.root(who)].add(place)
        return {who: sorted(places) for who, places in found.items()}

    def _there(self, of: range) -> Iterator[tuple[int, Iterable[int]]]:
        """Give the rows of who was at each session of a part, session by session, and of who tipped in it."""
        spans, since = self._spans[of.start : of.stop], to_ms(self._start(of.start))
        ends = [since, *(end for _begin, end in spans)]
        spells = [Spell(*span, before) for span, before in zip(spans, ends, strict=False)]
        for room in self._ids:
            yield from zip(of, session_sums.visitors(self._conn, room, spells), strict=True)
            for who, left_ms in session_sums.leavers(self._conn, room, since, spans[-1][1]):
                if (place := self._calendar.place(left_ms)) is not None:
                    yield place, [who]
        for place, who in session_visits.tippers(self._conn, self._ids, spans):
            yield of.start + place, [who]

    def hear(self, places: dict[int, list[int]], absences: Iterable[tuple[int, int]]) -> set[int]:
        """Add the sessions, after the last that people came to, in which they wrote or tipped openly; give who did."""
        begins = [*(begin for begin, _end in self._spans), to_ms(self._until)]
        after: dict[int, set[int]] = defaultdict(set)
        for who, last in absences:
            after[who].add(last)
        wanted = []
        for row in sorted(self._crowd.rows(after)):
            mine = places[self._crowd.root(row)]
            for last in sorted(after[self._crowd.root(row)]):
                back = next((place for place in mine if place > last), len(self._shows))
                wanted.append(session_visits.Stay(row, self._spans[last][1], begins[back]))
        heard: dict[int, set[int]] = defaultdict(set)
        for one in session_visits.lines(self._conn, self._ids, wanted):
            if (place := self._calendar.place(one.begin_ms)) is not None:
                heard[self._crowd.root(one.person_id)].add(place)
        for who, more in heard.items():
            places[who] = sorted(more.union(places[who]))
        return set(heard)

    def _start(self, place: int) -> datetime:
        """Give when to begin to look: who is there when a session begins came after the end of the one before."""
        return session_visits.reach(self._conn, self._ids, self._shows[place].started_at)


def _moves(
    room: _Room, places: dict[int, list[int]], first: int, over: int
) -> tuple[dict[int, _Away], dict[int, _Away]]:
    """Give who came back and who went missing; who seems to have is listened for, until nobody was heard."""
    returned: dict[int, _Away] = {}
    missing: dict[int, _Away] = {}
    asked = set(places)
    while asked:
        back = {who: move for who in asked if (move := _return(places[who], first)) is not None}
        gone = {who: move for who in asked if (move := _absence(places[who], first, over)) is not None}
        asked = room.hear(places, ((who, move.last) for some in (back, gone) for who, move in some.items()))
        returned |= {who: move for who, move in back.items() if who not in asked}
        missing |= {who: move for who, move in gone.items() if who not in asked}
    return returned, missing


def _complete(room: _Room, places: dict[int, list[int]], window: int, first: int) -> None:
    """Look further back for those who came after an absence, and of whom too little is known to say more."""
    if not window:
        return
    doubtful = [who for who, mine in places.items() if _doubtful(mine, first)]
    for who, before in room.places(range(window), doubtful).items():
        places[who] = sorted({*before, *places[who]})


def _doubtful(places: Sequence[int], first: int) -> bool:
    """Whether somebody came after an absence that may be of a regular, were more known."""
    after = [at for at, place in enumerate(places) if place >= first]
    return any((at == 0 or places[at] - places[at - 1] > AWAY) and not _regular(places[:at]) for at in after)


def _regular(places: Sequence[int]) -> bool:
    """Whether the last sessions that somebody came to were 3 of 10 in a row."""
    return len(places) >= USUAL.often and places[-1] - places[-USUAL.often] < USUAL.of_sessions


def _return(places: Sequence[int], first: int) -> _Away | None:
    """Give the last absence from which somebody came back to a session from `first` on."""
    for at in range(len(places) - 1, 0, -1):
        missed = places[at] - places[at - 1] - 1
        if places[at] >= first and missed >= AWAY and _regular(places[:at]):
            return _Away(places[at - 1], missed)
    return None


def _absence(places: Sequence[int], first: int, over: int) -> _Away | None:
    """Give the absence of somebody who came to no session since, where its fifth is from `first` on."""
    last = places[-1]
    told = first <= last + AWAY < over and _regular(places)
    return _Away(last, over - 1 - last) if told else None
