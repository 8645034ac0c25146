"""The words of messages, and all else that holds them: what is emptied when it is older than the policy keeps it.

The event stays, with method, people and time, so that every count is the same as before.
"""

import json
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from sqlalchemy import (
    ColumnElement,
    Connection,
    Integer,
    Table,
    and_,
    bindparam,
    case,
    cast,
    delete,
    func,
    or_,
    select,
    update,
)

from mhc.domain.clock import EPOCH
from mhc.domain.events import METHODS, Event, EventId, Flag, emptied, id_text, parse_event
from mhc.domain.packing import pack, unpack
from mhc.store import people
from mhc.store.schema import event, event_method, message_word, rejected_event, stream

BATCH = 500  # rows: some tens of milliseconds
NUMBER = {name: number for number, name in METHODS.items()}
whole: ColumnElement[bool] = event.c.flags.bitwise_and(int(Flag.EMPTIED)) == 0
KEY = (event.c.stream_id, event.c.id_ms, event.c.id_seq, event.c.source_id)
_WORD = tuple(message_word.primary_key.columns)

Rows = Sequence[Any]


class Job(NamedTuple):
    """What is to go: what is older than `before`. `gap` is the merge gap of sessions, `batch` rows go at once."""

    before: datetime
    gap: timedelta
    batch: int = BATCH


class Part(NamedTuple):
    """One kind of row of a class.

    `tally` gives how many there are and how many are older than a limit; `find` the next ones from a place on (None:
    the first), which may change while it does; `take` takes them in a transaction, and gives how many count and the
    place to go on from.
    """

    tally: Callable[[Connection, datetime | None], tuple[int, int]]
    find: Callable[[Connection, Job, Any], Rows]
    take: Callable[[Connection, Rows, Job], tuple[int, Any]]


def count_events(
    conn: Connection, before: datetime | None, *conditions: ColumnElement[bool]
) -> tuple[int, int]:
    """Count events that are whole, and those of them that are older."""
    return _count(conn, event, None if before is None else is_old(before), whole, *conditions)


def is_old(before: datetime) -> ColumnElement[bool]:
    """Give the condition that an event is older; one of unknown time, which stands at the epoch, by its receipt."""
    return and_(event.c.at < before, or_(event.c.at > EPOCH, event.c.received_at < before))


def _count(
    conn: Connection, table: Table, old: ColumnElement[bool] | None, *conditions: ColumnElement[bool]
) -> tuple[int, int]:
    due = 0 if old is None else func.coalesce(func.sum(case((old, 1), else_=0)), 0)
    row = conn.execute(select(func.count(), cast(due, Integer)).select_from(table).where(*conditions)).one()
    return row[0], row[1]


def oldest(
    conn: Connection, job: Job, place: tuple[int, datetime] | None, *conditions: ColumnElement[bool]
) -> Rows:
    """Give the next events of a stream that are whole and older, in order of time; `place` is a stream and an instant."""
    ids = list(conn.execute(select(stream.c.id).order_by(stream.c.id)).scalars())
    for number in ids if place is None else [one for one in ids if one >= place[0]]:
        query = select(event).where(event.c.stream_id == number, is_old(job.before), whole, *conditions)
        if place is not None and number == place[0]:
            query = query.where(event.c.at >= place[1])
        found = conn.execute(query.order_by(event.c.at, *KEY).limit(job.batch)).all()
        if found:
            return found
    return []


def empty(conn: Connection, rows: Rows, *, nameless: bool = False) -> None:
    """Leave of events only what, who and when; `nameless` takes the who, too."""
    methods = {row.id: row.name for row in conn.execute(select(event_method.c.id, event_method.c.name))}
    values = []
    for row in rows:
        one = _read(conn, row, methods[row.method_id])
        one = emptied(one._replace(actor=None) if nameless else one)
        raw, actor = pack(one.raw), None if nameless else row.actor_id
        mine = {f"k_{column.name}": getattr(row, column.name) for column in KEY}
        values.append(mine | {"k_raw": raw, "k_actor": actor, "k_flags": row.flags | int(Flag.EMPTIED)})
    if values:
        query = update(event).where(*(column == bindparam(f"k_{column.name}") for column in KEY))
        query = query.values(
            text=None, raw=bindparam("k_raw"), actor_id=bindparam("k_actor"), flags=bindparam("k_flags")
        )
        conn.execute(query, values)


def _read(conn: Connection, row: Any, method: str) -> Event:
    """Read an event as it was received; one that our reader does not take, from its columns."""
    made = EventId(id_text(row.id_ms, row.id_seq, row.source_id), row.id_ms, row.id_seq)
    raw = unpack(row.raw)
    try:
        return parse_event(json.loads(raw), raw, made)
    except (ValueError, RecursionError):
        ids = {one for one in (row.room_id, row.actor_id, row.partner_id) if one is not None}
        names: dict[int | None, str | None] = {None: None}
        names.update(people.names_by_id(conn, ids).items())
        who = names[row.room_id], names[row.actor_id], names[row.partner_id]
        return Event(made, method, *who, row.tokens, None, Flag(row.flags), raw)


def _messages(method: str) -> Part:
    kind = event.c.method_id == NUMBER[method]

    def take(conn: Connection, rows: Rows, _job: Job) -> tuple[int, Any]:
        empty(conn, rows)
        return len(rows), (rows[-1].stream_id, rows[-1].at)

    return Part(
        lambda conn, before: count_events(conn, before, kind),
        lambda conn, job, place: oldest(conn, job, place, kind),
        take,
    )


PRIVATE, CHAT = _messages("privateMessage"), _messages("chatMessage")


def _count_rejected(conn: Connection, before: datetime | None) -> tuple[int, int]:
    r = rejected_event.c
    old = None if before is None else r.received_at < before
    return _count(conn, rejected_event, old, func.length(r.body) > 0)


def _find_rejected(conn: Connection, job: Job, _place: object) -> Rows:
    r = rejected_event.c
    query = select(r.stream_id, r.hash).where(r.received_at < job.before, func.length(r.body) > 0)
    return conn.execute(query.order_by(r.stream_id, r.hash).limit(job.batch)).all()


def _take_rejected(conn: Connection, rows: Rows, _job: Job) -> tuple[int, Any]:
    r = rejected_event.c
    query = update(rejected_event).where(r.stream_id == bindparam("k_stream"), r.hash == bindparam("k_hash"))
    conn.execute(query.values(body=b""), [{"k_stream": row.stream_id, "k_hash": row.hash} for row in rows])
    return len(rows), None


# What could not become an event may be a private message: nobody can tell.
REJECTED = Part(
    _count_rejected,
    _find_rejected,
    _take_rejected,
)


def _find_words(conn: Connection, job: Job, place: tuple[Any, ...] | None) -> Rows:
    same = and_(*(message_word.c[column.name] == column for column in KEY))
    query = select(*_WORD).join(event, same).where(message_word.c.at < job.before, ~whole)
    if place is not None:
        query = query.where(message_word.c.word >= place[0])
    return conn.execute(query.order_by(*_WORD).limit(job.batch)).all()


def _take_words(conn: Connection, rows: Rows, _job: Job) -> tuple[int, Any]:
    query = delete(message_word).where(*(column == bindparam(f"k_{column.name}") for column in _WORD))
    conn.execute(query, [{f"k_{c.name}": getattr(row, c.name) for c in _WORD} for row in rows])
    return 0, tuple(rows[-1])


# The words of what was emptied, by which it could still be found. They are not counted: they were never said.
WORDS = Part(lambda _conn, _before: (0, 0), _find_words, _take_words)
