"""How the owner rates people, from 1 to 5, and how that changed."""

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import Connection, func, insert, select, update

from mhc.store import people
from mhc.store.schema import person, rating_change


class Rating(NamedTuple):
    """What a person was rated, from a time on; None is not rated."""

    rating: int | None
    at: datetime


def rate(
    conn: Connection,
    person_ids: Sequence[int],
    rating: int | None,
    *,
    at: datetime,
    batch_id: int | None = None,
) -> bool:
    """Rate a person (the first of their rows, the root). False where it is so already.

    None takes the rating away that reads as theirs: from every row of theirs that has one.
    """
    people.lock(conn, person_ids[0])
    mine = person.c.id.in_(person_ids if rating is None else person_ids[:1])
    other = select(person.c.id).where(mine, person.c.rating.is_distinct_from(rating)).order_by(person.c.id)
    changed = list(conn.execute(other).scalars())
    if changed:
        conn.execute(update(person).where(person.c.id.in_(changed)).values(rating=rating))
        told = {"rating": rating, "at": at, "batch_id": batch_id}
        conn.execute(insert(rating_change), [{"person_id": who} | told for who in changed])
    elif batch_id is None:  # said again by a person: theirs from now on
        c = rating_change.c
        last = select(func.max(c.id)).where(c.person_id.in_(person_ids)).group_by(c.person_id)
        conn.execute(update(rating_change).where(c.id.in_(last)).values(batch_id=None))
    return bool(changed)


def history(conn: Connection, person_ids: Sequence[int]) -> list[Rating]:
    """Give every rating of a person (all rows of theirs), the last first; what several rows got at once is one."""
    c = rating_change.c
    query = select(c.rating, c.at).where(c.person_id.in_(person_ids)).order_by(c.at.desc(), c.id.desc())
    return list(dict.fromkeys(Rating(*row) for row in conn.execute(query)))
