"""What was captured of payments, by the quarter of an hour: kept with the events, and always equal to them.

A quarter's payments stand in one row as records of twelve bytes. So a report reads a year of half a million in some
thousand rows, each exact, where the events would be as many rows. Pasted payments are few, and are read as events.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Sequence
from datetime import datetime
from heapq import merge
from itertools import groupby, islice
from operator import itemgetter
from struct import Struct
from typing import TYPE_CHECKING, Any

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Connection,
    LargeBinary,
    cast,
    delete,
    select,
    tuple_,
    type_coerce,
)

from mhc.domain.clock import to_ms
from mhc.domain.events import METHODS, Flag
from mhc.store.bulk import Batch, bulk_insert
from mhc.store.counting import room_of_event
from mhc.store.line_counts import QUARTER_MS
from mhc.store.schema import event, payment_quarter, stream
from mhc.store.streams import Kind

if TYPE_CHECKING:
    from mhc.store.events import NewEvent

# The milliseconds since the quarter began, doubled, and 1 for a tip; who paid, a row of a person, 0 for nobody known,
# with all bits inverted where they hid their name; the tokens.
RECORD = Struct("<Iii")
Record = tuple[int, int, int]
Key = tuple[int, int]  # when the quarter begins, in epoch milliseconds, and the room

_TIP = next(number for number, name in METHODS.items() if name == "tip")
_PAGE = 500  # rows
_DAY_MS = 86_400_000
_ADD = bulk_insert(
    payment_quarter,
    ("room_id", "begins_at", "records"),
    "ON CONFLICT (room_id, begins_at)"
    " DO UPDATE SET records = CAST(payment_quarter.records || excluded.records AS {binary})",
)
_at = type_coerce(event.c.at, BigInteger)
_begins = type_coerce(payment_quarter.c.begins_at, BigInteger)


def record(at_ms: int, actor_id: int | None, tokens: int, *, anonymous: bool, is_tip: bool) -> Record:
    """Give the record of a payment."""
    who = actor_id or 0
    return at_ms % QUARTER_MS * 2 + is_tip, ~who if anonymous else who, tokens


def add(batch: Batch, owner_id: int, new: "Sequence[NewEvent]") -> None:
    """Keep the payments of a live stream that were just stored."""
    found: dict[tuple[int, int], list[bytes]] = defaultdict(list)
    for one in new:
        if (tokens := one.event.tokens) is not None:
            at, paid = to_ms(one.at), one.event
            made = record(at, one.actor_id, tokens, anonymous=paid.anonymous, is_tip=paid.method == "tip")
            found[one.room_id or owner_id, at // QUARTER_MS * QUARTER_MS].append(RECORD.pack(*made))
    # In order: two listeners that hear the same room must not wait for each other.
    batch.add(_ADD, [(*key, b"".join(found[key])) for key in sorted(found)])


def touched(conn: Connection, which: ColumnElement[bool]) -> set[Key]:
    """Give the quarters in which any of some events is a payment."""
    query = _captured(which).with_only_columns(_at, room_of_event)
    return {(at // QUARTER_MS * QUARTER_MS, room) for at, room in conn.execute(query)}


def recount(conn: Connection, keys: Collection[Key]) -> None:
    """Make some quarters anew from the events, a day of them at once."""
    for _day, some in groupby(sorted(keys), key=lambda key: key[0] // _DAY_MS):
        these = set(some)
        begins, rooms = {begin for begin, _room in these}, {room for _begin, room in these}
        mine = tuple_(_begins, payment_quarter.c.room_id).in_(these)
        conn.execute(delete(payment_quarter).where(mine))
        within = _at >= min(begins), _at < max(begins) + QUARTER_MS, room_of_event.in_(rooms)
        _insert(conn, (one for one in grouped(conn, _captured(*within)) if one[0] in these))


def mend(conn: Connection, since: datetime) -> int:
    """Make anew what since an instant is not as the events say; give how many quarters: a listener of before kept none."""
    first = to_ms(since) // QUARTER_MS * QUARTER_MS
    true = dict(grouped(conn, _captured(_at >= first)))
    kept = dict(_kept(conn, _begins >= first))
    wrong = [key for key in true.keys() | kept.keys() if true.get(key) != kept.get(key)]
    recount(conn, wrong)
    return len(wrong)


def rebuild(conn: Connection) -> None:
    """Make all of them anew from the events."""
    conn.execute(delete(payment_quarter))
    _insert(conn, grouped(conn, _captured()))


def differences(conn: Connection) -> int:
    """Give how many quarters are not what the events say."""
    kept, true = _kept(conn), grouped(conn, _captured())
    both = groupby(merge(kept, true), key=itemgetter(0))
    found = ([records for _key, records in each] for _key, each in both)
    return sum(len(each) == 1 or each[0] != each[1] for each in found)


def unpacked(records: bytes) -> list[Record]:
    """Give the records of a quarter in order of time."""
    return sorted(RECORD.iter_unpack(records))


def _kept(conn: Connection, *which: ColumnElement[bool]) -> Iterator[tuple[Key, list[Record]]]:
    room = payment_quarter.c.room_id
    query = select(_begins, room, cast(payment_quarter.c.records, LargeBinary)).where(*which)
    query = query.order_by(_begins, room)
    for begins, room, records in conn.execute(query, execution_options={"yield_per": _PAGE}):
        # What is damaged equals nothing.
        yield (begins, room), [] if len(records) % RECORD.size else unpacked(records)


def query_of(streams: Any, *which: ColumnElement[bool]) -> Any:
    """Give the query of the payments of some streams, in order of time, as `grouped` takes it."""
    columns = event.c.actor_id, event.c.tokens, event.c.flags, event.c.method_id
    query = select(_at, room_of_event, *columns).where(event.c.tokens.is_not(None), *which)
    return query.where(event.c.stream_id.in_(streams)).order_by(event.c.at)


def _captured(*which: ColumnElement[bool]) -> Any:
    return query_of(select(stream.c.id).where(stream.c.kind == Kind.LIVE), *which)


def grouped(conn: Connection, query: Any) -> Iterator[tuple[Key, list[Record]]]:
    """Give the payments of a query by the quarter and room, in order, those of a quarter in order of time."""
    rows = conn.execute(query, execution_options={"yield_per": 10 * _PAGE})
    for begins, each in groupby(rows, key=lambda row: row[0] // QUARTER_MS * QUARTER_MS):
        by_room: dict[int, list[Record]] = defaultdict(list)
        for at, room, who, tokens, flags, method in each:
            anonymous = flags & Flag.ANONYMOUS > 0
            by_room[room].append(record(at, who, tokens, anonymous=anonymous, is_tip=method == _TIP))
        for room in sorted(by_room):
            yield (begins, room), sorted(by_room[room])


def _insert(conn: Connection, quarters: Iterable[tuple[Key, list[Record]]]) -> None:
    rows = ((room, begins, b"".join(RECORD.pack(*one) for one in each)) for (begins, room), each in quarters)
    while page := list(islice(rows, _PAGE)):
        batch = Batch(conn)
        batch.add(_ADD, page)
        batch.send()
