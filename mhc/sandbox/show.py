"""The endless, made-up course of a room: show after show with dark hours between, the same for the same seed."""

from collections import deque
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import count, islice
from typing import Any, NamedTuple

from mhc.sandbox.people import Viewer, broadcaster, cast_of, dice
from mhc.sandbox.stage import Stage

ROOM = "example_room"
LENGTH = timedelta(hours=2)
PAUSE = timedelta(hours=20)
SHORTEST = timedelta(minutes=1)
MILLISECOND = timedelta(milliseconds=1)
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class Happening(NamedTuple):
    """One event before it has an id: when, counted from the start of the first show, and what."""

    offset: timedelta
    method: str
    object: dict[str, Any]


@dataclass(frozen=True)
class Show:
    """What a seed makes happen in a room. Iterating is lazy and gives the same again each time.

    `length` is that of one show, `pause` the dark hours before the next; it never ends unless
    `events` says after how many. Offsets are whole milliseconds and never fall. From the second show on,
    who is in `renames` bears the other name.
    """

    room: str = ROOM
    seed: int = 1
    length: timedelta = LENGTH
    pause: timedelta = PAUSE
    events: int | None = None
    renames: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.length < SHORTEST or self.pause < timedelta(0):
            raise ValueError("a show lasts a minute or longer, and its pause is not negative")

    def __iter__(self) -> Iterator[Happening]:
        """Give the happenings in time order."""
        return islice(self._play(), self.events)

    def last_offset(self) -> timedelta:
        """Give when the last event happens; plays the whole show, so it asks for `events`."""
        if self.events is None:
            raise ValueError("a show without a number of events has no last one")
        last = deque(self, maxlen=1)
        return last[0].offset if last else timedelta(0)

    def _play(self) -> Iterator[Happening]:
        owner, cast = broadcaster(self.room), cast_of(self.seed)
        length, pause = self.length // MILLISECOND, self.pause // MILLISECOND
        for number in count():
            begins = number * (length + pause)
            stage = Stage(owner, cast, dice(self.seed, "show", number), length=length, pause=pause)
            for at, method, what in stage.play():
                yield Happening((begins + at) * MILLISECOND, method, what)
            _pass_time(cast, self.seed, number)
            for viewer in cast if number == 0 else ():
                viewer.username = self.renames.get(viewer.username, viewer.username)


def with_ids(happenings: Iterable[Happening], start: datetime) -> Iterator[dict[str, Any]]:
    """Give complete events; ids are `<epoch ms>-<seq>`, strictly rising in (ms, seq)."""
    began = (start - EPOCH) // MILLISECOND
    last, seq = -1, 0
    for offset, method, what in happenings:
        ms = began + offset // MILLISECOND
        seq = seq + 1 if ms == last else 0
        last = ms
        yield {"method": method, "object": what, "id": f"{ms}-{seq}"}


def iter_events(
    seed: int = 1, room: str = ROOM, start: datetime | None = None, events: int | None = None
) -> Iterator[dict[str, Any]]:
    """Give the events of a show as the API would, without a server; `start` is 2026-01-01 UTC if not given."""
    return with_ids(Show(room=room, seed=seed, events=events), start or datetime(2026, 1, 1, tzinfo=UTC))


def _pass_time(cast: list[Viewer], seed: int, number: int) -> None:
    """Between two shows recent tips fade, purses fill again and some memberships lapse."""
    rng = dice(seed, "pause", number)
    for viewer in cast:
        viewer.recent //= 4
        viewer.purse = max(viewer.purse, rng.randint(*viewer.character.purse))
        if viewer.in_fanclub and not viewer.renews and rng.random() < 0.3:
            viewer.in_fanclub = False
