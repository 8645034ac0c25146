"""Who follows whom, change by change; the state is the last change. Those of the feed follow from its events."""

from collections.abc import Collection, Sequence
from datetime import datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Any, NamedTuple

from sqlalchemy import (
    ColumnElement,
    Connection,
    Select,
    case,
    delete,
    func,
    insert,
    literal,
    literal_column,
    select,
    text,
)

from mhc.domain.clock import to_ms
from mhc.domain.events import METHODS
from mhc.store.bulk import Batch, Bulk, bulk_insert
from mhc.store.people import CHUNK
from mhc.store.schema import event, follow_change, person, stream

if TYPE_CHECKING:
    from mhc.store.events import NewEvent


class Direction(StrEnum):
    """Who follows: somebody the room, or the room's owner somebody."""

    FOLLOWER = "follower"
    FOLLOWING = "following"


class State(StrEnum):
    """What a change says."""

    YES = "yes"
    NO = "no"
    UNKNOWN = "unknown"


class Change(NamedTuple):
    """That somebody followed from an instant on, or did not."""

    state: State
    at: datetime


Key = tuple[int, int, str]  # room, person and direction

EVENTS = "events"  # the source of what is derived
_STATES = {"follow": State.YES, "unfollow": State.NO}
NUMBERS = {number: _STATES[name] for number, name in METHODS.items() if name in _STATES}
_COLUMNS = ("room_id", "person_id", "direction", "state", "at", "source")
_DERIVE = bulk_insert(follow_change, _COLUMNS, "ON CONFLICT DO NOTHING")
_ADD = bulk_insert(follow_change, (*_COLUMNS, "batch_id"), "ON CONFLICT DO NOTHING")
# What is last has no later change; where the two agree that it is and that it is not, it is wrong.
_WRONG = """follow_change.is_last = EXISTS (
    SELECT 1 FROM follow_change AS later
    WHERE later.person_id = follow_change.person_id AND later.room_id = follow_change.room_id
      AND later.direction = follow_change.direction
      AND (later.at, later.state) > (follow_change.at, follow_change.state)
)"""
_MARK = f"UPDATE follow_change SET is_last = NOT is_last WHERE {_WRONG}"  # noqa: S608 - our own words
_KEY = ("room_id", "person_id", "direction")
_MARK_SOME = Bulk(
    follow_change,
    _KEY,
    "UPDATE follow_change SET is_last = NOT is_last FROM {new} WHERE "  # noqa: S608
    + " AND ".join(f"follow_change.{name} = new.{name}" for name in _KEY)
    + f" AND {_WRONG}",
)
# A word and not a comparison, as the partial index has it.
is_last: ColumnElement[Any] = literal_column("follow_change.is_last")
# At one instant a yes is later than a no: the order in which they came is not kept.
LATEST = (follow_change.c.at.desc(), follow_change.c.state.desc(), follow_change.c.source)


def add(
    conn: Connection,
    room_id: int,
    person_ids: Collection[int],
    direction: str,
    state: str,
    *,
    at: datetime,
    source: str,
    batch_id: int | None = None,
) -> None:
    """Keep what a source other than the events says of people at an instant, once.

    It is kept where it changes nothing, too: what is said before may be undone. Raises ValueError for words that
    are no direction or state.
    """
    way, said, who = Direction(direction).value, State(state).value, sorted(person_ids)
    _hold(conn, who)
    batch = Batch(conn)
    batch.add(_ADD, [(room_id, one, way, said, to_ms(at), source, batch_id) for one in who])
    batch.add(_MARK_SOME, [(room_id, one, way) for one in who])
    batch.send()


def take_back(conn: Connection, batch_id: int) -> None:
    """Take back what an import said; the change before is the last again."""
    mine = follow_change.c.batch_id == batch_id
    found = conn.execute(select(*(follow_change.c[name] for name in _KEY)).where(mine).distinct())
    keys: list[Key] = sorted((room, who, way) for room, who, way in found)
    _hold(conn, sorted({who for _room, who, _way in keys}))
    conn.execute(delete(follow_change).where(mine))
    batch = Batch(conn)
    batch.add(_MARK_SOME, keys)
    batch.send()


