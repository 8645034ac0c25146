"""Lists of who follows, or is followed: names one a line, CSV, or the saved page of followers or following.

Pages are read by looking for tags, in time that grows with their length only, whatever is left open in them.
"""

import html
from collections.abc import Iterable
from typing import NamedTuple

from mhc.domain.markup import pieces
from mhc.domain.names import UsernameError, parse_username
from mhc.domain.rosters import delimiter_of, read_rows
from mhc.patterns import Pattern

_TITLES = ("username", "user", "name")  # that may stand above names, one a line
_ELSEWHERE = frozenset({"nav", "header", "footer", "script", "style", "noscript", "aside"})
# Paths of the site that look like a name.
_PATHS = frozenset(
    {"accounts", "affiliates", "apps", "auth", "b", "billing", "blog", "contest", "couple", "couples"}
    | {"discover", "female", "females", "followed", "followers", "following", "games", "help", "jobs"}
    | {"law", "legal", "login", "logout", "male", "males", "members", "mobile", "p", "privacy", "security"}
    | {"sitemap", "spy", "supporter", "support", "tags", "terms", "tipping", "trans", "tube", "settings"}
)
_LINK = Pattern(r"(?:https?://(?:[a-z]{2,3}\.|www\.)?chaturbate\.com)?/([A-Za-z0-9_]{1,25})/?")
_COUNTS = (
    Pattern(r"([0-9]{1,3}(?:,[0-9]{3}){1,3}|[0-9]{1,9}) (?:followers?|following)\b"),
    Pattern(r"\b(?:followers?|following) ?[:(] ?([0-9]{1,3}(?:,[0-9]{3}){1,3}|[0-9]{1,9})\b"),
)
_PAGE = Pattern(r"\bpage ([0-9]{1,5}) (?:of|/) ([0-9]{1,5})\b")
_HREF = Pattern(r"\shref\s*=\s*(?:\"([^\"]{0,200})\"|'([^']{0,200})'|([^\s>\"']{1,200}))")


class Listed(NamedTuple):
    """What a file lists; `said` is how many its page says there are, `page` which of how many pages it is."""

    names: tuple[str, ...]
    bad: tuple[tuple[int, str], ...] = ()  # lines that are no names
    said: int | None = None
    page: tuple[int, int] | None = None


def parse_list(text: str) -> Listed:
    """Read a list; names are given in order, each once. Raises RosterError where CSV has no column `username`."""
    begin = text.lstrip()
    if begin.startswith("<"):
        return _of_page(text)
    delimiter = delimiter_of(begin.partition("\n")[0].rstrip())
    if delimiter is None:
        return _of_lines(text)
    rows = read_rows(text.splitlines(), delimiter)
    return _named((number, row.get("username", "").strip()) for number, row in rows)


def _of_lines(text: str) -> Listed:
    lines = [line.strip() for line in text.splitlines()]
    wanted = lines[1:] if lines and lines[0].lower() in _TITLES else lines
    skipped = len(lines) - len(wanted)
    return _named((skipped + number, line) for number, line in enumerate(wanted, 1))


def _named(lines: Iterable[tuple[int, str]]) -> Listed:
    names: dict[str, None] = {}
    bad = []
    for number, line in lines:
        if not line:
            continue
        try:
            names[parse_username(line)] = None
        except UsernameError:
            bad.append((number, line))
    return Listed(tuple(names), tuple(bad))


def _of_page(text: str) -> Listed:
    names: dict[str, None] = {}
    said = []
    for tag, inside in pieces(text, _ELSEWHERE):
        if tag is not None:
            link = _HREF.search(tag) if tag[:2].lower() in {"a ", "a\n", "a\t"} else None
            path = html.unescape(next((part for part in link.groups() if part), "")) if link else ""
            found = _LINK.fullmatch(path.strip())
            if found is not None and found[1].lower() not in _PATHS:
                names[found[1].lower()] = None
        elif words := " ".join(inside.split()).lower():
            said.append(words)
    shown = " ".join(said)
    counts = [found[1] for pattern in _COUNTS if (found := pattern.search(shown))]
    page = _PAGE.search(shown)
    return Listed(
        tuple(names),
        said=int(counts[0].replace(",", "")) if counts else None,
        page=(int(page[1]), int(page[2])) if page else None,
    )


def is_whole(parts: Iterable[Listed]) -> bool:
    """Whether saved pages hold everybody whom they say there are: by their count, or by their page numbers."""
    pages = list(parts)
    names = {name for one in pages for name in one.names}
    counts = {one.said for one in pages if one.said is not None}
    if counts:
        return counts == {len(names)}
    numbers = {one.page for one in pages}
    lasts = {number[1] for number in numbers if number is not None}
    return (
        None not in numbers and numbers == {(n, last) for last in lasts for n in range(1, last + 1)} != set()
    )
