"""The state of things on one screen: live sessions, last runs of jobs, recent gaps, sizes."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from mhc.reports import sessions as figures
from mhc.store import coverage, runs, sessions, sizes

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from mhc.store.database import Database

RECENT = timedelta(days=7)


@dataclass(frozen=True, slots=True)
class Status:
    """What the database says of now."""

    live: Sequence[figures.Row]
    jobs: Sequence[runs.Run]
    gaps: Sequence[coverage.Gap]  # of the last seven days, the latest first
    sizes: sizes.Sizes
    excluded: int  # how many people the figures of live sessions leave out


def read(
    db: "Database", conn: "Connection", now: datetime, merge_gap: timedelta, *, include_excluded: bool = False
) -> Status:
    """Give the state at `now`."""
    found = _live(conn, figures.Asked(now, merge_gap, include_excluded))
    return Status(found.rows, runs.latest(conn), _gaps(conn, now), sizes.read(db, conn), found.excluded)


def live(conn: "Connection", now: datetime, merge_gap: timedelta) -> Sequence[figures.Row]:
    """Give the sessions that have no end yet, with their figures, by room."""
    return _live(conn, figures.Asked(now, merge_gap)).rows


def _live(conn: "Connection", asked: figures.Asked) -> figures.Report:
    found = sorted(sessions.list_all(conn, live=True), key=lambda one: one.room)
    return figures.read(conn, found, asked)


def _gaps(conn: "Connection", now: datetime) -> list[coverage.Gap]:
    """Give the gaps that lasted into the last days. What was before the first event is none: nobody listened."""
    return [gap for gap in coverage.gaps(conn) if gap.from_at is not None and gap.to_at >= now - RECENT]
