"""The totals of some people made anew from their events: after lines of theirs came to count, or were taken away."""

from collections.abc import Sequence

from sqlalchemy import Connection, delete, insert, or_

from mhc.store.people import CHUNK
from mhc.store.schema import event, person_total
from mhc.store.totals import from_events, see_again


def recount(conn: Connection, person_ids: Sequence[int]) -> None:
    """Make the totals of these people anew, and when they were first and last seen."""
    wanted = sorted(set(person_ids))
    for start in range(0, len(wanted), CHUNK):
        part = wanted[start : start + CHUNK]
        conn.execute(delete(person_total).where(person_total.c.person_id.in_(part)))
        query = from_events(or_(event.c.actor_id.in_(part), event.c.partner_id.in_(part)))
        found = [row._asdict() for row in conn.execute(query) if row.person_id in part]
        if found:
            conn.execute(insert(person_total), found)
        see_again(conn, part)
