"""DuckDB over the same events, in files of columns that are made for scans: how far from it our scans are."""

import statistics
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb

from bench.lookups import queries
from bench.table import Row
from command import MhcHere
from mhc.domain.clock import to_ms
from mhc.store.database import Database

_TIMES = 5
_KEPT = {
    "event": "at, actor_id, tokens, method_id, room_id, flags",
    "stream_session": "room_id, started_at, ended_at",
}
# What a report's queries find out, as one query of DuckDB's; $since is a year ago.
_SCANS = {
    "report timing": "SELECT room_id, event.at - event.at % 60000, sum(tokens) FROM event WHERE tokens IS NOT NULL GROUP BY ALL",
    "report tippers --since 365d": (
        "SELECT actor_id, flags & 1, sum(tokens), count(*), median(tokens), max(tokens), min(event.at), max(event.at) FROM event"
        " WHERE tokens IS NOT NULL AND event.at >= $since GROUP BY ALL"
    ),
    "report income": (
        "SELECT started_at, sum(tokens), count(DISTINCT actor_id) FROM stream_session"
        " LEFT JOIN event ON event.room_id = stream_session.room_id AND event.at >= started_at AND event.at < ended_at"
        " AND tokens IS NOT NULL GROUP BY ALL"
    ),
}


def rows(folder: Path, dbs: dict[str, Database]) -> list[Row]:
    """Ask DuckDB what the queries of some reports ask for, over files of columns, and put its time beside ours."""
    since = to_ms(datetime.now(UTC) - timedelta(days=365))
    found = []
    with duckdb.connect() as duck:
        for table in _KEPT:
            file = _exported(folder, dbs["PostgreSQL"], table, duck)
            duck.execute(f"CREATE VIEW {table} AS FROM read_parquet('{file}')")
        for words, statement in _SCANS.items():
            asked = {"since": since} if "$since" in statement else {}
            other = statistics.median(_once(duck, statement, asked) for _ in range(_TIMES)) * 1000
            found.append(_beside(folder, words, dbs, other))
    return found


def _exported(folder: Path, db: Database, table: str, duck: Any) -> Path:
    """Write a table's columns as a file of columns."""
    lines, file = folder / f"{table}.csv", folder / f"{table}.parquet"
    with db.read() as conn, lines.open("wb") as out:
        driver: Any = conn.connection.driver_connection
        with driver.cursor().copy(
            f"COPY (SELECT {_KEPT[table]} FROM {table}) TO STDOUT (FORMAT csv)"
        ) as copy:
            for part in copy:
                out.write(part)
    names = [name.strip() for name in _KEPT[table].split(",")]
    columns = "{" + ", ".join(f"'{name}': 'BIGINT'" for name in names) + "}"
    duck.execute(f"COPY (FROM read_csv('{lines}', columns = {columns})) TO '{file}' (FORMAT parquet)")
    lines.unlink()
    return file


def _once(duck: Any, statement: str, asked: dict[str, int]) -> float:
    began = time.perf_counter()
    duck.execute(statement, asked).fetchall()
    return time.perf_counter() - began


def _beside(folder: Path, words: str, dbs: dict[str, Database], other: float) -> Row:
    mhc = MhcHere(folder, CHATURBATE_USERNAME="example_room")
    ours = [sum(queries(mhc, words, db)) for db in dbs.values()]
    what = f"`{words}`, all its queries, on {' and '.join(dbs)}, beside DuckDB"
    times, ratios = (
        ", ".join(f"{one:,.0f} ms" for one in ours),
        ", ".join(f"{one / other:.1f}" for one in ours),
    )
    return Row(what, times, f"{other:,.0f} ms", ratios, "", None)
