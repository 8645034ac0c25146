"""The rules of Statbate's API in the sandbox: ranges, pages, refusals, tokens and limits."""

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from mhc.clients import statbate
from mhc.clients.statbate import Query
from world import BEGIN, World

ROOM = "example_room"


@pytest.fixture
def client(world: World) -> Iterator[Any]:
    with world.statbate() as made:
        yield made


def raw(
    world: World,
    path: str,
    params: Any = (),
    *,
    method: str = "GET",
    body: bytes | None = None,
    **headers: str,
) -> tuple[int, dict[str, str], Any]:
    """Ask without a client; give status, headers and JSON."""
    base = urlsplit(world.sandbox.statbate_url).path
    known = {"Authorization": f"Bearer {world.sandbox.statbate_token}", **headers}
    status, head, text = world.ask(f"{base}{path}", params, method=method, body=body, **known)
    return status, head, json.loads(text)


def everything(client: Any, asked: Query) -> list[Any]:
    return [row for page in client.fetch_pages(statbate.MODEL_TIPS, asked) for row in page.rows]


def test_both_ends_of_a_range_belong_to_it(world: World, client: Any) -> None:
    world.pass_time(hours=5)
    tips = everything(client, Query(name=ROOM, range=world.last(days=1)))
    newest, oldest = tips[0].time, tips[-1].time
    for first, last, count in (
        (oldest, newest, len(tips)),
        (oldest + timedelta(seconds=1), newest, sum(tip.time > oldest for tip in tips)),
        (oldest, newest - timedelta(seconds=1), sum(tip.time < newest for tip in tips)),
    ):
        params = {"range[0]": f"{first:%Y-%m-%d %H:%M:%S}", "range[1]": f"{last:%Y-%m-%d %H:%M:%S}"}
        _, _, body = raw(world, f"/model/chaturbate/{ROOM}/tips", params)
        assert body["meta"]["pagination"]["total"] == count


