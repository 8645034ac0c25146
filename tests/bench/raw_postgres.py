"""The same work with psycopg alone: a statement a table, whose parameters are arrays, in as few round trips as it takes."""

import time
from collections.abc import Sequence
from typing import Any

import psycopg

from bench.raw_rows import Read, names, read, totals

_CURSOR = "UPDATE stream SET cursor = %s, cursor_at = %s, last_poll_ok_at = %s WHERE id = %s"
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
    " method_id, flags, text, raw) SELECT %b, '', %b, i, i, s, r, a, p, k, m, f, t, b FROM unnest(%b::bigint[],"
    " %b::int[], %b::int[], %b::int[], %b::int[], %b::int[], %b::smallint[], %b::smallint[], %b::text[], %b::bytea[])"
    " AS u (i, s, r, a, p, k, m, f, t, b) ON CONFLICT DO NOTHING"
)
_SUMS = ("tokens", "tips", "anonymous_tokens", "anonymous_tips", "messages", "private_messages")
_TOTAL = (
    f"INSERT INTO person_total AS p (person_id, room_id, {', '.join(_SUMS)}, first_seen_at, last_seen_at)"
    " SELECT * FROM unnest(%b::int[], %b::int[], %b::bigint[], %b::int[], %b::bigint[], %b::int[], %b::int[],"
    " %b::int[], %b::bigint[], %b::bigint[]) ON CONFLICT (person_id, room_id) DO UPDATE SET "
    + ", ".join(f"{name} = p.{name} + excluded.{name}" for name in _SUMS)
    + ", first_seen_at = least(p.first_seen_at, excluded.first_seen_at)"
    ", last_seen_at = greatest(p.last_seen_at, excluded.last_seen_at)"
)
_SEEN = (
    "UPDATE person SET first_seen_at = least(first_seen_at, f), last_seen_at = greatest(last_seen_at, l)"
    " FROM unnest(%s::int[], %s::bigint[], %s::bigint[]) AS u (who, f, l) WHERE id = who"
)


class Raw:
    """A database of mhc's schema, written without mhc."""

    def __init__(self, conninfo: str, stream_id: int, owner: int) -> None:
        self._conn = psycopg.connect(conninfo)
        self._conn.prepare_threshold = 1
        self._stream, self._owner = stream_id, owner

    def close(self) -> None:
        """Disconnect."""
        self._conn.close()

    def keep(self, raws: Sequence[bytes]) -> None:
        """Store a page."""
        page, now = read(raws), time.time_ns() // 1_000_000
        last = page[-1]
        with self._conn.transaction(), self._conn.cursor() as cursor:
            ids = self._ids(cursor, page, now)
            with self._conn.pipeline():
                cursor.execute(_CURSOR, (f"i={last.id_ms}-{last.id_seq}", now, now, self._stream))
                cursor.execute(_EVENT, (self._stream, now, *_columns(page, ids)))
                stored = cursor.rowcount
                sums = totals(page, ids, self._owner)
                if sums:
                    columns = [list(column) for column in zip(*sums, strict=True)]
                    cursor.execute(_TOTAL, columns)
                    cursor.execute(_SEEN, (columns[0], columns[8], columns[9]))
            if stored not in {-1, len(page)}:
                raise ValueError("an event was there before")

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
