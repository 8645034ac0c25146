"""The name of somebody who is forgotten in what others said, and in what was typed about others: a word stands in its place."""

from collections.abc import Iterator, Sequence
from typing import Any

from sqlalchemy import Column, Connection, Table, and_, delete, func, or_, select, text, tuple_, update

from mhc.domain import erasing
from mhc.domain.erasing import looks_like
from mhc.domain.packing import pack, unpack
from mhc.store import forgetting_snapshots, message_words, notes, personal, room_texts
from mhc.store.database import Database
from mhc.store.forgetting import Subject
from mhc.store.schema import event, lookup_miss, note, payload, rejected_event, room_text, snapshot_source

_BLOCK = 5000
_APART = {event, payload, snapshot_source, lookup_miss}  # whose texts are replaced, or go, in another way


def replace(db: Database, subject: Subject, *, write: bool) -> dict[str, int]:
    """Replace the names in every text of the database that is not the person's own; give how many, by table.

    Without `write` only count. Each block is a transaction of its own, and whoever is stopped may begin again.
    """
    found: dict[str, int] = {}
    if not subject.names:
        return found
    for column in personal.texts():
        if column.table in _APART:
            continue
        with db.write() if write else db.read() as conn:
            number = _in_column(conn, column, subject, write=write)
        found[column.table.name] = found.get(column.table.name, 0) + number
    found["event"] = sum(_in_events(db, rows, subject, write=write) for rows in _blocks(db, event, subject))
    found["rejected_event"] = sum(
        _in_rejected(db, rows, subject, write=write) for rows in _blocks(db, rejected_event, subject)
    )
    found |= forgetting_snapshots.replace(db, subject, write=write)
    return {name: number for name, number in sorted(found.items()) if number}


def _in_column(conn: Connection, column: Column[str], subject: Subject, *, write: bool) -> int:
    """Replace the names in one column; what is the person's own goes as it is."""
    table = column.table
    keys = list(table.primary_key.columns)
    holds = or_(*(func.lower(column).contains(name, autoescape=True) for name in subject.names))
    own = [one.in_(subject.ids) for known in personal.tables() if known.table is table for one in known.about]
    query = select(*keys, column).where(holds, *(func.coalesce(~one, True) for one in own))
    number = 0
    for row in conn.execute(query).all():
        new = erasing.without(row[-1], subject.gone)
        if new == row[-1]:
            continue
        number += 1
        if write:
            mine = _same(keys, row)
            _securely(conn)
            conn.execute(update(table).where(mine).values({column.name: new}))
            if table is note:
                notes.reindex(conn, row[0], new)
            if table is room_text:
                room_texts.rehash(conn, row[0])
    return number


def _same(keys: Sequence[Column[Any]], row: Any) -> Any:
    return and_(*(column == value for column, value in zip(keys, row, strict=False)))


def _securely(conn: Connection) -> None:
    if conn.dialect.name == "sqlite":
        conn.execute(text("PRAGMA secure_delete=ON"))


def _blocks(db: Database, table: Table, subject: Subject) -> Iterator[list[Any]]:
    """Give a table's rows in the order of its key, but for those of the person; no transaction stays open."""
    keys = list(table.primary_key.columns)
    columns = [event.c.at, event.c.text, event.c.raw] if table is event else [rejected_event.c.body]
    query = select(*keys, *columns)
    if table is event:
        own = (func.coalesce(event.c[name].not_in(subject.ids), True) for name in ("actor_id", "partner_id"))
        query = query.where(*own)
    after: tuple[Any, ...] | None = None
    while True:
        page = query if after is None else query.where(tuple_(*keys) > after)
        with db.read() as conn:
            rows = list(conn.execute(page.order_by(*keys).limit(_BLOCK)).all())
        yield rows
        if len(rows) < _BLOCK:
            return
        after = tuple(rows[-1][: len(keys)])


def _in_events(db: Database, rows: Sequence[Any], subject: Subject, *, write: bool) -> int:
    """Replace the names in what others said and what was received of it."""
    may_hold = looks_like(subject.names)
    changed = []
    for row in rows:
        raw = unpack(row.raw)
        if may_hold(raw):
            new = erasing.raw_without(raw, subject.gone)
            if new is not None and new is not raw:
                changed.append((row, new))
    if changed and write:
        with db.write() as conn:
            _securely(conn)
            for row, new in changed:
                said = None if row.text is None else erasing.without(row.text, subject.gone)
                mine = _same(list(event.primary_key.columns), row)
                conn.execute(update(event).where(mine).values(text=said, raw=pack(new)))
                if said is not None and said != row.text:
                    message_words.replace(conn, (row.at, *row[:4]), row.text, said)
    return len(changed)


def _in_rejected(db: Database, rows: Sequence[Any], subject: Subject, *, write: bool) -> int:
    """Remove what could not become an event and holds a name: nobody can tell whose it is."""
    named = [row for row in rows if _names(bytes(row.body), subject)]
    if named and write:
        with db.write() as conn:
            _securely(conn)
            for row in named:
                conn.execute(delete(rejected_event).where(_same(list(rejected_event.primary_key), row)))
    return len(named)


def _names(body: bytes, subject: Subject) -> bool:
    lower = body.decode(errors="replace").lower()
    return any(name in lower for name in subject.names)
