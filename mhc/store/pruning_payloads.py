"""What other sources said, as it came: it is emptied when the last reading that said so is older than the policy keeps it.

The readings stay, and so do the figures that were read from it, and its hash. What is said again is kept again.
"""

from datetime import datetime

from sqlalchemy import Connection, bindparam, func, select, update

from mhc.store.pruning_text import Job, Part, Rows
from mhc.store.schema import payload, snapshot

# Answers that are looked at in one go: to find their last readings takes as long for many as for one.
_LOOK = 20_000
_held = func.length(payload.c.body) > 0


def _tally(conn: Connection, before: datetime | None) -> tuple[int, int]:
    held = conn.execute(select(func.count()).select_from(payload).where(_held)).scalar_one()
    if before is None:
        return held, 0
    old = select(snapshot.c.payload_id).group_by(snapshot.c.payload_id)
    old = old.having(func.max(snapshot.c.captured_at) < before)
    due = select(func.count()).select_from(payload).where(_held, payload.c.id.in_(old))
    return held, conn.execute(due).scalar_one()


def _find(conn: Connection, job: Job, place: int | None) -> Rows:
    last = place or 0
    while True:
        query = select(payload.c.id).where(payload.c.id > last, _held).order_by(payload.c.id).limit(_LOOK)
        ids = list(conn.execute(query).scalars())
        if not ids:
            return []
        number = snapshot.c.payload_id
        old = select(number).where(number.between(ids[0], ids[-1])).group_by(number)
        old = old.having(func.max(snapshot.c.captured_at) < job.before)
        due = sorted(set(ids).intersection(conn.execute(old).scalars()))
        if due:
            return due[: job.batch * 10]
        last = ids[-1]


def _take(conn: Connection, rows: Rows, job: Job) -> tuple[int, int]:
    number = snapshot.c.payload_id
    again = select(number).where(number.between(rows[0], rows[-1]), snapshot.c.captured_at >= job.before)
    said_since = set(conn.execute(again).scalars())  # while they were counted
    gone = [one for one in rows if one not in said_since]
    if not gone:
        return 0, rows[-1]
    query = update(payload).where(payload.c.id == bindparam("k_id")).values(body=b"")
    conn.execute(query, [{"k_id": one} for one in gone])
    return len(gone), rows[-1]


PAYLOADS = Part(_tally, _find, _take)
