"""What is older than the policy keeps it goes, and nothing else reads otherwise."""

import json
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from sqlalchemy import Connection, insert, select, update

import factories
from factories import empty, minute
from mhc.domain.broadcasts import MERGE_GAP
from mhc.domain.clock import EPOCH, from_ms
from mhc.domain.events import EventId, Flag, parse_event
from mhc.domain.packing import unpack
from mhc.errors import CheckError
from mhc.store import coverage, derived, events, inventory, pruning, recounting, runs, schema, streams
from mhc.store.database import Database
from mhc.store.pruning_text import Job
from mhc.store.streams import Kind

T0 = datetime(2026, 1, 1, 18, 0, tzinfo=UTC)
BASE = 1767225600000  # event ids count from here
PEOPLE = ("viewer_one", "viewer_two", "Anonymous")
METHODS = (
    "broadcastStart",
    "broadcastStop",
    "chatMessage",
    "tip",
    *("userEnter", "userLeave") * 3,
    "privateMessage",
)
EVERYTHING = ("private_text", "chat", "presence")

one_event = st.tuples(
    st.sampled_from([0, 1, 60_000, 300_000, 1_000_000, 2_400_000]),  # pause before it, in milliseconds
    st.sampled_from(METHODS),
    st.sampled_from(PEOPLE),
)


@pytest.fixture(scope="module")
def db(module_database: Database) -> Database:
    return module_database


def body(method: str, who: str, at_ms: int, seq: int) -> dict[str, Any]:
    payload: dict[str, Any] = {"broadcaster": "example_room", "user": {"username": who}}
    if method == "tip":
        payload["tip"] = {"tokens": 25, "isAnon": False, "message": "secret note"}
    if method == "chatMessage":
        payload["message"] = {"message": "secret words", "orig": "secret words"}
    if method == "privateMessage":
        payload["message"] = {"message": "secret words", "fromUser": who, "toUser": "example_room"}
    return {"method": method, "object": payload, "id": f"{at_ms}-{seq}"}


def make(steps: list[tuple[int, str, str]]) -> list[dict[str, Any]]:
    at, made = BASE, []
    for seq, (pause, method, who) in enumerate(steps):
        at += pause
        made.append(body(method, who, at, seq))
    return made


def store(conn: Connection, page: list[dict[str, Any]], unseen: tuple[datetime, ...] = ()) -> events.Added:
    source = streams.ensure(conn, "example_room", Kind.LIVE, "testserver", T0)
    parsed = [parse_event(item, json.dumps(item).encode(), EventId("unused")) for item in page]
    added = events.add_new(conn, source.id, parsed, T0, made_by="test")
    for at in unseen:
        coverage.add_gap(conn, source.id, at, at + timedelta(minutes=5), cause="test", certain=True)
    derived.add(conn, source, added.new, MERGE_GAP, unseen)
    return added


def prune(db: Database, names: tuple[str, ...], before: datetime, batch: int = 500) -> dict[str, int]:
    with db.write() as conn:
        run_id = runs.begin(conn, pruning.JOB, "testhost", T0)
    return dict(pruning.prune(db, {name: Job(before, MERGE_GAP, batch) for name in names}, run_id))


def dump(conn: Connection) -> dict[str, list[tuple[Any, ...]]]:
    """Give what must read the same, without generated ids."""
    b, s, p, t = schema.broadcast.c, schema.stream_session.c, schema.person.c, schema.person_total
    queries = {
        "broadcasts": select(
            b.started_at, b.ended_at, b.start_inferred, b.end_inferred, s.started_at
        ).outerjoin(schema.stream_session, s.id == b.session_id),
        "sessions": select(s.started_at, s.ended_at, s.origin, s.title),
        "people": select(p.username, p.role, p.first_seen_at, p.last_seen_at),
        "totals": select(p.username, *(c for c in t.c if not c.name.endswith("_id"))).join(
            schema.person, p.id == t.c.person_id
        ),
    }
    return {name: sorted(map(tuple, conn.execute(query)), key=repr) for name, query in queries.items()}


def stays(conn: Connection) -> list[tuple[Any, ...]]:
    v, p = schema.visit.c, schema.person.c
    query = select(p.username, v.entered_at, v.left_at, v.ending).join(schema.person, p.id == v.person_id)
    return sorted(map(tuple, conn.execute(query)), key=repr)


def rows(conn: Connection, *methods: int) -> list[Any]:
    return sorted(map(tuple, conn.execute(select(schema.event).where(schema.event.c.method_id.in_(methods)))))


OTHERS = (1, 2, 10)  # no messages, and nobody who comes or leaves


