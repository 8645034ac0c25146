"""Regular expressions that are compiled when first used: to compile one takes as long as to import a small module."""

import re
from collections.abc import Callable, Iterator
from functools import cached_property


class Pattern:
    """One expression of text, used as one that is compiled."""

    def __init__(self, text: str, flags: re.RegexFlag = re.NOFLAG) -> None:
        self._text = text
        self._flags = flags

    @cached_property
    def _compiled(self) -> re.Pattern[str]:
        return re.compile(self._text, self._flags)

    def match(self, text: str, start: int = 0) -> re.Match[str] | None:
        """Match at a place of a text."""
        return self._compiled.match(text, start)

    def fullmatch(self, text: str) -> re.Match[str] | None:
        """Match a whole text."""
        return self._compiled.fullmatch(text)

    def search(self, text: str) -> re.Match[str] | None:
        """Find the first match in a text."""
        return self._compiled.search(text)

    def sub(self, new: str | Callable[[re.Match[str]], str], text: str, count: int = 0) -> str:
        """Replace what matches."""
        return self._compiled.sub(new, text, count=count)

    def finditer(self, text: str) -> Iterator[re.Match[str]]:
        """Give the matches in a text, in order."""
        return self._compiled.finditer(text)
