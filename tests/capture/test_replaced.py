"""Another schema, another file, another time of day: noticed before anything is written."""

import sqlite3
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

import pytest
from sqlalchemy import update

from listening import ROOM, Station, event, ids, page, tip
from listening import listening as station_of
from mhc.capture import spool as spools
from mhc.capture.entry import Entry, Header, Place
from mhc.capture.spool import Spool
from mhc.errors import ConfigError, UnavailableError
from mhc.store import schema
from mhc.store.database import Database
from mhc.store.events import NewEvent
from mhc.store.pages import Page
from mhc.store.streams import Stream
from outage import assert_sound


@pytest.fixture
def station(steady: Station) -> Station:
    """Give a listener whose database can go away."""
    return steady


def test_fault_i4_a_newer_schema_ends_it_with_both_numbers(station: Station, database: Database) -> None:
    station.run(lambda conn: conn.execute(update(schema.schema_compat).values(number=99)))
    with pytest.raises(ConfigError, match=rf"number 99, this mhc knows {schema.COMPATIBILITY}") as raised:
        station.step(page(tip(1.5), to="i=2"))
    assert raised.value.status == 78
    station.run(lambda conn: conn.execute(update(schema.schema_compat).values(number=schema.COMPATIBILITY)))
    assert (len(station.events), station.stream.cursor) == (1, "i=1")


def test_a_server_that_only_reads_is_no_place_to_begin(postgres_database: Database, tmp_path: Path) -> None:
    url = postgres_database.url.update_query_dict({"options": "-c default_transaction_read_only=on"})
    with station_of(postgres_database, tmp_path / "a") as station:
        reader = Database(url.render_as_string(hide_password=False))
        later = Station(reader, station.feed, tmp_path / "b")
        with pytest.raises(UnavailableError, match="read-only"):
            later.listener._begin()
        later.close()
        reader.close()


def test_a_spool_that_its_own_listener_brought_in_meanwhile_is_no_trouble(
    sqlite_database: Database, tmp_path: Path
) -> None:
    with station_of(sqlite_database, tmp_path / "state") as station:
        held, start = station.listener.held, Place(None, None, 0)
        digest = spools.digest(sqlite_database.name)
        header = Header(ROOM, held.kind, held.host, digest, 7, 3, "another", 1, None, start)
        spool = Spool(tmp_path / "state" / "spool" / "another.jsonl", 1 << 20)
        spool.append(header, Entry.of(Page(station.clock.now(), [], [], None), [], start))
        station.listener._keeper.open()  # finds it
        spool.remove()
        station.step(page(tip(1.5), to="i=2"))
        assert (len(station.events), station.stream.cursor) == (1, "i=2")


@pytest.mark.parametrize("how", ["removed", "replaced"])
def test_fault_b5_a_file_that_is_replaced_is_noticed_within_a_poll(
    sqlite_database: Database, tmp_path: Path, how: str
) -> None:
    path = sqlite_database.path
    assert path is not None
    with station_of(sqlite_database, tmp_path / "state") as station:
        station.let_waits_pass()
        station.step(page(event(0.5), to="i=1"))
        backup = tmp_path / "backup.db"
        with closing(sqlite3.connect(path)) as copying:
            copying.execute("VACUUM INTO ?", (str(backup),))
        station.step(page(tip(1.5), to="i=2"))
        open_file = path.open("rb")
        for name in (path.name, f"{path.name}-wal", f"{path.name}-shm"):
            path.with_name(name).unlink()
        if how == "replaced":
            backup.rename(path)
        size = open_file.seek(0, 2)
        station.feed.answers += [page(tip(2.5), to="i=3"), page(tip(4.5), to="i=4")]
        heard: list[str] = []

        def hear(_stream: Stream, new: Sequence[NewEvent]) -> None:
            heard.extend(one.event.id.text for one in new)
            if len(heard) == 2:
                station.listener.stop()

        station.options.on_events = hear
        station.listener._hold._lock = None
        with pytest.raises(Exception, match="removed or replaced"):
            station.listener.step()
        station.listener._release()
        station.listener.run()
        assert open_file.seek(0, 2) == size
        open_file.close()
        known = ["1767225600500-0"] if how == "replaced" else []
        assert ids(station.events) == [*known, "1767225602500-0", "1767225604500-0"]
        assert station.feed.cursors[-1] == ("i=1" if how == "replaced" else "timeout=10")
        assert station.stream.cursor == "i=4"
        assert_sound(sqlite_database)


def test_fault_h1_a_clock_that_is_set_is_noticed(station: Station, caplog: pytest.LogCaptureFixture) -> None:
    clock = station.clock
    clock.seconds = 3600
    station.step(page(to="i=2"))
    covered = station.covered
    ticks = clock.seconds
    station.options.monotonic = lambda: ticks
    watch = station.listener._clock
    watch._monotonic = lambda: ticks
    watch.look()
    for step, way in ((-3600.0, "back by 3600 s"), (86_400.0, "ahead by 86400 s")):
        clock.seconds += step
        assert watch.look() == step
        assert f"the clock was set {way}" in caplog.text
    clock.seconds = 1800.0
    station.step(page(to="i=3"))
    assert [begin <= end for begin, end in station.covered] == [True] * len(station.covered)
    assert station.covered[0] == covered[0]


def test_no_transaction_is_open_while_a_poll_waits(station: Station, database: Database) -> None:
    """Fault C6."""
    seen: list[object] = []
    ask = station.client.poll

    def poll(cursor: str | None) -> object:
        seen.append(open_transactions(database))
        return ask(cursor)

    station.client.poll = poll  # type: ignore[method-assign, assignment]
    station.steps(page(tip(1.5), to="i=2"), page(to="i=2"), page(tip(3), to="i=3"))
    assert seen == [0, 0, 0]


def open_transactions(database: Database) -> object:
    if database.is_sqlite:
        with database.write():  # which another transaction would keep waiting
            return 0
    with database.look() as conn:
        query = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND state LIKE 'idle in%'"
        return conn.exec_driver_sql(query.replace("%", "%%")).scalar_one()
