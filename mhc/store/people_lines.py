"""The lines of `mhc import people`: what each may hold, and how it is read. JSON, one person a line."""

from dataclasses import dataclass, replace
from datetime import date, datetime, tzinfo
from functools import partial
from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta, Struct

from mhc.domain import erasing
from mhc.domain.attributes import Key, parse_value
from mhc.domain.links import KINDS, parse_link
from mhc.domain.names import UsernameError, parse_username
from mhc.domain.notes import Category
from mhc.domain.paste_times import read_stamp
from mhc.domain.relationship import Role as Related
from mhc.domain.relationship import Status
from mhc.domain.text import clean
from mhc.domain.times import start_of_day

MAX_BYTES = 1024 * 1024  # of one line

Body = Annotated[str, Meta(min_length=1, max_length=100_000)]
Short = Annotated[str, Meta(min_length=1, max_length=64)]
Rating = Annotated[int, Meta(ge=1, le=5)]


class LineError(ValueError):
    """A line that does not fit; its text says why."""


class Note(Struct, frozen=True, forbid_unknown_fields=True):
    """A note."""

    body: Body
    category: Category = "notes"
    happened_at: str | None = None


class Link(Struct, frozen=True, forbid_unknown_fields=True):
    """A link: its kind, and an address or a handle."""

    kind: str
    url: str


class Relationship(Struct, frozen=True, forbid_unknown_fields=True):
    """What somebody is to the owner."""

    roles: list[Related] | None = None
    status: Status | None = None
    traits: list[Short] | None = None
    since: str | None = None
    until: str | None = None
    label: Short | None = None


class Names(Struct, frozen=True, forbid_unknown_fields=True):
    """Names that are no usernames."""

    private: Short | None = None
    identity: Short | None = None
    address: Short | list[Short] | None = None


class Line(Struct, frozen=True, forbid_unknown_fields=True):
    """A person, as a line has them."""

    username: str
    aliases: list[str] = []
    role: Literal["viewer", "model", "both", "unknown"] | None = None
    rating: Rating | None = None
    notes: list[Note] = []
    lists: list[Short] = []
    links: list[Link] = []
    relationship: Relationship | None = None
    attributes: dict[str, str | int | float | bool] = {}
    names: Names | None = None


@dataclass(frozen=True, slots=True)
class Remembered:
    """What a line says of a person, ready to be kept."""

    username: str
    aliases: tuple[str, ...]
    role: str | None
    rating: int | None
    notes: tuple[tuple[str, str, datetime | None], ...]  # body, category, when
    lists: tuple[str, ...]
    links: tuple[tuple[str, str], ...]
    relationship: dict[str, Any]
    attributes: tuple[tuple[str, str], ...]
    names: tuple[tuple[str, str], ...]


_DECODER = msgspec.json.Decoder(Line)


def read(data: bytes | None, tz: tzinfo, keys: dict[str, Key]) -> Remembered:
    """Read a line (None: too long); times without a zone are of `tz`, a day means its start. Raises LineError."""
    if data is None:
        raise LineError(f"longer than {MAX_BYTES} bytes")
    try:
        line = _DECODER.decode(data)
        return Remembered(
            username=parse_username(line.username),
            aliases=tuple(map(parse_username, line.aliases)),
            role=line.role,
            rating=line.rating,
            notes=tuple((_text(n.body), n.category, _instant(n.happened_at, tz)) for n in line.notes),
            lists=tuple(_text(" ".join(name.split())) for name in line.lists),
            links=tuple((one.kind, _link(one)) for one in line.links),
            relationship=_relationship(line.relationship, tz),
            attributes=tuple((key, _value(key, value, keys)) for key, value in line.attributes.items()),
            names=tuple(_names(line.names)),
        )
    except msgspec.DecodeError as error:
        if not data.lstrip().startswith(b"{"):
            raise LineError('no JSON object: {"username": "…"}, one a line') from None
        raise LineError(str(error)) from None
    except (UsernameError, UnicodeDecodeError, RecursionError) as error:
        raise LineError(str(error) or "nested too deeply") from None


def without(one: Remembered, gone: erasing.Gone) -> Remembered:
    """Give what a line says without the names that are to be forgotten."""
    clean = partial(erasing.without, gone=gone)
    said = {
        key: clean(value) if key == "label" and value else value for key, value in one.relationship.items()
    }
    if said.get("traits"):
        said["traits"] = [clean(trait) for trait in said["traits"]]
    return replace(
        one,
        notes=tuple((clean(body), category, at) for body, category, at in one.notes),
        lists=tuple(map(clean, one.lists)),
        links=tuple((kind, clean(url)) for kind, url in one.links),
        relationship=said,
        attributes=tuple((key, clean(value)) for key, value in one.attributes),
        names=tuple((kind, clean(name)) for kind, name in one.names),
    )


def _text(text: str) -> str:
    found = clean(text).strip()
    if not found:
        raise LineError("a note, a name or a list is blank")
    return found


def _instant(text: str | None, tz: tzinfo) -> datetime | None:
    if text is None:
        return None
    try:
        at = start_of_day(date.fromisoformat(text), tz) if len(text) == 10 else read_stamp(text, tz)
    except (ValueError, OverflowError):
        at = None
    if at is None:
        raise LineError(f"{text[:40]!r} is no time: 2026-03-01, or 2026-03-01T20:00:00Z")
    return at


def _link(one: Link) -> str:
    if one.kind not in KINDS:
        raise LineError(f"no kind of link is called {one.kind[:40]!r}: {', '.join(KINDS)}")
    try:
        return parse_link(one.kind, one.url)
    except ValueError as error:
        raise LineError(str(error)) from None


def _relationship(one: Relationship | None, tz: tzinfo) -> dict[str, Any]:
    if one is None:
        return {}
    found: dict[str, Any] = {"roles": one.roles, "status": one.status, "label": one.label}
    found |= {"traits": None if one.traits is None else [_text(trait) for trait in one.traits]}
    return found | {"since": _instant(one.since, tz), "until": _instant(one.until, tz)}


def _value(key: str, value: str | float | bool, keys: dict[str, Key]) -> str:
    if key not in keys:
        raise LineError(f"no attribute is called {key[:64]!r}: mhc attr define")
    try:
        return parse_value(keys[key].kind, str(value).lower() if isinstance(value, bool) else str(value))
    except ValueError as error:
        raise LineError(f"{key}: {error}") from None


def _names(names: Names | None) -> list[tuple[str, str]]:
    if names is None:
        return []
    one = [(kind, name) for kind in ("private", "identity") if (name := getattr(names, kind)) is not None]
    forms = [names.address] if isinstance(names.address, str) else names.address or []
    return [(kind, _text(name)) for kind, name in [*one, *(("address", form) for form in forms)]]
