"""CBHours: rooms now, what it saw of them, and the many ways in which it says no."""

import contextlib
import itertools
import json
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st
from responses import RequestsMock

from mhc.clients import cbhours
from mhc.clients.api import saved_answer
from mhc.clients.cbhours import (
    MOST_DAYS,
    CbhoursClient,
    LiveRoom,
    read_activity,
    read_live,
    read_months,
    spans,
)
from mhc.clients.failures import (
    BlockedError,
    BrokenAnswerError,
    DownError,
    NotKnownError,
    RejectedError,
    ThrottledError,
    UpstreamError,
)
from mhc.clients.http import Answer
from mhc.clients.pacing import PacedError
from mhc.errors import UsageError
from upstreams import NOW, Clock, pacer

URL = "https://hours.example/api.php"
TODAY = date(2026, 1, 1)  # the clock's


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def client(tmp_path: Path, clock: Clock) -> Iterator[CbhoursClient]:
    made = CbhoursClient(URL, pacer(tmp_path, clock), clock=clock)
    yield made
    made.close()


@pytest.fixture
def api() -> Iterator[RequestsMock]:
    with RequestsMock() as mock:
        yield mock


def told(body: Any) -> Answer:
    return saved_answer(body if isinstance(body, bytes) else json.dumps(body).encode())


def live(**rows: Any) -> Answer:
    return told({"server_status": "up", "data": rows})


def activity(*rows: Any, **more: Any) -> Answer:
    return told(
        {"status": True, "model": "room_one", "activity": [], "details": {"2025-12-30": list(rows)}} | more
    )


def asked(api: RequestsMock) -> list[dict[str, str]]:
    return [dict(parse_qsl(urlsplit(str(call.request.url)).query)) for call in api.calls]


def test_each_question_is_one_address_with_its_action(client: CbhoursClient, api: RequestsMock) -> None:
    api.get(URL, json={"server_status": "up", "data": []})
    api.get(URL, json={"status": True, "activity": []})
    api.get(URL, json=["2025-12"])
    client.fetch_live(["room_one", "room_two"])
    client.fetch_activity("room_one", date(2025, 11, 1), date(2025, 12, 30))
    client.fetch_months("room_one")
    assert asked(api) == [
        {"action": "get_live", "usernames": "room_one,room_two"},
        {"action": "get_activity", "domain": "cbhours", "username": "room_one", "start_date": "2025-11-01",
         "end_date": "2025-12-30", "tzo": "0", "include_details": "true"},
        {"action": "get_months", "domain": "cbhours", "username": "room_one"},
    ]  # fmt: skip


def test_it_is_asked_once_a_second_at_most(client: CbhoursClient, api: RequestsMock, clock: Clock) -> None:
    for _ in range(3):
        api.get(URL, json=[])
    for _ in range(3):
        client.fetch_months("room_one")
    assert clock.waits == [1.0, 1.0]


@pytest.mark.parametrize("number", [0, 51])
def test_fifty_names_a_request_are_the_most(client: CbhoursClient, number: int) -> None:
    with pytest.raises(UsageError, match="1 to 50 names"):
        client.fetch_live([f"room_{one}" for one in range(number)])


@pytest.mark.parametrize("days", [-1, 60])
def test_sixty_days_a_request_are_the_most(client: CbhoursClient, days: int) -> None:
    with pytest.raises(UsageError, match="1 to 60 days"):
        client.fetch_activity("room_one", TODAY, TODAY + timedelta(days=days))


def test_names_are_matched_whatever_their_case_and_who_is_not_in_it_is_silent() -> None:
    answer = live(Room_One={"room_status": "ONLINE"}, other_room={"room_status": "Offline"})
    found = read_live(answer, ["ROOM_one", "room_two"])
    assert [(one.username, one.online) for one in found.rooms] == [("room_one", True)]
    assert (found.unknown, found.silent) == ((), ("room_two",))
    empty = read_live(told({"server_status": "up", "data": []}), ["room_one"])
    assert (empty.rooms, empty.unknown, empty.silent) == ((), (), ("room_one",))


def test_of_a_room_that_is_offline_nothing_else_is_taken() -> None:
    found = read_live(live(room_one={"room_status": "Offline", "viewers": 7, "rank": 3}))
    assert found.rooms == (LiveRoom("room_one", online=False),)


def test_what_does_not_fit_costs_its_field_and_is_named() -> None:
    row = {
        "room_status": "Online", "gender": "robot", "rank": 0, "grank": -4, "viewers": "many", "followers": 2**40,
        "current_show": "circus", "tags": ["#Music", "", "music"], "is_new": "maybe",
    }  # fmt: skip
    found = read_live(live(room_one=row, room_two={"room_status": "Asleep"}, room_three="x"))
    (one,) = found.rooms
    assert one == LiveRoom("room_one", online=True, tags=("music",))
    assert found.silent == ("room_two", "room_three")
    assert len(found.problems) == 8


def test_a_server_that_is_not_up_does_not_say_who_is_offline() -> None:
    with pytest.raises(DownError, match="its server is not up"):
        read_live(told({"server_status": "maintenance", "data": {"room_one": {"room_status": "Offline"}}}))


def test_times_are_of_the_offset_that_was_asked_for() -> None:
    row = {"timestamp": "2025-12-30T23:57", "type": "_public"}
    (utc,) = read_activity(activity(row), now=NOW).segments
    (east,) = read_activity(activity(row), offset=60, now=NOW).segments
    (new_york,) = read_activity(activity(row), offset=-300, now=NOW).segments
    assert utc.at == datetime(2025, 12, 30, 23, 57, tzinfo=UTC)
    assert east.at == datetime(2025, 12, 30, 22, 57, tzinfo=UTC)
    assert new_york.at == datetime(2025, 12, 31, 4, 57, tzinfo=UTC)


