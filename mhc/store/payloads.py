"""What sources said, whoever it is of: which of it nobody else needs, and its end."""

from collections.abc import Sequence

from sqlalchemy import Connection, delete, func, select

from mhc.store.people import CHUNK
from mhc.store.schema import payload, snapshot


def only_of(conn: Connection, ids: Sequence[int]) -> list[int]:
    """Give the answers that nobody's readings but these people's need."""
    mine = select(snapshot.c.payload_id).where(snapshot.c.person_id.in_(ids)).distinct()
    candidates = sorted(conn.execute(mine).scalars())
    found: list[int] = []
    for start in range(0, len(candidates), CHUNK):
        some = candidates[start : start + CHUNK]
        needed = select(snapshot.c.payload_id).where(
            snapshot.c.payload_id.in_(some), func.coalesce(snapshot.c.person_id.not_in(ids), True)
        )
        left = set(conn.execute(needed.distinct()).scalars())
        found += [one for one in some if one not in left]
    return found


def drop(conn: Connection, numbers: Sequence[int]) -> None:
    """Delete answers that no reading needs any more."""
    for start in range(0, len(numbers), CHUNK):
        conn.execute(delete(payload).where(payload.c.id.in_(numbers[start : start + CHUNK])))
