"""Statbate of the sandbox: answers of the documented form, whose sums agree, over made-up months."""

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import date, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from mhc.clients import statbate
from mhc.clients.failures import NotKnownError
from mhc.clients.statbate import OPERATIONS, Query
from mhc.clients.statbate_operations import Operation
from mhc.domain.times import Range
from mhc.sandbox.people import cast_of
from openapi import answer_problems
from world import BEGIN, World

ROOM = "example_room"


@pytest.fixture
def client(world: World) -> Iterator[Any]:
    with world.statbate() as made:
        yield made


def query(world: World, operation: Operation[Any], **more: Any) -> Query:
    """Give a query about viewer_one, the room and the last forty days, as far as an operation takes it."""
    full: dict[str, Any] = {
        "name": ROOM if operation.path.startswith("/model/") else "viewer_one",
        "model": ROOM,
        "names": ("viewer_one", "viewer_nine", "no_such_viewer"),
        "range": world.last(days=40),
        "query": "",
    }
    takes = {*operation.takes, "site", "timezone", "per_page"}
    return Query(**{k: v for k, v in (full | more).items() if k in takes})


def everything(client: Any, operation: Operation[Any], asked: Query) -> list[Any]:
    return [row for page in client.fetch_pages(operation, asked) for row in page.rows]


