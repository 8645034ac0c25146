"""What an observer of public chats has seen so far: tips, messages, sessions, and who bears which name."""

from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from operator import attrgetter
from typing import NamedTuple

from mhc.sandbox.models import FIRST_DID, FIRST_RID, Model
from mhc.sandbox.past import NOBODY, Seen

_AT = attrgetter("at")


class Tip(NamedTuple):
    """A tip that was seen; people by number."""

    at: int
    member: int
    model: int
    tokens: int


@dataclass
class Session:
    """Time on air, in seconds since 1970; no end while it lasts."""

    start: int
    end: int | None = None

    def minutes(self, now: int) -> int:
        """Give how long it lasted, so far."""
        return ((self.end or now) - self.start) // 60


class Ledger:
    """All that was seen up to `now`. Names may change, numbers never do: `did` and `rid` are made from them."""

    def __init__(self, members: Iterable[str], models: Iterable[Model]) -> None:
        self.now = 0
        self.models = list(models)
        self.members = list(members)
        self.tips: list[Tip] = []
        self.of_member: dict[int, list[Tip]] = defaultdict(list)
        self.of_model: dict[int, list[Tip]] = defaultdict(list)
        self.sessions: dict[int, list[Session]] = defaultdict(list)
        self.first_said: dict[int, int] = {}
        self.last_said: dict[tuple[int, int], int] = {}

    def take(self, seen: Seen) -> None:
        """Note what was seen, if it is of a kind that can be."""
        if seen.kind == "tip" and seen.member != NOBODY:
            tip = Tip(seen.at, seen.member, seen.model, seen.tokens)
            for place in (self.tips, self.of_member[tip.member], self.of_model[tip.model]):
                place.append(tip)
        elif seen.kind == "said":
            self.first_said.setdefault(seen.member, seen.at)
            self.last_said[seen.member, seen.model] = seen.at
        elif seen.kind == "on":
            self.sessions[seen.model].append(Session(seen.at))
        elif seen.kind == "off" and self.sessions[seen.model]:
            self.sessions[seen.model][-1].end = seen.at

    def rename(self, old: str, new: str) -> None:
        """Let a member or a model bear another name from now on."""
        if old in self.members:
            self.members[self.members.index(old)] = new
        self.models = [Model(new, one.gender, one.tags) if one.name == old else one for one in self.models]

    def member(self, name: str) -> int | None:
        """Give the number of a member who was seen, by the name borne now."""
        number = self.members.index(name.lower()) if name.lower() in self.members else None
        return number if number in self.of_member or number in self.first_said else None

    def model(self, name: str) -> int | None:
        """Give the number of a model, by the name borne now."""
        return next((n for n, one in enumerate(self.models) if one.name == name.lower()), None)

    def did(self, member: int) -> int:
        """Give a member's id."""
        return FIRST_DID + member

    def rid(self, model: int) -> int:
        """Give a model's id."""
        return FIRST_RID + model

    def on_air(self, model: int) -> bool:
        """Say whether a model broadcasts now."""
        sessions = self.sessions[model]
        return bool(sessions) and sessions[-1].end is None

    def sessions_in(self, model: int, first: int, last: int) -> list[Session]:
        """Give the sessions that began in a range; both ends belong to it."""
        return [one for one in self.sessions[model] if first <= one.start <= last]


def between(tips: Sequence[Tip], first: int, last: int) -> Sequence[Tip]:
    """Give the tips of a range; both ends belong to it."""
    return tips[bisect_left(tips, first, key=_AT) : bisect_right(tips, last, key=_AT)]
