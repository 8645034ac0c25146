"""`db-backup`: a backup, verified, and the older ones that the policy no longer keeps removed. `mhc db backup`, too."""

from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import NamedTuple

from mhc import audit
from mhc.config import Settings
from mhc.domain.retention import Policy
from mhc.jobs.work import Work
from mhc.store import backups
from mhc.store.database import Database
from mhc.store.manifests import Manifest


class Made(NamedTuple):
    """A backup that was made, and those that were removed for it."""

    path: Path
    manifest: Manifest
    removed: list[Path]


def run(work: Work) -> None:
    """Make a backup in the folder of the settings. It is not ended halfway: who must, may kill it."""
    made = back_up(work.db, work.settings, work.now, folder=work.settings.backup_dir)
    work.counts["bytes"] = made.manifest.bytes
    work.counts["events"] = made.manifest.contents.events
    work.counts["removed"] = len(made.removed)


def policy(settings: Settings) -> Policy:
    """Give which backups are kept."""
    one = settings
    return Policy(one.backup_hourly, one.backup_daily, one.backup_weekly, one.backup_monthly)


def back_up(
    db: Database, settings: Settings, now: Callable[[], datetime], *, folder: Path, target: Path | None = None
) -> Made:
    """Make a backup in a folder, or as this very file, beside which none is removed; the audit log says so."""
    audit.record(settings.state_dir, "db backup begun", at=now(), to=target or folder)
    if target is None:
        made = Made(*backups.keep(db, folder, policy(settings), now()))
    else:
        made = Made(target, backups.make(db, target, now()), [])
    facts = {"file": made.path, "bytes": made.manifest.bytes, "events": made.manifest.contents.events}
    audit.record(settings.state_dir, "db backup", at=now(), **facts)
    return made
