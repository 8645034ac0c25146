"""Events into both databases: mhc's own path beside the raw drivers', page by page in turns, so that both meet one machine."""

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path

from sqlalchemy import URL, create_engine, text

import postgres
from bench import feed, ours, raw_postgres, raw_sqlite
from bench.table import Row, amount, faster
from mhc.store.database import Database
from mhc.store.streams import Stream

_TURNS = 20  # how often the two sides take turns
_REPLAY, _LIVE = 0.6, 0.7  # the least of the raw driver's rate
_BYTES = {"SQLite": 220, "PostgreSQL": 320}
_HONEST = ("fsync = on", "full_page_writes = on", "synchronous_commit = on", "autovacuum = on")
_SIZES = {
    "SQLite": "SELECT sum(pgsize) FROM dbstat WHERE name IN (SELECT name FROM sqlite_master WHERE tbl_name = 'event')",
    "PostgreSQL": "SELECT pg_total_relation_size('event')",
}

Keep = Callable[[Sequence[bytes]], None]
Sides = tuple[Keep, Keep, Database]


def rows(folder: Path, server: URL, count: int, commits: int) -> list[Row]:
    """Measure replay in large and small pages, live commits, and the bytes an event takes."""
    raws = feed.elements(count)
    with closing(postgres.Server(server)) as databases:
        return [row for kind in _BYTES for row in _of(kind, folder, databases, raws, commits)]


def _of(
    kind: str, folder: Path, databases: postgres.Server, raws: Sequence[bytes], commits: int
) -> Iterator[Row]:
    for size in (1000, 50):
        with _both(kind, folder / f"{kind}{size}", databases) as sides:
            rates = _take_turns(sides, raws, size)
            yield faster(f"replay into {kind}, pages of {size:,}, events", *rates, _REPLAY)
            if size == 1000:
                taken = _bytes(kind, sides[2]) / len(raws)
                yield amount(f"an event in {kind}, raw and indexes included", taken, "bytes", _BYTES[kind])
    with _both(kind, folder / f"{kind}1", databases) as sides:
        rates = _take_turns(sides, raws[:commits], 1)
        yield faster(f"live into {kind}, one event a commit", *rates, _LIVE)


def _take_turns(sides: Sides, raws: Sequence[bytes], size: int) -> tuple[float, float]:
    """Give the events a second of both sides."""
    seconds = [0.0, 0.0]
    turn = max(size, -(-len(raws) // _TURNS // size) * size)
    for start in range(0, len(raws), turn):
        pages = list(feed.pages(raws[start : start + turn], size))
        for place, keep in enumerate(sides[:2]):
            began = time.perf_counter()
            for page in pages:
                keep(page)
            seconds[place] += time.perf_counter() - began
    return len(raws) / seconds[0], len(raws) / seconds[1]


@contextmanager
def _both(kind: str, folder: Path, databases: postgres.Server) -> Iterator[Sides]:
    """Give what keeps a page, mhc and the raw driver, each with a new database of its own."""
    folder.mkdir()
    with ExitStack() as stack:
        made = []
        for name in ("ours", "raw"):
            path = folder / f"{name}.db"
            url = databases.migrated() if kind == "PostgreSQL" else URL.create("sqlite", database=str(path))
            db = stack.enter_context(closing(Database(url.render_as_string(hide_password=False))))
            if kind == "SQLite":
                db.create()
            made.append((db, ours.hold(db)))
        (db, held), (other, place) = made
        raw = stack.enter_context(closing(_raw(kind, other, place)))
        yield ours.Listener(db, held).keep, raw.keep, db


def _raw(kind: str, db: Database, held: Stream) -> raw_sqlite.Raw | raw_postgres.Raw:
    mine = held.id, held.room_id, held.epoch
    if kind == "SQLite":
        assert db.path is not None
        return raw_sqlite.Raw(db.path, *mine)
    url = db.url.set(drivername="postgresql")
    return raw_postgres.Raw(url.render_as_string(hide_password=False), *mine)


def _bytes(kind: str, db: Database) -> int:
    with db.read() as conn:
        return int(conn.execute(text(_SIZES[kind])).scalar_one())


@contextmanager
def server() -> Iterator[tuple[URL, str]]:
    """Run PostgreSQL as a careful owner would, and give its URL and version."""
    binaries = postgres.find_binaries()
    if binaries is None:
        raise SystemExit(postgres.MISSING)
    with postgres.running(binaries) as url:
        engine = create_engine(url, isolation_level="AUTOCOMMIT")
        with engine.connect() as conn:
            for setting in _HONEST:
                conn.execute(text(f"ALTER SYSTEM SET {setting}"))
            conn.execute(text("SELECT pg_reload_conf()"))
            version = str(conn.execute(text("SHOW server_version")).scalar_one()).partition(" ")[0]
        engine.dispose()
        yield url, version
