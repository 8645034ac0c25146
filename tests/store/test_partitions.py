"""Readings of rooms in parts by month, as docs/operations.md says: everything goes on as it did."""

import re
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import func, select

from mhc.domain.broadcasts import MERGE_GAP
from mhc.domain.live import Live
from mhc.domain.rooms import Reading, Scope, Show, Source
from mhc.reports import room_history
from mhc.store import inventory, observations, people, pruning, room_readings, runs
from mhc.store.database import Database
from mhc.store.observations import Poll
from mhc.store.pruning_text import Job
from mhc.store.schema import observation, room_poll

NEW_YEAR = datetime(2027, 1, 1, tzinfo=UTC)
TEXT = (Path(__file__).parents[2] / "docs" / "operations.md").read_text()


def poll(db: Database, *times: datetime) -> None:
    with db.write() as conn:
        for at in times:
            readings = [
                Reading(f"room_{n}", Show.PUBLIC, n, 100, 600, subject=f"of {at:%d %H}") for n in range(3)
            ]
            poll = Poll(at, Source.AFFILIATE, 3, 3, Scope.ALL, complete=True)
            assert observations.add_poll(conn, poll, readings).rooms == 3


def do(db: Database, number: int) -> None:
    """Execute what stands in the document."""
    script = [one for one in re.findall(r"```sql\n(.*?)```", TEXT, re.DOTALL) if "observation_" in one][
        number
    ]
    with db.outside() as conn:
        driver: Any = conn.connection.driver_connection
        driver.execute(script)


def count(db: Database) -> tuple[int, int]:
    with db.read() as conn:
        found = [
            conn.execute(select(func.count()).select_from(table)).scalar_one()
            for table in (observation, room_poll)
        ]
    return found[0], found[1]


def test_a_table_of_readings_may_be_parted_by_months_and_a_month_dropped(postgres_database: Database) -> None:
    db, hour = postgres_database, timedelta(hours=1)
    poll(db, NEW_YEAR - 3 * hour, NEW_YEAR - 2 * hour)
    do(db, 0)
    poll(db, NEW_YEAR - hour, NEW_YEAR, NEW_YEAR + hour, NEW_YEAR + timedelta(days=60))
    assert count(db) == (18, 6)
    assert inventory.problems(db, MERGE_GAP) == []
    with db.read() as conn:
        ids = people.members(conn, people.find(conn, "room_1")[0].id)
        live = room_readings.live(conn, NEW_YEAR + timedelta(days=60), hour)
        assert isinstance(live, Live)
        assert room_readings.online(conn, live)[1] == 3
        span = room_history.Span(NEW_YEAR - 5 * hour, None)
        assert room_history.read(conn, ids, span, live).readings == 6
    do(db, 1)
    assert count(db) == (12, 4)
    with db.write() as conn:
        run_id = runs.begin(conn, pruning.JOB, "here", NEW_YEAR)
    done = pruning.prune(db, {"observations": Job(NEW_YEAR - hour, MERGE_GAP)}, run_id)
    assert (done["observations"], count(db)) == (6, (6, 2))
