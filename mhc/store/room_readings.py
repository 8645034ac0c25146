"""Readings of rooms, read: who is online, what is known last of a room, and one room's readings along the polls."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

import msgspec
from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Connection,
    Select,
    and_,
    case,
    func,
    or_,
    select,
    type_coerce,
)

from mhc.domain.live import Live, Look
from mhc.domain.room_sessions import Seen
from mhc.domain.rooms import SEGMENT, Scope, Show, Source
from mhc.store.people import CHUNK
from mhc.store.schema import observation, person, room_latest, room_poll, room_text

_FEED = int(Source.AFFILIATE)
_FAR = datetime.max.replace(tzinfo=UTC)


class Poll(NamedTuple):
    """One reading of the feed."""

    at: datetime
    rooms: int
    listed: int | None
    kept: int
    scope: str
    complete: bool


class Observed(NamedTuple):
    """One reading of a room, with what the room said."""

    username: str
    observed_at: datetime
    source: int
    show: Show | None
    viewers: int | None
    followers: int | None
    seconds_online: int | None
    rank: int | None
    gender_rank: int | None
    flags: int
    subject: str | None
    tags: list[str] | None
    scope: str  # of the poll that kept it


_SHOWS = {int(one): one for one in Show}
_POLL = tuple(room_poll.c[name] for name in Poll._fields)
_o = observation.c
_ROW = (
    _o.observed_at, _o.source, _o.show, _o.viewers, _o.followers, _o.seconds_online, _o.rank, _o.gender_rank, _o.flags,
    room_text.c.subject, room_text.c.tags,
)  # fmt: skip


def _observed(row: Any, scope: str) -> Observed:
    show = None if row.show is None else Show(row.show)
    tags = None if row.tags is None else msgspec.json.decode(row.tags, type=list[str])
    return Observed._make((*row[:3], show, *row[4:11], tags, scope))


def last_poll(conn: Connection, *, complete: bool = False, before: datetime | None = None) -> Poll | None:
    """Give the last poll of the feed, or the last one that was complete, before an instant."""
    query = select(*_POLL).where(room_poll.c.source == _FEED)
    if complete:
        query = query.where(room_poll.c.complete)
    if before is not None:
        query = query.where(room_poll.c.at < before)
    row = conn.execute(query.order_by(room_poll.c.at.desc()).limit(1)).one_or_none()
    return None if row is None else Poll(*row)


def live(conn: Connection, now: datetime, live_for: timedelta) -> Live | None:
    """Give what young polls say of who is live; None where there is none.

    CBHours is asked about rooms by name: that one is missing there says nothing.
    """
    young = room_poll.c.at >= now - live_for, room_poll.c.at <= now
    whole = and_(room_poll.c.complete, room_poll.c.source == _FEED)
    query = select(room_poll.c.at, room_poll.c.scope, whole).where(*young)
    rows = conn.execute(query.order_by(room_poll.c.at.desc(), room_poll.c.source)).all()
    return Live([Look(row[0], row[1], bool(row[2])) for row in rows]) if rows else None


def live_rows(live: Live) -> Select[Any]:
    """Give the query of the rows of people whose room is live: its last reading does not say that it is offline."""
    off = _o.show == int(Show.OFFLINE)
    ms = type_coerce(_o.observed_at, BigInteger)
    on_at = func.max(case((or_(_o.show.is_(None), ~off), ms)))
    off_at = func.coalesce(func.max(case((off, ms))), 0)
    query = select(_o.person_id).where(_o.observed_at.in_(live.polls))
    return query.group_by(_o.person_id).having(on_at > off_at)


def offline_since(conn: Connection, person_ids: Sequence[int], since: datetime) -> datetime | None:
    """Give the last reading that says that a person's rooms are offline, after an instant; None where none does."""
    mine = and_(_o.observed_at == room_poll.c.at, _o.source == room_poll.c.source)
    query = select(func.max(_o.observed_at)).select_from(room_poll).join(observation, mine)
    query = query.where(room_poll.c.at > since, _o.person_id.in_(person_ids), _o.show == int(Show.OFFLINE))
    found: datetime | None = conn.execute(query.where(room_poll.c.source != _FEED)).scalar()
    return found


