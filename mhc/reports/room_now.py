"""Who is in a room now: whom one saw come and not go, and who did something in the live session without being seen to come."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from mhc.domain.clock import from_ms
from mhc.reports import session_tally
from mhc.reports.frame import Crowd
from mhc.store import people, roll, sessions, talk, visit_counts, visits, watchlists
from mhc.store.roll import Roll

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from mhc.reports.session_tally import Doing


@dataclass(frozen=True, slots=True)
class Row:
    """One person in the room."""

    username: str
    entered_at: datetime | None  # None: nobody saw them come
    last_sign_at: datetime | None  # in the live session
    tokens: int  # in this room, ever, but for anonymous ones
    session_tokens: int | None  # in the live session; None while none is
    messages: int | None  # in the live session
    visits: int  # how often they came, this time among them
    rating: int | None
    watchlists: list[str]


def read(conn: "Connection", room_ids: Sequence[int], now: datetime) -> list[Row]:
    """Give who is in the room of some rows of its owner, who paid most in it first, equals by name."""
    roots = people.roots(conn)
    came: dict[int, datetime] = {}
    for who, entered_at in visits.open_in(conn, room_ids):
        root = roots.get(who, who)
        came[root] = min(entered_at, came.get(root, entered_at))
    did = _did(conn, room_ids, now)
    spoke = [who for who, doing in (did or {}).items() if not doing.visits and doing.signs]
    there = sorted({*came, *spoke} - set(room_ids))
    rows_of = people.roots_of_rows(conn, there)
    lists = watchlists.names_by_root(conn, rows_of)
    counts = _visits(visit_counts.by_person(conn, room_ids, rows_of), rows_of)
    rows = []
    for one in roll.by_ids(conn, Roll(room_ids), there):
        doing = None if did is None else did.get(one.id)
        entered = came.get(one.id)
        signs = doing.signs if doing else ()
        rows.append(
            Row(
                username=one.username,
                entered_at=entered,
                last_sign_at=from_ms(max(signs)) if signs else None,
                tokens=one.tokens,
                session_tokens=None if did is None else doing.tokens if doing else 0,
                messages=None if did is None else doing.messages if doing else 0,
                visits=counts.get(one.id, 0),
                rating=one.rating,
                watchlists=lists.get(one.id, []),
            )
        )
    return sorted(rows, key=lambda row: (-row.tokens, row.username))


def _did(conn: "Connection", room_ids: Sequence[int], now: datetime) -> "Mapping[int, Doing] | None":
    """Give what each did in the live session; None while none is."""
    for room_id in room_ids:
        live = sessions.live(conn, room_id)
        if live is not None:
            crowd = Crowd(conn, include_excluded=True)
            return session_tally.read(conn, room_id, [live], crowd, now, talk.EVERY)[live.id].people
    return None


def _visits(counts: Mapping[int, int], rows_of: Mapping[int, int]) -> dict[int, int]:
    found: dict[int, int] = {}
    for row, number in counts.items():
        found[rows_of[row]] = found.get(rows_of[row], 0) + number
    return found
