"""What the site knows of the own room's account: balance, pay-outs, votes, followers, who is there."""

from collections import deque
from datetime import UTC, date, datetime, time, timedelta
from typing import Final, NamedTuple
from zoneinfo import ZoneInfo

from mhc.sandbox.past import NOBODY, OWN, Seen
from mhc.sandbox.people import dice

SITE_ZONE: Final = ZoneInfo("America/Los_Angeles")  # the site writes its times in it
PAID_OUT_AT: Final = time(21, 30)
_DAY: Final = 86_400
_VOTES_COUNT_FOR: Final = 90 * _DAY
_FIRST_FOLLOWERS: Final = 24_000
_LISTED_FOR: Final = 30 * _DAY
_SEEN_TO_PAY: Final = {"tip", "hidden", "media", "club"}
_PAYING: Final = {*_SEEN_TO_PAY, "private", "spied"}


class Entry(NamedTuple):
    """A move of the balance, and the balance after it; `place` tells those of one second apart."""

    at: int
    place: int
    tokens: int
    balance: int
    kind: str
    member: int


class Account:
    """The account up to `now`, in seconds since 1970. What is on it is paid out each evening, and it begins again at 0."""

    def __init__(self, seed: int) -> None:
        self.now = 0
        self.balance = 0
        self.paid_out: dict[date, int] = {}
        self.entries: deque[Entry] = deque()  # of the last thirty days
        self.followers = _FIRST_FOLLOWERS
        self.strangers = 0
        self.crowd: dict[int, bool] = {}  # who is there, and whether they have tokens
        self.on_since: int | None = None
        self.last_on: int | None = None
        self._rng = dice(seed, "account")
        self._recent: deque[tuple[int, int]] = deque()
        self._votes: deque[tuple[int, bool]] = deque()
        self._next_pay_out: int | None = None

    def take(self, seen: Seen) -> None:
        """Note what happened in the own room."""
        if seen.model != OWN:
            return
        self.pass_to(seen.at)
        if seen.kind in _PAYING:
            self._enter(seen.at, seen.tokens, seen.kind, seen.member)
            if seen.kind in _SEEN_TO_PAY:
                self._recent.append((seen.at, seen.tokens))
        elif seen.kind == "on":
            self.on_since, self.last_on = seen.at, seen.at
        elif seen.kind == "off":
            self.on_since = None
            self._vote(seen.at)
        elif seen.kind in {"followed", "unfollowed"}:
            self.followers += 1 if seen.kind == "followed" else -1
        elif seen.kind in {"came", "went"}:
            self._move(seen)

    def pass_to(self, now: int) -> None:
        """Let time pass: tips are no longer recent, votes no longer count, and evenings come."""
        self.now = now
        if self._next_pay_out is None:
            self._next_pay_out = _evening(now)
        while self._next_pay_out <= now:
            day = datetime.fromtimestamp(self._next_pay_out, SITE_ZONE).date()
            if self.balance:
                self.paid_out[day] = self.balance
                self._enter(self._next_pay_out, -self.balance, "paid out", NOBODY)
            self._next_pay_out = _evening(self._next_pay_out + 1)
        while self._recent and self._recent[0][0] <= now - 3600:
            self._recent.popleft()
        while self.entries and self.entries[0].at <= now - _LISTED_FOR:
            self.entries.popleft()
        while self._votes and self._votes[0][0] <= now - _VOTES_COUNT_FOR:
            self._votes.popleft()

    def tokens_in_last_hour(self) -> int:
        """Give the tokens of the last hour."""
        return sum(tokens for _, tokens in self._recent)

    def votes(self) -> tuple[int, int]:
        """Give the votes for and against that count."""
        up = sum(is_up for _, is_up in self._votes)
        return up, len(self._votes) - up

    def _enter(self, at: int, tokens: int, kind: str, member: int) -> None:
        last = self.entries[-1] if self.entries else None
        self.balance += tokens
        place = last.place + 1 if last is not None and last.at == at else 0
        self.entries.append(Entry(at, place, tokens, self.balance, kind, member))

    def _vote(self, at: int) -> None:
        self._votes += [(at, self._rng.random() < 0.96) for _ in range(self._rng.randint(0, 3))]

    def _move(self, seen: Seen) -> None:
        if seen.member == NOBODY:
            self.strangers += 1 if seen.kind == "came" else -1
        elif seen.kind == "came":
            self.crowd[seen.member] = bool(seen.tokens)
        else:
            self.crowd.pop(seen.member, None)


def _evening(after: int) -> int:
    """Give the first pay-out that is not before a moment."""
    at = datetime.fromtimestamp(after, SITE_ZONE)
    for days in (0, 1):
        day = at.date() + timedelta(days=days)
        evening = datetime.combine(day, PAID_OUT_AT, SITE_ZONE).astimezone(UTC)
        if evening >= at:
            break
    return int(evening.timestamp())
