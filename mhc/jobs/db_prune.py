"""`db-prune`: takes away what is older than the retention policy keeps it. `mhc db prune`, too."""

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta

from mhc import audit
from mhc.config import Settings
from mhc.errors import CheckError
from mhc.jobs.work import SkippedError, Work
from mhc.store import pruning
from mhc.store.database import Database
from mhc.store.pruning import Due
from mhc.store.pruning_text import Job

RUNS = "runs"
NAMES = ("private_text", "chat", "presence", "observations", "payloads", RUNS)


def run(work: Work) -> None:
    """Take away what is too old. Raises CheckError where the clock looks wrong, or too much would go."""
    before = limits(kept(work.settings), work.now())
    found = tally(work.db, before, work.now())
    if not is_needed(before, found):
        raise SkippedError("nothing has a limit: [retention] in config.toml")
    prune(work, before)
    pruning.settle(work.db)


def kept(settings: Settings) -> dict[str, timedelta | None]:
    """Give how long each class is kept; None for ever."""
    return {name: getattr(settings, f"keep_{name}") for name in NAMES}


def limits(ages: Mapping[str, timedelta | None], now: datetime) -> dict[str, datetime]:
    """Give the midnight in UTC before which the rows of a class go."""
    today = now.replace(hour=0, minute=0, second=0, microsecond=0)
    return {name: today - age for name, age in ages.items() if age is not None}


def is_needed(before: Mapping[str, datetime], found: Mapping[str, Due]) -> bool:
    """Whether there may be something to do: what was captured or answered has a limit, or runs of jobs are too old."""
    return bool(before.keys() - {RUNS}) or any(found[name].due for name in before)


def tally(
    db: Database, before: Mapping[str, datetime], now: datetime, *, force: bool = False
) -> dict[str, Due]:
    """Count each class. Unless forced, raises CheckError where the clock looks wrong, or too much would go.

    Of the runs of jobs much may go at once: they hold nothing that anybody said or did.
    """
    with db.read() as conn:
        found = {name: pruning.due(conn, name, before.get(name)) for name in NAMES}
        if is_needed(before, found) and not force:
            pruning.refuse_clock(conn, now)
            much = {name: found[name] for name in before if name != RUNS and found[name].improbable}
            if much:
                said = ", ".join(f"{one.due:,} of {one.held:,} of {name}" for name, one in much.items())
                hint = "mhc db prune --force, where that is meant: as in a first run"
                raise CheckError(f"more than 20 % would go: {said}", hint=hint)
    return found


def prune(
    work: Work, before: Mapping[str, datetime], progress: Callable[[int], None] = lambda _number: None
) -> None:
    """Take away what is older; the counts of the run say how much that is. It may be ended, and goes on another time."""
    assert work.run_id is not None
    settings = work.settings
    audit.record(settings.state_dir, "db prune begun", at=work.now(), before=dict(before))
    jobs = {name: Job(at, settings.merge_gap) for name, at in before.items()}
    work.counts.update(pruning.prune(work.db, jobs, work.run_id, progress, work.stop.is_set))
    audit.record(settings.state_dir, "db prune", at=work.now(), rows=dict(work.counts))
