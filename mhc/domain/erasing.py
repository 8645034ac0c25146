"""What is left of events and texts when a person in them is forgotten: the same whoever asks, and however often."""

import hmac
import json
from collections.abc import Callable, Sequence
from hashlib import sha256
from typing import Any

from mhc.domain.events import Event, Flag
from mhc.domain.names import username_from_upstream
from mhc.patterns import Pattern

# In the place of a name. Nobody can have it: it is no username.
WORD = "(forgotten)"
_CHECK = "\0the key of mhc's erasures"  # no name holds a NUL
_WORD = Pattern(r"\w+")

Gone = Callable[[str], bool]  # whether a name, trimmed and in lower case, is to be forgotten


def digest(key: str, name: str) -> str:
    """Give the keyed hash of a name: who has no key cannot even try names out."""
    return hmac.new(key.encode(), name.encode(errors="surrogatepass"), sha256).hexdigest()


def check_value(key: str) -> str:
    """Give what tells one key from another, and nothing else of it."""
    return f"key:{digest(key, _CHECK)}"


def words(text: str) -> set[str]:
    """Give the words of a text that may be names: runs of letters, digits and _, in lower case."""
    return {found[0].lower() for found in _WORD.finditer(text)}


def without(text: str, gone: Gone) -> str:
    """Give a text with WORD in the place of each name that stands in it as a whole word, or is all of it."""
    whole = username_from_upstream(text)
    if whole is not None and gone(whole):
        return WORD
    return _WORD.sub(lambda found: WORD if gone(found[0].lower()) else found[0], text)


def looks_like(names: Sequence[str]) -> Callable[[bytes], bool]:
    """Give a quick look that lets pass all that may hold a name: escapes and letters of other scripts hide one."""
    plain = [name.encode() for name in names]
    sure = all(name.isascii() for name in names)

    def may_hold(raw: bytes) -> bool:
        lower = raw.lower()
        return not sure or b"\\u00" in lower or any(name in lower for name in plain)

    return may_hold


def raw_without(raw: bytes, gone: Gone) -> bytes | None:
    """Give JSON with WORD in the place of names, the same bytes where none is in it; None where it is no JSON."""
    try:
        body = json.loads(raw)
        changed = _value_without(body, gone)
    except (ValueError, RecursionError):
        return None
    return raw if changed == body else json.dumps(changed, separators=(",", ":")).encode()


def _value_without(value: Any, gone: Gone) -> Any:
    if isinstance(value, str):
        return without(value, gone)
    if isinstance(value, list):
        return [_value_without(one, gone) for one in value]
    if isinstance(value, dict):
        return {without(name, gone): _value_without(one, gone) for name, one in value.items()}
    return value


def event_without(one: Event, gone: Gone) -> Event | None:
    """Give an event of others with WORD in the place of names; None where that cannot be."""
    raw = raw_without(one.raw, gone)
    if raw is None:
        return None
    if raw is one.raw:
        return one
    return one._replace(text=None if one.text is None else without(one.text, gone), raw=raw)


def names(one: Event, gone: Gone) -> bool:
    """Whether an event is one of a person who is to be forgotten: they did it, or it was said to them."""
    return any(name is not None and gone(name) for name in (one.actor, one.partner))


def anonymous(one: Event, heir: str | None) -> Event | None:
    """Give what is left of an event of a person who is forgotten: when, what, the amount; and whose the amount is now.

    None where nothing is: it has neither an id of its own nor an amount.
    """
    if one.tokens is None and one.flags & Flag.MADE_ID:
        return None
    actor = heir if one.tokens is not None else None
    payload: dict[str, Any] = {} if one.room is None else {"broadcaster": one.room}
    if actor is not None:
        payload["user"] = {"username": actor}
    if one.anonymous or (one.tokens is not None and one.method != "mediaPurchase"):
        payload["tip"] = {"isAnon": one.anonymous} | ({} if one.tokens is None else {"tokens": one.tokens})
    elif one.tokens is not None:
        payload["media"] = {"tokens": one.tokens}
    body: dict[str, Any] = {"method": one.method, "object": payload}
    if not one.flags & Flag.MADE_ID:
        body["id"] = one.id.text
    raw = json.dumps(body, separators=(",", ":")).encode()
    flags = Flag(int(one.flags) & ~int(Flag.GUEST))
    return one._replace(actor=actor, partner=None, text=None, raw=raw, flags=flags)
