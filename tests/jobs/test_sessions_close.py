"""`sessions-close`: what goes on in a room from which nothing comes any more ends just after its last event."""

from datetime import datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import Connection, select

from factories import ROOM, Item, chat, cover, happening, minute, store, tip
from mhc.config import Settings, load
from mhc.domain.broadcasts import JUST_AFTER, MERGE_GAP
from mhc.domain.rooms import Reading, Scope, Show, Source
from mhc.jobs import sessions_close
from mhc.jobs.work import Work
from mhc.store import derived, observations, people, schema, sessions, visits
from mhc.store.database import Database
from mhc.store.observations import Poll

START = happening(0, "broadcastStart")
JUST_AFTER_5 = 5 + JUST_AFTER / timedelta(minutes=1)


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return load(environ={"HOME": str(tmp_path), "TZ": "UTC"})


def close(db: Database, settings: Settings, at: float) -> int:
    """Run the job at a minute of the story; give how many it ended."""
    work = Work(db, settings, {}, lambda: minute(at))
    sessions_close.run(work)
    return work.counts["ended"]


def times(conn: Connection) -> list[tuple[datetime, datetime | None]]:
    return [(one.started_at, one.ended_at) for one in reversed(sessions.list_all(conn))]


def sound(conn: Connection) -> bool:
    return not any(derived.differs(conn, room, MERGE_GAP) for room in derived.rooms(conn))


def test_a_session_ends_just_after_its_last_event_once_nothing_came_for_long(
    database: Database, settings: Settings
) -> None:
    with database.write() as conn:
        store(conn, [START, happening(1, "userEnter", "viewer_one"), chat(5, "viewer_one")])
    assert close(database, settings, 35) == 0  # not longer than the merge gap
    with database.read() as conn:
        assert times(conn) == [(minute(0), None)]
    assert close(database, settings, 36) == 1
    with database.read() as conn:
        assert times(conn) == [(minute(0), minute(JUST_AFTER_5))]
        (shown,) = conn.execute(select(schema.broadcast.c.ended_at, schema.broadcast.c.end_inferred)).all()
        assert tuple(shown) == (minute(JUST_AFTER_5), True)
        assert conn.execute(select(schema.visit.c.left_at)).scalars().all() == [minute(JUST_AFTER_5)]
        assert sound(conn)


def test_a_second_run_changes_nothing_and_neither_does_a_rebuild(
    database: Database, settings: Settings
) -> None:
    with database.write() as conn:
        store(conn, [START, chat(5, "viewer_one")])
    close(database, settings, 60)
    with database.read() as conn:
        before = times(conn)
    assert close(database, settings, 61) == close(database, settings, 5000) == 0
    with database.write() as conn:
        (room,) = derived.rooms(conn)
        derived.rebuild(conn, room, MERGE_GAP)
    with database.read() as conn:
        assert times(conn) == before
        assert sound(conn)
    assert close(database, settings, 5001) == 0


@pytest.mark.parametrize(
    ("late", "expected"),
    [
        ([chat(20, "viewer_two")], [(0, None)]),
        ([chat(20, "viewer_two"), happening(40, "broadcastStop")], [(0, 40)]),
        ([happening(60, "broadcastStop")], [(0, 60)]),
        ([chat(50, "viewer_two"), happening(60, "broadcastStop")], [(0, 60)]),
        ([happening(50, "broadcastStart"), happening(60, "broadcastStop")], [(0, JUST_AFTER_5), (50, 60)]),
        ([chat(3, "viewer_two")], [(0, JUST_AFTER_5)]),
        ([happening(200, "broadcastStart")], [(0, JUST_AFTER_5), (200, None)]),
        ([happening(20, "broadcastStart"), chat(25, "viewer_one")], [(0, None)]),
        ([happening(500, "userEnter", "viewer_one")], [(0, JUST_AFTER_5)]),
    ],
)  # fmt: skip
def test_events_that_come_late_after_all_say_what_was(
    database: Database,
    settings: Settings,
    late: list[tuple[datetime, str, dict[str, object]]],
    expected: list[tuple[int, float | None]],
) -> None:
    with database.write() as conn:
        store(conn, [START, happening(1, "userEnter", "viewer_one"), chat(5, "viewer_one")])
    assert close(database, settings, 100) == 1
    with database.write() as conn:
        store(conn, late, page=1)
    with database.read() as conn:
        assert times(conn) == [(minute(a), None if b is None else minute(b)) for a, b in expected]
        assert sound(conn)
        found = times(conn)
    with database.write() as conn:
        derived.rebuild(conn, derived.rooms(conn)[0], MERGE_GAP)
    with database.read() as conn:
        assert times(conn) == found
        assert not visits.differ(conn, derived.rooms(conn)[0])


