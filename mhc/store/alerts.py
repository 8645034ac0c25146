"""What an alert asks of the past: whom an event is about, what they did before it, when a rule last told of them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Connection, func, literal, select, tuple_

from mhc.domain.events import METHODS, Flag
from mhc.store import people
from mhc.store.events import NewEvent
from mhc.store.schema import alert_sent, event, stream
from mhc.store.upsert import insert_or_change

_METHOD = {name: number for number, name in METHODS.items()}


@dataclass(frozen=True, slots=True)
class Behind:
    """The one person behind a name, with all the rows that are theirs."""

    root_id: int
    username: str
    member_ids: Sequence[int]


def behind(conn: Connection, person_id: int) -> Behind:
    """Give who a name belongs to, through every merge."""
    found = people.by_id(conn, person_id)
    assert found is not None  # people are never deleted while events name them
    rows = {one.id: one.username for one in people.merged(conn, found.root_id)}
    return Behind(found.root_id, rows[found.root_id], list(rows))


def did_before(conn: Connection, who: Behind, method: str, new: NewEvent) -> bool:
    """Whether a person did such a thing under their name in the event's room, before the event."""
    query = select(event.c.id_ms).where(*_earlier(who, new), event.c.method_id == _METHOD[method])
    return conn.execute(query.limit(1)).first() is not None


def last_seen_before(conn: Connection, who: Behind, new: NewEvent) -> datetime | None:
    """Give when a person was last seen under their name in the event's room, before the event."""
    return conn.execute(select(func.max(event.c.at)).where(*_earlier(who, new))).scalar()


def _earlier(who: Behind, new: NewEvent) -> list[ColumnElement[bool]]:
    one = new.event.id
    key = (event.c.at, event.c.id_ms, event.c.id_seq, event.c.source_id)
    values: tuple[Any, ...] = (new.at, one.ms, one.seq, one.rest)
    place = tuple_(*(literal(value, column.type) for value, column in zip(values, key, strict=True)))
    tested = select(stream.c.id).where(stream.c.kind == "testbed")
    return [
        event.c.actor_id.in_(who.member_ids),
        event.c.at <= new.at,  # what the index is read by
        tuple_(*key) < place,
        event.c.room_id == new.room_id,
        event.c.flags.bitwise_and(int(Flag.ANONYMOUS)) == 0,
        event.c.stream_id.not_in(tested),
    ]


def is_cooling(
    conn: Connection, rule: str, who: Behind | None, *, now: datetime, cooldown: timedelta
) -> bool:
    """Whether a rule told of a person (None: of nobody who is named) within its cool-down: a look before a claim."""
    sent_of = alert_sent.c.person_id
    mine = sent_of.is_(None) if who is None else sent_of.in_(who.member_ids)
    query = select(alert_sent.c.id).where(alert_sent.c.rule == rule, mine, alert_sent.c.at > now - cooldown)
    return conn.execute(query).first() is not None


def claim(
    conn: Connection, rule: str, who: Behind | None, room_id: int, *, now: datetime, cooldown: timedelta
) -> bool:
    """Note that a rule tells of a person (None: of nobody who is named); False where it did within the cool-down.

    One statement decides, so that of two hosts one tells.
    """
    row = {"rule": rule, "person_id": who and who.root_id, "room_id": room_id, "at": now}
    if who is None:
        keys, only = ["rule"], alert_sent.c.person_id.is_(None)
    else:
        keys, only = ["rule", "person_id"], alert_sent.c.person_id.is_not(None)
    return insert_or_change(
        conn,
        alert_sent,
        row,
        keys=keys,
        only=only,
        changes=("room_id", "at"),
        when=alert_sent.c.at <= now - cooldown,
    )
