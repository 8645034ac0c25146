"""Who came and left: what goes when it is older than the policy keeps it, and what of it has to stay.

Everything that is derived follows from what is left, as before: the enter or leave that was the first or the last that
is known of a person stays without its details, since totals say when that was; and of a room one here and there stays
without its name, so that no pause grows longer than the merge gap, by which broadcasts end.
"""

from collections import defaultdict
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Connection, Select, and_, bindparam, delete, or_, select

from mhc.store import sessions, visits
from mhc.store.pruning_text import KEY, NUMBER, Job, Part, Rows, count_events, empty, oldest, whole
from mhc.store.schema import broadcast, event, person_total, stream

_moves: ColumnElement[bool] = event.c.method_id.in_((NUMBER["userEnter"], NUMBER["userLeave"]))
_order = (event.c.id_ms, event.c.id_seq, event.c.source_id)
_this_event = tuple(column == bindparam(f"k_{column.name}") for column in KEY)


class _Place(NamedTuple):
    """Whose enters and leaves come next: those of people after one, so many batches at once."""

    after: int = 0
    batches: int = 1


class _Batch(list[Any]):
    """Rows of some people, all of each; or, `cut`, the first ones of a single person."""

    batches = 1
    cut = False


def _find(conn: Connection, job: Job, place: _Place | None) -> Rows:
    place = place or _Place()
    query = _before(job.before).where(event.c.actor_id > place.after)
    size = job.batch * place.batches
    rows = conn.execute(query.limit(size)).all()
    batch = _Batch(rows)
    batch.batches = place.batches
    if len(rows) == size:
        last = rows[-1].actor_id
        batch.cut = rows[0].actor_id == last
        batch[:] = rows if batch.cut else [row for row in rows if row.actor_id != last]
    return batch


def _before(until: datetime) -> Select[Any]:
    """Give the query of the enters and leaves that are older, person by person."""
    query = select(event).where(event.c.actor_id.is_not(None), _moves, whole, event.c.at < until)
    return query.order_by(event.c.actor_id, event.c.at, *_order, event.c.stream_id)


def _take(conn: Connection, rows: Rows, job: Job) -> tuple[int, _Place]:
    assert isinstance(rows, _Batch)
    until = rows[-1].at if rows.cut else job.before
    rooms = _rooms(conn)
    locked = _lock(conn, rooms, rows)
    cuts: dict[tuple[int, int | None], datetime] = {}
    gone = []
    # Once more: of a visit that goes, what was stored until the rooms were locked goes, too.
    now = _before(until).where(event.c.actor_id.between(rows[0].actor_id, rows[-1].actor_id))
    for row in conn.execute(now).all():
        who, room = row.actor_id, _watched(rooms, row)
        if room is not None and room not in locked:
            continue
        if (who, room) not in cuts:
            cuts[who, room] = until if room is None else visits.drop_before(conn, room, who, until)
        if row.at < cuts[who, room]:
            gone.append(row)
    _part(conn, rooms, gone, job.gap)
    last = rows[-1].actor_id
    if not rows.cut:
        return len(gone), _Place(last)
    # Enters of visits that go on stand before what could go: more rows at once reach behind them.
    return len(gone), _Place(last - 1, 1 if gone else rows.batches * 2)


class _Room(NamedTuple):
    """Whose room a stream is, and whether what is derived of a room follows from it."""

    owner_id: int
    live: bool


def _rooms(conn: Connection) -> dict[int, _Room]:
    rows = conn.execute(select(stream.c.id, stream.c.room_id, stream.c.kind))
    return {number: _Room(owner, kind == "live") for number, owner, kind in rows}


def _watched(rooms: dict[int, _Room], row: Any) -> int | None:
    """Give the room whose broadcasts and visits follow from an event; None where none does."""
    return row.room_id if rooms[row.stream_id].live else None


def _lock(conn: Connection, rooms: dict[int, _Room], rows: Rows) -> set[int]:
    """Let no listener derive meanwhile what these rows have a part in; give the rooms."""
    found = {room for row in rows if (room := _watched(rooms, row)) is not None}
    for room in sorted(found):
        sessions.lock(conn, room)
    return found


def _part(conn: Connection, rooms: dict[int, _Room], rows: Iterable[Any], gap: timedelta) -> None:
    """Delete events, and empty those that have to stay."""
    rows = list(rows)
    seen = _seen(conn, {row.actor_id for row in rows if row.actor_id is not None})
    proofs, signs = [], []
    for row in rows:
        if row.at in seen[row.actor_id, row.room_id or rooms[row.stream_id].owner_id]:
            proofs.append(row)
        elif _watched(rooms, row) is not None and _is_needed(conn, row, gap):
            signs.append(row)
        else:  # at once: what is needed depends on what is there
            mine = {f"k_{column.name}": getattr(row, column.name) for column in KEY}
            conn.execute(delete(event).where(*_this_event), mine)
    empty(conn, proofs)
    empty(conn, signs, nameless=True)


def _seen(conn: Connection, people: set[int]) -> dict[tuple[int, int], set[datetime]]:
    """Give when people were first and last seen, by person and room."""
    t = person_total.c
    found: dict[tuple[int, int], set[datetime]] = defaultdict(set)
    query = select(t.person_id, t.room_id, t.first_seen_at, t.last_seen_at).where(t.person_id.in_(people))
    for who, room, first, last in conn.execute(query):
        found[who, room] = {first, last}
    return found


def _is_needed(conn: Connection, row: Any, gap: timedelta) -> bool:
    """Whether a broadcast of the room would end otherwise without this event."""
    others = select(event.c.at).where(event.c.stream_id == row.stream_id, event.c.room_id == row.room_id)
    others = others.where(~and_(*(column == getattr(row, column.name) for column in KEY)))
    earlier = others.where(event.c.at.between(row.at - gap, row.at)).order_by(event.c.at.desc()).limit(1)
    later = others.where(event.c.at >= row.at).order_by(event.c.at).limit(1)
    b = broadcast.c
    on = select(b.id).where(b.room_id == row.room_id, b.started_at <= row.at, ~b.start_inferred)
    on = on.where(or_(b.ended_at.is_(None), b.ended_at >= row.at))
    before, after, is_on = conn.execute(
        select(earlier.scalar_subquery(), later.scalar_subquery(), on.exists())
    ).one()
    if after is None:  # the last that is known of the room: by it, silence before it is known
        return True
    return bool(is_on) and (before is None or after - before > gap)


def _find_nameless(conn: Connection, job: Job, place: tuple[int, datetime] | None) -> Rows:
    return oldest(conn, job, place, _moves, event.c.actor_id.is_(None))


def _take_nameless(conn: Connection, rows: Rows, job: Job) -> tuple[int, Any]:
    rooms = _rooms(conn)
    _lock(conn, rooms, rows)
    _part(conn, rooms, rows, job.gap)
    return len(rows), (rows[-1].stream_id, rows[-1].at)


NAMED = Part(
    lambda conn, before: count_events(conn, before, _moves, event.c.actor_id.is_not(None)), _find, _take
)
NAMELESS = Part(
    lambda conn, before: count_events(conn, before, _moves, event.c.actor_id.is_(None)),
    _find_nameless,
    _take_nameless,
)
