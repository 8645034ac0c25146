"""When a person was there: at which times of the day, and in which sessions."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, Connection, and_, func, literal, or_, select, type_coerce

from mhc.domain.clock import EPOCH, from_ms
from mhc.domain.events import Flag
from mhc.store.counting import counted, room_of_event
from mhc.store.schema import event, stream, stream_session, visit

_QUARTER = 15 * 60 * 1000  # every zone's hours begin at a quarter of an hour UTC


def active_quarters(
    conn: Connection, person_ids: Sequence[int], room_ids: Sequence[int] | None, *, reveal: bool
) -> list[tuple[datetime, int]]:
    """Give in which quarters of an hour a person did something, and how much; anonymous tips where `reveal` says so."""
    quarter = (type_coerce(event.c.at, BigInteger) // _QUARTER).label("quarter")
    once = counted, event.c.at > EPOCH  # pasted lines: those that were captured, and of unknown time
    query = select(quarter, func.count())
    query = query.where(*_did(person_ids, reveal=reveal), *_not_testbed(conn), *once)
    if room_ids is not None:
        query = query.where(room_of_event.in_(room_ids))
    rows = conn.execute(query.group_by(quarter).order_by(quarter))
    return [(from_ms(number * _QUARTER), count) for number, count in rows]


def sessions_of(
    conn: Connection, person_ids: Sequence[int], room_ids: Sequence[int] | None, *, reveal: bool
) -> set[int]:
    """Give the sessions of some rooms (None: all) in which a person was seen, or during which they visited."""
    s = stream_session.c
    acted = (
        select(literal(1))
        .select_from(event)
        .where(*_did(person_ids, reveal=reveal), *_not_testbed(conn))
        .where(event.c.at >= s.started_at, or_(s.ended_at.is_(None), event.c.at < s.ended_at))
        .where(room_of_event == s.room_id)
        .correlate(stream_session)
        .exists()
    )
    stayed = (
        select(literal(1))
        .select_from(visit)
        .where(visit.c.person_id.in_(person_ids), visit.c.room_id == s.room_id)
        .where(or_(s.ended_at.is_(None), visit.c.entered_at < s.ended_at))
        .where(or_(visit.c.left_at > s.started_at, and_(visit.c.left_at.is_(None), visit.c.ending == "open")))
        .correlate(stream_session)
        .exists()
    )
    query = select(s.id).where(or_(acted, stayed))
    if room_ids is not None:
        query = query.where(s.room_id.in_(room_ids))
    return set(conn.execute(query).scalars())


def _did(person_ids: Sequence[int], *, reveal: bool) -> list[Any]:
    mine: list[Any] = [event.c.actor_id.in_(person_ids)]
    return mine if reveal else [*mine, event.c.flags.bitwise_and(int(Flag.ANONYMOUS)) == 0]


def _not_testbed(conn: Connection) -> list[Any]:
    testbed = list(conn.execute(select(stream.c.id).where(stream.c.kind == "testbed")).scalars())
    return [event.c.stream_id.not_in(testbed)] if testbed else []
