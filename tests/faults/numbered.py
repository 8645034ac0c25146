"""Numbered events: what the feed of the fault tests consists of, each made from its number alone."""

import json
from random import Random
from typing import Any

ROOM = "example_room"
T0_MS = 1767225600000  # 2026-01-01T00:00:00Z
_A_SECOND = 3  # events of one millisecond, a second apart: the sequence number counts, too
_VIEWERS = 50
_WORDS = ("blue", "green", "lights", "song", "café", "✨", "hello", "goal", "wow", "night", "ß", "please")


def id_of(number: int) -> str:
    """Give the id of an event, which is its cursor, too; number 0 stands before all."""
    second, place = divmod(number, _A_SECOND)
    return f"{T0_MS + second * 1000}-{place}"


def number_of(cursor: str) -> int | None:
    """Give the number of the event that a cursor names; None where it names none."""
    ms, dash, place = cursor.partition("-")
    if not dash or not (ms + place).isascii() or not (ms + place).isdigit():
        return None
    second, rest = divmod(int(ms) - T0_MS, 1000)
    return second * _A_SECOND + int(place) if second >= 0 and rest == 0 and int(place) < _A_SECOND else None


def body_of(number: int, *, pad: int = 0, room: str = ROOM) -> bytes:
    """Give an event as it stands in a page; `pad` makes its text longer by so many characters or some more."""
    method, payload = _happening(number, pad)
    event = {"method": method, "object": {"broadcaster": room, **payload}, "id": id_of(number)}
    return json.dumps(event, ensure_ascii=False, separators=(",", ":")).encode()


def _happening(number: int, pad: int) -> tuple[str, dict[str, Any]]:
    who = {"user": _user(f"viewer_{number % _VIEWERS}")}
    text = _text(number, pad)
    match number % 8:
        case 1 if number == 1:
            return "broadcastStart", {"user": _user(ROOM)}
        case 0 | 3:
            return "tip", who | {"tip": {"tokens": number, "isAnon": number % 16 == 3, "message": text}}
        case 1:
            return "userEnter", who
        case 4:
            said = {"message": text, "fromUser": who["user"]["username"], "toUser": ROOM}
            return "privateMessage", who | {"message": said}
        case 5:
            return "follow", who
        case 7:
            return "userLeave", who
        case _:
            return "chatMessage", who | {"message": {"message": text, "color": "", "font": "default"}}


def _user(name: str) -> dict[str, Any]:
    flags = {"inFanclub": False, "hasTokens": True, "isMod": False, "recentTips": "some", "gender": "m"}
    return {"username": name, **flags}


def _text(number: int, pad: int) -> str:
    chance, text = Random(number), f"number {number}"
    while len(text) < pad:
        text += f" {chance.choice(_WORDS)}"
    return text