@pytest.fixture(scope="module", params=["an hour", "a month"])
def later(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """Give a world in which time has passed, and stands still."""
    made = World(tmp_path_factory.mktemp("world"))
    with made.sandbox:
        made.pass_time(hours=1 if request.param == "an hour" else 24 * 31)
        yield made


@pytest.fixture(scope="module")
def both_forms(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[World, World]]:
    """Give the same world twice, the second with times without a zone, and `model_name` for `model`."""
    first, second = (World(tmp_path_factory.mktemp("world"), naive=naive) for naive in (False, True))
    with first.sandbox, second.sandbox:
        for one in (first, second):
            one.pass_time(days=3)
        yield first, second


@pytest.mark.parametrize("name", OPERATIONS)
def test_every_answer_is_as_the_file_has_it_and_reads_without_a_problem(later: World, name: str) -> None:
    operation = OPERATIONS[name]
    for zone in ("UTC", "Europe/Berlin") if "timezone" in operation.takes else (None,):
        asked = query(later, operation, timezone=zone)
        with later.statbate() as client:
            fetched = client.fetch(operation, asked)
        assert answer_problems(operation.method, operation.path, json.loads(fetched.payload)) == []
        assert fetched.problems == ()
        assert fetched.rows or (name == "members_online" and later.now > BEGIN + timedelta(1))


@pytest.mark.parametrize("name", OPERATIONS)
def test_the_other_form_says_the_same(both_forms: tuple[World, World], name: str) -> None:
    found = []
    for world in both_forms:
        asked = query(world, OPERATIONS[name], range=Range(BEGIN - timedelta(40), BEGIN + timedelta(1)))
        zone = "Asia/Tokyo" if "timezone" in OPERATIONS[name].takes else None
        with world.statbate() as client:
            found.append(client.fetch(OPERATIONS[name], replace(asked, timezone=zone)))
    first, second = found
    assert first.payload != second.payload or name == "tags_search"
    assert (first.rows, first.problems) == (second.rows, second.problems)


@pytest.mark.parametrize("zone", ["UTC", "America/Los_Angeles", "Asia/Kathmandu"])
def test_what_a_member_tipped_is_the_same_everywhere(world: World, client: Any, zone: str) -> None:
    world.pass_time(days=9, hours=7)
    for name in ("viewer_one", "viewer_five", "teapot_astronaut"):
        asked: dict[str, Any] = {"name": name, "range": world.last(days=20)}
        tips = everything(client, statbate.MEMBER_TIPS, Query(**asked, timezone=zone))
        tokens = sum(tip.tokens for tip in tips)
        assert [tip.time for tip in tips] == sorted((tip.time for tip in tips), reverse=True)
        top = client.fetch(statbate.MEMBER_TOP_MODELS, Query(**asked, timezone=zone)).rows
        assert sum(one.total_tokens for one in top) == tokens
        for one in top:
            spent = client.fetch(statbate.MEMBER_MODEL, Query(**asked, model=one.name, timezone=zone)).one
            days = {tip.time.astimezone(ZoneInfo(zone)).date() for tip in tips if tip.rid == one.rid}
            assert [day.date for day in spent.daily_spending] == sorted(days)
            assert (spent.total.tokens, one.days) == (one.total_tokens, len(days))
            assert sum(day.tokens for day in spent.daily_spending) == one.total_tokens
            theirs = everything(client, statbate.MODEL_TIPS, Query(name=one.name, range=asked["range"]))
            assert sum(tip.tokens for tip in theirs if tip.name == name) == one.total_tokens
        assert all(one.usd == pytest.approx(one.tokens * 0.05) for one in tips)
        activity = client.fetch(statbate.MEMBER_ACTIVITY, Query(**asked, timezone=zone)).one
        assert sum(hour.token_sum for hour in activity.hourly) == tokens
        assert sum(day.token_sum for day in activity.daily) == tokens
        hours = {tip.time.astimezone(ZoneInfo(zone)).hour for tip in tips}
        assert [hour.hour for hour in activity.hourly] == sorted(hours)


def test_tags_have_what_models_with_them_got(world: World, client: Any) -> None:
    world.pass_time(days=2)
    span = world.last(days=30)
    models = everything(client, statbate.MODELS, Query(range=span))
    tags_of = {
        one.name: [
            tag.name for tag in client.fetch(statbate.MODEL_INFO, Query(name=one.name, range=span)).one.tags
        ]
        for one in models
    }
    for tag in everything(client, statbate.TAGS, Query(range=span)):
        got = [one.total_tokens for one in models if tag.tag in tags_of[one.name]]
        assert (tag.models, tag.tokens) == (len(got), sum(got))
    asked = Query(name="viewer_five", range=span)
    spent = {one.name: one.total_tokens for one in client.fetch(statbate.MEMBER_TOP_MODELS, asked).rows}
    for row in everything(client, statbate.MEMBER_TAG_SPENDING, asked):
        some = [tokens for name, tokens in spent.items() if row.tag in tags_of[name]]
        assert (row.models_count, row.total_tokens) == (len(some), sum(some))


def test_what_a_model_got_is_the_same_everywhere(world: World, client: Any) -> None:
    world.pass_time(days=5)
    span = world.last(days=30)
    for model in everything(client, statbate.MODELS, Query(range=span)):
        asked = Query(name=model.name, range=span)
        tips = everything(client, statbate.MODEL_TIPS, asked)
        tokens = sum(tip.tokens for tip in tips)
        members = client.fetch(statbate.MODEL_MEMBERS, asked).one
        rank = client.fetch(statbate.MODEL_RANK, asked).one
        assert {
            model.total_tokens,
            members.summary.total_tokens,
            sum(one.tokens for one in members.top_members),
            client.fetch(statbate.MODEL_INFO, asked).one.income.tokens,
            rank.summary.total_tokens,
            sum(day.tokens for day in rank.ranks),
        } == {tokens}
        assert (model.dons, members.summary.total_members) == (len({tip.did for tip in tips}),) * 2
        assert sum(one.count for one in members.spending_distribution) == model.dons
        assert members.summary.new_members + members.summary.returning_members == model.dons
        assert rank.summary.last_rank == rank.ranks[-1].rank
    all_tips = everything(client, statbate.MEMBERS, Query(range=span))
    models = everything(client, statbate.MODELS, Query(range=span))
    assert sum(one.total_tokens for one in all_tips) == sum(one.total_tokens for one in models)


def test_a_members_figures_grow_with_made_up_time_and_are_the_sum_of_the_tips(
    world: World, client: Any
) -> None:
    before = None
    for _ in range(4):
        info = client.fetch(statbate.MEMBER_INFO, Query(name="viewer_one")).one
        ever = Query(name="viewer_one", range=Range(BEGIN - timedelta(days=400), world.now + timedelta(1)))
        tips = everything(client, statbate.MEMBER_TIPS, ever)
        assert info.all_time_tokens == sum(tip.tokens for tip in tips)
        assert (info.last_tip_date, info.last_tip_amount) == (tips[0].time, tips[0].tokens)
        assert info.first_tip_date == tips[-1].time
        two_weeks = {tip.model for tip in tips if tip.time >= world.now - timedelta(14)}
        assert set(info.models_tipped_2weeks_list) == two_weeks
        assert info.models_tipped_2weeks == len(two_weeks)
        days: dict[date, int] = {}
        for tip in tips:
            if tip.time >= world.now - timedelta(30):
                days[tip.time.date()] = days.get(tip.time.date(), 0) + tip.tokens
        assert {day.date: day.tokens for day in info.per_day_tokens} == days
        if before is not None:
            assert info.all_time_tokens > before.all_time_tokens
            assert (info.did, info.first_message_date) == (before.did, before.first_message_date)
        before = info
        world.pass_time(days=1)


def test_the_tips_of_the_show_are_what_statbate_saw_but_for_those_of_unknown_givers(
    world: World, client: Any
) -> None:
    world.pass_time(hours=1)
    played = [
        (
            int(event["id"].partition("-")[0]) // 1000,
            event["object"]["user"]["username"],
            event["object"]["tip"]["tokens"],
        )
        for event in world.events()
        if event["method"] == "tip" and not event["object"]["tip"]["isAnon"]
    ]
    seen = everything(
        client, statbate.MODEL_TIPS, Query(name=ROOM, range=Range(BEGIN, BEGIN + timedelta(hours=1)))
    )
    assert [(int(tip.time.timestamp()), tip.name, tip.tokens) for tip in reversed(seen)] == played
    assert len(played) > 100


def test_genders_are_those_of_the_models_by_two_tables(world: World, client: Any) -> None:
    world.pass_time(minutes=50)
    span = world.last(days=30)

    def rooms(*genders: str) -> set[str]:
        return {one.name for one in client.fetch(statbate.MODELS, Query(range=span, genders=genders)).rows}

    assert rooms("trans") == {"other_room"}
    assert rooms("male", "couple") == {"invented_attic", "sample_library", "made_up_mansion"}
    to_men = client.fetch(statbate.MEMBERS, Query(range=span, genders=("male",))).rows
    everybody = {one.did: one.total_tokens for one in client.fetch(statbate.MEMBERS, Query(range=span)).rows}
    assert 0 < len(to_men) < len(everybody)
    assert all(one.total_tokens < everybody[one.did] for one in to_men)
    men = {one.name for one in client.fetch(statbate.MEMBERS_ONLINE, Query(genders=("male",))).rows}
    assert men
    assert men <= {one.name for one in to_men}
    few = client.fetch(statbate.MEMBERS, Query(range=span, high_tippers=False)).rows
    assert max(one.total_tokens for one in few) < 10_000 < max(everybody.values())


def test_who_is_online_wrote_or_tipped_within_the_hour(world: World, client: Any) -> None:
    world.pass_time(minutes=50)
    rows = client.fetch(statbate.MEMBERS_ONLINE, Query()).rows
    assert "viewer_one" in {row.name for row in rows}
    assert [row.hour_tokens for row in rows] == sorted((row.hour_tokens for row in rows), reverse=True)
    assert all(row.hour_tokens <= row.day_tokens <= row.week_tokens for row in rows)


def test_a_session_that_lasts_has_no_end_and_counts_so_far(world: World, client: Any) -> None:
    world.pass_time(minutes=10)
    activity = client.fetch(statbate.MODEL_ACTIVITY, query(world, statbate.MODEL_ACTIVITY)).one
    assert (activity.sessions[-1].end_time, activity.sessions[-1].duration) == (None, 10)
    assert everything(client, statbate.MODELS, Query(range=world.last(days=9)))[0].online is True
    world.pass_time(hours=3)
    activity = client.fetch(statbate.MODEL_ACTIVITY, query(world, statbate.MODEL_ACTIVITY)).one
    assert all(one.end_time is not None for one in activity.sessions)
    assert activity.summary.total_duration == sum(one.duration for one in activity.sessions)
    assert all(
        (one.end_time - one.start_time) // timedelta(minutes=1) == one.duration for one in activity.sessions
    )


def test_numbers_stay_when_a_name_changes(tmp_path: Any) -> None:
    renames = {"viewer_two": "second_viewer", "other_room": "another_room"}
    world = World(tmp_path, renames=renames)
    with world.sandbox, world.statbate() as client:
        world.pass_time(hours=1)
        before = client.fetch(statbate.MEMBER_INFO, Query(name="viewer_two")).one
        room = client.fetch(statbate.MODEL_INFO, query(world, statbate.MODEL_INFO, name="other_room")).one
        world.pass_time(hours=23)
        after = client.fetch(statbate.MEMBER_INFO, Query(name="second_viewer")).one
        assert after.did == before.did
        assert after.all_time_tokens >= before.all_time_tokens
        with pytest.raises(NotKnownError, match="Statbate does not know viewer_two"):
            client.fetch(statbate.MEMBER_INFO, Query(name="viewer_two"))
        renamed = query(world, statbate.MODEL_INFO, name="another_room")
        assert client.fetch(statbate.MODEL_INFO, renamed).one.rid == room.rid
        tippers = client.fetch(statbate.MODEL_MEMBERS, query(world, statbate.MODEL_MEMBERS)).one.top_members
        assert {"second_viewer", "viewer_two"} & {one.name for one in tippers} == {"second_viewer"}


def test_whom_nobody_has_seen_is_not_known_until_they_are(world: World, client: Any) -> None:
    names = tuple(viewer.username for viewer in cast_of(1))
    (batch,) = client.fetch_batches((*names, "no_such_viewer"))
    assert {"no_such_viewer", *names[-2:]} == batch.unknown.keys()
    assert batch.failed == {}
    world.pass_time(days=2)
    (later,) = client.fetch_batches((*names, "no_such_viewer"))
    assert later.unknown.keys() < batch.unknown.keys()
    assert {name: row.did for name, (row, _) in batch.found.items()}.items() <= {
        name: row.did for name, (row, _) in later.found.items()
    }.items()
    assert later.found["viewer_one"][0] == client.fetch(statbate.MEMBER_INFO, Query(name="viewer_one")).one


def test_the_same_seed_gives_the_same_and_another_another(tmp_path_factory: pytest.TempPathFactory) -> None:
    payloads: list[bytes] = []
    for seed, steps in ((3, 1), (3, 2), (4, 1)):  # the second is asked in between
        world = World(tmp_path_factory.mktemp("world"), seed=seed)
        with world.sandbox, world.statbate() as client:
            for _ in range(steps):
                world.pass_time(days=2 / steps)
                payload = client.fetch(statbate.MODELS, query(world, statbate.MODELS)).payload
            payloads.append(payload)
    assert payloads[0] == payloads[1] != payloads[2]


def test_nobody_of_the_story_is_on_another_site(world: World, client: Any) -> None:
    assert everything(client, statbate.MODELS, query(world, statbate.MODELS, site="camsoda")) == []
    with pytest.raises(NotKnownError):
        client.fetch(statbate.MEMBER_INFO, Query(name="viewer_one", site="camsoda"))
