"""Tips in pasted text: `X tipped N tokens [| note]`, `[--] note`, and `N tk` where only tips are looked for."""

from collections.abc import Collection
from typing import NamedTuple

from mhc.domain.events import MAX_TOKENS
from mhc.domain.paste_names import COLONS, SHORTEST
from mhc.patterns import Pattern

_NAME = Pattern(r"([A-Za-z0-9_]{1,25})(?: ?\|[0-9]{1,9}\|)?(?![A-Za-z0-9_])")
_NUMBER = Pattern(r"([0-9]{1,3}(?:,[0-9]{3}){1,3}|[0-9]{1,10})(?![0-9,])")
_UNIT = Pattern(r" ?(?:tokens|token|tkns|tkn|tks|tk)(?![A-Za-z0-9_])")
_NOBODY = ("an anonymous user", "anonymous user", "anonymous")
_VERBS = ("tipped ", "has tipped ", "just tipped ")
_MARKS = ("|", "--", "\u2014", "\u2013", "-", *COLONS)


class Tip(NamedTuple):
    """A tip; `username` is None where the site says only that somebody tipped."""

    username: str | None
    tokens: int
    note: str | None


def parse_tip(line: str, known: Collection[str] = (), *, short: bool = False) -> Tip | None:
    """Read a line that says that somebody tipped; `short` takes `name: 25 tk`, too. None where it is none."""
    low = line[:64].casefold()
    nobody = next((words for words in _NOBODY if low.startswith(f"{words} ")), None)
    if nobody is not None:
        found = amount(line[len(nobody) :].lstrip(), short=False)
        return found and Tip(None, *found)
    name = _NAME.match(line)
    if name is None:
        return None
    username = name[1].lower()
    if len(username) < SHORTEST and username not in known:
        return None
    rest = line[name.end() :].strip()
    found = amount(rest, short=False)
    if found is None and short:
        found = amount(rest[1:].strip() if rest[:1] in COLONS else rest, short=True)
    return found and Tip(username, *found)


def amount(text: str, *, short: bool) -> tuple[int, str | None] | None:
    """Give the tokens and the note of `tipped N tokens …`, or with `short` of `N tk …`; None where it is neither."""
    verb = next((verb for verb in _VERBS if text[:16].casefold().startswith(verb)), None)
    if verb is None and not short:
        return None
    text = text[len(verb or "") :].lstrip()
    number = _NUMBER.match(text)
    unit = _UNIT.match(text.casefold()[:64], number.end()) if number else None
    if number is None or unit is None:
        return None
    tokens = int(number[1].replace(",", ""))
    if not 1 <= tokens <= MAX_TOKENS:
        return None
    return tokens, _note(text[unit.end() :])


def _note(rest: str) -> str | None:
    rest = rest.strip()
    mark = next((mark for mark in _MARKS if rest.startswith(mark)), "")
    rest = rest[len(mark) :].strip()
    return None if rest in {"", ".", "!"} else rest
