"""The rooms of the sandbox's public feed: those of the story as it has them, and thousands of made-up ones beside them.

Which made-up room is on air when, and with what, follows from the seed, its number and the time, and from nothing else.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final
from zlib import crc32

from mhc.sandbox.account import Account
from mhc.sandbox.ledger import Ledger
from mhc.sandbox.models import TAG_KINDS
from mhc.sandbox.past import OWN

NUMBER: Final = 6_000  # a tenth of them is on air
LETTERS: Final = "mftc"  # as models count genders
_GENDERS: Final = "ffffffmmtc"
_REGIONS: Final = ("asia", "europe_russia", "northamerica", "southamerica", "other")
_COUNTRIES: Final = {
    "asia": "JP",
    "europe_russia": "RO",
    "northamerica": "CA",
    "southamerica": "CO",
    "other": "",
}
_TAGS: Final = tuple(TAG_KINDS)
_GOALS: Final = ("song", "dance 💃", 'a "long" story', "<b>cake</b> & tea", "Lied für alle", "音楽")
_SHOWS: Final = ("public",) * 16 + ("private", "private", "group", "away", "hidden")
_DAY: Final = 86_400
_HOUR: Final = 3_600
_FIRST_AT: Final = 1_700_000_000  # since then they gain followers
_SHOW_LASTS: Final = 600
_MOVES: Final = 5  # seconds after which viewers have come and gone


@dataclass(frozen=True, slots=True)
class Room:
    """A room that is on air."""

    name: str
    gender: str
    tags: tuple[str, ...]
    show: str
    viewers: int
    followers: int
    seconds: int
    goal: str
    region: str
    age: int | None
    is_new: bool
    is_hd: bool
    exhibits: bool

    @property
    def country(self) -> str:
        """Give where it is; empty where it does not say so."""
        return _COUNTRIES[self.region]

    @property
    def subject(self) -> str:
        """Give what it says of itself."""
        return " ".join((self.goal, *(f"#{tag}" for tag in self.tags))).strip()


def on_air(ledger: Ledger, account: Account, seed: int, number: int) -> list[Room]:
    """Give the rooms that are on air, those with the most viewers first: the order changes every few seconds."""
    found = [*_of_story(ledger, account, seed), *_made_up(seed, number, ledger.now)]
    return sorted(found, key=lambda one: (-one.viewers, one.name))


@dataclass(frozen=True, slots=True)
class Known:
    """A room, on air or not: as the feed has it now (None: it is off air), and what holds of it all the time."""

    live: Room | None
    last: int | None  # when it began last
    followers: int
    gender: int  # as models count them
    age: int | None
    tags: tuple[str, ...]


def known(ledger: Ledger, account: Account, seed: int, number: int, name: str) -> Known | None:
    """Give a room by its name in lower case; None for one that there is not."""
    now = ledger.now
    place = next((at for at, one in enumerate(ledger.models) if one.name.lower() == name), None)
    if place is not None:
        model = ledger.models[place]
        live = next((one for one in _of_story(ledger, account, seed) if one.name == model.name), None)
        last = max((one.start for one in ledger.sessions[place] if one.start <= now), default=None)
        followers = account.followers if place == OWN else crowd(seed, -place, now)[1]
        return Known(live, last, followers, model.gender, _age(seed, -place), model.tags)
    one = int(name[5:]) if name.startswith("room_") and name[5:].isdecimal() and len(name) == 10 else 0
    if not 1 <= one <= number:
        return None
    live = made_up(seed, one, now)
    gender = LETTERS.index(_GENDERS[_chance(seed, one) % len(_GENDERS)])
    followers, tags = crowd(seed, one, now)[1], live.tags if live else ()
    return Known(live, _last(seed, one, now), followers, gender, _age(seed, one), tags)


def _age(seed: int, number: int) -> int | None:
    chance = _chance(seed, number, "more")
    return None if chance % 3 == 0 else 18 + chance % 40


def _last(seed: int, number: int, now: int) -> int | None:
    """Give when a made-up room began last, of the last month."""
    usual = _chance(seed, number, "hour") % 24 * _HOUR
    for day in range(now // _DAY, now // _DAY - 30, -1):
        chance = _chance(seed, number, day)
        start = day * _DAY + usual + chance // 10 % _HOUR
        if chance % 10 < 6 and start <= now:
            return start
    return None


def _of_story(ledger: Ledger, account: Account, seed: int) -> Iterator[Room]:
    for number, model in enumerate(ledger.models):
        if not ledger.on_air(number):
            continue
        own = number == OWN
        seconds = ledger.now - ledger.sessions[number][-1].start
        viewers, followers = crowd(seed, -number, ledger.now)
        yield _room(
            seed,
            -number,
            ledger.now,
            name=model.name,
            gender=LETTERS[model.gender],
            tags=model.tags,
            show="public",
            viewers=account.strangers + len(account.crowd) if own else viewers,
            followers=account.followers if own else followers,
            seconds=seconds,
        )


def _made_up(seed: int, number: int, now: int) -> Iterator[Room]:
    every = (made_up(seed, one, now) for one in range(1, number + 1))
    return (one for one in every if one is not None)


def made_up(seed: int, number: int, now: int) -> Room | None:
    """Give a made-up room by its number; None where it is not on air."""
    since = _since(seed, number, now)
    if since is None:
        return None
    chance = _chance(seed, number)
    viewers, followers = crowd(seed, number, now)
    place = chance % len(_TAGS)
    return _room(
        seed,
        number,
        now,
        name=name_of(number),
        gender=_GENDERS[chance % len(_GENDERS)],
        tags=(_TAGS + _TAGS)[place : place + chance % 4],
        show=_SHOWS[_chance(seed, number, since, (now - since) // _SHOW_LASTS) % len(_SHOWS)],
        viewers=viewers,
        followers=followers,
        seconds=now - since,
    )


def name_of(number: int) -> str:
    """Give the name of a made-up room."""
    return f"room_{number:05d}"


def _room(
    seed: int,
    number: int,
    now: int,
    *,
    name: str,
    gender: str,
    tags: tuple[str, ...],
    show: str,
    viewers: int,
    followers: int,
    seconds: int,
) -> Room:
    chance = _chance(seed, number, "more")
    left = 50 * (_chance(seed, number, now // _SHOW_LASTS) % 20)
    goal = f"Goal: {_GOALS[chance % len(_GOALS)]} [{left} tokens left]"
    return Room(
        name,
        gender,
        tags,
        show,
        viewers,
        followers,
        seconds,
        "" if chance % 11 == 0 else goal,
        _REGIONS[chance % len(_REGIONS)],
        _age(seed, number),
        chance % 20 == 0,
        chance % 5 != 0,
        chance % 7 == 0,
    )


def _since(seed: int, number: int, now: int) -> int | None:
    """Give since when a room is on air; None where it is not. It comes on about the same hour, on six days of ten."""
    usual = _chance(seed, number, "hour") % 24 * _HOUR
    for day in (now // _DAY, now // _DAY - 1):
        chance = _chance(seed, number, day)
        start = day * _DAY + usual + chance // 10 % _HOUR
        if chance % 10 < 6 and start <= now < start + 2 * _HOUR + chance // 100 % (4 * _HOUR):
            return start
    return None


def crowd(seed: int, number: int, now: int) -> tuple[int, int]:
    """Give viewers and followers of a room: few have many."""
    known = 40_000 // (number + 5) if number >= 0 else 40
    wave = _chance(seed, number, now // _MOVES) % 40
    gains = known * (_chance(seed, number, "fame") % 50) // 1_000  # a day
    return known * (80 + wave) // 100, known * 30 + (now - _FIRST_AT) * gains // _DAY


def _chance(*words: object) -> int:
    return crc32(":".join(map(str, words)).encode())
