"""What changed between two readings of one question, by the kind of each metric.

A counter and a gauge change by a difference; a counter that falls began anew, and by how much it grew is unknown. An
id, a date and a text are one thing and then another, a list gains and loses. What is unknown on a side did not change.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from mhc.domain.metrics import Kind, Metric, of_source

_Number = int | float


@dataclass(frozen=True, slots=True)
class Change:
    """What became of one metric: `change` is the difference, `reset` says that a counter began anew."""

    metric: Metric
    before: Any
    after: Any
    change: _Number | None = None
    added: Sequence[Any] | None = None
    removed: Sequence[Any] | None = None
    reset: bool = False


def changes(source: str, before: Mapping[str, Any], after: Mapping[str, Any]) -> list[Change]:
    """Give what changed between what a source said, in the order of its metrics."""
    found = (change(one, before.get(one.name), after.get(one.name)) for one in of_source(source))
    return [one for one in found if one is not None]


def change(metric: Metric, before: Any, after: Any) -> Change | None:
    """Give what became of a metric; None where it stayed, or nobody knows."""
    if before is None or after is None or before == after:
        return None
    if metric.kind is Kind.LIST and isinstance(before, list) and isinstance(after, list):
        added = [one for one in after if one not in before]
        removed = [one for one in before if one not in after]
        return Change(metric, before, after, added=added, removed=removed)
    if metric.kind in {Kind.COUNTER, Kind.GAUGE} and _is_number(before) and _is_number(after):
        if metric.kind is Kind.COUNTER and after < before:
            return Change(metric, before, after, reset=True)
        return Change(metric, before, after, change=difference(before, after))
    return Change(metric, before, after)


def in_words(one: Change) -> str:
    """Say how a metric changed, on one line."""
    if one.added is not None and one.removed is not None:
        signed = [*(f"+{value}" for value in one.added), *(f"-{value}" for value in one.removed)]
        return f"{one.metric.name} {' '.join(signed) or 'in another order'}"
    grown = " (anew)" if one.reset else "" if one.change is None else f" ({one.change:+,})"
    return f"{one.metric.name} {_written(one.before)} → {_written(one.after)}{grown}"


def _written(value: Any) -> str:
    return f"{value:,}" if _is_number(value) else str(value)


def difference(before: _Number, after: _Number) -> _Number:
    """Give by how much a figure grew; of fractions to four digits, since they are sums of cents."""
    grown = after - before
    return round(grown, 4) if isinstance(grown, float) else grown


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
