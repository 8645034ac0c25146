"""What a poll of the feed keeps: a row a room, each text once, and people that are met by it."""

import threading
from contextlib import closing
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Connection, func, select, text

from factories import minute, show, store, tip
from mhc.config import Secret
from mhc.domain.broadcasts import MERGE_GAP
from mhc.domain.rooms import Reading, Scope, Show, Source, marks
from mhc.store import (
    copying,
    erasures,
    forgetting,
    forgetting_texts,
    inventory,
    observations,
    people,
    person_export,
    pruning,
    recounting,
    roles,
    room_readings,
    room_texts,
    runs,
)
from mhc.store.database import Database
from mhc.store.observations import Kept, Poll
from mhc.store.pruning_text import Job
from mhc.store.schema import observation, person, room_latest, room_poll, room_text

HOUR = timedelta(hours=1)


def poll(conn: Connection, at: float, *readings: Reading, **more: Any) -> Kept:
    """Keep a poll so many minutes into the story."""
    number = len(readings)
    made = Poll(minute(at), Source.AFFILIATE, number, number, Scope.ALL, complete=True)
    return observations.add_poll(conn, replace(made, **more), readings)


def room(name: str, **more: Any) -> Reading:
    return Reading(name, **{"show": Show.PUBLIC, "viewers": 5, "followers": 100, "seconds_online": 60} | more)


def rows(conn: Connection) -> list[Any]:
    """Give who was seen when, in what show, with how many viewers, and what they said."""
    o, t = observation.c, room_text.c
    query = (
        select(o.observed_at, person.c.username, o.show, o.viewers, o.flags, t.subject, t.tags)
        .join(person, person.c.id == o.person_id)
        .outerjoin(room_text, t.id == o.text_id)
        .order_by(o.observed_at, person.c.username)
    )
    return [tuple(row) for row in conn.execute(query)]


def seen(conn: Connection, name: str) -> tuple[str, datetime | None, datetime | None]:
    (who,) = people.find(conn, name)
    return who.role, who.first_seen_at, who.last_seen_at


def test_a_poll_keeps_a_row_a_room_and_each_text_once(database: Database) -> None:
    said = {"subject": "Goal: song 🎸", "tags": ("music", "音楽")}
    with database.write() as conn:
        first = poll(
            conn,
            0,
            room("room_two", **said),
            room("room_one", **said, flags=marks(new=True, hd=True, gender="trans")),
        )
        second = poll(conn, 5, room("room_one", **said, viewers=None), room("room_two", show=None))
    assert (first, second) == (Kept(2, 2, 1), Kept(2, 0, 1))
    with database.read() as conn:
        assert rows(conn) == [
            (minute(0), "room_one", 1, 5, 15, "Goal: song 🎸", '["music","音楽"]'),
            (minute(0), "room_two", 1, 5, 0, "Goal: song 🎸", '["music","音楽"]'),
            (minute(5), "room_one", 1, None, 0, "Goal: song 🎸", '["music","音楽"]'),
            (minute(5), "room_two", None, 5, 0, None, "[]"),
        ]
        assert conn.execute(select(func.count()).select_from(room_text)).scalar() == 2
        assert [tuple(row) for row in conn.execute(select(room_poll).order_by(room_poll.c.at))] == [
            (minute(0), 1, 2, 2, 2, "all", True),
            (minute(5), 1, 2, 2, 2, "all", True),
        ]


def test_a_poll_that_is_kept_already_adds_nothing(database: Database) -> None:
    with database.write() as conn:
        poll(conn, 0, room("room_one"))
        assert poll(conn, 0, room("room_one", viewers=9), room("room_two")) == Kept(0, 0, 0, again=True)
        assert [row[1:4] for row in rows(conn)] == [("room_one", 1, 5)]
        assert people.find(conn, "room_two") == []


