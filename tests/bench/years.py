"""Years of a busy room, made up as rows: for questions that are asked of ten million events and 50,000 people.

Whoever comes is drawn by Zipf's law, so that one person has nearly a tenth of all events and most have a few dozen.
"""

import json
import random
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import accumulate, count
from typing import NamedTuple

from mhc.domain.clock import to_ms
from mhc.domain.events import METHODS
from mhc.domain.packing import pack

ROOM_ID = STREAM_ID = 1
_SHOW = timedelta(hours=6) // timedelta(milliseconds=1)
A_SHOW = 10_000  # events
_NUMBER = {name: number for number, name in METHODS.items()}
# Of what is neither start, stop, enter nor leave.
_MIX = {
    "chatMessage": 76.0,
    "tip": 17.0,
    "privateMessage": 5.0,
    "follow": 1.0,
    "unfollow": 0.4,
    "mediaPurchase": 0.5,
    "fanclubJoin": 0.1,
}
_PAID = {_NUMBER["tip"], _NUMBER["mediaPurchase"]}
_SAID = {_NUMBER["chatMessage"], _NUMBER["privateMessage"]}
_AMOUNTS = (1, 5, 10, 15, 20, 25, 25, 33, 50, 50, 77, 100, 100, 250, 555, 1000)
_LINES = tuple(f"line {n}: hello there, the blue lights look good tonight" for n in range(200))


class Row(NamedTuple):
    """An event in the order of the table's columns."""

    id_ms: int
    at: int
    received_at: int
    stream_id: int
    id_seq: int
    room_id: int
    actor_id: int | None
    partner_id: int | None
    tokens: int | None
    method_id: int
    flags: int
    source_id: str
    text: str | None
    raw: bytes


class Stay(NamedTuple):
    """A visit: who, from when to when in epoch milliseconds."""

    person_id: int
    entered_at: int
    left_at: int


@dataclass(frozen=True)
class Night:
    """One show: when it began and ended in epoch milliseconds, its events in order, and the visits."""

    begin: int
    end: int
    rows: list[Row]
    stays: list[Stay]


def name_of(person_id: int) -> str:
    """Give a person's name; 1 is the room."""
    return "example_room" if person_id == ROOM_ID else f"viewer_{person_id:05d}"


def nights(events: int, people: int, today: datetime, a_show: int) -> Iterator[Night]:
    """Give shows of so many events, one a day up to the day before `today`, with about so many events of so many people.

    Each begins at another minute of the afternoon, since a real one does not begin when an hour does; the last one is
    twice as busy.
    """
    dice = random.Random(1)
    crowd = _Crowd(people)
    raws = {number: pack(_raw(name)) for number, name in METHODS.items()}
    noon = today.replace(hour=12, minute=0, second=17, microsecond=0)
    for day in range(max(1, events // a_show), 0, -1):
        begin = to_ms(noon - timedelta(days=day) + timedelta(minutes=day * 37 % 240))
        size = min(events, a_show) * (2 if day == 1 else 1)
        yield _night(dice, crowd, begin, size, raws)


class _Crowd:
    """Who comes, by Zipf's law; person 2 comes most often."""

    def __init__(self, people: int) -> None:
        self._sums = list(accumulate(1 / place for place in range(1, people + 1)))

    def draw(self, dice: random.Random, number: int) -> list[int]:
        most = self._sums[-1]
        return [bisect_right(self._sums, dice.random() * most) + 2 for _ in range(number)]


def _raw(method: str) -> bytes:
    body = {"method": method, "object": {"broadcaster": "example_room", "user": {"username": "viewer_00002"}}}
    return json.dumps(body | {"id": "1672596000000-0"}).encode()


def _night(dice: random.Random, crowd: _Crowd, begin: int, size: int, raws: dict[int, bytes]) -> Night:
    end = begin + _SHOW
    here = sorted(set(crowd.draw(dice, size // 8)))
    stays = []
    for who in here:
        first, last = sorted((dice.randrange(begin + 1000, end), dice.randrange(begin + 1000, end)))
        stays.append(Stay(who, first, last + 1))
    happened: list[tuple[int, int, int | None]] = [
        (begin, _NUMBER["broadcastStart"], None),
        (end, _NUMBER["broadcastStop"], None),
    ]
    happened += [(s.entered_at, _NUMBER["userEnter"], s.person_id) for s in stays]
    happened += [(s.left_at, _NUMBER["userLeave"], s.person_id) for s in stays]
    rest = size - len(happened)
    methods = dice.choices([_NUMBER[name] for name in _MIX], list(_MIX.values()), k=rest)
    happened += [
        (dice.randrange(begin, end), method, who)
        for method, who in zip(methods, crowd.draw(dice, rest), strict=True)
    ]
    happened.sort(key=lambda one: one[0])
    rows = [_row(dice, raws, seq, *one) for seq, one in zip(count(), happened)]
    return Night(begin, end, rows, stays)


def _row(dice: random.Random, raws: dict[int, bytes], seq: int, at: int, method: int, who: int | None) -> Row:
    partner, actor = None, who
    if method == _NUMBER["privateMessage"]:
        partner = ROOM_ID
        if dice.random() < 0.4:
            actor, partner = partner, actor
    tokens = dice.choice(_AMOUNTS) if method in _PAID else None
    anonymous = method == _NUMBER["tip"] and dice.random() < 0.05
    words = dice.choice(_LINES) if method in _SAID else None
    return Row(
        at, at, at + 300, STREAM_ID, seq, ROOM_ID, actor, partner, tokens, method, int(anonymous), "", words, raws[method]
    )  # fmt: skip
