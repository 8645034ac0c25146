"""What was paid in stretches of time, and what a room said of itself when: its subjects, as its own events have them."""

from collections.abc import Collection, Iterator, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import (
    Connection,
    Select,
    literal_column,
    select,
)

from mhc.domain.clock import to_ms
from mhc.domain.events import METHODS
from mhc.domain.spans import Pair
from mhc.store import payments
from mhc.store.counting import room_of_event
from mhc.store.payment_quarters import Record
from mhc.store.schema import event, stream

_NUMBER = {name: number for number, name in METHODS.items()}
_SUBJECT = _NUMBER["roomSubjectChange"]


class Told(NamedTuple):
    """A subject, from when on it holds; None where its words are not kept."""

    at: datetime
    subject: str | None


def tokens(conn: Connection, room_id: int, spans: Sequence[Pair], without: Collection[int]) -> list[int]:
    """Give what was paid in a room in each of some half-open spans, in order; some rows of people count only anonymously."""
    found = [0] * len(spans)
    for place, one in _paid(conn, room_id, spans, without):
        found[place] += one[2]
    return found


def tips(conn: Connection, room_id: int, spans: Sequence[Pair], without: Collection[int]) -> list[int]:
    """Give how many tips came in a room in each of some half-open spans, as `tokens` does."""
    found = [0] * len(spans)
    for place, one in _paid(conn, room_id, spans, without):
        found[place] += one[0] & 1
    return found


def _paid(
    conn: Connection, room_id: int, spans: Sequence[Pair], without: Collection[int]
) -> Iterator[tuple[int, Record]]:
    left_out = frozenset(without)
    found = payments.by_span(conn, room_id, [(to_ms(begin), to_ms(end)) for begin, end in spans])
    return (one for one in found if one[1][1] not in left_out)


def subjects(conn: Connection, room_id: int, since: datetime, until: datetime) -> list[Told]:
    """Give the changes of a room's subject in a half-open time, the earliest first."""
    query = _changes(room_id).where(event.c.at >= since, event.c.at < until)
    return [Told(*row) for row in conn.execute(query.order_by(event.c.at, event.c.id_ms, event.c.id_seq))]


def subject_before(conn: Connection, room_id: int, since: datetime, until: datetime) -> Told | None:
    """Give the last change of a room's subject in a half-open time."""
    query = _changes(room_id).where(event.c.at >= since, event.c.at < until)
    last = query.order_by(event.c.at.desc(), event.c.id_ms.desc(), event.c.id_seq.desc()).limit(1)
    row = conn.execute(last).one_or_none()
    return None if row is None else Told(*row)


def _changes(room_id: int) -> Select[Any]:
    own = select(stream.c.id).where(stream.c.room_id == room_id, stream.c.kind == "live")
    query = select(event.c.at, event.c.text)
    # A word and not a parameter: else SQLite does not see that the partial index holds these rows.
    return query.where(
        event.c.stream_id.in_(own),
        event.c.method_id == literal_column(str(_SUBJECT)),
        room_of_event == room_id,
    )
