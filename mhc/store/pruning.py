"""What the retention policy takes away: class by class, in small batches, each a transaction of its own.

A class of a table that is added later is a line in CLASSES, with the parts that find its rows and take them.
"""

import json
from collections import Counter
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Final, NamedTuple

from sqlalchemy import Connection, func, select, text

from mhc.domain.clock import iso_z
from mhc.errors import CheckError
from mhc.store import runs
from mhc.store.database import Database
from mhc.store.pruning_payloads import PAYLOADS
from mhc.store.pruning_presence import NAMED, NAMELESS
from mhc.store.pruning_profiles import PROFILES
from mhc.store.pruning_rooms import READINGS, TEXTS
from mhc.store.pruning_runs import PRUNING, RUNS
from mhc.store.pruning_text import CHAT, PRIVATE, REJECTED, WORDS, Job, Part
from mhc.store.schema import event, job_run, stream

JOB: Final = PRUNING
MOST: Final = 0.2  # of a class, which go without being asked twice
CLASSES: Final[Mapping[str, tuple[Part, ...]]] = {
    "private_text": (PRIVATE, REJECTED, WORDS),
    "chat": (CHAT, WORDS),
    "presence": (NAMED, NAMELESS),
    "observations": (READINGS, TEXTS),
    "payloads": (PAYLOADS, PROFILES),
    "runs": (RUNS,),
}
_BEHIND = timedelta(hours=1)
_AHEAD = timedelta(days=2 * 365)


class Due(NamedTuple):
    """How many rows a class has that could go at all, and how many of them are older than its limit."""

    held: int
    due: int

    @property
    def improbable(self) -> bool:
        """Whether so much would go that a wrong limit or a wrong clock is likelier."""
        return self.due > self.held * MOST


def due(conn: Connection, name: str, before: datetime | None) -> Due:
    """Count a class; without a limit nothing is due."""
    found = [part.tally(conn, before) for part in CLASSES[name]]
    return Due(sum(held for held, _ in found), sum(old for _, old in found))


def refuse_clock(conn: Connection, now: datetime) -> None:
    """Raise CheckError where the clock cannot be right, by what was stored and polled last."""
    polled = conn.execute(select(func.max(stream.c.last_poll_ok_at))).scalar()
    streams = list(conn.execute(select(stream.c.id)).scalars())
    stored = [
        conn.execute(select(func.max(event.c.at)).where(event.c.stream_id == one)).scalar() for one in streams
    ]
    known = [at for at in (polled, *stored) if at is not None]
    if not known:
        return
    newest = max(known)
    if not newest - _BEHIND <= now <= newest + _AHEAD:
        side = "before" if now < newest else "long after"
        said = f"the clock says {iso_z(now)}, {side} what was captured last, at {iso_z(newest)}"
        raise CheckError(said, hint="set the clock, or --force where it is right")


def prune(
    db: Database,
    jobs: Mapping[str, Job],
    run_id: int,
    progress: Callable[[int], None] = lambda _number: None,
    stopped: Callable[[], bool] = lambda: False,
) -> Counter[str]:
    """Take from each class what is to go, and note in the run how much that is; one that is stopped goes on later.

    What a batch takes and the count of it are one transaction.
    """
    done: Counter[str] = Counter(dict.fromkeys(jobs, 0))
    noted = {f"{name}_before": iso_z(job.before) for name, job in jobs.items()}
    for name, job in jobs.items():
        for part in CLASSES[name]:
            place: object = None
            while True:
                with db.read() as conn:
                    found = part.find(conn, job, place)
                if not found or stopped():
                    break
                with db.write() as conn:
                    _leave_nothing(conn)
                    taken, place = part.take(conn, found, job)
                    done[name] += taken
                    runs.count(conn, run_id, {**noted, **done})
                progress(sum(done.values()))
    return done


def presence_known_from(conn: Connection) -> datetime | None:
    """Give the instant before which enters and leaves were taken away; None where none ever were."""
    query = select(job_run.c.counts).where(job_run.c.job == JOB, job_run.c.counts.is_not(None))
    counts = [json.loads(text) for text in conn.execute(query).scalars()]
    limits = (one["presence_before"] for one in counts if one.get("presence"))
    return max(map(datetime.fromisoformat, limits), default=None)


def _leave_nothing(conn: Connection) -> None:
    """Have what is taken overwritten in a SQLite file, and not only given free."""
    if conn.dialect.name == "sqlite":
        conn.execute(text("PRAGMA secure_delete=ON"))


def settle(db: Database) -> int | None:
    """Bring a SQLite file's log into it, as far as readers let it; give its free bytes. None on PostgreSQL."""
    if not db.is_sqlite:
        return None
    with db.outside() as conn:
        conn.execute(text("PRAGMA wal_checkpoint(TRUNCATE)")).all()
        pages, size = (
            conn.execute(text(f"PRAGMA {name}")).scalar_one() for name in ("freelist_count", "page_size")
        )
    return int(pages) * int(size)
