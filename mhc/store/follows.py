"""Who follows whom, change by change; the state is the last change. Those of the feed follow from its events."""

from collections.abc import Sequence
from datetime import datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Any, NamedTuple

from sqlalchemy import Connection, Select, case, delete, func, insert, literal, select

from mhc.domain.clock import to_ms
from mhc.domain.events import METHODS
from mhc.store.bulk import Batch, bulk_insert
from mhc.store.schema import event, follow_change, stream
from mhc.store.upsert import insert_new

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


EVENTS = "events"  # the source of what is derived
_STATES = {"follow": State.YES, "unfollow": State.NO}
_NUMBERS = {number: _STATES[name] for number, name in METHODS.items() if name in _STATES}
_COLUMNS = ("room_id", "person_id", "direction", "state", "at", "source")
_DERIVE = bulk_insert(follow_change, _COLUMNS, "ON CONFLICT DO NOTHING")
# At one instant a yes is later than a no: the order in which they came is not kept.
LATEST = (follow_change.c.at.desc(), follow_change.c.state.desc(), follow_change.c.source)


def add(
    conn: Connection,
    room_id: int,
    person_id: int,
    direction: str,
    state: str,
    *,
    at: datetime,
    source: str,
    batch_id: int | None = None,
) -> bool:
    """Keep what a source other than the events says of an instant; False where it said so of that instant already.

    It is kept where it changes nothing, too: what is said before may be undone. Raises ValueError for words that
    are no direction or state.
    """
    row = {
        "room_id": room_id,
        "person_id": person_id,
        "direction": Direction(direction),
        "state": State(state),
    }
    return insert_new(conn, follow_change, row | {"at": at, "source": source, "batch_id": batch_id})


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
    # In order: two listeners that meet the same people must not wait for each other.
    batch.add(_DERIVE, [(*row, EVENTS) for row in sorted(rows)])


def rebuild(conn: Connection) -> None:
    """Make the changes of the events anew; what other sources say stays."""
    conn.execute(delete(follow_change).where(follow_change.c.source == EVENTS))
    conn.execute(insert(follow_change).from_select(list(_COLUMNS), _from_events()))


def differences(conn: Connection) -> int:
    """Give how many changes are not what the events say."""
    kept = select(*(follow_change.c[name] for name in _COLUMNS)).where(follow_change.c.source == EVENTS)
    true = _from_events()
    return sum(len(conn.execute(query).all()) for query in (kept.except_(true), true.except_(kept)))


def _from_events() -> Select[Any]:
    """Give the query of the changes as the events say, in the order of the columns."""
    room = func.coalesce(event.c.room_id, stream.c.room_id)
    state = case(*((event.c.method_id == number, literal(state.value)) for number, state in _NUMBERS.items()))
    direction = literal(Direction.FOLLOWER.value)
    query = select(room, event.c.actor_id, direction, state, event.c.at, literal(EVENTS))
    query = query.join(stream, stream.c.id == event.c.stream_id).distinct()
    told = event.c.method_id.in_(list(_NUMBERS))
    return query.where(stream.c.kind != "testbed", told, event.c.actor_id.is_not(None))
