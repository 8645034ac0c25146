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
    literal,
    literal_column,
    not_,
    select,
    union_all,
)

from mhc.domain.clock import EPOCH
from mhc.domain.live import Live
from mhc.store import gifts, regulars, room_readings, segments
from mhc.store.gifts import Gifts
from mhc.store.merged import Alone, AsOne, root_of
from mhc.store.people import CHUNK
from mhc.store.schema import EXCLUDED, Instant, alias, person, person_total, watchlist, watchlist_member
from mhc.store.segments import Range, Segment, Those


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
    online: Live | None = None  # with `live`: who is live in their own room is there, too
    tags: Sequence[str] = ()  # of their room, as it was read last
    rating: Ratings | None = None
    unrated: bool = False
    min_tokens: int | None = None
    seen_since: datetime | None = None
    not_seen_since: datetime | None = None
    excluded: bool | None = None
    reveal: bool = False  # count what was tipped anonymously, too
    sort: str = "last_seen_at"  # a field of Listed
    descending: bool = True


_FIRST = 1000  # people, by an index: mostly enough for a page of who was seen last, or gave the most
One = Alone | AsOne
Halves = Sequence[tuple[One, Select[Any]]]


def list_people(conn: Connection, roll: Roll, limit: int | None = None) -> list[Listed]:
    """Give people with their sums; who has nothing to sort by comes last, equals go by name."""
    first = None if limit is None else _first(conn, roll)
    rows = [] if first is None else _page(conn, roll, limit, first)
    if first is None or len(rows) != limit:
        rows = _page(conn, roll, limit)
    return _with_sums(conn, roll, rows)


class _First(NamedTuple):
    """The first of all people by what a list is sorted by: who has at least so much of it, and a query of their rows."""

    least: Any
    rows: Select[Any]


def _first(conn: Connection, roll: Roll) -> _First | None:
    """Give the first of all people where an index knows them; None where it does not, or few are looked for."""
    if Segment.LAPSED in roll.segments or not roll.descending:
        return None
    if roll.sort == "tokens":
        return _First(*found) if (found := gifts.first(conn, _whose(roll), _FIRST)) else None
    if roll.sort != "last_seen_at":
        return None
    seen = person.c.last_seen_at
    query = select(seen).where(seen.is_not(None)).order_by(seen.desc()).offset(_FIRST - 1).limit(1)
    at = conn.execute(query).scalar()
    return None if at is None else _First(at, select(person.c.id).where(seen >= at).correlate(None))


def count_people(conn: Connection, roll: Roll) -> int:
    """Give how many people `list_people` gives without a limit."""
    those = list(_those(conn, roll))
    alone, as_one = (query.with_only_columns(func.count()) for _one, query in _people(conn, roll, those))
    quicker = _count_alone(conn, roll, those)
    return sum(conn.execute(union_all(alone if quicker is None else quicker, as_one)).scalars())


def _count_alone(conn: Connection, roll: Roll, those: Sequence[Those]) -> Select[Any] | None:
    """Give the query of how many have one row, where it needs no look at these rows: what they did says it all."""
    gathered = [them for them in those if isinstance(them.alone, Select)]
    if (
        any(True for _ in _listed(roll, Alone()))
        or roll.like is not None
        or not gathered
        or len(gathered) < len(those)
    ):
        return None
    first, *others = sorted(gathered, key=lambda them: them.asked is not None)
    who = next(iter(first.alone.subquery().c))
    number = (
        func.count() if roll.room_ids is not None and len(roll.room_ids) == 1 else func.count(who.distinct())
    )
    hidden = [] if roll.reveal else hidden_ones(conn)
    alone = not_(segments.of_merged(who)), who.not_in(hidden), *(them.holds(who) for them in others)
    return select(number).select_from(who.table).where(*alone)


def by_ids(conn: Connection, roll: Roll, ids: Sequence[int]) -> list[Listed]:
    """Give these people (roots) with their sums, in this order, whatever else the roll asks."""
    rows: dict[int, Any] = {}
    for start in range(0, len(ids), CHUNK):
        mine = person.c.id.in_(ids[start : start + CHUNK])
        found = conn.execute(union_all(*(_named(one).where(mine) for one in _kinds())))
        rows.update((row.id, row) for row in found)
    return _with_sums(conn, roll, [rows[who] for who in ids])


def contains(text: str) -> ColumnElement[bool]:
    """Whether a name has letters in it."""
    return alias.c.username.contains(text.lower(), autoescape=True)


def _kinds() -> tuple[One, One]:
    return Alone(), AsOne()


def _columns(one: One) -> dict[str, Any]:
    """Give what is shown of a person, but for the sums, in the order of Listed."""
    return {
        "id": person.c.id,
        "username": person.c.username,
        "role": one.role,
        "first_seen_at": one.first_seen_at,
        "last_seen_at": one.last_seen_at,
        "rating": one.rating,
    }


def _named(one: One) -> Select[Any]:
    columns = (column.label(name) for name, column in _columns(one).items())
    query: Select[Any] = one.join(select(*columns).select_from(person))
    return query


