"""The database goes away, for a while or for good: nothing is lost, nothing is doubled, and everybody can see it."""

from collections.abc import Sequence
from functools import partial
from pathlib import Path

import pytest

from listening import ROOM, Said, Station, at, event, ids, page, tip
from listening import listening as station_of
from mhc.capture.lock import StreamLock
from mhc.store.database import Database
from mhc.store.events import NewEvent
from mhc.store.streams import Stream
from outage import Busy, Gate, able_to_go_away, another, assert_sound, back, state


@pytest.fixture
def station(steady: Station) -> Station:
    """Give a listener whose database can go away."""
    return steady


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


def test_a_start_whose_database_goes_away_again_goes_on_from_the_spool(
    station: Station, outage: Busy | Gate, database: Database
) -> None:
    outage.begin()
    station.steps(page(tip(1.5), to="i=2"), page(tip(2.5), to="i=3"))
    outage.end()
    later = another(station)
    later.listener.acquire(lock=True)
    outage.begin()
    later.step(page(tip(3.5), to="i=4"))
    assert (later.feed.cursors[-1], state(later)) == ("i=3", ("spooling", 3))
    back(later, outage)
    later.step(page(tip(40), to="i=5"))
    assert (len(later.events), later.gaps, later.stream.cursor) == (5, [], "i=5")
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


@pytest.mark.parametrize("standby", [False, True])
def test_a_start_during_which_the_database_goes_away_goes_on_from_the_spool(
    station: Station, outage: Busy | Gate, database: Database, *, standby: bool
) -> None:
    outage.begin()
    station.steps(page(tip(1.5), to="i=2"))
    outage.end()
    later = another(station)
    later.options.standby = standby
    hold = later.listener._hold

    def goes_away(name: str) -> StreamLock:
        """Take the database away between the two transactions of a start, when the lock is asked for."""
        outage.begin()
        hold._lock_of = partial(StreamLock, later.folder)
        return hold._lock_of(name)

    hold._lock_of = goes_away
    assert later.listener._begin()
    assert state(later) == ("spooling", 1)
    later.step(page(tip(3.5), to="i=3"))
    assert (later.feed.cursors[-1], state(later)) == ("i=2", ("spooling", 2))
    back(later, outage)
    later.step(page(tip(40), to="i=4"))
    assert (len(later.events), later.gaps, later.stream.cursor, later.stream.epoch) == (4, [], "i=4", 2)
    assert_sound(database)
    later.listener._release()
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


@pytest.mark.parametrize("what", [RuntimeError("can't start new thread"), ValueError("a bug")])
def test_what_is_done_beside_the_capture_cannot_end_it(
    station: Station, outage: Busy | Gate, caplog: pytest.LogCaptureFixture, what: Exception
) -> None:
    def fails(*_given: object) -> None:
        raise what

    station.options.on_events = station.options.on_failed = station.options.on_refused = fails
    station.listener.health._on_beat = fails
    outage.begin()
    station.steps(page(tip(1.5), to="i=2"))
    back(station, outage)
    station.steps(Said(401), Said(401), Said(401), page(tip(40), to="i=3"))
    assert (len(station.events), station.stream.cursor) == (3, "i=3")
    said = [r for r in caplog.records if r.message.startswith("what is done beside the capture failed")]
    assert {str(r.exc_info[1]) for r in said if r.exc_info} == {str(what)}


def test_once_does_not_wait_for_the_database(database: Database, tmp_path: Path) -> None:
    with able_to_go_away(database) as outage, station_of(outage.db, tmp_path / "a", once=True) as station:
        station.step(page(event(0.5), to="i=1"))
        outage.begin()
        with pytest.raises(Exception, match=r"holds|reach") as raised:
            station.step(page(tip(1.5), to="i=2"))
        assert getattr(raised.value, "status", None) in {69, 75}
        outage.end()
        assert not (station.folder / "spool").exists()


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
    assert "the database is back: 1 page replayed" in said[-1]
