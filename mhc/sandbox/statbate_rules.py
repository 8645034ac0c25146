"""What Statbate's API may be asked, request by request: the rules of its OpenAPI file, and its refusals."""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final
from urllib.parse import parse_qsl, unquote
from zoneinfo import ZoneInfo

from mhc.sandbox import reply
from mhc.sandbox.reply import Reply

SITES: Final = ("chaturbate", "stripchat", "bongacams", "camsoda", "mfc")
MOST_NAMES: Final = 100
_UNASKED: Final = timedelta(days=30)  # the range where none is asked for
_RANGED, _PAGED = "range[0] range[1]", "page per_page"
_MEMBER, _MODEL = "/members/{site}/{name}", "/model/{site}/{name}"

# Path, and the parameters that each takes.
OPERATIONS: Final = {
    "models": ("/models", f"site {_RANGED} selectedGenders[] {_PAGED}"),
    "members": ("/members", f"site {_RANGED} selectedGenders[] highTippers {_PAGED}"),
    "members_online": ("/members/online", "site timezone selectedGenders[]"),
    "member_info_batch": ("/members/{site}/info/batch", ""),
    "member_info": (f"{_MEMBER}/info", "timezone"),
    "member_model": (f"{_MEMBER}/model/{{model}}", f"{_RANGED} timezone"),
    "member_tips": (f"{_MEMBER}/tips", f"{_RANGED} timezone {_PAGED}"),
    "member_tag_spending": (f"{_MEMBER}/tag-spending", f"{_RANGED} {_PAGED}"),
    "member_top_models": (f"{_MEMBER}/top-models", f"{_RANGED} timezone"),
    "member_activity": (f"{_MEMBER}/activity", f"{_RANGED} timezone"),
    "model_info": (f"{_MODEL}/info", f"{_RANGED} timezone"),
    "model_activity": (f"{_MODEL}/activity", f"{_RANGED} timezone"),
    "model_members": (f"{_MODEL}/members", f"{_RANGED} timezone"),
    "model_rank": (f"{_MODEL}/rank", f"{_RANGED} timezone"),
    "model_tips": (f"{_MODEL}/tips", f"{_RANGED} timezone {_PAGED}"),
    "tags": ("/tags", f"site {_RANGED} {_PAGED}"),
    "tags_search": ("/tags/search", "query site limit"),
}
_PATHS: Final = {
    name: re.compile(re.sub(r"\\\{(\w+)\\\}", r"(?P<\1>[^/]+)", re.escape(path)))
    for name, (path, _) in OPERATIONS.items()
}


class RefusedError(Exception):
    """The request is not taken."""

    def __init__(self, answer: Reply) -> None:
        super().__init__(answer.status)
        self.answer = answer


@dataclass(frozen=True)
class Wish:
    """What is asked for. Both ends of the range belong to it, in seconds since 1970."""

    operation: str
    site: str
    name: str
    model: str
    names: tuple[str, ...]
    first: int
    last: int
    zone: ZoneInfo
    page: int
    per_page: int
    genders: frozenset[int]
    high_tippers: bool
    query: str
    limit: int


def unauthenticated() -> Reply:
    """Refuse a token."""
    return reply.envelope(401, {"message": "Unauthenticated."})


def invalid(field: str, sentence: str) -> RefusedError:
    """Give the refusal of a field, as the framework words it."""
    return RefusedError(reply.envelope(422, {"message": sentence, "errors": {field: [sentence]}}))


def said_with(status: int) -> Reply:
    """Give what the API says with a status."""
    if status == 429:
        return reply.envelope(429, {"message": "Too Many Attempts."})
    words = {400: "Bad Request", 401: "Unauthenticated.", 403: "Forbidden", 404: "Not Found"}
    return reply.envelope(status, {"message": words.get(status, "The given data was invalid.")})


