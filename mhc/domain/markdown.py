"""Text that came from outside, for Markdown: shown as it is, whatever it holds, by every renderer."""

import re

from mhc.domain.text import Safe, encode
from mhc.patterns import Pattern

# What begins something anywhere in a line, here or in a dialect: emphasis, code, a link, HTML, a cell, a tag, mathematics.
_SIGNS = Pattern(r"[\\`*_{}\[\]()<>#!|~&$^=%@:]")
# What begins a list, and the name of a host that some renderers make a link of.
_PLACES = Pattern(r"\A[-+]|\A[0-9]{1,20}(?=[.)])|(?<=www)\.", re.IGNORECASE)


def escape(text: str) -> Safe:
    """Give a text as one line of Markdown that reads as it stands: no sign of it does anything."""
    line = encode(" ".join(text.split()))
    return Safe(_PLACES.sub(_placed, _SIGNS.sub(r"\\\g<0>", line)))


def _placed(match: re.Match[str]) -> str:
    found = match[0]
    return found + "\\" if found.isdigit() else "\\" + found
