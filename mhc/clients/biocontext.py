"""Public profiles: the JSON that the site's own pages read, undocumented, without a log-in (contract profile).

Opt-in, slow, one room at a time. A real name is never read, and no answer is kept as it came: who is asked about did not
choose to be. What the site does not show to this address stays unseen.
"""

import dataclasses
import json
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import tzinfo
from typing import Any, Final
from zoneinfo import ZoneInfo

from mhc.clients import fields
from mhc.clients.api import Api, Request
from mhc.clients.failures import (
    NotKnownError,
    Rule,
    Terms,
    ThrottledError,
    UpstreamError,
    broken,
    decode_loosely,
    judge,
)
from mhc.clients.http import Answer
from mhc.clients.pacing import Pacer, Rate
from mhc.domain.markup import plain
from mhc.domain.profiles import OLDEST, YOUNGEST, PhotoSet, Profile, SocialMedia
from mhc.errors import DataError, UnavailableError

PATH: Final = "/api/biocontext/{}/"
SITE_ZONE: Final = ZoneInfo(
    "America/Los_Angeles"
)  # times come without a zone, in this one (contract profile 6.2)
_EVERY: Final = Rate("profile", 5)
_APART: Final = Rate("", 2)  # whatever is asked of the host
_NEVER: Final = (-1, "-1")
_MOST: Final = 2**31
_HTML: Final = ("about_me", "wish_list")
_FIELDS: Final = frozenset(one.name for one in dataclasses.fields(Profile)) - {"gone"}
_PARTS: Final = {
    "photo_sets": [one.name for one in dataclasses.fields(PhotoSet)],
    "social_medias": [one.name for one in dataclasses.fields(SocialMedia)],
}
_OURS: Final = frozenset({"follower_count", "about_me", "room_status", "display_age", "location"})


class KeptOutError(UnavailableError, UpstreamError):
    """The site shows a room to others, not to this address: no word about the room, and nothing to get round."""


def _says(*words: str) -> Callable[[Answer], bool]:
    return lambda answer: any(word in _detail(answer) for word in words)


def _detail(answer: Answer) -> str:
    """Give what a refusal says, in lower case; empty where it is no JSON."""
    try:
        body = json.loads(answer.body)
    except (ValueError, RecursionError):
        return ""
    said = [body.get("detail"), body.get("code")] if isinstance(body, dict) else []
    return " ".join(one for one in said if isinstance(one, str)).lower()


