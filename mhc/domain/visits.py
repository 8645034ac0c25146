"""Visits: one person's enters and leaves in one room, paired."""

from collections.abc import Iterable
from datetime import datetime
from enum import StrEnum
from typing import NamedTuple


class Step(StrEnum):
    """What can begin or end a visit."""

    ENTER = "userEnter"
    LEAVE = "userLeave"
    SESSION_END = "session end"
    GAP = "gap"  # a certain gap begins: nobody saw the rest


class Ending(StrEnum):
    """How a visit's end is known."""

    OPEN = "open"
    LEFT = "left"
    INFERRED = "inferred"
    UNKNOWN = "unknown"


class Visit(NamedTuple):
    """One stay; None is a time nobody saw."""

    entered_at: datetime | None
    left_at: datetime | None
    ending: Ending

    @property
    def known_from(self) -> datetime:
        """The first instant known of it."""
        at = self.entered_at or self.left_at
        if at is None:
            raise ValueError("a visit without any time")
        return at


def pair(steps: Iterable[tuple[datetime, Step]], entered_at: datetime | None = None) -> list[Visit]:
    """Pair steps in order of time; `entered_at` is an enter before them that is still open.

    An enter pairs with the next leave; a second enter ends the first at its own time; the end of a session ends
    what is open; a leave without an enter is a visit of unknown start.
    """
    visits: list[Visit] = []
    for at, step in steps:
        if step is Step.LEAVE:
            visits.append(Visit(entered_at, at, Ending.LEFT))
            entered_at = None
            continue
        if entered_at is not None:
            unseen = step is Step.GAP
            visits.append(
                Visit(entered_at, None if unseen else at, Ending.UNKNOWN if unseen else Ending.INFERRED)
            )
        entered_at = at if step is Step.ENTER else None
    if entered_at is not None:
        visits.append(Visit(entered_at, None, Ending.OPEN))
    return visits
