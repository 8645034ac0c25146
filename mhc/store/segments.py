"""Parts of the people that a room knows, by what they did: each gives the queries of those who belong to it.

PostgreSQL takes for rare what equals the outcome of a formula, and then plans badly: formulas are compared otherwise.
"""

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, NamedTuple

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    CompoundSelect,
    Connection,
    Select,
    and_,
    case,
    func,
    literal,
    literal_column,
    or_,
    select,
    type_coerce,
    union_all,
)

from mhc.domain.clock import EPOCH, to_ms
from mhc.domain.events import METHODS, Flag
from mhc.domain.live import Live
from mhc.domain.month_bits import MONTH_MS, MONTHS, months_of
from mhc.domain.visits import Ending
from mhc.store import follows, room_readings
from mhc.store.counting import counted, room_of_event
from mhc.store.follows import Direction, State
from mhc.store.schema import (
    event,
    follow_change,
    person,
    person_total,
    stream,
    visit,
)

_MANY = 5000
MONTH = timedelta(days=30)  # the range of who is new or lapsed, where nobody gave one
_FOLLOWS = follow_change.c.state == State.YES
_TIP = next(number for number, name in METHODS.items() if name == "tip")

root: ColumnElement[int] = func.coalesce(person.c.canonical_id, person.c.id)
# Words and not parameters: else SQLite does not see that the partial index holds these rows.
is_open: ColumnElement[bool] = visit.c.ending == literal_column(f"'{Ending.OPEN}'")


class Segment(StrEnum):
    """A part of the people by what they did in a range."""

    TIPPERS = "tippers"
    FOLLOWERS = "followers"
    REGULARS = "regulars"
    LAPSED = "lapsed"
    NEW = "new"


class Those(NamedTuple):
    """Queries of who belongs to a part: nobody looks for the roots of the many who are their own.

    `alone` is right for people with one row only, `merged` gives the roots of the others. `asked` says the same as
    `alone` of the person in a column, where to look each up is quicker than to gather all.
    """

    alone: Any
    merged: Any
    asked: Callable[[ColumnElement[int]], ColumnElement[bool]] | None = None

    def holds(self, who: ColumnElement[int]) -> ColumnElement[bool]:
        """Whether a person with one row belongs to the part."""
        return who.in_(self.alone) if self.asked is None else self.asked(who)


class Range(NamedTuple):
    """The rooms (None: all) and the half-open time that a segment is of.

    `among` are people with one row each, as ids or a query of them: of others who have but one nothing need be told.
    """

    room_ids: Sequence[int] | None
    since: datetime | None
    until: datetime | None
    among: Any = None


def within(column: ColumnElement[Any], of: Range) -> list[ColumnElement[bool]]:
    """Give the conditions that a time lies in a range."""
    bounds = [] if of.since is None else [column >= of.since]
    return bounds if of.until is None else [*bounds, column < of.until]


def those(rows: Select[Any] | CompoundSelect[Any]) -> Those:
    """Give those of whom a query gives any row, of one column."""
    few: Any = union_all(*map(_merged, rows.selects)) if isinstance(rows, CompoundSelect) else _merged(rows)
    return Those(rows, select(root.label("who")).where(person.c.id.in_(few)))


def _merged(rows: Any) -> Any:
    """Give those rows of the merged, who are few, each looked up: those of all others are not read again."""
    (column,) = rows.selected_columns
    return rows.where(of_merged(column))


def by_person(column: ColumnElement[Any]) -> tuple[tuple[Select[Any], ColumnElement[Any]], ...]:
    """Give queries of people by a column of their rows, each with what makes a person: alone, and merged."""
    rows = column.table.join(person, person.c.id == column)
    merged = select(root.label("who")).select_from(rows).where(of_merged(person.c.id))
    return (select(column.label("who")), column), (merged, root)


def of_merged(column: ColumnElement[Any]) -> ColumnElement[bool]:
    """Whether a row is one of several of a person."""
    other = person.alias("one")
    merged = other.c.canonical_id.is_not(None)
    return column.in_(union_all(*(select(one).where(merged) for one in (other.c.id, other.c.canonical_id))))


def tippers(conn: Connection, of: Range, *, reveal: bool) -> Those:
    """Give who tipped in a range; who did so anonymously only where `reveal` counts it."""
    t = person_total.c
    if of.since is None and of.until is None:
        tipped = t.tips + t.anonymous_tips > 0 if reveal else t.tips > 0
    else:
        kinds = [_Tipped(t.first_tip_at, t.last_tip_at, t.tip_months, hidden=False)]
        kinds += [_Tipped(t.first_anonymous_at, t.last_anonymous_at, t.anonymous_months, hidden=True)][
            :reveal
        ]
        tipped = or_(*(_tipped_in(conn, of, kind) for kind in kinds))
    rows = select(t.person_id).where(tipped)
    total = in_rooms(rows, t.room_id, of)
    found = those(total)._replace(asked=lambda who: of_one(total, t.person_id, who).exists())
    if conn.dialect.name == "sqlite" and _has_many(conn, of):
        # Along the index of a room each row is sought by itself: no index has a formula, and to read all is quicker.
        found = found._replace(alone=in_rooms(rows, t.room_id + 0, of))
    return found


def _has_many(conn: Connection, of: Range) -> bool:
    """Whether the rooms of a range have so many rows of totals that to read all of the table is quicker."""
    some = in_rooms(select(person_total.c.room_id), person_total.c.room_id, of).limit(_MANY).subquery()
    found: int = conn.execute(select(func.count()).select_from(some)).scalar_one()
    return found >= _MANY


