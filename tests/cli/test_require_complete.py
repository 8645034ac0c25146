"""`--require-complete`: the figures, and 4 where anything of their time may be missing."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from command import MhcHere
from factories import FIRST_SHOW, ROOM, SECOND_SHOW, T0, cover, minute, store
from mhc.store import coverage, streams
from mhc.store.database import Database
from mhc.store.streams import Kind

TIPPERS = ("report", "tippers", "--require-complete", "--room", ROOM, "--json")
SESSIONS = ("session", "list", "--require-complete", "--room", ROOM, "--json")


def gap(
    db: Database, begin: float | None, end: float, *, certain: bool = False, kind: Kind = Kind.LIVE
) -> None:
    with db.write() as conn:
        source = streams.ensure(conn, ROOM, kind, "testserver", T0)
        since = None if begin is None else minute(begin)
        coverage.add_gap(conn, source.id, since, minute(end), cause="away", certain=certain)


@pytest.fixture(autouse=True)
def _story(database: Database) -> None:
    """Two shows: from ten minutes before to an hour after the first, and the second with what is between them."""
    with database.write() as conn:
        store(conn, FIRST_SHOW)
        store(conn, SECOND_SHOW, page=1)
        cover(conn, -10, 70)
        cover(conn, 100, 1500)


def test_a_time_that_was_captured_whole_is_complete(cli: MhcHere) -> None:
    run = cli(*TIPPERS, "--since", "2026-01-01T18:00:00Z", "--until", "2026-01-01T19:00:00Z")
    assert (run.status, run.json["rows"][0]["tokens"]) == (0, 100)
    assert cli("session", "show", "1", "--require-complete").status == 0


@pytest.mark.parametrize("certain", [True, False])
def test_a_gap_that_touches_the_range_ends_with_4_after_the_figures(
    database: Database, cli: MhcHere, certain: bool
) -> None:
    gap(database, 70, 100, certain=certain)
    run = cli(*TIPPERS, "--since", "2026-01-01T18:00:00Z", "--until", "2026-01-02T00:00:00Z")
    assert (run.status, run.json["rows"][0]["tokens"]) == (4, 100)
    missing = "are" if certain else "may be"
    warning, error = run.stderr.splitlines()
    assert warning.startswith("warning: ")
    assert json.loads(error)["error"] == {
        "code": "check",
        "exit": 4,
        "message": f"events of {ROOM} {missing} missing from 2026-01-01T19:10:00Z to 2026-01-01T19:40:00Z: away",
        "hint": "mhc capture gaps",
    }
    assert cli(*TIPPERS, "--until", "2026-01-01T19:10:00Z").status == 0  # it begins where the range ends
    assert cli(*TIPPERS, "--since", "2026-01-01T19:40:00Z", "--until", "2026-01-02T00:00:00Z").status == 0


def test_the_first_of_several_is_named(database: Database, cli: MhcHere) -> None:
    gap(database, 1500, 1700)
    gap(database, 70, 100)
    run = cli(*TIPPERS, "--until", "2026-01-03T00:00:00Z")
    assert (run.status, "19:10:00Z" in run.stderr) == (4, True)


def test_what_no_gap_says_and_nothing_covers_is_not_complete_either(cli: MhcHere) -> None:
    run = cli(*TIPPERS, "--since", "2026-01-02T18:00:00Z")
    assert (run.status, "not captured" in run.stderr) == (4, True)
    assert cli(*TIPPERS, "--since", "2025-12-31").status == 4


def test_what_came_before_the_first_capture_counts_where_it_was_asked_for(
    database: Database, cli: MhcHere
) -> None:
    gap(database, None, -10, certain=True)
    assert cli(*TIPPERS, "--until", "2026-01-01T19:00:00Z").status == 0
    run = cli(*TIPPERS, "--since", "2026-01-01T17:00:00Z", "--until", "2026-01-01T19:00:00Z")
    assert (run.status, "from the beginning" in run.stderr) == (4, True)


def test_a_gap_of_the_testbed_or_one_that_another_capture_covers_is_none(
    database: Database, cli: MhcHere
) -> None:
    with database.write() as conn:
        cover(conn, 70.5, 100)  # half a minute between two polls is no gap yet
    gap(database, 70, 70.5, kind=Kind.TESTBED)
    gap(database, 30, 40)
    assert cli(*TIPPERS, "--until", "2026-01-01T20:00:00Z").status == 0
    gap(database, 70, 70.5)
    assert cli(*TIPPERS, "--until", "2026-01-01T20:00:00Z").status == 4


def test_a_room_that_nobody_listened_to_is_not_complete(cli: MhcHere) -> None:
    assert cli("person", "add", "other_room").status == 0
    run = cli("report", "tippers", "--require-complete", "--room", "other_room")
    assert (run.status, "events of other_room are missing" in run.stderr) == (4, True)
    assert cli("report", "tippers", "--require-complete").status == 4


def test_nothing_captured_at_all_is_not_complete(tmp_path: Path) -> None:
    empty = MhcHere(tmp_path / "empty")
    (tmp_path / "empty").mkdir()
    run = empty("report", "tippers", "--require-complete")
    assert (run.status, "never listened to" in run.stderr) == (4, True)


def test_sessions_ask_for_their_own_time_only(database: Database, cli: MhcHere) -> None:
    gap(database, 70, 100)
    assert cli(*SESSIONS).status == 0
    assert cli("session", "show", "2", "--require-complete").status == 0
    with database.write() as conn:
        store(conn, [(at + timedelta(days=2), method, payload) for at, method, payload in FIRST_SHOW], page=2)
    run = cli(*SESSIONS)
    assert (run.status, len(run.json)) == (4, 3)
    assert cli(*SESSIONS, "--until", "2026-01-02").status == 0
    assert cli("session", "show", "3", "--require-complete").status == 4


def test_a_session_that_goes_on_is_complete_up_to_the_last_poll(database: Database, cli: MhcHere) -> None:
    now = datetime.now(UTC)
    begin = (now - timedelta(minutes=10) - T0) / timedelta(minutes=1)
    with database.write() as conn:
        store(conn, [(minute(begin), "broadcastStart", {"broadcaster": ROOM})], page=3)
        cover(conn, begin - 1, begin + 9)  # a minute ago
    status = ("session", "status", "--require-complete", "--room", ROOM)
    assert cli(*status).status == 0
    with database.write() as conn:
        source = streams.ensure(conn, ROOM, Kind.LIVE, "testserver", T0)
        coverage.add_gap(conn, source.id, minute(begin + 9), now, cause="away", certain=False)
    assert cli(*status).status == 4
