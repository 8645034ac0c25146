"""`mhc capture`: how the listening goes, and what it could not get."""

import os
import subprocess
from dataclasses import replace
from datetime import timedelta

from command import Mhc, MhcHere
from factories import ROOM, T0, minute
from mhc.capture.health import Beat, write_beat
from mhc.capture.lock import StreamLock, owner_id
from mhc.store import coverage, schema, streams
from mhc.store.database import Database
from mhc.store.streams import Kind


def stream(db: Database) -> int:
    with db.write() as conn:
        return streams.ensure(conn, ROOM, Kind.LIVE, "testserver", T0).id


def test_gaps_are_the_promised_document(database: Database, cli: MhcHere) -> None:
    number = stream(database)
    with database.write() as conn:
        coverage.add_gap(conn, number, None, minute(0), cause="first start", certain=True)
        coverage.add_gap(conn, number, minute(5), minute(9), cause="away", certain=False)
    assert cli("capture", "gaps", "-o", "json").json == [
        {
            "room": "example_room",
            "from": "2026-01-01T18:05:00Z",
            "to": "2026-01-01T18:09:00Z",
            "cause": "away",
            "certainty": "possible",
        },
        {
            "room": "example_room",
            "from": None,
            "to": "2026-01-01T18:00:00Z",
            "cause": "first start",
            "certainty": "certain",
        },
    ]


def test_coverage_is_the_promised_document(database: Database, cli: MhcHere) -> None:
    number = stream(database)
    with database.write() as conn:
        coverage.extend(conn, number, minute(0), minute(5), joined=False)
        coverage.extend(conn, number, minute(5), minute(9), joined=True)
    whole = {"room": ROOM, "from": "2026-01-01T18:00:00Z", "to": "2026-01-01T18:09:00Z", "length": 540}
    assert cli("capture", "coverage", "-o", "json").json == [whole]


def test_what_was_rejected_is_counted_and_its_text_shown_only_when_asked_for(
    database: Database, cli: MhcHere
) -> None:
    number = stream(database)
    with database.write() as conn:
        for _ in range(2):
            coverage.reject(conn, number, b'{"user":"secret_viewer"', "not JSON", minute(1))
    (row,) = cli("capture", "rejected", "-o", "json").json
    assert (row["room"], row["reason"], row["count"], row["size"]) == (ROOM, "not JSON", 2, 23)
    assert row["body"] is None
    assert cli("capture", "rejected", "--reveal", "-o", "json").json == [row]
    (shown,) = cli("capture", "rejected", "--reveal", "--private", "-o", "json").json
    assert shown["body"] == '{"user":"secret_viewer"'


def test_status_of_a_listener_elsewhere_follows_its_lease(database: Database, cli: MhcHere) -> None:
    number = stream(database)
    assert [one["state"] for one in cli("capture", "status", "-o", "json").json] == ["never started"]
    for valid, state in ((timedelta(days=36500), "listening"), (timedelta(seconds=1), "dead")):
        with database.write() as conn:
            taken = {"now": T0, "valid": valid, "lock_held": True}
            epoch = streams.take_lease(conn, number, "other-host/1", **taken)  # type: ignore[arg-type]
        (row,) = cli("capture", "status", "-o", "json").json
        if database.is_sqlite:  # PostgreSQL's own clock counts there
            assert (row["state"], row["owner"], row["epoch"]) == (state, "other-host/1", epoch)


def test_a_room_that_failed_is_said_while_its_process_lives(database: Database, cli: MhcHere) -> None:
    stream(database)
    host, since = "testserver", "2026-01-01T18:00:00Z"
    beat = Beat(ROOM, "live", host, os.getpid(), "failed", "a bug: ValueError", since, None, None)
    for pid, state in ((os.getpid(), "failed"), (2**22 + 1, "never started")):
        write_beat(cli.home / "state", replace(beat, pid=pid))
        (row,) = cli("capture", "status", "-o", "json").json
        assert (row["state"], row["detail"]) == (state, "a bug: ValueError")


