"""The runs of jobs: what ran when, and how it ended."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, func, insert, select, update

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


def begin(conn: Connection, job: str, host: str, at: datetime) -> int:
    """Note that a job runs; give the run's number. One of this host that never ended is abandoned."""
    dead = (job_run.c.job == job, job_run.c.host == host, job_run.c.ended_at.is_(None))
    conn.execute(update(job_run).where(*dead).values(ended_at=at, state="abandoned"))
    row = {"job": job, "host": host, "started_at": at, "state": "running"}
    made: int = conn.execute(insert(job_run).values(**row).returning(job_run.c.id)).scalar_one()
    return made


def count(conn: Connection, run_id: int, counts: Mapping[str, object]) -> None:
    """Note what a run has done so far."""
    body = json.dumps(counts, sort_keys=True)
    conn.execute(update(job_run).where(job_run.c.id == run_id).values(counts=body))


def end(conn: Connection, run_id: int, at: datetime, state: str = "ok", error: str | None = None) -> None:
    """Note how a run ended."""
    row = {"ended_at": at, "state": state, "error": error}
    conn.execute(update(job_run).where(job_run.c.id == run_id).values(**row))
