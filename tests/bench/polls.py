"""A month of polls of the feed of rooms, every five minutes: what is asked of them, and how long that takes."""

import random
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import URL, text

import postgres
from bench.histories import _put
from bench.lookups import _middle, _overheard
from bench.table import Row, amount
from command import MhcHere
from mhc.domain.clock import to_ms
from mhc.store import people
from mhc.store.database import Database
from mhc.store.people import Role

_EVERY = timedelta(minutes=5)
_MONTH = 8_640  # polls
_MOST = 20  # milliseconds
_ASKS = ("room show room_00007", "room history room_00007 --since 7d", "room online")
_OBSERVED = (
    "observed_at", "person_id", "text_id", "viewers", "followers", "seconds_online", "source", "show", "flags",
)  # fmt: skip


def rows(folder: Path, server: URL, rooms: int, polls: int = _MONTH) -> list[Row]:
    """Fill both databases with the same, and time the queries of each command."""
    with ExitStack() as stack:
        databases = stack.enter_context(closing(postgres.Server(server)))
        urls = {"SQLite": f"sqlite:///{folder / 'polls.db'}"}
        urls["PostgreSQL"] = databases.migrated().render_as_string(hide_password=False)
        both = {kind: stack.enter_context(closing(Database(url))) for kind, url in urls.items()}
        both["SQLite"].create()
        found = []
        for kind, db in both.items():
            fill(db, rooms, polls)  # up to now: soon nobody knows any more who is online
            for words in _ASKS:
                took = spent(MhcHere(folder), words, db)
                found.append(amount(f"`{words}`, all queries, on {kind}", took, "ms", _MOST))
        return found


def spent(mhc: MhcHere, words: str, db: Database) -> float:
    """Give what all queries of a command take, in milliseconds."""
    with _overheard() as said:
        run = mhc(*words.split(), "-o", "table", DATABASE_URL=db.url.render_as_string(hide_password=False))
    if run.status != 0:
        raise SystemExit(f"mhc {words}: {run.stderr}")
    with db.read() as conn:
        driver: Any = conn.connection.driver_connection
        return sum(_middle(driver, *one) for one in said)


def fill(db: Database, rooms: int, polls: int) -> None:
    """Keep polls up to now."""
    end = datetime.now(UTC).replace(microsecond=0)
    times = [end - number * _EVERY for number in reversed(range(polls))]
    with db.write() as conn:
        names = [f"room_{number:05d}" for number in range(rooms)]
        made = people.ensure(conn, names, source="rooms", at=times[0], role=Role.MODEL)
        ids = [made[name] for name in names]
        driver: Any = conn.connection.driver_connection
        _put(driver, "room_text", ("id", "hash", "subject", "tags"), _texts(rooms))
        _put(driver, "observation", _OBSERVED, _readings(ids, times))
        said = ((to_ms(at), 1, rooms, rooms, rooms, "all", True) for at in times)
        _put(driver, "room_poll", ("at", "source", "rooms", "listed", "kept", "scope", "complete"), said)
        latest = ((who, to_ms(times[0]), to_ms(end), place + 1) for place, who in enumerate(ids))
        _put(driver, "room_latest", ("person_id", "first_at", "observed_at", "text_id"), latest)
    with db.outside() as conn:
        conn.execute(text("ANALYZE" if db.is_sqlite else "VACUUM ANALYZE"))


def _texts(rooms: int) -> Iterator[tuple[Any, ...]]:
    for place in range(rooms):
        yield place + 1, f"{place:016d}".encode(), f"Goal {place}: song [50 tokens left] #music", '["music"]'


def _readings(ids: Sequence[int], times: Sequence[datetime]) -> Iterator[tuple[Any, ...]]:
    chance = random.Random(7)
    for number, at in enumerate(times):
        for place, who in enumerate(ids):
            viewers = chance.randrange(2_000)
            online = number % 60 * 300 + place
            yield to_ms(at), who, place + 1, viewers, 1_000 + number + place, online, 1, 1 + viewers % 3, 2
