"""What the feed of rooms can be asked for (contract affiliate 2.1): words are repeated keys, never lists."""

import ipaddress
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from mhc.domain.text import encode
from mhc.errors import UsageError

PATH: Final = "/api/public/affiliates/onlinerooms/"
MOST_PER_PAGE: Final = 500
_MOST_TAGS: Final = 5
_OUR_ADDRESS: Final = "request_ip"
GENDERS: Final = {"female": "f", "male": "m", "trans": "t", "couple": "c"}
REGIONS: Final = ("asia", "europe_russia", "northamerica", "southamerica", "other")


@dataclass(frozen=True, slots=True, kw_only=True)
class Query:
    """Which rooms to ask for. `client_ip` is a viewer's address: rooms that block their country are left out.

    `exclude_genders` and `embed_video_only` are seen in clients, and documented nowhere.
    """

    client_ip: str = _OUR_ADDRESS
    limit: int = MOST_PER_PAGE
    offset: int = 0
    exhibitionist: bool | None = None
    genders: tuple[str, ...] = ()
    regions: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    hd: bool | None = None
    embed_video_only: bool = False
    exclude_genders: tuple[str, ...] = ()


def params(query: Query) -> tuple[tuple[str, str], ...]:
    """Give the parameters, but for the affiliate's code. Raises UsageError for what the API does not take."""
    return tuple(_params(query))


def _params(query: Query) -> Iterator[tuple[str, str]]:
    yield "client_ip", _address(query.client_ip)
    yield "format", "json"
    yield "limit", _within("limit", query.limit, 1, MOST_PER_PAGE)
    yield "offset", _within("offset", query.offset, 0, 10_000_000)
    if query.exhibitionist is not None:
        yield "exhibitionist", _flag(query.exhibitionist)
    for word in query.genders:
        yield "gender", _letter(word)
    for word in query.regions:
        if word not in REGIONS:
            raise UsageError(encode(f"the feed knows no region {word!r}: {', '.join(REGIONS)}"))
        yield "region", word
    if len(query.tags) > _MOST_TAGS:
        raise UsageError(f"the feed takes {_MOST_TAGS} tags at most, not {len(query.tags)}")
    for tag in query.tags:
        yield "tag", tag.strip().lstrip("#").lower()
    if query.hd is not None:
        yield "hd", _flag(query.hd)
    if query.embed_video_only:
        yield "embed_video_only", "1"
    for word in query.exclude_genders:
        yield "exclude_genders", _letter(word)


def _flag(value: bool) -> str:
    return "true" if value else "false"


def _letter(word: str) -> str:
    if word not in GENDERS:
        raise UsageError(encode(f"the feed knows no gender {word!r}: {', '.join(GENDERS)}"))
    return GENDERS[word]


def _address(text: str) -> str:
    try:
        return text if text == _OUR_ADDRESS else str(ipaddress.ip_address(text))
    except ValueError:
        raise UsageError(encode(f"{text!r} is no address: IPv4, IPv6 or {_OUR_ADDRESS}")) from None


def _within(name: str, value: int, least: int, most: int) -> str:
    if not least <= value <= most:
        raise UsageError(f"{name} is {least} to {most}, not {value}")
    return str(value)
