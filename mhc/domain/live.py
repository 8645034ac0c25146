"""Which rooms are live, by the polls of a feed that are young enough to say: one poll may pass a room over, two do not."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final, NamedTuple

from mhc.domain.rooms import Scope, Show

MISSES: Final = 2  # complete polls in a row without a room: it moves between the pages of one, not of each


class Look(NamedTuple):
    """One poll: when it was, which rooms it was to keep, and whether it came whole."""

    at: datetime
    scope: str
    complete: bool

    def would_show(self, scope: str) -> bool:
        """Whether a room is in it, if it is live and a poll of this scope kept it before."""
        return self.complete and self.scope in {Scope.ALL, scope} - {Scope.SOME}


@dataclass(frozen=True, slots=True)
class Live:
    """The young polls of a feed, one at least, the last first."""

    looks: Sequence[Look]

    @property
    def polls(self) -> tuple[datetime, ...]:
        """Give the polls whose readings say that a room is live, the last first."""
        return tuple(one.at for one in self.looks if self.missed(one.at, one.scope) < MISSES)

    def missed(self, at: datetime, scope: str) -> int:
        """Give how many polls did not show a room any more since a reading, which a poll of this scope kept."""
        return sum(one.at > at and one.would_show(scope) for one in self.looks)

    def says(self, at: datetime, scope: str, show: Show | None) -> bool | None:
        """Say whether a room is live, by its last reading; None where no poll that is young would have shown it."""
        missed = self.missed(at, scope)
        if at >= self.looks[-1].at and missed < MISSES:
            return show is not Show.OFFLINE
        return False if missed or show is Show.OFFLINE else None
