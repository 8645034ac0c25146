"""Readings of other sources: a million of them in both databases, what asking for one person takes, and what one costs."""

import json
import sqlite3
from collections.abc import Iterator
from contextlib import ExitStack, closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import URL, text

import postgres
from bench.lookups import queries
from bench.table import Row, amount
from command import MhcHere
from mhc.domain.clock import to_ms
from mhc.domain.packing import pack_text
from mhc.store import people, snapshots
from mhc.store.database import Database
from mhc.store.snapshots import Asked

_START = datetime(2025, 1, 1, tzinfo=UTC)
_EACH = 100  # readings a person, one an hour
_NEW = 10  # every tenth says something new
_QUERY, _BYTES = 10, 120
_ASKS = (
    "snapshot list viewer_00077 -L 50",
    "snapshot show viewer_00077",
    "snapshot diff viewer_00077",
    "snapshot diff viewer_00077 --since 2025-01-02 --until 2025-01-03",
    "snapshot trend viewer_00077 all_time_tokens",
    "snapshot trend viewer_00077 all_time_tokens --by day",
)


def rows(folder: Path, server: URL, readings: int) -> list[Row]:
    """Fill both databases with the same, and measure what a reading costs and what its questions take."""
    with ExitStack() as stack:
        databases = stack.enter_context(closing(postgres.Server(server)))
        urls = {"SQLite": f"sqlite:///{folder / 'histories.db'}"}
        urls["PostgreSQL"] = databases.migrated().render_as_string(hide_password=False)
        both = {kind: stack.enter_context(closing(Database(url))) for kind, url in urls.items()}
        both["SQLite"].create()
        found = []
        for kind, db in both.items():
            _fill(db, readings // _EACH)
            found += [
                amount(f"an unchanged reading on {kind}, indexes included", _bytes(db, "snapshot") / readings, "bytes", _BYTES),
                amount(f"a new answer of about 500 bytes on {kind}", _bytes(db, "payload") / (readings // _NEW), "bytes", None),
            ]  # fmt: skip
        mhc = MhcHere(folder)
        for words in _ASKS:
            for kind, db in both.items():
                each = queries(mhc, words, db)
                found.append(
                    amount(f"`{words}` on {kind}, its {len(each)} queries together", sum(each), "ms", _QUERY)
                )
        return found


def _fill(db: Database, crowd: int) -> None:
    """Keep readings hour by hour, as a job does: all people in batches, each batch at one time."""
    with db.write() as conn:
        names = [f"viewer_{number:05d}" for number in range(crowd)]
        ids = people.ensure(conn, names, source="bench", at=_START)
        source = snapshots.source_id(conn, Asked("statbate.member_info"))
    order = [ids[name] for name in names]
    with db.write() as conn:
        driver: Any = conn.connection.driver_connection
        _put(driver, "payload", ("id", "hash", "body", "metrics"), _payloads(crowd))
        _put(
            driver,
            "snapshot",
            ("id", "person_id", "captured_at", "source_id", "payload_id"),
            _taken(order, source),
        )
        if not db.is_sqlite:
            for table in ("payload", "snapshot"):
                conn.execute(text(f"SELECT setval('{table}_id_seq', (SELECT max(id) FROM {table}))"))
    with db.outside() as conn:
        conn.execute(text("ANALYZE" if db.is_sqlite else "VACUUM ANALYZE"))


def _taken(order: list[int], source: int) -> Iterator[tuple[int, ...]]:
    number = 0
    for hour in range(_EACH):
        for place, who in enumerate(order):
            number += 1
            at = _START + timedelta(hours=hour, seconds=place // 100)
            yield number, who, to_ms(at), source, place * (_EACH // _NEW) + hour // _NEW + 1


def _payloads(crowd: int) -> Iterator[tuple[Any, ...]]:
    for place in range(crowd):
        for step in range(_EACH // _NEW):
            said = {
                "name": f"viewer_{place:05d}", "did": place, "all_time_tokens": place + step * 10,
                "first_tip_date": "2023-05-07T20:00:00Z", "models_tipped_2weeks_list": ["example_room", f"room_{step}"],
            }  # fmt: skip
            more = [{"date": f"2025-01-{day:02d}", "tokens": day * step} for day in range(1, 10)]
            body, metrics = json.dumps(said | {"per_day_tokens": more}).encode(), snapshots.written(said)
            number = place * (_EACH // _NEW) + step + 1
            yield number, snapshots.digest(body, metrics), pack_text(body), metrics


def _put(driver: Any, table: str, columns: tuple[str, ...], rows_of: Iterator[tuple[Any, ...]]) -> None:
    listed = ", ".join(columns)
    if isinstance(driver, sqlite3.Connection):
        marks = ", ".join("?" * len(columns))
        driver.executemany(f"INSERT INTO {table} ({listed}) VALUES ({marks})", rows_of)
        return
    with driver.cursor() as cursor, cursor.copy(f"COPY {table} ({listed}) FROM STDIN") as copy:
        for row in rows_of:
            copy.write_row(row)


def _bytes(db: Database, table: str) -> int:
    """Give what a table takes with its indexes."""
    with db.read() as conn:
        if not db.is_sqlite:
            return int(
                conn.execute(text("SELECT pg_total_relation_size(:table)"), {"table": table}).scalar_one()
            )
        query = text(
            "SELECT sum(pgsize) FROM dbstat WHERE name IN (SELECT name FROM sqlite_master WHERE tbl_name = :table)"
        )
        return int(conn.execute(query, {"table": table}).scalar_one())
