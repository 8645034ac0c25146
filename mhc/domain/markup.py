"""Pages of the site and what people write in HTML: cut into tags and text, or made into text alone.

Both take time that grows with the length only, whatever is left open.
"""

import html
from collections.abc import Collection, Iterable, Iterator
from typing import Final

from mhc.domain.text import clean
from mhc.patterns import Pattern

LONGEST: Final = 20_000  # characters of a text that is kept
_MOST_MARKUP: Final = 200_000
UNSEEN: Final = frozenset(
    {"script", "style", "noscript", "template", "iframe", "object", "svg", "head", "title"}
)
_APART: Final = frozenset(
    {
        "address",
        "article",
        "blockquote",
        "br",
        "center",
        "dd",
        "div",
        "dl",
        "dt",
        "h1",
        "h2",
        "h3",
        "h4",
        "h5",
    }
    | {"h6", "hr", "li", "ol", "p", "pre", "section", "table", "td", "th", "tr", "ul"}
)
_BLANKS = Pattern(r"\s+")


def pieces(page: str, unseen: Collection[str] = UNSEEN) -> Iterator[tuple[str | None, str]]:
    """Give tags (what is between < and >) and text of a page in order, without comments and what is `unseen`."""
    at = 0
    while at < len(page):
        opens = page.find("<", at)
        if opens < 0:
            opens = len(page)
        if opens > at:
            yield None, html.unescape(page[at:opens])
        begins = page[opens + 1 : opens + 2]
        if begins and not (begins.isalpha() or begins in "/!?"):  # as in: I <3 you
            yield None, "<"
            at = opens + 1
            continue
        comment = page.startswith("<!--", opens)
        ends = page.find("-->" if comment else ">", opens)
        if ends < 0:
            return
        at = ends + (3 if comment else 1)
        tag = page[opens + 1 : ends]
        if comment:
            continue
        if (name := name_of(tag)) in unseen and not tag.startswith("/"):
            at = at if tag.endswith("/") else _end_of(page, name, at)
        elif name not in unseen:
            yield tag, ""


def _end_of(page: str, name: str, at: int) -> int:
    """Give where what a tag opened is over: what stands in a script is no tag."""
    while (at := page.find("</", at)) >= 0:
        at += 2
        if page[at : at + len(name)].lower() == name:
            ends = page.find(">", at)
            return len(page) if ends < 0 else ends + 1
    return len(page)


def name_of(tag: str) -> str:
    """Give the name of a tag, of one that closes, too; empty for none."""
    bare = tag.lstrip("/")[:16].replace("/", " ").split(None, 1)
    return bare[0].lower() if bare else ""


def plain(markup: str) -> str:
    """Give what HTML says, as lines of text: no tags, no scripts, no addresses, nothing that does anything."""
    return "\n".join(lines_of(said(tag, text) for tag, text in pieces(markup[:_MOST_MARKUP])))


def said(tag: str | None, text: str) -> str:
    """Give what a piece says: its words, or that a line begins."""
    if tag is None:
        return _BLANKS.sub(" ", text)
    return "\n" if name_of(tag) in _APART else ""


def lines_of(parts: Iterable[str]) -> list[str]:
    """Give the lines of what was said, up to a length; empty ones are left out."""
    whole = clean("".join(parts))[:LONGEST]
    return [line for one in whole.split("\n") if (line := " ".join(one.split()))]