@settings(max_examples=50, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    steps=st.lists(one_event, min_size=1, max_size=40),
    limit=st.integers(0, 41),
    gaps=st.lists(st.integers(0, 39), max_size=2),
    batch=st.sampled_from([1, 2, 3, 500]),
)
@example(  # a visit that ends at the very limit
    steps=[
        (0, "broadcastStart", "viewer_one"),
        (0, "userEnter", "viewer_one"),
        (60_000, "userLeave", "viewer_one"),
        (0, "userEnter", "viewer_one"),
    ],
    limit=2,
    gaps=[],
    batch=500,
)
@example(  # a broadcast in which for long nobody did more than come and leave
    steps=[
        (0, "chatMessage", "viewer_two"),
        (0, "broadcastStart", "viewer_one"),
        *[(1_000_000, "userEnter", "Anonymous")] * 9,
        (1_000_000, "chatMessage", "viewer_two"),
    ],
    limit=11,
    gaps=[],
    batch=2,
)
def test_whatever_is_pruned_all_that_is_kept_reads_as_before(
    db: Database, steps: list[tuple[int, str, str]], limit: int, gaps: list[int], batch: int
) -> None:
    page = make(steps)
    times = [datetime.fromtimestamp(int(one["id"].split("-")[0]) / 1000, UTC) for one in page]
    before = times[limit] if limit < len(times) else times[-1] + timedelta(minutes=1)
    with db.write() as conn:
        empty(conn)
        store(conn, page, tuple(times[place] for place in sorted(set(gaps)) if place < len(times)))
    with db.read() as conn:
        told, visits, kept = dump(conn), stays(conn), rows(conn, *OTHERS)
        assert inventory.problems(db, MERGE_GAP) == []
    prune(db, EVERYTHING, before, batch)
    with db.read() as conn:
        assert inventory.problems(db, MERGE_GAP) == []
        assert dump(conn) == told
        assert rows(conn, *OTHERS) == kept
        left = stays(conn)
        assert [one for one in visits if later(one, before)] == [one for one in left if later(one, before)]
        assert {one[1] or one[2] for one in left} <= {one[1] or one[2] for one in visits}
        old = [row for row in conn.execute(select(schema.event)).mappings() if row["at"] < before]
        words = [row for row in old if row["method_id"] in {3, 4}]
        assert not [row for row in words if row["text"] or b"secret" in unpack(row["raw"])]
    with db.write() as conn:
        recounting.rebuild(conn)
        for room_id in derived.rooms(conn):
            derived.rebuild(conn, room_id, MERGE_GAP)
        assert dump(conn) == told
        assert stays(conn) == left
    assert prune(db, ("private_text", "chat"), before) == {"private_text": 0, "chat": 0}
    assert sum(prune(db, ("presence",), before).values()) == 0


def later(one: tuple[Any, ...], before: datetime) -> bool:
    """Whether a visit reaches into the time that is kept, or goes on."""
    _who, entered, left, ending = one
    known: datetime = max(at for at in (entered, left) if at is not None)
    return known > before or (known == before and (ending == "left" or entered == before)) or ending == "open"


def test_a_room_full_of_people_leaves_few_signs(db: Database) -> None:
    steps = [(0, "broadcastStart", "example_room")]
    steps += [(60_000, "userEnter" if place % 2 else "userLeave", PEOPLE[place % 2]) for place in range(200)]
    with db.write() as conn:
        empty(conn)
        store(conn, make(steps))
    with db.read() as conn:
        told = dump(conn)
    taken = prune(db, ("presence",), minute(1_000), batch=50)
    with db.read() as conn:
        left = rows(conn, 11, 12)
        assert dump(conn) == told
    assert inventory.problems(db, MERGE_GAP) == []
    assert taken == {"presence": 199}  # the last enter is of a visit that goes on
    assert len(left) <= 200 / 30 * 2 + 4


def test_a_message_leaves_the_index_with_its_words(db: Database) -> None:
    with db.write() as conn:
        empty(conn)
        store(conn, make([(0, "chatMessage", "viewer_one"), (0, "privateMessage", "viewer_one")]))
        for row in rows(conn, 3, 4):
            key = dict(zip(("id_ms", "at"), row[:2], strict=True)) | {"stream_id": row[3], "id_seq": row[4]}
            conn.execute(insert(schema.message_word).values(**key, source_id=row[11], word="secret"))
    prune(db, ("chat",), minute(1_000))
    with db.read() as conn:
        (word,) = conn.execute(select(schema.message_word)).all()
        assert word.id_seq == 1  # the private one's
    prune(db, ("private_text",), minute(1_000))
    with db.read() as conn:
        assert conn.execute(select(schema.message_word)).all() == []


def test_what_was_rejected_may_be_a_private_message(db: Database) -> None:
    with db.write() as conn:
        empty(conn)
        source = streams.ensure(conn, "example_room", Kind.LIVE, "testserver", T0)
        coverage.reject(conn, source.id, b'"secret words"', "not an object", T0)
    assert prune(db, ("private_text",), T0 + timedelta(days=1)) == {"private_text": 1}
    with db.read() as conn:
        (one,) = coverage.rejected(conn)
        assert (one.body, one.size, one.reason) == (b"", 14, "not an object")


