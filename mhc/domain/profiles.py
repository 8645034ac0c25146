"""Public profiles: what a room says of itself, and what of it is kept as history, field by field (contract profile)."""

import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from mhc.domain.links import KINDS, LONGEST, parse_link, unwrapped
from mhc.domain.text import clean

YOUNGEST, OLDEST = (
    18,
    69,
)  # by age: the site has adults only, and from 70 on nobody means it (contract profile 6.2)
_MOST_PARTS: Final = 200  # photo sets or links of one profile
_LONGEST_VALUE: Final = 20_000


@dataclass(frozen=True, slots=True)
class PhotoSet:
    """A set of photos or a video, and what it costs; 0 tokens: nothing."""

    name: str | None
    tokens: int | None
    is_video: bool | None
    fan_club_only: bool | None


@dataclass(frozen=True, slots=True)
class SocialMedia:
    """A link of a profile; one that costs tokens leads nowhere before it is bought."""

    title_name: str | None
    link: str | None
    tokens: int | None


@dataclass(frozen=True, slots=True)
class Profile:
    """What a profile says; None is not set, not said, or nothing that can be. There is no real name in it."""

    follower_count: int | None = None
    last_broadcast: datetime | None = None
    room_status: str | None = None
    room_title: str | None = None
    gender: str | None = None
    sex: str | None = None
    subgender: str | None = None
    display_age: int | None = None
    display_birthday: str | None = None
    location: str | None = None
    languages: str | None = None
    interested_in: tuple[str, ...] | None = None
    body_type: str | None = None
    body_decorations: str | None = None
    smoke_drink: str | None = None
    about_me: str | None = None
    wish_list: str | None = None
    performer_has_fanclub: bool | None = None
    fan_club_cost: int | None = None
    needs_supporter_to_pm: bool | None = None
    allow_private_shows: bool | None = None
    private_show_price: int | None = None
    private_min_minutes: int | None = None
    spy_private_show_price: int | None = None
    photo_sets: tuple[PhotoSet, ...] | None = field(default=None)
    social_medias: tuple[SocialMedia, ...] | None = field(default=None)
    gone: str | None = None  # deleted or banned, as the site says


# What is kept as history: what moves by the hour is no change of a profile, and stands in readings. `kept_out` is that
# the site does not show the room to this address.
FIELDS: Final[Mapping[str, type]] = {
    "gone": str, "kept_out": bool, "gender": str, "sex": str, "subgender": str, "display_age": int, "display_birthday": str,
    "location": str, "languages": str, "interested_in": list, "body_type": str, "body_decorations": str,
    "smoke_drink": str, "about_me": str, "wish_list": str, "performer_has_fanclub": bool, "fan_club_cost": int,
    "needs_supporter_to_pm": bool, "allow_private_shows": bool, "private_show_price": int,
    "private_min_minutes": int, "spy_private_show_price": int, "photo_sets": list, "social_medias": list,
}  # fmt: skip


def values_of(profile: Profile, said: Collection[str]) -> dict[str, str | None]:
    """Give the text of each field of which a profile says something; None: that it is not set."""
    return {name: _written(getattr(profile, name)) for name in FIELDS if name in said}


def read_value(name: str, value: str | None) -> Any:
    """Give a field's value as its kind, from the text that is kept."""
    kind = FIELDS.get(name, str)
    if value is None or kind is str:
        return value
    return json.loads(value)


def _written(value: Any) -> str | None:
    if value is None or value == ():
        return None
    if isinstance(value, str):
        return clean(value)[:_LONGEST_VALUE]
    if isinstance(value, tuple):
        return json.dumps(sorted({_part(one) for one in value[:_MOST_PARTS]}), ensure_ascii=False)
    return json.dumps(value)


def _part(one: Any) -> str:
    if isinstance(one, str):
        return _line(one)
    name = one.name if isinstance(one, PhotoSet) else one.title_name
    said = [] if one.tokens is None else [f"{one.tokens} tokens" if one.tokens else "free"]
    if isinstance(one, PhotoSet):
        said += ["video"] if one.is_video else []
        said += ["fan club only"] if one.fan_club_only else []
    more = f" ({', '.join(said)})" if said else ""
    return _line(f"{name or 'without a name'}{more}")


def _line(text: str) -> str:
    """Give a part on one line: an escape in JSON would stand at its words as if it were a letter of theirs."""
    return clean(" ".join("".join(max(c, " ") for c in text).split()))[:LONGEST]


def links_of(profile: Profile) -> list[tuple[str, str]]:
    """Give the links of a profile that lead somewhere else: kind and address, each once."""
    found: dict[tuple[str, str], None] = {}
    for one in (profile.social_medias or ())[:_MOST_PARTS]:
        address = unwrapped(one.link or "")
        kind = next((kind for kind in KINDS if address and _is_of(kind, address)), "other")
        try:
            found[kind, parse_link(kind, address or "")] = None
        except ValueError:  # no address, or the platform's own
            continue
    return list(found)


def _is_of(kind: str, address: str) -> bool:
    """Whether an address is of a kind that can be told by it."""
    if not (KINDS[kind].hosts or kind == "amazon_wishlist"):
        return False
    try:
        parse_link(kind, address)
    except ValueError:
        return False
    return True
