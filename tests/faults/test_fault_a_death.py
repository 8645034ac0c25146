"""A: the listener is killed, ended or stopped at any moment."""

import os
import random
import signal
import socket
import subprocess
import sys
import threading
from itertools import pairwise
from pathlib import Path

import pytest
from sqlalchemy import update

from command import Mhc
from faults.modes import HOLD, HTML200, OK, RESET, TRUNCATED
from faults.oracle import assert_all_is_stored, judge
from faults.server import FaultServer
from faults.supervised import Supervised, open_files, resident_kib
from listening import T0
from mhc.store import schema
from mhc.store.database import Database

PAGE, EVENTS, KILLS = 20, 2400, 8
TESTS = Path(__file__).parents[1]


def kill_at_work(run_mhc: Mhc, env: dict[str, str], *, after: int) -> None:
    """Kill a listener when it has printed some lines: the next page is then on its way, or being stored."""
    with run_mhc.start("listen", "-o", "ndjson", **env) as listener:
        assert listener.stdout is not None
        for _ in range(after):
            assert listener.stdout.readline(), listener.stderr and listener.stderr.read()
        listener.kill()


def assert_no_request_ran_ahead(server: FaultServer) -> None:
    """Each request asks from where the answer before it was, or from where that led: never further."""
    for before, later in pairwise(server.journal):
        assert later.ask.query in {before.ask.query, before.leads_to}, (before, later)


def listen_to_the_end(run_mhc: Mhc, server: FaultServer, env: dict[str, str], *words: str) -> None:
    """Listen until the feed is read up."""
    run = run_mhc.until(server.until_read_up, "listen", "-o", "none", *words, **env)
    assert run.status == 0, run.stderr


def test_fault_a1_kills_at_any_moment_lose_and_double_nothing(
    run_mhc: Mhc, database: Database, database_url: str, tmp_path: Path
) -> None:
    chance = random.Random(7)
    with FaultServer(EVENTS, page_size=PAGE, pad=300) as server:
        env = server.environ(database_url)
        for _ in range(KILLS):
            kill_at_work(run_mhc, env, after=chance.randrange(1, PAGE * 15))
        listen_to_the_end(run_mhc, server, env)
    assert_all_is_stored(database, server, tmp_path, events=EVENTS)
    assert run_mhc("db", "check", **env).status == 0
    assert_no_request_ran_ahead(server)


def hooked(run_mhc: Mhc, env: dict[str, str], place: str, action: str) -> Supervised:
    """Start the listener with a hook at a place of its first page's transaction."""
    program = [sys.executable, "-m", "faults.hooked", place, action]
    return Supervised(run_mhc, env | {"PYTHONPATH": str(TESTS)}, program=program)


def test_fault_a2_a_kill_between_cursor_and_events_leaves_neither_or_both(
    run_mhc: Mhc, database: Database, database_url: str, tmp_path: Path
) -> None:
    with FaultServer(1000) as server:
        env = server.environ(database_url)
        for place in ("cursor", "insert", "inserted", "commit", "committed"):
            with hooked(run_mhc, env, place, "kill") as listener:
                assert listener.ended() == -signal.SIGKILL, place
        listen_to_the_end(run_mhc, server, env)
    assert [one.ask.after for one in server.journal[:6]] == [0, 0, 0, 0, 0, 100]
    assert_all_is_stored(database, server, tmp_path, events=1000)


def test_fault_a2_a_build_that_moves_the_cursor_first_is_caught(
    run_mhc: Mhc, database: Database, database_url: str
) -> None:
    with FaultServer(1000) as server:
        env = server.environ(database_url)
        with hooked(run_mhc, env, "insert", "cursor-first") as listener:
            assert listener.ended() == -signal.SIGKILL
        listen_to_the_end(run_mhc, server, env)
    found = judge(database, server)
    assert (len(found.lost), found.stored, found.doubled) == (100, 900, [])


def end_in_the_poll(run_mhc: Mhc, server: FaultServer, nth: int) -> None:
    with run_mhc.start("listen", "-o", "none", **server.environ(str(run_mhc.home / "mhc.db"))) as listener:
        assert server.until_held(nth)  # the polls of those who ended before wait on, too
        listener.send_signal(signal.SIGTERM)
        assert listener.wait(timeout=10) == 0  # the answer comes after 90 seconds, the deadline after 25


