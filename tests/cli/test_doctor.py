"""`mhc doctor`: what works, what is missing, what to do; and nothing in it that may not be pasted."""

import signal
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

import wire
from command import Mhc, MhcHere, Run
from factories import tell_story
from mhc.sandbox.server import Sandbox
from mhc.store import schema
from mhc.store.database import Database
from wire import Wire, certificate

TOKEN = "CANARY0EVENTS0TOKEN"
OFF = [
    [
        "statistics token",
        "example_room: not set: no statistics of the account, no affiliate earnings",
        "set CB_STATS_TOKEN",
    ],
    ["statbate token", "not set: no Statbate history", "set STATBATE_API_TOKEN"],
    ["affiliate code", "not set: no public room feed", "set MHC_AFFILIATE_WM"],
    ["erasure key", "not set: no person forget", "set MHC_ERASURE_KEY"],
]
ROOM = {"CHATURBATE_USERNAME": "example_room", "CB_AUTH_TOKEN": TOKEN}


def checks(run: Run) -> dict[str, dict[str, Any]]:
    """Give the rows by check."""
    assert all(list(row) == ["check", "state", "detail", "hint"] for row in run.json)
    return {row["check"]: row for row in run.json}


def states(run: Run, *wanted: str) -> list[tuple[str, str]]:
    found = checks(run)
    return [(found[name]["state"], found[name]["detail"]) for name in wanted]


def feed(running: Sandbox, **more: str) -> dict[str, str]:
    room = {"CHATURBATE_USERNAME": running.room, "CB_AUTH_TOKEN": running.token}
    return {"MHC_EVENTS_URL": running.url, **room, **more}


def test_nothing_is_set_up_and_nothing_is_made(run_mhc: Mhc) -> None:
    run = run_mhc("doctor", "--json")
    found = checks(run)
    assert (run.status, run.stderr) == (0, "")
    assert found["room"]["state"] == found["statbate token"]["state"] == "off"
    assert found["configuration"] == {
        "check": "configuration",
        "state": "off",
        "detail": "no ~/config/mhc/config.toml: defaults and the environment hold",
        "hint": "mhc init",
    }
    assert found["database"]["detail"] == "~/data/mhc/mhc.db is not there yet; it reads as empty"
    assert found["state directory"]["detail"] == "~/state, to be made when it is needed"
    assert list(run_mhc.home.iterdir()) == []


def test_the_tokens_and_what_is_missing_without_each(database: Database, cli: MhcHere) -> None:
    run = cli("doctor", "--offline", "--json", **ROOM)
    rows = {row["check"]: row for row in run.json}
    assert rows["events token"] == {
        "check": "events token",
        "state": "ok",
        "detail": "example_room: set (environment)",
        "hint": None,
    }
    off = [[row["check"], row["detail"], row["hint"]] for row in run.json if row["state"] == "off"]
    assert off[-5:-1] == OFF
    assert off[-1] == ["events api", "example_room: not asked (--offline)", None]
    everything = {
        **ROOM,
        "CB_STATS_TOKEN": "CANARY1",
        "STATBATE_API_TOKEN": "CANARY2",
        "MHC_AFFILIATE_WM": "CANARY3",
    }
    run = cli("doctor", "--offline", "--json", **everything, MHC_ERASURE_KEY="CANARY4")
    assert [row["check"] for row in run.json if row["state"] == "off"] == [
        "configuration",
        "events api",
        "statbate api",
        "statistics api",
        "affiliate earnings",
        "feed of rooms",
    ]
    assert "CANARY" not in run.stdout + run.stderr
    assert states(run, "schema") == [("ok", database.schema_state()[0])]  # type: ignore[index]


def test_a_token_without_a_room(cli: MhcHere) -> None:
    assert states(cli("doctor", "--offline", "--json", CB_AUTH_TOKEN=TOKEN), "room", "events token") == [
        ("off", "no own room: nothing is captured, figures are of all rooms"),
        ("warning", "a token, but no room that it is for"),
    ]