def asked_last(conn: Connection, source: Source, since: datetime) -> dict[int, datetime]:
    """Give when each row of people was last read live by a source, after an instant."""
    mine = and_(_o.observed_at == room_poll.c.at, _o.source == room_poll.c.source)
    query = select(_o.person_id, func.max(_o.observed_at)).select_from(room_poll).join(observation, mine)
    live = room_poll.c.source == int(source), room_poll.c.scope != str(Scope.SEGMENTS)
    rows = conn.execute(query.where(*live, room_poll.c.at > since).group_by(_o.person_id))
    return {row[0]: row[1] for row in rows}


def live_among(conn: Connection, rows: Iterable[int], live: Live) -> set[int]:
    """Give which of these rows of people are live."""
    return set(conn.execute(live_rows(live).where(_o.person_id.in_(list(rows)))).scalars())


def online(
    conn: Connection,
    live: Live,
    *,
    shows: Collection[Show] = (),
    min_viewers: int | None = None,
    limit: int | None = None,
) -> tuple[list[Observed], int]:
    """Give the last reading of each room that is live, those with the most viewers first, equals by name; and how many.

    Of all rooms only the figures that order them are read, and the rest of those within the limit.
    """
    asked = select(_o.person_id, _o.observed_at, _o.viewers, _o.show, _o.source)
    asked = asked.where(_o.observed_at.in_(live.polls))
    roots = _merged(conn)
    last: dict[int, Any] = {}
    for row in conn.execute(asked.order_by(_o.observed_at, _o.source.desc(), _o.person_id.desc())):
        last[roots.get(row.person_id, row.person_id)] = row
    wanted = [
        row
        for row in last.values()
        if row.show != Show.OFFLINE
        and (not shows or row.show in shows)
        and (min_viewers is None or (row.viewers or 0) >= min_viewers)
    ]
    scopes = {one.at: one.scope for one in live.looks}
    rooms = [_observed(row, scopes[row.observed_at]) for row in _whole(conn, _first(wanted, limit))]
    rooms.sort(key=lambda one: (one.viewers is None, -(one.viewers or 0), one.username))
    return rooms[:limit], len(wanted)


def _merged(conn: Connection) -> dict[int, int]:
    query = select(person.c.id, person.c.canonical_id).where(person.c.canonical_id.is_not(None))
    return {row[0]: row[1] for row in conn.execute(query)}


def _first(rows: list[Any], limit: int | None) -> list[Any]:
    """Give so many with the most viewers, and all who have as many as the last of them."""
    if limit is None or len(rows) <= limit:
        return rows
    figures = [-1 if row.viewers is None else row.viewers for row in rows]
    least = sorted(figures, reverse=True)[limit - 1]
    return [row for row, figure in zip(rows, figures, strict=True) if figure >= least]


def _whole(conn: Connection, rows: Iterable[Any]) -> Iterator[Any]:
    """Give readings with what their rooms said, poll by poll."""
    of_poll: dict[tuple[datetime, int], list[int]] = defaultdict(list)
    for row in rows:
        of_poll[row.observed_at, row.source].append(row.person_id)
    who = person.alias("one")
    query = (
        select(func.coalesce(who.c.username, person.c.username), *_ROW, _o.person_id)
        .select_from(observation)
        .join(person, person.c.id == _o.person_id)
        .outerjoin(who, who.c.id == person.c.canonical_id)
        .outerjoin(room_text, room_text.c.id == _o.text_id)
    )
    for (at, source), ids in of_poll.items():
        mine, some = query.where(_o.observed_at == at, _o.source == source), set(ids)
        if len(ids) <= CHUNK:
            mine = mine.where(_o.person_id.in_(sorted(ids)))
        yield from (row for row in conn.execute(mine) if row.person_id in some)


def latest(conn: Connection, person_ids: Sequence[int]) -> Observed | None:
    """Give the last reading of a person's rooms, with the last text that was known; None where it is not kept any more."""
    query = (
        select(person.c.username, *_ROW, room_poll.c.scope)
        .select_from(room_latest)
        .join(person, person.c.id == room_latest.c.person_id)
        .join(
            observation,
            and_(_o.observed_at == room_latest.c.observed_at, _o.person_id == room_latest.c.person_id),
        )
        .join(room_poll, and_(room_poll.c.at == _o.observed_at, room_poll.c.source == _o.source))
        .outerjoin(room_text, room_text.c.id == func.coalesce(_o.text_id, room_latest.c.text_id))
        .where(room_latest.c.person_id.in_(person_ids))
        .order_by(_o.observed_at.desc(), _o.source, person.c.username, person.c.id)
        .limit(1)
    )
    row = conn.execute(query).one_or_none()
    return None if row is None else _observed(row, row.scope)


