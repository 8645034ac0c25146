"""How many public lines a room had in each quarter of an hour: kept with the events, and always equal to them.

What nobody could count otherwise without reading millions of events. A quarter is what every zone's distance from UTC
is made of, and as much of an edge as is ever read from the events. Pasted lines are few, and read.
"""

from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from sqlalchemy import BigInteger, Connection, delete, func, insert, select, type_coerce

from mhc.domain.clock import to_ms
from mhc.domain.events import METHODS
from mhc.store.bulk import Batch, Bulk, bulk_insert
from mhc.store.counting import room_of_event
from mhc.store.schema import event, room_quarter, stream
from mhc.store.streams import Kind

if TYPE_CHECKING:
    from mhc.store.events import NewEvent

QUARTER_MS = 900_000
_CHAT = next(number for number, name in METHODS.items() if name == "chatMessage")
_COLUMNS = ("room_id", "begins_at", "messages")

_ADD = bulk_insert(
    room_quarter,
    _COLUMNS,
    "ON CONFLICT (room_id, begins_at) DO UPDATE SET messages = room_quarter.messages + excluded.messages",
)
_TAKE = Bulk(
    room_quarter,
    _COLUMNS,
    "UPDATE room_quarter SET messages = room_quarter.messages - new.messages FROM {new}"
    " WHERE room_quarter.room_id = new.room_id AND room_quarter.begins_at = new.begins_at",
)


def add(batch: Batch, owner_id: int, new: "Sequence[NewEvent]") -> None:
    """Count the lines of a live stream that were just stored."""
    counts = Counter(
        (one.room_id or owner_id, to_ms(one.at) // QUARTER_MS * QUARTER_MS)
        for one in new
        if one.event.method == "chatMessage"
    )
    batch.add(_ADD, [(*key, counts[key]) for key in sorted(counts)])


def take_away(conn: Connection, person_ids: Sequence[int]) -> None:
    """Count the lines of these people no more: their events are about to go."""
    rows = [tuple(row) for row in conn.execute(_from_events().where(event.c.actor_id.in_(person_ids)))]
    batch = Batch(conn)
    batch.add(_TAKE, rows)
    batch.send()
    conn.execute(delete(room_quarter).where(room_quarter.c.messages <= 0))


def rebuild(conn: Connection) -> None:
    """Count every line anew."""
    conn.execute(delete(room_quarter))
    conn.execute(insert(room_quarter).from_select(_COLUMNS, _from_events()))


def differences(conn: Connection) -> int:
    """Give how many counts are not what the events say."""
    kept = select(*(type_coerce(room_quarter.c[name], BigInteger) for name in _COLUMNS))
    true = _from_events()
    return sum(len(conn.execute(query).all()) for query in (kept.except_(true), true.except_(kept)))


def _from_events() -> Any:
    """Give the query of the counts as the events say: the same rule as `add`, in SQL."""
    at = type_coerce(event.c.at, BigInteger)
    quarter = at - at % QUARTER_MS
    live = select(stream.c.id).where(stream.c.kind == Kind.LIVE)
    return (
        select(room_of_event.label("room_id"), quarter.label("begins_at"), func.count().label("messages"))
        .where(event.c.method_id == _CHAT, event.c.stream_id.in_(live))
        .group_by(room_of_event, quarter)
    )
