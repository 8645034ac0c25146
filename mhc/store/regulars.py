"""Who came to a room's sessions often, and who of them came no more: queries, as those of other segments."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    Integer,
    Select,
    and_,
    func,
    literal,
    literal_column,
    or_,
    select,
    union_all,
)

from mhc.domain.clock import to_ms
from mhc.domain.regulars import Habit
from mhc.domain.sessions import FAR
from mhc.store import counting, payments, people, session_visits
from mhc.store.counting import done_there, room_of_event
from mhc.store.long_lists import table_of
from mhc.store.schema import Instant, event, person, stream_session, visit
from mhc.store.segments import Range, Those, by_person, in_rooms, is_open, of_merged, those, within

_A_TIME = 100  # people, in a query that looks through the visits of each
USUAL = Habit()


def regulars(conn: Connection, of: Range, habit: Habit = USUAL) -> Those:
    """Give who came often to the last sessions that began in a range: at least 3 of 10, or as a habit says."""
    visits = _visits(conn, of, habit.of_sessions)
    if visits is None:
        return those(select(person.c.id).where(literal_column("1 = 0")))
    often = func.count(visits.c.session_id.distinct()) >= habit.often
    alone, merged = (query.group_by(who).having(often) for query, who in by_person(visits.c.person_id))
    return Those(alone, merged)


def lapsed(conn: Connection, of: Range, habit: Habit = USUAL) -> Those:
    """Give who came often to the last sessions before a range, and to none that began in it."""
    before = _roots(conn, regulars(conn, Range(of.room_ids, None, of.since), habit))
    rows = people.roots_of_rows(conn, before)
    came = {rows[who] for who in _came(conn, of, list(rows))}
    came |= {rows[who] for who in _spoke(conn, of, [row for row, who in rows.items() if who not in came])}
    gone = [who for who in before if who not in came]
    return Those(gone, gone)


def attended(conn: Connection, of: Range, of_sessions: int, roots: Sequence[int]) -> dict[int, int]:
    """Give to how many of the last sessions that began in a range each of these people came."""
    visits, rows = _visits(conn, of, of_sessions), people.roots_of_rows(conn, roots)
    if visits is None:
        return {}
    came: dict[int, set[int]] = defaultdict(set)
    wanted = sorted(rows)
    for start in range(0, len(wanted), people.CHUNK):
        query = select(visits.c.person_id, visits.c.session_id).distinct()
        mine = visits.c.person_id.in_(wanted[start : start + people.CHUNK])
        for who, session_id in conn.execute(query.where(mine)):
            came[rows[who]].add(session_id)
    return {who: len(found) for who, found in came.items()}


def _visits(conn: Connection, of: Range, of_sessions: int) -> Any:
    """Give the query of who came to the last sessions that began in a range; None where none did."""
    shows = conn.execute(_last_shows(of, of_sessions)).all()
    came = [one for show in shows for one in _there(show)]
    if tipped := sorted(_tipped(conn, shows)):
        given = table_of(conn, {"person_id": Integer, "session_id": Integer}, tipped)
        came.append(select(given.c.person_id, given.c.session_id))
    return union_all(*came).cte("came") if came else None  # read once for those alone and the merged


def _tipped(conn: Connection, shows: Sequence[Any]) -> Iterator[tuple[int, int]]:
    """Give who tipped by name in some sessions, as person and session."""
    by_room: dict[int, list[Any]] = defaultdict(list)
    for show in sorted(shows, key=lambda one: one.started_at):
        by_room[show.room_id].append(show)
    for room_id, mine in by_room.items():
        spans = [(to_ms(one.started_at), to_ms(one.ended_at or FAR)) for one in mine]
        for place, who in payments.tippers_by_span(conn, room_id, spans):
            yield who, mine[place].id


def _roots(conn: Connection, found: Those) -> list[int]:
    alone = conn.execute(select(person.c.id).where(person.c.id.in_(found.alone), ~of_merged(person.c.id)))
    return [*alone.scalars(), *conn.execute(found.merged).scalars()]


def _came(conn: Connection, of: Range, person_ids: Sequence[int]) -> Iterator[int]:
    """Give who of these people came to a session that began in a range."""
    show, came, left = stream_session.c, visit.c.entered_at, visit.c.left_at
    unseen = and_(came.is_(None), left >= show.started_at)
    touched = or_(is_open, left > show.started_at, came >= show.started_at, unseen)
    going_on = or_(show.ended_at.is_(None), func.coalesce(came, left) < show.ended_at)
    began = select(show.id).where(show.room_id == visit.c.room_id, *within(show.started_at, of))
    began = began.where(show.started_at <= func.coalesce(left, literal(FAR, Instant)), touched, going_on)
    mine = select(visit.c.person_id).where(visit.c.person_id == person.c.id, began.correlate(visit).exists())
    mine = in_rooms(mine, visit.c.room_id, of).correlate(person)
    there: ColumnElement[bool] = mine.exists()
    if of.since is not None:
        there = or_(
            mine.where(came >= session_visits.reach(conn, of.room_ids, of.since)).exists(),
            mine.where(came.is_(None), left >= of.since).exists(),
        )
    for start in range(0, len(person_ids), _A_TIME):
        part = person_ids[start : start + _A_TIME]
        yield from conn.execute(select(person.c.id).where(person.c.id.in_(part), there)).scalars()


def _spoke(conn: Connection, of: Range, person_ids: Sequence[int]) -> Iterator[int]:
    """Give who of these people, who are few, wrote or tipped openly in a session that began in a range."""
    show, at = stream_session.c, event.c.at
    lasts = or_(show.ended_at.is_(None), at < show.ended_at)
    began = select(show.id).where(show.room_id == room_of_event, *within(show.started_at, of))
    began = began.where(show.started_at <= at, lasts).correlate(event)
    query = select(event.c.actor_id).distinct().where(done_there, began.exists())
    query = counting.within(conn, query, counting.Scope(of.room_ids, of.since))
    for start in range(0, len(person_ids), people.CHUNK):
        part = event.c.actor_id.in_(person_ids[start : start + people.CHUNK])
        yield from conn.execute(query.where(part)).scalars()


def _last_shows(of: Range, count: int) -> Select[Any]:
    """Give the last sessions that began in a range, each with the end of the one before it."""
    mine = stream_session.c
    after = (
        func.lag(mine.ended_at, type_=Instant)
        .over(partition_by=mine.room_id, order_by=mine.started_at)
        .label("after")
    )
    query = select(mine.id, mine.room_id, mine.started_at, mine.ended_at, after)
    shows = in_rooms(query, mine.room_id, of).subquery()
    query = select(shows).where(*within(shows.c.started_at, of))
    return query.order_by(shows.c.started_at.desc(), shows.c.id.desc()).limit(count)


def _there(show: Any) -> list[Select[Any]]:
    """Give the queries of who came to a session, whose visits' beginning was seen, and whose was not.

    Nobody's visit goes beyond the end of a session: who was there came after the end of the one before.
    """
    came, left = visit.c.entered_at, visit.c.left_at
    query = select(visit.c.person_id, literal(show.id).label("session_id")).where(
        visit.c.room_id == show.room_id
    )
    seen = query.where(or_(is_open, left > show.started_at, came >= show.started_at))
    seen = seen if show.after is None else seen.where(came >= show.after)
    unseen = query.where(came.is_(None), left >= show.started_at)
    if show.ended_at is not None:
        seen, unseen = seen.where(came < show.ended_at), unseen.where(left < show.ended_at)
    return [seen, unseen]
