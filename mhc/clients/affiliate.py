"""The public feed of rooms that are online: pages of 500, the whole of it in a dozen (contract affiliate).

No address of an answer is read: each carries the affiliate code. The list moves while it is read, so that a room may come
twice, and one may be passed over.
"""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, date
from typing import Any, Final

from mhc.clients import fields
from mhc.clients.affiliate_request import MOST_PER_PAGE, PATH, Query, params
from mhc.clients.api import Api, Request, needed
from mhc.clients.failures import BrokenAnswerError, Terms, broken, decode_loosely, judge
from mhc.clients.http import Answer
from mhc.clients.pacing import Pacer, Rate
from mhc.config import Secret

__all__ = ["AffiliateClient", "Feed", "Page", "Query", "Room", "gather", "read"]

TERMS: Final = Terms(
    name="the feed of rooms",
    token="MHC_AFFILIATE_WM",  # noqa: S106 - the name of a setting
    rules=(),
    cooldown=300,
)
_EVERY: Final = Rate(
    "rooms", 1
)  # a page; nothing is published, and other clients wait as long (contract 2.5)
_WHOLE: Final = Rate("rooms-whole", 60)  # all pages: it is not anew any sooner
_MOST_PAGES: Final = 200
_MOST: Final = 2**31  # of a figure: more is none
_LONGEST: Final = 30 * 86400  # seconds that a broadcast may have gone on
_GENDERS: Final = {"f": "female", "m": "male", "t": "trans", "s": "trans", "c": "couple"}
_SHOWS: Final = frozenset({"public", "private", "group", "hidden", "away"})
_OLDEST: Final = 100  # years: who says more, jokes


@dataclass(frozen=True, slots=True)
class Room:
    """One room that is online. What is hidden, empty or absurd is None; `tags` are without #, in lower case."""

    username: fields.Username | None
    display_name: str | None
    gender: str | None
    age: int | None
    birthday: date | None
    location: str | None
    country: str | None
    spoken_languages: str | None
    current_show: str | None
    room_subject: str | None
    tags: tuple[str, ...] | None
    is_new: bool | None
    is_hd: bool | None
    num_users: int | None
    num_followers: int | None
    seconds_online: int | None


@dataclass(frozen=True, slots=True)
class Page:
    """One answer. `count` is how many rooms there are in all; `rows` how many it has, those included that do not fit.

    The array of the older address is `alone`: it says of itself only that there are no more.
    """

    count: int | None
    rooms: tuple[Room, ...]
    rows: int
    payload: bytes
    problems: tuple[str, ...]
    alone: bool = False


@dataclass(frozen=True, slots=True)
class Feed:
    """All pages: each room once. `count` is the most that a page says there are, None where nobody knows."""

    rooms: tuple[Room, ...]
    count: int | None
    pages: int
    twice: int  # rooms that came again on a later page
    problems: tuple[str, ...]


def read(answer: Answer, *, now: float | None = None) -> Page:
    """Read a page, or the array of the older address, which is all rooms at once. Raises UpstreamError."""
    judge(TERMS, answer, "the feed", time.time() if now is None else now)
    body = decode_loosely(TERMS, answer)
    rows = body.get("results") if isinstance(body, dict) else body
    if not isinstance(rows, list):
        raise broken(TERMS, answer, "has no list of rooms")
    reading = fields.Reading(UTC, [])
    found = [_room(row, reading, f"results[{number}]") for number, row in enumerate(rows)]
    rooms = tuple(one for one in found if one is not None)
    if rows and not rooms:
        raise broken(TERMS, answer, "has no room of the documented form")
    alone = not isinstance(body, dict)
    count = len(rows) if alone else _count(body, len(rows), reading)
    return Page(count, rooms, len(rows), answer.body, tuple(reading.problems), alone)


def _room(row: Any, reading: fields.Reading, at: str) -> Room | None:
    """Read one room; None where nobody can tell whose it is."""
    room = fields.read(Room, row, reading, at)
    if room is None:
        return None
    if room.username is None:
        reading.misfit(f"{at}.username", row.get("username"), "a username")
        return None
    return replace(
        room,
        num_users=_within(room.num_users, reading, f"{at}.num_users"),
        num_followers=_within(room.num_followers, reading, f"{at}.num_followers"),
        seconds_online=_within(room.seconds_online, reading, f"{at}.seconds_online", _LONGEST),
        gender=_word(room.gender, _GENDERS, reading, f"{at}.gender"),
        current_show=_word(room.current_show, {one: one for one in _SHOWS}, reading, f"{at}.current_show"),
        age=room.age if room.age is not None and 0 < room.age < _OLDEST else None,
        country=room.country and room.country.upper(),
        tags=None if room.tags is None else tuple(dict.fromkeys(_tags(room.tags))),
    )


