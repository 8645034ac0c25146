"""A made-up month: the file of the token statistics, what was captured and the balance tell one story."""

import json
from datetime import timedelta
from typing import Any

import pytest

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
def month(database: Database, world: World) -> str:
    """Play and capture a month, with a reading of the balance twice a day; give the file of the token statistics."""
    readings = []
    for _ in range(2 * DAYS):
        world.pass_time(hours=12)
        with world.statistics() as client:
            readings.append((world.now, client.fetch()))
    happened = world.events()
    with database.write() as conn:
        who = people.ensure(conn, [ROOM], source="events", at=BEGIN)[ROOM]
        snapshots.add(
            conn,
            [
                Reading(who, Asked("stats"), at, one.payload, {"token_balance": one.statistics.token_balance})
                for at, one in readings
            ],
        )
        source = streams.ensure(conn, ROOM, Kind.LIVE, "testserver", BEGIN)
        for start in range(0, len(happened), 1000):
            page = [
                parse_event(one, json.dumps(one).encode(), EventId("unused"))
                for one in happened[start : start + 1000]
            ]
            added = events.add_new(conn, source.id, page, world.now, made_by="events")
            derived.add(conn, source, added.new, MERGE_GAP)
        coverage.extend(conn, source.id, BEGIN - timedelta(hours=1), world.now, joined=False)
    return world.ask("/tokens.csv")[2]


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
        assert total["matched"] == total["captured"] > 10_000
        assert total["earned"] == total["matched"] + total["other"]
        assert total["other"] > 0 < total["shows"]
        assert report["ledger"]["missing"] == []
        assert report["balance"]["agree"] == report["balance"]["checked"] >= DAYS
        for name in ("earned", "captured", "matched", "shows", "paid_out"):
            assert sum(row[name] or 0 for row in report["rows"]) == total[name]
    days = cli("report", "income", "--by", "day", "--json").json["rows"]
    assert len(days) >= DAYS