def test_pages_are_counted(world: World, client: Any) -> None:
    path = f"/model/chaturbate/{ROOM}/tips"
    world.pass_time(hours=2)
    _, _, first = raw(world, path, {"per_page": 7})
    paging = first["meta"]["pagination"]
    assert (paging["from"], paging["to"], paging["current_page"], len(first["data"])) == (1, 7, 1, 7)
    assert paging["last_page"] == -(-paging["total"] // 7)
    _, _, last = raw(world, path, {"per_page": 7, "page": paging["last_page"]})
    assert last["meta"]["pagination"]["to"] == paging["total"]
    _, _, beyond = raw(world, path, {"per_page": 7, "page": paging["last_page"] + 1})
    assert (beyond["data"], beyond["meta"]["pagination"]["from"]) == ([], None)
    asked = Query(name=ROOM, range=world.last(days=40))
    assert everything(client, replace(asked, per_page=150)) == everything(client, asked)


@pytest.mark.parametrize(
    ("path", "params", "status", "body"),
    [
        ("/members/chaturbate/no_such_viewer/info", {}, 404, {"error": "Member not found"}),
        ("/model/chaturbate/no_such_room/rank", {}, 404, {"error": "Model not found"}),
        ("/members/chaturbate/viewer_one/model/no_such_room", {}, 404, {"error": "Model not found"}),
        ("/tags", {"per_page": 201}, 422, "The per page field must not be greater than 200."),
        ("/tags", {"page": 0}, 422, "The page field must be at least 1."),
        ("/tags", {"page": "x"}, 422, "The page field must be an integer."),
        ("/tags", {"range[0]": "yesterday"}, 422, "The range[0] field must be a valid date."),
        ("/tags", {"range[0]": "2026-01-02", "range[1]": "2026-01-01"}, 422,
         "The range.1 field must be a date after or equal to range.0."),
        ("/tags", {"timezone": "UTC"}, 422, "The timezone field is not known."),
        ("/tags", {"site": "elsewhere"}, 422, "The selected site is invalid."),
        ("/members/elsewhere/viewer_one/info", {}, 422, "The selected site is invalid."),
        ("/members/chaturbate/viewer_one/info", {"timezone": "Mars/Base"}, 422,
         "The timezone field must be a valid timezone."),
        ("/models", {"selectedGenders[]": 4}, 422, "The selected selectedGenders.0 is invalid."),
        ("/members", {"highTippers": "perhaps"}, 422, "The selected highTippers is invalid."),
        ("/tags/search", {}, 422, "The query field is required."),
        ("/tags/search", {"query": "", "limit": 101}, 422, "The limit field must not be greater than 100."),
    ],
)  # fmt: skip
def test_what_is_refused(world: World, path: str, params: Any, status: int, body: Any) -> None:
    if isinstance(body, str):
        got, _, said = raw(world, path, params)
        (field,) = said["errors"]
        assert (got, said["message"], said["errors"][field]) == (status, body, [body])
    else:
        assert raw(world, path, params)[::2] == (status, body)


def test_a_batch_takes_a_list_of_a_hundred_names(world: World) -> None:
    path = "/members/chaturbate/info/batch"

    def post(content: Any) -> tuple[int, dict[str, Any]]:
        status, _, body = raw(world, path, method="POST", body=json.dumps(content).encode())
        return status, body

    wrongs: list[Any] = [{}, {"names": "viewer_one"}, {"names": []}, {"names": [1]}, [], "x"]
    for wrong in wrongs:
        assert post(wrong) == (422, {"error": "names array is required"})
    names = [f"nobody_{number}" for number in range(101)]
    assert post({"names": names})[0] == 422
    status, body = post({"names": ["Viewer_One", *names[:99]]})
    assert (status, body["meta"]["found"], body["meta"]["requested"]) == (200, 1, 100)
    assert raw(world, path)[0] == 405
    assert raw(world, "/members", method="POST")[0] == 405
    assert raw(world, "/sessions")[::2] == (404, {"message": "The route api/sessions could not be found."})


def test_who_has_no_token_is_not_let_in(world: World) -> None:
    for token in ("", "Bearer wrong", world.sandbox.statbate_token, f"Bearer {world.sandbox.stats_token}"):
        answer = raw(world, "/tags", Authorization=token)
        assert answer[::2] == (401, {"message": "Unauthenticated."})


def test_120_a_minute_and_the_batch_apart(world: World) -> None:
    for _ in range(120):
        assert raw(world, "/tags/search", {"query": ""})[0] == 200
    world.pass_time(seconds=20)
    status, headers, body = raw(world, "/tags/search", {"query": ""})
    assert (status, body) == (429, {"message": "Too Many Attempts."})
    assert (headers["Retry-After"], headers["X-RateLimit-Remaining"]) == ("40", "0")
    batch = json.dumps({"names": ["viewer_one"]}).encode()
    assert raw(world, "/members/chaturbate/info/batch", method="POST", body=batch)[0] == 200
    world.pass_time(seconds=40)
    assert raw(world, "/tags/search", {"query": ""})[0] == 200


def test_made_up_time_may_run_fast(tmp_path: Path) -> None:
    world = World(tmp_path, speed=86_400.0)
    with world.sandbox:
        world.passed = 10
        for _ in range(120):
            raw(world, "/tags/search", {"query": ""})
        assert raw(world, "/tags/search", {"query": ""})[0] == 429
        world.passed += 60 / 86_400
        status, _, body = raw(world, "/models")
    assert status == 200
    last = datetime.fromisoformat(body["meta"]["range"][1]) - timedelta(minutes=1)
    assert abs(last - (BEGIN + timedelta(days=10)).astimezone(UTC)) < timedelta(seconds=2)


def test_a_crowd_that_only_statbate_knows(tmp_path: Path) -> None:
    world = World(tmp_path, crowd=1_000)
    with world.sandbox, world.statbate() as client:
        names = [f"guest_{number:04d}" for number in range(1, 1_002)]
        batches = list(client.fetch_batches(names))
        assert len(batches) == 11
        assert [name for batch in batches for name in batch.unknown] == ["guest_1001"]
        found = [row for batch in batches for row, _ in batch.found.values()]
        assert len({row.did for row in found}) == 1_000
        before = sum(row.all_time_tokens for row in found)
        world.pass_time(days=1)
        later = [row for batch in client.fetch_batches(names) for row, _ in batch.found.values()]
        assert sum(row.all_time_tokens for row in later) > before
        grown = sum(old.all_time_tokens < new.all_time_tokens for old, new in zip(found, later, strict=True))
        assert 0 < grown <= 40
