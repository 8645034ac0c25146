"""A poll of the feed of rooms: kept by mhc beside the raw drivers' merge of the same rows, in turns."""

import hashlib
import json
import random
import sqlite3
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from statistics import median
from typing import Any

import msgspec
import psycopg
from sqlalchemy import URL, text

import postgres
from bench.table import Row, amount, slower
from mhc.domain.clock import to_ms
from mhc.domain.rooms import Reading, Scope, Show, Source, marks
from mhc.store import observations
from mhc.store.database import Database
from mhc.store.observations import Poll

_MOST = 2.0  # times the raw merge
_BYTES = {"SQLite": 45, "PostgreSQL": 110}
_SIZES = {
    "SQLite": "SELECT sum(pgsize) FROM dbstat WHERE name IN"
    " (SELECT name FROM sqlite_master WHERE tbl_name = 'observation')",
    "PostgreSQL": "SELECT pg_total_relation_size('observation')",
}
_START = datetime(2026, 1, 1, tzinfo=UTC)
_EVERY = timedelta(minutes=5)
_CHANGES = 0.1  # of the rooms say something new between two polls

_KNOWN = (
    "SELECT a.username, a.person_id, t.id, t.hash FROM {new} CROSS JOIN alias AS a"
    " LEFT JOIN room_latest AS l ON l.person_id = a.person_id LEFT JOIN room_text AS t ON t.id = l.text_id"
    " WHERE a.username = {name} AND a.platform = 'chaturbate' AND a.valid_to IS NULL"
)
Stands = tuple[int, int | None, bytes | None]
Text = tuple[bytes, str, str]
Merge = Callable[[datetime, Sequence[Reading]], None]


def rows(folder: Path, server: URL, rooms: int, polls: int) -> list[Row]:
    """Measure a poll of so many rooms on both databases, and the bytes that a reading takes."""
    with closing(postgres.Server(server)) as databases:
        return [row for kind in _BYTES for row in _of(kind, folder, databases, rooms, polls)]


def feed(rooms: int, polls: int) -> Iterator[tuple[datetime, list[Reading]]]:
    """Give made-up polls: some rooms change what they say, and some their show."""
    chance = random.Random(7)
    names = sorted(f"room_{number}" for number in range(rooms))
    said = [f"Goal {number}: song #music #new" for number in range(rooms)]
    for number in range(polls):
        for place in range(rooms):
            if chance.random() < _CHANGES:
                said[place] = f"Goal {place}: song [{chance.randrange(999)} tokens left] #music"
        yield (
            _START + number * _EVERY,
            [_reading(chance, *one, number) for one in zip(names, said, strict=True)],
        )


def _reading(chance: random.Random, name: str, subject: str, number: int) -> Reading:
    return Reading(
        name,
        show=Show(chance.choice((1, 1, 1, 1, 2, 4))),
        viewers=int(chance.paretovariate(1.2) * 5) % 20_000,
        followers=chance.randrange(400_000),
        seconds_online=300 * number + chance.randrange(20_000),
        flags=marks(new=chance.random() < 0.1, hd=True, gender="female"),
        subject=subject,
        tags=("music", "new"),
    )


def _of(kind: str, folder: Path, databases: postgres.Server, rooms: int, polls: int) -> Iterator[Row]:
    urls = [_url(kind, folder / f"{kind}-{name}.db", databases) for name in ("ours", "raw")]
    with (
        closing(Database(urls[0].render_as_string(hide_password=False))) as db,
        closing(Database(urls[1].render_as_string(hide_password=False))) as other,
    ):
        if kind == "SQLite":
            db.create()
            other.create()
        with closing(_RawSqlite(urls[1]) if kind == "SQLite" else _RawPostgres(urls[1])) as raw:
            seconds: list[list[float]] = [[], []]
            for at, readings in feed(rooms, polls):
                for place, keep in enumerate((lambda a, r: _keep(db, a, r), raw.merge)):
                    began = time.perf_counter()
                    keep(at, readings)
                    seconds[place].append(time.perf_counter() - began)
        mine, theirs = (median(one[1:]) for one in seconds)
        yield slower(f"a poll of {rooms:,} rooms into {kind}", mine, theirs, _MOST)
        yield slower(f"the first poll of {rooms:,} rooms into {kind}", seconds[0][0], seconds[1][0], _MOST)
        with db.read() as conn:
            taken = int(conn.execute(text(_SIZES[kind])).scalar_one()) / rooms / polls
        yield amount(f"a reading in {kind}, indexes included", taken, "bytes", _BYTES[kind])


