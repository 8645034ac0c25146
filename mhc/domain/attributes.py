"""Attributes of people: keys, kinds and values."""

from datetime import date
from decimal import Decimal, InvalidOperation
from enum import StrEnum
from typing import Final, NamedTuple

from mhc.domain.text import clean
from mhc.patterns import Pattern

LONGEST = 500  # characters of a value
_KEY = Pattern(r"[a-z][a-z0-9_]{0,63}")
_FLAGS: Final = {"yes": "yes", "true": "yes", "on": "yes", "1": "yes", "no": "no", "false": "no", "off": "no", "0": "no"}  # fmt: skip


class Kind(StrEnum):
    """What the values of a key are."""

    FLAG = "flag"
    TEXT = "text"
    NUMBER = "number"
    DATE = "date"


class Confidence(StrEnum):
    """How sure a value is."""

    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"


class Key(NamedTuple):
    """A key: what it is called, and what its values are."""

    key: str
    label: str
    kind: str


KNOWN: Final = {
    one.key: one
    for one in (
        Key("banned_me", "Banned me", Kind.FLAG),
        Key("banned_by_me", "Banned by me", Kind.FLAG),
        Key("room_banned", "Banned from the room", Kind.FLAG),
        Key("had_interaction", "Had interaction", Kind.FLAG),
        Key("location", "Location", Kind.TEXT),
        Key("language", "Language", Kind.TEXT),
        Key("preference", "Preference", Kind.TEXT),
    )
}


def parse_key(text: str) -> str:
    """Give a key as it is kept. Raises ValueError for what is no lower-case word."""
    if not _KEY.fullmatch(text):
        raise ValueError(f"{text[:64]!r} is no key: lower-case letters, digits and _, a letter first")
    return text


def parse_value(kind: str, text: str) -> str:
    """Give a value as it is kept: yes or no, a text, a plain number, a date (2026-03-01). Raises ValueError."""
    wanted = " ".join(clean(text).split())
    if not wanted or len(wanted) > LONGEST:
        raise ValueError(f"a value has 1 to {LONGEST} characters")
    match kind:
        case Kind.FLAG:
            if wanted.lower() not in _FLAGS:
                raise ValueError(f"{wanted[:60]!r} is neither yes nor no")
            return _FLAGS[wanted.lower()]
        case Kind.NUMBER:
            return _number(wanted)
        case Kind.DATE:
            return _date(wanted)
    return wanted


def _number(text: str) -> str:
    try:
        number = Decimal(text)
    except InvalidOperation:
        number = Decimal("NaN")
    if not text.isascii() or "_" in text or not number.is_finite() or abs(number.adjusted()) > 30:
        raise ValueError(f"{text[:60]!r} is no number")
    plain = f"{number:f}"
    plain = plain.rstrip("0").rstrip(".") if "." in plain else plain
    return "0" if plain == "-0" else plain


def _date(text: str) -> str:
    try:
        return date.fromisoformat(text).isoformat()
    except ValueError:
        raise ValueError(f"{text[:60]!r} is no date: 2026-03-01") from None
