"""Hostile text, as a viewer may write it, and the events and commands that carry it into a database."""

import json
from collections.abc import Iterator

from listening import ROOM, T0_MS

TEXTS = {
    "colour": "\x1b[31mred\x1b[0m",
    "clear screen": "\x1b[2J\x1b[H",
    "link": "\x1b]8;;https://evil.example.net\x1b\\here\x1b]8;;\x1b\\",
    "clipboard": "\x1b]52;c;ZXZpbA==\x07",
    "title": "\x1b]0;owned\x07",
    "C1 CSI": "\x9b31mred",
    "C1 OSC": "\x9d52;c;ZXZpbA==\x9c",
    "carriage return": "honest\rfake line",
    "backspace": "secret\x08\x08\x08\x08\x08\x08public",
    "new lines": "one\ntwo\r\nthree\x0bfour\x0cfive",
    "tabs": "a\tb",
    "delete": "a\x7fb",
    "bell": "\x07",
    "NUL": "a\0b",
    "bidi override": "\u202egnp.exe",
    "bidi isolates": "\u2066a\u2067b\u2068c\u2069",
    "bidi marks": "\u200ea\u200fb\u061cc",
    "tag characters": "hi\U000e0001\U000e0041\U000e007f",
    "zero width": "a\u200bb\u200cc\u200dd\u2060e\ufefff",
    "private use": "\ue000\U000f0000\U0010fffd",
    "noncharacters": "\ufdd0\ufffe\uffff\U0001ffff",
    "high surrogate": "a\ud83d",
    "low surrogate": "\udc00b",
    "line separators": "a\u2028b\u2029c\x85d",
    "blank letters": "\u3164\uffa0\u115f\u034f",
    "variation": "a\ufe0fb\U000e0100",
    "marks": "Z" + "\u0301\u0316\u0327" * 20 + "a",
    "soft hyphen": "a\u00adb",
    "annotation": "\ufff9a\ufffab\ufffb",
    "formula": '=HYPERLINK("http://evil.example.net")',
    "plus": "+1+1",
    "minus": "-1+1",
    "at": "@SUM(1)",
    "pipe": "|calc",
    "percent": "%0A",
    "full-width formula": "\uff1d1\uff0b1",
    "blank formula": " \u00a0\u3000=1+1",
    "hidden formula": "\u200b=1+1",
    "tab formula": "\t=1+1",
    "path": "../../x",
    "option": "-o",
    "long option": "--output=json",
    "percent s": "%s%n%x",
    "braces": "{} {0} {x!r}",
    "shell": "$(id) `id` ; id | id && id",
    "SQL": "'; DROP TABLE event; --",
    "LIKE": "%_\\",
    "JSON": '{"a":[1,"\\u0000"],"b":null}',
    "HTML": "<script>alert(1)</script>",
    "Markdown": "[x](javascript:alert(1)) | a | **b**",
    "quotes": "\"'`\\",
    "backslash": "\\x1b[31m",
    "wide": "漢字" * 40,
    "emoji": "👩\u200d👩\u200d👧 🇩🇪 👍🏽",
    "empty marks": "\u0301",
}  # fmt: skip
# What lists are called.
LISTED = [
    TEXTS[key]
    for key in (
        "colour",
        "C1 OSC",
        "bidi override",
        "new lines",
        "formula",
        "path",
        "option",
        "long option",
        "percent s",
        "braces",
        "shell",
        "SQL",
        "LIKE",
    )
]
# As names these are told apart from each other; what is left of some of them is nothing.
NAMES = {key: text for key, text in TEXTS.items() if text.strip()}


def events() -> Iterator[bytes]:
    """Give events that have each text in every place where the feed has text."""
    for place, text in enumerate(TEXTS.values()):
        user: dict[str, object] = {"username": text}
        payloads: list[tuple[str, dict[str, object]]] = [
            ("chatMessage", {"user": user, "message": {"message": text}}),
            ("privateMessage", {"user": user, "message": {"message": text, "fromUser": text, "toUser": ROOM}}),
            ("privateMessage", {"user": {"username": ROOM}, "message": {"message": text, "fromUser": ROOM, "toUser": text}}),
            ("tip", {"user": user, "tip": {"tokens": 5, "isAnon": False, "message": text}}),
            ("roomSubjectChange", {"subject": text}),
            ("mediaPurchase", {"user": user, "media": {"id": text, "type": text, "name": text, "tokens": 3}}),
            ("userEnter", {"user": {**user, "gender": text, "recentTips": text}}),
            (text, {"user": user}),
        ]  # fmt: skip
        for number, (method, payload) in enumerate(payloads):
            event_id = f"{T0_MS + place * 1000}-{number}"
            yield _event(method, {"broadcaster": ROOM, **payload}, event_id)
        yield _event("follow", {"broadcaster": ROOM, "user": user}, text)
        yield _event(
            "tip", {"broadcaster": text, "user": user, "tip": {"tokens": 1}}, f"{T0_MS + place * 1000}-90"
        )
    yield b'{"no":"event","text":"\x1b[31m\xff\xe2\x80\xae"}'


def typed() -> Iterator[list[str]]:
    """Give commands that put the texts where a person types text; titles for a few of them, since each takes two."""
    for place, text in enumerate(TEXTS.values()):
        if "\0" in text or any(0xD800 <= ord(c) < 0xE000 for c in text):
            continue  # no process can be given such a word
        yield ["note", "add", "--category", "tips", "--", "viewer_one", text]
        if text in LISTED:
            yield ["watchlist", "add", "--create", "--note", text, "--", f"list {text}", "viewer_one"]
        if place % 6 == 0:
            yield ["session", "start", "--at", "3h ago", "--title", text]
            yield ["session", "stop", "--at", "2h ago"]


def profiles() -> Iterator[dict[str, object]]:
    """Give what a room says of itself: every text in every place of a public profile, as text and as HTML."""
    texts = list(TEXTS.values())
    places = ("location", "languages", "body_type", "sex", "display_birthday", "about_me", "wish_list")
    for start in range(0, len(texts), 10):
        some = texts[start : start + 10]
        said = {place: some[number % len(some)] for number, place in enumerate(places)}
        sets = [{"name": one, "tokens": 1} for one in some]
        links = [{"title_name": one, "link": f"/external_link/?url={one}"} for one in some]
        yield said | {"follower_count": 5, "photo_sets": sets, "social_medias": links, "interested_in": some}


def _event(method: str, payload: dict[str, object], event_id: str) -> bytes:
    return json.dumps({"method": method, "object": payload, "id": event_id}).encode()