def test_a_session_made_by_hand_ends_where_the_room_fell_silent(
    database: Database, settings: Settings
) -> None:
    with database.write() as conn:
        room = people.ensure(conn, [ROOM], source="manual", at=minute(-5))[ROOM]
        sessions.start(conn, room, minute(-5), "by hand")
        store(conn, [START, chat(5, "viewer_one")])
        cover(conn, 0, 20)  # then the listener is away
        cover(conn, 50, 60)
    assert close(database, settings, 30) == 0
    assert close(database, settings, 60) == 1  # the broadcast, which reopens where events come after all
    with database.write() as conn:
        assert times(conn) == [(minute(-5), None)]
        cover(conn, 60, 85)
    assert close(database, settings, 90) == 0
    with database.write() as conn:
        cover(conn, 100, 140)
    assert close(database, settings, 140) == 1
    with database.read() as conn:
        assert times(conn) == [(minute(-5), minute(JUST_AFTER_5))]
        assert sound(conn)
    assert close(database, settings, 150) == 0


def look(db: Database, at: float, *rooms: str) -> None:
    """Have a complete poll of the feed at a minute of the story show these rooms."""
    with db.write() as conn:
        poll = Poll(minute(at), Source.AFFILIATE, len(rooms), len(rooms), Scope.ALL, complete=True)
        observations.add_poll(conn, poll, [Reading(name, show=Show.PUBLIC) for name in rooms])


@pytest.mark.parametrize("by_hand", [False, True])
def test_a_room_that_the_feed_shows_online_goes_on_although_nothing_comes(
    database: Database, settings: Settings, by_hand: bool
) -> None:
    with database.write() as conn:
        if by_hand:
            room = people.ensure(conn, [ROOM], source="manual", at=minute(-5))[ROOM]
            sessions.start(conn, room, minute(-5), "by hand")
        store(conn, [START, chat(5, "viewer_one")])
        cover(conn, 0, 500)
    look(database, 55, ROOM)
    assert close(database, settings, 60) == 0
    look(database, 95, ROOM)
    assert close(database, settings, 125) == 0
    assert close(database, settings, 126) == 1  # nothing showed it for longer than the merge gap
    with database.read() as conn:
        assert times(conn) == [(minute(-5 if by_hand else 0), minute(JUST_AFTER_5))]
        assert sound(conn)


STOP_AT_40 = happening(40, "broadcastStop")


def origins(conn: Connection) -> list[str]:
    return [one.origin for one in reversed(sessions.list_all(conn))]


def rebuilt(conn: Connection) -> list[tuple[datetime, datetime | None]]:
    """Give the sessions after a rebuild; what is derived agrees with the events before it and after."""
    assert sound(conn)
    for room in derived.rooms(conn):
        derived.rebuild(conn, room, MERGE_GAP)
    assert sound(conn)
    return times(conn)