def of_people(
    conn: Connection,
    person_ids: Sequence[int],
    source: Source,
    since: datetime | None,
    until: datetime | None,
) -> list[Seen]:
    """Give the readings of a person's rooms by one source, in order of time: poll by poll, which finds each by its key."""
    known = room_latest.c
    ends = select(func.min(known.first_at), func.max(known.observed_at)).where(
        known.person_id.in_(person_ids)
    )
    first, last = conn.execute(ends).one()
    if first is None:
        return []
    at = room_poll.c.at
    if source is not Source.AFFILIATE:  # which also says, after that, that a room is offline
        last = _FAR
    within = room_poll.c.source == int(source), *_within(at, max(since or first, first), last, until)
    if source is not Source.AFFILIATE:
        return _with_ranks(conn, person_ids, within)
    query = (
        select(_o.observed_at, _o.show, _o.viewers, _o.followers, _o.seconds_online, _o.text_id)
        .where(
            _among(conn, select(at).where(*within)), _o.source == int(source), _o.person_id.in_(person_ids)
        )
        .order_by(_o.observed_at, _o.person_id)
    )
    rows = conn.execute(query)
    return [Seen(row[0], None if row[1] is None else _SHOWS[row[1]], *row[2:]) for row in rows]


def _with_ranks(
    conn: Connection, person_ids: Sequence[int], within: Sequence[ColumnElement[bool]]
) -> list[Seen]:
    """Give what the polls of CBHours say, which rank, and whether they are of an instant or of three minutes."""
    mine = and_(
        _o.observed_at == room_poll.c.at, _o.source == room_poll.c.source, _o.person_id.in_(person_ids)
    )
    figures = _o.viewers, _o.followers, _o.seconds_online, _o.text_id, _o.rank, _o.gender_rank
    query = select(room_poll.c.at, _o.show, room_poll.c.scope, *figures).select_from(room_poll)
    rows = conn.execute(query.join(observation, mine).where(*within).order_by(room_poll.c.at, _o.person_id))
    return [
        Seen._make(
            (
                at,
                None if show is None else _SHOWS[show],
                *rest,
                SEGMENT if scope == Scope.SEGMENTS else None,
            )
        )
        for at, show, scope, *rest in rows
    ]


def subjects(conn: Connection, text_ids: Iterable[int]) -> dict[int, str | None]:
    """Give the subject of each of these texts."""
    wanted = sorted(set(text_ids))
    found: dict[int, str | None] = {}
    for start in range(0, len(wanted), CHUNK):
        query = select(room_text.c.id, room_text.c.subject)
        rows = conn.execute(query.where(room_text.c.id.in_(wanted[start : start + CHUNK])))
        found.update((row[0], row[1]) for row in rows)
    return found


def _among(conn: Connection, polls: Select[Any]) -> ColumnElement[bool]:
    """Say that a reading is of one of these polls, so that it is looked for by its key.

    PostgreSQL would join, which takes twice as long as an array; SQLite has no arrays.
    """
    if conn.dialect.name == "postgresql":
        return _o.observed_at == func.any(func.array(polls.scalar_subquery()))
    return _o.observed_at.in_(polls)


def _within(
    at: ColumnElement[Any], since: datetime, last: datetime, until: datetime | None
) -> list[ColumnElement[bool]]:
    bounds = [at >= since, at <= last]
    return bounds if until is None else [*bounds, at < until]


def tagged(tag: str) -> Select[Any]:
    """Give the query of the rows of people whose room's last known tags hold one.

    Room by room, since there are many more texts than rooms, and ever more.
    """
    quoted = msgspec.json.encode(tag.strip().lstrip("#").lower()).decode()
    last = select(room_text.c.tags).where(room_text.c.id == room_latest.c.text_id).scalar_subquery()
    return select(room_latest.c.person_id).where(last.contains(quoted, autoescape=True))
