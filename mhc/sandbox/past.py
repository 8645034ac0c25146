"""What happens on the site beside the show, over made-up months: by the seed and the day, and by nothing else."""

from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime, timedelta
from heapq import merge
from itertools import count
from random import Random
from typing import Any, Literal, NamedTuple

from mhc.sandbox.models import ELSEWHERE
from mhc.sandbox.people import Viewer, cast_of, dice
from mhc.sandbox.show import EPOCH, MILLISECOND, Show

OWN = 0  # the number of the own room among the models
NOBODY = -1
DEPTH = timedelta(days=180)  # of what happened before the first show, at least
# The last of the cast were seen nowhere before the first show, most others not from the beginning.
NEWCOMERS = 2
_FROM_THE_BEGINNING = 12
_LEAST_APART = timedelta(hours=20)
_SECOND = timedelta(seconds=1)
_FANCLUB_TOKENS = 500
_PRIVATE_TOKENS, _SPY_TOKENS, _BILLED_EVERY = 10, 2, 10
_DAY = 86_400

# hidden to spied: tokens of the own room that nobody outside sees, anonymous tips first; came to unfollowed: its people.
Kind = Literal[
    "on",
    "said",
    "tip",
    "off",
    "hidden",
    "media",
    "club",
    "private",
    "spied",
    "came",
    "went",
    "followed",
    "unfollowed",
]


class Seen(NamedTuple):
    """Something that happened: when, in seconds since 1970, and whom it is about, by number."""

    at: int
    kind: Kind
    model: int
    member: int = NOBODY
    tokens: int = 0


def first_day(begin: datetime) -> date:
    """Give the day with which all history begins, for a first show: that of a month, so that it seldom moves."""
    return (begin - DEPTH).astimezone(UTC).date().replace(day=1)


def crowd_names(size: int) -> list[str]:
    """Give the names of members whom only others know, numbered after the cast."""
    return [f"guest_{number:04d}" for number in range(1, size + 1)]


def everything(show: Show, begin: datetime, crowd: int = 0) -> Iterator[Seen]:
    """Give what happens in the own room, before the show and in it, and with the other models, in order of time."""
    cast = cast_of(show.seed)
    known = _known_since(show.seed, cast, begin)
    streams = (
        _elsewhere(show.seed, cast, begin, known),
        _before(show, cast, begin, known),
        _played(show, cast, begin),
        _private(show, cast, begin),
        _crowd(show.seed, range(len(cast), len(cast) + crowd), begin),
    )
    return merge(*streams, key=lambda one: one.at)


def _seconds(at: datetime) -> int:
    return (at - EPOCH) // _SECOND


def _beginning(begin: datetime) -> int:
    day = first_day(begin)
    return _seconds(datetime(day.year, day.month, day.day, tzinfo=UTC))


def _known_since(seed: int, cast: Sequence[Viewer], begin: datetime) -> list[int]:
    """Give for each of the cast from when on anybody may have seen them."""
    first, last = _beginning(begin), _seconds(begin)
    since = [
        first if n < _FROM_THE_BEGINNING else dice(seed, "since", n).randint(first, last)
        for n in range(len(cast))
    ]
    return since[:-NEWCOMERS] + [last] * NEWCOMERS


