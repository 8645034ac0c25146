"""Tip menus in pasted text: `100 - item`, `item - 100`, `item: 100`, `item (100)`, `item [100]`."""

import re
from collections.abc import Iterator
from typing import NamedTuple

from mhc.patterns import Pattern

MOST_TOKENS = 99_999
SHORTEST, LONGEST = 2, 149

_AMOUNT = Pattern(r"[0-9]{1,5}(?:,[0-9]{3})?(?: ?(?:tokens|token|tkns|tkn|tks|tk))?", re.IGNORECASE)
_DASHES = ("-", "\u2013", "\u2014")
_COLONS = (":", "\uff1a")
_PAIRS = {")": "(", "]": "["}


class Item(NamedTuple):
    """One item of a tip menu."""

    tokens: int
    label: str


class NoItem(NamedTuple):
    """A piece of the paste that is no item, and of which line."""

    number: int
    text: str


def parse_menu(text: str) -> tuple[list[Item], list[NoItem]]:
    """Give the items of a menu by tokens and label, each once, and what is none of them.

    An item stands on a line of its own, or between bars. Of labels that differ only in case the first is kept.
    """
    found: dict[tuple[int, str], Item] = {}
    rest = []
    for number, piece in _pieces(text):
        item = parse_item(piece)
        if item is None:
            rest.append(NoItem(number, piece))
        else:
            found.setdefault((item.tokens, item.label.casefold()), item)
    return sorted(found.values()), rest


def _pieces(text: str) -> Iterator[tuple[int, str]]:
    for number, line in enumerate(text.splitlines(), 1):
        for piece in line.split("|"):
            if words := " ".join(piece.split()):
                yield number, words


def parse_item(piece: str) -> Item | None:
    """Read one item; None where it is none: no such form, 0 or over 99,999 tokens, a label too short or too long."""
    for tokens, label in _readings(piece.strip()):
        amount, words = _tokens(tokens), label.strip().strip("*\u2022").strip()
        letters = any(not one.isdecimal() and not one.isspace() for one in words)
        if amount is not None and letters and SHORTEST <= len(words) <= LONGEST:
            return Item(amount, words)
    return None


def _readings(piece: str) -> Iterator[tuple[str, str]]:
    """Give the ways to read a piece, as tokens and label, the likeliest first."""
    for dash in _DASHES:
        before, found, after = piece.partition(dash)
        if found:
            yield before, after
    for mark in (*_DASHES, *_COLONS):
        before, found, after = piece.rpartition(mark)
        if found:
            yield after, before
    if (opens := _PAIRS.get(piece[-1:])) is not None:
        before, found, inner = piece[:-1].rpartition(opens)
        if found:
            yield inner, before


def _tokens(text: str) -> int | None:
    text = text.strip()
    if not _AMOUNT.fullmatch(text):
        return None
    number = int("".join(one for one in text if one.isdecimal()))
    return number if 1 <= number <= MOST_TOKENS else None
