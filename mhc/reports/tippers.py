"""Who tipped, and how much (analysis.md, `tippers`).

`tokens` are tips and media together; the number, mean, median, largest, first and last are those of tips. Anonymous
payments are one row, merged people are one, excluded people are left out of the total, too.
"""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import chain, repeat
from typing import TYPE_CHECKING

from mhc.domain.clock import from_ms
from mhc.domain.figures import mean, median, share
from mhc.domain.sessions import FAR, Calendar
from mhc.reports.frame import Covered, covered
from mhc.store import paid, pairs, people, sessions, watchlists

if TYPE_CHECKING:
    from collections.abc import Callable

    from sqlalchemy import Connection

    from mhc.store.counting import Scope
    from mhc.store.paid import Payment

_ANONYMOUS = None  # the key of the one row of all who did not want to be named


@dataclass(frozen=True, slots=True)
class Row:
    """What one person paid; `username` None is everyone who tipped anonymously."""

    username: str | None
    anonymous: bool
    tokens: int
    tips: int
    share: float | None  # of the tokens of all rows, 0 to 1
    mean: float | None
    median: int | None
    largest: int | None
    first_tip_at: datetime | None
    last_tip_at: datetime | None
    sessions: int  # in how many they tipped


@dataclass(frozen=True, slots=True)
class Report:
    """The tippers of a scope, who paid most first, and what they were counted from."""

    sources: Sequence[str]
    coverage: Covered | None  # None: nothing is known to be captured, or rooms differ
    excluded: int
    rows: Sequence[Row]


@dataclass(slots=True)
class _Tally:
    tokens: int = 0
    tips: dict[int, int] = field(default_factory=lambda: defaultdict(int))  # amount → how often
    first_ms: int | None = None
    last_ms: int | None = None
    sessions: set[int] = field(default_factory=set)

    def add(self, one: "Payment", session_id: int | None) -> None:
        """Count a payment; they come in order of time."""
        self.tokens += one.tokens
        if not one.is_tip:
            return
        self.tips[one.tokens] += 1
        if one.at_ms:  # 0: a pasted line of unknown time
            self.first_ms = one.at_ms if self.first_ms is None else self.first_ms
            self.last_ms = one.at_ms
        if session_id is not None:
            self.sessions.add(session_id)


def read(
    conn: "Connection",
    scope: "Scope",
    *,
    reveal: bool = False,
    include_excluded: bool = False,
    with_alternates: bool = False,
) -> Report:
    """Give who paid in a scope; `reveal` counts anonymous payments for whoever made them."""
    roots = people.roots(conn)
    excluded = set() if include_excluded else watchlists.excluded_ids(conn)
    one_of = pairs.alternates(conn, excluded) if with_alternates else {}

    def key(actor_id: int | None, *, anonymous: bool) -> int | None:
        if actor_id is None or (anonymous and not reveal):
            return _ANONYMOUS
        root = roots.get(actor_id, actor_id)
        return one_of.get(root, root)

    session_of = _sessions(conn, scope)
    tallies: dict[int | None, _Tally] = defaultdict(_Tally)
    for one in paid.list_all(conn, scope):
        tallies[key(one.actor_id, anonymous=one.anonymous)].add(one, session_of(one))
    left_out = tallies.keys() & excluded
    kept = {who: tally for who, tally in tallies.items() if who not in left_out}
    names = people.names_by_id(conn, (who for who in kept if who is not None))
    return Report(
        sources=["events", "testbed"] if scope.testbed else ["events"],
        coverage=covered(conn, scope.room_ids, scope.since, scope.until),
        excluded=len(left_out),
        rows=_rows(kept, names),
    )


def _sessions(conn: "Connection", scope: "Scope") -> "Callable[[Payment], int | None]":
    """Give what finds the session of a payment."""
    by_room = sessions.spans(conn, scope.room_ids)
    calendars = {room_id: Calendar([span for _id, span in found], FAR) for room_id, found in by_room.items()}

    def find(one: "Payment") -> int | None:
        place = calendars[one.room_id].place(one.at_ms) if one.room_id in calendars else None
        return None if place is None else by_room[one.room_id][place][0]

    return find


def _rows(tallies: dict[int | None, _Tally], names: dict[int, str]) -> list[Row]:
    total = sum(tally.tokens for tally in tallies.values())
    rows = [_row(None if who is None else names[who], tally, total) for who, tally in tallies.items()]
    return sorted(rows, key=lambda row: (-row.tokens, row.username is None, row.username or ""))


def _row(username: str | None, tally: _Tally, total: int) -> Row:
    amounts = list(chain.from_iterable(repeat(tokens, count) for tokens, count in tally.tips.items()))
    return Row(
        username=username,
        anonymous=username is None,
        tokens=tally.tokens,
        tips=len(amounts),
        share=share(tally.tokens, total),
        mean=mean(sum(amounts), len(amounts)),
        median=median(amounts),
        largest=max(amounts, default=None),
        first_tip_at=None if tally.first_ms is None else from_ms(tally.first_ms),
        last_tip_at=None if tally.last_ms is None else from_ms(tally.last_ms),
        sessions=len(tally.sessions),
    )
