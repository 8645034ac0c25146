"""One listener a stream: the lock of the machine, and the lease in the database."""

import resource
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import Barrier

import pytest
from sqlalchemy import update

from listening import ROOM, Said, Station, at, event, listening, page
from mhc.capture.lock import StreamLock, owner_id
from mhc.errors import ConfigError, TryLaterError
from mhc.store import schema
from mhc.store.database import Database
from mhc.store.pages import LeaseLostError

# The machine's lock.


def test_a_second_listener_is_told_who_has_the_lock(tmp_path: Path) -> None:
    first, second = StreamLock(tmp_path, "db", ROOM), StreamLock(tmp_path, "db", ROOM)
    first.acquire(ROOM)
    with pytest.raises(
        TryLaterError, match=r"example_room is listened to already, by process \d+ on "
    ) as raised:
        second.acquire(ROOM)
    assert (raised.value.status, first.is_held, second.is_held) == (75, True, False)
    first.release()
    second.acquire(ROOM)
    assert second.is_held
    second.release()


def test_locks_of_two_streams_or_databases_are_two(tmp_path: Path) -> None:
    locks = [
        StreamLock(tmp_path, *names)
        for names in (("db", ROOM), ("db", "other_room"), ("db2", ROOM), ("d", "b" + ROOM))
    ]
    for lock in locks:
        lock.acquire(ROOM)
    assert len({lock.path for lock in locks}) == len(locks)
    for lock in locks:
        lock.release()


def test_the_lock_of_a_process_that_was_killed_is_free(tmp_path: Path) -> None:
    script = (
        "import sys\nfrom pathlib import Path\nfrom mhc.capture.lock import StreamLock\n"
        "StreamLock(Path(sys.argv[1]), 'db').acquire('example_room')\nprint('held', flush=True)\nsys.stdin.read()"
    )
    other = subprocess.Popen(
        [sys.executable, "-c", script, tmp_path], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    lock = StreamLock(tmp_path, "db")
    with other:
        assert other.stdout is not None
        assert other.stdout.readline() == "held\n"
        with pytest.raises(TryLaterError, match=f"by process {other.pid} on "):
            lock.acquire(ROOM)
        other.kill()
        other.wait()
    lock.acquire(ROOM)
    assert lock.is_held
    lock.release()
    lock.release()


def test_a_lock_where_none_can_be_made_is_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(ConfigError, match=r"cannot use .*: Not a directory") as raised:
        StreamLock(tmp_path / "file", "db").acquire(ROOM)
    assert raised.value.hint == "set MHC_STATE_DIR"


def test_a_lock_whose_holder_cannot_be_named_counts_all_the_same(tmp_path: Path) -> None:
    first, second = StreamLock(tmp_path, "db"), StreamLock(tmp_path, "db")
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, before[1]))  # as on a full disk: no file takes a byte
    try:
        first.acquire(ROOM)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert first.is_held
    with pytest.raises(TryLaterError, match="already, by another process"):
        second.acquire(ROOM)
    first.release()
    second.acquire(ROOM)
    second.release()


def test_the_lock_is_for_its_owner_only(tmp_path: Path) -> None:
    lock = StreamLock(tmp_path / "state", "db")
    lock.acquire(ROOM)
    lock.release()
    assert [path.stat().st_mode & 0o777 for path in (lock.path, lock.path.parent)] == [0o600, 0o700]


def test_a_state_directory_has_one_name_for_ever(tmp_path: Path) -> None:
    name = owner_id(tmp_path / "a")
    assert owner_id(tmp_path / "a") == name
    assert owner_id(tmp_path / "b") != name
    assert [path.name for path in (tmp_path / "a").iterdir()] == ["owner-id"]


def test_many_threads_that_ask_at_once_get_one_name(tmp_path: Path) -> None:
    barrier = Barrier(8)

    def ask(folder: Path) -> str:
        barrier.wait()
        return owner_id(folder)

    with ThreadPoolExecutor(8) as pool:
        for number in range(40):
            asked = [pool.submit(ask, tmp_path / str(number)) for _ in range(8)]
            assert len({one.result() for one in asked}) == 1


def test_a_name_that_cannot_be_kept_is_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(ConfigError, match="cannot use"):
        owner_id(tmp_path / "file")


# The lease in the database.


@pytest.fixture
def other(station: Station, tmp_path: Path) -> Iterator[Station]:
    """Give a listener of the same room on another machine: it has a state directory of its own."""
    made = Station(station.db, station.feed, tmp_path / "elsewhere")
    yield made
    made.close()


def expire(station: Station) -> None:
    """Let the lease end by the clock that it goes by."""
    long_ago = datetime(2000, 1, 1, tzinfo=UTC)
    station.run(lambda conn: conn.execute(update(schema.stream).values(lease_expires_at=long_ago)))


def test_the_lease_is_held_by_one(station: Station, other: Station) -> None:
    with pytest.raises(TryLaterError, match="example_room is listened to by ") as raised:
        other.listener.acquire()
    assert raised.value.status == 75
    assert station.stream.owner == owner_id(station.folder)
    assert station.stream.epoch == 1


