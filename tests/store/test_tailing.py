"""What is new in a feed that may lag, jump and mix its order."""

import json
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta

from mhc.domain.clock import to_ms
from mhc.domain.events import EventId, parse_event
from mhc.store import events, streams
from mhc.store.database import Database
from mhc.store.events import StoredEvent
from mhc.store.history import Filter
from mhc.store.streams import Kind
from mhc.store.tailing import Tail

NOW = datetime(2026, 3, 1, 20, 0, tzinfo=UTC)
ROOM = "example_room"


def page(
    db: Database, minutes: Iterable[float], received: float, *, kind: Kind = Kind.LIVE, room: str = ROOM
) -> None:
    """Keep follows that happened so many minutes after NOW, received at another."""
    parsed = []
    for minute in minutes:
        at = NOW + timedelta(minutes=minute)
        body = {"method": "follow", "object": {"broadcaster": room, "user": {"username": "viewer_one"}}}
        body["id"] = f"{to_ms(at)}-0"
        parsed.append(parse_event(body, json.dumps(body).encode(), EventId("unused")))
    with db.write() as conn:
        source = streams.ensure(conn, room, kind, "testserver", NOW)
        events.add_new(conn, source.id, parsed, NOW + timedelta(minutes=received), made_by="test")


def minutes(found: Iterable[StoredEvent]) -> list[float]:
    return [(one.at - NOW) / timedelta(minutes=1) for one in found]


def begun(db: Database, number: int = 10, **wanted: object) -> tuple[Tail, list[float]]:
    tail = Tail(Filter(**wanted))  # type: ignore[arg-type]
    with db.read() as conn:
        return tail, minutes(tail.last(conn, number))


def look(db: Database, tail: Tail) -> list[float]:
    with db.read() as conn:
        return minutes(tail.fresh(conn))


def test_the_last_ones_and_then_each_new_one_once(database: Database) -> None:
    page(database, [1, 2, 3], 3)
    tail, last = begun(database, 2)
    assert last == [2, 3]
    assert look(database, tail) == []
    page(database, [3.5, 4], 4)
    assert look(database, tail) == [3.5, 4]
    assert look(database, tail) == []


def test_a_database_that_is_not_there_yet(bare_database: Database) -> None:
    if not bare_database.is_sqlite:
        bare_database.create()
    tail, last = begun(bare_database)
    assert (last, look(bare_database, tail)) == ([], [])
    page(bare_database, [1, 2], 2)
    assert look(bare_database, tail) == [1, 2]


def test_a_feed_that_lags_for_hours_is_followed_page_by_page(database: Database) -> None:
    page(database, [-200], -200)
    tail, _ = begun(database)
    for first in (-150, -120, -90):
        page(database, [first, first + 20], 0)
        assert look(database, tail) == [first, first + 20]
    page(database, [-1, 0], 0)
    assert look(database, tail) == [-1, 0]


def test_an_event_may_come_a_little_late(database: Database) -> None:
    page(database, [10], 10)
    tail, _ = begun(database)
    page(database, [6, 11], 11)
    assert look(database, tail) == [6, 11]


def test_an_event_of_the_future_hides_nothing(database: Database) -> None:
    page(database, [1], 1)
    tail, _ = begun(database)
    page(database, [2, 9], 2)
    assert look(database, tail) == [2, 9]
    page(database, [3], 3)
    assert look(database, tail) == [3]
    assert max(window.since for window in tail._windows.values() if window.since) < NOW
    again, last = begun(database)
    assert last == [1, 2, 3, 9]
    page(database, [4], 4)
    assert (look(database, again), look(database, tail)) == ([4], [4])


def test_a_clock_that_was_set_back_hides_nothing(database: Database) -> None:
    page(database, [1, 2], 100)
    tail, _ = begun(database)
    page(database, [3], 3)
    assert look(database, tail) == [3]


def test_two_streams_in_one_order_and_none_of_the_testbed(database: Database) -> None:
    page(database, [1], 1)
    tail, _ = begun(database)
    page(database, [2, 5], 5)
    page(database, [3, 4], 5, room="second_room")
    page(database, [2.5], 5, kind=Kind.TESTBED)
    assert look(database, tail) == [2, 3, 4, 5]


def test_only_what_was_asked_for(database: Database) -> None:
    page(database, [1], 1)
    page(database, [1], 1, room="second_room")
    with database.read() as conn:
        room_id = streams.list_all(conn, "second_room")[0].room_id
    tail, last = begun(database, room_ids=(room_id,), methods=("follow",))
    other, nothing = begun(database, methods=("tip",))
    assert (last, nothing) == ([1], [])
    page(database, [2], 2)
    page(database, [3], 3, room="second_room")
    assert (look(database, tail), look(database, other)) == ([3], [])
