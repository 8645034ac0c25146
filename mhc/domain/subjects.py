"""What a room said of itself while it was on: subjects, without the counter that changes with each tip."""

import re
from collections.abc import Iterable

from mhc.patterns import Pattern

_COUNTER = Pattern(r"\[[0-9., ]{1,20}tokens? (?:left|remaining|to go|to goal)\]", re.IGNORECASE)


def plain(subject: str) -> str:
    """Give a subject without its `[N tokens left]`, on one line."""
    return " ".join(_COUNTER.sub(" ", subject).split())


def in_order(subjects: Iterable[str]) -> list[str]:
    """Give what was said, each once, in the order in which it came first; nothing says nothing."""
    return list(dict.fromkeys(text for one in subjects if (text := plain(one))))
