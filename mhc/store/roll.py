"""Which people are listed, in which order, with what they gave: merged ones once, page by page.

Who is listed is found first, and sums and lists are read for those only: nobody waits for the figures of 50,000.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import (
    ColumnElement,
    Connection,
    Select,
    and_,
    func,
    literal_column,
    not_,
    or_,
    select,
)

from mhc.store import segments
from mhc.store.amounts import NAMES, Amounts
from mhc.store.merged import AsOne
from mhc.store.people import CHUNK
from mhc.store.schema import EXCLUDED, alias, person, person_total, watchlist, watchlist_member
from mhc.store.segments import Range, Segment, among


class Listed(NamedTuple):
    """A person with their sums, as lists show them; `first_seen_at` and `last_seen_at` are of all that were merged."""

    id: int
    username: str
    role: str
    first_seen_at: datetime | None
    last_seen_at: datetime | None
    rating: int | None
    tokens: int
    tips: int


class Ratings(NamedTuple):
    """The ratings from `low` to `high`."""

    low: int
    high: int


@dataclass(frozen=True, slots=True)
class Roll:
    """Which people are listed, in which order, with the sums of which rooms (None: all). All conditions must hold."""

    room_ids: Sequence[int] | None = None
    role: str | None = None
    like: str | None = None  # letters of any of their names
    list_ids: Sequence[int] = ()
    segments: Sequence[Segment] = ()
    since: datetime | None = None  # the range of the segments
    until: datetime | None = None
    recent_since: datetime | None = None  # where the range begins for who is new or lapsed
    live: bool = False
    rating: Ratings | None = None
    unrated: bool = False
    min_tokens: int | None = None
    seen_since: datetime | None = None
    not_seen_since: datetime | None = None
    excluded: bool | None = None
    reveal: bool = False  # count what was tipped anonymously, too
    sort: str = "last_seen_at"  # a field of Listed
    descending: bool = True

    @property
    def amounts(self) -> Amounts:
        """Give the sums of its rooms."""
        return Amounts(self.room_ids, reveal=self.reveal)

    @property
    def asks_of_all(self) -> bool:
        """Whether it depends on all who were merged into a person who is listed."""
        of_all = (self.role, self.rating, self.seen_since, self.not_seen_since)
        return any(one is not None for one in of_all) or self.unrated or Segment.NEW in self.segments


def list_people(conn: Connection, roll: Roll, limit: int | None = None) -> list[Listed]:
    """Give people with their sums; who has nothing to sort by comes last, equals go by name."""
    query, key = _people(conn, roll)
    direction = key.desc() if roll.descending else key.asc()
    query = query.order_by(direction.nulls_last(), person.c.username, person.c.id).limit(limit)
    rows: Sequence[Any] = ()
    if limit is not None and roll.descending and roll.sort in NAMES:
        rows = conn.execute(query.where(roll.amounts.at_least(roll.sort, 1))).all()  # mostly enough of them
    if limit is None or len(rows) < limit:
        rows = conn.execute(query).all()
    return _with_sums(conn, roll, rows)


def count_people(conn: Connection, roll: Roll) -> int:
    """Give how many people `list_people` gives without a limit."""
    one = AsOne()
    query = select(func.count()).select_from(person).where(*_listed(conn, roll, one))
    if roll.asks_of_all:
        query = one.join(query)
    found: int = conn.execute(query).scalar_one()
    return found


def by_ids(conn: Connection, roll: Roll, ids: Sequence[int]) -> list[Listed]:
    """Give these people (roots) with their sums, in this order, whatever else the roll asks."""
    query = _named(AsOne()).where(person.c.canonical_id.is_(None))
    rows: dict[int, Any] = {}
    for start in range(0, len(ids), CHUNK):
        found = conn.execute(query.where(person.c.id.in_(ids[start : start + CHUNK])))
        rows.update((row.id, row) for row in found)
    return _with_sums(conn, roll, [rows[who] for who in ids])


def contains(text: str) -> ColumnElement[bool]:
    """Whether a name has letters in it."""
    return alias.c.username.contains(text.lower(), autoescape=True)


def _columns(one: AsOne) -> dict[str, Any]:
    """Give what is shown of a person, but for the sums, in the order of Listed."""
    return {
        "id": person.c.id,
        "username": person.c.username,
        "role": one.role,
        "first_seen_at": one.first_seen_at,
        "last_seen_at": one.last_seen_at,
        "rating": one.rating,
    }


def _named(one: AsOne) -> Select[Any]:
    columns = (column.label(name) for name, column in _columns(one).items())
    query: Select[Any] = one.join(select(*columns).select_from(person))
    return query


def _people(conn: Connection, roll: Roll) -> tuple[Select[Any], ColumnElement[Any]]:
    """Give the query of who is listed, without order or sums, and what it is sorted by."""
    one = AsOne()
    query = _named(one).where(*_listed(conn, roll, one))
    if roll.sort in _columns(one):
        return query, _columns(one)[roll.sort]
    return roll.amounts.join(query, roll.sort)


def _listed(conn: Connection, roll: Roll, one: AsOne) -> list[ColumnElement[bool]]:
    """Give the conditions of a roll."""
    who = person.c.id
    conditions = [person.c.canonical_id.is_(None), *_belongs(conn, roll, one)]
    if not roll.reveal:
        conditions.append(who.not_in(only_anonymous()))
    if roll.role is not None:
        conditions.append(one.role == roll.role)
    if roll.like is not None:
        conditions.append(among(select(alias.c.person_id).where(contains(roll.like))))
    conditions += [_on_list(watchlist_member.c.list_id == number) for number in roll.list_ids]
    if roll.excluded is not None:
        excluded = _on_list(watchlist.c.name == EXCLUDED)
        conditions.append(excluded if roll.excluded else not_(excluded))
    if roll.unrated:
        conditions.append(one.rating.is_(None))
    if roll.rating is not None:
        conditions.append(one.rating.between(*roll.rating))
    if roll.min_tokens is not None and roll.min_tokens > 0:
        conditions.append(roll.amounts.at_least("tokens", roll.min_tokens))
    if roll.seen_since is not None:
        conditions.append(one.last_seen_at >= roll.seen_since)
    if roll.not_seen_since is not None:
        conditions.append(or_(one.last_seen_at.is_(None), one.last_seen_at < roll.not_seen_since))
    return conditions


def _belongs(conn: Connection, roll: Roll, one: AsOne) -> Iterator[ColumnElement[bool]]:
    """Give the conditions of the segments, and of who is there now."""
    who = person.c.id
    of = Range(roll.room_ids, roll.since, roll.until)
    recent = of._replace(since=roll.recent_since)
    if roll.live:
        yield segments.present(of)
    if Segment.TIPPERS in roll.segments:
        yield segments.tippers(conn, of, reveal=roll.reveal)
    if Segment.FOLLOWERS in roll.segments:
        yield who.in_(segments.followers(of))
    if Segment.REGULARS in roll.segments:
        yield who.in_(segments.regulars(conn, of))
    if Segment.LAPSED in roll.segments:
        yield who.in_(segments.lapsed(conn, recent))
    if Segment.NEW in roll.segments:
        yield and_(*segments.within(one.first_seen_at, recent))


def _on_list(which: ColumnElement[bool]) -> ColumnElement[bool]:
    mine = and_(watchlist_member.c.list_id == watchlist.c.id, watchlist_member.c.removed_at.is_(None))
    return among(select(watchlist_member.c.person_id).join(watchlist, mine).where(which))


def only_anonymous() -> Select[Any]:
    """Give those of whom all that is known is that they tipped anonymously: a list would say that they did.

    A query by itself, and not a condition on each person: the planner of PostgreSQL takes that for so dear that
    compiling it takes longer than all the rest.
    """
    other = person.alias("known")
    known: Select[Any] = select(literal_column("1")).where(
        other.c.canonical_id == person.c.id, ~_hidden(other)
    )
    return select(person.c.id).where(_hidden(person), ~known.exists()).correlate(None)


def _hidden(who: Any) -> ColumnElement[bool]:
    """Whether all that a row of a person says is that they tipped anonymously."""
    tipped = person_total.c.anonymous_tips + person_total.c.anonymous_tokens > 0
    hidden = select(person_total.c.person_id).where(person_total.c.person_id == who.c.id, tipped).exists()
    typed = select(alias.c.id).where(alias.c.person_id == who.c.id, alias.c.source != "events").exists()
    return and_(who.c.last_seen_at.is_(None), who.c.role == "unknown", hidden, ~typed)


def _with_sums(conn: Connection, roll: Roll, rows: Sequence[Any]) -> list[Listed]:
    given = roll.amounts.of(conn, [row.id for row in rows])
    return [Listed._make((*row, *given.get(row.id, (0, 0)))) for row in rows]
