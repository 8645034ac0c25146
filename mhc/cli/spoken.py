"""An event as one line for a person: when, who, what, how many tokens."""

from datetime import tzinfo
from typing import TYPE_CHECKING

from mhc.cli.table import HIDDEN, width
from mhc.domain.clock import EPOCH
from mhc.domain.text import encode

if TYPE_CHECKING:
    from mhc.store.events import StoredEvent

_VERBS = {
    "broadcastStart": "is live",
    "broadcastStop": "stopped",
    "fanclubJoin": "joined the fan club",
    "follow": "follows",
    "unfollow": "unfollowed",
    "userEnter": "came in",
    "userLeave": "left",
}
_OF_THE_ROOM = frozenset({"broadcastStart", "broadcastStop", "roomSubjectChange"})
_NAME = 20  # columns


def line(event: "StoredEvent", tz: tzinfo, *, hidden: bool = False) -> str:
    """Give an event as a line for a person: time, who, what, tokens; `hidden` leaves out words and amounts."""
    at = "--:--:--" if event.at == EPOCH else event.at.astimezone(tz).strftime("%H:%M:%S")
    who = encode(event.actor or _nobody(event), limit=64)
    return f"{at}  {who}{' ' * (_NAME - width(who))} {_said(event, hidden=hidden)}".rstrip()


def _nobody(event: "StoredEvent") -> str:
    """Name who did what has no name: the room itself, someone who asked not to be named, or who is not logged in."""
    if event.method in _OF_THE_ROOM:
        return event.room or "?"
    return "(anonymous)" if event.anonymous else "(guest)"


def _said(event: "StoredEvent", *, hidden: bool) -> str:
    text = encode(event.text or "", limit=500) if not (hidden and event.text) else HIDDEN
    tokens = HIDDEN if hidden else "?" if event.tokens is None else f"{event.tokens:,}"
    if event.method == "tip":
        amount = "an unreadable amount" if event.tokens is None else f"{tokens} tk"
        return f"tipped {amount}{'  ' + text if text else ''}"
    if event.method == "mediaPurchase":
        return f"bought {text or 'media'} for {tokens} tk"
    if event.method == "privateMessage":
        return f"→ {encode(event.partner or '?', limit=64)} (private){': ' + text if text else ''}"
    if event.method == "roomSubjectChange":
        return f"subject: {text}"
    if event.method == "chatMessage":
        return f": {text}"
    return _VERBS.get(event.method, encode(event.method, limit=64))
