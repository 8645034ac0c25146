"""Pasted lines as events: in the shape that the API has, under an id that the same line always gets."""

import hashlib
import json
from collections import Counter
from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from typing import NamedTuple

from mhc.domain.clock import to_ms
from mhc.domain.events import Event, parse_event, pasted_id
from mhc.domain.paste_lines import PRIVATE, LeftOut, Said

_AHEAD = timedelta(minutes=10)  # clocks differ


class Pasted(NamedTuple):
    """A line that may be kept, and the event that it is."""

    said: Said
    event: Event


def events_of(
    lines: Iterable[Said | LeftOut], room: str, *, partner: str | None, now: datetime
) -> Iterator[Pasted | LeftOut]:
    """Give the event of each line; `partner` is whom the owner's own private lines are to (None: nobody knows).

    A line is the same as another where who said it, when, and what are the same. Equal lines of one paste are told
    apart by their number among their equals, and so are equal tips of one second: none is lost, and the same paste
    again gives the same ids. The owner's lines carry no name in their id, so that a renamed room keeps them.
    """
    equals: Counter[str] = Counter()
    for one in lines:
        if isinstance(one, LeftOut):
            yield one
            continue
        line = one._replace(owner=one.owner or one.username == room)
        if line.at is not None and line.at > now + _AHEAD:
            yield LeftOut(line.number, "in the future", line.text or "")
        elif line.method == PRIVATE and line.owner and partner is None:
            yield LeftOut(line.number, "partner unknown", line.text or "")
        else:
            yield Pasted(line, _event(line, room, partner, equals))


def _event(line: Said, room: str, partner: str | None, equals: Counter[str]) -> Event:
    receiver = (partner if line.owner else room) if line.method == PRIVATE else None
    ms = 0 if line.at is None else to_ms(line.at)
    actor, told = (None if name == room else name for name in (line.username, receiver))
    facts = [line.method, line.owner, actor, told, line.tokens, line.text, ms]
    key = json.dumps(facts)
    equals[key] += 1
    digest = hashlib.sha256(f"{key}{equals[key]}".encode()).hexdigest()[:32]
    sender = room if line.owner else line.username
    body = {"method": line.method, "object": _payload(line, room, sender, receiver)}
    made = pasted_id(ms, digest)
    body |= {"id": made.text, "source": "paste"}
    return parse_event(body, json.dumps(body).encode(), made)


def _payload(line: Said, room: str, sender: str | None, receiver: str | None) -> dict[str, object]:
    payload: dict[str, object] = {"broadcaster": room}
    if sender is not None:
        payload["user"] = {"username": sender}
    if line.tokens is not None:
        payload["tip"] = {"tokens": line.tokens, "isAnon": sender is None, "message": line.text or ""}
        return payload
    message: dict[str, object] = {"message": line.text}
    if receiver is not None:
        message |= {"fromUser": sender, "toUser": receiver}
    payload["message"] = message
    return payload


def only_other(lines: Iterable[Said | LeftOut], room: str) -> str | None:
    """Give the one person beside the owner whom private lines name; None where there is none, or several."""
    others = {line.username for line in lines if isinstance(line, Said) and not line.owner} - {room, None}
    return others.pop() if len(others) == 1 else None