def test_who_is_met_in_the_feed_is_a_model_seen_to_the_hour(database: Database) -> None:
    with database.write() as conn:
        store(conn, [*show(0, "viewer_one"), tip(10, "viewer_one", 5)])
        poll(conn, 70, room("room_one"), room("viewer_one"))
        assert seen(conn, "room_one") == ("model", minute(60), minute(60))
        assert seen(conn, "viewer_one") == ("both", minute(1), minute(60))
        poll(conn, 119, room("room_one"))
        assert seen(conn, "room_one") == ("model", minute(60), minute(60))
        poll(conn, 200, room("room_one"))
        poll(conn, -30, room("room_one"))  # one that is loaded later
        assert seen(conn, "room_one") == ("model", minute(-60), minute(180))


def test_what_is_derived_again_says_the_same_of_who_was_seen(database: Database) -> None:
    with database.write() as conn:
        store(conn, [*show(0, "viewer_one"), tip(10, "viewer_one", 5)])
        poll(conn, 70, room("room_one"), room("viewer_one"))
        poll(conn, -70, room("room_one"))
        before = [seen(conn, name) for name in ("room_one", "viewer_one", "example_room")]
        recounting.see_again(conn)
        assert [seen(conn, name) for name in ("room_one", "viewer_one", "example_room")] == before
    inventory.repair(database, MERGE_GAP)
    assert inventory.problems(database, MERGE_GAP) == []
    with database.read() as conn:
        assert [seen(conn, name) for name in ("room_one", "viewer_one", "example_room")] == before


def test_a_role_that_was_set_by_hand_stays(database: Database) -> None:
    with database.write() as conn:
        ids = people.ensure(conn, ["room_one"], source="manual", at=minute(0))
        people.set_role(conn, ids["room_one"], "viewer", by_hand=True)
        poll(conn, 5, room("room_one"))
        assert seen(conn, "room_one")[0] == "viewer"
        assert roles.back_to_evidence(conn, ids["room_one"]) == "model"


def test_the_latest_of_a_room_is_kept_whatever_order_polls_come_in(database: Database) -> None:
    with database.write() as conn:
        for at, subject in ((10, "second"), (5, "first"), (15, None)):
            poll(conn, at, room("room_one", subject=subject, tags=None if subject is None else ("a",)))
        latest = conn.execute(
            select(room_latest.c.first_at, room_latest.c.observed_at, room_text.c.subject).join(
                room_text, room_text.c.id == room_latest.c.text_id
            )
        ).one()
    assert tuple(latest) == (minute(5), minute(15), "second"), "a reading without words says nothing of them"


HOSTILE = st.text(st.characters(codec=None, exclude_categories=()), max_size=30)


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(st.lists(st.tuples(HOSTILE | st.none(), st.lists(HOSTILE, max_size=3)), max_size=6))
def test_any_text_is_kept_and_never_twice(
    module_database: Database, said: list[tuple[str | None, list[str]]]
) -> None:
    with module_database.write() as conn:
        for table in (observation, room_poll, room_latest, room_text):
            conn.execute(table.delete())
        readings = [room(f"room_{n}", subject=s, tags=tuple(tags)) for n, (s, tags) in enumerate(said)]
        assert poll(conn, 0, *readings).rooms == len(said)
        assert poll(conn, 5, *readings).new_texts == 0
        texts = len({(s, tuple(tags)) for s, tags in said})
        assert conn.execute(select(func.count()).select_from(room_text)).scalar() == texts


def forget(db: Database, name: str) -> forgetting.Subject:
    with db.write() as conn:
        subject = forgetting.find(conn, name)
        forgetting.erase(conn, subject, None, MERGE_GAP)
    forgetting_texts.replace(db, subject, write=True)
    return subject


def test_who_is_forgotten_leaves_no_reading_and_no_text(database: Database) -> None:
    with database.write() as conn:
        both = {"subject": "the same", "tags": ("x",)}
        poll(conn, 0, room("room_one", subject="mine alone"), room("room_two", **both))
        poll(
            conn,
            5,
            room("room_one", **both),
            room("room_two", subject="dinner with room_one", tags=("room_one",)),
        )
    forget(database, "room_one")
    with database.read() as conn:
        assert [row[1] for row in rows(conn)] == ["room_two", "room_two"]
        assert [row[5:] for row in rows(conn)] == [
            ("the same", '["x"]'),
            ("dinner with (forgotten)", '["(forgotten)"]'),
        ]
        assert conn.execute(select(func.count()).select_from(room_text)).scalar() == 2
        assert room_texts.hash_of(room("x", subject="dinner with room_one", tags=("room_one",))) not in set(
            conn.execute(select(room_text.c.hash)).scalars()
        )


