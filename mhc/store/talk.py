"""What people said: a person's last lines, and the counts of a session."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import BigInteger, Connection, case, or_, select, type_coerce

from mhc.domain.clock import known
from mhc.domain.events import METHODS
from mhc.store import people
from mhc.store.counting import counted, room_of_event
from mhc.store.schema import event, stream
from mhc.store.spells import numbers, strung

_NUMBER = {name: number for number, name in METHODS.items()}
_CHAT, _PRIVATE = _NUMBER["chatMessage"], _NUMBER["privateMessage"]
_FANCLUB = _NUMBER["fanclubJoin"]
SUBJECT = "roomSubjectChange"
COUNTED = ("chatMessage", "follow")
EVERY = (*COUNTED, "unfollow", "fanclubJoin", SUBJECT)
_LINE: tuple[Any, ...] = (
    event.c.at,
    event.c.id_ms,
    event.c.id_seq,
    event.c.source_id,
    event.c.stream_id,
    event.c.actor_id,
    event.c.text,
)
_LATEST = (event.c.at.desc(), event.c.id_ms.desc(), event.c.id_seq.desc(), event.c.source_id.desc())


@dataclass(frozen=True, slots=True)
class Line:
    """Something said; `sender` is the name of who said it. A pasted line may be of unknown time."""

    at: datetime | None
    sender: str | None
    text: str | None


class Done(NamedTuple):
    """When one person did one thing in a time, in no order; of a subject also what it says."""

    actor_id: int | None
    method: str
    at_ms: Sequence[int]
    subject: str | None


def last_lines(
    conn: Connection, person_ids: Sequence[int], room_ids: Sequence[int] | None, limit: int
) -> list[Line]:
    """Give the last public lines of a person, the newest first."""
    queries = [_of(select(*_LINE).where(event.c.method_id == _CHAT), [who], room_ids) for who in person_ids]
    return _merged(conn, queries, limit)


def last_private_lines(
    conn: Connection, person_ids: Sequence[int], room_ids: Sequence[int], limit: int
) -> list[Line]:
    """Give the last private lines between a person and the owners of some rooms, the newest first."""
    private = select(*_LINE).where(event.c.method_id == _PRIVATE)
    from_them = private.where(or_(event.c.partner_id.is_(None), event.c.partner_id.in_(room_ids)))
    to_them = private.where(event.c.actor_id.in_(room_ids))
    queries = [_of(from_them, [who], None) for who in person_ids]
    queries += [_known(to_them.where(event.c.partner_id == who)) for who in person_ids]
    return _merged(conn, queries, limit)


def owners(conn: Connection) -> list[int]:
    """Give whose rooms are or were listened to."""
    return list(conn.execute(select(stream.c.room_id).distinct().order_by(stream.c.room_id)).scalars())


def last_fanclub(
    conn: Connection, person_ids: Sequence[int], room_ids: Sequence[int] | None
) -> datetime | None:
    """Give when a person last joined a fan club; None where nobody saw it."""
    query = select(event.c.at).where(event.c.method_id == _FANCLUB)
    return conn.execute(_of(query, person_ids, room_ids).limit(1)).scalar()


def done(
    conn: Connection, room_id: int, since: datetime, until: datetime, methods: Sequence[str]
) -> list[Done]:
    """Give what each person did, of some kinds, in a room's own streams in a half-open time; subjects one by one."""
    own = select(stream.c.id).where(stream.c.room_id == room_id, stream.c.kind.in_(("live", "paste")))
    at = type_coerce(event.c.at, BigInteger)
    subject = case((event.c.method_id == _NUMBER[SUBJECT], event.c.text))
    query = select(event.c.actor_id, event.c.method_id, strung(conn, at), subject)
    query = query.where(
        event.c.stream_id.in_(own),
        counted,
        event.c.at >= since,
        event.c.at < until,
        event.c.method_id.in_([_NUMBER[name] for name in methods]),
        room_of_event == room_id,
    )
    rows = conn.execute(query.group_by(event.c.actor_id, event.c.method_id, subject))
    return [Done(who, METHODS[method], numbers(at_ms), said) for who, method, at_ms, said in rows]


def _merged(conn: Connection, queries: Sequence[Any], limit: int) -> list[Line]:
    """Give the last lines of several queries, each answered by an index: one a row of a person, and one a side."""
    rows = {tuple(row[:5]): row for query in queries for row in conn.execute(query.limit(limit))}
    names = people.names_by_id(conn, {row.actor_id for row in rows.values() if row.actor_id is not None})
    latest = sorted(rows, reverse=True)[:limit]
    return [Line(known(row.at), names.get(row.actor_id), row.text) for row in (rows[key] for key in latest)]


def _of(query: Any, person_ids: Sequence[int], room_ids: Sequence[int] | None) -> Any:
    query = _known(query).where(event.c.actor_id.in_(person_ids))
    return query if room_ids is None else query.where(room_of_event.in_(room_ids))


def _known(query: Any) -> Any:
    """Leave the testbed out, and pasted lines that were captured; the newest first."""
    return (
        query.join(stream, stream.c.id == event.c.stream_id)
        .where(stream.c.kind != "testbed", counted)
        .order_by(*_LATEST)
    )
