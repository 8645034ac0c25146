"""The database goes away, for a while or for good: nothing is lost, nothing is doubled, and everybody can see it."""

import shutil
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import update

from listening import ROOM, TOKEN, Said, Station, at, event, ids, page, tip
from listening import listening as station_of
from mhc.capture.health import read_beats
from mhc.capture.spool import Spool
from mhc.errors import ConfigError, UnavailableError
from mhc.store import coverage, inventory, schema
from mhc.store.database import Database
from mhc.store.events import NewEvent
from mhc.store.pages import LeaseLostError
from mhc.store.streams import Stream
from outage import Busy, Gate, able_to_go_away

MERGE_GAP = timedelta(minutes=30)


@pytest.fixture
def outage(database: Database) -> Iterator[Busy | Gate]:
    with able_to_go_away(database) as made:
        yield made


@pytest.fixture
def station(outage: Busy | Gate, tmp_path: Path) -> Iterator[Station]:
    """Give a listener that has read one page: cursor `i=1`, good at second 1. Its waits pass at once."""
    with station_of(outage.db, tmp_path / "state") as made:
        made.let_waits_pass()
        made.step(page(event(0.5), to="i=1"))
        yield made


def spool_of(station: Station) -> Path:
    (path,) = (station.folder / "spool").glob("*")
    return path


def another(station: Station) -> Station:
    """Give the process that comes after the station's was killed."""
    station.lock.release()
    station.listener._keeper.close()
    made = Station(station.db, station.feed, station.folder)
    made.let_waits_pass()
    return made


def back(station: Station, outage: Busy | Gate) -> None:
    """Give the database back, and let its next try come due."""
    outage.end()
    station.clock.seconds += 31


def state(station: Station) -> tuple[str, int]:
    (beat,) = read_beats(station.folder)
    return beat.state, beat.spooled


def assert_sound(database: Database) -> None:
    assert inventory.problems(database, MERGE_GAP) == []


def test_fault_d1_pages_wait_and_come_in_their_order(
    station: Station, outage: Busy | Gate, database: Database
) -> None:
    heard: list[str] = []

    def hear(_stream: Stream, new: Sequence[NewEvent]) -> None:
        heard.extend(one.event.id.text for one in new)

    station.options.on_events = hear
    outage.begin()
    station.steps(page(tip(1.5), event(1.7), to="i=2"), page(to="i=2"), page(b"bad", tip(3.5), to="i=3"))
    assert station.feed.cursors[-3:] == ["i=1", "i=2", "i=2"]
    assert state(station) == ("spooling", 3)
    back(station, outage)
    station.step(page(event(36), to="i=4"))
    assert station.feed.cursors[-1] == "i=3"
    stored = ids(station.events)
    assert len(stored) == len(set(stored)) == 5
    assert heard == stored[1:]
    assert (station.stream.cursor, station.gaps) == ("i=4", [])
    assert station.covered == [(at(0.5), station.clock.now())]
    assert [body for body, _, _ in station.rejected] == [b"bad"]
    assert (state(station), list((station.folder / "spool").iterdir())) == (("listening", 0), [])
    assert_sound(database)


def test_events_that_come_late_derive_what_a_rebuild_derives(
    station: Station, outage: Busy | Gate, database: Database
) -> None:
    station.step(page(event(2, "broadcastStart"), event(3, "userEnter"), to="i=2"))
    outage.begin()
    station.steps(
        page(tip(4), event(5, "userEnter", "viewer_two"), to="i=3"),
        page(event(6, "userLeave"), event(7, "broadcastStop"), to="i=4"),
    )
    back(station, outage)
    station.step(page(event(9, "broadcastStart"), to="i=5"))
    assert len(station.events) == 8
    assert_sound(database)


