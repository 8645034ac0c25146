"""Names in pasted text: who a line is of, and whom free text is about (people.md, pasted text).

All of it looks at a bounded number of characters of each place, so that no text makes it slow.
"""

from collections.abc import Collection, Iterator
from typing import NamedTuple

from mhc.patterns import Pattern

SHORTEST, LONGEST = 3, 25
COLONS = (":", "\uff1a")
# Words that stand before a colon in what nobody said, and so are nobody's name there.
RESERVED = frozenset(
    {"notice", "goal", "goals", "rule", "rules", "warning", "important", "welcome", "menu", "note", "tips"}
    | {"http", "https", "subject", "topic"}
)

_WORD = Pattern(r"[A-Za-z0-9_]{1,26}")
_BADGE = Pattern(r" ?\|[0-9]{1,9}\|")
_PLACES = Pattern(r"[A-Za-z0-9_]{1,64}")
_AFTER_NAME = ("tipped", "joined", "left")
_SITE = "chaturbate.com/"


class Named(NamedTuple):
    """Whose line it is, and what they said; `sure` is False where the name was guessed from its letters."""

    username: str
    rest: str
    sure: bool
    marked: bool  # a colon or a badge parts the two: nothing but what a person said looks so


def name_at_start(line: str, known: Collection[str]) -> Named | None:
    """Give who a line begins with; None where it begins with nobody.

    `name: …` and `name|100|…` say so. Else it is the longest known name that the line begins with, else 3 to 25
    word characters before a capital, or up to where a digit is followed by a letter.
    """
    found = _WORD.match(line)
    if found is None:
        return None
    run = found.end()
    name = found[0].lower()
    marked = _after_mark(line, run)
    if marked is not None:
        fits = run <= LONGEST and (run >= SHORTEST or name in known) and name not in RESERVED
        return Named(name, marked, sure=True, marked=True) if fits else None
    for end in range(min(run, LONGEST), 0, -1):
        if name[:end] in known:
            return Named(name[:end], line[end:].strip(), sure=True, marked=False)
    guessed = _guess(line, run)
    if guessed is None or name[:guessed] in RESERVED:
        return None
    return Named(name[:guessed], line[guessed:].strip(), sure=False, marked=False)


def _after_mark(line: str, end: int) -> str | None:
    """Give what follows a name's colon or badge; None where neither stands there."""
    badge = _BADGE.match(line, end)
    at = badge.end() if badge else end
    rest = line[at:].lstrip()
    if rest[:1] in COLONS:
        return rest[1:].strip()
    return rest.strip() if badge else None


def _guess(line: str, run: int) -> int | None:
    for end in range(SHORTEST, min(run, LONGEST) + 1):
        after = line[end : end + 1]
        if after.isupper() or (line[end - 1].isdigit() and after.isascii() and after.isalpha()):
            return end
    return None


def names_in(text: str, known: Collection[str] = ()) -> list[str]:
    """Give whom free text names, in order, each once: at least 3 characters.

    After `@`, in a URL of the site, at the start of a line before `:`, `tipped`, `joined` or `left`, or who is known.
    """
    return list(dict.fromkeys(name for line in text.splitlines() for name in _in_line(line, known)))


def _in_line(line: str, known: Collection[str]) -> Iterator[str]:
    begin = len(line) - len(line.lstrip())
    in_url = False
    for found in _PLACES.finditer(line):
        word, start, end = found[0].lower(), found.start(), found.end()
        of_site = _ends_with(line, start, _SITE) or (in_url and _ends_with(line, start, f"{_SITE}b/"))
        in_url = of_site and word == "b"
        if in_url or not SHORTEST <= len(word) <= LONGEST or _goes_on(line, start, end):
            continue
        named = of_site or (line[start - 1 : start] == "@" and not _is_letter(line[start - 2 : start - 1]))
        starts = start == begin and word not in RESERVED and _starts_a_line(line, end)
        if named or starts or word in known:
            yield word


def _starts_a_line(line: str, end: int) -> bool:
    rest = line[end : end + 16]
    if rest.lstrip()[:1] in COLONS:
        return True
    return rest[:1] == " " and rest.split()[0:1] != [] and rest.split()[0].strip(".!") in _AFTER_NAME


def _ends_with(line: str, at: int, what: str) -> bool:
    return line[max(0, at - len(what)) : at].lower() == what


def _goes_on(line: str, start: int, end: int) -> bool:
    """Whether it is the cut part of a longer run of word characters."""
    return _is_letter(line[end : end + 1]) or _is_letter(line[start - 1 : start] if start else "")


def _is_letter(one: str) -> bool:
    return one.isalnum() or one == "_"