def test_status_says_what_waits_for_the_database_with_it_and_without(
    database: Database, cli: MhcHere, database_url: str
) -> None:
    state_dir = cli.home / "state"
    with database.write() as conn:
        made = streams.ensure(conn, ROOM, Kind.LIVE, "testserver", T0)
        taken = {"now": T0, "valid": timedelta(days=36500), "lock_held": True}
        streams.take_lease(conn, made.id, owner_id(state_dir), **taken)  # type: ignore[arg-type]
    said = Beat(
        ROOM, "live", "testserver", os.getpid(), "spooling", "disk full", "2026-01-01T18:00:00Z", "2026-01-01T18:01:00Z",
        "1767290460000-0", 12,
    )  # fmt: skip
    write_beat(state_dir, said)
    waiting = replace(said, state="standby", detail="another has it", spooled=0, last_poll_at=None)
    write_beat(state_dir, waiting)
    lock = StreamLock(state_dir, made.lock_name)
    lock.acquire(ROOM)
    expected = [
        ("spooling", 12, "2026-01-01T18:01:00Z", "1767290460000-0", "disk full"),
        ("standby", 0, None, "1767290460000-0", "another has it"),
    ]
    for url in (database_url, "postgresql://mhc@127.0.0.1:1/none"):
        rows = cli("capture", "status", "-o", "json", DATABASE_URL=url).json
        names = ("state", "spooled", "last_poll_at", "last_event_id", "detail")
        assert [tuple(row[name] for name in names) for row in rows] == expected
    lock.release()
    write_beat(state_dir, replace(said, pid=2**22 + 1))
    for url in (database_url, "postgresql://mhc@127.0.0.1:1/none"):
        row = cli("capture", "status", "-o", "json", DATABASE_URL=url).json[0]
        assert (row["state"], row["spooled"]) == ("dead", 12)


def test_init_may_be_run_again_and_keeps_what_is_there(run_mhc: Mhc) -> None:
    given = {"CHATURBATE_USERNAME": ROOM, "CB_AUTH_TOKEN": "SANDBOX0EVENTS0TOKEN0FAKE"}
    first = run_mhc("init", "-o", "json", **given).json
    assert (first["config_written"], first["room"], first["token"], first["schema"]) == (
        True,
        ROOM,
        True,
        schema.REVISION,
    )
    path = run_mhc.home / "config" / "mhc" / "config.toml"
    written = path.read_text()
    assert path.stat().st_mode & 0o777 == 0o600
    again = run_mhc("init", "-o", "json").json
    assert again == first | {"config_written": False}
    assert path.read_text() == written
    assert "FAKE" not in run_mhc("init", "-v").stderr


def test_init_keeps_no_token_that_cannot_be_one(run_mhc: Mhc) -> None:
    ours, theirs = os.openpty()
    call = [str(run_mhc.program), "init"]
    with subprocess.Popen(
        call, env=run_mhc.environ, stdin=theirs, stdout=theirs, stderr=theirs, start_new_session=True
    ) as process:
        os.close(theirs)
        said = b""
        for asked, answer in ((b"room", f"{ROOM}\n"), (b"hidden", "mhc config list\n"), (b"hint", "")):
            while asked not in said:
                said += os.read(ours, 1024)
            os.write(ours, answer.encode())
    os.close(ours)
    assert process.returncode == 2
    assert b"mhc: what was given as the token has blanks or control characters inside" in said
    assert not (run_mhc.home / "config" / "mhc" / "config.toml").exists()


def test_the_demo_leaves_the_real_database_alone(run_mhc: Mhc) -> None:
    run = run_mhc("sandbox", "demo", "--for", "3s", DATABASE_URL=f"sqlite:///{run_mhc.home}/real.db")
    assert run.status == 0, run.stderr
    assert "viewer_one" in run.stdout
    assert not (run_mhc.home / "real.db").exists()
    assert [path.name for path in run_mhc.home.rglob("*.db")] == ["sandbox.db"]
    assert str(run_mhc.home / "data" / "mhc" / "sandbox.db") in run.stdout
    assert "export CB_AUTH_TOKEN" in run.stdout
