"""Events of the Events API as values: what one means, whatever shape it came in (contract events 1.4)."""

import json
import re
from collections.abc import Mapping
from enum import IntFlag
from typing import NamedTuple

from mhc.domain.names import GUEST, username_from_upstream
from mhc.domain.text import clean

# Fixed numbers: the database stores them (table event_method), so they are never reused.
METHODS = {
    1: "broadcastStart",
    2: "broadcastStop",
    3: "chatMessage",
    4: "privateMessage",
    5: "fanclubJoin",
    6: "follow",
    7: "unfollow",
    8: "mediaPurchase",
    9: "roomSubjectChange",
    10: "tip",
    11: "userEnter",
    12: "userLeave",
}
# Short words for --events, beside the API's own names.
ALIASES = {
    "start": "broadcastStart",
    "stop": "broadcastStop",
    "chat": "chatMessage",
    "pm": "privateMessage",
    "fanclub": "fanclubJoin",
    "media": "mediaPurchase",
    "subject": "roomSubjectChange",
    "enter": "userEnter",
    "leave": "userLeave",
}
MAX_TOKENS = 2**31 - 1
_ID_MS_FROM = 10**12  # smaller numbers are not milliseconds: one mock server counts in seconds
_MAX_ID_MS = 253_402_300_799_999  # the last millisecond a datetime can show
_MAX_ID = 255
_ID = re.compile(r"(\d{13,15})(?:-(\d{1,9}))?")
_PASTED_ID = re.compile(r"p:(0|\d{13,15}):[0-9a-f]{32}")
_UNDATED = "p:0:"
_PASTED_LENGTH = len(_UNDATED) + 32


def method_named(word: str) -> str | None:
    """Give the method that a word stands for; a name of the API's form is taken as it is, since the feed may grow."""
    method = ALIASES.get(word, word)
    return None if method not in METHODS.values() and (word.islower() or not word.isalpha()) else method


class Flag(IntFlag):
    """What the database keeps of an event beside its columns."""

    NONE = 0
    ANONYMOUS = 1  # a tip whose sender asked not to be named
    GUEST = 2  # a visitor who is not logged in
    MADE_ID = 4  # the feed gave no usable id: this one is made from its text
    UNCOUNTED = 8  # a pasted line that was, or may have been, captured live: it counts in no figure
    EMPTIED = 16  # the retention policy took its words, and all else but what, who and when


_FLAGS = tuple(map(Flag, range(32)))  # by number: to combine flags is slow
_EMPTIED = "emptied"  # stands in the body of an event that was emptied; the feed has no such member
_ANONYMOUS = int(Flag.ANONYMOUS)
_NOTHING: Mapping[str, object] = {}


class EventId(NamedTuple):
    """An event's identity: the API's own text, and the numbers in it that give time and order."""

    text: str
    ms: int = 0  # epoch milliseconds; 0 where the id does not say
    seq: int = 0

    @property
    def rest(self) -> str:
        """What the numbers do not say: nothing, or the whole text of an id of another form."""
        return "" if self.text == f"{self.ms}-{self.seq}" else self.text

    @property
    def undated(self) -> bool:
        """Whether it is of a pasted line that says no time: it happened, but nobody knows when."""
        return len(self.text) == _PASTED_LENGTH and self.text.startswith(_UNDATED)


def id_text(ms: int, seq: int, rest: str) -> str:
    """Give an event's id as the API wrote it."""
    return rest or f"{ms}-{seq}"


class Event(NamedTuple):
    """One event, read leniently: what is missing or of another shape is None. A tuple, since there are millions."""

    id: EventId
    method: str
    room: str | None  # the payload's broadcaster; None outside a room
    actor: str | None
    partner: str | None  # the other side of a private message
    tokens: int | None
    text: str | None
    flags: Flag
    raw: bytes

    @property
    def anonymous(self) -> bool:
        """Whether the sender asked not to be named."""
        return bool(int(self.flags) & _ANONYMOUS)


class NotAnEventError(ValueError):
    """What came in the feed and cannot become an event."""


def pasted_id(ms: int, digest: str) -> EventId:
    """Give the id of a pasted line: when it was said (0: nobody knows), and what makes it one of its own."""
    return EventId(f"p:{ms}:{digest}", ms)


