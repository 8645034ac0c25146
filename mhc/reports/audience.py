"""Who was there in a session (analysis.md, `audience`): stay, tips, messages, lists, first-timers."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, NamedTuple

from mhc.domain.clock import EPOCH, from_ms
from mhc.domain.crowds import Stay, stays
from mhc.domain.figures import covered_share, whole_seconds
from mhc.domain.visits import Ending
from mhc.reports import frame, session_tally
from mhc.reports.frame import Covered, Crowd, Seen
from mhc.reports.one_session import time_of
from mhc.store import coverage, people, sessions, talk, totals, watchlists

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from mhc.reports.session_tally import Doing, Tally
    from mhc.reports.sessions import Asked
    from mhc.store.sessions import Session


@dataclass(frozen=True, slots=True)
class Row:
    """One person in a session; `username` None is everyone who tipped anonymously."""

    username: str | None
    anonymous: bool
    arrived_at: datetime | None  # None: was there before anybody saw them come
    left_at: datetime | None  # None: still there, or nobody saw them go
    there: bool  # now, while the session is live
    stay: timedelta | None  # known time in the session
    visits: int
    tokens: int
    tips: int
    messages: int
    follows: bool  # began to follow in it
    first_time: bool | None  # were not seen in the room before the session before it had ended
    watchlists: list[str]


class Totals(NamedTuple):
    """How many people were there: all of them, the new ones, who tipped by name, and who is on any list."""

    people: int
    first_timers: int
    tippers: int
    on_lists: int


class Audience(NamedTuple):
    """The people of a session, who paid most first, and how many it leaves out."""

    rows: Sequence[Row]
    totals: Totals
    excluded: int


def read(conn: "Connection", one: "Session", asked: "Asked", *, reveal: bool = False) -> Audience:
    """Give who was in a session; `reveal` counts anonymous tips for who made them."""
    crowd = Crowd(conn, include_excluded=asked.include_excluded, reveal=reveal)
    tally = session_tally.read(conn, one.room_id, [one], crowd, asked.now, talk.EVERY)[one.id]
    rows = people_of(conn, one, asked, tally)
    return Audience(rows, totals_of(rows), len(crowd.left_out))


def totals_of(rows: Sequence[Row]) -> Totals:
    """Count the people of a session, whether they were seen to come or did something else in it."""
    named = [row for row in rows if not row.anonymous]
    return Totals(
        people=len(named),
        first_timers=sum(row.first_time is True for row in named),
        tippers=sum(row.tips > 0 for row in named),  # as the figures of a session do
        on_lists=sum(bool(row.watchlists) for row in named),
    )


def seen(conn: "Connection", one: "Session", now: datetime) -> Seen:
    """Give how much of a session was captured: of one that lasts, as of a range whose end is open."""
    found = frame.seen(conn, [one.room_id], one.started_at, one.ended_at, now)
    spans = coverage.live_spans(conn, [one.room_id]).get(one.room_id)
    if one.ended_at is None or spans is None:
        return found
    share = covered_share(spans, one.started_at, one.ended_at)
    return Seen(Covered(one.started_at, one.ended_at, share), share, found.is_any)


def people_of(conn: "Connection", one: "Session", asked: "Asked", tally: "Tally") -> list[Row]:
    """Give the people of a session that is counted already, in the order of `read`."""
    ids = sorted(tally.people)
    names = people.names_by_id(conn, ids)
    rows_of = people.roots_of_rows(conn, ids)
    lists = watchlists.names_by_root(conn, rows_of)
    seen = _first_seen(conn, rows_of, one.room_id)
    within = time_of(one, one.ended_at or max(asked.now, one.started_at))
    live = one.ended_at is None
    before = sessions.last_end(conn, one.room_id, one.started_at) or EPOCH
    rows = []
    for who in ids:
        first = seen.get(who)
        new = None if first is None else first >= before
        rows.append(_row(names[who], tally.people[who], within, new, lists.get(who, []), live=live))
    if tally.unnamed.tokens:
        rows.append(_row(None, tally.unnamed, within, None, [], live=False))
    rows.sort(key=lambda row: (-row.tokens, -row.messages, row.username is None, row.username or ""))
    return rows


def _first_seen(conn: "Connection", rows_of: dict[int, int], room_id: int) -> dict[int, datetime]:
    """Give when each was first seen in a room, by any of their rows."""
    first: dict[int, datetime] = {}
    for row, at in totals.first_seen(conn, rows_of, room_id).items():
        root = rows_of[row]
        first[root] = min(at, first.get(root, at))
    return first


def _row(
    username: str | None,
    did: "Doing",
    within: Stay,
    first_time: bool | None,
    lists: list[str],
    *,
    live: bool,
) -> Row:
    visits = sorted(did.visits, key=lambda one: one.known_from)
    there = live and any(one.ending is Ending.OPEN for one in visits)
    last = visits[-1] if visits else None
    return Row(
        username=username,
        anonymous=username is None,
        arrived_at=visits[0].entered_at if visits else None,
        left_at=None if last is None or there else last.left_at,
        there=there,
        stay=_stay(stays(visits, did.signs, within)) if username is not None else None,
        visits=len(visits),
        tokens=did.tokens,
        tips=did.tips,
        messages=did.messages,
        follows=bool(did.follows),
        first_time=first_time,
        watchlists=lists,
    )


def _stay(found: Iterable[Stay]) -> timedelta | None:
    """Give how long somebody was known to be there; None where that is an instant."""
    length = sum((from_ms(one.end) - from_ms(one.begin) for one in found), timedelta())
    return whole_seconds(length) if length > timedelta(milliseconds=1) else None
