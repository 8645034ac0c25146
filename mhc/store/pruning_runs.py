"""Runs of jobs that are older than the policy keeps them. Of each job the last run stays, and the last that went well.

Runs that took something by this policy stay, too: they are the count of what was taken, this class included.
"""

import json
from datetime import datetime

from sqlalchemy import Connection, delete, func, select

from mhc.store import runs
from mhc.store.pruning_text import Job, Part, Rows
from mhc.store.schema import job_run

PRUNING = "db-prune"


def _tally(conn: Connection, before: datetime | None) -> tuple[int, int]:
    kept = _kept(conn)
    could = job_run.c.id.not_in(kept), job_run.c.ended_at.is_not(None)
    query = select(func.count()).select_from(job_run).where(*could)
    held = conn.execute(query).scalar_one()
    return held, 0 if before is None else conn.execute(
        query.where(job_run.c.started_at < before)
    ).scalar_one()


def _find(conn: Connection, job: Job, _place: object) -> Rows:
    old = job_run.c.started_at < job.before, job_run.c.ended_at.is_not(None)
    query = select(job_run.c.id).where(*old, job_run.c.id.not_in(_kept(conn)))
    return conn.execute(query.order_by(job_run.c.id).limit(job.batch)).scalars().all()


def _take(conn: Connection, rows: Rows, _job: Job) -> tuple[int, None]:
    return conn.execute(delete(job_run).where(job_run.c.id.in_(rows))).rowcount, None


def _kept(conn: Connection) -> list[int]:
    """Give the runs that stay, however old: the last of each job, its last good one, and what tells what was taken."""
    last = conn.execute(select(func.max(job_run.c.id)).group_by(job_run.c.job)).scalars()
    good = job_run.c.state.in_(runs.GOOD)
    ended = (
        select(job_run.c.job, func.max(job_run.c.ended_at).label("at")).where(good).group_by(job_run.c.job)
    )
    of_good = ended.subquery()
    same = (job_run.c.job == of_good.c.job) & (job_run.c.ended_at == of_good.c.at)
    last_good = conn.execute(select(job_run.c.id).join(of_good, same).where(good)).scalars()
    noted = select(job_run.c.id, job_run.c.counts).where(
        job_run.c.job == PRUNING, job_run.c.counts.is_not(None)
    )
    took = (
        one
        for one, counts in conn.execute(noted)
        if any(n for n in json.loads(counts).values() if isinstance(n, int))
    )
    return sorted({*last, *last_good, *took})


RUNS = Part(_tally, _find, _take)