def read_wish(method: str, path: str, query: str, body: bytes, now: int) -> Wish:
    """Read a request. Raises RefusedError for what the OpenAPI file does not have."""
    operation, parts = _find(method, path)
    given: dict[str, list[str]] = {}
    for name, value in parse_qsl(query, keep_blank_values=True):
        given.setdefault(name, []).append(value)
    for name in given.keys() - set(OPERATIONS[operation][1].split()):
        raise invalid(name, f"The {name} field is not known.")
    one = {name: values[-1] for name, values in given.items()}
    names, in_body = _read_body(body) if operation == "member_info_batch" else ((), {})
    if operation == "tags_search" and "query" not in one:
        raise invalid("query", "The query field is required.")
    first, last = _range(one, now)
    return Wish(
        operation=operation,
        site=_among(SITES, "site", parts.get("site", one.get("site", SITES[0]))),
        name=parts.get("name", ""),
        model=parts.get("model", ""),
        names=names,
        first=first,
        last=last,
        zone=_zone(in_body.get("timezone", one.get("timezone", "UTC"))),
        page=_integer(one, "page", 1, 10**9),
        per_page=_integer(one, "per_page", 20, 200),
        genders=frozenset(_genders(given.get("selectedGenders[]", []))),
        high_tippers=_among(("true", "false", "1", "0"), "highTippers", one.get("highTippers", "true"))
        in {"true", "1"},
        query=one.get("query", ""),
        limit=_integer(one, "limit", 50, 100),
    )


def _find(method: str, path: str) -> tuple[str, dict[str, str]]:
    for name, pattern in _PATHS.items():
        found = pattern.fullmatch(path)
        if found is None:
            continue
        wanted = "POST" if name == "member_info_batch" else "GET"
        if method != wanted:
            said = f"The {method} method is not supported for this route. Supported methods: {wanted}."
            raise RefusedError(reply.envelope(405, {"message": said}))
        return name, {part: unquote(value) for part, value in found.groupdict().items()}
    raise RefusedError(reply.envelope(404, {"message": f"The route api{path} could not be found."}))


def _read_body(body: bytes) -> tuple[tuple[str, ...], dict[str, Any]]:
    try:
        content = json.loads(body)
    except (ValueError, RecursionError):
        content = None
    names = content.get("names") if isinstance(content, dict) else None
    if not isinstance(names, list) or not names or not all(isinstance(name, str) for name in names):
        raise RefusedError(reply.envelope(422, {"error": "names array is required"}))
    if len(names) > MOST_NAMES:
        raise invalid("names", f"The names field must not have more than {MOST_NAMES} items.")
    for key in content.keys() - {"names", "timezone"}:
        raise invalid(key, f"The {key} field is not known.")
    return tuple(names), content


def _range(given: dict[str, str], now: int) -> tuple[int, int]:
    last = _moment(given, "range[1]", now)
    first = _moment(given, "range[0]", last - _UNASKED // timedelta(seconds=1))
    if first > last:
        raise invalid("range.1", "The range.1 field must be a date after or equal to range.0.")
    return first, last


def _moment(given: dict[str, str], name: str, otherwise: int) -> int:
    if name not in given:
        return otherwise
    try:
        at = datetime.fromisoformat(given[name])
        return int((at if at.tzinfo else at.replace(tzinfo=UTC)).timestamp())
    except (ValueError, OverflowError):
        raise invalid(name, f"The {name} field must be a valid date.") from None


def _zone(name: object) -> ZoneInfo:
    try:
        return ZoneInfo(name) if isinstance(name, str) else ZoneInfo("")
    except (KeyError, ValueError, OSError):
        raise invalid("timezone", "The timezone field must be a valid timezone.") from None


def _integer(given: dict[str, str], name: str, otherwise: int, most: int) -> int:
    text = given.get(name, str(otherwise))
    word = name.replace("_", " ")
    if not re.fullmatch("[0-9]{1,10}", text, re.ASCII):
        raise invalid(name, f"The {word} field must be an integer.")
    if int(text) > most:
        raise invalid(name, f"The {word} field must not be greater than {most}.")
    if int(text) < 1:
        raise invalid(name, f"The {word} field must be at least 1.")
    return int(text)


def _genders(values: list[str]) -> Iterator[int]:
    for value in values:
        yield int(_among(("0", "1", "2", "3"), "selectedGenders.0", value))


def _among(allowed: tuple[str, ...], field: str, value: str) -> str:
    if value not in allowed:
        raise invalid(field, f"The selected {field} is invalid.")
    return value
