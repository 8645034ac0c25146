"""What changed about people in a time: the names that they go by, and who tipped first."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import BigInteger, ColumnElement, Connection, Select, cast, func, select

from mhc.store.long_lists import one_of
from mhc.store.schema import alias, person, person_merge, person_total

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
    query = _of_rooms(select(person_total.c.person_id, first), room_ids).where(first.is_not(None))
    return [
        FirstTip(*row) for row in _of_people(conn, query.where(*_inside(first, since, until)), person_ids)
    ]


def tipped_before(
    conn: Connection, room_ids: Sequence[int] | None, person_ids: Iterable[int], at: datetime
) -> set[int]:
    """Give which of some rows of people tipped some rooms (None: any) by name before an instant."""
    query = _of_rooms(select(person_total.c.person_id), room_ids).where(person_total.c.first_tip_at < at)
    return {row.person_id for row in _of_people(conn, query, person_ids)}


def tokens_in_all(
    conn: Connection, room_ids: Sequence[int] | None, person_ids: Iterable[int]
) -> dict[int, int]:
    """Give all that some rows of people ever paid some rooms (None: all) by name."""
    t = person_total.c
    query = _of_rooms(select(t.person_id, cast(func.sum(t.tokens), BigInteger).label("tokens")), room_ids)
    return {row.person_id: row.tokens for row in _of_people(conn, query.group_by(t.person_id), person_ids)}


def _of_rooms(query: Select[Any], room_ids: Sequence[int] | None) -> Select[Any]:
    return query if room_ids is None else query.where(person_total.c.room_id.in_(room_ids))


def _of_people(conn: Connection, query: Select[Any], person_ids: Iterable[int]) -> Sequence[Any]:
    wanted = sorted(person_ids)
    return conn.execute(query.where(one_of(conn, person_total.c.person_id, wanted))).all() if wanted else ()


def _inside(
    column: ColumnElement[Any], since: datetime | None, until: datetime | None
) -> list[ColumnElement[bool]]:
    bounds = [] if since is None else [column >= since]
    return bounds if until is None else [*bounds, column < until]
