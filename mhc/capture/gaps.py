"""What a good poll says about the time before it: what it covers, and what it leaves in doubt."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from mhc.capture.classify import Outcome
from mhc.clients.events import Next
from mhc.store.pages import NewGap, Page
from mhc.store.streams import Moved, Stream

AWAY = timedelta(seconds=120)  # longer without a good poll, and something may be missing
_REACH_MOST = timedelta(days=7)  # one odd id must not make us believe that nothing is ever lost
_MS = timedelta(milliseconds=1)


@dataclass(frozen=True, slots=True)
class Poll:
    """A good poll: what came, from where it asked, and how the stream stood before."""

    outcome: Outcome
    asked_from: str | None
    held: Stream
    now: datetime
    oldest: datetime | None  # when the first event that was served happened
    lost: NewGap | None  # why the cursor was given up
    was_full: bool = False  # polling had stopped, since there was no room for a page

    @property
    def away(self) -> timedelta:
        """How long no poll had been good."""
        return self.now - self.held.last_poll_ok_at if self.held.last_poll_ok_at else timedelta()


def account_for(page: Page, poll: Poll) -> Page:
    """Add to a page where its poll leads, what it covers, and the gap it leaves."""
    reach = poll.held.served_age_max
    if poll.away > AWAY and poll.oldest is not None:
        reach = max(reach, min(poll.now - poll.oldest, _REACH_MOST) // _MS)
    cursor = poll.outcome.next if isinstance(poll.outcome.next, str) else None
    gap = find_gap(poll, reach)
    page = replace(page, moved=Moved(cursor, reach), gap=gap)
    if gap is None:
        before = poll.held.last_poll_ok_at
        since = None if before is None else min(before, poll.now)  # the clock may have been set back
        return replace(page, covers_from=since, joined=True)
    known = gap.from_at is None or cursor is not None
    return replace(page, covers_from=gap.to_at if known else None)


def find_gap(poll: Poll, reach: int) -> NewGap | None:
    """Give what a poll leaves in doubt: the time from the last good poll to the first event served.

    `reach` is how old events, in milliseconds, the server has ever been seen to serve after an outage.
    """
    before, now, oldest = poll.held.last_poll_ok_at, poll.now, poll.oldest
    if before is None:
        return NewGap(None, min(oldest or now, now), "first start", certain=True)
    until = oldest if oldest is not None and before < oldest < now else max(before, now)
    if poll.lost is not None:
        return replace(poll.lost, from_at=before, to_at=until)
    if poll.asked_from is None:  # while no next URL comes, it is one gap that goes on
        until = max(before, now) if poll.outcome.next is Next.NONE else until
        return NewGap(before, until, "no cursor", certain=False)
    if poll.was_full and poll.away > AWAY:
        return NewGap(before, until, "spool full", certain=False)
    if poll.outcome.stale and poll.away > AWAY:
        return NewGap(before, until, "waited too long", certain=False)
    if poll.away > AWAY and poll.away // _MS > reach:
        return NewGap(before, until, "away", certain=False)
    return None
