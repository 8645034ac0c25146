"""A made-up month of jobs: every figure that is stored then traces to the answer it came with."""

import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from command import Mhc
from mhc.config import load
from mhc.domain import metrics
from mhc.domain.packing import unpack
from mhc.jobs import ticking
from mhc.jobs.running import Runner
from mhc.store import people
from mhc.store.database import Database
from mhc.store.schema import payload, snapshot, snapshot_source
from world import World

DAYS = 30
PEOPLE = ["viewer_one", "viewer_two", "viewer_three"]


@pytest.fixture
def played(database: Database, database_url: str, tmp_path: Path) -> list[tuple[str, str]]:
    """Play a month, a tick a day; give each run's job and state."""
    world = World(tmp_path / "world", rooms=600)  # so many that night and day are no half of each other
    with world.sandbox:
        environ = {"HOME": str(tmp_path), "TZ": "UTC", "DATABASE_URL": database_url}
        settings = load(environ=environ | world.sandbox.environment | {"MHC_WAIT_SCALE": "0.001"})
        with database.write() as conn:
            people.ensure(conn, PEOPLE, source="manual", at=world.now, role="viewer")
        ran = []
        for _ in range(DAYS):
            world.pass_time(days=1)
            runner = Runner(database, settings, lambda: world.now, host="testhost")
            ran += [(one.job, str(one.state)) for one in ticking.tick(runner)]
    return ran


def readings(db: Database) -> list[Any]:
    s, q, p = snapshot.c, snapshot_source.c, payload.c
    query = select(s.id, s.captured_at, q.source, p.body, p.metrics).order_by(s.id)
    query = query.join(snapshot_source, q.id == s.source_id).join(payload, p.id == s.payload_id)
    with db.read() as conn:
        return list(conn.execute(query))


def field_of(body: Any, path: str) -> Any:
    for part in path.split("."):
        body = body.get(part) if isinstance(body, dict) else None
    return body


def test_a_month_of_jobs_has_a_run_a_day_and_every_figure_from_its_answer(
    played: list[tuple[str, str]], database: Database, run_mhc: Mhc, database_url: str
) -> None:
    assert [one for one in played if one[1] not in {"ok", "skipped"}] == []
    assert [job for job, _ in played].count("statbate-refresh") == DAYS
    found = readings(database)
    assert len({one.source for one in found}) >= 7
    assert len(found) >= DAYS * (len(PEOPLE) + 4 + 2)
    compared = 0
    for one in found:
        body, stored = json.loads(unpack(one.body)), json.loads(one.metrics)
        assert isinstance(body, dict)
        for metric in metrics.of_source(one.source):
            value = stored.get(metric.name)
            if "[]" not in metric.field and isinstance(value, int) and metric.kind != metrics.Kind.LIST:
                assert field_of(body, metric.field) == value, (one.source, metric.name)
                compared += 1
    assert compared > 5 * len(found)
    run_mhc.environ["DATABASE_URL"] = database_url
    shown = run_mhc("snapshot", "show", str(found[-1].id), "-o", "json")
    assert shown.status == 0, shown.stderr
    assert {one.captured_at - found[0].captured_at for one in found} >= {
        timedelta(0),
        timedelta(days=DAYS - 1),
    }