def _url(kind: str, path: Path, databases: postgres.Server) -> URL:
    return databases.migrated() if kind == "PostgreSQL" else URL.create("sqlite", database=str(path))


def _keep(db: Database, at: datetime, readings: Sequence[Reading]) -> None:
    poll = Poll(at, Source.AFFILIATE, len(readings), len(readings), Scope.ALL, complete=True)
    with db.write() as conn:
        observations.add_poll(conn, poll, readings)


_PERSON = "INSERT INTO person (platform, username, role, created_at, first_seen_at, last_seen_at)"
_ALIAS = "INSERT INTO alias (person_id, platform, username, source)"
_OBSERVED = (
    "observed_at", "person_id", "text_id", "viewers", "followers", "seconds_online", "source", "show", "flags",
)  # fmt: skip
_LATEST = (
    "ON CONFLICT (person_id) DO UPDATE SET observed_at = excluded.observed_at, text_id = excluded.text_id"
)


def _hashed(readings: Sequence[Reading]) -> list[Text]:
    found = []
    for one in readings:
        tags = msgspec.json.encode(one.tags).decode()
        found.append(
            (
                hashlib.blake2b(f"{tags}\n{one.subject}".encode(), digest_size=16).digest(),
                str(one.subject),
                tags,
            )
        )
    return found


def _names(readings: Sequence[Reading]) -> str:
    return json.dumps([one.username for one in readings])


def _by_name(rows: Iterable[Any]) -> Iterator[tuple[str, Stands]]:
    """Give who is called so: their number, and number and hash of what their room said last."""
    return ((name, (who, number, None if key is None else bytes(key))) for name, who, number, key in rows)


def _changed(readings: Sequence[Reading], texts: Sequence[Text], stands: dict[str, Stands]) -> list[Text]:
    both = zip(readings, texts, strict=True)
    return sorted({text for one, text in both if stands[one.username][2] != text[0]})


def _observed(
    at: int,
    stands: dict[str, Stands],
    numbers: dict[bytes, int],
    texts: Sequence[Text],
    readings: Sequence[Reading],
) -> list[Any]:
    found = []
    for one, said in zip(readings, texts, strict=True):
        who, last, key = stands[one.username]
        number = last if key == said[0] else numbers[said[0]]
        found.append(
            (
                at,
                who,
                number,
                one.viewers,
                one.followers,
                one.seconds_online,
                1,
                one.show and int(one.show),
                one.flags,
            )
        )
    return sorted(found, key=lambda row: row[1])


