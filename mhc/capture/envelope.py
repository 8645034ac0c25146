"""One answer of the feed, taken apart: its events one by one, whatever one of them holds."""

import hashlib
import json
from dataclasses import dataclass
from typing import Any

import msgspec

from mhc.domain.events import Event, EventId, NotAnEventError, parse_event
from mhc.domain.jsonscan import split_array, split_object

MAX_EVENTS = 50_000
_BOM = b"\xef\xbb\xbf"
_UNMADE = EventId("")  # in the place of an id that has still to be made


class EnvelopeError(Exception):
    """An answer that is not the feed's envelope."""


@dataclass(frozen=True, slots=True)
class Envelope:
    """The parts of an answer."""

    elements: list[bytes]
    next_url: object
    status: str


@dataclass(frozen=True, slots=True)
class Refused:
    """An element that could not become an event."""

    body: bytes
    reason: str


def read_envelope(body: bytes) -> Envelope:
    """Take an answer apart. Raises EnvelopeError."""
    body = body.removeprefix(_BOM)
    try:
        members: dict[str, Any] = msgspec.json.decode(body, type=dict[str, msgspec.Raw])
        parts = {name: bytes(value) for name, value in members.items()}
        events = msgspec.json.decode(parts.get("events") or b"[]", type=list[msgspec.Raw] | None)
        elements = [bytes(one) for one in events or ()]
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError):
        parts, elements = _scan(body)
    if not parts.keys() & {"events", "nextUrl"}:
        raise EnvelopeError("neither events nor a next URL")
    if len(elements) > MAX_EVENTS:
        raise EnvelopeError(f"more than {MAX_EVENTS} events")
    status = _value(parts.get("status"))
    return Envelope(elements, _value(parts.get("nextUrl")), status if isinstance(status, str) else "")


def _scan(body: bytes) -> tuple[dict[str, bytes], list[bytes]]:
    """Take apart an answer that the fast reader refuses, as it does for one lone surrogate anywhere."""
    members = split_object(body)
    if members is None:
        raise EnvelopeError("not a JSON object")
    parts = {name.decode("ascii", "replace"): value for name, value in members.items()}
    events = parts.get("events", b"[]")
    elements = [] if events == b"null" else split_array(events)
    if elements is None:
        raise EnvelopeError("its events are no list")
    return parts, elements


def _value(text: bytes | None) -> object:
    """Read a short value of the envelope; what cannot be read is no cursor."""
    if text is None:
        return None
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return False


def read_events(elements: list[bytes]) -> tuple[list[Event], list[Refused]]:
    """Read each element by itself; give the events, and what could not become one, in order."""
    events: list[Event] = []
    refused: list[Refused] = []
    equals: dict[str, int] = {}
    for raw in elements:
        try:
            event = read_event(raw, _UNMADE)
            events.append(event if event.id is not _UNMADE else event._replace(id=_made_id(raw, equals)))
        except NotAnEventError as error:
            refused.append(Refused(raw, str(error)))
    return events, refused


def read_event(raw: bytes, made_id: EventId) -> Event:
    """Read one element; `made_id` stands in where it has no usable id. Raises NotAnEventError."""
    return parse_event(_decode(raw), raw, made_id)


def _made_id(raw: bytes, equals: dict[str, int]) -> EventId:
    """Make an id from the text, and its place among the page's elements of equal text."""
    digest = hashlib.sha256(raw).hexdigest()[:32]
    equals[digest] = equals.get(digest, 0) + 1
    return EventId(f"h:{digest}:{equals[digest]}")


def _decode(raw: bytes) -> object:
    try:
        return msgspec.json.decode(raw)
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError, ValueError):
        pass
    try:
        # Reads lone surrogates, which the fast reader refuses; what is no JSON stays refused.
        return json.loads(raw.decode(), parse_constant=_refuse_constant)
    except RecursionError:
        raise NotAnEventError("nested too deeply") from None
    except ValueError:
        raise NotAnEventError("not JSON") from None


def _refuse_constant(name: str) -> object:
    message = f"{name} is no JSON"
    raise ValueError(message)