TERMS: Final = Terms(
    name="the site",
    token="[profiles]",  # noqa: S106 - it has none: the table of its settings
    rules=(
        Rule(range(401, 402), KeptOutError, "the site shows the room of {about} to nobody without its password",
             _says("password")),
        Rule(range(401, 402), KeptOutError, "the site does not show {about} to your region or address:"
             " mhc works around no block", _says("access-denied", "region")),
        Rule(range(401, 402), KeptOutError, "the site does not show {about} without a log-in ({status})"),
        Rule(range(404, 405), NotKnownError, "the site has no profile of {about}"),
        Rule(range(429, 430), ThrottledError, "the site asks to slow down ({status})"),
    ),
    cooldown=60,
    tries=1,  # three refusals in a row end a run, and each counts
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Fetched:
    """One profile: `said` names the fields of which it says something, also that they are not set.

    `payload` is what is kept of the answer: the fields that are read, and nothing else.
    """

    profile: Profile
    said: frozenset[str]
    payload: bytes
    problems: tuple[str, ...] = ()


def read(
    answer: Answer, *, about: str = "the room", zone: tzinfo = SITE_ZONE, now: float | None = None
) -> Fetched:
    """Read an answer; that a room was deleted or banned is one, too. Raises UpstreamError, without the answer in it."""
    try:
        gone = _gone(answer)
        if gone is not None:
            payload = json.dumps({"gone": gone}).encode()
            return Fetched(Profile(gone=gone), frozenset({"gone"}), payload)
        judge(TERMS, answer, about, time.time() if now is None else now)
        body = decode_loosely(TERMS, answer)
        if not isinstance(body, dict) or len(_OURS & body.keys()) < 2:
            raise broken(TERMS, answer, "has none of the known fields")
    except UpstreamError as error:
        if isinstance(error, DataError):
            error.answer = None  # it would be put aside as it is, with whatever name is in it
        raise
    return read_object(body, zone=zone)


def _gone(answer: Answer) -> str | None:
    if answer.status != 401:
        return None
    said = _detail(answer)
    return next((word for word in ("deleted", "banned") if word in said), None)


def read_object(body: Mapping[str, Any], *, zone: tzinfo = SITE_ZONE, markup: bool = True) -> Fetched:
    """Read an object with the keys of a profile, as far as they are there; `markup`: long texts are HTML."""
    known = {name: _plainer(name, value, markup) for name, value in body.items() if name in _FIELDS}
    reading = fields.Reading(zone, [])
    found = fields.read(Profile, known, reading, "it")
    assert found is not None
    profile = replace(
        found,
        follower_count=_count(found.follower_count, reading, "follower_count"),
        display_age=found.display_age if YOUNGEST <= (found.display_age or 0) <= OLDEST else None,
        fan_club_cost=_price(found.fan_club_cost, reading, "fan_club_cost"),
        private_show_price=_price(found.private_show_price, reading, "private_show_price"),
        private_min_minutes=_price(found.private_min_minutes, reading, "private_min_minutes"),
        spy_private_show_price=_price(found.spy_private_show_price, reading, "spy_private_show_price"),
    )
    said = {name for name, value in known.items() if _is_said(name, value, getattr(profile, name))}
    payload = json.dumps(_kept(known), sort_keys=True, ensure_ascii=True).encode()
    return Fetched(profile, frozenset(said | {"gone"}), payload, tuple(reading.problems))


def _plainer(name: str, value: Any, markup: bool) -> Any:
    """Give a value without what has no place in it: -1 for never, and tags."""
    if name == "last_broadcast" and value in _NEVER:
        return None
    return plain(value) if markup and name in _HTML and isinstance(value, str) else value


def _is_said(name: str, value: Any, read_as: Any) -> bool:
    """Whether a value says something: what does not fit, or cannot be, is no word that nothing is set."""
    if name == "display_age" and read_as is None:
        return value is None  # the one field whose null is that it is not set
    return read_as is not None or value in ("", 0, [])


def _count(value: int | None, reading: fields.Reading, at: str) -> int | None:
    if value is None or 0 <= value < _MOST:
        return value
    reading.misfit(f"it.{at}", value, "a count")
    return None


def _price(value: int | None, reading: fields.Reading, at: str) -> int | None:
    """Give a price; 0 is the site's way to say that there is none."""
    return _count(value, reading, at) or None


def _kept(known: Mapping[str, Any]) -> dict[str, Any]:
    """Give what is kept of an answer: of objects only what is read of them."""
    return {name: _parts(name, value) for name, value in known.items()}


def _parts(name: str, value: Any) -> Any:
    if not isinstance(value, list):
        return None if isinstance(value, dict) else value
    if name in _PARTS:
        return [{key: one.get(key) for key in _PARTS[name]} for one in value if isinstance(one, dict)]
    return [one for one in value if isinstance(one, str)]


class ProfileClient:
    """The profiles, as anybody sees them."""

    def __init__(
        self,
        base_url: str,
        pacer: Pacer,
        *,
        wait_scale: float = 1.0,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._api = Api(TERMS, base_url, pacer, wait_scale=wait_scale, clock=clock)
        self._clock = clock

    def fetch(self, name: str, *, zone: tzinfo = SITE_ZONE) -> Fetched:
        """Ask about one room by its checked name, no sooner than five seconds after the last. Raises UpstreamError."""
        request = Request(PATH.format(name), about=name)
        return self._api.ask(
            request, (_APART, _EVERY), lambda answer: read(answer, about=name, zone=zone, now=self._clock())
        )

    def stop(self) -> None:
        """Break what is under way. May be called from another thread."""
        self._api.stop()

    def close(self) -> None:
        """Close the connection."""
        self._api.close()