def test_an_export_of_a_person_has_their_readings_and_what_their_room_said(database: Database) -> None:
    with database.write() as conn:
        poll(conn, 0, room("room_one", subject="hello"), room("room_two", subject="other"))
        (who,) = people.find(conn, "room_one")
    found = list(person_export.rows(database, who.id, reveal=False, private=False))
    tables = [table for table, _row in found]
    assert (tables.count("observation"), tables.count("room_latest"), tables.count("room_text")) == (1, 1, 1)
    assert [row["subject"] for table, row in found if table == "room_text"] == ["hello"]


KEY = "CANARY0ERASURE0KEY"


def test_a_poll_from_before_somebody_was_forgotten_does_not_bring_them_back(database: Database) -> None:
    url = database.url.render_as_string(hide_password=False)
    with closing(Database(url, erasure_key=Secret(KEY))) as db, db.write() as conn:
        erasures.begin(conn, ["room_one"], at=minute(60), blocked=False, heir_id=None)
        erasures.begin(conn, ["room_two"], at=minute(0), blocked=True, heir_id=None)
        poll(conn, 30, room("room_one"), room("room_two"), room("room_three"))
        poll(conn, 90, room("room_one"), room("room_two"))
        assert [row[:2] for row in rows(conn)] == [(minute(30), "room_three"), (minute(90), "room_one")]


def test_a_feed_from_before_somebody_was_forgotten_says_nothing_of_them(database: Database) -> None:
    url = database.url.render_as_string(hide_password=False)
    with closing(Database(url, erasure_key=Secret(KEY))) as db, db.write() as conn:
        erasures.begin(conn, ["viewer_one"], at=minute(60), blocked=False, heir_id=None)
        for at in (30, 90):
            poll(conn, at, room("room_one", subject="dinner with @viewer_one", tags=("viewer_one", "x")))
        assert [row[5:] for row in rows(conn)] == [
            ("dinner with @(forgotten)", '["(forgotten)","x"]'),
            ("dinner with @viewer_one", '["viewer_one","x"]'),
        ]


def test_who_goes_by_two_names_is_one_room(database: Database) -> None:
    with database.write() as conn:
        ids = people.ensure(conn, ["room_one", "room_two"], source="manual", at=minute(0))
        (who,) = people.find(conn, "room_one")
        people.add_alias(conn, who, "room_nine", source="manual", at=minute(0), current=True)
        kept = poll(conn, 5, room("room_one", viewers=1), room("room_nine", viewers=2), room("room_two"))
        assert (kept.rooms, len(rows(conn))) == (2, 2)
        assert ids["room_one"] == who.id


def test_a_copy_has_every_reading_and_goes_on_where_it_stood(
    sqlite_database: Database, tmp_path: Path
) -> None:
    url = f"sqlite:///{tmp_path / 'copy.db'}"
    with sqlite_database.write() as conn:
        for number in range(4):
            poll(conn, number * 5, *(room(f"room_{n}", subject=f"s{n}") for n in range(10)))
    copied: list[tuple[str, int]] = []

    def progress(table: str, number: int) -> None:
        copied.append((table, number))
        if copied.count(("observation", 40)) == 1 and table == "observation":
            raise RuntimeError("stopped")

    with closing(Database(url)) as target:
        with pytest.raises(RuntimeError):
            copying.copy(sqlite_database, target, progress)
        done = {one.table: one.rows for one in copying.copy(sqlite_database, target, progress)}
    assert (done["observation"], done["room_text"], done["room_poll"], done["room_latest"]) == (40, 10, 4, 10)
    assert copied.count(("observation", 40)) == 1


