"""Stored events come back in order of time, whole, however many there are and whichever way they are read."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest
from sqlalchemy import select, text

from factories import ROOM, T0, chat, happening, minute, private, store, tip
from mhc.store import history, people
from mhc.store.database import Database
from mhc.store.history import Filter
from mhc.store.streams import Kind


@pytest.fixture
def story(database: Database, monkeypatch: pytest.MonkeyPatch) -> Database:
    """Twenty events in two streams, many at one instant, read in blocks of three."""
    monkeypatch.setattr(history, "BLOCK", 3)
    with database.write() as conn:
        store(conn, [happening(0, "userEnter", "viewer_one"), *[tip(1, "viewer_one", 25)] * 9])
        store(conn, [chat(1, "viewer_two")] * 5, room="other_room")
        store(conn, [private(2, "viewer_one", ROOM, "psst"), tip(3, "viewer_two", 5, anonymous=True)], page=1)
        store(conn, [chat(4, "viewer_two")] * 3, kind=Kind.TESTBED, page=2)
    return database


def keys(
    db: Database, wanted: Filter, limit: int | None = None, *, newest_first: bool = True
) -> list[tuple[str, str]]:
    found = history.read(db, wanted, limit, newest_first=newest_first)
    return [(one.event_id, one.source) for one in found]


def test_both_ways_give_the_same_events_turned_round(story: Database) -> None:
    newest = keys(story, Filter())
    assert len(newest) == 17
    assert keys(story, Filter(), newest_first=False) == newest[::-1]
    assert keys(story, Filter(), 4) == newest[:4]
    assert keys(story, Filter(), 3) == newest[:3]


def test_the_testbed_is_left_out_unless_asked_for(story: Database) -> None:
    assert {source for _id, source in keys(story, Filter())} == {"live"}
    assert len(keys(story, Filter(testbed=True))) == 20


def test_a_range_is_half_open(story: Database) -> None:
    assert len(keys(story, Filter(since=minute(1), until=minute(2)))) == 14
    assert keys(story, Filter(since=datetime(2030, 1, 1, tzinfo=UTC))) == []


def test_a_person_has_both_sides_and_anonymous_tips_only_when_revealed(story: Database) -> None:
    with story.read() as conn:
        known = people.ids_of(conn, ["viewer_two", ROOM])
    mine = Filter(person_ids=(known["viewer_two"],))
    assert len(keys(story, mine)) == 5
    assert len(keys(story, replace(mine, reveal=True))) == 6
    assert [one.partner for one in history.read(story, Filter(person_ids=(known[ROOM],)))] == [ROOM]


def test_the_count_is_that_of_the_rows(story: Database) -> None:
    with story.read() as conn:
        for wanted in (Filter(), Filter(methods=("tip",)), Filter(since=minute(1)), Filter(testbed=True)):
            assert history.count(conn, wanted) == len(keys(story, wanted))


def test_no_lane_reads_the_whole_table(sqlite_database: Database) -> None:
    with sqlite_database.write() as conn:
        store(conn, [tip(place, "viewer_one", 5) for place in range(50)])
    with sqlite_database.read() as conn:
        person = people.ids_of(conn, ["viewer_one"])["viewer_one"]
        seen: list[str] = []
        for wanted in (Filter(), Filter(since=T0), Filter(person_ids=(person,))):
            for lane in history.lanes(conn, wanted):
                query = select(*history.KEY).where(*lane).order_by(*history.KEY).limit(20)
                words = str(query.compile(conn, compile_kwargs={"literal_binds": True}))
                seen += [str(row[3]) for row in conn.execute(text(f"EXPLAIN QUERY PLAN {words}"))]
    assert seen
    assert not [step for step in seen if step.startswith("SCAN event")]
