"""`mhc status` and bare `mhc`: what is going on now."""

import re
import signal
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import insert, text

from command import Mhc, MhcHere
from factories import happening, store, tell_story, tip
from mhc.domain.clock import iso_z
from mhc.sandbox.server import Sandbox
from mhc.store import coverage, schema, sizes, streams
from mhc.store.database import Database

AWAY = "postgresql://mhc:CANARY0PASSWORD@127.0.0.1:1/none"
NEVER = {
    "room": "example_room",
    "state": "never started",
    "since": None,
    "last_poll_at": None,
    "detail": None,
    "kind": "live",
    "host": "testserver",
}


def go_live(database: Database) -> None:
    with database.write() as conn:
        store(conn, [happening(0, "broadcastStart"), happening(1, "userEnter", "viewer_one")])
        store(conn, [tip(2, "viewer_one", 2000), tip(3, "viewer_two", 345, anonymous=True)], page=1)


def test_nothing_captured_is_an_empty_document(run_mhc: Mhc) -> None:
    run = run_mhc("status", "-o", "json")
    assert run.json == {
        "listeners": [],
        "live": [],
        "jobs": [],
        "gaps": [],
        "events": 0,
        "events_exact": True,
        "people": 0,
        "bytes": 0,
        "database": f"{run_mhc.home}/data/mhc/mhc.db",
    }
    assert (run.status, run.stderr) == (0, "nothing was captured yet: mhc init, then mhc listen\n")
    assert list(run_mhc.home.iterdir()) == []
    assert run_mhc("status", "--short").stdout == ""


def test_status_is_the_promised_document(database: Database, cli: MhcHere) -> None:
    go_live(database)
    now = datetime.now(UTC).replace(microsecond=0)
    with database.write() as conn:
        source = streams.list_all(conn)[0]
        for days, cause in ((9, "away"), (1, "no cursor")):
            begin = now - timedelta(days=days)
            coverage.add_gap(conn, source.id, begin, begin + timedelta(hours=1), cause=cause, certain=False)
        coverage.add_gap(conn, source.id, None, now, cause="first start", certain=True)
        for minutes, state in ((9, "ok"), (4, "failed")):
            row = {"job": "db-backup", "host": "box", "started_at": now - timedelta(minutes=minutes)}
            conn.execute(
                insert(schema.job_run).values(**row, state=state, error="no space" * (state != "ok"))
            )
    found = cli("status", "--json").json
    assert found.pop("bytes") > 0
    session = found["live"][0].pop("id")
    assert isinstance(session, int)
    begin = now - timedelta(days=1)
    assert found == {
        "listeners": [NEVER],
        "live": [
            {
                "room": "example_room",
                "started_at": "2026-01-01T18:00:00Z",
                "title": None,
                "tokens": 2345,
                "tips": 2,
                "tippers": 1,
                "unique_visitors": 1,
            }
        ],
        "jobs": [
            {
                "job": "db-backup",
                "host": "box",
                "started_at": iso_z(now - timedelta(minutes=4)),
                "ended_at": None,
                "state": "failed",
                "error": "no space",
            }
        ],
        "gaps": [
            {
                "room": "example_room",
                "from": iso_z(begin),
                "to": iso_z(begin + timedelta(hours=1)),
                "cause": "no cursor",
                "certainty": "possible",
            }
        ],
        "events": 4,
        "events_exact": True,
        "people": 3,
        "database": database.name,
    }


def test_a_screen_for_a_reader(database: Database, cli: MhcHere) -> None:
    go_live(database)
    lines = cli("status", MHC_FORCE_TTY="120", NO_COLOR="1").stdout.splitlines()
    assert lines[0] == "listener  example_room  never started"
    length = r"\d+[dhms] \d+[hms]"
    figures = "2,345 tk  1 tipper  1 visitor"
    assert re.fullmatch(rf"session   example_room  2026-01-01 18:00  {length}  {figures}", lines[1])
    assert lines[2:4] == ["runs      -", "missing   -"]
    assert re.fullmatch(r"holds     4 events, 3 people, \d+\.\d [KM]iB", lines[4])
    assert cli("status", MHC_FORCE_TTY="40").stdout.splitlines()[0].startswith("listener  example_room")
    assert max(map(len, cli("status", MHC_FORCE_TTY="40", NO_COLOR="1").stdout.splitlines())) <= 40


def test_many_gaps_are_counted(database: Database, cli: MhcHere) -> None:
    go_live(database)
    now = datetime.now(UTC)
    with database.write() as conn:
        source = streams.list_all(conn)[0]
        for hours in range(7):
            at = now - timedelta(hours=2 * hours)
            coverage.add_gap(conn, source.id, at - timedelta(hours=1), at, cause="away", certain=False)
    lines = cli("status", MHC_FORCE_TTY="120", NO_COLOR="1").stdout.splitlines()
    assert sum("away" in line for line in lines) == 5
    assert "          2 more: mhc capture gaps" in lines


def test_one_line_a_room(database: Database, cli: MhcHere) -> None:
    go_live(database)
    line = cli("status", "--short").stdout
    assert re.fullmatch(r"example_room live \d+[dhms] \d+[hms] 2,345 tk 1 tipper · never started\n", line)
    with database.write() as conn:
        store(conn, [happening(9, "broadcastStop")], page=2)
    assert cli("status", "--short").stdout == "example_room offline · never started\n"
    assert cli("status", "--short", CHATURBATE_USERNAME="second_room").stdout == (
        "example_room offline · never started\nsecond_room offline · never started\n"
    )
    plain = Mhc(cli.home, DATABASE_URL=cli.environ["DATABASE_URL"], PYTHONIOENCODING="ascii")
    assert plain("status", "--short").stdout == "example_room offline; never started\n"


