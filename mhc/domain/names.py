"""Usernames: what a person types, and what an upstream sends."""

import re
from collections.abc import Iterable

from mhc.domain.text import clean
from mhc.patterns import Pattern

PLATFORM = "chaturbate"
# The feed's name for every visitor who is not logged in (contract events 1.4): counted, never a person.
GUEST = "Anonymous"

_SITE = Pattern(r"(?:https?://)?(?:[a-z]{2,3}\.|www\.)?chaturbate\.com/", re.IGNORECASE)
_USERNAME = Pattern(r"[a-z0-9_]{1,25}")
_MAX_UPSTREAM = 64
_CONTROL = Pattern(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")


class UsernameError(ValueError):
    """A text that cannot be a username."""


def parse_username(text: str) -> str:
    """Give the username in a name, an @name, a /b/name/ path or a room URL, lower-cased.

    Raises UsernameError with a sentence that names the text.
    """
    name = text.strip()
    name = _SITE.sub("", name, count=1) if _SITE.match(name) else name
    name = name.lstrip("@/")
    name = name.removeprefix("b/")
    for rest in "/?#":
        name = name.partition(rest)[0]
    name = name.lower()
    if not _USERNAME.fullmatch(name):
        message = f"{text[:60]!r} is not a username: 1 to 25 letters, digits or _"
        raise UsernameError(message)
    return name


def username_from_upstream(value: object) -> str | None:
    """Give the name an upstream sent, trimmed and lower-cased, on one line; None for no name or a guest.

    Not held to the rule for typed names: an event whose name looks odd is kept with its person all the same.
    """
    if not isinstance(value, str) or value == GUEST:
        return None
    name = clean(value)
    if not name.isprintable():
        name = _CONTROL.sub("\ufffd", name.strip())
    return name.strip().lower()[:_MAX_UPSTREAM].rstrip() or None


def is_upstream_name(name: str) -> bool:
    """Say whether a name is one that is kept as it stands when an upstream sends it."""
    return username_from_upstream(name) == name


def is_typed_name(name: str) -> bool:
    """Say whether a name is one that a person could type, and a source be asked about."""
    return _USERNAME.fullmatch(name) is not None


def near_matches(name: str, known: Iterable[str]) -> list[str]:
    """Give up to three known names that look like `name`, best first."""
    import difflib  # where a name is wrong, and nowhere else

    return difflib.get_close_matches(name, list(known), n=3, cutoff=0.6)
