"""What other sources know of a person, for the card: the last reading of what says most, and what changed in it."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any, NamedTuple

from mhc.reports import snapshots
from mhc.store import series

if TYPE_CHECKING:
    from sqlalchemy import Connection

# In this order; readings about two people, and lists of single tips, are for `snapshot show`.
SOURCES = (
    "statbate.member_info",
    "statbate.member_top_models",
    "statbate.member_tag_spending",
    "statbate.model_info",
    "statbate.model_rank",
    "stats",
    "profile",
)
_COMPARED = frozenset({"statbate.member_info", "statbate.model_info", "stats", "profile"})


class Elsewhere(NamedTuple):
    """The last reading of a source."""

    source: str
    range: str
    captured_at: datetime
    metrics: Mapping[str, Any]


class Changed(NamedTuple):
    """A figure that changed between the last two readings that differ."""

    source: str
    range: str
    metric: str
    before: Any
    after: Any
    change: int | float | None
    before_at: datetime
    after_at: datetime


class Known(NamedTuple):
    """All of it; None where no source said anything."""

    elsewhere: Sequence[Elsewhere] | None
    changes: Sequence[Changed] | None


def read(conn: "Connection", ids: Sequence[int]) -> Known:
    """Give what is known of a person: all rows of theirs."""
    asked = [one for one in series.questions(conn, ids) if one.source in SOURCES and not one.subject]
    if not asked:
        return Known(None, None)
    asked.sort(key=lambda one: (SOURCES.index(one.source), one.range))
    taken = [(one, last) for one in asked if (last := series.latest(conn, ids, one.id)) is not None]
    said = series.metrics_of(conn, (last.payload_id for _, last in taken))
    found = [Elsewhere(one.source, one.range, last.captured_at, said[last.payload_id]) for one, last in taken]
    return Known(
        found, [change for one in asked if one.source in _COMPARED for change in _changes(conn, ids, one)]
    )


def _changes(conn: "Connection", ids: Sequence[int], asked: series.Question) -> Sequence[Changed]:
    found = snapshots.last_change(conn, ids, asked)
    if found is None:
        return []
    times = found.before.captured_at, found.after.captured_at
    return [
        Changed(asked.source, asked.range, one.metric.name, one.before, one.after, one.change, *times)
        for one in found.changes
    ]