def test_many_events_are_estimated(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    tell_story(database)
    monkeypatch.setattr(sizes, "COUNTED", 10)
    if not database.is_sqlite:
        with database.raw_write() as conn:
            conn.execute(text("ANALYZE event"))
    with database.read() as conn:
        found = sizes.read(database, conn)
    assert (found.events, found.exact) == (21, False)


def test_what_a_listener_says(run_mhc: Mhc, database_url: str) -> None:
    with Sandbox(speed=0, events=10) as running:
        env = {
            "MHC_EVENTS_URL": running.url,
            "CHATURBATE_USERNAME": running.room,
            "CB_AUTH_TOKEN": running.token,
            "DATABASE_URL": database_url,
        }
        with run_mhc.start("listen", "-o", "none", **env) as listener:
            assert running.until_held()
            now = run_mhc("status", "--json", **env).json
            assert [one["state"] for one in now["listeners"]] == ["listening"]
            assert now["listeners"][0]["since"] is not None
            assert run_mhc("status", "--short", **env).stdout.endswith(" · listening\n")
            assert run_mhc(**env).stdout.splitlines()[0].endswith(" · listening")
            listener.send_signal(signal.SIGTERM)


def test_without_the_database_what_the_listeners_of_this_machine_said(run_mhc: Mhc) -> None:
    with Sandbox(speed=0, events=10) as running:
        env = {
            "MHC_EVENTS_URL": running.url,
            "CHATURBATE_USERNAME": running.room,
            "CB_AUTH_TOKEN": running.token,
        }
        run_mhc.until(running.until_held, "listen", "-o", "none", **env)
    run = run_mhc("status", "--json", DATABASE_URL=AWAY)
    assert (run.status, run.json["events"], run.json["live"]) == (0, None, None)
    assert [(one["room"], one["state"]) for one in run.json["listeners"]] == [("example_room", "stopped")]
    assert run.stderr.startswith("warning: cannot reach postgresql")
    assert "CANARY" not in run.stderr + run.stdout


@pytest.mark.parametrize("words", [["-o", "ndjson"], ["-o", "json"], ["--short"]])
def test_watch_writes_a_line_a_time_until_it_is_stopped(
    database: Database, run_mhc: Mhc, database_url: str, words: list[str]
) -> None:
    go_live(database)
    call = ["status", "--watch", "--interval", "0.1", *words]
    with run_mhc.start(*call, DATABASE_URL=database_url) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        lines = [process.stdout.readline() for _ in range(2)]
        assert all("example_room" in line and "\x1b" not in line for line in lines)
        process.send_signal(signal.SIGINT)
        assert (process.wait(), process.stderr.read().strip()) == (130, "")


def test_watch_ends_when_nobody_reads(run_mhc: Mhc) -> None:
    with run_mhc.start("status", "--watch", "--interval", "3600") as process:
        assert process.stdout is not None
        assert process.stderr is not None
        assert process.stdout.readline().startswith("listener")
        process.stdout.close()
        assert process.wait() == 141
        assert process.stderr.read() == "nothing was captured yet: mhc init, then mhc listen\n"


def test_bare_mhc_says_how_things_stand(database: Database, cli: MhcHere) -> None:
    go_live(database)
    run = cli()
    first, _empty, *rest = run.stdout.splitlines()
    assert re.fullmatch(r"example_room live .* 2,345 tk 1 tipper · never started", first)
    assert len([line for line in rest if line.startswith("  mhc ")]) == 5
    assert (run.status, run.stderr) == (0, "")


def test_bare_mhc_fails_at_nothing(run_mhc: Mhc) -> None:
    for environ, said in (
        ({"MHC_TIMEZONE": "Nowhere/At_all"}, "mhc: MHC_TIMEZONE: no time zone named 'Nowhere/At_all'"),
        ({"DATABASE_URL": AWAY}, "mhc: cannot reach postgresql+psycopg://mhc:***@127.0.0.1:1/none"),
        ({"DATABASE_URL": str(run_mhc.home)}, f"mhc: cannot open {run_mhc.home}"),
    ):
        run = run_mhc(**environ)
        assert run.status == 0
        assert run.stderr.startswith(said)
        assert "mhc init" in run.stdout
    assert list(run_mhc.home.iterdir()) == []


def test_bare_mhc_on_another_schema(cli: MhcHere, database: Database) -> None:
    with database.write() as conn:
        conn.execute(text("UPDATE schema_compat SET number = 9"))
    run = cli()
    assert run.status == 0
    assert "is number 9, this mhc knows 1 (install a newer mhc)" in run.stderr


def test_bare_mhc_on_a_database_without_tables(bare_database: Database, run_mhc: Mhc) -> None:
    run = run_mhc(DATABASE_URL=bare_database.url.render_as_string(hide_password=False))
    assert (run.status, run.stderr) == (0, "")
    assert "mhc init" in run.stdout


def test_an_empty_option_of_bare_mhc_is_wrong(run_mhc: Mhc) -> None:
    assert run_mhc("--db", "").status == 2
