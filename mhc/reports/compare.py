"""People side by side: the figures of their cards, and what they have in common (analysis.md, `person compare`)."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from functools import reduce
from typing import TYPE_CHECKING, NamedTuple

from mhc.reports import card
from mhc.store import people, presence

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from mhc.reports.card import Asked, UsualHours
    from mhc.store.people import Person


class Compared(NamedTuple):
    """The figures of one person; the last two are of all who are compared."""

    username: str
    tokens: int
    tokens_30d: int
    tokens_90d: int
    tips: int
    largest_tip: int | None
    last_tip_at: datetime | None
    media: int
    visits: int
    median_stay: timedelta | None
    usual_hours: "UsualHours | None"
    messages: int
    first_seen_at: datetime | None
    last_seen_at: datetime | None
    follows: bool | None
    follows_since: datetime | None
    watchlists: Sequence[str]
    sessions: int
    watchlists_common: Sequence[str]
    sessions_common: int


def read(conn: "Connection", roots: "Sequence[Person]", asked: "Asked") -> list[Compared]:
    """Give people (roots of those who were merged) in the order in which they were named."""
    cards = [card.read(conn, root, asked) for root in roots]
    there = [
        presence.sessions_of(conn, people.members(conn, root.id), asked.room_ids, reveal=asked.reveal)
        for root in roots
    ]
    lists = [one for one in cards[0].watchlists if all(one in other.watchlists for other in cards[1:])]
    together = len(reduce(set.intersection, there))
    return [
        Compared(
            username=one.username,
            tokens=one.here.tokens,
            tokens_30d=one.here.tokens_30d,
            tokens_90d=one.here.tokens_90d,
            tips=one.here.tips,
            largest_tip=one.here.largest_tip,
            last_tip_at=one.here.last_tip_at,
            media=one.here.media,
            visits=one.here.visits,
            median_stay=one.here.median_stay,
            usual_hours=one.here.usual_hours,
            messages=one.here.messages,
            first_seen_at=one.first_seen_at,
            last_seen_at=one.last_seen_at,
            follows=one.here.follows,
            follows_since=one.here.follows_since,
            watchlists=one.watchlists,
            sessions=len(seen),
            watchlists_common=lists,
            sessions_common=together,
        )
        for one, seen in zip(cards, there, strict=True)
    ]
