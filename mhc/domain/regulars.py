"""Who is a regular: how often somebody came to the last sessions, and before when."""

import re
from typing import NamedTuple

from mhc.patterns import Pattern

MOST_SESSIONS = 100  # that anybody is looked for in at once
USUAL = "3 of 10 before 30d"  # analysis.md, `retention`
_FORM = f'write "N of M before TIME", as "{USUAL}"'
_DEFINITION = Pattern(r"([0-9]{1,9}) ?of ?([0-9]{1,9}) before (\S.*)", re.ASCII | re.IGNORECASE)


class Habit(NamedTuple):
    """A regular came to at least so many of so many sessions."""

    often: int = 3
    of_sessions: int = 10


class Definition(NamedTuple):
    """Whom to miss: who had a habit before an instant, which stands here as it was written, and came to no session since."""

    habit: Habit
    before: str

    def __str__(self) -> str:
        return f"{self.habit.often} of {self.habit.of_sessions} before {self.before}"


def parse_definition(text: str) -> Definition:
    """Read `3 of 10 before 30d`; the time is read by who knows the clock. Raise ValueError with what would do."""
    words = " ".join(text.split())
    match = _DEFINITION.fullmatch(words)
    if match is None:
        raise ValueError(f"{words[:80]!r} does not say who is a regular; {_FORM}")
    habit = Habit(int(match[1]), int(match[2]))
    if not 1 <= habit.of_sessions <= MOST_SESSIONS:
        raise ValueError(f"of {habit.of_sessions} sessions? of 1 to {MOST_SESSIONS}; {_FORM}")
    if not 1 <= habit.often <= habit.of_sessions:
        raise ValueError(f"{habit.often} of {habit.of_sessions} sessions cannot be; {_FORM}")
    return Definition(habit, match[3])
