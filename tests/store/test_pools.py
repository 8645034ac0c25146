"""Whom to ask: lists first, then who is there, tippers, followers, models; never asked about before long ago."""

from collections.abc import Sequence
from contextlib import suppress
from datetime import datetime, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import delete, func, select, update

from factories import minute, store, tell_story, tip
from mhc.store import identity, misses, people, pools, schema, snapshots, watchlists
from mhc.store.database import Database
from mhc.store.people import Role
from mhc.store.pools import Ask, Choice
from mhc.store.snapshots import Asked, Reading

INFO, MODEL = Asked("statbate.member_info"), Asked("statbate.model_info", "30d")
BOTH = (Ask(INFO, (Role.VIEWER, Role.BOTH, Role.UNKNOWN)), Ask(MODEL, (Role.MODEL, Role.BOTH, Role.UNKNOWN)))
NOW = minute(60 * 24 * 9)


@pytest.fixture
def story(database: Database) -> Database:
    """Give two viewers who tipped, one who follows no more, a model, and somebody of whom nothing is known."""
    tell_story(database)
    with database.write() as conn:
        people.ensure(conn, ["model_one"], source="manual", at=minute(0), role="model")
        people.ensure(conn, ["nobody_knows"], source="manual", at=minute(0))
    return database


def put_on(db: Database, name: str, *who: str) -> int:
    with db.write() as conn:
        on = watchlists.find(conn, name)
        assert on is not None
        for number in people.ids_of(conn, who).values():
            watchlists.add(conn, on.id, [number], at=minute(0), note=None)
    return on.id


def read_at(db: Database, who: str, at: datetime, asked: Asked = INFO) -> None:
    with db.write() as conn:
        snapshots.add(conn, [Reading(people.ids_of(conn, [who])[who], asked, at, b"{}")])


def names(db: Database, choice: Choice, asks: Sequence[Ask] = BOTH, at: datetime = NOW) -> list[str]:
    with db.read() as conn:
        return [one.username for one in pools.choose(conn, choice, asks, at)]


def test_without_a_pool_it_is_everyone_by_name_and_who_waits_longest_after_who_was_never_asked_about(
    story: Database,
) -> None:
    everyone = ["example_room", "model_one", "nobody_knows", "viewer_one", "viewer_two"]
    assert names(story, Choice()) == everyone
    read_at(story, "viewer_one", minute(20))
    read_at(story, "example_room", minute(10))
    with story.read() as conn:
        role = pools.choose(conn, Choice(), BOTH, NOW)[0].role
    assert role in set(Role)
    assert names(story, Choice())[-1] == "viewer_one"
    assert names(story, Choice(limit=2)) == names(story, Choice())[:2]


def test_the_pools_come_in_their_order_and_nobody_twice(story: Database) -> None:
    friends = put_on(story, "Friends", "nobody_knows")
    watch = put_on(story, "Ones to Watch", "model_one", "viewer_two")
    every = Choice(list_ids=(watch, friends), live=True, segments=("models", "followers", "tippers"))
    assert names(story, every) == ["model_one", "viewer_two", "nobody_knows", "viewer_one", "example_room"]
    assert names(story, Choice(segments=("followers", "tippers"), limit=1)) == ["viewer_one"]
    with story.write() as conn:
        first = select(func.min(schema.visit.c.id)).scalar_subquery()
        conn.execute(delete(schema.visit).where(schema.visit.c.id > first))
        conn.execute(update(schema.visit).values(ending="open", left_at=None))
    assert names(story, Choice(live=True)) == ["viewer_one"]


def test_a_role_narrows_and_both_counts_as_each(story: Database) -> None:
    with story.write() as conn:
        people.add_evidence(conn, people.ids_of(conn, ["viewer_one"]).values(), Role.MODEL)
    assert names(story, Choice(role=Role.MODEL)) == ["example_room", "model_one", "viewer_one"]
    assert names(story, Choice(role=Role.UNKNOWN)) == ["nobody_knows"]


def test_who_was_asked_about_lately_is_left_out(story: Database) -> None:
    read_at(story, "viewer_one", NOW - timedelta(hours=6))
    read_at(story, "viewer_two", NOW - timedelta(hours=6) + timedelta(milliseconds=1))
    late = Choice(segments=("tippers",), stale_before=NOW - timedelta(hours=6))
    assert names(story, late) == ["viewer_one"]
    read_at(story, "nobody_knows", NOW)  # one of the two questions that are put to them
    assert "nobody_knows" in names(story, Choice(stale_before=NOW - timedelta(hours=6)))
    read_at(story, "nobody_knows", NOW, MODEL)
    assert "nobody_knows" not in names(story, Choice(stale_before=NOW - timedelta(hours=6)))


def test_excluded_people_and_who_waits_since_a_miss_are_left_out(story: Database) -> None:
    put_on(story, "Excluded", "viewer_one")
    with story.write() as conn:
        misses.note(conn, INFO.source, ["viewer_two", "nobody_knows"], at=NOW)
    assert names(story, Choice(segments=("tippers",))) == []
    assert "nobody_knows" in names(story, Choice())  # as a model they may be known
    assert names(story, Choice(segments=("tippers",)), at=NOW + timedelta(days=1)) == ["viewer_two"]


def test_merged_people_are_one_by_their_root_and_any_reading_of_theirs_counts(story: Database) -> None:
    with story.write() as conn:
        ids = people.ids_of(conn, ["viewer_one", "viewer_two"])
        identity.merge(conn, ids["viewer_one"], [ids["viewer_two"]], at=minute(0))
    assert names(story, Choice(segments=("tippers",))) == ["viewer_one"]
    read_at(story, "viewer_two", NOW)
    assert names(story, Choice(segments=("tippers",), stale_before=NOW - timedelta(hours=1))) == []
    assert names(story, Choice())[-1] == "viewer_one"


def test_who_only_tipped_anonymously_is_not_chosen(story: Database) -> None:
    with story.write() as conn:
        store(conn, [tip(30, "secret_one", 99, anonymous=True)], page=7)
    assert "secret_one" not in names(story, Choice())
    assert "secret_one" not in names(story, Choice(segments=("tippers",)))


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    readings=st.lists(st.tuples(st.sampled_from("abcd"), st.integers(0, 5)), max_size=8),
    budget=st.integers(1, 6),
    stale=st.integers(0, 6),
)
def test_a_budget_takes_the_first_of_an_order_by_time_and_name(
    sqlite_database: Database, readings: list[tuple[str, int]], budget: int, stale: int
) -> None:
    last = {who: max((at for one, at in readings if one == who), default=-1) for who in "abcd"}
    late = [who for who in sorted("abcd", key=lambda one: (last[one], one)) if last[who] <= stale]
    with suppress(ZeroDivisionError), sqlite_database.write() as conn:
        ids = people.ensure(conn, list("abcd"), source="test", at=minute(0), role="viewer")
        snapshots.add(conn, [Reading(ids[who], INFO, minute(at), b"{}") for who, at in readings])
        found = pools.choose(conn, Choice(limit=budget, stale_before=minute(stale)), BOTH, NOW)
        assert [one.username for one in found] == late[:budget]
        raise ZeroDivisionError  # nothing stays for the next example
