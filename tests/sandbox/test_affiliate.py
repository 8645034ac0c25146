"""The public feed of rooms of the sandbox: thousands of rooms over weeks, page by page, as the real one gives them."""

import json
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from mhc.clients.affiliate import Feed, Query, gather
from mhc.clients.failures import BlockedError, RejectedError, ThrottledError
from mhc.domain.room_sessions import TOLERANCE
from world import World

PAGES, ARRAY = "/api/public/affiliates/onlinerooms/", "/affiliates/api/onlinerooms/"
ASKED = {"wm": "EXMPL", "client_ip": "request_ip"}


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    made = World(tmp_path, rooms=8_000)
    with made.sandbox:
        yield made


def read(world: World, query: Query | None = None) -> Feed:
    with world.rooms() as client:
        found = gather(client.fetch_pages(query))
    assert found.problems == ()
    return found


def raw(world: World, path: str = PAGES, **more: Any) -> Any:
    status, _, body = world.ask(path, {**ASKED, **more})
    assert status == 200, body
    return json.loads(body)


def test_thousands_of_rooms_are_on_air_over_weeks_each_about_its_hour(world: World) -> None:
    seen: dict[str, set[int]] = {}
    for day in range(14):
        world.pass_time(hours=24 if day else 1)
        for one in read(world).rooms:
            seen.setdefault(str(one.username), set()).add(day)
    assert len(seen) > 1_000
    assert max(map(len, seen.values())) > 8  # who is on at that hour comes back
    shows = {one.current_show for one in read_later(world).rooms}
    assert shows == {"public", "private", "group", "away", "hidden"}


def read_later(world: World) -> Feed:
    world.pass_time(minutes=5)
    return read(world)


def test_a_broadcast_goes_on_and_its_room_gains_followers(world: World) -> None:
    first = {one.username: one for one in read(world).rooms}
    world.pass_time(minutes=30)
    later = {one.username: one for one in read(world).rooms}
    both = first.keys() & later.keys()
    assert len(both) > len(first) * 0.8
    apart = timedelta(minutes=30)
    for name in both:
        went_on = timedelta(seconds=(later[name].seconds_online or 0) - (first[name].seconds_online or 0))
        assert abs(went_on - apart) <= TOLERANCE
    assert all((later[one].num_followers or 0) >= (first[one].num_followers or 0) for one in both)
    world.pass_time(days=7)
    last = {one.username: one for one in read(world).rooms}
    assert any(
        (last[one].num_followers or 0) > (first[one].num_followers or 0) for one in first.keys() & last
    )


def test_rooms_move_between_pages_while_they_are_read(world: World) -> None:
    moved = [read_later(world).twice for _ in range(5)]
    assert sum(moved) > 0


def test_the_own_room_is_in_it_while_it_is_on_air_as_its_events_and_its_account_have_it(world: World) -> None:
    world.pass_time(minutes=10)
    (own,) = (one for one in read(world).rooms if one.username == "example_room")
    with world.statistics() as client:
        account = client.fetch().statistics
    assert (own.seconds_online, own.num_followers) == (600, account.num_followers)
    assert own.num_users == account.num_viewers
    world.pass_time(hours=5)
    assert "example_room" not in {one.username for one in read(world).rooms}


def test_every_parameter_chooses(world: World) -> None:
    everyone = raw(world, limit=500)
    by = {
        "gender": ("f", lambda one: one["gender"] == "f"),
        "tag": ("music", lambda one: "music" in one["tags"]),
        "hd": ("true", lambda one: one["is_hd"]),
        "exclude_genders": ("f", lambda one: one["gender"] != "f"),
    }
    for name, (value, holds) in by.items():
        found = raw(world, limit=500, **{name: value})
        assert 0 < found["count"] < everyone["count"], name
        assert all(map(holds, found["results"])), name
    assert 0 < raw(world, exhibitionist="true")["count"] < everyone["count"]
    regions = [
        raw(world, region=one)["count"] for one in ("asia", "europe_russia", "northamerica", "southamerica")
    ]
    assert sum(regions) + raw(world, region="other")["count"] == everyone["count"]
    assert raw(world, embed_video_only=1)["count"] == everyone["count"]
    assert (len(raw(world)["results"]), len(raw(world, limit=7, offset=3)["results"])) == (100, 7)
    assert raw(world, offset=100_000) == {"count": everyone["count"], "results": []}
    with world.rooms() as client:
        page = client.fetch(Query(genders=("female", "trans"), tags=("music",), hd=True, regions=("asia",)))
    assert {one.gender for one in page.rooms} <= {"female", "trans"}


def test_the_older_address_gives_all_rooms_at_once_in_its_own_letters(world: World) -> None:
    rows = raw(world, ARRAY, format="json")
    assert len(rows) == raw(world)["count"]
    assert {one["gender"] for one in rows} == {"f", "m", "s", "c"}
    assert {one["recorded"] for one in rows} == {"false"}


@pytest.mark.parametrize(
    "wrong",
    [
        {"wm": ""}, {"client_ip": "here"}, {"limit": "501"}, {"limit": "0"}, {"offset": "-1"}, {"gender": "f,m"},
        {"gender[]": "f"}, {"format": "xml"}, {"hd": "True"}, {"username": "example_room"},
    ],
)  # fmt: skip
def test_what_it_does_not_take_is_a_400(world: World, wrong: dict[str, str]) -> None:
    assert world.ask(PAGES, {**ASKED, **wrong})[0] == 400
    assert world.ask(PAGES, [*ASKED.items(), *(("tag", one) for one in "abcdef")])[0] == 400


def test_who_asks_too_often_is_slowed_down(world: World) -> None:
    answers = [world.ask(PAGES, {**ASKED, "limit": 1}) for _ in range(121)]
    assert {status for status, _, _ in answers[:120]} == {200}
    status, headers, _ = answers[-1]
    assert (status, headers["Retry-After"]) == (429, "60")


@pytest.mark.parametrize(
    ("fault", "kind"),
    [("403:html", BlockedError), ("403", BlockedError), ("5*429", ThrottledError), ("400", RejectedError)],
)
def test_it_fails_as_the_real_one_does(tmp_path: Path, fault: str, kind: type[Exception]) -> None:
    world = World(tmp_path, rooms=10, faults={"affiliate": fault})
    with world.sandbox, world.rooms() as client, pytest.raises(kind):
        client.fetch()
