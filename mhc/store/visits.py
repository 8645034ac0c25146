"""Visits, derived from enters and leaves, the ends of sessions and the gaps that nobody saw."""

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from functools import cache
from typing import TYPE_CHECKING, Any

from sqlalchemy import (
    BindParameter,
    ColumnElement,
    Connection,
    Delete,
    Select,
    and_,
    bindparam,
    delete,
    func,
    or_,
    select,
)

from mhc.domain.clock import from_ms, to_ms
from mhc.domain.events import METHODS, Flag
from mhc.domain.visits import Ending, Step, Visit, pair
from mhc.store.bulk import Batch, Bulk, bulk_insert, together
from mhc.store.schema import Instant, capture_gap, event, stream, stream_session, visit

if TYPE_CHECKING:
    from mhc.domain.broadcasts import Mark

FRESH = timedelta(minutes=5)  # so long what a listener heard last is as it is now

_STEPS = {number: Step(name) for number, name in METHODS.items() if name in {"userEnter", "userLeave"}}
_ADD = bulk_insert(visit, ("room_id", "person_id", "entered_at", "left_at", "ending"))
_END = Bulk(
    visit,
    ("id", "left_at", "ending"),
    "UPDATE visit SET left_at = new.left_at, ending = new.ending FROM {new} WHERE visit.id = new.id",
)
_OPEN = Bulk(
    visit,
    ("room_id", "person_id"),
    "SELECT visit.person_id, visit.id, visit.entered_at FROM visit, {new}"  # noqa: S608 - our own word
    f" WHERE visit.room_id = new.room_id AND visit.person_id = new.person_id AND visit.ending = '{Ending.OPEN}'",
    asks=True,
)
_CLOSED = Bulk(
    stream_session,
    ("room_id",),
    "SELECT (SELECT ended_at FROM stream_session WHERE room_id = new.room_id AND ended_at IS NOT NULL"
    " ORDER BY started_at DESC LIMIT 1),"
    " (SELECT max(from_at) FROM capture_gap JOIN stream ON stream.id = capture_gap.stream_id"
    " WHERE stream.room_id = new.room_id AND stream.kind = 'live' AND capture_gap.certainty = 'certain') FROM {new}",
    asks=True,
)
_known_from = func.coalesce(visit.c.entered_at, visit.c.left_at)


def of_person(
    conn: Connection, person_ids: Sequence[int], room_ids: Sequence[int] | None = None
) -> list[Visit]:
    """Give a person's visits to some rooms, or to all (None), the earliest first."""
    query = select(visit.c.entered_at, visit.c.left_at, visit.c.ending)
    query = query.where(visit.c.person_id.in_(person_ids))
    if room_ids is not None:
        query = query.where(visit.c.room_id.in_(room_ids))
    rows = conn.execute(query.order_by(_known_from, visit.c.id))
    return [Visit(row.entered_at, row.left_at, Ending(row.ending)) for row in rows]


def of_room(
    conn: Connection, room_id: int, since: datetime | None, until: datetime
) -> list[tuple[int, Visit]]:
    """Give who came into a room in a time, with their visits; who was never seen to come counts when they left.

    To find everyone who was there at an instant, give as `since` the end of the session before it: nobody's visit
    goes beyond one.
    """
    query = select(visit.c.person_id, visit.c.entered_at, visit.c.left_at, visit.c.ending)
    came = query.where(visit.c.room_id == room_id, visit.c.entered_at < until)
    left = query.where(visit.c.room_id == room_id, visit.c.entered_at.is_(None), visit.c.left_at < until)
    if since is not None:
        came, left = came.where(visit.c.entered_at >= since), left.where(visit.c.left_at >= since)
    rows = [*conn.execute(came), *conn.execute(left)]
    return [(row.person_id, Visit(row.entered_at, row.left_at, Ending(row.ending))) for row in rows]


def open_in(conn: Connection, room_ids: Sequence[int]) -> list[tuple[int, datetime]]:
    """Give who is in some rooms, and since when."""
    query = select(visit.c.person_id, visit.c.entered_at)
    query = query.where(visit.c.room_id.in_(room_ids), visit.c.ending == "open")
    return [(row.person_id, row.entered_at) for row in conn.execute(query)]


