"""Which regulars came back in a range, and which went missing.

A regular came to at least 3 of 10 sessions in a row. Who then misses 5 in a row went missing with the fifth, and comes
back when they come after so many. Only sessions that took place count, and of these those into which anybody was seen
to come: nobody misses a show that was not, or that nobody listened to.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, NamedTuple

from mhc.domain.sessions import Calendar, Span
from mhc.store import people, session_visits
from mhc.store.regulars import USUAL

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from mhc.domain.times import Range
    from mhc.reports.frame import Crowd

AWAY = 5  # sessions in a row that a regular missed
LOOK_BACK = 100  # sessions: who was away longer is no regular any more
_WINDOW = AWAY + USUAL.of_sessions
_EARLY = timedelta(days=1)  # before the first session that is looked at


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
    calendar = Calendar(
        [one if one.ended_at else Span(one.started_at, max(until, one.started_at)) for one in shows], until
    )
    here = session_visits.stays(conn, room_ids, _start(shows, window), until)
    places = _places(here, calendar, crowd)
    for host in crowd.roots(frozenset(room_ids)):
        places.pop(host, None)
    _complete(conn, room_ids, shows[: window + 1], calendar, crowd, places, first)
    over = sum(one.ended_at is not None for one in shows)  # one that lasts nobody has missed yet
    returned = {who: move for who, mine in places.items() if (move := _return(mine, first)) is not None}
    missing = {who: move for who, mine in places.items() if (move := _absence(mine, first, over)) is not None}
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


def _start(shows: Sequence[Span], place: int) -> datetime:
    """Give when to begin to look: who is there when a session begins came after the end of the one before."""
    before = shows[place - 1].ended_at if place else None
    return before or shows[place].started_at - _EARLY


def _places(stays: Iterable[session_visits.Stay], calendar: Calendar, crowd: "Crowd") -> dict[int, list[int]]:
    """Give by root the places of the sessions that they were at, in order."""
    found: dict[int, set[int]] = {}
    for who, begin, end in stays:
        touched = list(calendar.touched(begin, end))
        if touched:
            found.setdefault(crowd.root(who), set()).update(touched)
    return {who: sorted(places) for who, places in found.items()}


def _complete(
    conn: "Connection",
    room_ids: Sequence[int],
    older: Sequence[Span],
    calendar: Calendar,
    crowd: "Crowd",
    places: dict[int, list[int]],
    first: int,
) -> None:
    """Look further back for those who came after an absence, and of whom too little is known to say more."""
    if len(older) < 2:
        return
    doubtful = [who for who, mine in places.items() if _doubtful(mine, first)]
    until = _start(older, len(older) - 1)
    rows = sorted(crowd.rows(doubtful))
    more = _places(session_visits.stays(conn, room_ids, _start(older, 0), until, rows), calendar, crowd)
    for who, before in more.items():
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
