"""The figures of sessions: who was there, what they paid and said, and how much of it was captured.

Anonymous tips count in what a room got, as nobody's; what excluded people did openly is left out, and said so.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, NamedTuple

from mhc.domain.figures import covered_share, whole_seconds
from mhc.domain.sessions import state_of
from mhc.reports import session_counts
from mhc.reports.frame import Crowd

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from mhc.reports.session_counts import Count
    from mhc.reports.session_tally import Tally
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
    tokens: int | None  # None, as in what follows: nobody listened, and nothing is known of it
    tips: int | None
    tippers: int | None  # by name
    messages: int | None
    unique_visitors: int | None  # None, too: who came and left then is not kept any more
    new_followers: int | None
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
    counts = session_counts.read(conn, found, crowd, asked.now)
    return Report([_row(one, asked) for one in counts], session_counts.left_out(counts))


def figure(number: int, *, told: bool) -> int | None:
    """Give a figure; nothing is unknown where nobody would have told."""
    return number if told else number or None


def net(came: int | None, went: int | None) -> int | None:
    """Give how many more came than went; None where nothing is known of either."""
    return None if came is None and went is None else (came or 0) - (went or 0)


def _row(count: "Count", asked: Asked) -> Row:
    one, length = count.session, count.until - count.session.started_at
    return Row(
        id=one.id,
        room=one.room,
        origin=one.origin,
        state=str(state_of(one.span, asked.now, asked.merge_gap)),
        started_at=one.started_at,
        ended_at=one.ended_at,
        title=one.title,
        tokens=figure(count.tokens, told=count.told),
        tips=figure(count.tips, told=count.told),
        tippers=figure(len(count.tippers), told=count.told),
        messages=figure(count.messages, told=count.told),
        unique_visitors=None if count.visitors is None else figure(len(count.visitors), told=count.heard),
        new_followers=figure(len(count.followed), told=count.heard),
        coverage=count.coverage,
        duration=whole_seconds(length),
    )


def row_of(
    one: "Session",
    tally: "Tally",
    spans: Sequence[tuple[datetime, datetime]] | None,
    asked: Asked,
    presence_from: datetime | None,
) -> Row:
    """Give a session's row; `presence_from` is from when on enters and leaves are kept (None: all are)."""
    kept = presence_from is None or one.started_at >= presence_from
    everyone = tally.everyone
    until = one.ended_at or max(asked.now, one.started_at)
    coverage = None if spans is None else covered_share(spans, one.started_at, until)
    visitors = sum(bool(who.visits) for who in tally.people.values()) if kept else None
    followers = sum(bool(who.follows) for who in tally.people.values())
    heard = session_counts.heard(one, coverage, visitors, followers)
    tokens, tips, messages = (
        sum(getattr(who, name) for who in everyone) for name in ("tokens", "tips", "messages")
    )
    told = heard or bool(tokens or tips or messages)
    return Row(
        id=one.id,
        room=one.room,
        origin=one.origin,
        state=str(state_of(one.span, asked.now, asked.merge_gap)),
        started_at=one.started_at,
        ended_at=one.ended_at,
        title=one.title,
        tokens=figure(tokens, told=told),
        tips=figure(tips, told=told),
        tippers=figure(tally.tippers, told=told),
        messages=figure(messages, told=told),
        unique_visitors=None if visitors is None else figure(visitors, told=heard),
        new_followers=figure(followers, told=heard),
        coverage=coverage,
        duration=whole_seconds(until - one.started_at),
    )