def parse_id(value: object) -> EventId | None:
    """Read the API's event id, `<epoch ms>-<seq>`, or a pasted line's; None where it is no usable text."""
    if not isinstance(value, str) or not 0 < len(value) <= _MAX_ID or not value.isprintable():
        return None
    if value.startswith("p:") and (pasted := _PASTED_ID.fullmatch(value)) and int(pasted[1]) <= _MAX_ID_MS:
        return EventId(value, int(pasted[1]))
    found = _ID.fullmatch(value) if value.isascii() else None
    if found and _ID_MS_FROM <= (ms := int(found[1])) <= _MAX_ID_MS:
        return EventId(value, ms, int(found[2] or 0))
    return EventId(value)


def parse_event(body: object, raw: bytes, made_id: EventId) -> Event:
    """Read one element of `events`; `made_id` stands in where it has no usable id of its own.

    Raises NotAnEventError where it is no object, has no method, or has neither an id nor a readable payload.
    """
    if not isinstance(body, dict):
        raise NotAnEventError("not a JSON object")
    method = body.get("method")
    if not isinstance(method, str) or not method.strip():
        raise NotAnEventError("no method")
    payload = _mapping(body.get("object"))
    user = _mapping(payload.get("user"))
    tokens = _tokens(payload)
    event_id = parse_id(body.get("id"))
    if event_id is None and tokens is None and not isinstance(user.get("username"), str):
        raise NotAnEventError("neither an id nor a readable payload")
    actor, partner = _people(method, payload, user)
    tip = _mapping(payload.get("tip"))
    # Whatever else it says hides the name: a mask errs towards hiding.
    anonymous = tip.get("isAnon") not in (False, None)
    guest = user.get("username") == GUEST
    return Event(
        id=event_id or made_id,
        method=clean(method.strip())[:64],
        room=username_from_upstream(payload.get("broadcaster")),
        actor=actor,
        partner=partner,
        tokens=tokens,
        text=_text(payload, tip),
        flags=_FLAGS[anonymous * 1 + guest * 2 + (event_id is None) * 4 + (body.get(_EMPTIED) is True) * 16],
        raw=raw,
    )


def emptied(one: Event) -> Event:
    """Give an event without its words: its body says who did what when, and no more. It reads as it did but for them."""
    payload: dict[str, object] = {
        "broadcaster": one.room,
        "user": {"username": GUEST if one.flags & Flag.GUEST else one.actor or ""},
    }
    if one.method == "privateMessage":
        payload["message"] = {"fromUser": one.actor, "toUser": one.partner}
    if one.tokens is not None or one.anonymous:
        payload["tip"] = {"tokens": one.tokens, "isAnon": one.anonymous}
    body: dict[str, object] = {"method": one.method, "object": payload, _EMPTIED: True}
    if not one.flags & Flag.MADE_ID:
        body["id"] = one.id.text
    raw = json.dumps(body, separators=(",", ":")).encode()
    return one._replace(text=None, flags=one.flags | Flag.EMPTIED, raw=raw)


def _mapping(value: object) -> Mapping[str, object]:
    return value if isinstance(value, dict) else _NOTHING


def _tokens(payload: Mapping[str, object]) -> int | None:
    """Give the whole amount of a tip or a purchase; None where it is not a whole number >= 0."""
    value = _mapping(payload.get("tip")).get("tokens", _mapping(payload.get("media")).get("tokens"))
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= MAX_TOKENS:
        return None
    return value


def _people(
    method: str, payload: Mapping[str, object], user: Mapping[str, object]
) -> tuple[str | None, str | None]:
    """Give who did it and, for a private message, whom it was between."""
    actor = username_from_upstream(user.get("username"))
    if method != "privateMessage":
        return actor, None
    message = _mapping(payload.get("message"))
    sender = username_from_upstream(message.get("fromUser")) or actor
    receiver = username_from_upstream(message.get("toUser"))
    return sender, receiver if receiver != sender else None


def _text(payload: Mapping[str, object], tip: Mapping[str, object]) -> str | None:
    """Give the words of an event: a message, a tip's note, a subject, a title; None where there are none."""
    for value in (
        _mapping(payload.get("message")).get("message"),
        tip.get("message"),
        payload.get("subject"),
        _mapping(payload.get("media")).get("name"),
    ):
        if isinstance(value, str) and value:
            return clean(value)
    return None
