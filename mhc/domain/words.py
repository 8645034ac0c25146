"""Text as the words that a search finds: the same rule for what is kept and for what is asked."""

import unicodedata
from collections.abc import Set as AbstractSet
from typing import NamedTuple

LONGEST = 64  # characters of a word that count: an index has no room for more


class Term(NamedTuple):
    """One word of a search; a prefix stands for every word that begins so."""

    word: str
    prefix: bool = False


def words(text: str) -> set[str]:
    """Give the words of a text: without marks, in one case, apart at whatever is no letter or digit."""
    return {word[:LONGEST] for word in _split(text)}


def has_all(text: str, wanted: AbstractSet[str]) -> bool:
    """Whether a text has all of some words. Of plain text most is answered without parting it."""
    if text.isascii():
        lower = text.lower()
        if not all(word in lower for word in wanted):
            return False
    return wanted <= words(text)


def terms(query: str) -> list[Term]:
    """Give what a search asks for, each once: `*` at the end of a word makes it a prefix."""
    found: dict[Term, None] = {}
    for part in query.split():
        begun = _split(part)
        for place, word in enumerate(begun, 1):
            open_end = part.endswith("*") and place == len(begun)
            found[Term(word[:LONGEST], open_end or len(word) > LONGEST)] = None
    return list(found)


def _split(text: str) -> list[str]:
    decomposed = unicodedata.normalize("NFKD", text)
    bare = "".join(c for c in decomposed if not unicodedata.category(c).startswith("M"))
    folded = unicodedata.normalize("NFKD", bare.casefold())
    return "".join(c if c.isalnum() else " " for c in folded).split()
