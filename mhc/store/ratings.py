"""How the owner rates people, from 1 to 5, and how that changed."""

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import Connection, insert, select, update

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
    """Rate a person (the first of their rows, the root); None takes the rating away. False where it is so already."""
    root = person_ids[0]
    people.lock(conn, root)
    if conn.execute(select(person.c.rating).where(person.c.id == root)).scalar_one() == rating:
        return False
    conn.execute(update(person).where(person.c.id == root).values(rating=rating))
    conn.execute(insert(rating_change).values(person_id=root, rating=rating, at=at, batch_id=batch_id))
    return True


def history(conn: Connection, person_ids: Sequence[int]) -> list[Rating]:
    """Give every rating of a person (all rows of theirs), the last first."""
    c = rating_change.c
    query = select(c.rating, c.at).where(c.person_id.in_(person_ids)).order_by(c.at.desc(), c.id.desc())
    return [Rating(*row) for row in conn.execute(query)]
