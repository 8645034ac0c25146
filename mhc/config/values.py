"""What a setting's text may look like: each kind's parser, which raises ValueError with the reason.

A reason never quotes a value that may hold a secret.
"""

import ipaddress
import re
from collections.abc import Callable
from hmac import compare_digest
from pathlib import Path
from typing import Final, Never
from urllib.parse import SplitResult, quote, unquote, urlsplit
from zoneinfo import ZoneInfo

from mhc.config import timetable
from mhc.config.measures import (
    parse_age,
    parse_count,
    parse_flag,
    parse_gap,
    parse_rate,
    parse_scale,
    parse_size,
)
from mhc.patterns import Pattern

MASK: Final = "***"

_ROOM = Pattern(r"[a-z0-9_]{1,64}", re.ASCII)
# As SQLAlchemy reads a URL, but up to the last @: better one word too many behind the mask.
_PASSWORD = Pattern(r"(://[^:/]*:)(.+)(?=@)")
_QUERY_PASSWORD = Pattern(r"([?&](?:(?:ssl)?password|oauth_client_secret)=)([^&]+)", re.IGNORECASE)
_ESCAPED = Pattern(r"%[0-9a-fA-F]{2}")
_SHORTEST_TARGET = 8  # a shorter path is no secret, and a word that much else holds
_POSTGRESQL = ("postgres", "postgresql", "postgresql+psycopg")


class Secret:
    """A value that no repr, str, format, copy or pickle shows; `reveal()` is the only way to it."""

    __slots__ = ("_value",)

    def __init__(self, value: str) -> None:
        self._value = value

    def reveal(self) -> str:
        """Give the value itself, for the one call that needs it."""
        return self._value

    def __repr__(self) -> str:
        return MASK

    def __format__(self, spec: str) -> str:
        return format(MASK, spec)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Secret):
            return NotImplemented
        return compare_digest(
            self._value.encode(errors="surrogatepass"), other._value.encode(errors="surrogatepass")
        )

    def __hash__(self) -> int:
        return hash((Secret, self._value))

    def __reduce__(self) -> tuple[type["Secret"], tuple[str]]:
        return (Secret, (MASK,))

    def __copy__(self) -> "Secret":
        return self

    def __deepcopy__(self, memo: object) -> "Secret":
        return self


def parse_secret(text: str) -> Secret:
    """Take a token as it is, without the blanks around it."""
    token = text.strip()
    if not token.isprintable() or any(letter.isspace() for letter in token):
        raise ValueError("has blanks or control characters inside")
    return Secret(token)


def parse_room(text: str) -> str:
    """Give a room's name as the site writes it: trimmed, lower-case."""
    room = text.strip().lower()
    if not _ROOM.fullmatch(room):
        raise ValueError(f"{text!r} is no username (letters, digits and _)")
    return room


def parse_zone(text: str) -> ZoneInfo:
    """Give the zone of an IANA name such as Europe/Berlin."""
    try:
        return ZoneInfo(text.strip())
    except (KeyError, ValueError, OSError):
        raise ValueError(f"no time zone named {text!r}{_near_zone(text)}") from None


def _near_zone(text: str) -> str:
    """Name zones that look like `text`; only after a failure, since listing them all is slow."""
    from difflib import get_close_matches
    from zoneinfo import available_timezones

    names = {name.lower(): name for name in available_timezones()}
    near = get_close_matches(text.strip().lower(), list(names), n=2, cutoff=0.7)
    return f"; did you mean {' or '.join(names[name] for name in near)}?" if near else ""


def parse_origin(text: str) -> str:
    """Give scheme, host and port of a server, to which mhc appends its own paths."""
    url = parse_url(text)
    if urlsplit(url).path:
        raise ValueError(
            "must be scheme, host and port only: mhc appends the path (a token belongs in its own setting)"
        )
    return url


def parse_url(text: str) -> str:
    """Give a URL without its trailing slash: https, or plain http to this machine."""
    text = _checked_url(text)
    if "?" in text:
        raise ValueError("may not hold a query")
    return text.rstrip("/")


def parse_hook(text: str) -> Secret:
    """Give a URL that is posted to; its path and its query may be what lets one in."""
    return Secret(_checked_url(text))


def hook_secrets(url: str) -> list[str]:
    """List what of such a URL may not be shown.

    The whole; what follows the host; each part of the path and each value of the query, as it stands and as a library
    writes it. Short ones are no secrets.
    """
    parts = urlsplit(url)
    rest = url.partition("://")[2].partition(parts.netloc)[2].lstrip("/?")
    values = [pair.rpartition("=")[2] for pair in parts.query.split("&")]
    found = [rest, *parts.path.split("/"), *values]
    forms = [form for one in found for form in (one, _normalised(one), unquote(one))]
    return list(dict.fromkeys([url, *(form for form in forms if len(form) >= _SHORTEST_TARGET)]))


