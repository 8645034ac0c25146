"""Everything that is held about one person, row by row, from every table that names them: nothing is left out by forgetting a table."""

import base64
import json
from collections.abc import Iterator, Sequence
from typing import Any

from sqlalchemy import ColumnElement, Select, Table, and_, literal, or_, select, tuple_

from mhc.domain import erasing
from mhc.domain.events import METHODS, Flag, id_text
from mhc.domain.packing import unpack
from mhc.store import history, ledger, people, personal, room_texts
from mhc.store.database import Database
from mhc.store.schema import (
    event,
    ledger_entry,
    lookup_miss,
    message_word,
    note,
    note_word,
    payload,
    person_total,
    rejected_event,
    room_text,
    snapshot,
    snapshot_source,
)

_BLOCK = 1000
_PRIVATE_MESSAGE = next(number for number, name in METHODS.items() if name == "privateMessage")
_ANONYMOUS = tuple(column.name for column in person_total.c if "anonymous" in column.name)
_PRIVATE_NAME = "private"

Row = dict[str, Any]


def rows(db: Database, root_id: int, *, reveal: bool, private: bool) -> Iterator[tuple[str, Row]]:
    """Give (table, row) of all that is about a person, merged people whole. No transaction is open meanwhile.

    `private` shows what private messages say, `reveal` what was tipped anonymously, and private names. Raises
    UnclassifiedError where nobody said of a column whether it is about people.
    """
    tables = personal.tables()
    with db.read() as conn:
        ids = people.members(conn, root_id)
        names = {one.username for one in people.merged(conn, root_id)}
        names |= {one.username for one in people.aliases(conn, ids)}
        hidden = set() if reveal else ledger.hidden(conn, ids)
    for one in tables:
        about = or_(*(column.in_(ids) for column in one.about))
        mine = _columns(one.table).where(about, *_shown(one.table, reveal=reveal))
        for row in _blocks(db, one, mine):
            if one.table is ledger_entry and row["id"] in hidden:
                continue
            yield one.table.name, _masked(one.table, row, reveal=reveal, private=private)
    with db.read() as conn:
        subjects = sorted(room_texts.of_people(conn, ids))
    missed = select(lookup_miss).where(lookup_miss.c.username.in_(names))
    words = _words(ids, reveal=reveal, private=private)
    for table, query in ((lookup_miss, missed), *words, *_said_of_rooms(subjects)):
        for row in _blocks(db, personal.Personal(table, ()), query):
            yield table.name, _plain(row)
    if reveal and private:  # nobody can tell what is in what could not become an event
        for row in _blocks(db, personal.Personal(rejected_event, ()), select(rejected_event)):
            if erasing.words(bytes(row["body"]).decode(errors="replace")) & names:
                yield rejected_event.name, _plain(row)


def _columns(table: Table) -> Select[Any]:
    """Give the query of a table's rows; of a reading with what was asked and said."""
    if table is not snapshot:
        return select(table)
    asked, said = snapshot_source.c, payload.c
    more = (asked.source, asked.subject, asked.range, said.hash, said.body, said.metrics)
    query = select(snapshot, *more).join(snapshot_source, asked.id == snapshot.c.source_id)
    return query.join(payload, said.id == snapshot.c.payload_id)


def _shown(table: Table, *, reveal: bool) -> list[ColumnElement[bool]]:
    """Leave out that somebody tipped anonymously."""
    if table is event and not reveal:
        return [event.c.flags.bitwise_and(int(Flag.ANONYMOUS)) == 0]
    return []


def _words(ids: Sequence[int], *, reveal: bool, private: bool) -> Iterator[tuple[Table, Select[Any]]]:
    """Give the queries of the words that a search finds a person's notes and messages by."""
    notes = select(note.c.id).where(note.c.person_id.in_(ids))
    yield note_word, select(note_word).where(note_word.c.note_id.in_(notes))
    same = and_(*(message_word.c[c.name] == c for c in event.primary_key))
    mine = or_(event.c.actor_id.in_(ids), event.c.partner_id.in_(ids))
    shown = [] if private else [event.c.method_id != _PRIVATE_MESSAGE]
    said = select(message_word).join(event, same).where(mine, *shown, *_shown(event, reveal=reveal))
    yield message_word, said


def _said_of_rooms(text_ids: Sequence[int]) -> Iterator[tuple[Table, Select[Any]]]:
    for start in range(0, len(text_ids), people.CHUNK):
        yield room_text, select(room_text).where(room_text.c.id.in_(text_ids[start : start + people.CHUNK]))


def _blocks(db: Database, one: personal.Personal, query: Select[Any]) -> Iterator[Row]:
    keys = list(one.table.primary_key.columns)
    after: tuple[Any, ...] | None = None
    while True:
        page = query
        if after is not None:
            place = tuple_(*(literal(value, key.type) for value, key in zip(after, keys, strict=True)))
            page = query.where(tuple_(*keys) > place)
        with db.read() as conn:
            found = conn.execute(page.order_by(*keys).limit(_BLOCK)).mappings().all()
            named = people.names_by_id(
                conn, {row[c.name] for row in found for c in one.columns if row[c.name] is not None}
            )
        for row in found:
            yield dict(row) | _names(one, row, named)
        if len(found) < _BLOCK:
            return
        after = tuple(found[-1][key.name] for key in keys)


def _names(one: personal.Personal, row: Any, named: dict[int, str]) -> Row:
    """Give the names of those whom a row names by a number."""
    columns = [c.name for c in one.columns if c.name != "id" and row[c.name] is not None]
    return {name.removesuffix("_id"): named.get(row[name]) for name in columns}


def _masked(table: Table, row: Row, *, reveal: bool, private: bool) -> Row:
    """Give a row as it may be shown."""
    if table is event:
        return _event(row, hidden=row["method_id"] == _PRIVATE_MESSAGE and not private)
    if table is snapshot:
        return _reading(row)
    if table is person_total and not reveal:
        row |= dict.fromkeys(_ANONYMOUS)
    if table.name == "person_name" and row["kind"] == _PRIVATE_NAME and not reveal:
        row["name"] = None
    return _plain(row)


def _event(row: Row, *, hidden: bool) -> Row:
    raw = row.pop("raw")
    row |= {"event_id": id_text(row["id_ms"], row["id_seq"], row["source_id"])}
    row |= {"method": METHODS.get(row["method_id"])}
    row["raw"] = None if hidden else history.read_raw(unpack(raw))
    return _plain(row | ({"text": None} if hidden else {}))


def _reading(row: Row) -> Row:
    body = bytes(row.pop("body"))
    said = {"payload": bytes(row.pop("hash")).hex(), "metrics": json.loads(row["metrics"])}
    # Empty where the retention policy took it.
    return row | said | {"raw": history.read_raw(unpack(body)) if body else None}


def _plain(row: Row) -> Row:
    """Give a row in what JSON knows: bytes as base64."""
    return {
        name: base64.b64encode(value).decode() if isinstance(value, bytes | memoryview) else value
        for name, value in row.items()
    }
