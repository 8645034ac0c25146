"""The runs of jobs: what ran when, and how it ended; and which jobs are switched off."""

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from hashlib import sha256
from typing import Any

from sqlalchemy import Connection, func, select, text, update
from sqlalchemy.exc import DBAPIError

from mhc.store.database import Database
from mhc.store.schema import alias, job_run, job_switch
from mhc.store.upsert import upsert

_LOCK = 0x6A6F62  # "job": with a number of the job's, one run of it at a time on a PostgreSQL server
# A host that went without a word frees its locks after so long, and not after the two hours of a kernel.
_GONE_SOON = "SET tcp_keepalives_idle = 30; SET tcp_keepalives_interval = 10; SET tcp_keepalives_count = 3"


class State(StrEnum):
    """How a run is, or ended."""

    RUNNING = "running"
    OK = "ok"
    PARTIAL = "partial"  # it went on to its end, but not everything went well
    FAILED = "failed"
    SKIPPED = "skipped"  # there was nothing to do
    STOPPED = "stopped"  # somebody ended it
    ABANDONED = "abandoned"  # it died: nobody knows how far it came


GOOD = (State.OK, State.PARTIAL, State.SKIPPED)
BAD = (State.FAILED, State.ABANDONED)


@dataclass(frozen=True, slots=True)
class Run:
    """One run of a job; `ended_at` None while it runs."""

    job: str
    host: str
    started_at: datetime
    ended_at: datetime | None
    state: str
    error: str | None


@dataclass(frozen=True, slots=True)
class Entry(Run):
    """One run with its number, and what it did."""

    id: int
    counts: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Switch:
    """That somebody said whether a job may run."""

    enabled: bool
    at: datetime
    note: str | None


_COLUMNS = tuple(job_run.c[name] for name in ("job", "host", "started_at", "ended_at", "state", "error"))
_ENTRY = (*_COLUMNS, job_run.c.id, job_run.c.counts)


def latest(conn: Connection) -> list[Run]:
    """Give the last run of each job, by job."""
    query = select(*_COLUMNS).where(job_run.c.id.in_(select(func.max(job_run.c.id)).group_by(job_run.c.job)))
    return [Run(*row) for row in conn.execute(query.order_by(job_run.c.job))]


def last(conn: Connection, job: str) -> Entry | None:
    """Give the last run of a job."""
    query = select(*_ENTRY).where(job_run.c.job == job).order_by(job_run.c.id.desc()).limit(1)
    return next(map(_entry, conn.execute(query)), None)


def last_over(conn: Connection, job: str | None = None) -> datetime | None:
    """Give when the last run that is over began, of a job or of any; what runs now may itself ask."""
    query = select(func.max(job_run.c.started_at)).where(job_run.c.ended_at.is_not(None))
    at: datetime | None = conn.execute(query if job is None else query.where(job_run.c.job == job)).scalar()
    return at


def last_good(conn: Connection, job: str) -> datetime | None:
    """Give when a job last went well."""
    good = (job_run.c.job == job, job_run.c.state.in_(GOOD))
    at: datetime | None = conn.execute(select(func.max(job_run.c.ended_at)).where(*good)).scalar()
    return at


def history(
    conn: Connection,
    jobs: Sequence[str],
    *,
    since: datetime | None = None,
    until: datetime | None = None,
    limit: int | None = None,
) -> list[Entry]:
    """Give the runs of some jobs that began in a half-open time, the latest first."""
    query = select(*_ENTRY).where(job_run.c.job.in_(jobs))
    if since is not None:
        query = query.where(job_run.c.started_at >= since)
    if until is not None:
        query = query.where(job_run.c.started_at < until)
    order = (job_run.c.started_at.desc(), job_run.c.id.desc())
    return list(map(_entry, conn.execute(query.order_by(*order).limit(limit))))


