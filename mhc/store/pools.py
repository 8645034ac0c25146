"""Whom to ask a source about: pools of people in the order in which they come first, those who wait longest first."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, NamedTuple

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
    or_,
    select,
    type_coerce,
    union_all,
)

from mhc.domain.clock import to_ms
from mhc.domain.names import PLATFORM
from mhc.store import segments, watchlists
from mhc.store.merged import Alone, AsOne
from mhc.store.people import Role
from mhc.store.roll import hidden_ones
from mhc.store.schema import (
    Instant,
    lookup_miss,
    person,
    snapshot,
    snapshot_source,
    watchlist_member,
)
from mhc.store.segments import Range, Those
from mhc.store.snapshots import Asked

TIPPERS, FOLLOWERS, MODELS = "tippers", "followers", "models"
SEGMENTS: Final = (TIPPERS, FOLLOWERS, MODELS)
_NEVER_DUE: Final = 2**62
_AS = {Role.VIEWER: (Role.VIEWER, Role.BOTH), Role.MODEL: (Role.MODEL, Role.BOTH)}


@dataclass(frozen=True, slots=True)
class Ask:
    """One question, and whom it is put to: people of these roles (empty: any)."""

    asked: Asked
    roles: tuple[Role, ...] = ()


@dataclass(frozen=True, slots=True)
class Choice:
    """Which people: those on lists first, then who is in the rooms, then segments in their order; without any, everyone.

    Whoever was asked about after `stale_before`, is Excluded, or waits since a source did not know them, is left out.
    """

    list_ids: Sequence[int] = ()
    live: bool = False
    segments: Sequence[str] = ()
    role: Role | None = None
    room_ids: Sequence[int] | None = None  # of who is there, tipped or follows
    stale_before: datetime | None = None
    limit: int | None = None


class Chosen(NamedTuple):
    """A person, by their root, and what they are."""

    id: int
    username: str
    role: str


class _Put(NamedTuple):
    """A question as the database has it, and whose names its source did not know and is not asked about yet."""

    source_id: int | None
    roles: tuple[Role, ...]
    waiting: Select[Any] | None


def choose(conn: Connection, choice: Choice, asks: Sequence[Ask], at: datetime) -> list[Chosen]:
    """Give whom to ask about at an instant, in order, each once."""
    puts = [_put(conn, one, at) for one in asks]
    left_out = [some for some in (hidden_ones(conn), sorted(watchlists.excluded_ids(conn))) if some != []]
    until = _NEVER_DUE if choice.stale_before is None else to_ms(choice.stale_before) + 1
    found: dict[int, Chosen] = {}
    for pool in _pools(conn, choice):
        rest = None if choice.limit is None else choice.limit - len(found)
        if rest == 0:
            break
        query = _query(conn, pool, choice.role, left_out, puts).limit(rest and rest + len(found))
        for who, username, role, key in conn.execute(query):
            # Who is not due comes last: a condition on the key would read it twice.
            if key >= until or (choice.limit is not None and len(found) >= choice.limit):
                break
            found.setdefault(who, Chosen(who, username, role))
    return list(found.values())


def _pools(conn: Connection, choice: Choice) -> Iterator[Those | None]:
    """Give the pools that were asked for, the first first; None is everyone."""
    of = Range(choice.room_ids, None, None)
    for list_id in choice.list_ids:
        on = watchlist_member.c.list_id == list_id, watchlist_member.c.removed_at.is_(None)
        yield segments.those(select(watchlist_member.c.person_id).where(*on))
    if choice.live:
        yield segments.present(of)
    if TIPPERS in choice.segments:
        yield segments.tippers(conn, of, reveal=False)
    if FOLLOWERS in choice.segments:
        yield segments.followers(of)
    if MODELS in choice.segments:
        yield segments.those(select(person.c.id).where(person.c.role.in_(_AS[Role.MODEL])))
    if not (choice.list_ids or choice.live or choice.segments):
        yield None


def _query(
    conn: Connection, pool: Those | None, role: Role | None, left_out: Sequence[Any], puts: Sequence[_Put]
) -> CompoundSelect[Any]:
    """Give the query of a pool's people: who was never asked about, then who waits longest, then by name.

    Those with one row are most, and read without a join; the others come with all rows of theirs.
    """
    least = func.least if conn.dialect.name == "postgresql" else func.min
    halves = []
    kinds: tuple[Alone | AsOne, ...] = (Alone(), AsOne())
    for place, one in enumerate(kinds):
        keys = [_key(put, one, merged=bool(place)) for put in puts]
        query = one.join(select(person.c.id, person.c.username, one.role.label("role")))
        query = query.add_columns((keys[0] if len(keys) == 1 else least(*keys)).label("key"))
        query = query.where(*(person.c.id.not_in(some) for some in left_out))
        if role is not None:
            query = query.where(one.role.in_([str(word) for word in _AS.get(role, (role,))]))
        halves.append(
            query if pool is None else query.where(person.c.id.in_((pool.alone, pool.merged)[place]))
        )
    them = union_all(*halves)
    column = them.selected_columns
    return them.order_by(column.key, column.username, column.id)


def _key(put: _Put, one: Alone | AsOne, *, merged: bool) -> ColumnElement[int]:
    """Give when somebody was last asked about, 0 for never; the end of time where the question is not put to them."""
    to: list[ColumnElement[bool]] = []
    if put.roles:
        to.append(one.role.in_([str(role) for role in put.roles]))
    if put.waiting is not None:
        to.append(person.c.username.not_in(put.waiting))
    source = put.source_id
    last = literal(0, BigInteger) if source is None else func.coalesce(_last(source, merged=merged), 0)
    return case((and_(*to), last), else_=literal(_NEVER_DUE, BigInteger)) if to else last


def _last(source: int, *, merged: bool) -> ColumnElement[Any]:
    rows = person.alias("rows")
    mine: ColumnElement[bool] = snapshot.c.person_id == person.c.id
    if merged:
        family = or_(rows.c.id == person.c.id, rows.c.canonical_id == person.c.id)
        mine = snapshot.c.person_id.in_(select(rows.c.id).where(family).correlate(person))
    at = type_coerce(snapshot.c.captured_at, BigInteger)
    mine_of_source = mine, snapshot.c.source_id == source
    if merged:
        return select(func.max(at)).where(*mine_of_source).correlate(person).scalar_subquery()
    last = (
        select(at).where(*mine_of_source).order_by(at.desc()).limit(1)
    )  # read sooner than a maximum, where many are
    return last.correlate(person).scalar_subquery()


def _put(conn: Connection, ask: Ask, at: datetime) -> _Put:
    s, m = snapshot_source.c, lookup_miss.c
    asked = ask.asked
    query = select(s.id).where(s.source == asked.source, s.subject == asked.subject, s.range == asked.range)
    waiting = select(m.username).where(m.platform == PLATFORM, m.source == asked.source)
    waiting = waiting.where(m.next_try_at > literal(at, Instant))
    anybody = conn.execute(waiting.limit(1)).first() is not None
    return _Put(conn.execute(query).scalar(), ask.roles, waiting if anybody else None)
