"""What changed between two readings of a person or a ranking, and how a figure went: of one question only, computed when it is asked."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta, tzinfo
from typing import TYPE_CHECKING, Any, NamedTuple

from mhc.domain import metric_changes
from mhc.domain.clock import iso_z
from mhc.domain.metric_changes import Change
from mhc.domain.metrics import Metric, of_source
from mhc.errors import NotFoundError
from mhc.store import series

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from mhc.store.series import Ids, Question, Taken

PERIODS = ("day", "week", "month")
_STEPS = 1000  # answers that differ in nothing that is read from them


class Compared(NamedTuple):
    """Two readings, and what became of each metric: of those that stayed, or of which nobody knows, nothing."""

    before: "Taken"
    after: "Taken"
    changes: Sequence[Change]


class Point(NamedTuple):
    """One value of a metric; `change` is the difference to the value before, `reset` that a counter began anew."""

    at: datetime
    metric: str
    value: Any
    change: int | float | None
    reset: bool
    unit: str | None
    id: int  # of the reading


def known(source: str) -> Sequence[Metric]:
    """Give the metrics of a source; none of one that this version does not know."""
    try:
        return of_source(source)
    except KeyError:
        return ()


def last_change(conn: "Connection", ids: "Ids", asked: "Question") -> Compared | None:
    """Compare the last reading with the last one before it in which a figure is another; None where there is none."""
    after = series.latest(conn, ids, asked.id)
    if after is None:
        return None
    latest, said = after, series.metrics_of(conn, [after.payload_id])[after.payload_id]
    for _ in range(_STEPS):
        before = series.latest(conn, ids, asked.id, latest.captured_at, but_payload=latest.payload_id)
        if before is None:
            return None
        found = _compared(conn, asked, before, after)
        if found.changes or series.metrics_of(conn, [before.payload_id])[before.payload_id] != said:
            return found
        latest = before
    return None


def between(conn: "Connection", ids: "Ids", asked: "Question", since: datetime, until: datetime) -> Compared:
    """Compare the last readings at or before two instants; where there is none before the first, the very first.

    Raises NotFoundError where there is none at all.
    """
    first = series.first(conn, ids, asked.id)
    after = series.latest(conn, ids, asked.id, until)
    if first is None or after is None:
        hint = None if first is None else f"the first is of {iso_z(first.captured_at)}"
        raise NotFoundError(f"no reading of {asked.source} at or before {iso_z(until)}", hint=hint)
    return _compared(conn, asked, series.latest(conn, ids, asked.id, since) or first, after)


def _compared(conn: "Connection", asked: "Question", before: "Taken", after: "Taken") -> Compared:
    said = series.metrics_of(conn, [before.payload_id, after.payload_id])
    one, other = said[before.payload_id], said[after.payload_id]
    told = (
        metric_changes.change(metric, one.get(metric.name), other.get(metric.name))
        for metric in known(asked.source)
    )
    return Compared(before, after, [one for one in told if one is not None])


def points(
    conn: "Connection",
    ids: "Ids",
    asked: "Question",
    metrics: Sequence[Metric],
    since: datetime | None = None,
    until: datetime | None = None,
    *,
    by: str | None = None,
    tz: tzinfo,
) -> list[Point]:
    """Give the known values of metrics, the earliest first; `by` gives the last of each period of the zone only.

    A week begins on Monday.
    """
    taken = series.between(conn, ids, asked.id, since, until)
    said = series.metrics_of(conn, (one.payload_id for one in taken))
    found = [point for metric in metrics for point in _of(metric, taken, said, by, tz)]
    order = {metric.name: place for place, metric in enumerate(metrics)}
    return sorted(found, key=lambda one: (one.at, one.id, order[one.metric]))


def _of(
    metric: Metric,
    taken: Iterable["Taken"],
    said: Mapping[int, Mapping[str, Any]],
    by: str | None,
    tz: tzinfo,
) -> Iterable[Point]:
    values = [(one, value) for one in taken if (value := said[one.payload_id].get(metric.name)) is not None]
    if by is not None:
        values = list({_period(one.captured_at, by, tz): (one, value) for one, value in values}.values())
    before = None
    for one, value in values:
        grown = metric_changes.change(metric, before, value)
        known_change = None if grown is None else grown.change
        if grown is None and before is not None and _is_number(value):
            known_change = 0
        yield Point(
            one.captured_at,
            metric.name,
            value,
            known_change,
            grown is not None and grown.reset,
            metric.unit,
            one.id,
        )
        before = value


def _period(at: datetime, by: str, tz: tzinfo) -> tuple[int, ...]:
    day = at.astimezone(tz).date()
    if by == "month":
        return day.year, day.month
    if by == "week":
        day -= timedelta(days=day.weekday())
    return day.year, day.month, day.day


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
