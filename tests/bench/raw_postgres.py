"""The same work with psycopg alone: a statement a table, in as few round trips as it takes.

The parameters are arrays, but where there is one row: to encode arrays of one takes longer than all the rest.
"""

import time
from collections.abc import Sequence
from functools import cache
from typing import Any

import psycopg

from bench.raw_rows import LEASE_MS, Read, Room, moves, names, payments, quarters, read, totals

Columns = Sequence[Sequence[Any]]

_CURSOR = (
    "UPDATE stream SET cursor = %s, cursor_at = %s, last_poll_ok_at = %s,"
    " lease_expires_at = CAST(extract(epoch FROM clock_timestamp()) * 1000 AS bigint) + %s WHERE id = %s AND epoch = %s"
)
_COVER = "UPDATE capture_coverage SET to_at = %s WHERE id = %s"
_NEW_COVER = "INSERT INTO capture_coverage (stream_id, from_at, to_at) VALUES (%s, %s, %s) RETURNING id"
_STATE = (
    "INSERT INTO room_state (room_id, last_at, state) VALUES (%s, %s, %s)"
    " ON CONFLICT (room_id) DO UPDATE SET last_at = excluded.last_at, state = excluded.state"
)
_CAME = (
    "INSERT INTO visit (room_id, person_id, entered_at, ending) SELECT %s, who, at, 'open'"
    " FROM {rows} ON CONFLICT DO NOTHING"
)
_LEFT = (
    "UPDATE visit SET left_at = at, ending = 'left' FROM (SELECT %s::int AS room) AS mine, {rows}"
    " WHERE room_id = room AND person_id = who AND ending = 'open'"
)
_MOVE_TYPES = {"who": "int", "at": "bigint"}
_IDS = (
    "SELECT username, person_id FROM alias"
    " WHERE platform = 'chaturbate' AND valid_to IS NULL AND username = ANY(%s::text[])"
)
_PEOPLE = (
    "WITH made AS (INSERT INTO person (platform, username, role, created_at)"
    " SELECT 'chaturbate', n, 'viewer', %s FROM unnest(%s::text[]) n RETURNING id, username)"
    " INSERT INTO alias (person_id, platform, username, source)"
    " SELECT id, 'chaturbate', username, 'events' FROM made RETURNING username, person_id"
)
_EVENT = (
    "INSERT INTO event (stream_id, source_id, received_at, id_ms, at, id_seq, room_id, actor_id, partner_id, tokens,"
    " method_id, flags, text, raw) SELECT %b, '', %b, i, i, s, r, a, p, k, m, f, t, b FROM {rows} ON CONFLICT DO NOTHING"
)
_EVENT_TYPES = {
    "i": "bigint", "s": "int", "r": "int", "a": "int", "p": "int", "k": "int", "m": "smallint", "f": "smallint",
    "t": "text", "b": "bytea",
}  # fmt: skip
_SUMS = ("tokens", "tips", "anonymous_tokens", "anonymous_tips", "messages", "private_messages")
_THREAD = ("private_received", "private_sent", "private_outside")
_TIMES = {"first_seen_at": "least", "last_seen_at": "greatest"}
_MORE_TIMES = {
    "last_private_at": "greatest", "first_tip_at": "least", "last_tip_at": "greatest", "first_anonymous_at": "least",
    "last_anonymous_at": "greatest",
}  # fmt: skip
_MONTHS = ("tip_months", "anonymous_months")
_TOTAL = (
    f"INSERT INTO person_total AS p (person_id, room_id, {', '.join((*_SUMS, *_TIMES, *_THREAD, *_MORE_TIMES, *_MONTHS))})"
    " SELECT * FROM {rows} WHERE true ON CONFLICT (person_id, room_id) DO UPDATE SET "
    + ", ".join(f"{name} = p.{name} + excluded.{name}" for name in (*_SUMS, *_THREAD))
    + "".join(
        f", {name} = {outer}(p.{name}, excluded.{name})" for name, outer in (_TIMES | _MORE_TIMES).items()
    )
    + "".join(f", {name} = p.{name} | excluded.{name}" for name in _MONTHS)
)
_QUARTER = (
    "INSERT INTO room_quarter AS q (room_id, begins_at, messages) SELECT * FROM {rows} WHERE true"
    " ON CONFLICT (room_id, begins_at) DO UPDATE SET messages = q.messages + excluded.messages"
)
_QUARTER_TYPES = {"r": "int", "b": "bigint", "m": "int"}
_PAYMENTS = (
    "INSERT INTO payment_quarter AS q (room_id, begins_at, records) SELECT * FROM {rows} WHERE true"
    " ON CONFLICT (room_id, begins_at) DO UPDATE SET records = q.records || excluded.records"
)
_PAYMENT_TYPES = {"r": "int", "b": "bigint", "p": "bytea"}
_SEEN = (
    "UPDATE person SET first_seen_at = least(first_seen_at, f), last_seen_at = greatest(last_seen_at, l)"
    " FROM {rows} WHERE id = who"
)
_TOTAL_TYPES = dict(
    zip(
        "abcdefghijklmnopqrst",
        (
            *("int", "int", "bigint", "int", "bigint", "int", "int", "int", "bigint", "bigint"),
            *("int", "int", "int", "bigint", "bigint", "bigint", "bigint", "bigint", "bigint", "bigint"),
        ),
        strict=True,
    )
)
_SEEN_TYPES = {"who": "int", "f": "bigint", "l": "bigint"}


