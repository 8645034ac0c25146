"""Sessions of other rooms, as far as readings of a feed show them: when each began, what kind of show, how it grew.

A reading says for how long a room has been online, give or take some minutes: readings that say the same beginning are of
one session, however far they lie apart.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta, tzinfo
from typing import Final, NamedTuple

from mhc.domain.rooms import Show

TOLERANCE: Final = timedelta(minutes=10)  # of a beginning
LONGEST_STEP: Final = timedelta(minutes=30)  # between two readings: what was between is known no better


class Seen(NamedTuple):
    """What one reading says."""

    at: datetime
    show: Show | None
    viewers: int | None
    followers: int | None
    seconds_online: int | None
    text_id: int | None = None  # the number of what the room said
    rank: int | None = None
    gender_rank: int | None = None
    lasts: timedelta | None = (
        None  # for how long it stands, where it stands for a time and not for an instant
    )

    @property
    def began_at(self) -> datetime | None:
        """When the broadcast began, as this reading has it."""
        return None if self.seconds_online is None else self.at - timedelta(seconds=self.seconds_online)


@dataclass(slots=True)
class RoomSession:
    """One session: from its beginning to the last reading, which need not be its end."""

    started_at: datetime
    readings: list[Seen] = field(default_factory=list)

    @property
    def last_seen_at(self) -> datetime:
        """The last reading of it."""
        return self.readings[-1].at

    @property
    def ended_at(self) -> datetime:
        """The end of what is known of it: of the time that the last reading stands for."""
        last = self.readings[-1]
        return last.at + (last.lasts or timedelta())

    @property
    def peak_viewers(self) -> int | None:
        """The most viewers of a reading."""
        return max((one.viewers for one in self.readings if one.viewers is not None), default=None)

    @property
    def new_followers(self) -> int | None:
        """How many followers more the last reading has than the first."""
        return growth(self.readings)


def growth(readings: Iterable[Seen]) -> int | None:
    """Give how many followers came between the first and the last reading that says it; None where only one does."""
    known = [one.followers for one in readings if one.followers is not None]
    return known[-1] - known[0] if len(known) > 1 else None


def sessions(readings: Iterable[Seen]) -> list[RoomSession]:
    """Put readings of one source, in order of time, together by sessions; a room that is offline is in none."""
    found: list[RoomSession] = []
    live = False
    for one in readings:
        if one.show is Show.OFFLINE:
            live = False
            continue
        if live and _goes_on(found[-1], one):
            found[-1].readings.append(one)
            continue
        start = one.began_at or one.at
        if found:
            start = max(start, found[-1].last_seen_at)
        found.append(RoomSession(min(start, one.at), [one]))
        live = True
    return found


def days(readings: Iterable[Seen], zone: tzinfo) -> list[RoomSession]:
    """Put readings together by days of a zone; a room that is offline is on none."""
    found: list[RoomSession] = []
    day = None
    for one in readings:
        if one.show is Show.OFFLINE:
            continue
        on = one.at.astimezone(zone).date()
        if on == day:
            found[-1].readings.append(one)
        else:
            found.append(RoomSession(one.at, [one]))
        day = on
    return found


def singly(readings: Iterable[Seen]) -> list[RoomSession]:
    """Give each reading alone; those that say that a room is offline are left out."""
    return [RoomSession(one.at, [one]) for one in readings if one.show is not Show.OFFLINE]


def _goes_on(session: RoomSession, one: Seen) -> bool:
    if one.began_at is None:
        return one.at - session.last_seen_at <= LONGEST_STEP
    if session.readings[0].began_at is None:
        return one.began_at <= session.last_seen_at + TOLERANCE
    return one.began_at <= session.started_at + TOLERANCE


def time_by_show(found: Sequence[RoomSession]) -> dict[str, timedelta]:
    """Give how long each kind of show went on: from each reading to the next one, unless that lies too far off.

    A reading that stands for a time goes on no longer than that, whatever comes after it.
    """
    spent: dict[str, timedelta] = {}
    for show, span in _steps(found):
        if show is not None and span <= LONGEST_STEP:
            spent[show.word] = spent.get(show.word, timedelta()) + span
    return {show.word: spent[show.word] for show in Show if show.word in spent}


def _steps(found: Sequence[RoomSession]) -> Iterator[tuple[Show | None, timedelta]]:
    for session in found:
        for one, after in zip(session.readings, session.readings[1:], strict=False):
            span = after.at - one.at
            yield one.show, span if one.lasts is None else min(span, one.lasts)
        last = session.readings[-1]
        if last.lasts is not None:
            yield last.show, last.lasts