def present(conn: Connection, room_id: int, at: Iterable[datetime]) -> set[int]:
    """Give whose visits an end of session at one of these instants closes, or closed."""
    found: set[int] = set()
    for end in at:
        spans = and_(visit.c.entered_at <= end, or_(visit.c.left_at >= end, visit.c.left_at.is_(None)))
        query = select(visit.c.person_id).where(visit.c.room_id == room_id)
        found.update(conn.execute(query.where(or_(spans, visit.c.left_at == end))).scalars())
    return found


def last_heard(conn: Connection, room_ids: Sequence[int] | None) -> datetime | None:
    """Give when some rooms (None: any) were last listened to: who is in them is known as of then."""
    query = select(func.max(stream.c.last_poll_ok_at)).where(stream.c.kind == "live")
    if room_ids is not None:
        query = query.where(stream.c.room_id.in_(room_ids))
    return conn.execute(query).scalar()


def append(batch: Batch, room_id: int, moves: "Sequence[Mark]") -> bool:
    """Pair enters and leaves that are later than every other of their room: the ordinary case.

    False, and nothing done, where a session ended or a certain gap began no earlier than one of them.
    """
    steps: dict[int, list[tuple[datetime, Step]]] = defaultdict(list)
    for move in moves:
        if move.person is not None:
            steps[move.person].append((move.at, Step(move.method)))
    if not steps:
        return True
    asked = (_OPEN, [(room_id, who) for who in sorted(steps)]), (_CLOSED, [(room_id,)])
    found, ((session_end, gap),) = batch.ask(*asked)
    if max(session_end or 0, gap or 0) >= min(to_ms(move.at) for move in moves):
        return False
    standing = {who: (row_id, from_ms(entered_ms)) for who, row_id, entered_ms in found}
    rows, ended = [], []
    for who in sorted(steps):
        row_id, entered_at = standing.get(who, (None, None))
        first, *rest = pair(steps[who], entered_at)
        if row_id is None:
            rest.insert(0, first)
        else:
            ended.append((row_id, _ms(first.left_at), str(first.ending)))
        rows += [_row(room_id, who, one) for one in rest]
    batch.add(_END, ended)
    batch.add(_ADD, rows)
    return True


def everyone(conn: Connection, room_id: int, since: datetime | None = None) -> set[int]:
    """Give who entered or left a room, or is said to have: ever, or since an instant."""
    query = select(event.c.actor_id).where(*_moves(room_id), event.c.actor_id.is_not(None)).distinct()
    said = select(visit.c.person_id).where(visit.c.room_id == room_id).distinct()
    if since is not None:
        query = query.where(event.c.at >= since)
        said = said.where(
            or_(visit.c.left_at >= since, visit.c.entered_at >= since, visit.c.ending == "open")
        )
    return {*conn.execute(query).scalars(), *conn.execute(said).scalars()}


def rederive(conn: Connection, room_id: int, people: Iterable[int], since: datetime | None) -> None:
    """Make the visits of some people in one room anew from an instant on (None: all of them)."""
    closers = _closers(conn, room_id)
    for who in sorted(set(people)):
        anchor = _anchor(conn, room_id, who, since) if since is not None else None
        conn.execute(_gone(whole=anchor is None), {"room": room_id, "who": who, "since": anchor})
        rows = [_row(room_id, who, one) for one in _paired(conn, room_id, who, anchor, closers)]
        together(conn, *([(_ADD, rows)] if rows else []))


def drop_before(conn: Connection, room_id: int, who: int, before: datetime) -> datetime:
    """Drop a person's visits that had ended before an instant; give the instant up to which nothing is left of them.

    That is earlier where a visit reaches beyond `before`, or goes on: such a visit stays whole.
    """
    asked = {"room": room_id, "who": who, "since": before}
    cut = before
    for entered_at, left_at, ending in conn.execute(_before().add_columns(visit.c.ending), asked):
        # A visit that the next enter ends has no event at its end that it would need.
        reaches = left_at is not None and (left_at > cut or (left_at == cut and ending == Ending.LEFT))
        if ending != Ending.OPEN and not reaches:
            break
        cut = entered_at or left_at
    conn.execute(delete(visit).where(*_mine(), _known_from < _since()), asked | {"since": cut})
    return cut