def _normalised(text: str) -> str:
    """Write a part of a URL as libraries do: what need not be escaped is not, and escapes are in upper case."""

    def one(found: re.Match[str]) -> str:
        plain = unquote(found[0])
        return plain if plain == quote(plain, safe="") else found[0].upper()

    return _ESCAPED.sub(one, text)


def _checked_url(text: str) -> str:
    text = text.strip()
    if not text.isascii() or not text.isprintable() or " " in text or "\\" in text:
        raise ValueError("has characters that no URL has")
    try:
        parts = urlsplit(text)
    except ValueError:
        raise ValueError("has brackets that hold no IPv6 address") from None
    if parts.username is not None or parts.password is not None:
        raise ValueError("may not hold a user name or a password")
    if "#" in text:
        raise ValueError("may not hold a fragment")
    if not parts.hostname or not _has_good_port(parts):
        raise ValueError("must look like https://host or https://host:port")
    if parts.scheme != "https" and not (parts.scheme == "http" and _is_loopback(parts.hostname)):
        raise ValueError("must be https (plain http only to this machine)")
    return text


def _has_good_port(parts: SplitResult) -> bool:
    try:
        return parts.port != 0
    except ValueError:  # which would quote what stands there
        return False


def _is_loopback(host: str) -> bool:
    """Say whether a host is this machine: 127.0.0.0/8, ::1 or localhost; names are not resolved."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def parse_database(text: str) -> str:
    """Give SQLAlchemy's URL; `postgres://` is taken as psycopg 3, a bare path as a SQLite file."""
    text = text.strip()
    if not text.isprintable():
        raise ValueError("has control characters")
    scheme, found, rest = text.partition("://")
    if not found:
        if "?" in text:
            raise ValueError("a path may not hold a question mark")
        return _sqlite(str(Path(text).expanduser()))
    if scheme in _POSTGRESQL:
        return f"postgresql+psycopg://{rest}"
    if scheme == "sqlite":
        return _sqlite(rest.removeprefix("/")) if rest.startswith("/") else _no_memory()
    raise ValueError("must be sqlite:///path, postgresql://… or the path of a SQLite file")


def _sqlite(location: str) -> str:
    """Give the URL of a SQLite file, absolute, so that it stays the same file wherever we go."""
    path, mark, query = location.partition("?")
    if path in {"", ":memory:"}:
        _no_memory()
    return f"sqlite:///{Path(path).absolute()}{mark}{query}"


def _no_memory() -> Never:
    raise ValueError("needs a file: a SQLite database in memory keeps nothing")


def passwords_in(url: str) -> list[str]:
    """List the passwords of a database URL, as written and decoded."""
    found = [match[2] for pattern in (_PASSWORD, _QUERY_PASSWORD) for match in pattern.finditer(url)]
    return found + [plain for word in found if (plain := unquote(word)) != word]


def without_password(url: str) -> str:
    """Give a database URL that may be shown."""
    return _QUERY_PASSWORD.sub(rf"\1{MASK}", _PASSWORD.sub(rf"\1{MASK}", url))


def parse_directory(text: str) -> Path:
    """Give an absolute path; `~` is the home directory. Nothing is looked up in the current one."""
    try:
        path = Path(text).expanduser()
    except RuntimeError:
        raise ValueError("has a ~, but the home directory is not known") from None
    if not path.is_absolute():
        raise ValueError("must be an absolute path")
    return path


PARSERS: Final[dict[str, Callable[[str], object]]] = {
    "age": parse_age,
    "budget": timetable.parse_budget,
    "clock": timetable.parse_clock,
    "count": parse_count,
    "database": parse_database,
    "directory": parse_directory,
    "duration": parse_gap,
    "flag": parse_flag,
    "gender": timetable.parse_gender,
    "hook": parse_hook,
    "hours": timetable.parse_hours,
    "list": timetable.parse_name,
    "number": parse_scale,
    "rate": parse_rate,
    "origin": parse_origin,
    "room": parse_room,
    "secret": parse_secret,
    "segment": timetable.parse_segment,
    "size": parse_size,
    "span": timetable.parse_span,
    "tag": timetable.parse_tag,
    "url": parse_url,
    "weekday": timetable.parse_weekday,
    "whole": timetable.parse_number,
    "zone": parse_zone,
}

_NUMBERS = frozenset({"number", "count", "flag", "whole", "budget", "rate"})


def parse_value(kind: str, value: object, *, many: bool = False) -> object:
    """Parse a value of any source, or each of a list. Raise ValueError with the reason.

    Only a number or a flag may stand without quotes.
    """
    if many:
        return tuple(parse_value(kind, one) for one in (value if isinstance(value, list) else [value]))
    plain = isinstance(value, int | float) and (kind == "flag" or not isinstance(value, bool))
    text = str(value) if plain and kind in _NUMBERS else value
    if not isinstance(text, str):
        raise ValueError("must be text in quotes")  # noqa: TRY004 - a reason for the user like the others
    return PARSERS[kind](text)