def test_every_room_has_its_line(cli: MhcHere) -> None:
    path = cli.home / "config" / "mhc" / "config.toml"
    path.parent.mkdir(parents=True)
    path.write_text(f"[rooms.second_room]\ncb_auth_token = '{TOKEN}'\n")
    path.chmod(0o600)
    run = cli("doctor", "--offline", "--json", CHATURBATE_USERNAME="example_room")
    details = [row["detail"] for row in run.json if row["check"] == "events token"]
    assert details == ["example_room: not set: mhc listen cannot capture the room", "second_room: set (file)"]
    assert checks(run)["configuration"]["detail"] == "~/config/mhc/config.toml, mode 0600"
    shown = cli("doctor", "--offline", CHATURBATE_USERNAME="example_room", MHC_FORCE_TTY="80", NO_COLOR="1")
    said = " ".join(shown.stdout.split())
    assert (
        "events token off: example_room: not set: mhc listen cannot capture the room hint: make one with the scope"
        " Events API at https://chaturbate.com/statsapi/authtoken/ and set CB_AUTH_TOKEN ok: second_room: set (file)"
    ) in said
    assert max(map(len, shown.stdout.splitlines())) <= 80


def test_the_feed_answers_with_this_token(run_mhc: Mhc, database_url: str) -> None:
    with Sandbox(speed=0, events=5, journal=True) as running:
        run = run_mhc("doctor", "--json", **feed(running, DATABASE_URL=database_url))
        assert len(running.journal) == 1
    host = running.url.removeprefix("http://")
    assert states(run, "events api", "certificate", "clock") == [
        ("ok", "example_room: answered with this token"),
        ("off", f"{host}: plain http to this machine"),
        ("ok", "agrees"),
    ]
    assert run.status == 0


def test_a_refused_token_is_an_error(run_mhc: Mhc) -> None:
    with Sandbox(speed=0, events=5) as running:
        run = run_mhc("doctor", "--json", **feed(running, CB_AUTH_TOKEN=TOKEN))
    found = checks(run)["events api"]
    assert (run.status, found["state"]) == (4, "error")
    assert found["detail"].startswith("example_room: HTTP 401")
    assert "set CB_AUTH_TOKEN" in found["hint"]
    assert run.error["message"] == f"1 of {len(run.json)} checks found an error"
    assert TOKEN not in run.stdout + run.stderr


def test_who_listens_is_the_proof(run_mhc: Mhc, database_url: str) -> None:
    with Sandbox(speed=0, events=5, journal=True) as running:
        env = feed(running, DATABASE_URL=database_url)
        with run_mhc.start("listen", "-o", "none", **env) as listener:
            assert running.until_held()
            asked = len(running.journal)
            run = run_mhc("doctor", "--json", **env)
            assert len(running.journal) == asked
            listener.send_signal(signal.SIGTERM)
    assert states(run, "events api") == [("ok", "example_room: mhc listen is listening")]


def answered(cli: MhcHere, status: str = "200 OK", *headers: str) -> Run:
    """Ask a feed that answers this."""
    with Wire(wire.reply(b'{"events":[],"nextUrl":null}', status=status, headers=headers)) as server:
        return cli("doctor", "--json", **ROOM, MHC_EVENTS_URL=server.url)


@pytest.mark.parametrize(
    ("seconds", "state"), [(0, "ok"), (4, "ok"), (60, "warning"), (-60, "warning"), (900, "error")]
)
def test_the_clock_against_theirs(cli: MhcHere, seconds: int, state: str) -> None:
    theirs = datetime.now(UTC) - timedelta(seconds=seconds)
    run = answered(cli, "200 OK", f"Date: {format_datetime(theirs, usegmt=True)}")
    found = checks(run)["clock"]
    assert found["state"] == state
    assert run.status == (4 if state == "error" else 0)
    if state != "ok":
        assert found["detail"].endswith("ahead" if seconds > 0 else "behind")


def test_what_a_host_may_answer(cli: MhcHere) -> None:
    later = checks(answered(cli, "503 Service Unavailable"))["events api"]
    assert (later["state"], later["detail"]) == ("warning", "example_room: HTTP 503")
    assert "clock" not in checks(answered(cli, "200 OK", "Date: yesterday"))
    away = cli("doctor", "--json", **ROOM, MHC_EVENTS_URL="http://127.0.0.1:1")
    assert (away.status, states(away, "events api")) == (4, [("error", "example_room: connection refused")])


def test_a_certificate_that_nobody_signed(cli: MhcHere, tmp_path: Path) -> None:
    _, context = certificate(tmp_path)
    with Wire(wire.reply(), tls=context) as server:
        host = server.url.removeprefix("https://")
        run = cli("doctor", "--json", **ROOM, MHC_EVENTS_URL=server.url)
        assert server.requests == []
    said = "no trusted connection: self-signed certificate"
    assert run.status == 4
    assert states(run, "events api", "certificate") == [
        ("error", f"example_room: {said}"),
        ("error", f"{host}: {said}"),
    ]


