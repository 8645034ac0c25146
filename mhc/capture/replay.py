"""Brings what was spooled into the database: in order, each page once, by the code that keeps every other page."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta

from mhc.capture.entry import Entry, Place
from mhc.capture.lease import Hold
from mhc.capture.spool import Spool
from mhc.store import pages
from mhc.store.events import NewEvent
from mhc.store.pages import LeaseLostError, Page
from mhc.store.streams import Stream


@dataclass(frozen=True, slots=True)
class Target:
    """Where pages go: a stream as the database has it, under our epoch where the lease is ours."""

    hold: Hold
    stream: Stream
    ours: bool
    merge_gap: timedelta


@dataclass(frozen=True, slots=True)
class Replayed:
    """How far a replay came."""

    place: Place  # where the stream stands now
    ours: bool  # whether the lease was ours to the end
    whole: bool  # False: told to stop on the way


def replay(
    spool: Spool,
    target: Target,
    told: Callable[[Page, Sequence[NewEvent]], None],
    stopping: Callable[[], bool],
) -> Replayed:
    """Replay a spool. Raises what the database raises; then a later call goes on.

    Cursor, coverage and gaps follow the unbroken row of pages from where the database stands. A page beyond a damaged
    line gives its events only: the feed is asked again from the damaged page's place. So do all pages of a process
    whose lease is another's by now.
    """
    hold, place, ours = target.hold, Place.of(target.stream), target.ours
    holding = hold.leased
    for entry in _not_kept_yet(spool, place):
        if stopping():
            return Replayed(place, ours, whole=False)
        if holding and hold.renewal_is_due and not _renewed(hold):
            holding = ours = False
        page = entry.page()
        new: Sequence[NewEvent] | None = None
        if ours and entry.before == place:
            try:
                new = _store(target, page, entry)
            except LeaseLostError:
                holding = ours = False
        if new is None:
            new = pages.insert(hold.db, target.stream, page, merge_gap=target.merge_gap)
        else:
            place = entry.after
        told(page, new)
    return Replayed(place, ours, whole=True)


def _renewed(hold: Hold) -> bool:
    """Hold the lease longer; False where it is another's by now."""
    try:
        hold.renew()
    except LeaseLostError:
        return False
    return True


def _store(target: Target, page: Page, entry: Entry) -> Sequence[NewEvent]:
    """Keep a page whole, and hold the lease longer with it. Raises LeaseLostError."""
    hold = target.hold
    lease = hold.length(entry.after.cursor)
    new = pages.store(hold.db, target.stream, page, lease=lease, merge_gap=target.merge_gap)
    hold.renewed()
    return new


def _not_kept_yet(spool: Spool, place: Place) -> Iterator[Entry]:
    """Give the readable pages, but for the unbroken row of those that led the database to where it stands."""
    first, end = _kept(spool, place)
    for number, entry in enumerate(spool.entries()):
        if entry is not None and not first <= number < end:
            yield entry


def _kept(spool: Spool, place: Place) -> tuple[int, int]:
    """Give the first of the pages that the database has, and the one after the last: an unbroken row up to `place`."""
    first, reached = 0, None
    found = (0, 0)
    for number, entry in enumerate(spool.entries()):
        before = None if entry is None else entry.before
        if before is None or before != reached:
            first = number
        if entry is None:
            reached = None
            continue
        if before == place:
            return first, number
        reached = entry.after
        if reached == place and found == (0, 0):
            found = (first, number + 1)
    return found
