"""The public feed of rooms of the sandbox, as pages and as the array of its older address."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from ipaddress import ip_address
from typing import Any, Final
from urllib.parse import parse_qs

from mhc.sandbox import reply
from mhc.sandbox.limits import Limit
from mhc.sandbox.reply import Reply
from mhc.sandbox.rooms import Room, on_air
from mhc.sandbox.story import Story

PAGES: Final = "/api/public/affiliates/onlinerooms/"
ARRAY: Final = "/affiliates/api/onlinerooms/"
_MOST: Final = 500
_USUAL: Final = 100
_A_MINUTE: Final = 120
_MOST_TAGS: Final = 5
_KNOWN: Final = frozenset(
    {"wm", "client_ip", "format", "limit", "offset", "exhibitionist", "gender", "region", "tag", "hd"}
    | {"embed_video_only", "exclude_genders"}
)
_REPEATED: Final = frozenset({"gender", "region", "tag", "exclude_genders"})
_HOST: Final = "https://chaturbate.com"
_PICTURES: Final = "https://thumb.live.mmcdn.com"

Given = Mapping[str, Sequence[str]]


class _RefusedError(Exception):
    """A parameter is not taken."""


def said_with(status: int) -> Reply:
    """Give what the site says with a status."""
    if status == 403:
        return reply.cloudflare(403, "Just a moment...")
    return reply.text(status, "Too Many Requests" if status == 429 else "refused", reply.HTML)


class AffiliateApi:
    """Answers to any affiliate, all of them together so many times a minute; `number` is of made-up rooms."""

    def __init__(
        self, story: Story, *, seed: int, number: int, speed: float, clock: Callable[[], float]
    ) -> None:
        self._story, self._seed, self._number = story, seed, number
        self._limit = Limit(_A_MINUTE, 60, speed, clock)
        self._last: tuple[int, list[Room]] = (-1, [])

    def answer(self, path: str, query: str) -> Reply:
        """Give the answer to a GET."""
        given = parse_qs(query, keep_blank_values=True)
        if wait := self._limit.wait("everybody"):
            return reply.with_headers(said_with(429), {"Retry-After": str(wait)})
        try:
            code = _code(given, path)
            if path == ARRAY:
                return reply.array(200, [_older(one, code) for one in self._rooms()])
            _check(given)
            rooms = [one for one in self._rooms() if _is_asked_for(one, given)]
            limit, offset = _number(given, "limit", _USUAL, 1, _MOST), _number(given, "offset", 0, 0, 10**9)
        except _RefusedError as refused:
            return reply.envelope(400, {"detail": str(refused)})
        page = [_row(one, code) for one in rooms[offset : offset + limit]]
        return reply.envelope(200, {"count": len(rooms), "results": page})

    def _rooms(self) -> list[Room]:
        with self._story.now() as (ledger, account):
            if self._last[0] != ledger.now:
                self._last = ledger.now, on_air(ledger, account, self._seed, self._number)
            return self._last[1]


def _code(given: Given, path: str) -> str:
    code = given.get("wm", [""])[-1]
    if not code or (path == PAGES and not given.get("client_ip", [""])[-1]):
        raise _RefusedError("wm and client_ip are required")
    if given.get("format", ["json"])[-1] != "json":
        raise _RefusedError("this sandbox writes json only")
    return code


def _check(given: Given) -> None:
    """Refuse what the API does not have: lists with commas, brackets, unknown words."""
    for name, values in given.items():
        if name not in _KNOWN or (len(values) > 1 and name not in _REPEATED):
            raise _RefusedError(f"{name} is not taken")
    address = given["client_ip"][-1]
    try:
        if address != "request_ip":
            ip_address(address)
    except ValueError:
        raise _RefusedError("client_ip is no address") from None
    wrong = [
        *(set(given.get("gender", [])) - set("fmtc")),
        *(set(given.get("exclude_genders", [])) - set("fmtc")),
    ]
    for name in ("exhibitionist", "hd"):
        wrong += set(given.get(name, [])) - {"true", "false"}
    if wrong or len(given.get("tag", [])) > _MOST_TAGS:
        raise _RefusedError(f"{wrong[0] if wrong else 'so many tags'} is not taken")


def _number(given: Given, name: str, otherwise: int, least: int, most: int) -> int:
    text = given.get(name, [str(otherwise)])[-1]
    if not (text.isascii() and text.isdigit() and least <= int(text) <= most):
        raise _RefusedError(f"{name} is {least} to {most}")
    return int(text)


def _is_asked_for(one: Room, given: Given) -> bool:
    flags = {"exhibitionist": one.exhibits, "hd": one.is_hd}
    return (
        one.gender in given.get("gender", one.gender)
        and one.gender not in given.get("exclude_genders", [])
        and one.region in given.get("region", [one.region])
        and set(given.get("tag", [])) <= set(one.tags)
        and all((given[name][-1] == "true") == is_so for name, is_so in flags.items() if name in given)
    )


def _row(one: Room, code: str) -> dict[str, Any]:
    return {
        "username": one.name,
        "spoken_languages": "English",
        "tags": list(one.tags),
        "current_show": one.show,
        "is_new": one.is_new,
        "num_followers": one.followers,
        "birthday": "",
        "is_hd": one.is_hd,
        "seconds_online": one.seconds,
        "display_name": one.name.replace("_", " "),
        "gender": one.gender,
        "age": one.age,
        "num_users": one.viewers,
        "location": "",
        "country": one.country,
        "room_subject": one.subject,
        "slug": one.name,
        **dict(_addresses(one.name, code)),
    }


def _addresses(name: str, code: str) -> Iterator[tuple[str, str]]:
    for field, folder in (("image_url", "ri"), ("image_url_360x270", "riw")):
        yield field, f"{_PICTURES}/{folder}/{name}.jpg"
    for ending, tour in (("", "BBBB"), ("_revshare", "CCCC")):
        yield f"chat_room_url{ending}", f"{_HOST}/in/?tour={tour}&campaign={code}&track=default&room={name}"
        source = f"{_HOST}/in/?tour={tour}&amp;campaign={code}&amp;track=embed&amp;room={name}"
        yield f"iframe_embed{ending}", f"<iframe src='{source}' height=528 width=850></iframe>"


def _older(one: Room, code: str) -> dict[str, Any]:
    """Give a row as the older address does: another letter, three more fields."""
    more = {"recorded": "false", "block_from_countries": "", "block_from_states": ""}
    return _row(one, code) | {"gender": one.gender.replace("t", "s"), "country": ""} | more
