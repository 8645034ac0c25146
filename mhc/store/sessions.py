"""Sessions and the broadcasts that make them: derived from events, or made by hand."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Connection, Update, delete, insert, or_, select, update

from mhc.domain.broadcasts import Broadcast
from mhc.domain.clock import iso_z
from mhc.domain.sessions import FAR, Origin, Span, match, stitch
from mhc.errors import UsageError
from mhc.store import people, session_notes
from mhc.store.bulk import Bulk, Call, together
from mhc.store.schema import broadcast, person, stream_session

_LOCK = 0x736573  # "ses": with a room's number, one maker of its sessions at a time on a PostgreSQL server

# What locks a room on PostgreSQL, for a statement that knows its number.
LOCKING = f"pg_advisory_xact_lock({_LOCK}, {{room}})"
_TAKE_LOCK = Bulk(
    broadcast,
    ("room_id",),
    f"SELECT {LOCKING.format(room='new.room_id')} FROM {{new}}",  # noqa: S608 - a number of ours
)


@dataclass(frozen=True, slots=True)
class Session:
    """One stream of a room."""

    id: int
    room_id: int
    room: str
    started_at: datetime
    ended_at: datetime | None
    origin: str
    title: str | None
    tags: str | None  # words between commas
    theme: str | None

    @property
    def span(self) -> Span:
        """Its time."""
        return Span(self.started_at, self.ended_at)


_COLUMNS: tuple[Any, ...] = (
    stream_session.c.id,
    stream_session.c.room_id,
    person.c.username,
    stream_session.c.started_at,
    stream_session.c.ended_at,
    stream_session.c.origin,
    stream_session.c.title,
    stream_session.c.tags,
    stream_session.c.theme,
)


def _select(*conditions: ColumnElement[bool]) -> Any:
    query = select(*_COLUMNS).join(person, person.c.id == stream_session.c.room_id).where(*conditions)
    return query.order_by(stream_session.c.started_at, stream_session.c.id)


def lock(conn: Connection, room_id: int) -> None:
    """Let nobody else change this room's sessions before the transaction ends."""
    if conn.dialect.name == "postgresql":  # on SQLite one writes at a time
        together(conn, locking(room_id))


def locking(room_id: int) -> Call:
    """Give the statement of `lock`, for PostgreSQL."""
    return _TAKE_LOCK, [(room_id,)]


def spans(conn: Connection, room_ids: Sequence[int] | None) -> dict[int, list[tuple[int, Span]]]:
    """Give the numbers and times of the sessions of some rooms (None: all) by room, the earliest first."""
    query = select(*(stream_session.c[name] for name in ("room_id", "id", "started_at", "ended_at")))
    if room_ids is not None:
        query = query.where(stream_session.c.room_id.in_(room_ids))
    found: dict[int, list[tuple[int, Span]]] = {}
    for room_id, number, begin, end in conn.execute(query.order_by(stream_session.c.started_at)):
        found.setdefault(room_id, []).append((number, Span(begin, end)))
    return found


def live_time(
    conn: Connection, room_ids: Sequence[int] | None, now: datetime
) -> dict[int, list[tuple[datetime, datetime]]]:
    """Give by room when it was live: its broadcasts, and sessions of which no broadcast is known. What lasts ends `now`."""
    aired = select(broadcast.c.room_id, broadcast.c.started_at, broadcast.c.ended_at)
    within = (
        broadcast.c.room_id == stream_session.c.room_id,
        or_(stream_session.c.ended_at.is_(None), broadcast.c.started_at < stream_session.c.ended_at),
        or_(broadcast.c.ended_at.is_(None), broadcast.c.ended_at > stream_session.c.started_at),
    )  # by time: one broadcast may be of two sessions that a person parted
    alone = ~select(broadcast.c.id).where(*within).exists()
    by_hand = select(stream_session.c.room_id, stream_session.c.started_at, stream_session.c.ended_at)
    by_hand = by_hand.where(alone)
    if room_ids is not None:
        aired = aired.where(broadcast.c.room_id.in_(room_ids))
        by_hand = by_hand.where(stream_session.c.room_id.in_(room_ids))
    found: dict[int, list[tuple[datetime, datetime]]] = {}
    for room_id, begin, end in sorted(
        (room, begin, max(begin, end or now))
        for query in (aired, by_hand)
        for room, begin, end in conn.execute(query)
    ):
        found.setdefault(room_id, []).append((begin, end))
    return found