def test_the_lease_of_another_machine_is_waited_for(station: Station, other: Station) -> None:
    other.lock.acquire(ROOM)
    with pytest.raises(TryLaterError):
        other.listener.acquire()
    expire(station)
    other.listener.acquire()
    assert (station.stream.owner, station.stream.epoch) == (owner_id(other.folder), 2)


def test_who_lost_the_lease_moves_nothing_and_steps_down(going: Station, other: Station) -> None:
    expire(going)
    other.listener.acquire()
    with pytest.raises(LeaseLostError, match="another listener took over example_room") as raised:
        going.step(page(event(2), to="i=2"))
    assert raised.value.status == 75
    assert (going.stream.cursor, len(going.events), going.stream.owner) == ("i=1", 1, owner_id(other.folder))
    going.listener._release()
    assert (going.stream.owner, going.stream.epoch) == (owner_id(other.folder), 2)


def test_who_lost_the_lease_hears_it_in_a_wait(going: Station, other: Station) -> None:
    expire(going)
    other.listener.acquire()
    going.let_waits_pass()
    with pytest.raises(LeaseLostError):
        going.listener._wait(300)
    assert going.clock.seconds == 11


def test_events_beside_a_refused_next_url_need_the_lease_too(going: Station, other: Station) -> None:
    expire(going)
    other.listener.acquire()
    with pytest.raises(LeaseLostError):
        going.step(page(event(2), next_url="https://evil.example.net/"))
    assert len(going.events) == 1


def test_who_has_the_lock_knows_that_the_former_owner_is_dead(going: Station) -> None:
    again = Station(going.db, going.feed, going.folder)
    with pytest.raises(TryLaterError):
        again.listener.acquire()
    again.lock.acquire(ROOM)
    again.listener.acquire()
    assert (again.stream.epoch, again.stream.owner) == (2, owner_id(going.folder))
    with pytest.raises(LeaseLostError):
        going.step(page(event(2), to="i=2"))
    again.close()


def test_a_lease_that_is_given_back_is_free_at_once(going: Station, other: Station) -> None:
    going.listener._release()
    assert (going.stream.owner, going.stream.lease_expires_at) == (None, None)
    with pytest.raises(TryLaterError):
        going.listener.step()
    other.listener.acquire()
    assert going.stream.epoch == 2


def test_each_poll_holds_the_lease_longer(sqlite_database: Database, tmp_path: Path) -> None:
    with listening(sqlite_database, tmp_path) as station:
        assert station.stream.lease_expires_at == at(30)
        station.step(page(event(0), to="i=1"))
        assert station.stream.lease_expires_at == at(31)


def test_the_lease_outlives_the_longest_poll_that_a_cursor_asks_for(
    sqlite_database: Database, tmp_path: Path
) -> None:
    with listening(sqlite_database, tmp_path) as station:
        station.step(page(to="i=1&timeout=90"))
        assert station.stream.lease_expires_at == at(1 + 110)
        station.lock.acquire(ROOM)
        station.listener.acquire()
        assert station.stream.lease_expires_at == at(1 + 110)


@pytest.mark.parametrize("said", [Said(502, takes=25), Said(401, takes=25), Said(410, takes=25)])
def test_polls_that_fail_do_not_cost_the_lease(sqlite_database: Database, tmp_path: Path, said: Said) -> None:
    with listening(sqlite_database, tmp_path) as station:
        station.step(page(event(0), to="i=1"))
        station.let_waits_pass()
        for _ in range(5):
            _, wait = station.step(said)
            for seconds in (0, wait):
                station.listener._wait(seconds)
                expires = station.stream.lease_expires_at
                assert expires is not None
                assert expires >= station.clock.now()


def test_a_wait_holds_the_lease_every_ten_seconds(sqlite_database: Database, tmp_path: Path) -> None:
    with listening(sqlite_database, tmp_path) as station:
        station.let_waits_pass()
        station.listener._wait(300)
        assert station.clock.seconds == 300
        assert station.stream.lease_expires_at == at(290 + 30)


def test_on_postgresql_the_lease_goes_by_the_clock_of_the_server(
    postgres_database: Database, tmp_path: Path
) -> None:
    with listening(postgres_database, tmp_path / "a") as station:
        station.clock.seconds = 10 * 365 * 86_400  # our clock is wrong by years
        station.step(page(event(0), to="i=1"))
        expires = station.stream.lease_expires_at
        assert expires is not None
        assert abs(expires - datetime.now(UTC)) < timedelta(hours=1)
        elsewhere = Station(station.db, station.feed, tmp_path / "b")
        with pytest.raises(TryLaterError):
            elsewhere.listener.acquire()
        elsewhere.close()


def test_a_database_that_is_away_for_a_moment_does_not_end_a_wait(
    sqlite_database: Database, tmp_path: Path
) -> None:
    busy = Database(sqlite_database.url.render_as_string(), busy_ms=1)
    with listening(busy, tmp_path) as station:
        station.let_waits_pass()
        with sqlite_database.write():
            station.listener._wait(30)
        assert station.clock.seconds == 30
        station.listener._wait(30)
        assert station.stream.lease_expires_at is not None
        assert station.stream.lease_expires_at > at(60)
    busy.close()
