"""Saved pages of the site, read as a profile: a room page by the JSON inside it, a bio page by its labels.

Both give an object with the keys of the public profile's JSON (contract profile 6.2), as far as they are there. Who saved
a page may have been logged in: what it says of them (their name, their balance, their keys) is not looked at.
"""

import json
from collections.abc import Iterator, Mapping
from typing import Any, Final

from mhc.domain.markup import lines_of, name_of, pieces, said
from mhc.domain.names import UsernameError, parse_username
from mhc.patterns import Pattern

_DOSSIER: Final = "initialRoomDossier"
_SET = Pattern(r"""["']?\]?\s*=\s*(JSON\.parse\(\s*)?""")
_LITERAL = Pattern(r'"(?:[^"\\\n]|\\.)*"|' + r"'(?:[^'\\\n]|\\.)*'")
_ESCAPE = Pattern(r"\\(?:u([0-9a-fA-F]{4})|x([0-9a-fA-F]{2})|(.))")
_ESCAPED: Final = {"n": "\n", "r": "\r", "t": "\t", "b": "\b", "f": "\f"}
# Key of the profile → key of the room page.
_OF_ROOM: Final = {
    "room_status": "room_status", "room_title": "room_title", "gender": "broadcaster_gender", "display_age": "age",
    "follower_count": "num_followers", "performer_has_fanclub": "performer_has_fanclub",
    "fan_club_cost": "fan_club_cost", "needs_supporter_to_pm": "needs_supporter_to_pm",
    "allow_private_shows": "allow_private_shows", "private_show_price": "private_show_price",
    "private_min_minutes": "private_min_minutes", "spy_private_show_price": "spy_private_show_price",
}  # fmt: skip
# What a bio page writes before a value → key of the profile; None: not taken, as a real name.
_LABELS: Final[Mapping[str, str | None]] = {
    "real name": None, "followers": "follower_count", "location": "location", "language(s)": "languages",
    "languages": "languages", "language": "languages", "birth date": "display_birthday", "age": "display_age",
    "i am": "sex", "sex": "sex", "interested in": "interested_in", "body type": "body_type",
    "body decorations": "body_decorations", "smoke / drink": "smoke_drink", "smoke/drink": "smoke_drink",
    "about me": "about_me", "wish list": "wish_list", "last broadcast": None, "fan club cost": None,
    "pics & videos": None, "photos & videos": None, "social media": None, "satisfaction score": None,
}  # fmt: skip
_LONG: Final = frozenset({"about_me", "wish_list"})
_MOST_TRIES: Final = 20  # places that may be the one
_FEWEST: Final = 3  # labels that make a page a bio page
_EMPTY: Final = frozenset(
    {"area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "track", "wbr"}
)
_CANONICAL = Pattern(r"""rel\s*=\s*["']?canonical""")
_HREF = Pattern(r"""href\s*=\s*["']?(https?://[^"'\s>]{1,200})""")


class PageError(ValueError):
    """A page that says nothing of a profile: one sentence that says why."""


def is_room_page(page: str) -> bool:
    """Whether a page has the embedded JSON of a room."""
    return _DOSSIER in page


def read_room_page(page: str) -> tuple[str | None, dict[str, Any]]:
    """Give whose page it is, and what it says. Raises PageError."""
    dossier = _dossier(page)
    found = _labelled(page)
    found |= {key: dossier[theirs] for key, theirs in _OF_ROOM.items() if theirs in dossier}
    if not isinstance(dossier.get("broadcaster_username"), str):
        raise PageError("is a room page that does not say whose: its form may have changed")
    return _name(dossier["broadcaster_username"]), found


def read_bio_page(page: str) -> tuple[str | None, dict[str, Any]]:
    """Give whose page it is, where it says so, and what it says. Raises PageError where it is no bio page."""
    found = _labelled(page)
    if len(found) < _FEWEST:
        raise PageError("is neither a profile's JSON, nor a saved room page or bio page")
    return _owner(page), found


def _name(text: str) -> str | None:
    try:
        return parse_username(text)
    except UsernameError:
        return None


def _dossier(page: str) -> dict[str, Any]:
    """Find what is set as the room's JSON: a text that holds it, escaped or not, or the object itself."""
    at = 0
    for _ in range(_MOST_TRIES):
        at = page.find(_DOSSIER, at)
        if at < 0:
            break
        at += len(_DOSSIER)
        begins = _SET.match(page, at)
        if begins is None:
            continue
        text = _LITERAL.match(page, begins.end())
        try:
            if text is None:
                found, _ = json.JSONDecoder(strict=False).raw_decode(page, begins.end())
            else:
                found = json.loads(_unescaped(text[0][1:-1]), strict=False)
        except (ValueError, RecursionError):
            continue
        if isinstance(found, dict):
            return found
    raise PageError("is a room page whose data cannot be read: it was cut, or its form has changed")


def _unescaped(text: str) -> str:
    """Give what a text of JavaScript means; two halves of a character become one."""
    plain = _ESCAPE.sub(
        lambda one: chr(int(one[1] or one[2], 16)) if one[1] or one[2] else _ESCAPED.get(one[3], one[3]), text
    )
    return plain.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")


def _labelled(page: str) -> dict[str, Any]:
    """Give what stands behind each label that is known, the first of each."""
    found: dict[str, Any] = {}
    for label, parts in _behind_labels(page):
        key = _LABELS[label]
        if key is not None and key not in found:
            lines = lines_of(parts)
            found[key] = "\n".join(lines) if key in _LONG else _typed(key, " ".join(lines))
    return found


def _typed(key: str, value: str) -> Any:
    if key == "follower_count":
        return value.replace(",", "").replace(".", "").strip()
    if key == "interested_in":
        return [part for one in value.replace(" and ", ",").split(",") if (part := one.strip())]
    return value


def _behind_labels(page: str) -> Iterator[tuple[str, list[str]]]:
    """Give each label with what stands behind it: up to the next label, or to the end of what holds both."""
    depth, label, parts, until = 0, "", list[str](), 0
    for tag, text in pieces(page):
        if tag is not None:
            if name_of(tag) not in _EMPTY and not tag.startswith(("!", "?")) and not tag.endswith("/"):
                depth += -1 if tag.startswith("/") else 1
            if label and depth < until:
                yield label, parts
                label = ""
        else:
            named, colon, rest = text.partition(":")
            called = " ".join(named.split()).lower()
            if colon and called in _LABELS:
                if label:
                    yield label, parts
                label, parts = called, [rest]
                until = depth if rest.strip() else depth - 1
                continue
        if label:
            parts.append(said(tag, text))
    if label:
        yield label, parts


def _owner(page: str) -> str | None:
    """Give whose page it is, by the address that it gives as its own."""
    at = 0
    while (at := page.find("<link", at)) >= 0:
        ends = page.find(">", at)
        tag = page[at : at if ends < 0 else ends][:1000]
        href = _HREF.search(tag) if _CANONICAL.search(tag) else None
        if href is not None:
            return _name(href[1].split("chaturbate.com/", 1)[-1]) if "chaturbate.com/" in href[1] else None
        at += 5
    return None