class _RawSqlite:
    def __init__(self, url: URL) -> None:
        self._conn = sqlite3.connect(str(url.database), isolation_level=None)
        self._conn.execute("PRAGMA synchronous=FULL")
        self._conn.execute("PRAGMA foreign_keys=ON")

    def close(self) -> None:
        self._conn.close()

    def merge(self, at: datetime, readings: Sequence[Reading]) -> None:
        db, now = self._conn, to_ms(at)
        db.execute("BEGIN IMMEDIATE")
        stands = dict(
            _by_name(db.execute(_KNOWN.format(new="json_each(?) AS n", name="n.value"), (_names(readings),)))
        )
        for name in [one.username for one in readings if one.username not in stands]:
            who = db.execute(
                f"{_PERSON} VALUES ('chaturbate', ?, 'model', ?, ?, ?) RETURNING id", (name, now, now, now)
            ).fetchone()[0]
            db.execute(f"{_ALIAS} VALUES (?, 'chaturbate', ?, 'rooms')", (who, name))
            stands[name] = who, None, None
        texts = _hashed(readings)
        changed = _changed(readings, texts, stands)
        db.executemany(
            "INSERT INTO room_text (hash, subject, tags) VALUES (?, ?, ?) ON CONFLICT DO NOTHING", changed
        )
        find = "SELECT id FROM room_text WHERE hash = ?"
        numbers = {one[0]: db.execute(find, one[:1]).fetchone()[0] for one in changed}
        rows = _observed(now, stands, numbers, texts, readings)
        marks_of = ", ".join("?" * len(_OBSERVED))
        db.executemany(f"INSERT INTO observation ({', '.join(_OBSERVED)}) VALUES ({marks_of})", rows)
        latest = [(row[1], now, now, row[2]) for row in rows]
        db.executemany(
            f"INSERT INTO room_latest (person_id, first_at, observed_at, text_id) VALUES (?, ?, ?, ?) {_LATEST}",
            latest,
        )
        db.execute("INSERT INTO room_poll VALUES (?, 1, ?, ?, ?, 'all', 1)", (now, *[len(rows)] * 3))
        db.execute("COMMIT")


class _RawPostgres:
    def __init__(self, url: URL) -> None:
        plain = url.set(drivername="postgresql").render_as_string(hide_password=False)
        self._conn = psycopg.connect(plain)

    def close(self) -> None:
        self._conn.close()

    def merge(self, at: datetime, readings: Sequence[Reading]) -> None:
        now = to_ms(at)
        with self._conn.transaction(), self._conn.cursor() as cursor:
            known = _KNOWN.format(new="unnest(%s::text[]) AS n", name="n")
            stands = dict(_by_name(cursor.execute(known, ([one.username for one in readings],)).fetchall()))
            if new := [one.username for one in readings if one.username not in stands]:
                made = (
                    f"WITH made AS ({_PERSON} SELECT 'chaturbate', n, 'model', %s, %s, %s FROM unnest(%s::text[]) n"
                    f" RETURNING id, username) {_ALIAS} SELECT id, 'chaturbate', username, 'rooms' FROM made"
                    " RETURNING username, person_id"
                )
                stands |= {
                    n: (who, None, None) for n, who in cursor.execute(made, (now, now, now, new)).fetchall()
                }
            texts = _hashed(readings)
            numbers: dict[bytes, int] = {}
            if changed := _changed(readings, texts, stands):
                columns = [list(one) for one in zip(*changed, strict=True)]
                cursor.execute(
                    "INSERT INTO room_text (hash, subject, tags) SELECT * FROM"
                    " unnest(%s::bytea[], %s::text[], %s::text[]) ON CONFLICT DO NOTHING",
                    columns,
                )
                find = "SELECT hash, id FROM room_text WHERE hash = ANY(%s)"
                numbers = {
                    bytes(key): number for key, number in cursor.execute(find, (columns[0],)).fetchall()
                }
            rows = _observed(now, stands, numbers, texts, readings)
            with cursor.copy(f"COPY observation ({', '.join(_OBSERVED)}) FROM STDIN") as copy:
                for row in rows:
                    copy.write_row(row)
            latest = [[row[1] for row in rows], [row[2] for row in rows]]
            cursor.execute(
                "INSERT INTO room_latest (person_id, first_at, observed_at, text_id)"
                f" SELECT p, %s, %s, t FROM unnest(%s::int[], %s::int[]) AS n (p, t) {_LATEST}",
                (now, now, *latest),
            )
            cursor.execute(
                "INSERT INTO room_poll VALUES (%s, 1, %s, %s, %s, 'all', true)", (now, *[len(rows)] * 3)
            )