def test_a_certificate_that_is_trusted(cli: MhcHere, tmp_path: Path) -> None:
    made, context = certificate(tmp_path, "-addext", "subjectAltName=IP:127.0.0.1")
    with Wire(wire.reply(b'{"events":[],"nextUrl":null}'), tls=context) as server:
        host = server.url.removeprefix("https://")
        run = cli("doctor", "--json", **ROOM, MHC_EVENTS_URL=server.url, REQUESTS_CA_BUNDLE=str(made))
    assert states(run, "certificate") == [("ok", f"{host}: trusted")]


def test_a_broken_configuration_is_a_row_a_problem(cli: MhcHere) -> None:
    run = cli("doctor", "--json", MHC_TIMEZONE="Nowhere/At_all", MHC_WAIT_SCALE="x")
    assert run.status == 4
    assert [(row["check"], row["state"]) for row in run.json] == [
        ("versions", "ok"),
        ("configuration", "error"),
        ("configuration", "error"),
    ]
    assert run.json[2]["detail"] == "MHC_WAIT_SCALE: must be a number above 0, 1000 at most"


def test_a_database_that_cannot_be_reached(cli: MhcHere) -> None:
    run = cli(
        "doctor", "--offline", "--json", DATABASE_URL="postgresql://mhc:CANARY0PASSWORD@127.0.0.1:1/none"
    )
    found = checks(run)["database"]
    assert (run.status, found["state"]) == (4, "error")
    assert found["detail"].startswith("cannot reach postgresql+psycopg://mhc:***@127.0.0.1:1/none")
    assert "CANARY" not in run.stdout + run.stderr


def test_schemas_that_do_not_fit(database: Database, cli: MhcHere) -> None:
    with database.write() as conn:
        conn.execute(text("UPDATE schema_compat SET number = 9"))
    run = cli("doctor", "--offline", "--json")
    assert (run.status, states(run, "schema")) == (
        4,
        [("error", f"{schema.REVISION}, number 9: this mhc knows 1")],
    )
    with database.raw_write() as conn:
        conn.execute(text("UPDATE schema_compat SET number = 1"))
        conn.execute(text("UPDATE alembic_version SET version_num = '0000'"))
    assert checks(cli("doctor", "--offline", "--json"))["schema"]["hint"] == "mhc db upgrade"


def test_a_database_without_tables(bare_database: Database, run_mhc: Mhc) -> None:
    url = bare_database.url.render_as_string(hide_password=False)
    run = run_mhc("doctor", "--offline", "--json", DATABASE_URL=url)
    if bare_database.is_sqlite:
        assert (run.status, checks(run)["database"]["state"]) == (0, "off")
    else:
        assert (run.status, checks(run)["schema"]["hint"]) == (4, "mhc db upgrade")


def test_a_sqlite_file_others_may_read_and_without_wal(sqlite_database: Database, run_mhc: Mhc) -> None:
    assert sqlite_database.path is not None
    with sqlite_database.look() as conn:
        conn.connection.driver_connection.execute("PRAGMA query_only=OFF")  # type: ignore[union-attr]
    sqlite_database.close()
    sqlite_database.path.chmod(0o644)
    run = run_mhc("doctor", "--offline", "--json", DATABASE_URL=str(sqlite_database.path))
    found = checks(run)
    assert found["permissions"] == {
        "check": "permissions",
        "state": "warning",
        "detail": "~/mhc.db is open to others (mode 0644)",
        "hint": "chmod 600 the files, 700 the directories",
    }
    assert run.status == 0


def test_a_role_that_may_not_write(postgres_database: Database, cli: MhcHere) -> None:
    tell_story(postgres_database)
    name = f"reader_{postgres_database.url.database}"
    with postgres_database.raw_write() as conn:
        conn.execute(text(f"CREATE ROLE {name} LOGIN"))
        conn.execute(text(f"GRANT SELECT ON ALL TABLES IN SCHEMA public TO {name}"))
    url = postgres_database.url.set(username=name).render_as_string(hide_password=False)
    run = cli("doctor", "--offline", "--json", DATABASE_URL=url)
    with postgres_database.raw_write() as conn:
        conn.execute(text(f"DROP OWNED BY {name}"))
        conn.execute(text(f"DROP ROLE {name}"))
    found = checks(run)["rights"]
    assert (run.status, found["state"]) == (4, "error")
    assert found["detail"].startswith("missing: INSERT on ")


