"""What a room said of itself while it was on: subjects, without the counter that changes with each tip, and their tags."""

import re
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from typing import NamedTuple

from mhc.domain.spans import Pair, joined
from mhc.patterns import Pattern

_COUNTER = Pattern(r"\[[0-9., ]{1,20}tokens? (?:left|remaining|to go|to goal)\]", re.IGNORECASE)
_TAG = Pattern(r"(?<![\w&])#(\w+)")  # `&#39;` is an apostrophe

Tags = frozenset[str]


class Sign(NamedTuple):
    """The tags of a subject, from when on they hold; None where its words are not kept."""

    at: datetime
    tags: Tags | None


class Stretch(NamedTuple):
    """A half-open time with one set of tags; None where the subject is not known."""

    begin: datetime
    end: datetime
    tags: Tags | None


def plain(subject: str) -> str:
    """Give a subject without its `[N tokens left]`, on one line."""
    return " ".join(_COUNTER.sub(" ", subject).split())


def in_order(subjects: Iterable[str]) -> list[str]:
    """Give what was said, each once, in the order in which it came first; nothing says nothing."""
    return list(dict.fromkeys(text for one in subjects if (text := plain(one))))


def tags(subject: str) -> Tags:
    """Give the hashtags of a subject, in lower case, without #: as the feed of rooms has them."""
    return frozenset(found[1].lower() for found in _TAG.finditer(subject))


def in_force(spans: Iterable[Pair], captured: Iterable[Pair], told: Sequence[Sign]) -> Iterator[Stretch]:
    """Give spans of captured time by the subject in force, as changes say it, the earliest first.

    A subject holds until the next change; no further than the capture goes without a break, in which one may be missed.
    """
    unbroken = joined(captured)
    begins = [begin for begin, _end in unbroken]
    times = [one.at for one in told]
    for begin, end in spans:
        known_from = unbroken[bisect_right(begins, begin) - 1][0]
        after = bisect_right(times, begin)
        before = told[after - 1] if after and times[after - 1] >= known_from else Sign(begin, None)
        yield from _steps([before, *told[after : bisect_left(times, end)]], begin, end)


def filled(stretches: Iterable[Stretch], read: Sequence[Sign]) -> Iterator[Stretch]:
    """Say of stretches whose subject is not known what readings within them say.

    Each holds until the next one, and the first from the beginning: no change was captured meanwhile.
    """
    times = [one.at for one in read]
    for one in stretches:
        inside = (
            () if one.tags is not None else read[bisect_left(times, one.begin) : bisect_left(times, one.end)]
        )
        yield from _steps(inside or [Sign(one.begin, one.tags)], one.begin, one.end)


def _steps(signs: Sequence[Sign], begin: datetime, end: datetime) -> Iterator[Stretch]:
    """Give the time from one sign to the next; of signs that say the same only the first counts."""
    since, held = begin, signs[0].tags
    for at, said in signs[1:]:
        if said != held:
            if since < at:
                yield Stretch(since, at, held)
            since, held = at, said
    yield Stretch(since, end, held)
