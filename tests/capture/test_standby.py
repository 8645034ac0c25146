"""A second listener waits for the first one's end, and takes over; several rooms are several troubles."""

import logging
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import update

from listening import ROOM, Station, event, listening, page
from mhc.capture.health import Health, read_beats, read_standbys
from mhc.capture.listener import Listener
from mhc.capture.lock import HeldError, StreamLock
from mhc.capture.options import Options
from mhc.capture.supervise import Supervisor
from mhc.capture.trouble import TokenRefusedError
from mhc.clients.events import EventsClient
from mhc.errors import ConfigError, MhcError, TryLaterError
from mhc.store import schema
from mhc.store.database import Database
from mhc.store.pages import LeaseLostError


@pytest.fixture
def other(station: Station, tmp_path: Path) -> Iterator[Station]:
    """Give a listener of the same room on another machine that stands by where it has to."""
    made = Station(station.db, station.feed, tmp_path / "elsewhere", standby=True)
    yield made
    made.close()


def resting(station: Station, passed: Callable[[int], object]) -> None:
    """Let a listener's rests pass on the test's clock; `passed` hears how many there were."""
    count = 0

    def rest(seconds: float) -> None:
        nonlocal count
        count += 1
        station.clock.seconds += seconds
        passed(count)

    station.listener._rest = rest  # type: ignore[method-assign]


def end_lease(station: Station) -> None:
    long_ago = datetime(2000, 1, 1, tzinfo=UTC)
    station.run(lambda conn: conn.execute(update(schema.stream).values(lease_expires_at=long_ago)))


def test_who_stands_by_takes_over_where_the_other_was(going: Station, other: Station) -> None:
    seen: list[tuple[int, int]] = []

    def passed(count: int) -> None:
        seen.append((len(read_beats(other.folder)), len(read_standbys(other.folder))))
        if count == 3:
            end_lease(going)

    resting(other, passed)
    assert other.listener._begin()
    assert seen == [(0, 1)] * 3
    assert (len(read_beats(other.folder)), read_standbys(other.folder)) == (1, [])
    other.step(page(event(2), to="i=2"))
    assert other.feed.cursors[-1] == "i=1"
    assert (going.stream.epoch, going.stream.cursor, len(going.events)) == (2, "i=2", 2)


def test_fault_i2_who_stands_by_takes_over_two_seconds_after_the_lease_at_most(
    sqlite_database: Database, tmp_path: Path
) -> None:
    with listening(sqlite_database, tmp_path / "a") as station:
        later = Station(station.db, station.feed, tmp_path / "b", standby=True)
        expires = station.stream.lease_expires_at
        assert expires is not None
        resting(later, lambda _count: None)
        assert later.listener._begin()
        assert 0 <= (later.clock.now() - expires).total_seconds() <= 2
        later.listener._release()
        later.close()


def test_who_stands_by_on_the_same_machine_waits_for_its_lock(going: Station) -> None:
    going.lock.acquire(ROOM)
    second = Station(going.db, going.feed, going.folder, standby=True)
    resting(second, lambda count: going.lock.release() if count == 4 else None)
    before = going.clock.seconds
    assert second.listener._begin()
    assert going.clock.seconds - before == 1.0
    assert second.listener.held.epoch == 2
    second.listener._release()
    second.close()


def test_the_heartbeat_of_the_owner_is_its_own(going: Station) -> None:
    going.lock.acquire(ROOM)
    second = Station(going.db, going.feed, going.folder, standby=True)

    def passed(_count: int) -> None:
        assert [beat.state for beat in read_beats(going.folder)] == ["listening"]
        (waiting,) = read_standbys(going.folder)
        assert "is listened to already, by process" in waiting.detail
        second.listener.stop()

    resting(second, passed)
    assert not second.listener._begin()
    second.listener.health.ended()
    assert read_standbys(going.folder) == []
    second.close()


def test_without_being_asked_to_nobody_stands_by(going: Station, tmp_path: Path) -> None:
    second = Station(going.db, going.feed, tmp_path / "elsewhere")
    with pytest.raises(HeldError, match="is listened to by ") as raised:
        second.listener.run()
    assert raised.value.status == 75
    assert not second.lock.is_held
    second.close()


