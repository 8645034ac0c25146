"""Who was in a room in each of some stretches of time, whose ids the database strings together, and who tipped.

A row for each person and stretch would be some hundred thousand; so a stretch is one row, and is read as a set.
"""

from collections import defaultdict
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

from mhc.domain.clock import to_ms
from mhc.store import payments, people
from mhc.store.schema import Instant, person_total, visit
from mhc.store.segments import is_open, of_merged

_AT_ONCE = 150  # stretches: below every limit on parameters
T = TypeVar("T")
_IDS = msgspec.json.Decoder(set[int])  # twice as fast as to split, for millions of ids


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
    """Give who was there in each of some stretches, in their order: by number, then by room."""
    tipped = _tipped(conn, stretches)
    for some in _parts(stretches, _AT_ONCE):
        asked = _Asked(some)
        # Apart: who came in is told by the index alone.
        for number, room_id, came, there in conn.execute(asked.each(_came(asked.c), _there(asked.c))):
            yield Present(number, _read(came) | _read(there), tipped[number, room_id])


def _tipped(conn: Connection, stretches: Sequence[Stretch]) -> dict[tuple[int, int], set[int]]:
    """Give who tipped by name, by the number of a stretch and its room."""
    by_room: dict[int, list[Stretch]] = defaultdict(list)
    found: dict[tuple[int, int], set[int]] = {}
    for one in sorted(stretches, key=lambda one: one.since):
        by_room[one.room_id].append(one)
        found[one.number, one.room_id] = set()
    for room_id, mine in by_room.items():
        sets = [found[one.number, room_id] for one in mine]
        spans = [(to_ms(one.since), to_ms(one.until)) for one in mine]
        for place, who in payments.tippers_by_span(conn, room_id, spans):
            sets[place].add(who)
    return found


def _came(of: Any) -> Select[Any]:
    entered = visit.c.entered_at
    mine = visit.c.room_id == of.room_id, entered >= of.since, entered < of.until
    return select(_ids(visit.c.person_id)).where(*mine)


def _there(of: Any) -> Select[Any]:
    """Give who had come before, and was there still."""
    entered = visit.c.entered_at
    mine = visit.c.room_id == of.room_id, entered >= of.after, entered < of.since
    return select(_ids(visit.c.person_id)).where(*mine, or_(visit.c.left_at > of.since, is_open))


def left_unseen(
    conn: Connection, room_id: int, since: datetime, until: datetime
) -> Iterator[tuple[int, datetime]]:
    """Give who left a room in a time without that they were seen to come in, and when."""
    query = select(visit.c.person_id, visit.c.left_at)
    query = query.where(visit.c.room_id == room_id, visit.c.entered_at.is_(None))
    query = query.where(visit.c.left_at >= since, visit.c.left_at < until)
    return ((row[0], row[1]) for row in conn.execute(query))


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
