"""How the followers of rooms grew, by the readings of one source: the public feed."""

from datetime import UTC, datetime, timedelta
from operator import attrgetter
from typing import Any, Final, NamedTuple

from sqlalchemy import ColumnElement, Connection, Label, Select, and_, case, func, literal, select

from mhc.domain.clock import EPOCH
from mhc.domain.rooms import Source
from mhc.store.schema import observation, person, room_latest, room_poll

_FEED: Final = int(Source.AFFILIATE)
_FAR: Final = datetime(9999, 1, 1, tzinfo=UTC)
_o = observation.c
_FIRST, _LAST = attrgetter("first_at", "before"), attrgetter("last_at", "followers")


def followers_after(conn: Connection, since: datetime) -> dict[str, int]:
    """Give the followers of each room in the first poll of the feed at an instant or after, by the name of now."""
    first = select(func.min(room_poll.c.at)).where(room_poll.c.source == _FEED, room_poll.c.at >= since)
    who = person.alias("one")
    query = (
        select(func.coalesce(who.c.username, person.c.username), _o.followers)
        .join(person, person.c.id == _o.person_id)
        .outerjoin(who, who.c.id == person.c.canonical_id)
        .where(_o.observed_at == first.scalar_subquery(), _o.source == _FEED, _o.followers.is_not(None))
    )
    return {row[0]: row[1] for row in conn.execute(query)}


class Growth(NamedTuple):
    """The followers of a room at its first and its last reading in a time that says them."""

    username: str
    first_at: datetime
    before: int
    last_at: datetime
    followers: int


def growths(
    conn: Connection,
    since: datetime | None,
    until: datetime | None,
    of: Select[Any] | None = None,
    reach: timedelta | None = None,
) -> list[Growth]:
    """Give how the rooms of a time grew by the feed, those of some rows of people (None: all), by name.

    Each end is looked for poll by poll, from where the time begins and ends: most rooms are soon found. A room that was
    dark for longer than `reach` there is left out, since to find it takes as long as it was dark.
    """
    known, first, last = room_latest.c, observation.alias("one"), observation.alias("other")
    ends = (
        select(known.person_id, _end(since, until, reach, last=False), _end(since, until, reach, last=True))
        .where(*([] if since is None else [known.observed_at >= since]))
        .where(*([] if until is None else [known.first_at < until]))
        .where(*([] if of is None else [known.person_id.in_(of)]))
        .subquery("ends")
    )
    who, end = person.alias("who"), ends.c
    mine = [
        and_(one.c.observed_at == at, one.c.person_id == end.person_id, one.c.source == _FEED)
        for one, at in ((first, end.first_at), (last, end.last_at))
    ]
    query = (
        select(
            func.coalesce(who.c.username, person.c.username),
            end.first_at,
            first.c.followers,
            end.last_at,
            last.c.followers,
        )
        .select_from(ends)
        .join(person, person.c.id == end.person_id)
        .outerjoin(who, who.c.id == person.c.canonical_id)
        .join(first, mine[0])
        .join(last, mine[1])
    )
    found: dict[str, Growth] = {}
    for one in map(Growth._make, conn.execute(query)):
        other = found.get(one.username, one)  # of who is several people
        early, late = min(one, other, key=_FIRST), max(one, other, key=_LAST)
        found[one.username] = Growth(*early[:3], *late[3:])
    return [found[name] for name in sorted(found) if found[name].first_at < found[name].last_at]


def _end(
    since: datetime | None, until: datetime | None, reach: timedelta | None, *, last: bool
) -> Label[Any]:
    at, one = room_poll.c.at, observation.alias("reading")
    first, latest = room_latest.c.first_at, room_latest.c.observed_at
    begin, end = since or EPOCH, until or _FAR
    # One bound a side, since SQLite goes by one. One seen first, or last, in this time is found at once.
    after: Any = begin
    before: Any = end
    if last and until is not None and reach is not None:
        after = _either(latest < until, begin, max(begin, until - min(reach, until - EPOCH)))
    elif not last and since is not None and reach is not None:
        before = _either(first >= since, end, min(end, since + min(reach, _FAR - since)))
    query = (
        select(at)
        .join(one, and_(one.c.observed_at == at, one.c.source == room_poll.c.source))
        .where(one.c.person_id == room_latest.c.person_id, one.c.followers.is_not(None))
        .where(room_poll.c.source == _FEED, at >= after, at < before)
        .where(at <= latest if last else at >= first)  # nobody need look where a room was not seen
    )
    ordered = query.order_by(at.desc() if last else at).limit(1).correlate(room_latest)
    return ordered.scalar_subquery().label("last_at" if last else "first_at")


def _either(which: ColumnElement[bool], one: datetime, other: datetime) -> ColumnElement[datetime]:
    kind = room_poll.c.at.type
    return case((which, literal(one, kind)), else_=literal(other, kind))