class _Tipped(NamedTuple):
    """What the totals know of when somebody tipped: by name, or anonymously."""

    first: ColumnElement[Any]
    last: ColumnElement[Any]
    months: ColumnElement[int]
    hidden: bool


def _tipped_in(conn: Connection, of: Range, kind: _Tipped) -> ColumnElement[bool]:
    """Whether somebody tipped in a range, as first, last and months say; where these leave it open, their tips do.

    They leave it open for who tipped on both sides of the range, in none of its whole months, but in one of its edges.
    """
    touches: list[ColumnElement[bool]] = [kind.last.is_not(None)]
    touches += [] if of.since is None else [kind.last >= of.since]
    touches += [] if of.until is None else [kind.first < of.until]
    if of.since is None or of.until is None:
        return and_(*touches)
    whole, edges = months_of(to_ms(of.since), to_ms(of.until))
    # A bit says which of two months that are 63 apart was meant only where the one lies beyond first and last.
    clear = type_coerce(kind.last, BigInteger) - type_coerce(kind.first, BigInteger) < (MONTHS - 1) * MONTH_MS
    surely = or_(kind.last < of.until, kind.first >= of.since, and_(clear, _any(kind.months, whole)))
    asked = and_(_any(kind.months, whole | edges), _tip_of(conn, of, hidden=kind.hidden).is_not(None))
    return and_(*touches, or_(surely, asked))


def _any(bits: ColumnElement[int], of: int) -> ColumnElement[bool]:
    return bits.bitwise_and(literal(of, BigInteger)) > 0


def _tip_of(conn: Connection, of: Range, *, hidden: bool) -> ColumnElement[Any]:
    """Give the last tip in a range of the person in the totals. No EXISTS: PostgreSQL would read everybody's."""
    anonymous = event.c.flags.bitwise_and(int(Flag.ANONYMOUS))
    mine = event.c.actor_id == person_total.c.person_id, room_of_event == person_total.c.room_id
    tip = select(event.c.at).where(*mine, anonymous > 0 if hidden else anonymous < 1, *_tips(conn, of))
    return tip.order_by(event.c.at.desc()).limit(1).correlate(person_total).scalar_subquery()


def _tips(conn: Connection, of: Range) -> list[ColumnElement[bool]]:
    """Give the conditions that an event is a tip in a range, at a known time."""
    tip = event.c.tokens.is_not(None), event.c.method_id == _TIP, *within(event.c.at, of)
    testbed = list(conn.execute(select(stream.c.id).where(stream.c.kind == "testbed")).scalars())
    return [*tip, counted, event.c.at != EPOCH, *([event.c.stream_id.not_in(testbed)] if testbed else [])]


def of_one(query: Select[Any], column: ColumnElement[int], who: ColumnElement[int]) -> Select[Any]:
    """Let a query that stands in another be of the person in a column of that one."""
    return query.where(column == who).correlate(who.table)


def followers(of: Range) -> Those:
    """Give who follows at the end of a range: their last change before it says so."""
    last = func.max(type_coerce(follow_change.c.at, BigInteger) * 2 + case((_FOLLOWS, 1), else_=0))
    found = []
    for query, who in by_person(follow_change.c.person_id):
        mine = _of_followers(query, of)
        # The rows of one room count together; of several rooms each counts by itself.
        groups = [who] if of.room_ids is not None else [who, follow_change.c.room_id]
        found.append(mine.group_by(*groups).having(last % 2 > 0))
    alone, merged = found
    if of.until is None and (of.room_ids is None or len(of.room_ids) == 1):
        alone = _of_followers(select(follow_change.c.person_id), of).where(_FOLLOWS, follows.is_last)
        return Those(alone, merged, None if of.among is None else _looked_up(alone))
    if of.among is None or of.room_ids is None:
        return Those(alone, merged)
    # Of a few people the last change is found sooner than all are read.
    change = _of_followers(select(follow_change.c.state), of).order_by(*follows.LATEST).limit(1)
    person_id = follow_change.c.person_id
    return Those(
        alone, merged, lambda who: of_one(change, person_id, who).scalar_subquery() > State.UNKNOWN.value
    )


def _looked_up(alone: Select[Any]) -> Callable[[ColumnElement[int]], ColumnElement[bool]]:
    """Let each be looked up. No EXISTS: PostgreSQL would read everybody's."""
    one, person_id = alone.limit(1), follow_change.c.person_id
    return lambda who: of_one(one, person_id, who).scalar_subquery().is_not(None)


def _of_followers(query: Select[Any], of: Range) -> Select[Any]:
    mine = query.where(follow_change.c.direction == Direction.FOLLOWER)
    if of.until is not None:
        mine = mine.where(follow_change.c.at < of.until)
    return in_rooms(mine, follow_change.c.room_id, of)


def present(of: Range, live: Live | None = None) -> Those:
    """Give who is in the rooms now, as far as was seen, and whose own room is live."""
    here = in_rooms(select(visit.c.person_id).where(is_open), visit.c.room_id, of)
    return those(here if live is None else union_all(here, room_readings.live_rows(live)))


def in_rooms(query: Select[Any], room: ColumnElement[Any], of: Range) -> Select[Any]:
    """Keep what is of the rooms of a range."""
    return query if of.room_ids is None else query.where(room.in_(of.room_ids))