@pytest.mark.parametrize(
    "more", [[], [chat(at, f"viewer_{at % 2}") for at in range(16, 24)]], ids=["few", "many"]
)
def test_one_line_in_a_room_that_the_feed_shows_begins_a_session(
    database: Database, settings: Settings, more: list[Item]
) -> None:
    with database.write() as conn:
        store(
            conn, [happening(3, "userEnter", "viewer_one"), chat(10, "viewer_one"), tip(12, "viewer_one", 25)]
        )
    assert close(database, settings, 15) == 0
    with database.read() as conn:
        assert times(conn) == []  # nobody says that the room is on
    look(database, 15, ROOM)
    close(database, settings, 16)
    with database.write() as conn:
        assert (times(conn), origins(conn)) == ([(minute(10), None)], ["observed"])
        store(conn, [*more, chat(30, "viewer_one")], page=1)
        assert rebuilt(conn) == [(minute(10), None)]
        store(conn, [STOP_AT_40], page=2)
    assert close(database, settings, 42) == 1
    with database.write() as conn:
        assert rebuilt(conn) == [(minute(10), minute(40))]
    assert close(database, settings, 43) == 0


def test_a_silence_in_which_the_feed_shows_the_room_parts_no_session(
    database: Database, settings: Settings
) -> None:
    with database.write() as conn:
        store(conn, [START, tip(5, "viewer_one", 25)])
    look(database, 35, ROOM)
    assert close(database, settings, 40) == 0
    with database.write() as conn:
        store(conn, [chat(at, f"viewer_{at % 2}") for at in range(50, 97, 4)], page=1)
        store(conn, [happening(105, "broadcastStop")], page=2)
    close(database, settings, 110)
    with database.write() as conn:
        assert (rebuilt(conn), origins(conn)) == ([(minute(0), minute(105))], ["observed"])


def test_a_session_that_ended_by_silence_goes_on_with_a_line_while_the_feed_shows_the_room(
    database: Database, settings: Settings
) -> None:
    with database.write() as conn:
        store(conn, [START, tip(5, "viewer_one", 25)])
    assert close(database, settings, 40) == 1
    look(database, 45, ROOM)
    close(database, settings, 46)
    with database.write() as conn:
        assert times(conn) == [(minute(0), minute(JUST_AFTER_5))]  # nothing happened since
        store(conn, [chat(50, "viewer_one")], page=1)
    close(database, settings, 51)
    with database.write() as conn:
        assert rebuilt(conn) == [(minute(0), None)]
    assert close(database, settings, 100) == 1  # no poll shows it any more
    with database.write() as conn:
        assert rebuilt(conn) == [(minute(0), minute(50) + JUST_AFTER)]


def test_an_observed_session_lasts_as_long_as_what_comes_late_says(
    database: Database, settings: Settings
) -> None:
    with database.write() as conn:
        store(conn, [START, chat(5, "viewer_one")])
    look(database, 35, ROOM)
    close(database, settings, 40)
    assert close(database, settings, 100) == 1
    with database.write() as conn:
        assert (times(conn), origins(conn)) == ([(minute(0), minute(JUST_AFTER_5))], ["observed"])
        store(
            conn,
            [tip(60, "viewer_one", 25), happening(70, "broadcastStop"), happening(200, "broadcastStart")],
            page=1,
        )
        assert rebuilt(conn) == [(minute(0), minute(70)), (minute(200), None)]


@pytest.mark.parametrize("rooms", [(), ("another_room",)])
def test_a_room_that_the_feed_shows_no_more_is_silent(
    database: Database, settings: Settings, rooms: tuple[str, ...]
) -> None:
    with database.write() as conn:
        store(conn, [START, chat(5, "viewer_one")])
    look(database, 50, ROOM)
    for at in (55, 58):  # twice: one poll may pass over a room
        look(database, at, *rooms)
    assert close(database, settings, 60) == 1


def test_a_session_made_by_hand_of_which_nothing_was_captured_goes_on(
    database: Database, settings: Settings
) -> None:
    with database.write() as conn:
        room = people.ensure(conn, [ROOM], source="manual", at=minute(0))[ROOM]
        sessions.start(conn, room, minute(0), None)
    assert close(database, settings, 5000) == 0
    with database.read() as conn:
        assert times(conn) == [(minute(0), None)]
