"""The person card: all that is known of one person, on one screen (people.md, the card)."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo
from typing import TYPE_CHECKING, NamedTuple

from mhc.domain import hours
from mhc.domain.figures import median, whole_seconds
from mhc.domain.visits import Ending, Visit
from mhc.reports import remembered, room_history
from mhc.reports.elsewhere import Changed, Elsewhere
from mhc.reports.elsewhere import read as read_elsewhere
from mhc.reports.room_history import RoomNow
from mhc.store import (
    follows,
    merged,
    notes,
    paid,
    people,
    presence,
    room_readings,
    talk,
    totals,
    visit_counts,
    visits,
    watchlists,
)
from mhc.store.schema import EXCLUDED

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from mhc.store.people import Person

LINES = 3  # of chat, and of notes
_RECENT = (timedelta(days=30), timedelta(days=90))


class Name(NamedTuple):
    """A name that a person goes by (`valid_to` None) or went by."""

    username: str
    valid_from: datetime | None
    valid_to: datetime | None
    source: str


class Remark(NamedTuple):
    """A note."""

    category: str
    body: str
    happened_at: datetime | None
    created_at: datetime


class UsualHours(NamedTuple):
    """When a person mostly comes: the fewest hours in a row that hold half of what was counted."""

    begin: int  # hours of the day in the zone; `end` is the first that is no longer in it
    end: int
    inside: int  # of so many that were counted
    counted: int
    basis: str  # arrivals, or events where no arrival was seen
    timezone: str


class Here(NamedTuple):
    """What a person did in our room, or in all rooms."""

    tokens: int
    tips: int
    largest_tip: int | None
    first_tip_at: datetime | None
    last_tip_at: datetime | None
    visits: int
    messages: int
    private_messages: int
    tokens_30d: int
    tokens_90d: int
    media: int
    media_tokens: int
    fanclub_joined_at: datetime | None
    median_stay: timedelta | None
    usual_hours: UsualHours | None
    follows: bool | None
    follows_since: datetime | None
    room: str | None  # None: every room


class Said(NamedTuple):
    """A public line; a pasted one may be of unknown time."""

    at: datetime | None
    text: str | None


@dataclass(frozen=True, slots=True)
class Card:
    """A person: what `person show -o json` promises."""

    username: str
    platform: str
    role: str
    aliases: Sequence[Name]
    rid: int | None
    did: int | None
    first_seen_at: datetime | None
    last_seen_at: datetime | None
    excluded: bool
    watchlists: Sequence[str]
    rating: int | None
    notes: Sequence[Remark]
    here: Here
    elsewhere: Sequence[Elsewhere] | None
    relationship: remembered.Relationship | None
    attributes: Sequence[remembered.Attribute]
    links: Sequence[remembered.Link]
    names: Sequence[remembered.GivenName]
    pairs: Sequence[remembered.Pair]
    last_lines: Sequence[Said]
    private_lines: Sequence[talk.Line] | None  # None: not asked for
    changes: Sequence[Changed] | None
    own_room: RoomNow | None  # as the feed of rooms had it last; None: it never did


class Asked(NamedTuple):
    """What the card is to show: which rooms (None: all), in which zone, and what is hidden otherwise."""

    now: datetime
    room_ids: Sequence[int] | None = None
    reveal: bool = False
    private: bool = False
    tz: tzinfo = UTC
    room: str | None = None
    live_for: timedelta = timedelta()  # after a reading of a room it is taken for live


def read(conn: "Connection", root: "Person", asked: Asked) -> Card:
    """Give the card of a person (the root of those who were merged)."""
    rows = people.merged(conn, root.id)
    one = merged.as_one(rows, root.id)
    ids = [row.id for row in rows]
    lists = watchlists.names_of(conn, ids)
    known = read_elsewhere(conn, ids)
    return Card(
        username=root.username,
        platform=root.platform,
        role=one.role,
        aliases=[Name(a.username, a.valid_from, a.valid_to, a.source) for a in people.aliases(conn, ids)],
        rid=one.rid,
        did=one.did,
        first_seen_at=one.first_seen_at,
        last_seen_at=one.last_seen_at,
        excluded=EXCLUDED in lists,
        watchlists=lists,
        rating=one.rating,
        notes=[Remark(n.category, n.body, n.happened_at, n.created_at) for n in notes.list_of(conn, ids)],
        here=_here(conn, ids, asked),
        elsewhere=known.elsewhere,
        **remembered.read(conn, ids, reveal=asked.reveal)._asdict(),
        last_lines=[Said(line.at, line.text) for line in talk.last_lines(conn, ids, asked.room_ids, LINES)],
        private_lines=_private_lines(conn, ids, asked),
        changes=known.changes,
        own_room=_own_room(conn, ids, asked),
    )


def _own_room(conn: "Connection", ids: Sequence[int], asked: Asked) -> RoomNow | None:
    found, live = room_readings.latest(conn, ids), room_readings.live(conn, asked.now, asked.live_for)
    return None if found is None else room_history.now(conn, ids, found, live, asked.now - asked.live_for)


def median_stay(stays: Sequence[Visit]) -> timedelta | None:
    """Give the median length of the visits of which both ends were seen."""
    known = [
        v.left_at - v.entered_at for v in stays if v.ending is Ending.LEFT and v.entered_at and v.left_at
    ]
    middle = median(known)
    return None if middle is None else whole_seconds(middle)


def _here(conn: "Connection", ids: Sequence[int], asked: Asked) -> Here:
    total = totals.of_person(conn, ids, asked.room_ids)
    since = [asked.now - span for span in _RECENT]
    tips = paid.of_person(conn, ids, asked.room_ids, since, reveal=asked.reveal)
    stays = visits.of_person(conn, ids, asked.room_ids)
    followed_at, follows = _follow(conn, ids, asked)
    hidden = asked.reveal
    return Here(
        tokens=total.tokens + total.anonymous_tokens * hidden,
        tips=total.tips + total.anonymous_tips * hidden,
        largest_tip=tips.largest,
        first_tip_at=tips.first_at,
        last_tip_at=tips.last_at,
        visits=visit_counts.by_person(conn, asked.room_ids, ids).total(),
        messages=total.messages,
        private_messages=total.private_messages,
        tokens_30d=tips.since[0],
        tokens_90d=tips.since[1],
        media=tips.media,
        media_tokens=tips.media_tokens,
        fanclub_joined_at=talk.last_fanclub(conn, ids, asked.room_ids),
        median_stay=median_stay(stays),
        usual_hours=_usual_hours(conn, ids, stays, asked),
        follows=follows,
        follows_since=followed_at,
        room=asked.room,
    )


def _usual_hours(
    conn: "Connection", ids: Sequence[int], stays: Sequence[Visit], asked: Asked
) -> UsualHours | None:
    came, basis = [(stay.entered_at, 1) for stay in stays if stay.entered_at], "arrivals"
    if not came:
        came, basis = presence.active_quarters(conn, ids, asked.room_ids, reveal=asked.reveal), "events"
    counts = [0] * hours.DAY
    for at, number in came:
        counts[at.astimezone(asked.tz).hour] += number
    found = hours.usual(counts)
    return found and UsualHours(*found, sum(counts), basis, str(asked.tz))


def _follow(conn: "Connection", ids: Sequence[int], asked: Asked) -> tuple[datetime | None, bool | None]:
    """Give since when a person follows, or does not; None, None where nobody knows."""
    change = follows.last(conn, ids, asked.room_ids)
    if change is None or change.state is follows.State.UNKNOWN:
        return None, None
    return change.at, change.state is follows.State.YES


def _private_lines(conn: "Connection", ids: Sequence[int], asked: Asked) -> Sequence[talk.Line] | None:
    if not asked.private:
        return None
    owners = talk.owners(conn) if asked.room_ids is None else asked.room_ids
    return talk.last_private_lines(conn, ids, owners, LINES)
