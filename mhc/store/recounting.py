"""The totals as the events say them: made anew, in whole or of some people, and compared with what is kept."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Connection,
    Integer,
    Select,
    and_,
    case,
    cast,
    delete,
    func,
    insert,
    literal,
    or_,
    select,
    type_coerce,
    update,
)

from mhc.domain.clock import EPOCH
from mhc.domain.events import METHODS, Flag
from mhc.domain.month_bits import MONTH_MS, MONTHS
from mhc.store.counting import counted
from mhc.store.people import CHUNK
from mhc.store.schema import Instant, event, person, person_total, room_latest, stream
from mhc.store.totals import SEEN_EVERY_MS

_METHOD = {name: number for number, name in METHODS.items()}


def rebuild(conn: Connection) -> None:
    """Make every total anew from the events."""
    conn.execute(delete(person_total))
    names = [column.name for column in from_events().selected_columns]
    conn.execute(insert(person_total).from_select(names, from_events()))
    see_again(conn)


def recount(conn: Connection, person_ids: Iterable[int]) -> None:
    """Make the totals of these people anew, and when they were first and last seen."""
    wanted = sorted(set(person_ids))
    for start in range(0, len(wanted), CHUNK):
        part = wanted[start : start + CHUNK]
        conn.execute(delete(person_total).where(person_total.c.person_id.in_(part)))
        true = from_events(or_(event.c.actor_id.in_(part), event.c.partner_id.in_(part))).subquery()
        theirs = select(*true.columns).where(true.c.person_id.in_(part))
        conn.execute(insert(person_total).from_select(true.columns.keys(), theirs))
        see_again(conn, part)


def see_again(conn: Connection, person_ids: Sequence[int] | None = None) -> None:
    """Say anew when people (None: all) were first and last seen, as totals and the readings of their rooms have it."""
    mine, rooms = person_total.c.person_id == person.c.id, room_latest.c.person_id == person.c.id
    ends = (
        (func.min(person_total.c.first_seen_at), to_hour(room_latest.c.first_at), ColumnElement.__lt__),
        (func.max(person_total.c.last_seen_at), to_hour(room_latest.c.observed_at), ColumnElement.__gt__),
    )
    values = {}
    for name, (here, there, beyond) in zip(("first_seen_at", "last_seen_at"), ends, strict=True):
        did = select(here).where(mine).scalar_subquery()
        shown = select(there).where(rooms).scalar_subquery()
        values[name] = case((or_(did.is_(None), beyond(shown, did)), shown), else_=did)
    query = update(person).values(values)
    conn.execute(query if person_ids is None else query.where(person.c.id.in_(person_ids)))


def to_hour(at: Any) -> ColumnElement[datetime]:
    """Give the hour of an instant: so exactly do the readings of a room say when its owner was seen."""
    ms = type_coerce(at, BigInteger)
    return type_coerce(ms - ms % SEEN_EVERY_MS, Instant)


def differences(conn: Connection) -> int:
    """Give how many totals are not what the events say."""
    kept = select(*(person_total.c[column.name] for column in from_events().selected_columns))
    true = from_events()
    queries = (kept.except_(true), true.except_(kept))
    return sum(len(conn.execute(query).all()) for query in queries)


def from_events(*which: ColumnElement[bool]) -> Select[Any]:
    """Give the query of the totals as the events, or some of them, say: the same rules as `_count`, in SQL."""
    private = event.c.method_id == _METHOD["privateMessage"]
    sent_by_owner = and_(private, event.c.actor_id == stream.c.room_id)
    subject = case((sent_by_owner, event.c.partner_id), else_=event.c.actor_id).label("person_id")
    room = func.coalesce(event.c.room_id, stream.c.room_id).label("room_id")
    anonymous = event.c.flags.bitwise_and(int(Flag.ANONYMOUS)) != 0
    tip = and_(event.c.method_id == _METHOD["tip"], event.c.tokens.is_not(None))
    chat = event.c.method_id == _METHOD["chatMessage"]
    unseen = or_(anonymous, func.coalesce(sent_by_owner, False), event.c.at == EPOCH)
    seen = case((unseen, None), else_=event.c.at)
    hidden = case((and_(anonymous, event.c.at != EPOCH), event.c.at))
    received = and_(private, event.c.actor_id != stream.c.room_id, event.c.partner_id == stream.c.room_id)
    written = and_(or_(received, sent_by_owner), ~anonymous)
    return (
        select(
            subject,
            room,
            _sum(event.c.tokens, ~anonymous).label("tokens"),
            _sum(1, and_(tip, ~anonymous)).label("tips"),
            _sum(event.c.tokens, anonymous).label("anonymous_tokens"),
            _sum(1, and_(tip, anonymous)).label("anonymous_tips"),
            _sum(1, and_(chat, ~anonymous)).label("messages"),
            _sum(1, and_(private, ~anonymous)).label("private_messages"),
            func.min(seen).label("first_seen_at"),
            func.max(seen).label("last_seen_at"),
            _sum(1, and_(received, written)).label("private_received"),
            _sum(1, and_(sent_by_owner, written)).label("private_sent"),
            _sum(1, and_(written, event.c.room_id.is_(None))).label("private_outside"),
            func.max(case((and_(written, event.c.at != EPOCH), event.c.at))).label("last_private_at"),
            func.min(case((tip, seen))).label("first_tip_at"),
            func.max(case((tip, seen))).label("last_tip_at"),
            _months(tip, seen).label("tip_months"),
            func.min(case((tip, hidden))).label("first_anonymous_at"),
            func.max(case((tip, hidden))).label("last_anonymous_at"),
            _months(tip, hidden).label("anonymous_months"),
        )
        .join(stream, stream.c.id == event.c.stream_id)
        .where(stream.c.kind != "testbed", subject.is_not(None), counted, *which)
        .group_by(subject, room)
    )


def _sum(value: Any, when: Any) -> Any:
    return cast(func.coalesce(func.sum(case((when, value), else_=0)), 0), BigInteger)


def _months(when: Any, at: Any) -> Any:
    """Give the months in which any of some instants lies, as bits: a sum of what is different is what is set."""
    number = cast(type_coerce(at, BigInteger) // MONTH_MS % MONTHS, Integer)
    bits = case((and_(when, at.is_not(None)), literal(1, BigInteger).bitwise_lshift(number)))
    return cast(func.coalesce(func.sum(bits.distinct()), 0), BigInteger)
