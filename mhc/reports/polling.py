"""One poll of the feed of rooms: fetched or from saved pages, held against the last one, and kept at once."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Final

from mhc.clients import affiliate
from mhc.clients.affiliate import Feed, Room
from mhc.clients.api import saved_answer
from mhc.clients.failures import BrokenAnswerError
from mhc.domain.rooms import Keep, Reading, Show, Source, improbable, is_complete, marks
from mhc.errors import CheckError
from mhc.store import observations, room_readings
from mhc.store.observations import Poll

if TYPE_CHECKING:
    from sqlalchemy import Connection

_COMPARABLE: Final = timedelta(days=1)  # as far back is a feed as large


@dataclass(frozen=True, slots=True)
class Polled:
    """What a poll brought. `listed` is how many rooms there are, as the feed says; None is not said, or not written."""

    at: datetime
    rooms: int
    listed: int | None
    complete: bool
    pages: int
    scope: str
    kept: int
    new_people: int | None
    new_texts: int | None
    problems: Sequence[str]
    source: str = Source.AFFILIATE.word
    unknown: Sequence[str] = ()
    readings: int | None = None
    months: Sequence[str] = ()


def read_saved(files: Sequence[bytes]) -> Feed:
    """Put saved pages together: each file one page, or one a line. Raises UpstreamError."""
    return affiliate.gather(page for body in files for page in _pages(body))


def _pages(body: bytes) -> Iterator[affiliate.Page]:
    try:
        yield affiliate.read(saved_answer(body))
    except BrokenAnswerError:
        lines = [line for line in body.splitlines() if line.strip()]
        if len(lines) < 2:
            raise
        yield from [affiliate.read(saved_answer(line)) for line in lines]


def refuse_improbable(conn: "Connection", feed: Feed, at: datetime) -> None:
    """Raise CheckError where a feed cannot be right: empty, or half or twice of what was there within a day before."""
    last = room_readings.last_poll(conn, complete=True, before=at)
    before = last.rooms if last is not None and at - last.at <= _COMPARABLE else None
    whole = is_complete(len(feed.rooms), feed.count) or not feed.rooms
    if whole and (why := improbable(len(feed.rooms), before)):
        raise CheckError(f"{why}; nothing was kept", hint="--force, where that is right")


def kept_of(feed: Feed, keep: Keep) -> list[Reading]:
    """Give the readings that are to be kept."""
    return [one for one in map(_reading, feed.rooms) if keep.keeps(one)]


def add(conn: "Connection", feed: Feed, at: datetime, keep: Keep, *, write: bool) -> Polled:
    """Keep what is to be kept of a feed, in the caller's transaction; without `write` only say what that is."""
    readings, rooms = kept_of(feed, keep), len(feed.rooms)
    complete = is_complete(rooms, feed.count)
    met: int | None = None
    texts: int | None = None
    number = len(readings)
    if write:
        poll = Poll(at, Source.AFFILIATE, rooms, feed.count, keep.scope, complete)
        done = observations.add_poll(conn, poll, readings)
        number, met, texts = done.rooms, done.new_people, done.new_texts
    return Polled(
        at, rooms, feed.count, complete, feed.pages, str(keep.scope), number, met, texts, feed.problems
    )


def _reading(room: Room) -> Reading:
    return Reading(
        str(room.username),
        show=None if room.current_show is None else Show[room.current_show.upper()],
        viewers=room.num_users,
        followers=room.num_followers,
        seconds_online=room.seconds_online,
        flags=marks(new=room.is_new, hd=room.is_hd, gender=room.gender),
        subject=room.room_subject,
        tags=room.tags,
    )
