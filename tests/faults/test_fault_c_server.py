"""C: PostgreSQL goes away, comes back, answers half, refuses."""

import signal
import threading
from contextlib import closing
from pathlib import Path

import pytest
from sqlalchemy import text

from command import Mhc
from faults import own_postgres
from faults.oracle import assert_all_is_stored
from faults.own_postgres import Manner, Proxy
from faults.server import FaultServer
from faults.supervised import Supervised, settle
from mhc.store.database import Database


def listen_while_it_restarts(
    run_mhc: Mhc, server: FaultServer, restarts: int, manner: Manner, every: float
) -> None:
    """Restart the database so often, while events come; then all of them are stored."""
    with own_postgres.running() as postgres:
        with Supervised(run_mhc, server.environ(postgres.database_url, MHC_WAIT_SCALE="0.02")) as listener:
            for _ in range(restarts):
                server.publish(server.events // restarts)
                threading.Event().wait(every)
                postgres.restart(manner)
            assert server.until_read_up()
            assert listener.stopped() == 0
        settle(run_mhc, server, server.environ(postgres.database_url))
        with closing(postgres.open()) as db:
            assert_all_is_stored(db, server, run_mhc.home, events=server.events)


@pytest.mark.parametrize("manner", ["fast", "immediate"])
def test_fault_c1_a_database_that_restarts_costs_nothing(run_mhc: Mhc, manner: Manner) -> None:
    with FaultServer(3000, published=0, page_size=10) as server:
        listen_while_it_restarts(run_mhc, server, 3, manner, every=0)


@pytest.mark.prove
@pytest.mark.timeout(600)
@pytest.mark.parametrize("manner", ["fast", "immediate"])
def test_fault_c1_a_database_that_restarts_every_two_seconds_costs_nothing(
    run_mhc: Mhc, manner: Manner
) -> None:
    with FaultServer(30_000, published=0, page_size=50) as server:
        listen_while_it_restarts(run_mhc, server, 30, manner, every=2)


def test_fault_c2_a_database_that_is_away_for_long_gets_all_of_it_in_order_when_it_is_back(
    run_mhc: Mhc,
) -> None:
    with own_postgres.running() as postgres, FaultServer(3000, published=1000) as server:
        env = server.environ(postgres.database_url, MHC_WAIT_SCALE="0.02")
        with Supervised(run_mhc, env) as listener:
            assert server.until_read_up()
            postgres.stop()
            server.publish(1500)
            assert server.until_read_up()  # the feed is read on, though nothing can be stored
            (shown,) = run_mhc("capture", "status", "-o", "json", **env).json
            assert (shown["state"], shown["spooled"]) == ("spooling", 15)
            listener.signal(signal.SIGKILL)
            assert listener.ended() == -signal.SIGKILL
        with Supervised(run_mhc, env) as listener:
            postgres.start()
            server.publish(500)
            assert server.until_read_up()
            assert listener.stopped() == 0
        settle(run_mhc, server, env)
        with closing(postgres.open()) as db:
            assert_all_is_stored(db, server, run_mhc.home, events=3000)


def test_fault_c3_a_commit_whose_answer_is_lost_is_neither_lost_nor_doubled(run_mhc: Mhc) -> None:
    cuts = {3, 5, 6, 9, 14, 20}
    with own_postgres.running() as postgres, FaultServer(1200, page_size=50) as server:
        proxy = Proxy(postgres.folder / ".s.PGSQL.5432", cuts)
        url = f"postgresql://mhc@127.0.0.1:{proxy.port}/{postgres.url.database}"
        with Supervised(run_mhc, server.environ(url)) as listener:
            assert server.until_read_up()
            assert listener.stopped() == 0
        proxy.stop()
        assert proxy.cut == len(cuts), proxy.commits
        settle(run_mhc, server, server.environ(postgres.database_url))
        with closing(postgres.open()) as db:
            assert_all_is_stored(db, server, run_mhc.home, events=1200)


BUSY = {
    "deadlock": "RAISE EXCEPTION 'deadlock detected' USING ERRCODE = '40P01'",
    "serialization": "RAISE EXCEPTION 'could not serialize access' USING ERRCODE = '40001'",
    "lock timeout": "RAISE EXCEPTION 'canceling statement due to lock timeout' USING ERRCODE = '55P03'",
}


@pytest.mark.parametrize("kind", BUSY)
def test_fault_c4_a_batch_that_collides_is_tried_again(
    run_mhc: Mhc, postgres_database: Database, tmp_path: Path, kind: str
) -> None:
    with postgres_database.write() as conn:
        conn.execute(text("CREATE SEQUENCE collisions"))
        conn.execute(
            text(
                "CREATE FUNCTION collide() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
                f"IF nextval('collisions') % 3 <> 0 THEN {BUSY[kind]}; END IF; RETURN NULL; END $$"
            )
        )
        conn.execute(text("CREATE TRIGGER collides AFTER INSERT ON event EXECUTE FUNCTION collide()"))
    url = postgres_database.url.render_as_string(hide_password=False)
    with FaultServer(1000) as server:
        with Supervised(run_mhc, server.environ(url)) as listener:
            assert server.until_read_up()
            assert listener.stopped() == 0
        listener.until_said("is busy: ")
        with postgres_database.write() as conn:
            conn.execute(text("DROP TRIGGER collides ON event"))
        settle(run_mhc, server, server.environ(url))
    assert_all_is_stored(postgres_database, server, tmp_path, events=1000)


def test_fault_c4_a_real_deadlock_is_tried_again(
    run_mhc: Mhc, postgres_database: Database, tmp_path: Path
) -> None:
    url = postgres_database.url.render_as_string(hide_password=False)
    with FaultServer(1000, published=100) as server, Supervised(run_mhc, server.environ(url)) as listener:
        assert server.until_read_up()
        with postgres_database.write() as conn:
            conn.execute(text("UPDATE person_total SET tokens = tokens"))
            server.publish(900)  # the listener has the stream's row, and waits for that of a total
            waiting = text(
                "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()"
            )
            while not conn.execute(waiting).scalar():
                conn.execute(text("SELECT pg_sleep(0.01), pg_stat_clear_snapshot()"))
            conn.execute(text("SET LOCAL deadlock_timeout = '1min'"))  # the listener is to see it first
            conn.execute(text("UPDATE stream SET epoch = epoch"))
        assert server.until_read_up()
        assert listener.stopped() == 0
        listener.until_said("deadlock detected")
    assert_all_is_stored(postgres_database, server, tmp_path, events=1000)


REFUSALS = [
    ("ALTER DATABASE {db} SET default_transaction_read_only = on", 69, "read-only transaction", "this server only reads: use the primary"),
    ("REVOKE INSERT ON event FROM mhc_guest", 78, "permission denied for table event", "grant the rights"),
    ("DROP TABLE visit CASCADE", 78, 'relation "visit" does not exist', "mhc db upgrade"),
]  # fmt: skip


GUEST = """
DO $$ BEGIN
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'mhc_guest') THEN CREATE ROLE mhc_guest LOGIN; END IF;
END $$;
GRANT ALL ON ALL TABLES IN SCHEMA public TO mhc_guest;
GRANT ALL ON ALL SEQUENCES IN SCHEMA public TO mhc_guest
"""


@pytest.mark.parametrize(
    ("damage", "exit_status", "reason", "hint"), REFUSALS, ids=["standby", "grant", "table"]
)
def test_fault_c5_a_database_that_takes_nothing_ends_the_capture_with_the_reason(
    run_mhc: Mhc, postgres_database: Database, damage: str, exit_status: int, reason: str, hint: str
) -> None:
    guest = postgres_database.url.set(username="mhc_guest").render_as_string()
    _run(postgres_database, GUEST)
    _run(postgres_database, damage)
    with FaultServer(100) as server, Supervised(run_mhc, server.environ(guest)) as listener:
        assert listener.ended() == exit_status, listener.said
    listener.until_said(reason)
    listener.until_said(hint)


@pytest.mark.parametrize(
    ("damage", "exit_status", "reason", "hint"), REFUSALS, ids=["standby", "grant", "table"]
)
def test_fault_c5_a_database_that_takes_nothing_any_more_is_said_at_once(
    run_mhc: Mhc, postgres_database: Database, damage: str, exit_status: int, reason: str, hint: str
) -> None:
    # A server that only reads may be made the primary again, a right be given back: pages wait for that in the spool.
    waits = "visit" not in damage
    guest = postgres_database.url.set(username="mhc_guest").render_as_string()
    _run(postgres_database, GUEST)
    with FaultServer(200, published=100) as server, Supervised(run_mhc, server.environ(guest)) as listener:
        assert server.until_read_up()
        _run(postgres_database, damage)
        _run(
            postgres_database,
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'mhc_guest'",
        )
        server.publish(100)
        listener.until_said(reason)
        assert (listener.stopped() if waits else listener.ended()) == (0 if waits else exit_status)
    assert waits or listener.until_said(hint)


def _run(db: Database, statement: str) -> None:
    with db.raw_write() as conn:
        conn.exec_driver_sql(statement.format(db=db.url.database))


def test_fault_c6_no_transaction_is_open_across_a_poll(run_mhc: Mhc, postgres_database: Database) -> None:
    url = postgres_database.url.render_as_string(hide_password=False)
    ours = "FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
    with FaultServer(1000) as server, Supervised(run_mhc, server.environ(url)) as listener:
        assert server.until_read_up()
        with postgres_database.read() as conn:
            states = conn.execute(text(f"SELECT state, xact_start {ours}")).all()
        assert listener.stopped() == 0
    assert {tuple(one) for one in states} == {("idle", None)}
