"""A rebuild from the events gives the same sessions, keeps what was typed, and touches only its window."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Connection, delete, select, update

import factories
from factories import DAY, empty, happening, minute, show
from mhc.domain.broadcasts import MERGE_GAP
from mhc.domain.sessions import Span
from mhc.store import derived, rebuilding, schema, session_edits, session_notes, sessions, streams
from mhc.store.database import Database
from mhc.store.session_edits import Typed
from store.test_derived import BASE, dump, make, one_event, store


@pytest.fixture(scope="module")
def db(module_database: Database) -> Database:
    return module_database


def room_of(conn: Connection) -> int:
    return streams.list_all(conn)[0].room_id


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    steps=st.lists(one_event, min_size=1, max_size=30),
    cuts=st.lists(st.integers(0, 30), max_size=4),
    swap=st.tuples(st.integers(0, 4), st.integers(0, 4)),
    hand=st.none() | st.tuples(st.integers(0, 120), st.integers(1, 60)),
    window=st.none() | st.integers(-10, 300),
)
def test_pages_in_any_order_and_twice_and_a_rebuild_give_the_same_sessions(
    db: Database,
    steps: list[tuple[int, str, str, bool]],
    cuts: list[int],
    swap: tuple[int, int],
    hand: tuple[int, int] | None,
    window: int | None,
) -> None:
    made, begin = make(steps), datetime.fromtimestamp(BASE / 1000, UTC)
    edges = sorted({0, len(made), *(c for c in cuts if c < len(made))})
    pages = [made[a:b] for a, b in pairwise(edges)]
    one, other = (place % len(pages) for place in swap)
    arrived = list(pages)
    arrived[one], arrived[other] = arrived[other], arrived[one]
    told: list[dict[str, Any]] = []
    with db.write() as conn:
        for order in ([made], arrived, [*arrived, *arrived]):
            empty(conn)
            room = streams.ensure(conn, "example_room", streams.Kind.LIVE, "testserver", begin).room_id
            if hand is not None:
                start = begin + timedelta(minutes=hand[0])
                span = Span(start, start + timedelta(minutes=hand[1]))
                session_edits.add(conn, room, span, Typed("by hand"), MERGE_GAP)
            for page in order:
                store(conn, page)
            told.append(dump(conn))
        assert told[0] == told[1] == told[2]
        since = None if window is None else begin + timedelta(minutes=window)
        changes = rebuilding.rebuild(conn, room, since, MERGE_GAP)
        assert (changes.changed, changes.broadcasts, changes.visits) == (0, 0, 0)
        assert dump(conn) == told[0]


def tell(conn: Connection) -> list[int]:
    """Keep four shows, a day apart; give the numbers of their sessions."""
    items = [item for day in range(4) for item in show(day, "viewer_one", "viewer_two", minutes=20)]
    factories.store(conn, items)
    return [one.id for one in sessions.of_room(conn, room_of(conn))]


def spoil(conn: Connection) -> None:
    """Forget what was derived, but for what a person typed."""
    conn.execute(delete(schema.visit))
    conn.execute(delete(schema.broadcast))
    conn.execute(update(schema.stream_session).values(ended_at=schema.stream_session.c.started_at))


def test_what_is_wrong_is_found_again_in_the_window_only(database: Database) -> None:
    with database.write() as conn:
        numbers = tell(conn)
        right = dump(conn)
        spoil(conn)
        changes = rebuilding.rebuild(conn, room_of(conn), minute(2 * DAY - 60), MERGE_GAP)
        assert [(one.change, one.id) for one in changes.sessions] == [("changed", n) for n in numbers[2:]]
        assert (changes.broadcasts, changes.visits) == (2, 4)
        assert changes.sessions[0].was_ended_at == minute(2 * DAY)
        assert changes.sessions[0].ended_at == minute(2 * DAY + 20)
        (first, second, *others) = sessions.of_room(conn, room_of(conn))
        assert first.span == Span(minute(0), minute(0))
        assert second.span == Span(minute(DAY), minute(DAY))
        assert [one.span.ended_at for one in others] == [minute(2 * DAY + 20), minute(3 * DAY + 20)]
        assert conn.execute(select(schema.visit)).all() != []
        rebuilding.rebuild(conn, room_of(conn), None, MERGE_GAP)
        assert dump(conn) == right


def test_what_was_typed_stays(database: Database) -> None:
    with database.write() as conn:
        numbers = tell(conn)
        room = room_of(conn)
        one, other = (sessions.by_id(conn, number) for number in numbers[:2])
        assert one is not None
        assert other is not None
        session_edits.change(conn, one, one.span, Typed("Blue night", "lights", "blue"), MERGE_GAP)
        session_edits.change(conn, other, Span(minute(DAY - 10), minute(DAY + 30)), Typed(), MERGE_GAP)
        session_notes.add(conn, room, "sold out", at=minute(3 * DAY + 15), now=minute(9000))
        before = dump(conn)
        assert rebuilding.rebuild(conn, room, None, MERGE_GAP).changed == 0
        assert dump(conn) == before
        mine = schema.stream_session.c.id.in_([numbers[0], numbers[3]])
        conn.execute(
            update(schema.stream_session).where(mine).values(ended_at=schema.stream_session.c.started_at)
        )
        rebuilding.rebuild(conn, room, None, MERGE_GAP)
        assert dump(conn) == before
        found = sessions.by_id(conn, numbers[0])
        assert found is not None
        assert (found.title, found.theme, found.tags) == ("Blue night", "lights", "blue")
        last = sessions.by_id(conn, numbers[3])
        assert last is not None
        assert [note.body for note in session_notes.within(conn, room, last.span)] == ["sold out"]


@pytest.mark.parametrize("typed", ["title", "note", None])
def test_a_session_that_no_event_makes_stays_where_something_was_typed(
    database: Database, typed: str | None
) -> None:
    with database.write() as conn:
        numbers = tell(conn)
        room = room_of(conn)
        if typed == "note":
            session_notes.add(conn, room, "sold out", at=minute(DAY + 5), now=minute(9000))
        conn.execute(delete(schema.event).where(schema.event.c.at.between(minute(DAY), minute(DAY + 60))))
        if typed == "title":
            mine = schema.stream_session.c.id == numbers[1]
            conn.execute(update(schema.stream_session).where(mine).values(title="Blue night"))
        changes = rebuilding.rebuild(conn, room, None, MERGE_GAP)
        found = sessions.by_id(conn, numbers[1])
        if typed is None:
            assert [(one.change, one.id) for one in changes.sessions[:2]] == [
                ("gone", numbers[1]),
                ("same", numbers[0]),
            ]
            assert found is None
        else:
            assert changes.changed == 0
            assert found is not None
            assert found.origin == "manual"


def test_a_note_goes_to_the_start_where_its_session_turns_out_to_be_shorter(database: Database) -> None:
    with database.write() as conn:
        factories.store(conn, [happening(0, "broadcastStart"), happening(20, "broadcastStop")])
        room = room_of(conn)
        for at, words in ((5, "stays"), (15, "moves")):
            session_notes.add(conn, room, words, at=minute(at), now=minute(9000))
        factories.store(conn, [happening(10, "broadcastStop")], page=1)  # came late
        (one,) = sessions.of_room(conn, room)
        assert one.span == Span(minute(0), minute(10))
        noted = [(note.body, note.at) for note in session_notes.within(conn, room, one.span)]
        assert noted == [("moves", minute(0)), ("stays", minute(5))]


def test_a_preview_takes_back_what_it_did(database: Database) -> None:
    with database.write() as conn:
        tell(conn)
        spoil(conn)
        before = dump(conn)
        changes = rebuilding.rebuild(conn, room_of(conn), None, MERGE_GAP, preview=True)
        assert len(changes.sessions) == 4
        assert dump(conn) == before
        assert rebuilding.rebuild(conn, room_of(conn), None, MERGE_GAP) == changes


def test_a_window_that_begins_within_a_show_rebuilds_the_whole_of_it(database: Database) -> None:
    with database.write() as conn:
        tell(conn)
        factories.store(
            conn,
            [
                happening(4 * DAY + n, "chatMessage", f"viewer_{n % 2}", message={"message": "x"})
                for n in range(9)
            ],
            page=3,
        )
        right = dump(conn)
        conn.execute(delete(schema.broadcast).where(schema.broadcast.c.started_at >= minute(4 * DAY)))
        rebuilding.rebuild(conn, room_of(conn), minute(4 * DAY + 6), MERGE_GAP)
        assert dump(conn) == right
        assert not derived.differs(conn, room_of(conn), MERGE_GAP)