def test_the_database_is_tried_with_patience(
    station: Station, outage: Busy | Gate, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO")
    outage.begin()
    for number in range(120):
        station.step(page(to=f"i={number}", takes=1))
    tries = [record for record in caplog.records if "next try in" in record.message]
    assert 4 <= len(tries) <= 14
    assert len([one for one in tries if one.levelname == "WARNING"]) == 1


def test_a_process_that_is_killed_while_it_spools_is_followed_where_it_was(
    station: Station, outage: Busy | Gate, database: Database
) -> None:
    outage.begin()
    station.steps(page(tip(1.5), to="i=2"), page(tip(2.5), to="i=3"))
    outage.end()
    later = another(station)
    later.listener.acquire(lock=True)
    later.step(page(tip(3.5), to="i=4"))
    assert later.feed.cursors[-1] == "i=3"
    assert (len(later.events), later.gaps, later.stream.cursor, later.stream.epoch) == (4, [], "i=4", 2)
    assert later.covered == [(at(0.5), at(4))]
    assert_sound(database)
    later.close()


def test_a_start_without_the_database_goes_on_from_the_spool(
    station: Station, outage: Busy | Gate, database: Database
) -> None:
    outage.begin()
    station.steps(page(tip(1.5), to="i=2"), page(tip(2.5), to="i=3"))
    later = another(station)
    assert later.listener._begin()
    assert state(later) == ("spooling", 2)
    later.step(page(tip(3.5), to="i=4"))
    assert (later.feed.cursors[-1], state(later)) == ("i=3", ("spooling", 3))
    back(later, outage)
    later.step(page(tip(40), to="i=5"))
    assert (len(later.events), later.gaps, later.stream.cursor, later.stream.epoch) == (5, [], "i=5", 2)
    assert len(later.covered) == 1
    assert_sound(database)
    later.close()


def test_a_start_without_the_database_or_a_spool_waits(outage: Busy | Gate, tmp_path: Path) -> None:
    with station_of(outage.db, tmp_path / "other") as station:
        outage.begin()
        later = Station(outage.db, station.feed, tmp_path / "state")
        waits: list[float] = []

        def rest(seconds: float) -> None:
            waits.append(seconds)
            if len(waits) == 3:
                assert state(later) == ("paused", 0)
                outage.end()
                station.listener._release()

        later.listener._rest = rest  # type: ignore[method-assign]
        assert later.listener._begin()
        assert waits == [1, 2, 4]
        assert later.listener.held.epoch == 2
        later.listener._release()
        later.close()


def test_once_does_not_wait_for_the_database(database: Database, tmp_path: Path) -> None:
    with able_to_go_away(database) as outage, station_of(outage.db, tmp_path / "a", once=True) as station:
        station.step(page(event(0.5), to="i=1"))
        outage.begin()
        with pytest.raises(Exception, match=r"holds|reach") as raised:
            station.step(page(tip(1.5), to="i=2"))
        assert getattr(raised.value, "status", None) in {69, 75}
        outage.end()
        assert not (station.folder / "spool").exists()


def test_who_lost_the_lease_gives_its_events_and_steps_down(
    station: Station, outage: Busy | Gate, database: Database, tmp_path: Path
) -> None:
    outage.begin()
    station.steps(page(tip(1.5), to="i=2"), page(tip(2.5), to="i=3"))
    outage.end()
    long_ago = at(-999_999_999)
    station.run(lambda conn: conn.execute(update(schema.stream).values(lease_expires_at=long_ago)))
    other = Station(database, station.feed, tmp_path / "elsewhere")
    other.listener.acquire()
    other.step(page(tip(1.5), to="i=2"))
    before = (station.stream, station.gaps, station.covered)
    station.clock.seconds += 31
    with pytest.raises(LeaseLostError) as raised:
        station.listener.step()
    assert raised.value.status == 75
    assert (station.stream, station.gaps, station.covered) == before
    assert len(station.events) == 3
    assert list((station.folder / "spool").iterdir()) == []
    other.step(page(tip(2.5), tip(3.5), to="i=4"))
    assert (len(station.events), station.stream.cursor) == (4, "i=4")
    assert_sound(database)
    other.close()


def test_fault_b3_a_damaged_page_is_asked_for_again_and_those_after_it_are_kept(
    station: Station, outage: Busy | Gate, database: Database
) -> None:
    outage.begin()
    station.steps(*[page(tip(n + 0.5), to=f"i={n + 1}") for n in range(1, 5)])
    later = another(station)
    path = spool_of(later)
    lines = path.read_bytes().splitlines(keepends=True)
    lines[2] = lines[2].replace(b"i=2", b"i=7")
    path.write_bytes(b"".join(lines))
    outage.end()
    later.listener.acquire(lock=True)
    later.step(page(tip(2.5), tip(3.5), tip(4.5), to="i=5"))
    assert later.feed.cursors[-1] == "i=2"
    assert (len(later.events), later.stream.cursor, later.gaps) == (5, "i=5", [])
    assert_sound(database)
    later.close()


def test_fault_b3_a_damaged_page_without_the_database_is_asked_for_again(
    station: Station, outage: Busy | Gate, database: Database
) -> None:
    outage.begin()
    station.steps(*[page(tip(n + 0.5), to=f"i={n + 1}") for n in range(1, 5)])
    later = another(station)
    path = spool_of(later)
    path.write_bytes(path.read_bytes().replace(b'"cursor":"i=3"', b'"cursor":"i=8"', 1))
    assert later.listener._begin()
    later.step(page(tip(2.5), tip(3.5), to="i=4"))
    assert later.feed.cursors[-1] == "i=2"
    back(later, outage)
    later.step(page(tip(50), to="i=9"))
    assert later.feed.cursors[-1] == "i=4"
    assert (len(later.events), later.stream.cursor, later.gaps) == (6, "i=9", [])
    assert_sound(database)
    later.close()


def test_a_page_that_comes_twice_changes_nothing(
    station: Station, outage: Busy | Gate, database: Database, tmp_path: Path
) -> None:
    outage.begin()
    station.clock.seconds = 500  # away for long: the first page claims a gap
    station.steps(page(tip(480), to="i=2"), page(b"bad", next_url=None), page(tip(504), to="i=3"))
    kept = tmp_path / "kept"
    shutil.copy(spool_of(station), kept)
    back(station, outage)
    station.step(page(to="i=3"))

    def everything() -> object:
        return station.events, station.gaps, station.covered, station.stream.cursor

    before = everything()
    assert len(station.gaps) == 2
    shutil.copy(kept, station.folder / "spool" / f"{station.stream.lock_name}.jsonl")
    later = another(station)
    later.listener.acquire(lock=True)
    later.listener._keeper.tend()
    assert everything() == before
    assert not spools_left(later)
    with database.write() as conn:  # a first start that comes again
        first = coverage.gaps(conn)[-1]
        coverage.add_gap(conn, later.stream.id, None, first.to_at, cause=first.cause, certain=True)
        assert len(coverage.gaps(conn)) == 3
    later.close()


def spools_left(station: Station) -> list[Path]:
    return list((station.folder / "spool").iterdir())


def test_fault_c3_a_commit_whose_answer_is_lost_is_done_once(
    postgres_database: Database, tmp_path: Path
) -> None:
    with able_to_go_away(postgres_database) as gate, station_of(gate.db, tmp_path / "state") as station:
        assert isinstance(gate, Gate)
        station.step(page(event(0.5), to="i=1"))
        station.clock.seconds = 500
        station.listener._keeper.tend()  # the lease is due, and not what is lost
        gate.lose_commits = 1
        station.step(page(tip(480), to="i=2"))
        assert state(station) == ("spooling", 1)
        assert station_in(postgres_database, station).stream.cursor == "i=2"
        gate.end()
        station.clock.seconds += 31
        station.step(page(tip(520), to="i=3"))
        assert (len(station.events), station.stream.cursor) == (3, "i=3")
        assert station.gaps == [(at(1), at(480), "away", "possible")]
        assert_sound(postgres_database)


def station_in(database: Database, station: Station) -> Station:
    """Give a look at the database that goes by another way."""
    return Station(database, station.feed, station.folder)


def test_fault_b2_a_full_spool_stops_the_polling_and_loses_nothing(
    outage: Busy | Gate, database: Database, tmp_path: Path
) -> None:
    with station_of(outage.db, tmp_path / "state", spool_max=2000) as station:
        station.let_waits_pass()
        station.step(page(event(0.5), to="i=1"))
        outage.begin()
        number = 1
        while state(station)[0] != "paused":
            number += 1
            station.step(page(tip(number), to=f"i={number}"))
        asked = len(station.feed.asked)
        for _ in range(3):
            assert station.listener.step() == (True, 5)
            station.clock.seconds += 100
        assert len(station.feed.asked) == asked
        assert "the spool is full" in read_beats(station.folder)[0].detail
        back(station, outage)
        station.listener.step()
        assert len(station.events) == number
        assert station.stream.cursor == f"i={number}"
        kept_at = station.stream.last_poll_ok_at
        station.step(page(tip(300), to="i=99"))
        assert station.gaps == [(kept_at, at(300), "spool full", "possible")]
        assert state(station) == ("listening", 0)
        assert_sound(database)


def test_no_token_is_in_the_spool(station: Station, outage: Busy | Gate) -> None:
    outage.begin()
    body = event(2, "chatMessage", message={"message": f"{station.feed.url}/events/example_room/{TOKEN}/"})
    station.step(page(body, to="i=2"))
    entries = list(Spool(spool_of(station), 1).entries())
    assert TOKEN not in spool_of(station).read_text()
    assert [TOKEN not in str(one and one.page()) for one in entries] == [True]


def test_an_api_that_is_away_too_costs_nothing(
    station: Station, outage: Busy | Gate, database: Database
) -> None:
    outage.begin()
    station.step(page(tip(1.5), to="i=2"))
    station.steps(Said(502), Said(502))
    assert state(station) == ("backing off", 1)
    back(station, outage)
    station.steps(Said(502), page(tip(30), to="i=3"))
    assert (len(station.events), station.gaps) == (3, [])
    assert_sound(database)


# Schema, file, clock.


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


def begun_again(station: Station) -> None:
    """Let a listener notice that its database is another one, and begin anew."""
    asked = len(station.feed.asked)
    station.feed.answers += [page(tip(60), to="i=60"), page(to="i=60")]
    station.options.on_events = lambda _stream, _new: station.listener.stop()
    station.listener.run()
    assert len(station.feed.asked) > asked


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


def test_the_room_is_named_in_what_is_said(
    station: Station, outage: Busy | Gate, caplog: pytest.LogCaptureFixture
) -> None:
    outage.begin()
    station.step(page(tip(1.5), to="i=2"))
    back(station, outage)
    station.step(page(to="i=2"))
    warnings = [record for record in caplog.records if record.levelname == "WARNING"]
    said = [record.message for record in warnings if record.name.startswith("mhc")]
    assert all(line.startswith(f"{ROOM}: ") for line in said)
    assert "spooling until the database is back" in said[1]
    assert "the database is back: 1 pages replayed" in said[-1]
