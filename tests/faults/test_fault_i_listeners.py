"""I: several listeners of a room, and a schema that changes under one."""

import signal
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import ExitStack
from itertools import islice

import pytest
from sqlalchemy import text

from command import Mhc
from faults.oracle import assert_all_is_stored
from faults.server import FaultServer
from faults.supervised import Supervised, settle
from mhc.store import schema
from mhc.store.database import Database


def start_five(run_mhc: Mhc, server: FaultServer, url: str) -> None:
    """Start five listeners at once: one polls, and the others say who."""
    asked = len(server.journal)
    with ExitStack() as opened:
        five = [opened.enter_context(Supervised(run_mhc, server.environ(url))) for _ in range(5)]
        pool = opened.enter_context(ThreadPoolExecutor(len(five)))
        ends = {pool.submit(one.ended): one for one in five}
        assert server.until_asked(asked)
        lost = list(islice(as_completed(ends), len(five) - 1))
        assert [end.result() for end in lost] == [75] * len(lost)
        losers = [ends[end] for end in lost]
        (winner,) = [one for one in five if one not in losers]
        for one in losers:
            one.until_said(f"is listened to already, by process {winner.process.pid} on ")
        assert server.until_read_up()
        assert winner.stopped() == 0


def test_fault_i1_of_five_listeners_at_once_one_polls(
    run_mhc: Mhc, database: Database, database_url: str
) -> None:
    with FaultServer(1000) as server:
        start_five(run_mhc, server, database_url)
        assert {one.ask.after for one in server.journal if one.ask.after == 0} == {0}
    assert [one.ask.after for one in server.journal].count(0) == 1
    assert_all_is_stored(database, server, run_mhc.home, events=1000)


@pytest.mark.prove
@pytest.mark.timeout(600)
def test_fault_i1_of_five_listeners_at_once_one_polls_twenty_times(
    run_mhc: Mhc, database: Database, database_url: str
) -> None:
    with FaultServer(1000) as server:
        for _ in range(20):
            start_five(run_mhc, server, database_url)
    assert_all_is_stored(database, server, run_mhc.home, events=1000)


def test_fault_i2_who_was_killed_is_followed_without_a_hole(
    run_mhc: Mhc, database: Database, database_url: str
) -> None:
    with FaultServer(1500, published=1000) as server:
        env = server.environ(database_url)
        with Supervised(run_mhc, env) as first:
            assert server.until_read_up()
            first.signal(signal.SIGKILL)
            assert first.ended() == -signal.SIGKILL
        server.publish(500)
        assert run_mhc.until(server.until_read_up, "listen", "-o", "none", **env).status == 0
    assert_all_is_stored(database, server, run_mhc.home, events=1500)


def test_fault_i3_a_listener_whose_backend_is_terminated_goes_on(
    run_mhc: Mhc, postgres_database: Database
) -> None:
    url = postgres_database.url.render_as_string(hide_password=False)
    others = "FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
    with FaultServer(2000, published=500) as server, Supervised(run_mhc, server.environ(url)) as listener:
        for _ in range(3):
            assert server.until_read_up()
            with postgres_database.raw_write() as conn:
                ended = conn.execute(text(f"SELECT count(pg_terminate_backend(pid)) {others}")).scalar_one()
                assert ended in {1, 2}  # the capture's own, and who writes the names for completion
            server.publish(500)
        assert server.until_read_up()
        assert listener.stopped() == 0
    with postgres_database.read() as conn:
        assert conn.execute(schema.stream.select()).one().epoch == 1
    assert_all_is_stored(postgres_database, server, run_mhc.home, events=2000)


def test_fault_i4_a_migration_is_waited_for(run_mhc: Mhc, database: Database, database_url: str) -> None:
    with FaultServer(1500, published=500) as server:
        env = server.environ(database_url, MHC_WAIT_SCALE="0.05")
        with Supervised(run_mhc, env) as listener:
            assert server.until_read_up()
            with database.raw_write() as conn:
                conn.execute(text("ALTER TABLE event ADD COLUMN of_the_next_version INTEGER"))
                conn.execute(text("UPDATE alembic_version SET version_num = '9999'"))
                asked = len(server.journal)
                server.publish(1000)
                assert server.until_asked(asked)
                seen = conn.execute(text("SELECT count(*) FROM event")).scalar()
            assert server.until_read_up()
            assert listener.stopped() == 0
        settle(run_mhc, server, env)
    assert seen == 500
    assert_all_is_stored(database, server, run_mhc.home, events=1500)


def test_fault_i4_a_schema_that_is_too_new_is_written_to_no_more(
    run_mhc: Mhc, database: Database, database_url: str
) -> None:
    with FaultServer(1500, published=1000) as server:
        env = server.environ(database_url)
        with Supervised(run_mhc, env) as listener:
            assert server.until_read_up()
            with database.raw_write() as conn:
                conn.execute(text("UPDATE schema_compat SET number = 7"))
            server.publish(500)
            assert listener.ended() == 78
            listener.until_said(f" is number 7, this mhc knows {schema.COMPATIBILITY}")
        with database.raw_write() as conn:
            assert conn.execute(text("SELECT count(*) FROM event")).scalar() == 1000
            conn.execute(text(f"UPDATE schema_compat SET number = {schema.COMPATIBILITY}"))
        assert run_mhc.until(server.until_read_up, "listen", "-o", "none", **env).status == 0
    assert_all_is_stored(database, server, run_mhc.home, events=1500)