@cache
def _spelt(statement: str, types: tuple[tuple[str, str], ...], *, arrays: bool) -> str:
    names = ", ".join(name for name, _ in types)
    if arrays:
        rows = f"unnest({', '.join(f'%b::{one}[]' for _, one in types)}) AS u ({names})"
    else:
        rows = f"(SELECT {', '.join(f'%b::{one} AS {name}' for name, one in types)}) AS u"
    return statement.replace("{rows}", rows)


def _run(
    cursor: psycopg.Cursor[Any], statement: str, types: dict[str, str], columns: Columns, *first: Any
) -> None:
    arrays = len(columns[0]) > 1
    values = columns if arrays else [column[0] for column in columns]
    cursor.execute(_spelt(statement, tuple(types.items()), arrays=arrays), (*first, *values))


class Raw:
    """A database of mhc's schema, written without mhc."""

    def __init__(self, conninfo: str, stream_id: int, owner: int, epoch: int) -> None:
        self._conn = psycopg.connect(conninfo)
        self._conn.prepare_threshold = 1
        self._stream, self._owner, self._epoch = stream_id, owner, epoch
        self._room, self._cover = Room(), 0

    def close(self) -> None:
        """Disconnect."""
        self._conn.close()

    def keep(self, raws: Sequence[bytes]) -> None:
        """Store a page."""
        page, now = read(raws), time.time_ns() // 1_000_000
        last = page[-1]
        with self._conn.transaction(), self._conn.cursor() as cursor:
            ids = self._ids(cursor, page, now)
            place = (f"i={last.id_ms}-{last.id_seq}", now, now, LEASE_MS, self._stream, self._epoch)
            with self._conn.pipeline():
                lease = self._conn.execute(_CURSOR, place)
                _run(cursor, _EVENT, _EVENT_TYPES, _columns(page, ids), self._stream, now)
                stored = cursor.rowcount
                sums = totals(page, ids, self._owner)
                if sums:
                    columns = [list(column) for column in zip(*sums, strict=True)]
                    _run(cursor, _TOTAL, _TOTAL_TYPES, columns)
                    _run(cursor, _SEEN, _SEEN_TYPES, [columns[0], columns[8], columns[9]])
                if lines := quarters(page, ids, self._owner):
                    columns = [list(column) for column in zip(*lines, strict=True)]
                    _run(cursor, _QUARTER, _QUARTER_TYPES, columns)
                if paid := payments(page, ids, self._owner):
                    columns = [list(column) for column in zip(*paid, strict=True)]
                    _run(cursor, _PAYMENTS, _PAYMENT_TYPES, columns)
                self._follow(cursor, page, ids, now)
            if lease.rowcount != 1:
                raise ValueError("the lease is another's")
            if stored not in {-1, len(page)}:
                raise ValueError("an event was there before")

    def _follow(
        self, cursor: psycopg.Cursor[Any], page: Sequence[Read], ids: dict[str, int], now: int
    ) -> None:
        """Keep coverage, the room's state and visits in step."""
        db = self._conn
        if self._cover:
            db.execute(_COVER, (now, self._cover))
        else:
            (self._cover,) = db.execute(_NEW_COVER, (self._stream, now, now)).fetchone() or (0,)
        db.execute(_STATE, (self._owner, *self._room.state(page)))
        came, left = ([list(column) for column in zip(*one, strict=True)] for one in moves(page, ids))
        if came:
            _run(cursor, _CAME, _MOVE_TYPES, came, self._owner)
        if left:
            _run(cursor, _LEFT, _MOVE_TYPES, left, self._owner)

    def _ids(self, cursor: psycopg.Cursor[Any], page: Sequence[Read], now: int) -> dict[str, int]:
        wanted = names(page)
        ids: dict[str, int] = dict(cursor.execute(_IDS, (sorted(wanted),)).fetchall())
        if strangers := sorted(wanted - ids.keys()):
            ids.update(cursor.execute(_PEOPLE, (now, strangers)).fetchall())
        return ids


def _columns(page: Sequence[Read], ids: dict[str, int]) -> list[list[Any]]:
    return [
        [e.id_ms for e in page], [e.id_seq for e in page], [ids.get(e.room or "") for e in page],
        [ids.get(e.actor or "") for e in page], [ids.get(e.partner or "") for e in page], [e.tokens for e in page],
        [e.method_id for e in page], [e.flags for e in page], [e.text for e in page], [e.raw for e in page],
    ]  # fmt: skip
