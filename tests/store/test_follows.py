"""Follows: the state is the last change; those of the feed follow from its events, the others stay as they were told."""

from datetime import timedelta

import pytest
from sqlalchemy import Connection, delete, select, update

from factories import ROOM, chat, happening, minute, store, tell_story
from mhc.domain.broadcasts import MERGE_GAP
from mhc.store import follows, inventory, people
from mhc.store.database import Database
from mhc.store.follows import Direction, State
from mhc.store.schema import follow_change
from mhc.store.streams import Kind


def ids(conn: Connection, *names: str) -> list[int]:
    found = people.ensure(conn, names, source="manual", at=minute(0))
    return [found[name] for name in names]


def kept(conn: Connection) -> list[tuple[str, str, str]]:
    columns = (follow_change.c.state, follow_change.c.at, follow_change.c.source)
    rows = conn.execute(select(*columns).order_by(follow_change.c.at, follow_change.c.state))
    return [(row.state, f"{(row.at - minute(0)) / timedelta(minutes=1):g}", row.source) for row in rows]


def test_the_feed_tells_who_began_and_who_ceased_to_follow(database: Database) -> None:
    tell_story(database)
    with database.read() as conn:
        assert kept(conn) == [("yes", "4", "events"), ("no", "1450", "events")]
        (one,) = people.find(conn, "viewer_one")
        assert follows.last(conn, [one.id]) == follows.Change(State.NO, minute(1450))


def test_an_event_that_comes_late_does_not_change_what_is_so_now(database: Database) -> None:
    with database.write() as conn:
        store(conn, [happening(5, "unfollow", "viewer_one")])
        store(conn, [happening(1, "follow", "viewer_one")], page=1)
        (one,) = ids(conn, "viewer_one")
        assert follows.last(conn, [one]) == follows.Change(State.NO, minute(5))


def test_the_testbed_tells_nothing(database: Database) -> None:
    with database.write() as conn:
        store(conn, [happening(1, "follow", "viewer_one")], kind=Kind.TESTBED)
        assert kept(conn) == []
        assert follows.differences(conn) == 0


def test_what_another_source_says_is_kept_once_and_survives_a_repair(database: Database) -> None:
    tell_story(database)
    with database.write() as conn:
        one, two, room = ids(conn, "viewer_one", "viewer_two", ROOM)
        for expected in (True, False):
            said = follows.add(conn, room, two, "follower", "yes", at=minute(2), source="import", batch_id=7)
            assert said is expected
        assert follows.add(conn, room, one, "following", "unknown", at=minute(2), source="import")
        before = kept(conn)
    inventory.repair(database, MERGE_GAP)
    with database.read() as conn:
        assert kept(conn) == before
        assert len(before) == 4
        assert follows.last(conn, [two], [room]) == follows.Change(State.YES, minute(2))
        assert follows.last(conn, [two], [one]) is None
        assert follows.last(conn, [one], direction=Direction.FOLLOWING) == follows.Change(
            State.UNKNOWN, minute(2)
        )


def test_words_that_mean_nothing_are_refused(database: Database) -> None:
    with database.write() as conn:
        one, room = ids(conn, "viewer_one", ROOM)
        with pytest.raises(ValueError, match="perhaps"):
            follows.add(conn, room, one, "follower", "perhaps", at=minute(0), source="import")
        with pytest.raises(ValueError, match="sideways"):
            follows.add(conn, room, one, "sideways", "yes", at=minute(0), source="import")


def test_a_check_finds_what_is_missing_too_many_or_wrong_and_a_repair_mends_it(database: Database) -> None:
    tell_story(database)
    for spoil, wrong in (
        (delete(follow_change).where(follow_change.c.state == "no"), 1),
        (update(follow_change).where(follow_change.c.state == "no").values(at=minute(9)), 2),
        (update(follow_change).where(follow_change.c.state == "no").values(state="unknown"), 2),
    ):
        with database.write() as conn:
            conn.execute(spoil)
        assert inventory.problems(database, MERGE_GAP) == [f"{wrong} follows are not what the events say"]
        inventory.repair(database, MERGE_GAP)
        assert inventory.problems(database, MERGE_GAP) == []


def test_a_page_without_a_follow_costs_no_statement(sqlite_database: Database) -> None:
    with sqlite_database.write() as conn:
        driver = conn.connection.driver_connection
        assert driver is not None
        said: list[str] = []
        store(conn, [chat(1, "viewer_one")])
        driver.set_trace_callback(said.append)
        store(conn, [chat(2, "viewer_one")], page=1)
        assert said
        assert not [one for one in said if "follow_change" in one]
        store(conn, [happening(3, "follow", "viewer_one")], page=2)
        assert [one for one in said if "follow_change" in one]
        driver.set_trace_callback(None)
