"""Rooms as a public feed shows them: what one reading says, which are kept, and whether a whole feed can be right."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import timedelta
from enum import IntEnum, IntFlag, StrEnum
from typing import Final


class Source(IntEnum):
    """Who gave a reading. Figures of two sources are never compared."""

    AFFILIATE = 1
    CBHOURS = 2

    @property
    def word(self) -> str:
        """The word by which it is asked for."""
        return self.name.lower()


class Show(IntEnum):
    """What kind of show a room was in."""

    PUBLIC = 1
    PRIVATE = 2
    GROUP = 3
    AWAY = 4
    HIDDEN = 5
    OFFLINE = 6

    @property
    def word(self) -> str:
        """The word of the source."""
        return self.name.lower()


class Mark(IntFlag):
    """What else a reading says; the gender takes three bits more, see `marks`."""

    NEW = 1
    HD = 2


class Scope(StrEnum):
    """Which rooms a poll was to keep."""

    ALL = "all"
    TRACKED = "tracked"
    SOME = "some"
    SEGMENTS = "segments"  # no poll, but three minutes of rooms that were asked about later


SEGMENT: Final = timedelta(minutes=3)  # that a reading of the past by CBHours stands for
GENDERS: Final = ("female", "male", "trans", "couple")
_GENDER_BIT: Final = 4


def marks(*, new: bool | None, hd: bool | None, gender: str | None) -> int:
    """Give the number that flags and gender are kept as."""
    number = GENDERS.index(gender) + 1 if gender in GENDERS else 0
    return bool(new) * Mark.NEW + bool(hd) * Mark.HD + number * _GENDER_BIT


def gender_of(flags: int) -> str | None:
    """Give the gender that is kept in a number of marks."""
    number = flags // _GENDER_BIT
    return GENDERS[number - 1] if 0 < number <= len(GENDERS) else None


@dataclass(frozen=True, slots=True)
class Reading:
    """One reading of one room. None is what it does not say; `tags` are in lower case, without #."""

    username: str
    show: Show | None = None
    viewers: int | None = None
    followers: int | None = None
    seconds_online: int | None = None
    flags: int = 0
    subject: str | None = None
    tags: tuple[str, ...] | None = ()
    rank: int | None = None
    gender_rank: int | None = None

    @property
    def is_silent(self) -> bool:
        """Whether it does not tell what the room says of itself."""
        return self.subject is None and self.tags is None


@dataclass(frozen=True, slots=True, kw_only=True)
class Keep:
    """Which rooms of a feed are kept: those of these names (None: of all), of which all else holds, too.

    Those of `always` are kept whatever else holds, and come first where there are more than `most`.
    """

    names: Collection[str] | None
    tracked: bool = False  # the names are those of who is tracked
    always: Collection[str] = ()
    most: int | None = None
    min_viewers: int | None = None
    min_followers: int | None = None
    genders: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()

    @property
    def scope(self) -> Scope:
        """Which rooms are to be kept, in a word: it tells what the absence of one means."""
        if self.has_conditions:
            return Scope.SOME
        if self.names is None:
            return Scope.ALL
        return Scope.TRACKED if self.tracked else Scope.SOME

    @property
    def has_conditions(self) -> bool:
        """Whether anything but names says which rooms are kept."""
        asked = (self.min_viewers, self.min_followers, *self.genders, *self.tags)
        return any(one is not None for one in asked)

    def keeps(self, one: Reading) -> bool:
        """Whether a room is kept; a figure that is not said is not enough."""
        return one.username in self.always or (
            (self.names is None or one.username in self.names)
            and (self.min_viewers is None or (one.viewers or 0) >= self.min_viewers)
            and (self.min_followers is None or (one.followers or 0) >= self.min_followers)
            and (not self.genders or gender_of(one.flags) in self.genders)
            and set(self.tags) <= set(one.tags or ())
        )


MOST_MISSING: Final = 0.05  # of the rooms there are: more do not move while the pages are read
HALF: Final = 0.5


def is_complete(came: int, listed: int | None) -> bool:
    """Whether a feed came whole, but for the few rooms that move while it is read; what says no count does not.

    Nor does what counts far fewer than came.
    """
    if listed is None or not came:
        return False
    return min(came, listed) >= max(came, listed) * (1 - MOST_MISSING)


def improbable(came: int, before: int | None) -> str | None:
    """Say why so many rooms cannot be all, after so many in the last complete feed (None: there was none)."""
    if came == 0:
        return "the feed has no room at all"
    if before and came <= before * HALF:
        return f"the feed has {came:,} rooms, and had {before:,}: half are gone"
    if before and came >= before / HALF:
        return f"the feed has {came:,} rooms, and had {before:,}: twice as many"
    return None
