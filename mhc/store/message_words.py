"""The words by which messages are found: kept where `[search] messages` says so, and nowhere else.

Chat lines and private messages have words, but for those of a testbed. That they are to be kept comes with the
connection (`Database(index_messages=…)`), so that whoever stores events keeps them, however the events came.
"""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Connection,
    Select,
    and_,
    bindparam,
    delete,
    func,
    select,
    tuple_,
    type_coerce,
)

from mhc.domain.clock import to_ms
from mhc.domain.events import METHODS
from mhc.domain.words import words
from mhc.store import streams
from mhc.store.bulk import Batch, Bulk, Rows, bulk_insert, together
from mhc.store.database import Database
from mhc.store.events import NewEvent
from mhc.store.schema import event, message_word, stream
from mhc.store.streams import Kind, Stream

KEY = "mhc_index_messages"  # an execution option of the engine
_SAID = ("chatMessage", "privateMessage")
_METHODS = tuple(number for number, name in METHODS.items() if name in _SAID)
_BLOCK = 2000  # events, or words, a transaction

_COLUMNS = ("word", "at", "stream_id", "id_ms", "id_seq", "source_id")
_ADD = bulk_insert(message_word, _COLUMNS, "ON CONFLICT DO NOTHING")
_THERE = Bulk(
    message_word,
    _COLUMNS,
    "SELECT count(*) FROM message_word, {new} WHERE "  # noqa: S608 - our own names
    + " AND ".join(f"message_word.{name} = new.{name}" for name in _COLUMNS),
    asks=True,
)
_ROW = tuple(message_word.c[name] for name in _COLUMNS)
_EVENT = tuple(event.c[name] for name in _COLUMNS[1:])
OF_EVENT = and_(*(message_word.c[name] == event.c[name] for name in _COLUMNS[1:]))


def wanted(conn: Connection) -> bool:
    """Whether words of messages are to be kept."""
    return bool(conn.get_execution_options().get(KEY))


def add(batch: Batch, source: Stream, new: Sequence[NewEvent]) -> None:
    """Keep the words of events that were just stored; where nobody asked for them, that costs nothing."""
    if not wanted(batch.conn) or source.kind == Kind.TESTBED:
        return
    rows: list[tuple[Any, ...]] = []
    for one in new:
        e = one.event
        if e.text is not None and e.method in _SAID:
            key = (to_ms(one.at), source.id, e.id.ms, e.id.seq, e.id.rest)
            rows += [(word, *key) for word in sorted(words(e.text))]
    batch.add(_ADD, rows)


def replace(conn: Connection, key: Sequence[Any], old: str, new: str) -> None:
    """Let an event (its time, then its primary key) be found by the words that stand in it now, and no others."""
    same = (column == value for column, value in zip(_ROW[1:], key, strict=True))
    gone = sorted(words(old) - words(new))
    conn.execute(delete(message_word).where(*same, message_word.c.word.in_(gone)))
    if wanted(conn):
        mine = (column == value for column, value in zip(_EVENT, key, strict=True))
        _keep(conn, conn.execute(_events().where(*mine)).all())


def differences(conn: Connection) -> int:
    """Give how many words are missing, or should not be there; 0 where nobody asked for them. Writes nothing."""
    if not wanted(conn):
        return 0
    expected = there = 0
    for number in _streams(conn):
        for rows in _blocks(conn, number):
            found = list(_words_of(rows))
            expected += len(found)
            there += _count(conn, found)
    return expected - there + _stored(conn) - there


def _stored(conn: Connection) -> int:
    found: int = conn.execute(select(func.count()).select_from(message_word)).scalar_one()
    return found


def _count(conn: Connection, rows: Rows) -> int:
    return sum(row[0] for row in together(conn, (_THERE, rows))[0]) if rows else 0


def rebuild(db: Database) -> None:
    """Keep the words of all messages and no others, or none where nobody asked for them.

    Block by block, each a transaction of its own: events go on coming in meanwhile.
    """
    with db.read() as conn:
        asked, numbers = wanted(conn), _streams(conn)
    if not asked:
        with db.write() as conn:
            conn.execute(delete(message_word))
        return
    expected = sum(_add_all(db, number) for number in numbers)
    with db.read() as conn:
        stored = _stored(conn)
    if stored != expected:  # or one came in meanwhile
        _sweep(db)


def _add_all(db: Database, stream_id: int) -> int:
    """Keep the words of a stream's messages; give how many those are. Nobody forgets any of a block meanwhile."""
    after: tuple[Any, ...] | None = None
    number = 0
    while True:
        with db.write() as conn:
            streams.hold(conn, stream_id)
            rows = conn.execute(_block(stream_id, after).with_for_update(read=True, of=event)).all()
            number += _keep(conn, rows)
        if len(rows) < _BLOCK:
            return number
        after = tuple(rows[-1][2:5])


def _sweep(db: Database) -> None:
    """Take away what is no word of a message."""
    after: tuple[Any, ...] | None = None
    joined = message_word.outerjoin(event, and_(OF_EVENT, _is_said()))
    query = select(*_ROW, event.c.text).select_from(joined).order_by(*_ROW)
    gone = delete(message_word).where(*(column == bindparam(f"k_{column.name}") for column in _ROW))
    while True:
        with db.write() as conn:
            page = query if after is None else query.where(tuple_(*_ROW) > after)
            rows = conn.execute(page.limit(_BLOCK)).all()
            wrong = [row for row in rows if row.text is None or row.word not in words(row.text)]
            if wrong:
                keys = [
                    {f"k_{name}": value for name, value in zip(_COLUMNS, row, strict=False)} for row in wrong
                ]
                conn.execute(gone, keys)
        if len(rows) < _BLOCK:
            return
        after = tuple(rows[-1][: len(_ROW)])


def _streams(conn: Connection) -> list[int]:
    query = select(stream.c.id).where(stream.c.kind != Kind.TESTBED)
    return list(conn.execute(query.order_by(stream.c.id)).scalars())


def _is_said() -> ColumnElement[bool]:
    kept = select(stream.c.id).where(stream.c.kind != Kind.TESTBED)
    return and_(event.c.method_id.in_(_METHODS), event.c.stream_id.in_(kept))


def _events() -> Select[Any]:
    at, *key = _EVENT
    query = select(type_coerce(at, BigInteger).label("at"), *key, event.c.text)
    return query.where(_is_said(), event.c.text.is_not(None))


def _block(stream_id: int, after: tuple[Any, ...] | None) -> Select[Any]:
    """Give the query of the next messages of a stream, in order of their key."""
    key = _EVENT[2:]
    query = _events().where(event.c.stream_id == stream_id).order_by(*key).limit(_BLOCK)
    return query if after is None else query.where(tuple_(*key) > after)


def _blocks(conn: Connection, stream_id: int) -> Iterator[Sequence[Any]]:
    after: tuple[Any, ...] | None = None
    while rows := conn.execute(_block(stream_id, after)).all():
        yield rows
        after = tuple(rows[-1][2:5])


def _keep(conn: Connection, rows: Iterable[Any]) -> int:
    """Keep the words of messages; give how many those are."""
    found = list(_words_of(rows))
    batch = Batch(conn)
    batch.add(_ADD, found)
    batch.send()
    return len(found)


def _words_of(rows: Iterable[Any]) -> Iterator[tuple[Any, ...]]:
    for *key, text in rows:
        for word in sorted(words(text)):
            yield word, *key