def test_who_lost_the_lease_stands_by_where_it_was_asked_to(going: Station, other: Station) -> None:
    going.options.standby = True
    end_lease(going)
    other.listener.acquire()
    going.listener._begin = lambda: True  # type: ignore[method-assign]
    going.feed.answers.append(page(event(2), to="i=2"))
    assert going.listener._listen()
    assert going.stream.epoch == 2


# Several rooms.


class Room(Listener):
    """A room that ends as it is told, again and again, and then goes on until it is stopped."""

    def __init__(self, db: Database, folder: Path, name: str, *endings: BaseException) -> None:
        client = EventsClient("http://127.0.0.1:1", name, "TOKEN")
        super().__init__(
            db,
            client,
            Health(folder, lambda: datetime.now(UTC)),
            lambda lock: StreamLock(folder, lock),
            Options(lambda: datetime.now(UTC)),
        )
        self.endings = list(endings)
        self.runs = 0
        self.goes_on: Callable[[], object] = list

    def run(self) -> None:
        self.runs += 1
        if self.endings:
            raise self.endings.pop(0)
        self.goes_on()
        while self.rest(10):
            pass


def supervised(*rooms: Room) -> Supervisor:
    made = Supervisor(rooms, patient=True, again=0.0)

    def all_go_on() -> None:
        if not any(room.endings for room in rooms):
            for room in rooms:
                room.stop()

    for room in rooms:
        room.goes_on = all_go_on
    return made


def test_a_bug_in_one_room_leaves_the_others_alone(
    sqlite_database: Database, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    bad = Room(sqlite_database, tmp_path, "room_a", RuntimeError("a bug"), HeldError("held"), ValueError("x"))
    good = Room(sqlite_database, tmp_path, "room_b")
    assert supervised(good, bad).run() == 0
    assert (good.runs, bad.runs) == (1, 4)
    said = [record.message for record in caplog.records if record.levelno == logging.ERROR]
    assert [line.partition(":")[0] for line in said] == ["room_a"] * 3
    assert "RuntimeError: a bug" in said[0]
    assert "held; tried again" in said[1]


def test_a_room_that_failed_says_so_until_it_is_tried_again(
    sqlite_database: Database, tmp_path: Path
) -> None:
    errors = (RuntimeError("a bug"), TryLaterError("the database is busy"), LeaseLostError("another"))
    bad = Room(sqlite_database, tmp_path, "room_a", *errors)
    said: list[tuple[str, str]] = []
    bad.health._on_beat = lambda beat: said.append((beat.state, beat.detail))
    assert supervised(bad).run() == 0
    failed = [("failed", "a bug: RuntimeError"), ("failed", "the database is busy")]
    assert said == [*failed, ("standby", "another")]  # who has the room writes its heartbeat
    assert [beat.room for beat in read_beats(tmp_path)] == ["room_a"]


def test_a_token_that_was_not_to_be_waited_for_ends_its_room_only(
    sqlite_database: Database, tmp_path: Path
) -> None:
    refused = Room(sqlite_database, tmp_path, "room_a", TokenRefusedError("refused"))
    good = Room(sqlite_database, tmp_path, "room_b", HeldError("held"))
    with pytest.raises(TokenRefusedError):
        supervised(refused, good).run()
    assert (refused.runs, good.runs) == (1, 2)


class Forgetful(Health):
    """The health of a room that fails when all is done."""

    def ended(self) -> None:
        raise RuntimeError("a bug at the end")


def test_a_bug_at_the_very_end_of_a_room_does_not_end_well(sqlite_database: Database, tmp_path: Path) -> None:
    room = Room(sqlite_database, tmp_path, "room_a")
    room.health = Forgetful(tmp_path, lambda: datetime.now(UTC))
    with pytest.raises(RuntimeError, match="a bug at the end"):
        supervised(room).run()


def test_what_all_rooms_share_ends_all(sqlite_database: Database, tmp_path: Path) -> None:
    bad = Room(sqlite_database, tmp_path, "room_a", ConfigError("number 99, this mhc knows 1"))
    good = Room(sqlite_database, tmp_path, "room_b")
    with pytest.raises(MhcError) as raised:
        Supervisor([good, bad], patient=True).run()
    assert raised.value.status == 78