def test_rows_come_in_order_each_time_once_and_none_from_the_future() -> None:
    rows = [
        {"timestamp": "2025-12-30T10:03", "type": "_ticket", "viewers": "5", "rank": "", "grank": "0"},
        {"timestamp": "2025-12-30T10:00", "type": "_group", "viewers": "4"},
        {"timestamp": "2025-12-30T10:00", "type": "_group", "viewers": "9"},
        {"timestamp": "2026-01-01T00:30", "type": "_public"},
        {"timestamp": "soon"},
        "nothing",
    ]
    found = read_activity(activity(*rows), now=NOW)
    assert [(one.at.minute, one.show, one.viewers, one.rank, one.gender_rank) for one in found.segments] == [
        (0, "group", 4, None, None), (3, "hidden", 5, None, None),
    ]  # fmt: skip
    assert len(found.problems) == 4


@pytest.mark.parametrize("status", [None, "true", "up", 1, False, []])
def test_an_activity_is_one_only_where_its_status_is_true(status: Any) -> None:
    with pytest.raises(UpstreamError) as raised:
        read_activity(activity(status=status), now=NOW)
    assert int(raised.value.status) == 65


def test_days_without_details_have_their_minutes() -> None:
    days = {"2025-12-30": "2025-12-30 Tue - 01 Hours 24 Minutes", "2025-12-31": "closed"}
    found = read_activity(told({"status": True, "activity": days}), now=NOW)
    assert (found.segments, found.minutes, len(found.problems)) == ((), 84, 1)


@pytest.mark.parametrize("body", [{"status": True}, {"status": True, "activity": "none"}, [], "text"])
def test_an_activity_of_another_shape_is_said_to_be_one(body: Any) -> None:
    with pytest.raises(BrokenAnswerError):
        read_activity(told(body), now=NOW)


def test_months_are_the_latest_first_and_what_is_none_is_left_out() -> None:
    found = read_months(told(["2025-11", "2025-12", "2025-13", 7]))
    assert found.months == (date(2025, 12, 1), date(2025, 11, 1))
    assert read_months(told([])).months == ()
    for body in (["soon"], {"2025": 12}):
        with pytest.raises(BrokenAnswerError):
            read_months(told(body))


SAID = "Error Code:300 To use this api please add a trophy/calendar to the models bio."


@pytest.mark.parametrize("status", [200, 400, 403])
def test_a_room_without_a_trophy_is_not_known_whatever_the_status(status: int) -> None:
    answer = saved_answer(json.dumps({"status": "error", "message": SAID}).encode(), status=status)
    for read in (read_live, read_activity, read_months):
        with pytest.raises(NotKnownError):
            read(answer)


@pytest.mark.parametrize(
    ("status", "body", "kind", "quiet"),
    [
        (200, b'{"status":"error","message":"Error Code:301 Something else"}', RejectedError, None),
        (200, b'{"status":"error","message":"You are temporarily blocked"}', ThrottledError, 600),
        (200, b"Too many requests", ThrottledError, 600),
        (403, b"Forbidden", BlockedError, 600),
        (403, b"<html>Just a moment...</html>", BlockedError, 600),
        (200, b"<html>Blocked</html>", BlockedError, 600),
        (429, b"", ThrottledError, 600),
        (500, b"", DownError, None),
        (200, b"sorry", BrokenAnswerError, None),
        (200, b'{"data":{"room_one":{"room_subject":"too many blocked', BrokenAnswerError, None),
    ],
)
def test_a_refusal_is_of_its_kind(
    status: int, body: bytes, kind: type[UpstreamError], quiet: float | None
) -> None:
    for read in (read_live, read_activity, read_months):
        with pytest.raises(UpstreamError) as raised:
            read(saved_answer(body, status=status))
        assert (type(raised.value), raised.value.seconds) == (kind, quiet)


def test_a_block_keeps_every_process_away_for_a_while(client: CbhoursClient, api: RequestsMock) -> None:
    api.get(URL, status=403, body="Forbidden")
    with pytest.raises(BlockedError):
        client.fetch_months("room_one")
    with pytest.raises(PacedError):
        client.fetch_live(["room_one"])
    assert len(api.calls) == 1


@given(st.integers(0, 1200), st.integers(0, 400))
def test_spans_cover_every_day_overlap_by_one_and_come_latest_first(days: int, back: int) -> None:
    last = TODAY - timedelta(days=back)
    first = last - timedelta(days=days)
    found = list(spans(first, last))
    assert (found[0][1], found[-1][0]) == (last, first)
    assert all((end - start).days < MOST_DAYS for start, end in found)
    assert all(after[1] == one[0] for one, after in itertools.pairwise(found))
    assert len(found) == max(1, -(-days // (MOST_DAYS - 1)))


@given(st.recursive(st.none() | st.booleans() | st.integers() | st.floats() | st.text(), lambda inner: (
    st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(
        ["status", "data", "details", "activity", "message", "server_status", "room_status", "timestamp"]), inner)
)))  # fmt: skip
def test_whatever_comes_is_an_answer_or_a_typed_failure(body: Any) -> None:
    answer = saved_answer(json.dumps(body).encode())
    for read in (cbhours.read_live, cbhours.read_activity, cbhours.read_months):
        with contextlib.suppress(UpstreamError):
            read(answer)
