"""Text as the words that a search finds: the same rule for what is kept and for what is asked."""

import unicodedata


def words(text: str) -> frozenset[str]:
    """Give the words of a text: without marks, in one case, apart at whatever is no letter or digit."""
    decomposed = unicodedata.normalize("NFKD", text)
    bare = "".join(c for c in decomposed if not unicodedata.category(c).startswith("M"))
    folded = unicodedata.normalize("NFKD", bare.casefold())
    return frozenset("".join(c if c.isalnum() else " " for c in folded).split())
