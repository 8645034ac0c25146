"""When a job is due: each so and so long, or at times of day; once after a pause, however often it was missed.

Every instant at which a job should run is a slot. Slots of an interval lie on a grid from the epoch on, so that they
do not wander; slots of a time of day follow the zone: a time that comes twice is one slot, one that does not exist lies
behind the gap. A job is due where a slot lies behind its last run. In quiet hours nothing is due; after them it is.
"""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta, tzinfo

from mhc.domain.clock import EPOCH
from mhc.domain.times import to_utc

_DAY = timedelta(days=1)
_ASKEW = timedelta(hours=1)  # a run that lies so far ahead began by a wrong clock, and proves nothing


@dataclass(frozen=True, slots=True)
class Schedule:
    """When a job should run: `every` so long, else `at` times of day.

    `delay` is by how much this host waits at each slot: where another ran in the meantime, the slot is done.
    """

    every: timedelta | None
    at: tuple[time, ...] = ()
    zone: tzinfo = UTC
    quiet: tuple[time, time] | None = None
    delay: timedelta = timedelta()

    @property
    def longest(self) -> timedelta:
        """The longest time from a run to the next one, when none is missed."""
        if self.every is not None:
            pause = self.every
        else:
            minutes = sorted({one.hour * 60 + one.minute for one in self.at})
            ends = [*minutes[1:], minutes[0] + 24 * 60]
            pause = timedelta(minutes=max(b - a for a, b in zip(minutes, ends, strict=True)))
        return pause + self._quiet_length()

    def _quiet_length(self) -> timedelta:
        if self.quiet is None:
            return timedelta()
        begin, end = (timedelta(hours=one.hour, minutes=one.minute) for one in self.quiet)
        return (end - begin) % _DAY


def delay_of(job: str, host: str, jitter: timedelta) -> timedelta:
    """Give by how much a job's runs are put off on a host: always the same, from nothing to `jitter`."""
    digest = hashlib.sha256(f"{job}\0{host}".encode()).digest()
    return timedelta(seconds=int.from_bytes(digest[:8]) % (int(jitter.total_seconds()) + 1))


def due(last_run: datetime | None, schedule: Schedule, now: datetime) -> bool:
    """Whether a job should run now, given when it last began to (None: never)."""
    if last_run is not None and last_run - now > _ASKEW:
        last_run = None
    waits = last_run is None or _slot_until(schedule, now - schedule.delay) > last_run
    return waits and quiet_until(schedule, now) is None


def next_due(last_run: datetime | None, schedule: Schedule, now: datetime) -> datetime:
    """Give when a job is due next, at `now` or later."""
    at, begun = now, now - schedule.delay
    if last_run is not None and last_run - now <= _ASKEW and _slot_until(schedule, begun) <= last_run:
        at = _slot_after(schedule, max(begun, last_run)) + schedule.delay
    return quiet_until(schedule, at) or at


def due_since(schedule: Schedule, now: datetime) -> datetime:
    """Give since when a job that is due now is due: the last of the slots that it missed."""
    return _slot_until(schedule, now - schedule.delay) + schedule.delay


def _slot_until(schedule: Schedule, at: datetime) -> datetime:
    """Give the latest slot that is not later than an instant."""
    if schedule.every is not None:
        return at - (at - EPOCH) % schedule.every
    return max(slot for slot in _slots_near(schedule, at) if slot <= at)


def _slot_after(schedule: Schedule, at: datetime) -> datetime:
    """Give the first slot later than an instant."""
    if schedule.every is not None:
        return _slot_until(schedule, at) + schedule.every
    return min(slot for slot in _slots_near(schedule, at) if slot > at)


def _slots_near(schedule: Schedule, at: datetime) -> Iterator[datetime]:
    """Give the slots of the days around an instant, in no order."""
    today = at.astimezone(schedule.zone).date()
    for days in range(-2, 3):
        for clock in schedule.at:
            yield to_utc(datetime.combine(today + days * _DAY, clock), schedule.zone)


def quiet_until(schedule: Schedule, now: datetime) -> datetime | None:
    """Give the end of the quiet hours that an instant lies in; None outside of them."""
    if schedule.quiet is None:
        return None
    begin, end = schedule.quiet
    today = now.astimezone(schedule.zone).date()
    for days in (-1, 0):
        first = today + days * _DAY
        last = first if begin < end else first + _DAY
        starts, ends = (
            to_utc(datetime.combine(*one), schedule.zone) for one in ((first, begin), (last, end))
        )
        if starts <= now < ends:
            return ends
    return None