def test_fault_a3_sigterm_ends_a_waiting_poll(run_mhc: Mhc) -> None:
    with FaultServer(100, [HOLD] * 3) as server:
        for nth in range(1, 4):
            end_in_the_poll(run_mhc, server, nth)


@pytest.mark.prove
@pytest.mark.timeout(300)
def test_fault_a3_sigterm_ends_a_waiting_poll_fifty_times(run_mhc: Mhc) -> None:
    with FaultServer(100, [HOLD] * 50) as server:
        for nth in range(1, 51):
            end_in_the_poll(run_mhc, server, nth)


@pytest.mark.parametrize("signals", [1, 2])
def test_fault_a4_sigterm_in_a_transaction_leaves_all_of_it_or_nothing(
    run_mhc: Mhc, database: Database, database_url: str, tmp_path: Path, signals: int
) -> None:
    with FaultServer(1000) as server:
        env = server.environ(database_url)
        with hooked(run_mhc, env, "inserted", "wait") as listener:
            listener.until_said("here")
            listener.signal(signal.SIGTERM)
            listener.until_told("STOPPING=1")
            if signals == 2:
                listener.signal(signal.SIGTERM)
            else:
                listener.answer()
            assert listener.ended() == (0, 143)[signals - 1]
        with database.read() as conn:
            stored = conn.execute(schema.event.select()).all()
            moved = conn.execute(schema.stream.select()).one().cursor is not None
        assert (len(stored), moved) == ((100, True), (0, False))[signals - 1]
        listen_to_the_end(run_mhc, server, env)
    assert_all_is_stored(database, server, tmp_path, events=1000)


def let_the_lease_run_out(db: Database) -> None:
    with db.write() as conn:
        conn.execute(update(schema.stream).values(lease_expires_at=T0))


def test_fault_a5_who_was_paused_moves_no_cursor_under_its_old_epoch(
    run_mhc: Mhc, database: Database, database_url: str, tmp_path: Path
) -> None:
    with FaultServer(2000, published=1000) as server:
        env = server.environ(database_url)
        with Supervised(run_mhc, env) as first:
            assert server.until_held()
            first.signal(signal.SIGSTOP)
            let_the_lease_run_out(database)
            with Supervised(run_mhc, env | {"MHC_STATE_DIR": str(tmp_path / "elsewhere")}) as second:
                assert server.until_held(2)
                first.signal(signal.SIGCONT)
                server.publish(1000)
                assert first.ended() == 75
                first.until_said("another listener took over")
                assert server.until_read_up()
                assert second.stopped() == 0
    assert_all_is_stored(database, server, tmp_path, events=2000)
    with database.read() as conn:
        found = conn.execute(schema.stream.select()).one()
    assert (found.cursor, found.epoch) == (f"i={server.cursor_of(2000)}&timeout=10", 2)


@pytest.mark.prove
@pytest.mark.timeout(300)
def test_fault_a5_who_was_paused_for_a_minute_finds_its_lease_lost(
    run_mhc: Mhc, postgres_database: Database, tmp_path: Path
) -> None:
    url = postgres_database.url.render_as_string(hide_password=False)
    with FaultServer(2000, published=1000) as server:
        env = server.environ(url)
        with Supervised(run_mhc, env) as first:
            assert server.until_held()
            first.signal(signal.SIGSTOP)
            threading.Event().wait(60)
            with Supervised(run_mhc, env | {"MHC_STATE_DIR": str(tmp_path / "elsewhere")}) as second:
                second.until_told("READY=1")
                first.signal(signal.SIGCONT)
                assert first.ended() == 75
                server.publish(1000)
                assert server.until_read_up()
                assert second.stopped() == 0
    assert_all_is_stored(postgres_database, server, tmp_path, events=2000)


