"""The room of the sandbox: who is there, what is planned, and the events that people's acts make."""

from collections.abc import Callable, Iterator
from heapq import heappop, heappush
from random import Random
from typing import Any

from mhc.sandbox import lines
from mhc.sandbox.people import Viewer, stranger

Happened = tuple[str, dict[str, Any]]
Act = Callable[..., Happened | None]

SECOND = 1_000
MINUTE = 60 * SECOND


class Agenda:
    """What is planned, in whole milliseconds from the start of the show.

    An act is run when its time has come and describes people as they are then, so memory is that of
    the plans still open, however long the show is. Plans after `end` are dropped.
    """

    def __init__(self, rng: Random, end: int) -> None:
        self.now = 0
        self.end = end
        self._rng = rng
        self._plans: list[tuple[int, int, Act, tuple[Any, ...]]] = []
        self._count = 0

    def plan(self, at: float, act: Act, *args: Any) -> None:
        """Run `act` at a millisecond; what is planned for the same one keeps its order."""
        if at <= self.end:
            heappush(self._plans, (int(at), self._count, act, args))
            self._count += 1

    def soon(self, low: float, high: float, act: Act, *args: Any) -> None:
        """Run `act` at some moment from `low` to `high` seconds from now."""
        self.plan(self.now + self._rng.uniform(low, high) * SECOND, act, *args)

    def run(self) -> Iterator[tuple[int, str, dict[str, Any]]]:
        """Give (millisecond, method, object) in time order until no plan is left."""
        while self._plans:
            self.now, _, act, args = heappop(self._plans)
            happened = act(*args)
            if happened:
                yield self.now, *happened


class Room:
    """The people in the room and the goal. Each act gives one event, or None where it cannot happen."""

    def __init__(self, owner: Viewer, rng: Random, agenda: Agenda) -> None:
        self.owner = owner
        self.crowd: list[Viewer] = []
        self.strangers = 0
        self._rng = rng
        self._agenda = agenda
        self._theme = rng.choice(lines.THEMES)
        self._tags = rng.choice(lines.TAGS)
        self._next_goal()

    def start(self) -> Happened:
        """Go on air."""
        self.owner.is_broadcasting = True
        return "broadcastStart", self._about(self.owner)

    def stop(self) -> Happened:
        """Go off air; people may stay in the room."""
        self.owner.is_broadcasting = False
        return "broadcastStop", self._about(self.owner)

    def announce(self) -> Happened:
        """Set the subject: theme, goal, what it still needs, and tags."""
        subject = f"{self._theme} — Goal: {self._goal} [{self._left} tokens left] {self._tags}"
        return "roomSubjectChange", {"broadcaster": self.owner.username, "subject": subject}

    def enter(self, viewer: Viewer) -> Happened | None:
        """Let somebody in who is not here."""
        if viewer.here:
            return None
        viewer.here = True
        self.crowd.append(viewer)
        return "userEnter", self._about(viewer)

    def leave(self, viewer: Viewer) -> Happened | None:
        """Let somebody go who is here."""
        if not viewer.here:
            return None
        viewer.here = False
        self.crowd.remove(viewer)
        return "userLeave", self._about(viewer)

    def stranger_enters(self) -> Happened:
        """Let a logged-out visitor in, who leaves before long."""
        self.strangers += 1
        self._agenda.soon(2, 240, self.stranger_leaves)
        return "userEnter", self._about(stranger())

    def stranger_leaves(self) -> Happened | None:
        """Let a logged-out visitor go."""
        if not self.strangers:
            return None
        self.strangers -= 1
        return "userLeave", self._about(stranger())

    def say(self, viewer: Viewer, text: str) -> Happened | None:
        """Write in public chat, with the names of the room and of somebody in it put in."""
        if not viewer.here and viewer is not self.owner:
            return None
        if "{" in text:
            other = self._rng.choice(self.crowd) if self.crowd else viewer
            text = text.format(name=other.username, room=self.owner.username)
        return "chatMessage", self._about(viewer, message=_message(text, viewer.color))

    def write_to_room(self, viewer: Viewer) -> Happened:
        """Write to the broadcaster, who answers."""
        answer = self._rng.choice(lines.FROM_ROOM)
        self._agenda.soon(4, 40, self._whisper, self.owner, viewer, answer)
        return self._whisper(viewer, self.owner, self._rng.choice(lines.TO_ROOM))

    def _whisper(self, sender: Viewer, receiver: Viewer, text: str) -> Happened:
        names = {"fromUser": sender.username, "toUser": receiver.username}
        return "privateMessage", self._about(sender, message=_message(text, "") | names)

    def tip(self, viewer: Viewer, tokens: int, message: str = "", anonymous: bool = False) -> Happened | None:
        """Tip, which also counts towards the goal; large tips are thanked for."""
        if not viewer.here or not self._pay(viewer, tokens):
            return None
        viewer.recent += tokens
        self._count_towards_goal(tokens)
        if tokens >= 100 and not anonymous:
            thanks = self._rng.choice(lines.THANKS).format(name=viewer.username)
            self._agenda.soon(1, 6, self.say, self.owner, thanks)
        return "tip", self._about(viewer, tip={"isAnon": anonymous, "message": message, "tokens": tokens})

    def follow(self, viewer: Viewer) -> Happened | None:
        """Follow the room."""
        if viewer.follows or not viewer.here:
            return None
        viewer.follows = True
        return "follow", self._about(viewer)

    def unfollow(self, viewer: Viewer) -> Happened | None:
        """Follow the room no longer."""
        if not viewer.follows or not viewer.here:
            return None
        viewer.follows = False
        return "unfollow", self._about(viewer)

    def buy(self, viewer: Viewer, media: tuple[int | str, str, str, int]) -> Happened | None:
        """Buy a set: its id, type, title and price."""
        number, kind, title, price = media
        if not viewer.here or not self._pay(viewer, price):
            return None
        bought = {"id": number, "name": title, "tokens": price, "type": kind}
        return "mediaPurchase", self._about(viewer, media=bought)

    def join(self, viewer: Viewer) -> Happened | None:
        """Join the fan club."""
        if viewer.in_fanclub or not viewer.here:
            return None
        viewer.in_fanclub = True
        viewer.renews = self._rng.random() < 0.5
        return "fanclubJoin", self._about(viewer)

    def _about(self, viewer: Viewer, **more: Any) -> dict[str, Any]:
        return {"broadcaster": self.owner.username, **more, "user": viewer.as_user()}

    def _pay(self, viewer: Viewer, tokens: int) -> bool:
        if viewer.purse < tokens and self._rng.random() < viewer.character.gives:
            viewer.purse += self._rng.choice((100, 200, 550, 1_255))
        if viewer.purse < tokens:
            return False
        viewer.purse -= tokens
        return True

    def _next_goal(self) -> None:
        self._goal, self._needed = self._rng.choice(lines.GOALS)
        self._left = self._needed

    def _count_towards_goal(self, tokens: int) -> None:
        """Change the subject at each quarter of the goal, and when it is reached."""
        quarter = self._left * 4 // self._needed
        self._left -= tokens
        if self._left <= 0:
            self._next_goal()
        elif self._left * 4 // self._needed == quarter:
            return
        self._agenda.soon(0.3, 1.2, self.announce)


def _message(text: str, color: str) -> dict[str, Any]:
    return {"bgColor": None, "color": color, "font": "default", "message": text, "orig": None}
