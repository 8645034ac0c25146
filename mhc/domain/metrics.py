"""The figures that are read from what a source says: name, kind, unit and field of each, and what changed between two.

    metrics.read("statbate.member_info", row)         # an answer about one: a typed row
    metrics.read("statbate.member_tips", rows)        # an answer that is a list: its rows, of all pages
    metrics.read("statbate.models", row_or_rows)      # a ranking: one row for a person in it, all of them for itself
    metrics.read("stats", statistics)                 # the typed statistics
    metrics.read("apistats", earnings)                # the typed earnings, with their programmes

`source` is `statbate.OPERATION` (a batch of members reads as `statbate.member_info`: the figures are the same), `stats`
or `apistats`. It gives each metric of the source, None where the row does not say it; each value goes into JSON as it
is: times as `…Z`, days as `2026-01-31`. KeyError for another source. Durations of Statbate have no documented unit.
"""

import math
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from datetime import date, datetime
from typing import Any, Final

from mhc.domain.clock import iso_z
from mhc.domain.metric_tables import TABLES, Kind, Metric

__all__ = ["Kind", "Metric", "find", "of_source", "read", "sources"]


def read(source: str, row: object, lost: Collection[str] = ()) -> dict[str, Any]:
    """Read the metrics of a typed row, or of a sequence of rows.

    `lost` are the places where the answer did not fit (`[]` for a row, `[].tokens` for a field of rows): what is made of
    all that stands there is unknown, since what is made of the rest would be a part that looks whole.
    """
    rows = isinstance(row, list | tuple)
    found = (one for one in of_source(source) if one.of_rows == rows)
    return {one.name: None if _is_lost(one, lost) else _json(_value(one, row)) for one in found}


def is_lost(source: str, name: str, lost: Collection[str]) -> bool:
    """Whether a metric is made of rows of which something did not fit."""
    metric = find(source, name)
    return metric is not None and _is_lost(metric, lost)


def _is_lost(metric: Metric, lost: Collection[str]) -> bool:
    rows, brackets, _ = metric.field.partition("[]")
    return bool(brackets) and (f"{rows}[]" in lost or metric.field in lost)


def sources() -> tuple[str, ...]:
    """Give every source that has metrics."""
    return tuple(TABLES)


def of_source(source: str) -> tuple[Metric, ...]:
    """Give the metrics of a source. Raises KeyError."""
    return TABLES[source]


def find(source: str, name: str) -> Metric | None:
    """Give a metric of a source by its name."""
    return next((one for one in TABLES.get(source, ()) if one.name == name), None)


def _value(metric: Metric, row: object) -> Any:
    field, _, rest = metric.field.partition("[]")
    found = _follow(row, field.rstrip("."))
    if "[]" not in metric.field or found is None:
        return found
    if metric.fold == "earned":
        found = [one for one in found if not one.is_transfer]
    values = [_follow(one, rest.lstrip(".")) for one in found]
    return _FOLDS[metric.fold](values)


def _follow(value: Any, path: str) -> Any:
    """Follow attributes, or the keys of a mapping, which may hold blanks."""
    for part in path.split(".") if path else ():
        if value is None:
            return None
        value = value.get(part) if isinstance(value, Mapping) else getattr(value, part)
    return value


def _sum(values: Sequence[Any]) -> Any:
    """Give the sum; None where one is unknown, since a part of a sum is no sum."""
    return None if None in values else _added(values)


def _earned(values: Sequence[Any]) -> Any:
    """Give the sum of those that have a figure; None where none has."""
    figures = [one for one in values if isinstance(one, int | float)]
    return _added(figures) if figures else None


def _added(values: Iterable[Any]) -> Any:
    exact = list(values)
    return round(math.fsum(exact), 4) if any(isinstance(one, float) for one in exact) else sum(exact)


def _known(values: Iterable[Any]) -> list[Any]:
    return [one for one in values if one is not None]


_FOLDS: Final[Mapping[str, Callable[[Sequence[Any]], Any]]] = {
    "number": len,
    "sum": _sum,
    "earned": _earned,
    "different": lambda values: len(set(_known(values))),
    "least": lambda values: min(_known(values), default=None),
    "most": lambda values: max(_known(values), default=None),
    "all": lambda values: sorted(set(_known(values))),
    "in_order": _known,
    "first": lambda values: values[0] if values else None,
}


def _json(value: Any) -> Any:
    if isinstance(value, datetime):
        return iso_z(value)
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, list | tuple):
        return [_json(one) for one in value]
    return value