def differ(conn: Connection, room_id: int) -> bool:
    """Whether any visit of a room is not what its events say."""
    closers = _closers(conn, room_id)
    columns = (visit.c.entered_at, visit.c.left_at, visit.c.ending)
    for who in sorted(everyone(conn, room_id)):
        query = select(*columns).where(visit.c.room_id == room_id, visit.c.person_id == who)
        stored = [Visit(row[0], row[1], Ending(row[2])) for row in conn.execute(query)]
        if sorted(stored, key=repr) != sorted(_paired(conn, room_id, who, None, closers), key=repr):
            return True
    return False


def _paired(
    conn: Connection, room_id: int, who: int, since: datetime | None, closers: list[tuple[datetime, Step]]
) -> list[Visit]:
    """Pair one person's enters and leaves from an instant on."""
    found = conn.execute(_steps(whole=since is None), {"room": room_id, "who": who, "since": since})
    steps = [(at, _STEPS[method_id]) for at, method_id in found]
    if not steps:
        return []
    later = closers[bisect_left(closers, (steps[0][0], Step.GAP)) :]
    return pair(sorted([*steps, *later], key=_in_order))


def _in_order(step: tuple[datetime, Step]) -> tuple[datetime, bool]:
    # The end of a session or a gap acts on what stands at its instant; sorting is stable for the rest.
    return step[0], step[1] in {Step.SESSION_END, Step.GAP}


def _row(room_id: int, who: int, one: Visit) -> tuple[object, ...]:
    return room_id, who, _ms(one.entered_at), _ms(one.left_at), str(one.ending)


def _ms(at: datetime | None) -> int | None:
    return None if at is None else to_ms(at)


def _closers(conn: Connection, room_id: int) -> list[tuple[datetime, Step]]:
    ends = select(stream_session.c.ended_at).where(stream_session.c.room_id == room_id)
    found = [
        (at, Step.SESSION_END)
        for at in conn.execute(ends.where(stream_session.c.ended_at.is_not(None))).scalars()
    ]
    gaps = select(capture_gap.c.from_at).join(stream, stream.c.id == capture_gap.c.stream_id)
    gaps = gaps.where(
        stream.c.room_id == room_id, stream.c.kind == "live", capture_gap.c.certainty == "certain"
    )
    found += [(at, Step.GAP) for at in conn.execute(gaps.where(capture_gap.c.from_at.is_not(None))).scalars()]
    return sorted(found)


def _anchor(conn: Connection, room_id: int, who: int, since: datetime) -> datetime:
    """Give the instant to start from: `since`, or the beginning of a visit that reaches into it.

    A visit that ends where the next begins shares an event with it, so the walk goes on to the one before.
    """
    anchor = since
    for entered_at, left_at in conn.execute(_before(), {"room": room_id, "who": who, "since": since}):
        if left_at is not None and left_at < anchor:
            break
        anchor = entered_at or left_at
    return anchor


def _moves(room_id: int | BindParameter[Any]) -> tuple[ColumnElement[bool], ...]:
    live = select(stream.c.id).where(stream.c.kind == "live")
    return (
        event.c.room_id == room_id,
        event.c.method_id.in_(list(_STEPS)),
        event.c.stream_id.in_(live),
        event.c.flags.bitwise_and(int(Flag.EMPTIED)) == 0,  # what the retention policy left is half a visit
    )


# What follows is made once: every page asks for open visits, and an end of a session for everyone's who is there.


def _since() -> BindParameter[datetime]:
    return bindparam("since", type_=Instant)


def _mine() -> tuple[ColumnElement[bool], ...]:
    return visit.c.room_id == bindparam("room"), visit.c.person_id == bindparam("who")


@cache
def _before() -> Select[Any]:
    """Give the query of a person's visits that began before an instant, the latest first."""
    query = select(visit.c.entered_at, visit.c.left_at).where(*_mine(), _known_from < _since())
    return query.order_by(_known_from.desc(), visit.c.left_at.desc().nulls_first())


@cache
def _gone(*, whole: bool) -> Delete:
    """Give the statement that drops a person's visits, all of them or those since an instant."""
    query = delete(visit).where(*_mine())
    return query if whole else query.where(_known_from >= _since())


@cache
def _steps(*, whole: bool) -> Select[Any]:
    """Give the query of a person's enters and leaves, all of them or those since an instant."""
    query = select(event.c.at, event.c.method_id).where(*_moves(bindparam("room")))
    query = query.where(event.c.actor_id == bindparam("who"))
    query = query if whole else query.where(event.c.at >= _since())
    return query.order_by(event.c.at, event.c.id_ms, event.c.id_seq, event.c.source_id)
