"""The person card: all that is known of one person, on one screen (people.md, the card)."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, NamedTuple

from mhc.domain.figures import median, whole_seconds
from mhc.domain.visits import Ending, Visit
from mhc.store import follows, merged, notes, paid, people, talk, totals, visits, watchlists
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


@dataclass(frozen=True, slots=True)
class Card:
    """A person. The fields up to `elsewhere` are what `person show -o json` promises."""

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
    elsewhere: None
    tokens_30d: int
    tokens_90d: int
    median_stay: timedelta | None
    followed: tuple[datetime, bool] | None
    last_lines: Sequence[talk.Line]
    private_lines: Sequence[talk.Line]


class Asked(NamedTuple):
    """What the card is to show: which rooms (None: all), and what is hidden otherwise."""

    now: datetime
    room_ids: Sequence[int] | None = None
    reveal: bool = False
    private: bool = False


def read(conn: "Connection", root: "Person", asked: Asked) -> Card:
    """Give the card of a person (the root of those who were merged)."""
    rows = people.merged(conn, root.id)
    one = merged.as_one(rows, root.id)
    ids = [row.id for row in rows]
    lists = watchlists.names_of(conn, ids)
    stays = visits.of_person(conn, ids, asked.room_ids)
    since = [asked.now - span for span in _RECENT]
    tips = paid.of_person(conn, ids, asked.room_ids, since, reveal=asked.reveal)
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
        here=_here(conn, ids, asked, tips, len(stays)),
        elsewhere=None,
        tokens_30d=tips.since[0],
        tokens_90d=tips.since[1],
        median_stay=median_stay(stays),
        followed=_followed(conn, ids, asked.room_ids),
        last_lines=talk.last_lines(conn, ids, asked.room_ids, LINES),
        private_lines=_private_lines(conn, ids, asked),
    )


def median_stay(stays: Sequence[Visit]) -> timedelta | None:
    """Give the median length of the visits of which both ends were seen."""
    known = [
        v.left_at - v.entered_at for v in stays if v.ending is Ending.LEFT and v.entered_at and v.left_at
    ]
    middle = median(known)
    return None if middle is None else whole_seconds(middle)


def _here(conn: "Connection", ids: Sequence[int], asked: Asked, tips: paid.Tips, came: int) -> Here:
    total = totals.of_person(conn, ids, asked.room_ids)
    hidden = asked.reveal
    return Here(
        tokens=total.tokens + total.anonymous_tokens * hidden,
        tips=total.tips + total.anonymous_tips * hidden,
        largest_tip=tips.largest,
        first_tip_at=tips.first_at,
        last_tip_at=tips.last_at,
        visits=came,
        messages=total.messages,
        private_messages=total.private_messages,
    )


def _followed(
    conn: "Connection", ids: Sequence[int], room_ids: Sequence[int] | None
) -> tuple[datetime, bool] | None:
    """Give since when a person follows, or does not; None where nobody knows."""
    change = follows.last(conn, ids, room_ids)
    if change is None or change.state is follows.State.UNKNOWN:
        return None
    return change.at, change.state is follows.State.YES


def _private_lines(conn: "Connection", ids: Sequence[int], asked: Asked) -> Sequence[talk.Line]:
    if not asked.private:
        return []
    owners = talk.owners(conn) if asked.room_ids is None else asked.room_ids
    return talk.last_private_lines(conn, ids, owners, LINES)
