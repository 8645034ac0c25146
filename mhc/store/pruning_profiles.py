"""What profiles said once: it goes when something else has stood in its place for longer than the policy keeps it."""

from datetime import datetime

from sqlalchemy import ColumnElement, Connection, and_, delete, func, select

from mhc.store.pruning_text import Job, Part, Rows
from mhc.store.schema import profile_change


def _is_old(before: datetime) -> ColumnElement[bool]:
    """Give the condition that another value of the field stood already at an instant."""
    later, p = profile_change.alias("later"), profile_change.c
    same = and_(later.c.person_id == p.person_id, later.c.field == p.field)
    return select(later.c.id).where(same, later.c.at > p.at, later.c.at < before).exists()


def _tally(conn: Connection, before: datetime | None) -> tuple[int, int]:
    count = select(func.count()).select_from(profile_change)
    held = conn.execute(count).scalar_one()
    return held, 0 if before is None else conn.execute(count.where(_is_old(before))).scalar_one()


def _find(conn: Connection, job: Job, _place: object) -> Rows:
    old = select(profile_change.c.id).where(_is_old(job.before))
    return list(conn.execute(old.order_by(profile_change.c.id).limit(job.batch)).scalars())


def _take(conn: Connection, rows: Rows, _job: Job) -> tuple[int, object]:
    conn.execute(delete(profile_change).where(profile_change.c.id.in_(rows)))
    return len(rows), None


PROFILES = Part(_tally, _find, _take)