def _people(conn: Connection, roll: Roll, those: Sequence[Those]) -> Halves:
    """Give the queries of who is listed: of those with one row, who are most and are read without a join, and others."""
    hidden = [] if roll.reveal else hidden_ones(conn)
    alone, as_one = _kinds()
    who = person.c.id
    belong = (alone, [them.holds(who) for them in those]), (as_one, [who.in_(them.merged) for them in those])
    return [
        (one, _named(one).where(who.not_in(hidden)).where(*_listed(roll, one), *conditions))
        for one, conditions in belong
    ]


def _page(conn: Connection, roll: Roll, limit: int | None, first: _First | None = None) -> Sequence[Any]:
    """Give the first people of a list, of all or only of those who are the first of all."""
    those = list(_those(conn, roll, None if first is None else first.rows))
    firsts = []
    for merged, (one, query) in enumerate(_people(conn, roll, those)):
        if roll.sort in _columns(one):
            people, key = query, _columns(one)[roll.sort]
            people = people if first is None else people.where(key >= first.least)
        else:
            least = 0 if first is None else first.least
            people, key = gifts.with_sum(query, _whose(roll), roll.sort, least, merged=bool(merged))
        order = *_order(roll, key), person.c.username, person.c.id
        firsts.append(people.add_columns(key.label("key")).order_by(*order).limit(limit).subquery())
    both = union_all(*map(select, firsts)).subquery().c
    shown = select(*(both[name] for name in _columns(Alone())))
    return conn.execute(shown.order_by(*_order(roll, both.key), both.username, both.id).limit(limit)).all()


def _order(roll: Roll, key: ColumnElement[Any]) -> tuple[ColumnElement[Any], ...]:
    """Give the order by a key. No index has it: among few who fit, along one takes longer than to sort all."""
    return key.is_(None), key.desc() if roll.descending else key.asc()


def _listed(roll: Roll, one: One) -> Iterator[ColumnElement[bool]]:
    """Give the conditions of a roll that are the same of any person."""
    who = person.c.id
    if roll.role is not None:
        yield one.role == roll.role
    for number in roll.list_ids:
        yield who.in_(_on_list(watchlist_member.c.list_id == number))
    if roll.excluded is not None:
        excluded = who.in_(_on_list(watchlist.c.name == EXCLUDED))
        yield excluded if roll.excluded else not_(excluded)
    if roll.unrated:
        yield one.rating.is_(None)
    if roll.rating is not None:
        yield one.rating.between(*roll.rating)
    seen = func.coalesce(one.last_seen_at, literal(EPOCH, Instant))  # not the index: see _order
    if roll.seen_since is not None:
        yield seen >= roll.seen_since
    if roll.not_seen_since is not None:
        yield seen < roll.not_seen_since
    if Segment.NEW in roll.segments:
        yield and_(*segments.within(one.first_seen_at, _recent(roll)))


def _those(conn: Connection, roll: Roll, among: Select[Any] | None = None) -> Iterator[Those]:
    """Give who belongs to the segments, is there now, gave enough and has the letters: all must hold.

    Of people who have one row it need only be told of those `among` whom one looks.
    """
    of = Range(roll.room_ids, roll.since, roll.until, among)
    if Segment.LAPSED in roll.segments:
        yield (gone := regulars.lapsed(conn, _recent(roll)))
        of = of._replace(among=gone.alone)  # few
    if roll.like is not None:
        yield segments.those(select(alias.c.person_id).where(contains(roll.like)))
    if roll.min_tokens is not None and roll.min_tokens > 0:
        yield gifts.givers(_whose(roll), roll.min_tokens, few=among is not None)
    if roll.live:
        yield segments.present(of, roll.online)
    for tag in roll.tags:
        yield segments.those(room_readings.tagged(tag))
    if Segment.TIPPERS in roll.segments:
        yield segments.tippers(conn, of, reveal=roll.reveal)
    if Segment.FOLLOWERS in roll.segments:
        yield segments.followers(of)
    if Segment.REGULARS in roll.segments:
        yield regulars.regulars(conn, of)


def _recent(roll: Roll) -> Range:
    return Range(roll.room_ids, roll.recent_since, roll.until)


def _on_list(which: ColumnElement[bool]) -> Select[Any]:
    mine = and_(watchlist_member.c.list_id == watchlist.c.id, watchlist_member.c.removed_at.is_(None))
    found = select(root_of(watchlist_member.c.person_id)).select_from(watchlist_member)
    return found.join(watchlist, mine).where(which).correlate(None)


def hidden_ones(conn: Connection) -> Any:
    """Give whom no list shows. Few stand in the query: PostgreSQL takes a query of them for dear at each person."""
    few = conn.execute(only_anonymous().limit(CHUNK)).scalars().all()
    return few if len(few) < CHUNK else only_anonymous()


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
    """Add what each gave: of a page to those on it, of more by one look at all."""
    whose = _whose(roll)
    page = len(rows) <= CHUNK
    given = gifts.of_people(conn, whose, [row.id for row in rows]) if page else gifts.of_all(conn, whose)
    return [Listed._make((*row, *given.get(row.id, (0, 0)))) for row in rows]


def _whose(roll: Roll) -> Gifts:
    return Gifts(roll.room_ids, roll.reveal)
