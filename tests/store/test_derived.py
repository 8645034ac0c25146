"""What is derived from events is the same however they arrive."""

import json
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from sqlalchemy import Connection, select, text

from factories import empty
from mhc.domain.broadcasts import MERGE_GAP
from mhc.domain.events import EventId, parse_event
from mhc.store import (
    coverage,
    derived,
    events,
    follows,
    line_counts,
    messages,
    payment_quarters,
    recounting,
    schema,
    sessions,
    streams,
)
from mhc.store.database import Database
from mhc.store.streams import Kind

T0 = datetime(2026, 1, 1, 18, 0, tzinfo=UTC)
BASE = 1767225600000  # event ids count from here
PEOPLE = ("viewer_one", "viewer_two", "viewer_three")
METHODS = (
    "broadcastStart",
    "broadcastStop",
    "chatMessage",
    "tip",
    "userEnter",
    "userLeave",
    "follow",
    "unfollow",
    "privateMessage",
)

one_event = st.tuples(
    st.sampled_from(
        [0, 1, 60_000, 300_000, 1_000_000, 2_400_000, 12_000_000, 22_000_000]
    ),  # pause before it, in milliseconds
    st.sampled_from(METHODS),
    st.sampled_from(PEOPLE),
    st.booleans(),
)


def body(method: str, who: str, at_ms: int, seq: int, *, anonymous: bool = False) -> dict[str, Any]:
    payload: dict[str, Any] = {"broadcaster": "example_room", "user": {"username": who}}
    if method == "tip":
        payload["tip"] = {"tokens": 25, "isAnon": anonymous, "message": ""}
    if method == "chatMessage":
        payload["message"] = {"message": "hi"}
    if method == "privateMessage":
        sender, receiver = ("example_room", who) if anonymous else (who, "example_room")
        payload["user"] = {"username": sender}
        payload["message"] = {"message": "hi", "fromUser": sender, "toUser": receiver}
        payload["broadcaster"] = "" if seq % 2 else "example_room"  # "": outside any room
    return {"method": method, "object": payload, "id": f"{at_ms}-{seq}"}


def make(steps: list[tuple[int, str, str, bool]]) -> list[dict[str, Any]]:
    at, made = BASE, []
    for seq, (pause, method, who, anonymous) in enumerate(steps):
        at += pause
        made.append(body(method, who, at, seq, anonymous=anonymous))
    return made


def store(conn: Connection, page: list[dict[str, Any]], unseen: tuple[datetime, ...] = ()) -> None:
    source = streams.ensure(conn, "example_room", Kind.LIVE, "testserver", T0)
    parsed = []
    for item in page:
        raw = json.dumps(item).encode()
        parsed.append(parse_event(item, raw, EventId("unused")))
    added = events.add_new(conn, source.id, parsed, T0, made_by="test")
    for at in unseen:
        coverage.add_gap(conn, source.id, at, at + timedelta(minutes=5), cause="test", certain=True)
    derived.add(conn, source, added.new, MERGE_GAP, unseen)


def dump(conn: Connection) -> dict[str, list[tuple[Any, ...]]]:
    """Everything derived, without generated ids."""
    v, b, s, p = schema.visit.c, schema.broadcast.c, schema.stream_session.c, schema.person.c
    f = schema.follow_change.c
    queries = {
        "visits": select(p.username, v.entered_at, v.left_at, v.ending).join(
            schema.person, p.id == v.person_id
        ),
        "broadcasts": select(
            b.started_at, b.ended_at, b.start_inferred, b.end_inferred, s.started_at
        ).outerjoin(schema.stream_session, s.id == b.session_id),
        "sessions": select(s.started_at, s.ended_at, s.origin, s.title),
        "people": select(p.username, p.first_seen_at, p.last_seen_at),
        "follows": select(p.username, f.direction, f.state, f.at, f.source).join(
            schema.person, p.id == f.person_id
        ),
    }
    return {name: sorted(map(tuple, conn.execute(query)), key=repr) for name, query in queries.items()}


