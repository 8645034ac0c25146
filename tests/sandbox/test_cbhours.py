"""CBHours of the sandbox: its rooms as the story has them, and its refusals."""

import json
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from mhc.clients.failures import BlockedError, NotKnownError, RejectedError, ThrottledError
from mhc.sandbox.cbhours import PATH, UNTRACKED
from world import BEGIN, LENGTH, World


def ask(world: World, action: str, **params: Any) -> tuple[int, Any]:
    status, _, body = world.ask(PATH, {"action": action} | params)
    return status, json.loads(body) if body.startswith(("{", "[")) else body


def past(world: World, **more: Any) -> Any:
    given = {
        "domain": "cbhours",
        "username": "example_room",
        "start_date": "2026-01-01",
        "end_date": "2026-01-01",
    }
    return ask(world, "get_activity", **given | {"tzo": 0, "include_details": "true"} | more)[1]


def test_each_room_is_as_the_story_has_it(world: World) -> None:
    with world.cbhours() as client:
        found = client.fetch_live(["Example_Room", UNTRACKED, "nobody_at_all", "other_room"])
    assert found.problems == ()
    one = next(room for room in found.rooms if room.username == "example_room")
    assert (one.online, one.gender, one.tags) == (True, "female", ("music", "dance", "sample"))
    assert min(one.rank or 0, one.gender_rank or 0, one.followers or 0) > 0
    assert set(found.unknown) == {UNTRACKED, "nobody_at_all"}
    world.pass_time(hours=2)
    with world.cbhours() as client:
        (dark,) = client.fetch_live(["example_room"]).rooms
    assert (dark.online, dark.viewers) == (False, None)


def test_what_it_saw_is_the_show_by_three_minutes_and_stays_the_same(world: World) -> None:
    world.pass_time(hours=3)
    day = BEGIN.date()
    with world.cbhours() as client:
        found = client.fetch_activity("EXAMPLE_ROOM", day, day)
        again = client.fetch_activity("example_room", day - timedelta(days=59), day)
    assert (found.problems, found.username) == ((), "example_room")
    every = timedelta(minutes=3)
    possible = {BEGIN + number * every for number in range(LENGTH // every)}
    assert {one.at for one in found.segments} <= possible
    assert found.minutes == 3 * len(found.segments) >= 24  # but for a break in the show
    assert again.segments[-len(found.segments) :] == found.segments
    assert len(again.segments) > 500


def test_its_times_are_shifted_by_the_offset(world: World) -> None:
    world.pass_time(hours=3)
    (shown,) = past(world, tzo=-300, start_date="2025-12-31", end_date="2025-12-31")["details"].values()
    assert shown[-1]["timestamp"] == "2025-12-31T19:27"
    assert all(isinstance(value, str) for value in shown[0].values())


def test_it_knows_months_and_nothing_of_a_room_without_a_trophy(world: World) -> None:
    with world.cbhours() as client:
        months = client.fetch_months("other_room").months
        with pytest.raises(NotKnownError):
            client.fetch_months(UNTRACKED)
        with pytest.raises(NotKnownError):
            client.fetch_activity("nobody_at_all", date(2026, 1, 1), date(2026, 1, 1))
    assert months[0] in {date(2026, 1, 1), date(2025, 12, 1)}
    assert len(months) >= 6


def test_empty_maps_come_as_lists_as_php_writes_them(world: World) -> None:
    assert ask(world, "get_live", usernames="")[1] == {"server_status": "up", "data": []}
    world.pass_time(seconds=2)
    found = past(world, start_date="2020-01-01", end_date="2020-01-01")
    assert (found["activity"], found["details"], found["status"]) == ([], [], True)


@pytest.mark.parametrize(
    ("params", "said"),
    [
        ({"domain": "elsewhere"}, "Code:101"),
        ({"domain": "striphours"}, "Code:300"),
        ({"start_date": "2025-11-02"}, "Code:201"),
        ({"start_date": "2026-01-02"}, "Code:201"),
        ({"end_date": "soon"}, "Code:202"),
        ({"tzo": ""}, "Code:203"),
    ],
)
def test_it_refuses_with_status_200(world: World, params: dict[str, Any], said: str) -> None:
    found = past(world, **params)
    assert (found["status"], said in found["message"]) == ("error", True)


def test_fifty_one_names_are_too_many(world: World) -> None:
    status, found = ask(world, "get_live", usernames=",".join(f"room_{number}" for number in range(51)))
    assert (status, found["status"]) == (200, "error")


def test_who_asks_twice_in_a_second_is_told_so_and_then_kept_out(world: World) -> None:
    statuses = [ask(world, "get_months", domain="cbhours", username="other_room")[0] for _ in range(3)]
    assert statuses == [200, 429, 403]
    world.pass_time(seconds=61)
    assert ask(world, "get_months", domain="cbhours", username="other_room")[0] == 200


def test_the_client_keeps_to_its_second(world: World) -> None:
    began = datetime.now(UTC)
    with world.cbhours() as client:
        for _ in range(5):
            client.fetch_months("other_room")
    assert world.passed >= 4
    assert datetime.now(UTC) - began < timedelta(minutes=1)


@pytest.mark.parametrize(
    ("fault", "kind"),
    [("429", ThrottledError), ("403", BlockedError), ("html200", BlockedError), ("400", RejectedError)],
)
def test_what_goes_wrong_is_typed(tmp_path: Path, fault: str, kind: type[Exception]) -> None:
    made = World(tmp_path, faults={"cbhours": fault})
    with made.sandbox, made.cbhours() as client, pytest.raises(kind):
        client.fetch_live(["other_room"])


def test_the_made_up_rooms_of_the_feed_are_known_there_with_the_same_figures(world: World) -> None:
    feed = json.loads(
        world.ask(
            "/api/public/affiliates/onlinerooms/",
            {"wm": "x", "client_ip": "request_ip", "format": "json", "limit": 50},
        )[2]
    )["results"]
    by_name = {one["username"]: one for one in feed}
    with world.cbhours() as client:
        found = client.fetch_live(list(by_name))
        again = client.fetch_live([*found.unknown[:1], "room_99999"])
    assert (found.problems, found.silent) == ((), ())
    assert len(found.rooms) > len(found.unknown) > 0  # of every third there is no trophy
    for one in found.rooms:
        theirs = by_name[one.username]
        assert (one.online, one.viewers, one.followers) == (
            True,
            theirs["num_users"],
            theirs["num_followers"],
        )
        assert one.current_show == theirs["current_show"]
    assert len(again.unknown) == 2
    name = next(one.username for one in found.rooms if one.username.startswith("room_"))
    with world.cbhours() as client:
        past = client.fetch_activity(name, BEGIN.date() - timedelta(days=20), BEGIN.date())
        assert client.fetch_months(name).months[0] <= BEGIN.date()
    assert past.problems == ()
    assert past.minutes == 3 * len(past.segments) > 1000
