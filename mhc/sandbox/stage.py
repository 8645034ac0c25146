"""The course of one show: its script, and the dice that decide what happens in between."""

from collections.abc import Iterator
from itertools import accumulate
from random import Random
from typing import Any

from mhc.sandbox import lines
from mhc.sandbox.people import Viewer
from mhc.sandbox.room import MINUTE, SECOND, Act, Agenda, Happened, Room

# The script is written for a show of at least this length; a shorter one is squeezed.
FULL_SCRIPT = 25 * MINUTE
FEWEST, MOST = 10, 30


class Stage:
    """One show and the dark hours after it; `length` and `pause` are milliseconds."""

    def __init__(self, owner: Viewer, cast: list[Viewer], rng: Random, *, length: int, pause: int) -> None:
        self._cast = cast
        self._rng = rng
        self._length = length
        self._pause = pause
        self._squeeze = min(1.0, length / FULL_SCRIPT)
        self._agenda = Agenda(rng, length)
        self._room = Room(owner, rng, self._agenda)
        self._over = False
        # How often each kind of moment comes, in parts of about a hundred.
        kinds: tuple[tuple[float, Act], ...] = (
            (48, self._chat),
            (7, self._somebody_comes),
            (5, self._somebody_goes),
            (8, self._room.stranger_enters),
            (9, self._tip),
            (0.8, self._burst),
            (0.15, self._volley),
            (3, self._private_message),
            (1, self._new_follower),
            (0.3, self._lost_follower),
            (0.3, self._purchase),
            (0.08, self._new_member),
        )
        self._acts = [act for _, act in kinds]
        self._weights = list(accumulate(weight for weight, _ in kinds))

    def play(self) -> Iterator[tuple[int, str, dict[str, Any]]]:
        """Give (millisecond, method, object) in time order, to the end of the dark hours."""
        self._plan_broadcasts()
        self._plan_first_minutes()
        self._plan_highlights()
        self._plan_dark_hours()
        return self._agenda.run()

    def _at(self, seconds: float, act: Act, *args: Any) -> None:
        self._agenda.plan(seconds * SECOND * self._squeeze, act, *args)

    def _plan_broadcasts(self) -> None:
        self._at(0, self._room.start)
        self._at(6, self._room.announce)
        self._at(8, self._moment)
        self._at(780, self._room.stop)
        self._at(780 + self._rng.uniform(120, 240), self._room.start)
        self._agenda.plan(self._length - 40 * SECOND * self._squeeze, self._close)

    def _plan_first_minutes(self) -> None:
        """Let people in, and viewer_one chat and tip, as tests and demonstrations count on."""
        room, one = self._room, self._cast[0]
        for viewer in self._cast:
            viewer.stays_until = int(self._rng.uniform(2, 9) * MINUTE * self._squeeze)
        for number, viewer in enumerate(self._cast[:5]):
            viewer.stays_until = int(12 * MINUTE * self._squeeze)
            self._at(3 + 7.31 * number, room.enter, viewer)
        for viewer in self._rng.sample(self._cast[5:], 18):
            self._at(self._rng.uniform(4, 90), room.enter, viewer)
        for seconds, text in (
            (18, "hi {room}!"),
            (47, "love this one 🎶"),
            (130, "how was your weekend {room}?"),
        ):
            self._at(seconds, room.say, one, text)
        for seconds, tokens, message in (
            (31, 25, "| thanks for the show"),
            (75, 1, ""),
            (140, 55, "Song request"),
        ):
            self._at(seconds, room.tip, one, tokens, message)
        self._at(110, room.write_to_room, one)
        self._at(200, room.tip, one, 50, "Dance | for the cat", True)

    def _plan_highlights(self) -> None:
        """Let the rare things happen early in every show: no method is missing after a quarter of an hour."""
        room, (_, two, three, four, five) = self._room, self._cast[:5]
        self._at(170, room.follow, two)
        self._at(480, room.unfollow, two)
        self._at(240, room.buy, three, lines.MEDIA[0])
        self._at(250, self._volley, five)
        self._at(600, room.buy, four, lines.MEDIA[2])
        self._at(360, self._new_member, three)

    def _plan_dark_hours(self) -> None:
        """Let somebody look in now and then until the next show."""
        self._agenda.end = self._length + self._pause
        for _ in range(self._pause // (70 * MINUTE)):
            at = self._length + self._rng.randint(MINUTE, self._pause - 6 * MINUTE)
            visitor = self._rng.choice(self._cast)
            self._agenda.plan(at, self._room.enter, visitor)
            self._agenda.plan(at + self._rng.randint(20, 280) * SECOND, self._room.leave, visitor)
        self._agenda.end = self._length

    def _close(self) -> Happened:
        """End the show: everybody leaves in what is left of its length."""
        self._over = True
        rest = self._length - self._agenda.now
        going: list[tuple[Any, ...]] = [(self._room.leave, viewer) for viewer in self._room.crowd]
        going += [(self._room.stranger_leaves,)] * self._room.strangers
        for act in going:
            self._agenda.plan(self._agenda.now + self._rng.random() * rest, *act)
        return self._room.stop()

    def _moment(self) -> Happened | None:
        """Roll the dice, and again in a second or two: fewer things happen while the room is off air."""
        if self._over:
            return None
        calm = 1 if self._room.owner.is_broadcasting else 5
        self._agenda.plan(self._agenda.now + 1 + self._rng.expovariate(1 / 1_480) * calm, self._moment)
        return self._rng.choices(self._acts, cum_weights=self._weights)[0]() or self._chat()

    def _talker(self) -> Viewer | None:
        return self._somebody(lambda viewer: viewer.character.talks)

    def _giver(self) -> Viewer | None:
        return self._somebody(lambda viewer: viewer.character.gives)

    def _somebody(self, likelihood: Any) -> Viewer | None:
        for _ in range(30 if self._room.crowd else 0):
            viewer = self._rng.choice(self._room.crowd)
            if self._rng.random() < likelihood(viewer):
                return viewer
        return None

    def _chat(self) -> Happened | None:
        viewer = self._talker()
        if viewer is None or self._rng.random() < 0.1:
            return self._room.say(self._room.owner, self._rng.choice(lines.OWNER))
        return self._room.say(viewer, self._rng.choice(lines.CHAT))

    def _somebody_comes(self) -> Happened | None:
        viewer = self._rng.choice(self._cast)
        if viewer.here or len(self._room.crowd) >= MOST:
            return None
        viewer.stays_until = self._agenda.now + self._rng.randint(1, 20) * MINUTE
        return self._room.enter(viewer)

    def _somebody_goes(self) -> Happened | None:
        if len(self._room.crowd) <= FEWEST:
            return None
        viewer = self._rng.choice(self._room.crowd)
        return self._room.leave(viewer) if viewer.stays_until < self._agenda.now else None

    def _tip(self) -> Happened | None:
        viewer = self._giver()
        if viewer is None or not self._room.owner.is_broadcasting:
            return None
        roll = self._rng.random()
        note = self._rng.choice(lines.NOTES)
        anonymous = self._rng.random() < (0.6 if viewer.shy else 0.03)
        if roll < 0.3:
            option, price = self._rng.choice(lines.MENU)
            return self._room.tip(viewer, price, option if roll < 0.15 else f"{option} | {note}", anonymous)
        tokens = 1 if roll > 0.9 else self._rng.choice(viewer.character.tips)
        return self._room.tip(viewer, tokens, f"| {note}" if roll < 0.55 else "", anonymous)

    def _burst(self) -> Happened | None:
        """Several people tip within a few seconds, as they do near a goal."""
        for _ in range(self._rng.randint(4, 9)):
            self._agenda.soon(0.2, 8, self._tip)
        return self._tip()

    def _volley(self, viewer: Viewer | None = None) -> Happened | None:
        """Ten equal tips of one person within a second, two of them in the same millisecond."""
        viewer = viewer or self._giver()
        if viewer is None or viewer.purse < 500:
            return None
        tokens = self._rng.choice((1, 5, 10))
        moments = self._rng.sample(range(1, 990), 8)
        for after in (*moments, moments[0]):
            self._agenda.plan(self._agenda.now + after, self._room.tip, viewer, tokens)
        return self._room.tip(viewer, tokens)

    def _private_message(self) -> Happened | None:
        viewer = self._talker()
        return self._room.write_to_room(viewer) if viewer else None

    def _new_follower(self) -> Happened | None:
        return self._room.follow(self._rng.choice(self._room.crowd)) if self._room.crowd else None

    def _lost_follower(self) -> Happened | None:
        return self._room.unfollow(self._rng.choice(self._room.crowd)) if self._room.crowd else None

    def _purchase(self) -> Happened | None:
        viewer = self._giver()
        return self._room.buy(viewer, self._rng.choice(lines.MEDIA)) if viewer else None

    def _new_member(self, favourite: Viewer | None = None) -> Happened | None:
        """Let the favourite join the fan club, or whoever is not in it yet and here."""
        crowd = ([favourite] if favourite else []) + self._room.crowd
        viewer = next((v for v in crowd if not v.in_fanclub and v.character.gives > 0.1), favourite)
        return self._room.join(viewer) if viewer else None