def list_all(
    conn: Connection,
    *,
    room_ids: Sequence[int] | None = None,
    since: datetime | None = None,
    until: datetime | None = None,
    live: bool = False,
    limit: int | None = None,
) -> list[Session]:
    """Give the sessions that touch a range, the latest first; `live` leaves out those that ended."""
    conditions: list[ColumnElement[bool]] = []
    if room_ids is not None:
        conditions.append(stream_session.c.room_id.in_(room_ids))
    if since is not None:
        conditions.append(_lasts_until(since))
    if until is not None:
        conditions.append(stream_session.c.started_at < until)
    if live:
        conditions.append(stream_session.c.ended_at.is_(None))
    query = select(*_COLUMNS).join(person, person.c.id == stream_session.c.room_id).where(*conditions)
    query = query.order_by(stream_session.c.started_at.desc(), stream_session.c.id.desc()).limit(limit)
    return [Session(*row) for row in conn.execute(query)]


def last_end(conn: Connection, room_id: int, before: datetime) -> datetime | None:
    """Give when the last session of a room that began before an instant ended; None where there was none."""
    mine = (stream_session.c.room_id == room_id, stream_session.c.started_at < before)
    query = select(stream_session.c.ended_at).where(*mine)
    return conn.execute(query.order_by(stream_session.c.started_at.desc()).limit(1)).scalar()


def by_id(conn: Connection, session_id: int) -> Session | None:
    """Give one session; None where there is none."""
    row = conn.execute(_select(stream_session.c.id == session_id)).one_or_none()
    return Session(*row) if row else None


def of_room(conn: Connection, room_id: int) -> list[Session]:
    """Give a room's sessions, the earliest first."""
    return [Session(*row) for row in conn.execute(_select(stream_session.c.room_id == room_id))]


def live(conn: Connection, room_id: int) -> Session | None:
    """Give the session that has no end yet; None where the room is dark."""
    mine = (stream_session.c.room_id == room_id, stream_session.c.ended_at.is_(None))
    row = conn.execute(_select(*mine)).one_or_none()
    return Session(*row) if row else None


def start(conn: Connection, room_id: int, at: datetime, title: str | None) -> int:
    """Start a session by hand. Raises UsageError where it would overlap another."""
    lock(conn, room_id)
    refuse_overlap(conn, room_id, Span(at))
    row = {"room_id": room_id, "started_at": at, "origin": str(Origin.MANUAL), "title": title}
    made: int = conn.execute(insert(stream_session).values(**row).returning(stream_session.c.id)).scalar_one()
    return made


def stop(conn: Connection, session: Session, at: datetime, origin: Origin = Origin.MANUAL) -> None:
    """End a live session; by hand, which makes it one made by hand: a rebuild keeps the end."""
    conn.execute(_one(session).values(ended_at=at, origin=str(origin)))


def observe(conn: Connection, room_id: int, at: datetime, of: Session | None) -> None:
    """Have a session go on that the feed of rooms shows, from now on as observed; without one it begins at an instant."""
    if of is not None:
        conn.execute(_one(of).values(ended_at=None, origin=str(Origin.OBSERVED)))
        return
    row = {"room_id": room_id, "started_at": at, "origin": str(Origin.OBSERVED)}
    conn.execute(insert(stream_session).values(**row))


def refuse_overlap(
    conn: Connection,
    room_id: int,
    span: Span,
    but: Sequence[int] = (),
    hint: str = "choose a time outside it",
    told: Callable[[datetime], str] = iso_z,
) -> None:
    """Raise UsageError where a room has a session in this time, other than some; where one ends another may begin.

    A room that was merged has those of all its rows. In the hint `{id}` is the number of that session,
    `told` writes its times.
    """
    rows = people.members(conn, people.root_of(conn, room_id))
    for other in (one for row in rows for one in of_room(conn, row)):
        if other.id not in but and other.span.shares(span):
            until = told(other.ended_at) if other.ended_at else "now"
            lasts = f"{told(other.started_at)} to {until}"
            raise UsageError(f"session {other.id} lasts from {lasts}", hint=hint.format(id=other.id))


def broadcasts(conn: Connection, room_id: int, since: datetime | None = None) -> list[tuple[int, Broadcast]]:
    """Give a room's broadcasts with their ids, the earliest first; `since` leaves out those that ended before."""
    b = broadcast.c
    query = select(b.id, b.started_at, b.ended_at, b.start_inferred, b.end_inferred).where(
        b.room_id == room_id
    )
    if since is not None:
        query = query.where(or_(b.ended_at.is_(None), b.ended_at >= since))
    return [(row[0], Broadcast(*row[1:])) for row in conn.execute(query.order_by(b.started_at, b.id))]