@pytest.fixture(scope="module")
def db(module_database: Database) -> Database:
    return module_database


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    steps=st.lists(one_event, min_size=1, max_size=40),
    cuts=st.lists(st.integers(0, 40), max_size=6),
    swaps=st.lists(st.tuples(st.integers(0, 7), st.integers(0, 7)), max_size=3),
    gaps=st.lists(st.integers(0, 40), max_size=2),
    moves=st.lists(st.tuples(st.integers(0, 39), st.integers(0, 7)), max_size=4),
)
@example(  # one event comes late in a page with one that is the latest, and a start lies between them
    steps=[
        (0, "broadcastStart", "viewer_one", False),
        (300_000, "broadcastStop", "viewer_one", False),
        (2_400_000, "broadcastStart", "viewer_one", False),
        (60_000, "broadcastStop", "viewer_one", False),
    ],
    cuts=[3],
    swaps=[],
    gaps=[],
    moves=[(1, 1)],
)
@example(  # starts at one instant, and two more of which the second comes in a page of its own
    steps=[(0, "broadcastStart", "viewer_one", False)] * 5
    + [(2_400_000, "broadcastStart", "viewer_one", False), (0, "broadcastStart", "viewer_one", False)],
    cuts=[6],
    swaps=[],
    gaps=[],
    moves=[],
)
@example(  # two enters at one instant before a page that comes late
    steps=[
        (0, "broadcastStart", "viewer_one", False),
        (0, "userEnter", "viewer_one", False),
        (0, "userEnter", "viewer_one", False),
        (1, "broadcastStop", "viewer_one", False),
    ],
    cuts=[3],
    swaps=[],
    gaps=[],
    moves=[],
)
@example(  # a certain gap that is later than all that came, and an enter after it was noted
    steps=[(0, "broadcastStart", "viewer_one", False)] * 2 + [(1, "userEnter", "viewer_one", False)],
    cuts=[1, 2],
    swaps=[],
    gaps=[1],
    moves=[],
)
@example(  # a stop ended a silence, and then a line comes late with which a broadcast began in it
    steps=[
        (0, "broadcastStart", "viewer_one", False),
        (2_400_000, "chatMessage", "viewer_one", False),
        *[(60_000, "chatMessage", name, False) for name in ("viewer_two", "viewer_one") * 2],
        (60_000, "broadcastStop", "viewer_one", False),
        (60_000, "userEnter", "viewer_one", False),
    ],
    cuts=[7],
    swaps=[],
    gaps=[],
    moves=[(3, 1)],
)
def test_pages_in_any_order_derive_what_a_rebuild_derives(
    db: Database,
    steps: list[tuple[int, str, str, bool]],
    cuts: list[int],
    swaps: list[tuple[int, int]],
    gaps: list[int],
    moves: list[tuple[int, int]],
) -> None:
    made = make(steps)
    edges = sorted({0, len(made), *(c for c in cuts if c < len(made))})
    pages = [made[a:b] for a, b in pairwise(edges)]
    for event, page in moves:  # to where it is not in order
        if event < len(made) and page < len(pages):
            pages = [[one for one in kept if one is not made[event]] for kept in pages]
            pages[page].append(made[event])
    for one, other in swaps:
        if one < len(pages) and other < len(pages):
            pages[one], pages[other] = pages[other], pages[one]
    unseen = [datetime.fromtimestamp(BASE / 1000 + i * 60, tz=UTC) for i in gaps]
    with db.write() as conn:
        empty(conn)
        for place, kept in enumerate(pages):
            store(conn, kept, tuple(unseen) if place == len(pages) // 2 else ())
        arrived = dump(conn)
        room = streams.list_all(conn)[0].room_id
        assert not derived.differs(conn, room, MERGE_GAP)
        derived.rebuild(conn, room, MERGE_GAP)
        assert dump(conn) == arrived
        assert recounting.differences(conn) == follows.differences(conn) == line_counts.differences(conn) == 0
        assert payment_quarters.differences(conn) == 0
        own = messages.owners(conn)
        assert messages.threads(conn, own) == messages.threads(conn, own._replace(alone=False))
        recounting.rebuild(conn)
        line_counts.rebuild(conn)
        assert line_counts.differences(conn) == 0
        payment_quarters.rebuild(conn)
        assert payment_quarters.differences(conn) == 0
        follows.rebuild(conn)
        assert dump(conn) == arrived


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=st.lists(one_event, min_size=1, max_size=40))
def test_sessions_never_overlap_and_one_is_open(
    db: Database, steps: list[tuple[int, str, str, bool]]
) -> None:
    with db.write() as conn:
        empty(conn)
        for item in make(steps):
            store(conn, [item])
        room = streams.list_all(conn)[0].room_id
        spans = [s.span for s in sessions.of_room(conn, room)]
        for before, later in pairwise(spans):
            assert before.ended_at is not None
            assert before.ended_at < later.started_at
        assert conn.execute(text("SELECT count(*) FROM visit WHERE left_at < entered_at")).scalar() == 0