def _elsewhere(seed: int, cast: Sequence[Viewer], begin: datetime, known: Sequence[int]) -> Iterator[Seen]:
    fans = _fans(seed, cast)
    for number in count(_beginning(begin) // _DAY):
        rng = dice(seed, "elsewhere", number)
        found: list[Seen] = []
        for model in range(1, len(ELSEWHERE) + 1):
            if rng.random() < 0.7:
                length = rng.randint(7_200, 18_000)
                start = number * _DAY + rng.randint(0, _DAY - 1 - length)
                crowd = [member for member in fans[model] if known[member] <= start]
                found += _session(rng, cast, model, crowd, start, start + length)
        yield from sorted(found)


def _crowd(seed: int, members: range, begin: datetime) -> Iterator[Seen]:
    """Give the tips of the crowd: each one on the first day, and of some on every other."""
    start = _beginning(begin)
    for number in count():
        rng = dice(seed, "crowd", number)
        some = rng.sample(members, len(members) // 50) if number else members
        yield from sorted(
            Seen(
                start + number * _DAY + rng.randrange(_DAY),
                "tip",
                rng.randint(1, len(ELSEWHERE)),
                member,
                rng.choice((5, 25, 100)),
            )
            for member in some
        )
        if not members:
            return


def _before(show: Show, cast: Sequence[Viewer], begin: datetime, known: Sequence[int]) -> Iterator[Seen]:
    """Give the own room's earlier shows, in the rhythm of those that are played."""
    apart = max(show.length + show.pause, _LEAST_APART)
    for back in range(
        (begin.astimezone(UTC).date() - first_day(begin)).days * timedelta(days=1) // apart, 0, -1
    ):
        start = _seconds(begin - back * apart)
        end = start + min(show.length, apart) // _SECOND
        crowd = [member for member in range(len(cast)) if known[member] <= start]
        yield from sorted(_session(dice(show.seed, "before", back), cast, OWN, crowd, start, end))


def _fans(seed: int, cast: Sequence[Viewer]) -> list[list[int]]:
    """Give for each model who looks in there."""
    found: list[list[int]] = [[] for _ in range(len(ELSEWHERE) + 1)]
    for member in range(len(cast)):
        rng = dice(seed, "fan", member)
        for model in rng.sample(range(1, len(found)), rng.randint(1, 4)):
            found[model].append(member)
    return found


def _session(
    rng: Random, cast: Sequence[Viewer], model: int, crowd: Sequence[int], start: int, end: int
) -> Iterator[Seen]:
    yield Seen(start, "on", model)
    for member in crowd:
        character = cast[member].character
        if rng.random() < character.talks * 0.7:
            yield Seen(rng.randrange(start, end), "said", model, member)
        if rng.random() < character.gives:
            for _ in range(rng.randint(1, 6)):
                yield Seen(rng.randrange(start, end), "tip", model, member, rng.choice(character.tips))
    yield Seen(end, "off", model)


def _played(show: Show, cast: Sequence[Viewer], begin: datetime) -> Iterator[Seen]:
    """Give what others see of the show, and what its owner does."""
    numbers = {viewer.username: number for number, viewer in enumerate(cast)}
    numbers |= {new: numbers[old] for old, new in show.renames.items() if old in numbers}
    start_ms = (begin - EPOCH) // MILLISECOND
    for offset, method, what in show:
        at = (start_ms + offset // MILLISECOND) // 1000
        member = numbers.get(what.get("user", {}).get("username"), NOBODY)
        kind, tokens = _reading(method, what, member)
        if kind is not None:
            yield Seen(at, kind, OWN, member, tokens)


def _private(show: Show, cast: Sequence[Viewer], begin: datetime) -> Iterator[Seen]:
    """Give the private shows, billed in small parts, on which somebody spies: one at the end of most shows."""
    if show.events is not None:
        return
    most = max(3, min(20, show.length // _SECOND // _BILLED_EVERY // 2))
    for number in count():
        rng = dice(show.seed, "private", number)
        last = _seconds(begin + number * (show.length + show.pause) + show.length) - _BILLED_EVERY
        parts = rng.randint(3, most) if rng.random() < 0.7 else 0
        guest, spy = rng.sample(range(len(cast)), 2)
        for part in range(parts, 0, -1):
            at = last - part * _BILLED_EVERY
            yield Seen(at, "private", OWN, guest, _PRIVATE_TOKENS)
            if part % 3 == 0:
                yield Seen(at, "spied", OWN, spy, _SPY_TOKENS)


def _reading(method: str, what: dict[str, Any], member: int) -> tuple[Kind | None, int]:
    kinds: dict[str, Kind] = {
        "broadcastStart": "on",
        "broadcastStop": "off",
        "follow": "followed",
        "unfollow": "unfollowed",
    }
    if method in {"userEnter", "userLeave"}:
        return "came" if method == "userEnter" else "went", int(what["user"]["hasTokens"])
    if method == "tip":
        return "hidden" if what["tip"]["isAnon"] else "tip", what["tip"]["tokens"]
    if method == "mediaPurchase":
        return "media", what["media"]["tokens"]
    if method == "fanclubJoin":
        return "club", _FANCLUB_TOKENS
    if method == "chatMessage":
        return (None if member == NOBODY else "said"), 0
    return kinds.get(method), 0
