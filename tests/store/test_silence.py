"""A broadcast that ended by silence reads the same however events come, before it and after."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from factories import empty
from mhc.domain.broadcasts import MERGE_GAP
from mhc.store import derived, silence, streams
from mhc.store.database import Database
from store.test_derived import BASE, PEOPLE, dump, make, one_event, store

quiet = st.tuples(
    st.sampled_from([60_000, 60_000, 2_400_000]),
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
