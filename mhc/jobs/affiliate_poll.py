"""`affiliate-poll`: one poll of the feed of rooms, held against the last one, and kept at once. `mhc room poll`, too."""

import logging
import threading
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Final

from mhc.clients import affiliate
from mhc.clients.affiliate import AffiliateClient, Feed, Room
from mhc.clients.affiliate_request import GENDERS
from mhc.clients.api import saved_answer
from mhc.clients.failures import BrokenAnswerError
from mhc.clients.pacing import Pacer, StoppedError
from mhc.config import Settings
from mhc.domain.counted import counted
from mhc.domain.rooms import Keep, Reading, Scope, Show, Source, improbable, is_complete, marks
from mhc.errors import CheckError, NotFoundError, UsageError
from mhc.jobs.work import Work
from mhc.store import observations, room_names, room_readings, watchlists
from mhc.store.observations import Poll

if TYPE_CHECKING:
    from sqlalchemy import Connection

log = logging.getLogger("mhc.rooms")

_WORDS: Final = {letter: word for word, letter in GENDERS.items()}
_COMPARABLE: Final = timedelta(days=1)  # as far back is a feed as large


@dataclass(frozen=True, slots=True)
class Polled:
    """What a poll brought. `listed` is how many rooms there are, as the feed says; None is not said, or not written.

    `again`: a poll of that time is kept already, and this one added nothing.
    """

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
    again: bool = False
    source: str = Source.AFFILIATE.word
    unknown: Sequence[str] = ()  # those that follow are of CBHours
    readings: int | None = None
    months: Sequence[str] = ()

    @property
    def shortfall(self) -> str:
        """Say that it did not come whole."""
        there = "the feed does not say how many there are"
        if self.listed is not None:
            there = f"there are {self.listed:,}"
        return f"{counted(self.rooms, 'room')} came, and {there}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """Which rooms are asked for; nothing at all asks for those that are tracked."""

    tracked: bool = False  # in any case
    list_ids: tuple[int, ...] = ()
    live: bool = False  # every room
    min_followers: int | None = None
    min_viewers: int | None = None
    genders: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    most: int | None = None


def run(work: Work) -> None:
    """Read the feed, and keep what the options name. A part that is missing is a complaint: what came is kept."""
    at = work.now()
    try:
        feed = fetch(work.settings, work.stop)
    except StoppedError:
        return  # somebody ends the run: a part is no poll
    for problem in feed.problems:
        log.warning("the feed of rooms: %s", problem)
    with work.db.write() as conn:
        refuse_improbable(conn, feed, at)
        keep = keep_of(conn, work.settings, _wish(conn, work))
        done = add(conn, feed, at, keep, write=True)
    work.counts.update(rooms=done.rooms, kept=done.kept, new_people=done.new_people or 0)
    if not done.complete:
        work.complaints.append(done.shortfall)


def _wish(conn: "Connection", work: Work) -> Wish:
    given = work.options
    ids = []
    for name in given.get("list") or ():
        found = watchlists.find(conn, name)
        if found is None:
            raise NotFoundError(f"no watchlist named {name!r}", hint="list in [jobs.affiliate-poll]")
        ids.append(found.id)
    return Wish(
        tracked=bool(given.get("tracked")),
        list_ids=tuple(ids),
        live=bool(given.get("live")),
        min_followers=given.get("min_followers"),
        min_viewers=given.get("min_viewers"),
        genders=tuple(_WORDS[letter] for letter in given.get("gender") or ()),
        tags=tuple(given.get("tag") or ()),
        most=given.get("budget"),
    )


def keep_of(conn: "Connection", loaded: Settings, wish: Wish) -> Keep:
    """Give which rooms are kept: by name those of lists or of who is tracked, unless every room was asked for."""
    if wish.list_ids and wish.live:
        raise UsageError("list and live contradict each other", hint="live keeps every room")
    every = Keep(
        names=None,
        most=wish.most,
        min_viewers=wish.min_viewers,
        min_followers=wish.min_followers,
        genders=wish.genders,
        tags=tuple(tag.strip().lstrip("#").lower() for tag in wish.tags),
    )
    if not (wish.list_ids or wish.live or every.has_conditions):
        return replace(every, names=_tracked(conn, loaded), tracked=True)
    names = room_names.on_lists(conn, wish.list_ids) if wish.list_ids else None
    return replace(every, names=names, always=_tracked(conn, loaded) if wish.tracked else ())


def _tracked(conn: "Connection", loaded: Settings) -> set[str]:
    return room_names.tracked(conn, [room.name for room in loaded.rooms])


def fetch(loaded: Settings, stop: threading.Event | None = None) -> Feed:
    """Ask for the whole feed, page by page, unless somebody wants it to stop. Raises UpstreamError, PacedError."""
    pacer = Pacer(loaded.state_dir, sleep=None if stop is None else stop.wait)
    client = AffiliateClient(loaded.chaturbate_url, loaded.affiliate_wm, pacer, wait_scale=loaded.wait_scale)
    with closing(client):
        return affiliate.gather(_until(stop, client.fetch_pages()))


def _until(stop: threading.Event | None, pages: Iterator[affiliate.Page]) -> Iterator[affiliate.Page]:
    for page in pages:
        if stop is not None and stop.is_set():
            raise StoppedError("the feed was not read to its end")
        yield page


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


def kept_of(feed: Feed, keep: Keep) -> tuple[list[Reading], Scope]:
    """Give the readings that are to be kept, and what that tells of the others: nothing, where there were too many."""
    found = [one for one in map(_reading, feed.rooms) if keep.keeps(one)]
    if keep.most is None or len(found) <= keep.most:
        return found, keep.scope
    found.sort(key=lambda one: (one.username not in keep.always, -(one.viewers or 0), one.username))
    return found[: keep.most], Scope.SOME


def add(conn: "Connection", feed: Feed, at: datetime, keep: Keep, *, write: bool) -> Polled:
    """Keep what is to be kept of a feed, in the caller's transaction; without `write` only say what that is."""
    readings, scope = kept_of(feed, keep)
    rooms = len(feed.rooms)
    complete = is_complete(rooms, feed.count)
    said = (at, rooms, feed.count, complete, feed.pages, str(scope))
    if not write:
        return Polled(*said, len(readings), None, None, feed.problems)
    done = observations.add_poll(
        conn, Poll(at, Source.AFFILIATE, rooms, feed.count, scope, complete), readings
    )
    return Polled(*said, done.rooms, done.new_people, done.new_texts, feed.problems, done.again)


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
