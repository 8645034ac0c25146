"""Who was in a room in each of some stretches of time, and who tipped: the ids, which the database strings together.

A row for each person and stretch would be some hundred thousand; so a stretch is one row, and is read as a set.
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple, TypeVar

import msgspec
from sqlalchemy import (
    BigInteger,
    Connection,
    Integer,
    Select,
    Text,
    case,
    cast,
    column,
    func,
    or_,
    select,
    type_coerce,
    values,
)

from mhc.domain.events import METHODS, Flag
from mhc.store import people
from mhc.store.counting import Scope, within
from mhc.store.schema import Instant, event, person_total, stream, visit
from mhc.store.segments import is_open, of_merged

_AT_ONCE = 150  # stretches: below every limit on parameters
_NO_ROOM = 0  # in place of a person: a tip that names none
_TIP = next(number for number, name in METHODS.items() if name == "tip")
T = TypeVar("T")
_IDS = msgspec.json.Decoder(set[int])  # twice as fast as to split, for millions of ids
_named = event.c.flags.bitwise_and(int(Flag.ANONYMOUS)) == 0


class Stretch(NamedTuple):
    """A half-open time of one room, under a number that several rooms may share.

    Nobody's visit reaches into it who came before `after`.
    """

    number: int
    room_id: int
    after: datetime
    since: datetime
    until: datetime


class Present(NamedTuple):
    """Who was seen to come in, or to be there still, in a stretch, and who tipped by name: rows of people."""

    number: int
    came: set[int]
    tipped: set[int]


class First(NamedTuple):
    """When somebody was first seen in a room, and first tipped by name, in milliseconds."""

    person_id: int
    seen_ms: int | None
    tip_ms: int | None


class _Asked:
    """Some stretches, as a table that a query reads."""

    def __init__(self, stretches: Sequence[Stretch]) -> None:
        names = (column("number", Integer), column("room_id", Integer))
        times = (column(name, Instant) for name in ("after", "since", "until"))
        self.c = (cte := values(*names, *times, name="stretch").data(stretches).cte("stretch")).c
        self._cte = cte

    def each(self, *strung: Select[Any]) -> Select[Any]:
        """Give a row a stretch: its number and room, and what queries of one value say of it."""
        # One by one and not joined: PostgreSQL cannot tell how few rows a stretch has, and would read all.
        said = (one.correlate(self._cte).scalar_subquery() for one in strung)
        return select(self.c.number, self.c.room_id, *said).order_by(self.c.number, self.c.room_id)


def present(conn: Connection, stretches: Sequence[Stretch]) -> Iterator[Present]:
    """Give who was there in each of some stretches, in their order.

    Of the tips the index alone is read, in which the room of an event stands; those that name none are of the room
    that was listened to, and are read from their rows.
    """
    for some in _parts(stretches, _AT_ONCE):
        asked = _Asked(some)
        for number, room_id, came, tipped in conn.execute(asked.each(_came(asked.c), _tipped(conn, asked.c))):
            tippers = _read(tipped)
            if _NO_ROOM in tippers:
                one = next(one for one in some if (one.number, one.room_id) == (number, room_id))
                tippers = tippers - {_NO_ROOM} | _of_no_room(conn, one)
            yield Present(number, _read(came), tippers)


def _came(of: Any) -> Select[Any]:
    entered, left = visit.c.entered_at, visit.c.left_at
    return select(_ids(visit.c.person_id)).where(
        visit.c.room_id == of.room_id,
        entered >= of.after,
        entered < of.until,
        or_(entered >= of.since, left > of.since, is_open),
    )


def _tipped(conn: Connection, of: Any) -> Any:
    room = event.c.room_id
    who = case((room.is_(None), _NO_ROOM), else_=event.c.actor_id)
    tip = select(_ids(who)).where(event.c.at >= of.since, event.c.at < of.until, *_tips())
    return within(conn, tip.where(or_(room == of.room_id, room.is_(None))), Scope())


def _of_no_room(conn: Connection, one: Stretch) -> set[int]:
    tip = select(event.c.actor_id).join(stream, stream.c.id == event.c.stream_id).where(*_tips())
    tip = tip.where(event.c.room_id.is_(None), stream.c.room_id == one.room_id)
    return set(conn.execute(within(conn, tip, Scope(None, one.since, one.until))).scalars())


def left_unseen(
    conn: Connection, room_id: int, since: datetime, until: datetime
) -> Iterator[tuple[int, datetime]]:
    """Give who left a room in a time without that they were seen to come in, and when."""
    query = select(visit.c.person_id, visit.c.left_at)
    query = query.where(visit.c.room_id == room_id, visit.c.entered_at.is_(None))
    query = query.where(visit.c.left_at >= since, visit.c.left_at < until)
    return ((row[0], row[1]) for row in conn.execute(query))


def _tips() -> tuple[Any, ...]:
    tip = event.c.tokens.is_not(None), event.c.method_id == _TIP, _named
    return *tip, event.c.actor_id.is_not(None)


def first_seen(conn: Connection, room_ids: Sequence[int]) -> datetime | None:
    """Give when anybody was first seen in some rooms."""
    query = select(func.min(person_total.c.first_seen_at)).where(person_total.c.room_id.in_(room_ids))
    found: datetime | None = conn.execute(query).scalar()
    return found


def firsts(conn: Connection, room_ids: Sequence[int], since: datetime) -> Iterator[First]:
    """Give when each row of people was first seen in some rooms, and first tipped there.

    Whose only row says that both were before an instant may be left out.
    """
    t = person_total.c
    times = (type_coerce(one, BigInteger) for one in (t.first_seen_at, t.first_tip_at))
    query = select(t.person_id, *times).where(t.room_id.in_(room_ids))
    if len(room_ids) == 1:
        query = query.where(or_(t.first_seen_at >= since, t.first_tip_at >= since, of_merged(t.person_id)))
    return map(First._make, conn.execute(query))


def last_visits(
    conn: Connection, room_ids: Sequence[int], rows: Mapping[int, int], until: datetime
) -> dict[int, datetime]:
    """Give when people were last there before an instant, by the root of their rows."""
    found: dict[int, datetime] = {}
    v = visit.c
    for some in _parts(sorted(rows), people.CHUNK):
        mine = v.person_id.in_(some), v.room_id.in_(room_ids)
        known = func.coalesce(v.entered_at, v.left_at)
        last = case((v.left_at < until, v.left_at), else_=v.entered_at)
        query = select(v.person_id, func.max(last)).where(*mine, known < until).group_by(v.person_id)
        for who, at in conn.execute(query):
            found[rows[who]] = max(found.get(rows[who], at), at)
    return found


def _parts(some: Sequence[T], size: int) -> Iterator[Sequence[T]]:
    return (some[start : start + size] for start in range(0, len(some), size))


def _ids(who: Any) -> Any:
    return func.aggregate_strings(cast(who, Text), ",")


def _read(said: str | None) -> set[int]:
    return _IDS.decode(f"[{said}]") if said else set()
