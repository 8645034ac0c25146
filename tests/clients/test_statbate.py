"""The client of Statbate: pages by our own count, batches of any size, and answers that are not as documented."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import responses
from responses import RequestsMock

from mhc.clients import statbate
from mhc.clients.api import saved_answer
from mhc.clients.failures import BlockedError, BrokenAnswerError, NotKnownError, RefusedError, RejectedError
from mhc.clients.pacing import PacedError
from mhc.clients.statbate import Query, StatbateClient, read, sort_batch
from mhc.config import Secret
from mhc.domain.times import Range
from upstreams import PAYLOADS, Clock, pacer, saved

BASE = "https://statbate.example/api"
TOKEN = "1|CANARY0STATBATE0TOKEN"
JANUARY = Range(datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 2, 1, tzinfo=UTC))
TIPS = f"{BASE}/members/chaturbate/viewer_one/tips"
BATCH = f"{BASE}/members/chaturbate/info/batch"
ASKED = Query(name="viewer_one", range=JANUARY)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def client(tmp_path: Path, clock: Clock) -> Iterator[StatbateClient]:
    made = StatbateClient(BASE, Secret(TOKEN), pacer(tmp_path, clock), clock=clock)
    yield made
    made.close()


@pytest.fixture
def api() -> Iterator[RequestsMock]:
    with RequestsMock() as mock:
        yield mock


def page(number: int, last: int, rows: int = 1, **more: Any) -> dict[str, Any]:
    tips = [{"time": "2026-01-05T10:00:00+00:00", "model": "example_room", "tokens": number}] * rows
    paging = {"total": last, "per_page": 200, "current_page": number, "last_page": last}
    return {"data": tips, "meta": {"site": "chaturbate", "pagination": paging}} | more


def tokens(pages: Iterator[statbate.Fetched[Any]]) -> list[int]:
    return [row.tokens for one in pages for row in one.rows]


def test_an_operation_is_asked_with_the_token_in_a_header_only(
    client: StatbateClient, api: RequestsMock
) -> None:
    api.get(
        f"{BASE}/members/chaturbate/viewer_one/info",
        body=(PAYLOADS / "statbate/member_info.json").read_bytes(),
    )
    fetched = client.fetch(statbate.MEMBER_INFO, Query(name="Viewer_One"))
    assert fetched.one.all_time_tokens == 45210
    assert fetched == read(statbate.MEMBER_INFO, saved("statbate/member_info.json"))
    sent = api.calls[0].request
    assert sent.headers["Authorization"] == f"Bearer {TOKEN}"
    assert sent.headers["Accept"] == "application/json"
    assert "CANARY" not in str(sent.url)


def test_pages_are_asked_for_until_the_last(client: StatbateClient, api: RequestsMock) -> None:
    for number in (1, 2, 3):
        match = [
            responses.matchers.query_param_matcher(
                {"page": str(number), "per_page": "200"}, strict_match=False
            )
        ]
        api.get(TIPS, json=page(number, 3), match=match)
    assert tokens(client.fetch_pages(statbate.MEMBER_TIPS, ASKED)) == [1, 2, 3]


def test_no_address_in_an_answer_is_followed(client: StatbateClient, api: RequestsMock) -> None:
    links = {"next": "https://evil.example/?page=2", "first": f"{BASE}/tags"}
    api.get(TIPS, json=page(1, 2, links=links, next_page_url="https://evil.example/"))
    api.get(TIPS, json=page(2, 2, links=links))
    assert tokens(client.fetch_pages(statbate.MEMBER_TIPS, ASKED)) == [1, 2]
    assert {call.request.url.partition("?")[0] for call in api.calls if call.request.url} == {TIPS}


def test_an_empty_page_is_the_last_whatever_it_says(client: StatbateClient, api: RequestsMock) -> None:
    api.get(TIPS, json=page(1, 9))
    api.get(TIPS, json=page(2, 9, rows=0))
    assert tokens(client.fetch_pages(statbate.MEMBER_TIPS, ASKED)) == [1]


def test_where_nothing_counts_pages_one_that_is_not_full_is_the_last(
    client: StatbateClient, api: RequestsMock
) -> None:
    url = f"{BASE}/members/chaturbate/viewer_one/tag-spending"
    row = {"tag": "music", "total_tokens": 5}
    api.get(url, json={"data": [row, row], "meta": {"site": "chaturbate"}})
    api.get(url, json={"data": [row], "meta": {"site": "chaturbate"}})
    asked = Query(name="viewer_one", range=JANUARY, per_page=2)
    assert [len(one.rows) for one in client.fetch_pages(statbate.MEMBER_TAG_SPENDING, asked)] == [2, 1]


def test_a_server_that_gives_one_page_for_ever_is_noticed(client: StatbateClient, api: RequestsMock) -> None:
    api.get(TIPS, json=page(1, 2))
    pages = client.fetch_pages(statbate.MEMBER_TIPS, ASKED)
    next(pages)
    with pytest.raises(BrokenAnswerError, match=r"^Statbate gives page 1 for page 2$"):
        next(pages)


def test_more_pages_than_allowed_are_said_to_be_more(client: StatbateClient, api: RequestsMock) -> None:
    api.get(TIPS, json=page(1, 3))
    api.get(TIPS, json=page(2, 3))
    pages = client.fetch_pages(statbate.MEMBER_TIPS, ASKED, most=2)
    assert [next(pages).rows[0].tokens, next(pages).rows[0].tokens] == [1, 2]
    with pytest.raises(BrokenAnswerError, match="more than 2 pages of member_tips"):
        next(pages)


def test_a_batch_says_who_is_there_who_is_not_and_at_whom_it_failed(
    client: StatbateClient, api: RequestsMock
) -> None:
    rows = [
        {"name": "No_Such_Viewer", "did": None, "error": "Member not found"},
        {"name": "viewer_two", "did": 2, "error": None, "all_time_tokens": 5, "more": {"x": [1]}},
        {"name": "viewer_three", "did": 3, "error": "Timed out"},
        {"name": "stranger", "did": 9, "error": None},
        {"name": "viewer_four", "did": None, "error": None},
        {"did": 7}, "no row",
    ]  # fmt: skip
    api.post(BATCH, json={"data": rows, "meta": {"timezone": "UTC"}})
    names = ["viewer_two", "No_such_viewer", "viewer_three", "viewer_four", "viewer_five", "VIEWER_TWO"]
    (batch,) = client.fetch_batches(names)
    assert {name: (row.all_time_tokens, json.loads(part)) for name, (row, part) in batch.found.items()} == {
        "viewer_two": (5, rows[1])
    }
    assert list(batch.unknown) == ["no_such_viewer", "viewer_four"]
    assert json.loads(batch.unknown["no_such_viewer"]) == rows[0]
    assert batch.failed == {"viewer_three": "Timed out", "viewer_five": ""}
    assert batch.problems == ("data[6]: a text instead of an object",)


def test_two_hundred_and_fifty_names_are_three_batches(
    client: StatbateClient, api: RequestsMock, clock: Clock
) -> None:
    def answer(request: Any) -> tuple[int, dict[str, str], str]:
        names = json.loads(request.body)["names"]
        return 200, {}, json.dumps({"data": [{"name": name, "did": 1} for name in reversed(names)]})

    api.add_callback(responses.POST, BATCH, callback=answer)
    names = [f"viewer_{number}" for number in range(250)]
    batches = list(client.fetch_batches(names))
    assert [len(batch.found) for batch in batches] == [100, 100, 50]
    assert [name for batch in batches for name in batch.found] == names
    assert clock.waits == [0.5, 0.5]  # 120 a minute


def test_the_batch_of_the_sample(client: StatbateClient) -> None:
    fetched = read(statbate.MEMBER_INFO_BATCH, saved("statbate/members_batch.json"))
    batch = sort_batch(["viewer_one", "viewer_two", "no_such_viewer"], fetched)
    assert (list(batch.found), list(batch.unknown), batch.failed) == (
        ["viewer_one", "viewer_two"], ["no_such_viewer"], {},
    )  # fmt: skip
    assert fetched.meta is not None
    assert (fetched.meta.found, fetched.meta.requested) == (2, 3)


def test_after_too_many_requests_everything_waits(
    client: StatbateClient, api: RequestsMock, clock: Clock
) -> None:
    api.get(
        f"{BASE}/tags", status=429, headers={"Retry-After": "120"}, json={"message": "Too Many Attempts."}
    )
    with pytest.raises(PacedError, match=r"^statbate\.example may be asked again in 1\d\d s$"):
        client.fetch(statbate.TAGS, Query(range=JANUARY))
    with pytest.raises(PacedError):
        next(client.fetch_batches(["viewer_one"]))
    assert len(api.calls) == 1
    assert all(wait < 5 for wait in clock.waits)


@pytest.mark.parametrize(
    ("body", "timezone", "at"),
    [
        ('{"data":{"last_tip_date":"2026-07-01 10:00:00"},"meta":{"timezone":"Europe/Berlin"}}', None, 8),
        ('{"data":{"last_tip_date":"2026-07-01 10:00:00"},"meta":{"timezone":"Europe/Berlin"}}', "UTC", 8),
        ('{"data":{"last_tip_date":"2026-07-01 10:00:00"}}', "Europe/Berlin", 8),
        (
            '{"data":{"last_tip_date":"2026-07-01 10:00:00"},"meta":{"timezone":"Nowhere/Land"}}',
            "Europe/Berlin",
            8,
        ),
        ('{"data":{"last_tip_date":"2026-07-01 10:00:00"},"meta":{"timezone":["x"]}}', None, 10),
        (
            '{"data":{"last_tip_date":"2026-07-01T10:00:00+03:00"},"meta":{"timezone":"Europe/Berlin"}}',
            None,
            7,
        ),
    ],
)
def test_a_time_without_a_zone_is_of_the_answers_else_of_the_one_asked_for(
    body: str, timezone: str | None, at: int
) -> None:
    fetched = read(statbate.MEMBER_INFO, saved_answer(body.encode()), timezone=timezone)
    assert fetched.one.last_tip_date == datetime(2026, 7, 1, at, tzinfo=UTC)


@pytest.mark.parametrize(
    ("status", "body", "kind", "sentence"),
    [
        (200, "{}", BrokenAnswerError, "an answer of Statbate to model_rank has no data of the documented form"),
        (200, "[]", BrokenAnswerError, "an answer of Statbate to model_rank has no data of the documented form"),
        (200, '{"data":[]}', BrokenAnswerError, "an answer of Statbate to model_rank has no data of the documented form"),
        (200, '{"data":null}', BrokenAnswerError, "an answer of Statbate to model_rank has no data of the documented form"),
        (200, '{"data":{}', BrokenAnswerError, "an answer of Statbate is no JSON"),
        (200, "", BrokenAnswerError, "an answer of Statbate is no JSON"),
        (204, "", BrokenAnswerError, "an answer of Statbate is no JSON"),
        (200, " \n<!doctype HTML><title>Log in", BlockedError, None),
        (503, "<html><title>Just a moment...</title>", BlockedError, None),
        (404, '{"message":"The route api/x could not be found."}', RejectedError,
         "Statbate has no such address (404): The route api/x could not be found."),
        (404, "<html>", RejectedError, "Statbate has no such address (404)"),
        (404, "", NotKnownError, "Statbate does not know example_room"),
        (404, '{"message":""}', NotKnownError, "Statbate does not know example_room"),
        (403, "", RefusedError, "Statbate refuses this (403)"),
    ],
)  # fmt: skip
def test_an_answer_that_is_no_data(
    status: int, body: str, kind: type[Exception], sentence: str | None
) -> None:
    with pytest.raises(kind) as raised:
        read(statbate.MODEL_RANK, saved_answer(body.encode(), status=status), about="example_room")
    assert type(raised.value) is kind
    assert sentence in {None, str(raised.value)}


def test_a_broken_answer_is_kept_with_the_error() -> None:
    with pytest.raises(BrokenAnswerError) as raised:
        read(statbate.TAGS, saved_answer(b'{"data":"new form"}'))
    assert raised.value.answer is not None
    assert raised.value.answer.body == b'{"data":"new form"}'
    assert "new form" not in repr(raised.value)


def test_a_new_field_breaks_nothing_and_a_missing_one_is_none() -> None:
    body = b'{"data":{"name":"example_room","new":{"deep":[1,2]}},"meta":{"new":1},"also":null}'
    fetched = read(statbate.MODEL_RANK, saved_answer(body))
    assert (fetched.one.name, fetched.one.rid, fetched.one.ranks, fetched.problems) == (
        "example_room",
        None,
        None,
        (),
    )
    assert fetched.parts == (b'{"name":"example_room","new":{"deep":[1,2]}}',)
