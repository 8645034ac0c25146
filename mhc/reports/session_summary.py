"""The summary of a session in the form that never changes (people.md): sections of lines, as values.

Whoever writes it decides how a name or a number looks. What is not known is None.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING, NamedTuple

from mhc.reports import audience, one_session
from mhc.reports.one_session import Tipper, Whole
from mhc.store import watchlists

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from mhc.reports.audience import Row, Totals
    from mhc.reports.sessions import Asked
    from mhc.store.sessions import Session

FRIENDS, STARS = "Friends", "Known Streamers"
_BOARD = 5


class Summary(NamedTuple):
    """All that a summary says."""

    whole: Whole
    ended_at: datetime | None
    tracked: Sequence[tuple[str, Sequence["Row"]]]  # lists, in their order, with who of them was there
    board: Sequence[Tipper]
    tippers: Sequence[Tipper]
    largest: tuple[int, str | None] | None  # tokens of the largest tip, and who made it; None is anonymous
    first_tippers: Sequence[str]  # who tipped, and had not been seen before
    visitors: (
        "Totals | None"  # who was there, and for the first time; None: not all of them are kept any more
    )
    friends: frozenset[str]
    stars: frozenset[str]
    excluded: int


def read(conn: "Connection", one: "Session", asked: "Asked") -> Summary:
    """Give the summary of a session."""
    whole = one_session.read(conn, one, asked)
    people = audience.people_of(conn, one, asked, whole.tally)
    named = [row for row in people if row.username is not None]
    tippers = one_session.tippers(whole.tally, whole.names)
    largest = whole.tally.largest
    order = [each.name for each in watchlists.names(conn)]
    tracked = [(name, [row for row in named if name in row.watchlists]) for name in order]
    return Summary(
        whole=whole,
        ended_at=one.ended_at,
        tracked=[(name, rows) for name, rows in tracked if rows],
        board=tippers[:_BOARD],
        tippers=tippers,
        largest=None if largest is None else (largest[0], _name(whole, largest[1])),
        first_tippers=[row.username for row in named if row.first_time and row.tips and row.username],
        visitors=_visitors(whole, people),
        friends=_on(named, FRIENDS),
        stars=_on(named, STARS),
        excluded=whole.excluded,
    )


def _visitors(whole: Whole, people: Sequence["Row"]) -> "Totals | None":
    """Count who was there; where nobody listened, pasted lines may tell of some."""
    is_told = whole.figures.known_peak is not None
    return audience.totals_of(people) if is_told else None


def _name(whole: Whole, who: int | None) -> str | None:
    return None if who is None else whole.names[who]


def _on(rows: Sequence["Row"], name: str) -> frozenset[str]:
    return frozenset(row.username for row in rows if row.username and name in row.watchlists)
