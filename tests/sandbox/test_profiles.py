"""The public profiles of the sandbox: its rooms, over made-up months, and whom it does not show."""

from typing import Any

import pytest

from mhc.clients.biocontext import KeptOutError
from mhc.clients.failures import BlockedError, NotKnownError, ThrottledError
from mhc.domain.profiles import links_of
from mhc.sandbox.models import ELSEWHERE
from mhc.sandbox.profiles import GONE, KEPT_OUT
from world import BEGIN, World


def read(world: World, name: str) -> Any:
    with world.profiles() as client:
        fetched = client.fetch(name)
    assert fetched.problems == ()
    return fetched


def test_the_own_room_is_what_its_statistics_say(world: World) -> None:
    world.pass_time(minutes=10)
    profile = read(world, "example_room").profile
    with world.statistics() as client:
        statistics = client.fetch().statistics
    assert (profile.room_status, profile.last_broadcast) == ("public", BEGIN)
    assert profile.follower_count == statistics.num_followers


def test_every_room_has_a_profile_that_changes_with_the_months(world: World) -> None:
    names = [one.name for one in ELSEWHERE if one.name != KEPT_OUT]
    before = {name: read(world, name).profile for name in names}
    assert {name: read(world, name).profile for name in names[:2]} == {
        name: before[name] for name in names[:2]
    }
    world.pass_time(days=70)
    after = {name: read(world, name).profile for name in names}
    changed = {name for name in names if after[name].fan_club_cost != before[name].fan_club_cost}
    assert changed
    assert {name: one.sex for name, one in after.items()} == {name: one.sex for name, one in before.items()}
    assert links_of(after["other_room"]) == [("other", "https://other-room.example/")]


def test_the_feed_of_rooms_says_the_same_of_who_is_on_air(world: World) -> None:
    with world.rooms() as client:
        rooms = [one for one in client.fetch().rooms if str(one.username).startswith("room_")][:5]
    assert rooms
    for room in rooms:
        profile = read(world, str(room.username)).profile
        assert (profile.room_status, profile.display_age) == (room.current_show, room.age)
        assert abs(profile.follower_count - room.num_followers) <= 1  # a moment later
    with pytest.raises(NotKnownError):
        read(world, "room_99999")


def test_it_refuses_as_the_site_does(world: World) -> None:
    assert {name: read(world, name).profile.gone for name in GONE} == {
        "deleted_room": "deleted",
        "banned_room": "banned",
    }
    with pytest.raises(KeptOutError):
        read(world, KEPT_OUT)
    with pytest.raises(NotKnownError):
        read(world, "nobody_there")


def test_who_hurries_is_asked_to_slow_down(world: World) -> None:
    told = [world.ask("/api/biocontext/other_room/")[0] for _ in range(26)]
    assert told == [*[200] * 25, 429]
    with pytest.raises(ThrottledError):
        read(world, "other_room")
    world.pass_time(minutes=2)
    read(world, "other_room")


@pytest.mark.parametrize(
    ("fault", "kind"), [("html200", BlockedError), ("403:html", BlockedError), ("401", KeptOutError)]
)
def test_what_is_to_go_wrong_goes_wrong(tmp_path: Any, fault: str, kind: type[Exception]) -> None:
    world = World(tmp_path, faults={"profiles": fault})
    with world.sandbox, pytest.raises(kind):
        read(world, "other_room")
