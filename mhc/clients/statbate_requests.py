"""Requests as Statbate's API takes them (contract statbate 4.1): names in lower case, ranges in UTC, both tables of genders."""

from collections.abc import Iterator
from dataclasses import dataclass, fields
from datetime import UTC, datetime, timedelta
from typing import Any, Final
from urllib.parse import quote

import msgspec

from mhc.clients.api import Request
from mhc.clients.statbate_operations import MOST_NAMES, MOST_PER_PAGE, MOST_TAGS, SITES, Operation
from mhc.domain.names import UsernameError, parse_username
from mhc.domain.times import Range
from mhc.errors import UsageError

_SECOND: Final = timedelta(seconds=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Query:
    """What to ask an operation with; only what it takes may be given, and what it needs must be.

    The range is half-open, and must have both ends: what Statbate gives without one is not documented. The zone is a
    name of IANA's, in which it then draws the borders of days and hours.
    """

    site: str = SITES[0]
    name: str | None = None
    model: str | None = None
    names: tuple[str, ...] = ()
    range: Range | None = None
    timezone: str | None = None
    genders: tuple[str, ...] = ()
    high_tippers: bool | None = None
    query: str | None = None
    limit: int | None = None
    page: int = 1
    per_page: int | None = None


_NEEDED: Final = ("name", "model", "names", "range", "query")
_PAGES: Final = ("page", "per_page")


def request_for(operation: Operation[Any], query: Query) -> Request:
    """Give the request. Raises UsageError for what the operation does not take, or lacks."""
    _check(operation, query)
    path = operation.path.replace("{site}", query.site)
    about = f"{operation.name.replace('_', ' ')} of {query.site}"
    for part in ("name", "model"):
        if part in operation.takes:
            name = username(getattr(query, part))
            path, about = path.replace(f"{{{part}}}", quote(name, safe="")), name
    if operation.method == "POST":
        return Request(path, method="POST", body=_body(query), about=about)
    return Request(path, tuple(_params(operation, query)), about=about)


def _check(operation: Operation[Any], query: Query) -> None:
    takes = operation.takes | (frozenset(_PAGES) if "pages" in operation.takes else frozenset()) | {"site"}
    standard = Query()
    for one in fields(Query):
        given = getattr(query, one.name)
        if one.name not in takes and given != getattr(standard, one.name):
            raise UsageError(f"{operation.name} takes no {one.name}")
        if one.name in takes and one.name in _NEEDED and (given is None or given == ()):
            raise UsageError(f"{operation.name} needs {one.name}")
    if query.site not in SITES:
        raise UsageError(f"no site named {query.site!r}: {', '.join(SITES)}")
    if len(query.names) > MOST_NAMES:
        raise UsageError(f"a batch takes {MOST_NAMES} names at most, not {len(query.names)}")


def _params(operation: Operation[Any], query: Query) -> Iterator[tuple[str, str]]:
    takes = operation.takes
    if "query" in takes:
        yield "query", query.query or ""
    if not operation.has_site_in_path:
        yield "site", query.site
    if query.range is not None:
        start, end = written_range(query.range)
        yield from (("range[0]", start), ("range[1]", end))
    for word in query.genders:
        if word not in operation.genders:
            raise UsageError(f"{operation.name} knows no gender {word!r}: {', '.join(operation.genders)}")
        yield "selectedGenders[]", str(operation.genders[word])
    if query.high_tippers is not None:
        yield "highTippers", "true" if query.high_tippers else "false"
    if "timezone" in takes:
        yield "timezone", query.timezone or "UTC"
    if query.limit is not None:
        yield "limit", _within("limit", query.limit, MOST_TAGS)
    if "pages" in takes:
        yield "page", _within("page", query.page, 1_000_000)
        per_page = MOST_PER_PAGE if query.per_page is None else query.per_page
        yield "per_page", _within("per_page", per_page, MOST_PER_PAGE)


def _body(query: Query) -> bytes:
    names = list(dict.fromkeys(map(username, query.names)))
    return msgspec.json.encode({"names": names, "timezone": query.timezone or "UTC"})


def written_range(asked: Range) -> tuple[str, str]:
    """Give the first and the last whole second of a range, in UTC: theirs includes its end, as far as anyone knows."""
    if asked.start is None or asked.end is None:
        raise UsageError("Statbate is asked for a range with both ends")
    first, last = _next_second(asked.start), _next_second(asked.end) - _SECOND
    if first > last:
        raise UsageError("the range is empty")
    return f"{first:%Y-%m-%d %H:%M:%S}", f"{last:%Y-%m-%d %H:%M:%S}"


def _next_second(at: datetime) -> datetime:
    whole = at.astimezone(UTC).replace(tzinfo=None, microsecond=0)
    return whole + _SECOND if at.microsecond else whole


def username(name: str) -> str:
    """Give a name as the API has it. Raises UsageError."""
    try:
        return parse_username(name)
    except UsernameError as error:
        raise UsageError(str(error)) from None


def _within(name: str, value: int, most: int) -> str:
    if not 1 <= value <= most:
        raise UsageError(f"{name} must be 1 to {most}, not {value}")
    return str(value)