def bad(conn: Connection, jobs: Sequence[str], since: datetime | None, until: datetime | None) -> list[Run]:
    """Give the runs of some jobs that began in a half-open time and failed or died, the latest first."""
    query = select(*_COLUMNS).where(job_run.c.job.in_(jobs), job_run.c.state.in_(BAD))
    if since is not None:
        query = query.where(job_run.c.started_at >= since)
    if until is not None:
        query = query.where(job_run.c.started_at < until)
    order = (job_run.c.started_at.desc(), job_run.c.job, job_run.c.id.desc())
    return [Run(*row) for row in conn.execute(query.order_by(*order))]


def _entry(row: Any) -> Entry:
    known = row._asdict()
    return Entry(**known | {"counts": json.loads(row.counts) if row.counts else {}})


def begin(conn: Connection, job: str, host: str, at: datetime) -> int:
    """Note that a job runs; give the run's number. Whoever calls has its lock, so one that never ended is abandoned."""
    dead = (job_run.c.job == job, job_run.c.ended_at.is_(None))
    conn.execute(update(job_run).where(*dead).values(ended_at=at, state=State.ABANDONED.value))
    row = {"job": job, "host": host, "started_at": at, "state": State.RUNNING.value}
    made: int = conn.execute(job_run.insert().values(**row).returning(job_run.c.id)).scalar_one()
    return made


def count(conn: Connection, run_id: int, counts: Mapping[str, object]) -> None:
    """Note what a run has done so far, beside what was noted before."""
    noted = conn.execute(select(job_run.c.counts).where(job_run.c.id == run_id)).scalar()
    body = json.dumps({**(json.loads(noted) if noted else {}), **counts}, sort_keys=True)
    conn.execute(update(job_run).where(job_run.c.id == run_id).values(counts=body))


def end(conn: Connection, run_id: int, at: datetime, state: str = State.OK, error: str | None = None) -> bool:
    """Note how a run ended; give whether it had not: one that another run took for dead stays abandoned."""
    row = {"ended_at": at, "state": str(state), "error": error}
    mine = job_run.c.id == run_id, job_run.c.ended_at.is_(None)
    return conn.execute(update(job_run).where(*mine).values(**row)).rowcount > 0


def names_in(conn: Connection, words: Sequence[str]) -> set[str]:
    """Give those of some words that are names, now or once, of people we know."""
    query = select(alias.c.username).where(alias.c.username.in_(words)).distinct()
    return set(conn.execute(query).scalars())


def switches(conn: Connection) -> dict[str, Switch]:
    """Give what was said of which jobs."""
    s = job_switch.c
    return {job: Switch(*rest) for job, *rest in conn.execute(select(s.job, s.enabled, s.at, s.note))}


def switch(conn: Connection, job: str, at: datetime, note: str | None, *, enabled: bool) -> None:
    """Say that a job may run, or may not: whatever the configuration says."""
    row = {"enabled": enabled, "at": at, "note": note}
    upsert(
        conn,
        job_switch,
        [{"job": job} | row],
        keys=["job"],
        changes=lambda new: {key: new[key] for key in row},
    )


@contextmanager
def locked(db: Database, job: str) -> Iterator[bool]:
    """Hold a job's lock on a PostgreSQL server, on a connection of its own; give False where another has it.

    The server frees it when the connection ends, however that comes. On SQLite there is none, and it is ours.
    """
    if db.is_sqlite:
        yield True
        return
    number = int.from_bytes(sha256(job.encode()).digest()[:4], signed=True)
    with db.outside() as conn:
        conn.detach()  # closed with us, and not kept with its lock for another use
        conn.execute(text(_GONE_SOON))
        mine = {"kind": _LOCK, "number": number}
        held = bool(conn.execute(text("SELECT pg_try_advisory_lock(:kind, :number)"), mine).scalar())
        try:
            yield held
        finally:
            if held:  # else the next run might come before the server has noticed that the connection ended
                with suppress(DBAPIError):  # one that is lost has freed it
                    conn.execute(text("SELECT pg_advisory_unlock(:kind, :number)"), mine)