def test_what_was_killed_half_way_is_named(sqlite_database: Database, tmp_path: Path) -> None:
    assert sqlite_database.path is not None
    mhc = MhcHere(tmp_path, DATABASE_URL=str(sqlite_database.path))
    assert checks(mhc("doctor", "--offline", "--json"))["unfinished files"]["state"] == "ok"
    backups = tmp_path / "data" / "mhc" / "backups"
    backups.mkdir(parents=True)
    left = [
        backups / ".mhc-20260101T000000Z.db.0123456789ab.part",
        sqlite_database.path.with_name(".test.db.0123456789ab.part"),
        tmp_path / ".capture.jsonl.0123456789ab.part",
    ]
    for one in left:
        one.touch()
    run = mhc("doctor", "--offline", "--json")
    found = checks(run)["unfinished files"]
    assert (run.status, found["state"]) == (0, "warning")
    assert all(one.name in found["detail"] for one in left)
    assert "remove them" in found["hint"]


def test_a_state_directory_that_is_a_file(cli: MhcHere, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    run = cli("doctor", "--offline", "--json", MHC_STATE_DIR=str(tmp_path / "file"))
    assert (run.status, states(run, "state directory")) == (4, [("error", "~/file is no directory")])


def test_rows_in_a_pipe(cli: MhcHere) -> None:
    run = cli("doctor", "--offline", "--fields", "check,state", "--no-headers")
    assert run.stdout.splitlines()[0] == "versions\tok"
    assert (
        cli("doctor", "--offline", "-o", "table", "--fields", "check", "-L", "1").stdout
        == "CHECK\nversions\n"
    )


def test_crons_environment_is_enough(run_mhc: Mhc) -> None:
    run_mhc.environ = {"HOME": str(run_mhc.home), "LANG": "C"}
    for words in (["doctor", "--offline"], ["status"], ["status", "--short"], ["config", "list"], []):
        run = run_mhc(*words)
        assert run.status == 0, run.stderr
        assert run.stdout.isascii()
    assert list(run_mhc.home.iterdir()) == []


def configure(mhc: Mhc, text: str) -> None:
    path = mhc.home / "config" / "mhc" / "config.toml"
    path.parent.mkdir(parents=True)
    path.write_text(text)
    path.chmod(0o600)


def test_each_alert_and_whether_its_command_is_found(run_mhc: Mhc) -> None:
    configure(
        run_mhc,
        f"[listen]\nmetrics_dir = '{run_mhc.home}'\n"
        "[alerts.one]\nevents = ['tip']\ncommand = ['true']\nurl = 'https://example.org/CANARY0HOOK'\n"
        "digest = 'text'\n"
        "[alerts.two]\nevents = ['tip']\ncommand = ['/no/such/program']\n",
    )
    run = run_mhc("doctor", "--offline", "--json")
    found = [list(row.values()) for row in run.json if row["check"] in {"alert", "metrics"}]
    program = found[1][2].split(" ")[2]
    assert Path(program).name == "true"
    assert found == [
        ["metrics", "ok", "~", None],
        ["alert", "ok", f"one: runs {program} and posts to example.org, with a digest as text", None],
        [
            "alert",
            "warning",
            "two: no program named '/no/such/program'",
            "write its absolute path, or install it",
        ],
    ]
    assert (run.status, "CANARY" in run.stdout) == (0, False)


def test_rules_that_are_wrong_are_errors_all_of_them(run_mhc: Mhc) -> None:
    configure(
        run_mhc, "[listen]\nmetrics_dir = '/no/such/dir'\n[alerts.one]\nevent = ['tip']\n[alerts.two]\n"
    )
    run = run_mhc("doctor", "--offline", "--json")
    found = [(row["check"], row["detail"]) for row in run.json if row["state"] == "error"]
    assert run.status == 4
    assert found[:3] == [
        ("metrics", "/no/such/dir is no directory"),
        ("alert", "[alerts.one] event: no setting named 'event'; did you mean events?"),
        ("alert", "[alerts.two] does nothing: give a command or a url"),
    ]
