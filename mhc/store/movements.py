"""What changed about people in a time: the names that they go by, and who tipped first."""

from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import BigInteger, ColumnElement, Connection, func, select, type_coerce

from mhc.domain.clock import from_ms
from mhc.store.people import CHUNK
from mhc.store.schema import alias, person, person_merge, person_total
from mhc.store.spells import flat

_NUMBERS = ("rid", "did")  # reasons of a merge that is a change of name


class Renamed(NamedTuple):
    """That a row of a person goes by another name; `source` told it."""

    person_id: int
    old: str
    new: str
    at: datetime
    source: str


class FirstTip(NamedTuple):
    """When a row of a person first tipped by name."""

    person_id: int
    at: datetime


def renames(conn: Connection, since: datetime | None, until: datetime | None) -> list[Renamed]:
    """Give who took another name in a half-open time, the earliest first.

    A name that ends where no other begins was an alias that somebody took away, or a former one: nobody was renamed.
    """
    ended, begun, owner = alias.alias("ended"), alias.alias("begun"), person.alias("owner")
    other = person.alias("other")
    root = func.coalesce(owner.c.canonical_id, owner.c.id)
    same = func.coalesce(other.c.canonical_id, other.c.id) == root
    plain = (
        select(ended.c.person_id, ended.c.username, begun.c.username, ended.c.valid_to, begun.c.source)
        .join(begun, begun.c.valid_from == ended.c.valid_to)
        .join(owner, owner.c.id == ended.c.person_id)
        .join(other, other.c.id == begun.c.person_id)
        .where(
            same, *(one for at in (ended.c.valid_to, begun.c.valid_from) for one in _inside(at, since, until))
        )
    )
    called = person.alias("called")
    merged = (
        select(
            ended.c.person_id, ended.c.username, called.c.username, ended.c.valid_to, person_merge.c.reason
        )
        .join(owner, owner.c.id == ended.c.person_id)
        .join(called, called.c.id == root)
        .join(person_merge, (person_merge.c.keep_id == root) & (person_merge.c.at == ended.c.valid_to))
        .where(person_merge.c.undone_at.is_(None), person_merge.c.reason.in_(_NUMBERS))
        .where(called.c.username != ended.c.username, *_inside(ended.c.valid_to, since, until))
    )
    found = {Renamed(*row) for query in (plain, merged) for row in conn.execute(query)}
    return sorted(found, key=lambda one: (one.at, one.old, one.new, one.source, one.person_id))


def first_tips(
    conn: Connection,
    room_ids: Sequence[int] | None,
    since: datetime | None,
    until: datetime | None,
    person_ids: Iterable[int],
) -> list[FirstTip]:
    """Give which of some rows of people first tipped one of some rooms (None: of all) by name in a half-open time."""
    first = person_total.c.first_tip_at
    when = (first.is_not(None), *_inside(first, since, until), *_of_rooms(room_ids))
    found = _of_people(conn, [type_coerce(first, BigInteger)], person_ids, *when)
    return [FirstTip(who, from_ms(at)) for who, at in found]


def tipped_before(
    conn: Connection, room_ids: Sequence[int] | None, person_ids: Iterable[int], at: datetime
) -> set[int]:
    """Give which of some rows of people tipped some rooms (None: any) by name before an instant."""
    before = person_total.c.first_tip_at < at
    return {who for (who,) in _of_people(conn, [], person_ids, before, *_of_rooms(room_ids))}


def tokens_in_all(
    conn: Connection, room_ids: Sequence[int] | None, person_ids: Iterable[int]
) -> dict[int, int]:
    """Give all that some rows of people ever paid some rooms (None: all) by name."""
    found: Counter[int] = Counter()
    for who, tokens in _of_people(conn, [person_total.c.tokens], person_ids, *_of_rooms(room_ids)):
        found[who] += tokens
    return dict(found)


def _of_rooms(room_ids: Sequence[int] | None) -> list[ColumnElement[bool]]:
    return [] if room_ids is None else [person_total.c.room_id.in_(room_ids)]


def _of_people(
    conn: Connection,
    columns: Sequence[ColumnElement[Any]],
    person_ids: Iterable[int],
    *which: ColumnElement[bool],
) -> Any:
    """Give numbers of the totals of some rows of people, row by row; where they are many, all are read and most left."""
    wanted = set(person_ids)
    few = [person_total.c.person_id.in_(wanted)] if len(wanted) <= CHUNK else []
    numbers = iter(flat(conn, (person_total.c.person_id, *columns), (*which, *few))) if wanted else iter(())
    return (row for row in zip(*[numbers] * (len(columns) + 1), strict=True) if row[0] in wanted)


def _inside(
    column: ColumnElement[Any], since: datetime | None, until: datetime | None
) -> list[ColumnElement[bool]]:
    bounds = [] if since is None else [column >= since]
    return bounds if until is None else [*bounds, column < until]
