r"""Text that came from outside: the one allow-list encoder before a terminal, a log or a table.

Letters, marks, numbers, punctuation, symbols and the plain space pass (`str.isprintable` is exactly this list).
Everything else is shown escaped, as `\x1b`, `\u202e` or `\U000e0041`, with four decisions of our own:

* Other blanks (no-break, ideographic, thin, the blank of Braille art) become a plain space: a reader sees the
  same, a terminal is not harmed by them, and JSON, which is not encoded, still tells them apart.
* Joiners and variation selectors pass inside emoji sequences only; letters that are drawn as nothing do not pass.
* Code points that Unicode keeps for future pictographs pass: Python's tables are older than people's phones.
* A backslash stays as it is. Someone who types the four characters `\x1b` looks like an escaped ESC; both
  are harmless, and doubling each backslash would make honest text worse. JSON is the form without doubt.
"""

import re
import unicodedata
from functools import cache
from itertools import groupby
from typing import LiteralString

MARKS_PER_BASE = 4

_JOINER = "\u200d"
_PICTOGRAPHS = (
    "\u00a9\u00ae\u203c\u2049\u2122\u2139\u2190-\u21ff\u2300-\u23ff\u24c2\u25a0-\u27bf\u2934\u2935\u2b05-\u2b07"
    "\u2b1b\u2b1c\u2b50\u2b55\u3030\u303d\u3297\u3299\U0001f000-\U0001faff"
)
_BLANKS = "\u00a0\u1680\u2000-\u200a\u202f\u205f\u2800\u3000"
_DRAWN_AS_NOTHING = "\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u3164\ufe00-\ufe0f\uffa0\U00016fe4\U0001d159\U000e0100-\U000e01ef"

_PICTOGRAPH = f"[{_PICTOGRAPHS}]"
_BLANK = f"[{_BLANKS}]"
_DOUBTFUL = f"[{_BLANKS}{_DRAWN_AS_NOTHING}]"
# What glues an emoji together, in its place; or a character that has to be looked at.
_SUSPECT = (
    f"(?P<glue>(?<=[{_PICTOGRAPHS}])[\ufe0e\ufe0f]|(?<=[0-9#*])\ufe0f(?=\u20e3)"
    f"|(?<=[{_PICTOGRAPHS}]){_JOINER}(?=[{_PICTOGRAPHS}])|(?<=[{_PICTOGRAPHS}]\ufe0f){_JOINER}(?=[{_PICTOGRAPHS}]))"
    r"|[^\x20-\x7e]"
)
_MAYBE_FLOOD = f"[\u0300-\U0010ffff]{{{MARKS_PER_BASE + 1}}}"
_UNSTORABLE = "[\x00\ud800-\udfff]"
# Compiled when first needed: together they take longer than all else that `mhc --help` imports of mhc.
_pattern = cache(re.compile)


class Safe(str):
    """Text that may be printed. Only `encode`, `trusted` and what joins their results make it."""

    __slots__ = ()


def encode(text: str, *, limit: int | None = 2000) -> Safe:
    """Make outside text printable: one line, no control, no hidden character, at most `limit` characters of it.

    What is cut is counted: `…(+1234)`, for combining marks beyond four a base too. `limit=None` is for the
    formats that promise to be whole (TSV, CSV): nothing is cut, the escapes stay. Linear in `limit`.
    """
    if isinstance(text, Safe):
        return text
    if limit is None:
        return Safe(_escape(text))
    if len(text) <= limit and text.isascii() and text.isprintable():
        return Safe(text)
    kept = text if len(text) <= limit else text[:limit].rstrip(_JOINER)
    shown = _thin(_escape(kept))
    return Safe(shown + _count(len(text) - len(kept)))


def trusted(literal: LiteralString) -> Safe:
    """Mark a constant of our own as printable."""
    return Safe(literal)


def clean(text: str) -> str:
    """Make text storable and searchable: NUL and lone surrogates become U+FFFD, all else stays."""
    if text.isascii() and "\0" not in text:
        return text
    return _pattern(_UNSTORABLE).sub("\ufffd", text)


def _escape(text: str) -> str:
    if text.isprintable() and not _pattern(_DOUBTFUL).search(text):
        return text
    return _pattern(_SUSPECT).sub(_shown, text)


def _shown(match: re.Match[str]) -> str:
    character = match[0]
    if match["glue"] or _pattern(_PICTOGRAPH).match(character):
        return character
    if _pattern(_BLANK).match(character):
        return " "
    if character.isprintable() and not _pattern(_DOUBTFUL).match(character):
        return character
    return _escape_sequence(ord(character))


def _escape_sequence(code: int) -> str:
    if code < 0x100:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


def _thin(text: str) -> str:
    """Keep at most four combining marks in a row: more of them climb over the neighbouring lines."""
    if not _pattern(_MAYBE_FLOOD).search(text):
        return text
    parts = []
    for marks, group in groupby(text, _is_mark):
        run = "".join(group)
        surplus = len(run) - MARKS_PER_BASE if marks else 0
        parts.append(run[:MARKS_PER_BASE] + _count(surplus) if surplus > 0 else run)
    return "".join(parts)


def _is_mark(character: str) -> bool:
    return unicodedata.category(character).startswith("M")


def _count(cut: int) -> str:
    return f"…(+{cut})" if cut else ""
