"""Private messages: between the owners of the rooms that were listened to, and whoever wrote or was written to."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import BigInteger, ColumnElement, Connection, and_, case, cast, func, not_, or_, select

from mhc.domain.clock import EPOCH, known
from mhc.domain.events import METHODS, id_text
from mhc.store import history, people, talk
from mhc.store.counting import counted, shown_once
from mhc.store.history import Filter
from mhc.store.schema import event, person_total, stream
from mhc.store.streams import Kind

METHOD = "privateMessage"
_METHOD_ID = next(number for number, name in METHODS.items() if name == METHOD)


class Message(NamedTuple):
    """One message. `partner_id` is the root of the other side, None where it has no name.

    A pasted one may be of unknown time.
    """

    at: datetime | None
    partner_id: int | None
    sent: bool  # by an owner
    room_id: int | None
    text: str | None
    event_id: str
    place: tuple[Any, ...]


class Thread(NamedTuple):
    """What was written with one person; `person_ids` are those of their rows that wrote or were written to."""

    person_ids: tuple[int, ...]
    received: int
    sent: int
    outside: int  # of both, those outside the owners' rooms
    last_at: datetime | None  # None where no time is known


class Owners(NamedTuple):
    """Whose the rooms are: every row of theirs, and the root of everyone who was merged."""

    ids: frozenset[int]
    roots: dict[int, int]
    alone: bool  # nobody was merged with one of them


def owners(conn: Connection) -> Owners:
    """Give whose rooms are or were listened to."""
    roots = people.roots(conn)
    listened = set(talk.owners(conn))
    named = {roots.get(who, who) for who in listened}
    ids = frozenset(named | {who for who, root in roots.items() if root in named})
    return Owners(ids, roots, ids == listened)


def threads(
    conn: Connection, own: Owners, since: datetime | None = None, until: datetime | None = None
) -> dict[int, Thread]:
    """Give what was written with whom, by root; what the owners of two rooms write each other is no thread."""
    if since is None and until is None and own.alone:
        return _summed(conn, own)
    return _counted(conn, own, {}, since, until)


def _summed(conn: Connection, own: Owners) -> dict[int, Thread]:
    """Give all threads as the totals have them: no message is read but those that were pasted and count in no figure."""
    t = person_total.c
    both = t.private_received + t.private_sent
    outside = case((t.room_id.in_(own.ids), t.private_outside), else_=both)
    query = select(t.person_id, t.private_received, t.private_sent, outside, t.last_private_at)
    found: dict[int, Thread] = {}
    for who, *sums in conn.execute(query.where(both > 0, t.person_id.not_in(own.ids))):
        _add(found, own, Thread((who,), *sums))
    pasted = list(conn.execute(select(stream.c.id).where(stream.c.kind == Kind.PASTE)).scalars())
    return (
        _counted(conn, own, found, None, None, event.c.stream_id.in_(pasted), not_(counted))
        if pasted
        else found
    )


def _counted(
    conn: Connection,
    own: Owners,
    found: dict[int, Thread],
    since: datetime | None,
    until: datetime | None,
    *which: ColumnElement[bool],
) -> dict[int, Thread]:
    """Add what the messages say, or some of them."""
    for sent, (mine, theirs) in enumerate(
        ((event.c.partner_id, event.c.actor_id), (event.c.actor_id, event.c.partner_id))
    ):
        outside = func.sum(case((event.c.room_id.in_(own.ids), 0), else_=1))
        query = select(theirs, func.count(), cast(outside, BigInteger), func.max(event.c.at)).where(
            mine.in_(own.ids),
            theirs.is_not(None),
            theirs.not_in(own.ids),
            *_kept(),
            *which,
        )
        if since is not None:
            query = query.where(event.c.at >= since)
        if until is not None:
            query = query.where(event.c.at < until, event.c.at > EPOCH)
        for who, number, away, last_at in conn.execute(query.group_by(theirs)):
            _add(
                found, own, Thread((who,), 0 if sent else number, number if sent else 0, away, known(last_at))
            )
    return found


def _add(found: dict[int, Thread], own: Owners, new: Thread) -> None:
    (who,) = new.person_ids
    root = own.roots.get(who, who)
    found[root] = _added(found[root], new) if root in found else new


def _added(one: Thread, other: Thread) -> Thread:
    return Thread(
        tuple(dict.fromkeys((*one.person_ids, *other.person_ids))),
        one.received + other.received,
        one.sent + other.sent,
        one.outside + other.outside,
        max((at for at in (one.last_at, other.last_at) if at is not None), default=None),
    )


def last_of(conn: Connection, own: Owners, thread: Thread) -> Message:
    """Give the last message of a thread that `threads` gave."""
    sides = (event.c.actor_id, event.c.partner_id), (event.c.partner_id, event.c.actor_id)
    of_it = or_(*(and_(theirs.in_(thread.person_ids), mine.in_(own.ids)) for theirs, mine in sides))
    query = select(*history.COLUMNS).where(of_it, event.c.at == (thread.last_at or EPOCH), *_kept())
    latest = conn.execute(query.order_by(*(column.desc() for column in history.PLACE)).limit(1)).one()
    return read(latest, own)


def _kept() -> tuple[ColumnElement[bool], ...]:
    """Give the conditions that an event is a private message of the inbox."""
    testbed = select(stream.c.id).where(stream.c.kind == "testbed")
    return event.c.method_id == _METHOD_ID, shown_once, event.c.stream_id.not_in(testbed)


def of(person_ids: Collection[int], since: datetime | None = None, until: datetime | None = None) -> Filter:
    """Give the filter of the messages that some people wrote or were written."""
    ids = tuple(sorted(person_ids))
    return Filter(since=since, until=until, methods=(METHOD,), person_ids=ids, once=True)


def page(
    conn: Connection,
    own: Owners,
    wanted: Filter,
    after: tuple[Any, ...] | None,
    size: int,
    *,
    newest_first: bool,
) -> list[Message]:
    """Give the next messages beyond a place, in order of time."""
    rows: Sequence[Any] = history.block(conn, wanted, after, size, newest_first=newest_first)
    return [read(row, own) for row in rows]


def read(row: Any, own: Owners) -> Message:
    """Read a message from a row of `history.COLUMNS`."""
    sent = row.actor_id in own.ids
    partner = row.partner_id if sent else row.actor_id
    return Message(
        at=known(row.at),
        partner_id=None if partner is None else own.roots.get(partner, partner),
        sent=sent,
        room_id=row.room_id,
        text=row.text,
        event_id=id_text(row.id_ms, row.id_seq, row.source_id),
        place=tuple(row[:5]),
    )