def _tags(tags: tuple[str, ...]) -> Iterator[str]:
    for tag in tags:
        bare = tag.strip().lstrip("#").lower()
        if bare:
            yield bare


def _within(value: int | None, reading: fields.Reading, at: str, most: int = _MOST) -> int | None:
    if value is None or 0 <= value < most:
        return value
    reading.misfit(at, value, "a count")
    return None


def _word(value: str | None, words: dict[str, str], reading: fields.Reading, at: str) -> str | None:
    if value is None:
        return None
    if value.lower() not in words:
        reading.misfit(at, value, "a known word")
    return words.get(value.lower())


def _count(body: dict[str, Any], rows: int, reading: fields.Reading) -> int | None:
    """Give how many rooms there are in all: not fewer than one page has."""
    try:
        count = (
            None if body.get("count") is None else _within(fields.integer(body["count"]), reading, "count")
        )
    except fields.MisfitError as error:
        reading.misfit("count", body["count"], str(error))
        return None
    if count is not None and count < rows:
        reading.misfit("count", count, f"{rows} at least")
        return None
    return count


def gather(pages: Iterator[Page]) -> Feed:
    """Put pages together: a room that moved from one to another while they were read is one, as it came first.

    Of an array that is not alone nobody knows how many rooms there are.
    """
    rooms: dict[str, Room] = {}
    count: int | None = None
    alone = False
    came = number = 0
    problems: list[str] = []
    for page in pages:
        number, came, alone = number + 1, came + len(page.rooms), alone or page.alone
        # The most that any page says: a feed that breaks off says less at its end, and is not whole.
        count = page.count if count is None else max(count, page.count or 0)
        problems += [f"page {number}: {problem}" for problem in page.problems]
        for room in page.rooms:
            rooms.setdefault(str(room.username), room)
    listed = None if alone and number > 1 else count
    return Feed(tuple(rooms.values()), listed, number, came - len(rooms), tuple(problems))


class AffiliateClient:
    """The feed, as one affiliate's."""

    def __init__(
        self,
        base_url: str,
        code: Secret | None,
        pacer: Pacer,
        *,
        wait_scale: float = 1.0,
        clock: Callable[[], float] = time.time,
    ) -> None:
        """Raise AccessError without a code: the feed answers to affiliates."""
        self._code = needed(code, "MHC_AFFILIATE_WM", "the feed of rooms")
        self._api = Api(TERMS, base_url, pacer, wait_scale=wait_scale, clock=clock)
        self._clock = clock

    def fetch(self, query: Query | None = None) -> Page:
        """Ask for one page. Raises UpstreamError, UsageError for what the API does not take, PacedError."""
        asked: tuple[tuple[str, str | Secret], ...] = (("wm", self._code), *params(query or Query()))
        # The code is short and may stand in a subject, too: it is taken out where answers repeat it.
        request = Request(PATH, asked, about="the feed", echo="campaign={}")
        return self._api.ask(request, (_EVERY,), lambda answer: read(answer, now=self._clock()))

    def fetch_pages(self, query: Query | None = None) -> Iterator[Page]:
        """Ask for page after page, once a minute at most, up to the end that an empty page or the count says.

        The next page begins behind what came, so that pages that are shorter than asked for leave nothing out.
        """
        asked = query or Query()
        self._api.take_turn((_WHOLE,))
        for _ in range(_MOST_PAGES):
            page = self.fetch(asked)
            yield page
            asked = replace(asked, offset=asked.offset + page.rows)
            if not page.rows or (page.count is not None and asked.offset >= page.count):
                return
            if page.rows > MOST_PER_PAGE:  # the older array: it is all there is
                return
        raise BrokenAnswerError(f"the feed of rooms comes in more than {_MOST_PAGES} pages")

    def stop(self) -> None:
        """Break what is under way. May be called from another thread."""
        self._api.stop()

    def close(self) -> None:
        """Close the connection."""
        self._api.close()