def replace_broadcasts(conn: Connection, room_id: int, gone: Iterable[int], new: Sequence[Broadcast]) -> None:
    """Put broadcasts as they are now known in the place of others."""
    conn.execute(delete(broadcast).where(broadcast.c.id.in_(list(gone))))
    rows = [
        {
            "room_id": room_id,
            "started_at": one.started_at,
            "ended_at": one.ended_at,
            "start_inferred": one.start_inferred,
            "end_inferred": one.end_inferred,
        }
        for one in new
    ]
    if rows:
        conn.execute(insert(broadcast), rows)


def restitch(conn: Connection, room_id: int, since: datetime | None, gap: timedelta) -> set[datetime]:
    """Make the sessions that broadcasts since an instant (None: ever) belong to; give the ends that came or went.

    A session keeps its id, and what was typed about it, as long as some of its time remains.
    """
    everything = before = of_room(conn, room_id)
    if since is not None:
        touched = [s for s in everything if s.ended_at is None or s.ended_at >= since - gap]
        since = min([since, *(s.started_at for s in touched if s.origin == Origin.EVENTS)])
        everything = [s for s in everything if s.ended_at is None or s.ended_at >= since]
    shown = broadcasts(conn, room_id, since)
    by_hand = [s for s in everything if s.origin != Origin.EVENTS]
    derived = [s for s in everything if s.origin == Origin.EVENTS]
    spans = [Span(b.started_at, b.ended_at) for _id, b in shown]
    groups, taken = stitch(spans, [s.span for s in by_hand], gap)
    _stretch(conn, by_hand, [(by_hand[hand], spans[place]) for place, hand in taken.items()])
    kept = match([s.span for s in derived], [g.span for g in groups])
    _drop(conn, [s for place, s in enumerate(derived) if place not in kept.values()])
    owners = {shown[i][0]: by_hand[hand].id for i, hand in taken.items()}
    # An end that moves back makes room for a start that moves back: the latest last keeps one open at a time.
    for place, group in enumerate(groups):
        old = derived[kept[place]] if place in kept else None
        session_id = _put(conn, room_id, group.span, old)
        owners |= {shown[i][0]: session_id for i in group.members}
    for row_id, session_id in owners.items():
        conn.execute(update(broadcast).where(broadcast.c.id == row_id).values(session_id=session_id))
    now = of_room(conn, room_id)
    session_notes.keep(conn, room_id, *({s.id: s.span for s in some} for some in (before, now)))
    return {end for end in {s.ended_at for s in before} ^ {s.ended_at for s in now} if end is not None}


def _stretch(conn: Connection, by_hand: Sequence[Session], taken: Sequence[tuple[Session, Span]]) -> None:
    """Have observed sessions last as long as the broadcasts in them, but for the time of other sessions."""
    for one in (one for one in by_hand if one.origin == Origin.OBSERVED):
        spans = [one.span, *(span for session, span in taken if session == one)]
        before = (other.ended_at for other in by_hand if other.started_at < one.started_at)
        after = (other.started_at for other in by_hand if other.started_at > one.started_at)
        begin = max([min(span.started_at for span in spans), *(end for end in before if end is not None)])
        end = min([max(span.ended_at or FAR for span in spans), *after])
        lasting = Span(begin, None if end == FAR else end)
        if lasting != one.span:
            conn.execute(_one(one).values(started_at=lasting.started_at, ended_at=lasting.ended_at))


def _one(session: Session) -> Update:
    return update(stream_session).where(stream_session.c.id == session.id)


def _put(conn: Connection, room_id: int, span: Span, old: Session | None) -> int:
    times = {"started_at": span.started_at, "ended_at": span.ended_at}
    if old is None:
        row = {"room_id": room_id, "origin": str(Origin.EVENTS), **times}
        made: int = conn.execute(
            insert(stream_session).values(**row).returning(stream_session.c.id)
        ).scalar_one()
        return made
    if old.span != span:
        conn.execute(_one(old).values(**times))
    return old.id


def _drop(conn: Connection, gone: Sequence[Session]) -> None:
    """Drop derived sessions that no broadcast makes any more; one with a title or a note stays, as made by hand."""
    for session in gone:
        conn.execute(update(broadcast).where(broadcast.c.session_id == session.id).values(session_id=None))
        mine = stream_session.c.id == session.id
        typed = or_(
            stream_session.c.title.is_not(None),
            stream_session.c.tags.is_not(None),
            stream_session.c.theme.is_not(None),
        )
        if not session_notes.within(conn, session.room_id, session.span):
            conn.execute(delete(stream_session).where(mine, ~typed))
        keep = update(stream_session).where(mine).values(origin=str(Origin.MANUAL))
        conn.execute(keep.values(ended_at=session.ended_at or session.started_at))


def _lasts_until(since: datetime) -> ColumnElement[bool]:
    return or_(stream_session.c.ended_at.is_(None), stream_session.c.ended_at > since)