def _hold(conn: Connection, person_ids: Sequence[int]) -> None:
    """Let who stores events of these people wait, who holds them too: neither would see the other's change."""
    if conn.dialect.name != "postgresql":
        return
    query = select(person.c.id).order_by(person.c.id).with_for_update(key_share=True)
    for start in range(0, len(person_ids), CHUNK):
        conn.execute(query.where(person.c.id.in_(person_ids[start : start + CHUNK])))


def last(
    conn: Connection,
    person_ids: Sequence[int],
    room_ids: Sequence[int] | None = None,
    direction: str = Direction.FOLLOWER,
) -> Change | None:
    """Give the last change of a person (all rows of theirs) in some rooms (None: all); None where there is none."""
    mine = (follow_change.c.person_id.in_(person_ids), follow_change.c.direction == direction)
    query = select(follow_change.c.state, follow_change.c.at).where(*mine)
    if room_ids is not None:
        query = query.where(follow_change.c.room_id.in_(room_ids))
    row = conn.execute(query.order_by(*LATEST).limit(1)).one_or_none()
    return Change(State(row.state), row.at) if row else None


def derive(batch: Batch, owner_id: int, new: "Sequence[NewEvent]") -> None:
    """Keep the changes that events just stored tell of."""
    rows = {
        (
            n.room_id or owner_id,
            n.actor_id,
            Direction.FOLLOWER.value,
            _STATES[n.event.method].value,
            to_ms(n.at),
        )
        for n in new
        if n.event.method in _STATES and n.actor_id is not None
    }
    # In order: two listeners that meet the same people must not wait for each other. The totals hold these by now.
    batch.add(_DERIVE, [(*row, EVENTS) for row in sorted(rows)])
    batch.add(_MARK_SOME, sorted({row[:3] for row in rows}))


def mend(conn: Connection, since: datetime) -> None:
    """Mark anew whoever changed since an instant: a listener of before marks nobody."""
    changed = select(*(follow_change.c[name] for name in _KEY)).where(follow_change.c.at >= since).distinct()
    batch = Batch(conn)
    batch.add(_MARK_SOME, sorted(tuple(row) for row in conn.execute(changed)))
    batch.send()


def rebuild(conn: Connection) -> None:
    """Make the changes of the events anew, and which is the last; what other sources say stays."""
    conn.execute(delete(follow_change).where(follow_change.c.source == EVENTS))
    conn.execute(insert(follow_change).from_select(list(_COLUMNS), _from_events()))
    conn.execute(text(_MARK))


def differences(conn: Connection) -> int:
    """Give how many changes are not what the events say, or are wrongly the last, or not."""
    kept = select(*(follow_change.c[name] for name in _COLUMNS)).where(follow_change.c.source == EVENTS)
    true = _from_events()
    wrong = select(follow_change.c.id).where(text(_WRONG))
    queries = kept.except_(true), true.except_(kept), wrong
    return sum(len(conn.execute(query).all()) for query in queries)


def _from_events() -> Select[Any]:
    """Give the query of the changes as the events say, in the order of the columns."""
    room = func.coalesce(event.c.room_id, stream.c.room_id)
    state = case(*((event.c.method_id == number, literal(state.value)) for number, state in NUMBERS.items()))
    direction = literal(Direction.FOLLOWER.value)
    query = select(room, event.c.actor_id, direction, state, event.c.at, literal(EVENTS))
    query = query.join(stream, stream.c.id == event.c.stream_id).distinct()
    told = event.c.method_id.in_(list(NUMBERS))
    return query.where(stream.c.kind != "testbed", told, event.c.actor_id.is_not(None))