def test_what_comes_again_whole_is_known_and_brings_no_words_back(db: Database) -> None:
    steps = [
        (0, "broadcastStart", "example_room"),
        (0, "chatMessage", "viewer_one"),
        (0, "userEnter", "viewer_two"),
    ]
    page = make([*steps, (2_400_000, "userLeave", "Anonymous")])
    with db.write() as conn:
        empty(conn)
        store(conn, page)
    prune(db, EVERYTHING, minute(1_000))
    with db.write() as conn:
        added = store(conn, page)
        assert added.conflicting == []
        assert [new.event.method for new in added.new] == []
        page[1]["object"]["user"]["username"] = "viewer_two"
        assert len(store(conn, page).conflicting) == 1  # the same id, and another's


def test_what_happened_nobody_knows_when_is_as_old_as_its_receipt(db: Database) -> None:
    with db.write() as conn:
        empty(conn)
        store(conn, make([(0, "chatMessage", "viewer_one")]))
        conn.execute(update(schema.event).values(at=EPOCH))
    assert prune(db, ("chat",), T0) == {"chat": 0}
    with db.read() as conn:
        assert pruning.due(conn, "chat", T0) == (1, 0)
        assert pruning.due(conn, "chat", T0 + timedelta(days=1)) == (1, 1)
    assert prune(db, ("chat",), T0 + timedelta(days=1)) == {"chat": 1}


def test_a_run_says_what_it_did(db: Database) -> None:
    with db.write() as conn:
        empty(conn)
        store(conn, make([(0, "chatMessage", "viewer_one")] * 3))
    prune(db, ("chat",), minute(1_000), batch=2)
    with db.read() as conn:
        (run,) = conn.execute(select(schema.job_run)).all()
    assert json.loads(run.counts) == {"chat": 3, "chat_before": "2026-01-02T10:40:00Z"}
    with db.write() as conn:
        runs.end(conn, runs.begin(conn, pruning.JOB, "testhost", T0), T0)
    with db.read() as conn:
        assert [one.state for one in runs.latest(conn)] == ["ok"]
        states = conn.execute(select(schema.job_run.c.state).order_by(schema.job_run.c.id)).scalars().all()
        assert states == ["abandoned", "ok"]


@pytest.mark.parametrize(
    ("days", "said"), [(-1, "before what was"), (0, None), (700, None), (800, "long after what was")]
)
def test_a_clock_that_cannot_be_right_is_refused(db: Database, days: int, said: str | None) -> None:
    with db.write() as conn:
        empty(conn)
        factories.store(conn, factories.FIRST_SHOW)
    with db.read() as conn:
        if said is None:
            pruning.refuse_clock(conn, minute(41) + timedelta(days=days))
            return
        with pytest.raises(CheckError, match=said):
            pruning.refuse_clock(conn, minute(41) + timedelta(days=days))


def test_it_goes_on_beside_a_listener(db: Database) -> None:
    steps = [(60_000, METHODS[place % len(METHODS)], PEOPLE[place % 3]) for place in range(200)]
    page = make(steps)
    with db.write() as conn:
        empty(conn)
        store(conn, page[:150])
    with ThreadPoolExecutor(1) as pool:
        listening = [pool.submit(_listen, db, [one]) for one in page[150:]]
        prune(db, EVERYTHING, minute(100), batch=3)
        for one in listening:
            one.result()
    assert inventory.problems(db, MERGE_GAP) == []
    with db.read() as conn:
        assert len(rows(conn, 10)) == len([one for one in page if one["method"] == "tip"])


def _listen(db: Database, page: list[dict[str, Any]]) -> None:
    with db.write() as conn:
        store(conn, page)


def test_what_is_stored_just_before_the_rows_are_taken_goes_with_its_visit(db: Database) -> None:
    moves = [("userEnter", "viewer_one"), ("userLeave", "viewer_one"), ("userEnter", "viewer_two")]
    page = make([(60_000, *one) for one in (*moves, ("userLeave", "viewer_two"), moves[0], moves[1])])
    with db.write() as conn:
        empty(conn)
        store(conn, page[:4])
    (part, _nameless), job = pruning.CLASSES["presence"], Job(from_ms(BASE + 3_600_000), MERGE_GAP)
    with db.read() as conn:
        found = part.find(conn, job, None)
    with db.write() as conn:
        store(conn, page[4:])
    with db.write() as conn:
        part.take(conn, found, job)
    assert inventory.problems(db, MERGE_GAP) == []


def test_a_flag_says_that_an_event_was_emptied(db: Database) -> None:
    with db.write() as conn:
        empty(conn)
        store(conn, make([(0, "chatMessage", "viewer_one")]))
    prune(db, ("chat",), minute(1_000))
    with db.read() as conn:
        (row,) = conn.execute(select(schema.event)).all()
    assert row.flags == Flag.EMPTIED
    read = parse_event(json.loads(unpack(row.raw)), b"", EventId("unused"))
    assert (read.id.ms, read.actor, read.text, read.flags) == (BASE, "viewer_one", None, Flag.EMPTIED)
