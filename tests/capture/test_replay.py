"""What was spooled comes into the database: after a theft of the lease, in pieces, twice, from a full disk."""

import shutil
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import update

from listening import TOKEN, Said, Station, at, event, page, tip
from listening import listening as station_of
from mhc.capture.health import read_beats
from mhc.capture.replay import Target, replay
from mhc.capture.spool import Spool
from mhc.store import coverage, schema
from mhc.store.database import Database
from mhc.store.events import NewEvent
from mhc.store.pages import LeaseLostError, Page
from outage import Busy, Gate, able_to_go_away, another, assert_sound, back, spool_of, state


@pytest.fixture
def station(steady: Station) -> Station:
    """Give a listener whose database can go away."""
    return steady


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


def test_fault_b3_a_page_that_is_damaged_under_a_listener_is_asked_for_again(
    station: Station, outage: Busy | Gate, database: Database
) -> None:
    outage.begin()
    station.steps(*[page(tip(n + 0.5), to=f"i={n + 1}") for n in range(1, 5)])
    path = spool_of(station)
    path.write_bytes(path.read_bytes().replace(b'"cursor":"i=3"', b'"cursor":"i=8"', 1))
    back(station, outage)
    station.step(page(tip(2.5), tip(3.5), to="i=4"))
    assert station.feed.cursors[-1] == "i=2"
    assert (len(station.events), station.stream.cursor) == (5, "i=4")
    assert_sound(database)


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


def fill(station: Station, outage: Busy | Gate) -> int:
    """Take the database away until the spool is full; give how many events were asked for by then."""
    station.let_waits_pass()
    station.step(page(event(0.5), to="i=1"))
    outage.begin()
    number = 1
    while state(station)[0] != "paused":
        number += 1
        station.step(page(tip(number), to=f"i={number}"))
    return number


def flip(station: Station, cursor: str) -> None:
    """Damage the line of the page that leads to a cursor."""
    path, good = spool_of(station), f'"cursor":"{cursor}"'.encode()
    assert good in path.read_bytes()
    path.write_bytes(path.read_bytes().replace(good, good.replace(b"i=", b"j="), 1))


def test_fault_b3_a_page_in_hand_does_not_jump_over_a_damaged_one(
    outage: Busy | Gate, database: Database, tmp_path: Path
) -> None:
    with station_of(outage.db, tmp_path / "state", spool_max=2000) as station:
        number = fill(station, outage)
        flip(station, "i=2")
        back(station, outage)
        station.step(page(*[tip(n) for n in range(2, number + 1)], to=f"i={number}"))
        assert station.feed.cursors[-1] == "i=1"
        assert (len(station.events), station.stream.cursor) == (number, f"i={number}")
        assert station.gaps == []
        assert_sound(database)


def test_fault_b3_a_place_that_moves_in_a_wait_is_the_one_that_is_asked_from(
    station: Station, outage: Busy | Gate, database: Database
) -> None:
    outage.begin()
    station.steps(*[page(tip(n + 0.5), to=f"i={n + 1}") for n in range(1, 5)])
    station.listener._keeper.tend()  # the next try is not due when the step begins
    flip(station, "i=3")
    outage.end()
    for _ in range(1000):  # the minute's requests
        station.listener._pace.asks()
    station.step(page(tip(2.5), tip(3.5), tip(4.5), to="i=5"))
    assert station.feed.cursors[-1] == "i=2"
    assert (len(station.events), station.stream.cursor, station.gaps) == (5, "i=5", [])
    assert_sound(database)


def test_a_long_replay_of_what_was_spooled_for_another_stream_holds_the_lease(
    sqlite_database: Database, tmp_path: Path
) -> None:
    with able_to_go_away(sqlite_database) as outage, station_of(outage.db, tmp_path / "state") as station:
        station.let_waits_pass()
        station.step(page(event(0.5), to="i=1"))
        outage.begin()
        station.steps(*[page(tip(n + 0.5), to=f"i={n + 1}") for n in range(1, 6)])
        outage.end()
        hold, left = station.listener._hold, []
        hold.renew()

        def told(_page: Page, _new: Sequence[NewEvent]) -> None:
            station.clock.seconds += 11
            expires = station.stream.lease_expires_at
            assert expires is not None
            left.append((expires - station.clock.now()).total_seconds())

        target = Target(hold, station.stream, ours=False, merge_gap=timedelta(minutes=30))
        assert replay(Spool(spool_of(station), 1), target, told, lambda: False).whole
        assert (len(left), min(left) > 0) == (5, True)


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
        station.step(page(b"bad", tip(480), to="i=2"))
        assert state(station) == ("spooling", 1)
        assert station_in(postgres_database, station).stream.cursor == "i=2"
        gate.end()
        station.clock.seconds += 31
        station.step(page(tip(520), to="i=3"))
        assert (len(station.events), station.stream.cursor) == (3, "i=3")
        assert station.gaps == [(at(1), at(480), "away", "possible")]
        assert [count for _, _, count in station.rejected] == [1]
        assert_sound(postgres_database)


def station_in(database: Database, station: Station) -> Station:
    """Give a look at the database that goes by another way."""
    return Station(database, station.feed, station.folder)


def test_fault_b2_a_full_spool_stops_the_polling_and_loses_nothing(
    outage: Busy | Gate, database: Database, tmp_path: Path
) -> None:
    with station_of(outage.db, tmp_path / "state", spool_max=2000) as station:
        number = fill(station, outage)
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
