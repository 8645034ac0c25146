"""A broadcast that ended by silence reads the same however events come, before it and after."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Connection, update

import factories
from factories import chat, empty, happening, minute
from mhc.domain.broadcasts import JUST_AFTER, MERGE_GAP
from mhc.domain.sessions import Span
from mhc.store import derived, rebuilding, schema, sessions, silence, streams
from mhc.store.database import Database
from store.test_derived import BASE, PEOPLE, dump, make, one_event, store

quiet = st.tuples(
    st.sampled_from([60_000, 60_000, 2_400_000, 12_000_000, 22_000_000]),
    st.sampled_from(["broadcastStart", "broadcastStop", "userEnter", "chatMessage", "chatMessage", "tip"]),
    st.sampled_from(PEOPLE[:2]),
    st.just(False),
)


@pytest.fixture(scope="module")
def db(module_database: Database) -> Database:
    return module_database


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    steps=st.lists(one_event, min_size=1, max_size=20) | st.lists(quiet, min_size=5, max_size=20),
    cuts=st.lists(st.integers(0, 20), max_size=4),
    swap=st.tuples(st.integers(0, 4), st.integers(0, 4)),
    closed=st.sets(st.integers(0, 4)),
)
def test_what_ended_by_silence_agrees_with_its_events(
    db: Database,
    steps: list[tuple[int, str, str, bool]],
    cuts: list[int],
    swap: tuple[int, int],
    closed: set[int],
) -> None:
    made = make(steps)
    edges = sorted({0, len(made), *(c for c in cuts if c < len(made))})
    pages = [made[a:b] for a, b in pairwise(edges)]
    one, other = (place % len(pages) for place in swap)
    pages[one], pages[other] = pages[other], pages[one]
    late = datetime.fromtimestamp(BASE / 1000, UTC) + timedelta(days=30)
    with db.write() as conn:
        empty(conn)
        for place, page in enumerate(pages):
            store(conn, page)
            room = streams.list_all(conn)[0].room_id
            if place in closed:
                silence.end_silent(conn, room, late, MERGE_GAP)
            assert not derived.differs(conn, room, MERGE_GAP)
        silence.end_silent(conn, room, late, MERGE_GAP)
        arrived = dump(conn)
        assert not derived.differs(conn, room, MERGE_GAP)
        assert silence.end_silent(conn, room, late, MERGE_GAP) is None
        derived.rebuild(conn, room, MERGE_GAP)
        assert dump(conn) == arrived
        # The same as if nothing had ever been ended in between.
        empty(conn)
        for page in pages:
            store(conn, page)
        silence.end_silent(conn, streams.list_all(conn)[0].room_id, late, MERGE_GAP)
        assert dump(conn) == arrived


def ended_as_once(conn: Connection) -> int:
    """Have a broadcast of which the stop never came, ended at its last event as it was once; give its room."""
    factories.store(conn, [happening(0, "broadcastStart"), chat(5, "viewer_one")])
    room = streams.list_all(conn)[0].room_id
    assert silence.end_silent(conn, room, minute(600), MERGE_GAP) == minute(5) + JUST_AFTER
    for table in (schema.broadcast, schema.stream_session):
        conn.execute(update(table).values(ended_at=minute(5)))
    return room


def test_what_ended_at_its_last_event_once_is_set_right_by_a_rebuild(database: Database) -> None:
    with database.write() as conn:
        room = ended_as_once(conn)
        assert derived.differs(conn, room, MERGE_GAP)
        assert rebuilding.rebuild(conn, room, None, MERGE_GAP).changed == 1
        assert [one.span for one in sessions.of_room(conn, room)] == [Span(minute(0), minute(5) + JUST_AFTER)]
        assert not derived.differs(conn, room, MERGE_GAP)


@pytest.mark.parametrize("late", [False, True])
def test_what_ended_at_its_last_event_once_lasts_until_a_stop_that_comes(
    database: Database, *, late: bool
) -> None:
    with database.write() as conn:
        room = ended_as_once(conn)
        more = [happening(60, "broadcastStop"), happening(100, "userEnter", "viewer_one")]
        for page, one in enumerate(reversed(more) if late else more, start=1):
            factories.store(conn, [one], page=page)
        assert [one.span for one in sessions.of_room(conn, room)] == [Span(minute(0), minute(60))]
        assert len(sessions.broadcasts(conn, room)) == 1
        assert not derived.differs(conn, room, MERGE_GAP)
