"""The runs of jobs: what ran when, and how it ended."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, func, select

from mhc.store.schema import job_run


@dataclass(frozen=True, slots=True)
class Run:
    """One run of a job; `ended_at` None while it runs."""

    job: str
    host: str
    started_at: datetime
    ended_at: datetime | None
    state: str
    error: str | None


def latest(conn: Connection) -> list[Run]:
    """Give the last run of each job, by job."""
    j = job_run.c
    newest = select(func.max(j.id)).group_by(j.job)
    query = select(j.job, j.host, j.started_at, j.ended_at, j.state, j.error).where(j.id.in_(newest))
    return [Run(*row) for row in conn.execute(query.order_by(j.job))]
