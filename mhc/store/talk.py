"""What people said: a person's last lines, and the counts of a session."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import Connection, case, func, or_, select

from mhc.domain.clock import EPOCH
from mhc.domain.events import METHODS
from mhc.store.paid import counted, room_of_event
from mhc.store.schema import event, person, stream

_NUMBER = {name: number for number, name in METHODS.items()}
_CHAT, _PRIVATE = _NUMBER["chatMessage"], _NUMBER["privateMessage"]
_FOLLOW = _NUMBER["follow"]
_LATEST = (event.c.at.desc(), event.c.id_ms.desc(), event.c.id_seq.desc(), event.c.source_id.desc())


@dataclass(frozen=True, slots=True)
class Line:
    """Something said; `sender` is the name of who said it. A pasted line may be of unknown time."""

    at: datetime | None
    sender: str | None
    text: str | None


class Counts(NamedTuple):
    """What one person did in a time: lines written, and follows."""

    actor_id: int | None
    messages: int
    follows: int


def last_lines(
    conn: Connection, person_ids: Sequence[int], room_ids: Sequence[int] | None, limit: int
) -> list[Line]:
    """Give the last public lines of a person, the newest first."""
    query = _lines(person_ids, room_ids).where(event.c.method_id == _CHAT)
    return [Line(*row) for row in conn.execute(query.limit(limit))]


def last_private_lines(
    conn: Connection, person_ids: Sequence[int], room_ids: Sequence[int], limit: int
) -> list[Line]:
    """Give the last private lines between a person and the owners of some rooms, the newest first."""
    mine = event.c.actor_id.in_(person_ids)
    to_me = event.c.partner_id.in_(person_ids)
    # What an owner wrote is found among the owner's events: there is no index of partners.
    query = _lines([*person_ids, *room_ids], None).where(event.c.method_id == _PRIVATE, or_(mine, to_me))
    return [Line(*row) for row in conn.execute(query.limit(limit))]


def owners(conn: Connection) -> list[int]:
    """Give whose rooms are or were listened to."""
    return list(conn.execute(select(stream.c.room_id).distinct().order_by(stream.c.room_id)).scalars())


def counts(conn: Connection, room_id: int, since: datetime, until: datetime) -> list[Counts]:
    """Give the lines and follows of each person in a room's own streams in a half-open time."""
    own = select(stream.c.id).where(stream.c.room_id == room_id, stream.c.kind.in_(("live", "paste")))
    query = select(event.c.actor_id, event.c.method_id, func.count()).where(
        event.c.stream_id.in_(own),
        counted,
        event.c.at >= since,
        event.c.at < until,
        event.c.method_id.in_((_CHAT, _FOLLOW)),
        room_of_event == room_id,
    )
    rows = conn.execute(query.group_by(event.c.actor_id, event.c.method_id))
    return [Counts(who, n, 0) if method == _CHAT else Counts(who, 0, n) for who, method, n in rows]


def _lines(person_ids: Sequence[int], room_ids: Sequence[int] | None) -> Any:
    at = case((event.c.at != EPOCH, event.c.at))
    query = select(at, person.c.username, event.c.text).where(counted)
    return _of(query.outerjoin(person, person.c.id == event.c.actor_id), person_ids, room_ids)


def _of(query: Any, person_ids: Sequence[int], room_ids: Sequence[int] | None) -> Any:
    query = query.join(stream, stream.c.id == event.c.stream_id).where(stream.c.kind != "testbed")
    query = query.where(event.c.actor_id.in_(person_ids)).order_by(*_LATEST)
    return query if room_ids is None else query.where(room_of_event.in_(room_ids))
