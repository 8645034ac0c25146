"""How the databases answer what is asked of readings of rooms: along the polls, and never by looking at all of them."""

from datetime import timedelta

import pytest
from sqlalchemy import Connection, text

from factories import minute
from mhc.domain.live import Live
from mhc.domain.rooms import Reading, Scope, Show, Source
from mhc.reports import room_history
from mhc.store import observations, people, roll, room_growth, room_names, room_readings, watched
from mhc.store.database import Database
from mhc.store.observations import Poll
from mhc.store.roll import Roll
from plans import Asked, plans

ROOMS, POLLS = 40, 60
NOW = minute(5 * POLLS)


def rows_of(conn: Connection) -> list[int]:
    return people.members(conn, people.find(conn, "room_7")[0].id)


def live_of(conn: Connection) -> Live:
    found = room_readings.live(conn, NOW, timedelta(minutes=15))
    assert found is not None
    return found


def since(conn: Connection) -> object:
    return live_of(conn)


def show_online(conn: Connection) -> object:
    return room_readings.online(conn, live_of(conn))


def show_room(conn: Connection) -> object:
    return room_readings.latest(conn, rows_of(conn))


def show_history(conn: Connection) -> object:
    span = room_history.Span(NOW - timedelta(minutes=60), None)
    return room_history.read(conn, rows_of(conn), span, None)


def show_gains(conn: Connection) -> object:
    return room_growth.followers_after(conn, NOW - timedelta(minutes=60))


def show_movers(conn: Connection) -> object:
    return room_growth.growths(conn, NOW - timedelta(minutes=60), None)


def show_tracked_movers(conn: Connection) -> object:
    until = NOW - timedelta(minutes=30)
    return room_growth.growths(
        conn, NOW - timedelta(minutes=60), until, room_names.tracked_rows(), timedelta(minutes=10)
    )


def show_live(conn: Connection) -> object:
    return roll.list_people(conn, Roll(live=True, online=live_of(conn)), 50)


def show_tagged(conn: Connection) -> object:
    return roll.list_people(conn, Roll(tags=["music"]), 50)


def show_members(conn: Connection) -> object:
    return watched.news(conn, rows_of(conn), None, heard=False, live=live_of(conn))


EVERY = [
    since,
    show_online,
    show_room,
    show_history,
    show_gains,
    show_movers,
    show_tracked_movers,
    show_live,
    show_tagged,
    show_members,
]


@pytest.fixture
def polled(database: Database) -> Database:
    """Give a database with some hundred readings, of which it knows how many there are."""
    readings = [
        Reading(
            f"room_{n}", Show.PUBLIC, n, 100 + n, 60, subject=f"of {n}", tags=("music",) if n % 9 == 0 else ()
        )
        for n in range(ROOMS)
    ]
    with database.write() as conn:
        for number in range(POLLS):
            poll = Poll(minute(5 * number), Source.AFFILIATE, ROOMS, ROOMS, Scope.ALL, complete=True)
            observations.add_poll(conn, poll, readings)
        conn.execute(text("ANALYZE"))
    return database


@pytest.mark.parametrize("asked", EVERY)
def test_no_question_looks_at_every_reading(polled: Database, asked: Asked) -> None:
    for plan in plans(polled, asked):
        assert "Seq Scan on observation" not in plan, plan
        for line in plan.splitlines():
            assert line.split()[:2] != ["SCAN", "observation"], plan


def test_a_history_finds_each_reading_by_its_key(polled: Database) -> None:
    (plan,) = [one for one in plans(polled, show_history) if "observation" in one]
    if polled.is_sqlite:
        assert "SEARCH observation USING PRIMARY KEY (observed_at=? AND person_id=? AND source=?)" in plan
        assert "SEARCH room_poll" in plan
    else:
        assert "pk_observation" in plan


def test_tags_are_read_for_what_is_known_last_only(polled: Database) -> None:
    found = [one for one in plans(polled, show_tagged) if "room_text" in one]
    assert found
    for plan in found:
        assert "observation" not in plan
        if polled.is_sqlite:
            assert "SEARCH room_text USING INTEGER PRIMARY KEY" in plan
