"""The same work with sqlite3 alone: events, people, totals and cursor, in one transaction a page."""

import sqlite3
import time
from collections.abc import Sequence
from pathlib import Path

from bench.raw_rows import LEASE_MS, Read, Room, moves, names, payments, quarters, read, totals

_CURSOR = "UPDATE stream SET cursor = ?, cursor_at = ?, last_poll_ok_at = ?, lease_expires_at = ? WHERE id = ? AND epoch = ?"
_COVER = "UPDATE capture_coverage SET to_at = ? WHERE id = ?"
_NEW_COVER = "INSERT INTO capture_coverage (stream_id, from_at, to_at) VALUES (?, ?, ?)"
_STATE = (
    "INSERT INTO room_state (room_id, last_at, state) VALUES (?, ?, ?)"
    " ON CONFLICT (room_id) DO UPDATE SET last_at = excluded.last_at, state = excluded.state"
)
_CAME = "INSERT INTO visit (room_id, person_id, entered_at, ending) VALUES (?, ?, ?, 'open') ON CONFLICT DO NOTHING"
_LEFT = (
    "UPDATE visit SET left_at = ?, ending = 'left' WHERE room_id = ? AND person_id = ? AND ending = 'open'"
)
_PERSON = (
    "INSERT INTO person (platform, username, role, created_at) VALUES ('chaturbate', ?, 'viewer', ?)"
    " RETURNING id"
)
_ALIAS = (
    "INSERT INTO alias (person_id, platform, username, source) VALUES (?, 'chaturbate', ?, 'events')"
    " ON CONFLICT DO NOTHING"
)
_EVENT = (
    "INSERT INTO event (stream_id, id_ms, id_seq, source_id, at, received_at, room_id, actor_id, partner_id,"
    " tokens, method_id, flags, text, raw) VALUES (?, ?, ?, '', ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
    " ON CONFLICT DO NOTHING"
)
_SUMS = ("tokens", "tips", "anonymous_tokens", "anonymous_tips", "messages", "private_messages")
_THREAD = ("private_received", "private_sent", "private_outside")
_TIMES = {"first_seen_at": "min", "last_seen_at": "max"}
_MORE_TIMES = {
    "last_private_at": "max", "first_tip_at": "min", "last_tip_at": "max", "first_anonymous_at": "min",
    "last_anonymous_at": "max",
}  # fmt: skip
_MONTHS = ("tip_months", "anonymous_months")
_TOTAL = (
    f"INSERT INTO person_total (person_id, room_id, {', '.join((*_SUMS, *_TIMES, *_THREAD, *_MORE_TIMES, *_MONTHS))})"
    " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (person_id, room_id) DO UPDATE SET "
    + ", ".join(f"{name} = {name} + excluded.{name}" for name in (*_SUMS, *_THREAD))
    + "".join(
        f", {name} = {outer}(coalesce({name}, excluded.{name}), coalesce(excluded.{name}, {name}))"
        for name, outer in (_TIMES | _MORE_TIMES).items()
    )
    + "".join(f", {name} = {name} | excluded.{name}" for name in _MONTHS)
)
_QUARTER = (
    "INSERT INTO room_quarter (room_id, begins_at, messages) VALUES (?, ?, ?)"
    " ON CONFLICT (room_id, begins_at) DO UPDATE SET messages = messages + excluded.messages"
)
_PAYMENTS = (
    "INSERT INTO payment_quarter (room_id, begins_at, records) VALUES (?, ?, ?)"
    " ON CONFLICT (room_id, begins_at) DO UPDATE SET records = CAST(records || excluded.records AS BLOB)"
)
_SEEN = (
    "UPDATE person SET first_seen_at = min(coalesce(first_seen_at, ?2), ?2),"
    " last_seen_at = max(coalesce(last_seen_at, ?3), ?3) WHERE id = ?1"
)


class Raw:
    """A database of mhc's schema, written without mhc."""

    def __init__(self, path: Path, stream_id: int, owner: int, epoch: int) -> None:
        self._conn = sqlite3.connect(path, isolation_level=None)
        self._conn.execute("PRAGMA synchronous=FULL")
        self._conn.execute("PRAGMA foreign_keys=ON")
        self._stream, self._owner, self._epoch = stream_id, owner, epoch
        self._room, self._cover = Room(), 0

    def close(self) -> None:
        """Disconnect."""
        self._conn.close()

    def keep(self, raws: Sequence[bytes]) -> None:
        """Store a page."""
        page, now = read(raws), time.time_ns() // 1_000_000
        db = self._conn
        db.execute("BEGIN IMMEDIATE")
        last = page[-1]
        cursor = (f"i={last.id_ms}-{last.id_seq}", now, now, now + LEASE_MS, self._stream, self._epoch)
        if db.execute(_CURSOR, cursor).rowcount != 1:
            raise ValueError("the lease is another's")
        ids = self._ids(page, now)
        rows = [
            (
                self._stream, e.id_ms, e.id_seq, e.id_ms, now, ids.get(e.room or ""), ids.get(e.actor or ""),
                ids.get(e.partner or ""), e.tokens, e.method_id, e.flags, e.text, e.raw,
            )
            for e in page
        ]  # fmt: skip
        # Counting tells whether some were there already: only then is it worth asking which.
        if db.executemany(_EVENT, rows).rowcount != len(page):
            raise ValueError("an event was there before")
        sums = totals(page, ids, self._owner)
        db.executemany(_TOTAL, sums)
        db.executemany(_SEEN, [(row[0], row[8], row[9]) for row in sums if row[8] is not None])
        db.executemany(_QUARTER, quarters(page, ids, self._owner))
        db.executemany(_PAYMENTS, payments(page, ids, self._owner))
        self._follow(page, ids, now)
        db.execute("COMMIT")

    def _follow(self, page: Sequence[Read], ids: dict[str, int], now: int) -> None:
        """Keep coverage, the room's state and visits in step."""
        db = self._conn
        if self._cover:
            db.execute(_COVER, (now, self._cover))
        else:
            self._cover = db.execute(_NEW_COVER, (self._stream, now, now)).lastrowid or 0
        db.execute(_STATE, (self._owner, *self._room.state(page)))
        came, left = moves(page, ids)
        db.executemany(_CAME, [(self._owner, *one) for one in came])
        db.executemany(_LEFT, [(at, self._owner, who) for who, at in left])

    def _ids(self, page: Sequence[Read], now: int) -> dict[str, int]:
        wanted = sorted(names(page))
        marks = ", ".join("?" * len(wanted))
        query = f"SELECT username, person_id FROM alias WHERE platform = 'chaturbate' AND valid_to IS NULL AND username IN ({marks})"
        ids: dict[str, int] = dict(self._conn.execute(query, wanted))
        for name in wanted:
            if name not in ids:
                ids[name] = self._conn.execute(_PERSON, (name, now)).fetchone()[0]
                self._conn.execute(_ALIAS, (ids[name], name))
        return ids
