"""What was paid in stretches of time, and what a room said of itself when: its subjects, as its own events have them."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import (
    BigInteger,
    Connection,
    Select,
    and_,
    cast,
    func,
    literal_column,
    select,
    type_coerce,
)

from mhc.domain.clock import to_ms
from mhc.domain.events import METHODS
from mhc.domain.spans import Pair
from mhc.store.counting import Scope, room_of_event, within
from mhc.store.long_lists import stretches_of
from mhc.store.minutes import Who, whose
from mhc.store.schema import event, stream

_NUMBER = {name: number for number, name in METHODS.items()}
_SUBJECT, _TIP = _NUMBER["roomSubjectChange"], _NUMBER["tip"]
_AT = type_coerce(event.c.at, BigInteger)


class Told(NamedTuple):
    """A subject, from when on it holds; None where its words are not kept."""

    at: datetime
    subject: str | None


def tokens(conn: Connection, room_id: int, spans: Sequence[Pair], who: Who) -> list[int]:
    """Give what was paid in a room in each of some half-open spans."""
    paid = cast(func.coalesce(func.sum(event.c.tokens), 0), BigInteger)
    return _amounts(conn, room_id, spans, select(paid).where(*whose(who)))


def tips(conn: Connection, room_id: int, spans: Sequence[Pair], who: Who) -> list[int]:
    """Give how many tips came in a room in each of some half-open spans."""
    return _amounts(conn, room_id, spans, select(func.count()).where(event.c.method_id == _TIP, *whose(who)))


def _amounts(conn: Connection, room_id: int, spans: Sequence[Pair], figure: Select[int]) -> list[int]:
    """Give a figure of the payments of a room in each of some half-open spans.

    Which stream an event is of stands in its row only, and the index alone answers many times faster. So the owner of a
    stream is looked for only where a payment names no room.
    """
    if not spans:
        return []
    begin, end = min(begin for begin, _end in spans), max(end for _begin, end in spans)
    within_all = event.c.at >= begin, event.c.at < end, event.c.tokens.is_not(None)
    # What no index holds is asked for, since SQLite would else read all payments from the one that answers alone.
    nowhere = select(event.c.stream_id).where(*within_all, event.c.room_id.is_(None)).limit(1)
    parts = [event.c.room_id == room_id]
    if conn.execute(nowhere).first() is not None:
        parts.append(and_(event.c.room_id.is_(None), room_of_event == room_id))
    sums = [_sums(conn, spans, figure.where(part)) for part in parts]
    return [sum(of_span) for of_span in zip(*sums, strict=True)]


def _sums(conn: Connection, spans: Sequence[Pair], figure: Select[int]) -> list[int]:
    given = stretches_of(conn, [(to_ms(begin), to_ms(end)) for begin, end in spans])
    # One sum a span, so that each is a range of the index: as a join, PostgreSQL would read all of it for each.
    paid = within(conn, figure, Scope())
    paid = paid.where(event.c.tokens.is_not(None), given.c.since <= _AT, given.c.until > _AT)
    query = select(given.c.place, paid.correlate(given).scalar_subquery()).select_from(given)
    return [found for _place, found in sorted(row[:2] for row in conn.execute(query))]


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
