"""A made-up month: the file of the token statistics, what was captured and the balance tell one story."""

import json
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection

from command import MhcHere
from mhc.domain.broadcasts import MERGE_GAP
from mhc.domain.events import EventId, parse_event
from mhc.store import coverage, derived, events, people, snapshots, streams
from mhc.store.database import Database
from mhc.store.snapshots import Asked, Reading
from mhc.store.streams import Kind
from world import BEGIN, World

DAYS = 29
ROOM = "example_room"


@pytest.fixture
def month(database: Database, tmp_path: Path) -> str:
    """Play and capture a month of short shows, with a reading of the balance twice a day; give the file of the tokens."""
    world = World(tmp_path / "world", length=timedelta(minutes=6))
    with world.sandbox:
        readings = []
        for _ in range(2 * DAYS):
            world.pass_time(hours=12)
            with world.statistics() as client:
                readings.append((world.now, client.fetch()))
        with database.write() as conn:
            _capture(conn, world.events(), world.now)
            who = people.ids_of(conn, [ROOM])[ROOM]
            snapshots.add(conn, [_reading(who, at, one) for at, one in readings])
        return world.ask("/tokens.csv")[2]


def _capture(conn: Connection, happened: list[dict[str, Any]], now: datetime) -> None:
    source = streams.ensure(conn, ROOM, Kind.LIVE, "testserver", BEGIN)
    for start in range(0, len(happened), 1000):
        page = happened[start : start + 1000]
        parsed = [parse_event(one, json.dumps(one).encode(), EventId("unused")) for one in page]
        added = events.add_new(conn, source.id, parsed, now, made_by="events")
        derived.add(conn, source, added.new, MERGE_GAP)
    coverage.extend(conn, source.id, BEGIN - timedelta(hours=1), now, joined=False)


def _reading(who: int, at: datetime, one: Any) -> Reading:
    return Reading(who, Asked("stats"), at, one.payload, {"token_balance": one.statistics.token_balance})


def test_of_a_month_that_was_captured_nothing_is_missing_and_nothing_unexplained(
    month: str, cli: MhcHere
) -> None:
    cli.environ["CHATURBATE_USERNAME"] = ROOM
    saved = cli("import", "tokens", "-", "--save", stdin=month)
    assert saved.status == 0
    assert "no row is missing" in saved.stderr
    assert "warning" not in saved.stderr
    assert (
        "warning: in America/Los_Angeles" in cli("import", "tokens", "-", "--zone", "utc", stdin=month).stderr
    )
    for by in ("session", "day", "type"):
        report: dict[str, Any] = cli(
            "report", "income", "--by", by, "--since", BEGIN.isoformat(), "--json"
        ).json
        total = report["total"]
        assert (total["missing"], total["away"], total["unexplained"], total["unchecked"]) == (0, 0, 0, 0)
        assert total["matched"] == total["captured"] > 1000
        assert total["earned"] == total["matched"] + total["other"]
        assert total["other"] > 0 < total["shows"]
        assert report["ledger"]["missing"] == []
        assert report["balance"]["agree"] == report["balance"]["checked"] >= DAYS
        for name in ("earned", "captured", "matched", "shows", "paid_out"):
            assert sum(row[name] or 0 for row in report["rows"]) == total[name]
    days = cli("report", "income", "--by", "day", "--json").json["rows"]
    assert len(days) >= DAYS
