"""The figures of sessions: who was there, what they paid and said, and how much of it was captured.

Anonymous tips count in every figure of a room; what excluded people did openly is left out, and said so.
"""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, NamedTuple

from mhc.domain.figures import covered_share, whole_seconds
from mhc.domain.sessions import state_of
from mhc.reports import session_tally
from mhc.reports.frame import Crowd
from mhc.reports.session_tally import Tally
from mhc.store import coverage, pruning

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


def read(conn: "Connection", found: "Sequence[Session]", asked: Asked) -> Report:
    """Give the figures of sessions, in the order of `found`."""
    crowd = Crowd(conn, include_excluded=asked.include_excluded)
    by_room = defaultdict(list)
    for one in found:
        by_room[one.room_id].append(one)
    spans = coverage.live_spans(conn, list(by_room)) if by_room else {}
    tallies: dict[int, Tally] = {}
    for room_id, theirs in by_room.items():
        in_order = sorted(theirs, key=lambda one: one.started_at)
        tallies |= session_tally.read(conn, room_id, in_order, crowd, asked.now)
    kept = pruning.presence_known_from(conn)
    rows = [row_of(one, tallies[one.id], spans.get(one.room_id), asked, kept) for one in found]
    return Report(rows, len(crowd.left_out))


def row_of(
    one: "Session",
    tally: Tally,
    spans: Sequence[tuple[datetime, datetime]] | None,
    asked: Asked,
    presence_from: datetime | None,
) -> Row:
    """Give a session's row; `presence_from` is from when on enters and leaves are kept (None: all are)."""
    kept = presence_from is None or one.started_at >= presence_from
    everyone = tally.everyone
    until = one.ended_at or max(asked.now, one.started_at)
    return Row(
        id=one.id,
        room=one.room,
        origin=one.origin,
        state=str(state_of(one.span, asked.now, asked.merge_gap)),
        started_at=one.started_at,
        ended_at=one.ended_at,
        title=one.title,
        tokens=sum(who.tokens for who in everyone),
        tips=sum(who.tips for who in everyone),
        tippers=len(tally.tippers),
        messages=sum(who.messages for who in everyone),
        unique_visitors=sum(bool(who.visits) for who in tally.people.values()) if kept else None,
        new_followers=sum(bool(who.follows) for who in tally.people.values()),
        coverage=None if spans is None else covered_share(spans, one.started_at, until),
        duration=whole_seconds(until - one.started_at),
    )
