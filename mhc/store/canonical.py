"""The root of each merged person: `person.canonical_id`, derived from `person_merge` and always flat."""

from collections.abc import Mapping

from sqlalchemy import Connection, select, update

from mhc.store.schema import person, person_merge


def merged_into(conn: Connection) -> dict[int, int]:
    """Give into whom each person is merged, step by step."""
    m = person_merge.c
    query = select(m.other_id, m.keep_id).where(m.undone_at.is_(None)).order_by(m.id)
    return {row.other_id: row.keep_id for row in conn.execute(query)}


def root(into: Mapping[int, int], one: int) -> int:
    """Give where the steps from a person end; of a circle, which nothing makes, the lowest."""
    passed: list[int] = []
    while one in into and one not in passed:
        passed.append(one)
        one = into[one]
    return min(passed[passed.index(one) :]) if one in passed else one


def flatten(conn: Connection) -> None:
    """Give everyone the root that the merges say."""
    for one, wanted in sorted(_wrong(conn).items()):
        conn.execute(update(person).where(person.c.id == one).values(canonical_id=wanted))


def differences(conn: Connection) -> int:
    """Give how many people do not have the root that the merges say."""
    return len(_wrong(conn))


def _wrong(conn: Connection) -> dict[int, int | None]:
    """Give the root of whoever has another one now (None: they are their own)."""
    into = merged_into(conn)
    roots = {one: found for one in into if (found := root(into, one)) != one}
    query = select(person.c.id, person.c.canonical_id).where(person.c.canonical_id.is_not(None))
    stored = {row.id: row.canonical_id for row in conn.execute(query)}
    both = roots.keys() | stored.keys()
    return {one: roots.get(one) for one in both if roots.get(one) != stored.get(one)}
