"""What people gave, tokens and tips, summed by person: as lists show them, sort by them and ask for a least."""

from collections.abc import Sequence
from typing import Any, NamedTuple

from sqlalchemy import BigInteger, ColumnElement, Connection, Select, and_, cast, func, select

from mhc.store import segments
from mhc.store.people import roots_of_rows
from mhc.store.schema import person, person_total
from mhc.store.segments import Those


class Gifts(NamedTuple):
    """Which gifts count: those in some rooms (None: all), and with `reveal` the anonymous ones, too."""

    room_ids: Sequence[int] | None
    reveal: bool


def by_person(of: Gifts, by: str, least: int = 1) -> Those:
    """Give the queries of `who` gave at least so many of `by`, tokens or tips, with both sums."""
    amounts = _amounts(of)
    found = []
    for people, who in segments.by_person(person_total.c.person_id):
        query = people.where(*_of_rooms(of))
        if _one_row(of) and who is person_total.c.person_id:  # an index of the amounts answers
            columns = (one.label(name) for name, one in amounts.items())
            found.append(query.add_columns(*columns).where(amounts[by] >= least))
        else:
            query = query.add_columns(*_sums(of)).group_by(who)
            found.append(query.having(func.sum(amounts[by]) >= least))
    return Those(found[0], found[1])


def givers(of: Gifts, least: int, *, few: bool) -> Those:
    """Give who gave at least so many tokens; of `few` people each is looked up."""
    by_tokens = by_person(of, "tokens", least)
    alone, merged = by_tokens.alone.subquery(), by_tokens.merged.subquery()
    found = Those(select(alone.c.who), select(merged.c.who))
    if not (few and _one_row(of)):
        return found
    given = select(person_total.c.person_id).where(_amounts(of)["tokens"] >= least, *_of_rooms(of))
    return found._replace(asked=lambda who: segments.of_one(given, person_total.c.person_id, who).exists())


def with_sum(
    people: Select[Any], of: Gifts, by: str, least: int, *, merged: bool
) -> tuple[Select[Any], ColumnElement[Any]]:
    """Add what each gave of `by` to a query of people, alone or merged, who gave so much (0: of all); give both."""
    everyone = by_person(of, by, least)
    given: Any = (everyone.merged if merged else everyone.alone).subquery()
    mine, amount = given.c.who == person.c.id, given.c[by]
    if _one_row(of) and not merged:
        given, amount = person_total, _amounts(of)[by]
        mine = and_(person_total.c.person_id == person.c.id, amount >= least, *_of_rooms(of))
    return people.join(given, mine, isouter=least == 0), func.coalesce(amount, 0)


def first(conn: Connection, of: Gifts, number: int) -> tuple[int, Select[Any]] | None:
    """Give how many tokens each of so many gave who gave the most, and a query of their rows, where an index has it."""
    if of.reveal or not _one_row(of):
        return None
    tokens = person_total.c.tokens
    query = select(tokens).where(*_of_rooms(of)).order_by(tokens.desc()).offset(number - 1).limit(1)
    least: int | None = conn.execute(query).scalar()
    return (least, select(person_total.c.person_id).where(tokens >= least, *_of_rooms(of))) if least else None


def of_people(conn: Connection, of: Gifts, root_ids: Sequence[int]) -> dict[int, tuple[int, int]]:
    """Give the tokens and tips of some people (roots) by person; who is not in it gave nothing."""
    if not root_ids:
        return {}
    found: dict[int, tuple[int, int]] = {}
    roots = roots_of_rows(conn, root_ids)
    who = person_total.c.person_id
    query = select(who, *_sums(of)).where(who.in_(list(roots)), *_of_rooms(of)).group_by(who)
    for row, tokens, tips in conn.execute(query):
        before = found.get(roots[row], (0, 0))
        found[roots[row]] = (before[0] + tokens, before[1] + tips)
    return found


def of_all(conn: Connection, of: Gifts) -> dict[int, tuple[int, int]]:
    """Give the tokens and tips of everyone by person (their root); who is not in it gave nothing."""
    found = by_person(of, "tokens")
    queries = (found.alone, found.merged)  # merged people come last, and right
    return {row.who: (row.tokens, row.tips) for query in queries for row in conn.execute(query)}


def _one_row(of: Gifts) -> bool:
    """Whether there is but one row for each row of a person."""
    return of.room_ids is not None and len(of.room_ids) == 1


def _sums(of: Gifts) -> list[Any]:
    return [cast(func.sum(one), BigInteger).label(name) for name, one in _amounts(of).items()]


def _amounts(of: Gifts) -> dict[str, Any]:
    columns: dict[str, Any] = {"tokens": person_total.c.tokens, "tips": person_total.c.tips}
    if of.reveal:
        columns = {name: one + person_total.c[f"anonymous_{name}"] for name, one in columns.items()}
    return columns


def _of_rooms(of: Gifts) -> list[ColumnElement[bool]]:
    return [] if of.room_ids is None else [person_total.c.room_id.in_(of.room_ids)]
