"""Follows: the state is the last change; those of the feed follow from its events, the others stay as they were told."""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Connection, delete, select, text, update

from factories import ROOM, chat, empty, happening, minute, store, tell_story
from mhc.domain.broadcasts import MERGE_GAP
from mhc.store import follows, identity, inventory, people, segments
from mhc.store.database import Database
from mhc.store.follows import Direction, State
from mhc.store.schema import follow_change, person
from mhc.store.segments import Range
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
        for _twice in range(2):
            follows.add(conn, room, [two], "follower", "yes", at=minute(2), source="import", batch_id=7)
        follows.add(conn, room, [one], "following", "unknown", at=minute(2), source="import")
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
            follows.add(conn, room, [one], "follower", "perhaps", at=minute(0), source="import")
        with pytest.raises(ValueError, match="sideways"):
            follows.add(conn, room, [one], "sideways", "yes", at=minute(0), source="import")


def test_a_check_finds_what_is_missing_too_many_or_wrong_and_a_repair_mends_it(database: Database) -> None:
    tell_story(database)
    for spoil, wrong in (
        (delete(follow_change).where(follow_change.c.state == "no"), 2),  # and no other is the last now
        (update(follow_change).where(follow_change.c.state == "no").values(at=minute(9)), 2),
        (update(follow_change).where(follow_change.c.state == "no").values(state="unknown"), 2),
        (update(follow_change).where(follow_change.c.state == "no").values(is_last=False), 1),
        (update(follow_change).where(follow_change.c.state == "yes").values(is_last=True), 1),
    ):
        with database.write() as conn:
            conn.execute(spoil)
        said = "1 follow is" if wrong == 1 else f"{wrong} follows are"
        assert inventory.problems(database, MERGE_GAP) == [f"{said} not what the events say"]
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


WHO = ["viewer_one", "viewer_two", "viewer_three", "viewer_four"]
whose = st.sampled_from(WHO)
rooms = st.sampled_from([ROOM, "other_room"])
at = st.integers(0, 5)
# A page of events, a list of which the number is given, that list taken back, or all that is derived made anew.
pages = st.lists(st.tuples(at, st.sampled_from(["follow", "unfollow"]), whose, rooms), min_size=1, max_size=4)
told = st.tuples(
    st.integers(1, 3), st.sets(whose), rooms, st.sampled_from(Direction), st.sampled_from(State), at
)
histories = st.lists(st.one_of(pages, told, st.integers(1, 3), st.none()), max_size=8)


def happens(conn: Connection, step: object, place: int, known: dict[str, int]) -> None:
    if isinstance(step, list):
        items = [happening(when, method, who, room=room) for when, method, who, room in step]
        store(conn, items, page=place)
    elif isinstance(step, tuple):
        number, some, room, way, state, when = step
        those = [known[who] for who in some]
        follows.add(
            conn, known[room], those, way, state, at=minute(when), source=f"list {number}", batch_id=number
        )
    elif isinstance(step, int):
        follows.take_back(conn, step)
    else:
        follows.rebuild(conn)


def wrongly_marked(conn: Connection) -> list[object]:
    """Give the changes of which reading all of them says something else than their mark."""
    c = follow_change.c
    rows = conn.execute(select(c.room_id, c.person_id, c.direction, c.at, c.state, c.is_last)).all()
    last = {tuple(row[:3]): (row.at, row.state) for row in sorted(rows, key=lambda row: (row.at, row.state))}
    return [row for row in rows if row.is_last != (last[tuple(row[:3])] == (row.at, row.state))]


def followers(conn: Connection, of: Range) -> tuple[set[int], set[int], set[int]]:
    """Give who follows: of people with one row, of the others, and of the first each looked up."""
    found = segments.followers(of)
    looked_up = segments.followers(of._replace(among=[1]))
    each = conn.execute(select(person.c.id).where(looked_up.holds(person.c.id))).scalars()
    alone, merged = (set(conn.execute(query).scalars()) for query in (found.alone, found.merged))
    return alone, merged, set(each)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(history=histories, merges=st.sampled_from([[], WHO[:2], WHO[:3], [ROOM, "other_room"]]))
def test_which_change_is_the_last_is_known_whatever_came_and_in_whatever_order(
    module_database: Database, history: Sequence[object], merges: list[str]
) -> None:
    with module_database.write() as conn:
        empty(conn)
        known = people.ensure(conn, [*WHO, ROOM, "other_room"], source="manual", at=minute(0))
        if merges:
            root, *others = (known[name] for name in merges)
            identity.merge(conn, root, others, at=minute(0))
        for place, step in enumerate(history):
            happens(conn, step, place, known)
            assert wrongly_marked(conn) == []
        assert follows.differences(conn) == 0
        for some in (None, [known[ROOM]], [known[ROOM], known["other_room"]], []):
            now = Range(some, None, None)
            assert followers(conn, now) == followers(conn, now._replace(until=minute(1_000_000)))


def hear(conn: Connection) -> None:
    store(conn, [happening(6, "unfollow", "viewer_one")], page=1)


def bring_list(conn: Connection) -> None:
    one, room = ids(conn, "viewer_one", ROOM)
    follows.add(conn, room, [one], "follower", "yes", at=minute(5), source="import", batch_id=7)


def take_list_back(conn: Connection) -> None:
    follows.take_back(conn, 7)


@pytest.mark.parametrize(
    ("first", "second"),
    [(hear, bring_list), (bring_list, hear), (hear, take_list_back), (take_list_back, hear)],
)
def test_a_list_and_a_listener_that_tell_of_somebody_at_once_know_of_each_other(
    postgres_database: Database, first: Callable[[Connection], None], second: Callable[[Connection], None]
) -> None:
    """On PostgreSQL, where writers run side by side."""
    db = postgres_database
    with db.write() as conn:
        store(conn, [happening(4, "follow", "viewer_one")])
        if take_list_back in {first, second}:
            bring_list(conn)

    def run_second() -> None:
        with db.write() as conn:
            second(conn)

    waits = "SELECT count(*) FROM pg_locks WHERE NOT granted"
    with ThreadPoolExecutor(1) as pool:
        with db.write() as conn:
            first(conn)
            running = pool.submit(run_second)
            while not (running.done() or conn.execute(text(waits)).scalar()):
                pass
        running.result()
    with db.read() as conn:
        assert follows.differences(conn) == 0