def test_fault_a6_a_reader_that_leaves_ends_the_capture_in_order(
    run_mhc: Mhc, sqlite_database: Database, tmp_path: Path
) -> None:
    with FaultServer(1500) as server:
        env = server.environ(str(tmp_path / "mhc.db"))
        with run_mhc.start("listen", **env) as listener:
            assert listener.stdout is not None
            listener.stdout.readline()
            listener.stdout.close()  # as `| head -1` does
            assert listener.wait(timeout=60) == 141
        listen_to_the_end(run_mhc, server, env)
    assert_all_is_stored(sqlite_database, server, tmp_path, events=1500)


def test_fault_a6_output_that_cannot_be_written_ends_the_capture_in_order(
    run_mhc: Mhc, sqlite_database: Database, tmp_path: Path
) -> None:
    with FaultServer(1500) as server, Path("/dev/full").open("w", encoding="utf-8") as full:
        env = server.environ(str(tmp_path / "mhc.db"))
        with Supervised(run_mhc, env, "-o", "text", stdout=full.fileno()) as listener:
            assert listener.ended() == 74
            listener.until_said("No space left on device")
        listen_to_the_end(run_mhc, server, env)
    assert_all_is_stored(sqlite_database, server, tmp_path, events=1500)


@pytest.mark.parametrize("kind", ["full", "closed", "unread"])
def test_fault_a6_a_log_that_cannot_be_written_costs_nothing(
    run_mhc: Mhc, sqlite_database: Database, tmp_path: Path, kind: str
) -> None:
    out, into = os.pipe()
    with FaultServer(1500, [TRUNCATED, RESET, HTML200, *[OK] * 9, TRUNCATED]) as server:
        env = server.environ(str(tmp_path / "mhc.db"))
        if kind == "closed":
            os.close(out)
        with (
            Path("/dev/full").open("w", encoding="utf-8") as full,
            subprocess.Popen(
                [str(run_mhc.program), "-vv", "listen", "-o", "none"], env=run_mhc.environ | env,
                stdout=subprocess.DEVNULL, stderr=full if kind == "full" else into,
            ) as listener,
        ):  # fmt: skip
            assert server.until_held()
            listener.send_signal(signal.SIGTERM)
            assert listener.wait(timeout=60) == 0
    for handle in (into, *([] if kind == "closed" else [out])):
        os.close(handle)
    assert_all_is_stored(sqlite_database, server, tmp_path, events=1500)


def assert_flat(run_mhc: Mhc, database: Database, url: str, polls: int, warm: int) -> None:
    """Poll so often; memory and open files are at the end what they were after the first polls."""
    with (
        FaultServer(polls, page_size=1, published=warm) as server,
        Supervised(run_mhc, server.environ(url)) as one,
    ):
        assert server.until_read_up(warm)  # at most 1,000 polls a minute are asked
        pid = one.process.pid
        before = open_files(pid), resident_kib(pid)
        server.publish(polls - warm)
        assert server.until_read_up(polls)
        after = open_files(pid), resident_kib(pid)
        assert one.stopped() == 0
    assert after[0] == before[0]
    assert after[1] - before[1] < 4 * 1024, (before, after)
    assert_all_is_stored(database, server, run_mhc.home, events=polls)


def test_fault_a7_many_polls_need_no_more_memory_and_files(
    run_mhc: Mhc, database: Database, database_url: str
) -> None:
    assert_flat(run_mhc, database, database_url, polls=500, warm=150)


@pytest.mark.prove
@pytest.mark.timeout(1200)
def test_fault_a7_ten_thousand_polls_need_no_more_memory_and_files(
    run_mhc: Mhc, database: Database, database_url: str
) -> None:
    assert_flat(run_mhc, database, database_url, polls=10_000, warm=1000)


def test_fault_a6_a_manager_that_does_not_listen_costs_nothing(
    run_mhc: Mhc, sqlite_database: Database, tmp_path: Path
) -> None:
    with (
        socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager,
        FaultServer(1000, page_size=20) as server,
    ):
        manager.bind(str(tmp_path / "deaf"))  # whose queue is full after some messages
        env = server.environ(str(tmp_path / "mhc.db"), NOTIFY_SOCKET=str(tmp_path / "deaf"))
        listen_to_the_end(run_mhc, server, env)
    assert_all_is_stored(sqlite_database, server, tmp_path, events=1000)