def test_old_readings_go_poll_by_poll_and_what_was_said_only_in_them(database: Database) -> None:
    with database.write() as conn:
        poll(conn, 0, room("room_one", subject="once"), room("room_two", subject="gone since"))
        poll(conn, 5, room("room_one", subject="twice"))
        poll(conn, 10, room("room_one", subject="now"))
        run_id = runs.begin(conn, pruning.JOB, "here", minute(20))
        assert pruning.due(conn, "observations", minute(10)) == (4, 3)
    assert pruning.prune(database, {"observations": Job(minute(10), MERGE_GAP)}, run_id) == {
        "observations": 3
    }
    with database.read() as conn:
        assert [row[:2] for row in rows(conn)] == [(minute(10), "room_one")]
        assert list(conn.execute(select(room_poll.c.at)).scalars()) == [minute(10)]
        said = conn.execute(select(room_text.c.subject).order_by(room_text.c.subject)).scalars()
        assert list(said) == ["gone since", "now"]  # what is known last stays
        assert seen(conn, "room_two") == ("model", minute(0), minute(0))
    assert inventory.of(database)["observations"] == 1


def test_a_reading_that_says_offline_counts_whatever_came_before(database: Database) -> None:
    with database.write() as conn:
        poll(conn, 0, room("room_one"), room("room_two"))
        poll(conn, 5, room("room_one", show=Show.OFFLINE))
        live = room_readings.live(conn, minute(6), HOUR)
        assert live is not None
        rows, number = room_readings.online(conn, live)
        assert ([one.username for one in rows], number) == (["room_two"], 1)
        ids = people.ids_of(conn, ["room_one", "room_two"])
        assert room_readings.live_among(conn, ids.values(), live) == {ids["room_two"]}


def test_no_text_goes_while_a_poll_that_found_it_is_being_kept(postgres_database: Database) -> None:
    """On PostgreSQL, where writers run side by side."""
    db, said = postgres_database, {"subject": "as before"}
    with db.write() as conn:
        poll(conn, 0, room("room_one", **said))
        poll(conn, 5, room("room_one", subject="something else"))
        run_id = runs.begin(conn, pruning.JOB, "here", minute(20))
    begun, ended = threading.Event(), threading.Event()

    def prune() -> None:
        begun.wait()
        pruning.prune(db, {"observations": Job(minute(5), MERGE_GAP)}, run_id)
        ended.set()

    thread = threading.Thread(target=prune)
    thread.start()
    with db.write() as conn:
        assert poll(conn, 10, room("room_one", **said)).new_texts == 0
        begun.set()
        while not conn.execute(text("SELECT count(*) FROM pg_locks WHERE NOT granted")).scalar_one():
            assert not ended.wait(0.01), "texts went while a poll was being kept"
    thread.join()
    with db.read() as conn:
        assert [row[5] for row in rows(conn)] == ["something else", "as before"]


def test_the_inventory_says_how_fast_readings_grow(database: Database) -> None:
    assert (inventory.of(database)["observations"], inventory.of(database)["observations_a_day"]) == (0, 0)
    with database.write() as conn:
        for at in (0, 5, 25 * 60, 26 * 60):
            poll(conn, at, room("room_one"), room("room_two"))
    found = inventory.of(database)
    assert (found["observations"], found["observations_a_day"]) == (8, 4)
    limit = 100_000_000 if database.is_sqlite else 300_000_000
    assert (found["observations_limit"], found["observations_limit_at"]) == (limit, None)  # in ages


def test_the_inventory_says_when_there_are_too_many_readings(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(inventory.LIMITS, "sqlite", 20)
    monkeypatch.setitem(inventory.LIMITS, "postgresql", 20)
    with database.write() as conn:
        for at in (0, 5, 25 * 60, 26 * 60):
            poll(conn, at, room("room_one"), room("room_two"))
    found = inventory.of(database)
    assert found["observations_limit_at"] == minute(26 * 60 + 3 * 24 * 60)  # twelve more, four a day
