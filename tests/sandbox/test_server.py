"""The sandbox over HTTP: pages, cursors, waiting polls and refusals."""

import http.client
import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

import pytest

from mhc.sandbox.api import Given
from mhc.sandbox.server import Sandbox
from mhc.sandbox.show import iter_events

START = datetime(2026, 1, 1, tzinfo=UTC)
START_MS = 1767225600000
PLACE = "/events/example_room/SANDBOX0EVENTS0TOKEN0FAKE/"


class Answer:
    def __init__(self, response: http.client.HTTPResponse) -> None:
        self.status = response.status
        self.type = response.headers["Content-Type"]
        self.length = response.headers["Content-Length"]
        self.body = response.read()

    @property
    def page(self) -> dict[str, Any]:
        page = json.loads(self.body)
        assert isinstance(page, dict)
        return page

    @property
    def ids(self) -> list[str]:
        return [event["id"] for event in self.page["events"]]


class Clock:
    """Show time that stands still until a test moves it."""

    def __init__(self) -> None:
        self.seconds = 1_000.0

    def __call__(self) -> float:
        return self.seconds


def ask(sandbox: Sandbox, target: str = PLACE + "?timeout=0", method: str = "GET") -> Answer:
    connection = http.client.HTTPConnection("127.0.0.1", urlsplit(sandbox.url).port or 0, timeout=30)
    try:
        connection.request(method, target)
        return Answer(connection.getresponse())
    finally:
        connection.close()


def follow(sandbox: Sandbox, answer: Answer) -> Answer:
    url = answer.page["nextUrl"]
    assert url.startswith(sandbox.base_url)
    return ask(sandbox, url.removeprefix(sandbox.url))


def read_all(sandbox: Sandbox, target: str = PLACE + "?timeout=0") -> Iterator[str]:
    answer = ask(sandbox, target)
    while answer.ids:
        yield from answer.ids
        answer = follow(sandbox, answer)


def test_the_backlog_comes_in_pages_and_each_event_once() -> None:
    expected = [event["id"] for event in iter_events(seed=5, start=START, events=730)]
    with Sandbox(seed=5, speed=0, start=START, events=730, journal=True) as sandbox:
        assert list(read_all(sandbox)) == expected
        assert sandbox.served_ids() == expected
        assert [len(served.ids) for served in sandbox.journal] == [100] * 7 + [30, 0]
        assert sandbox.journal[1].cursor == expected[99]
        assert {served.status for served in sandbox.journal} == {200}


def test_events_are_served_as_the_generator_gives_them() -> None:
    with Sandbox(speed=0, start=START, events=40) as sandbox:
        assert ask(sandbox).page["events"] == list(iter_events(start=START, events=40))
        assert sandbox.journal == []


def test_a_cursor_resumes_in_another_server_of_the_same_seed() -> None:
    expected = [event["id"] for event in iter_events(start=START, events=300)]
    with Sandbox(speed=0, start=START, events=300, page_size=7) as sandbox:
        assert list(read_all(sandbox, f"{PLACE}?i={expected[150]}&timeout=0")) == expected[151:]


def test_the_base_url_replays_the_whole_backlog() -> None:
    with Sandbox(speed=0, start=START, events=30) as sandbox:
        assert list(read_all(sandbox)) == list(read_all(sandbox)) != []


def test_next_url_carries_token_last_id_and_timeout() -> None:
    with Sandbox(speed=0, start=START, events=3) as sandbox:
        answer = ask(sandbox, PLACE + "?timeout=7")
        assert answer.page["nextUrl"] == f"{sandbox.base_url}?i={answer.ids[-1]}&timeout=7"
        assert (answer.type, answer.length) == ("application/json", str(len(answer.body)))
        assert list(answer.page) == ["events", "nextUrl"]
        assert ask(sandbox, PLACE).page["nextUrl"].endswith("&timeout=10")
        assert ask(sandbox, PLACE + "?timeout=999").page["nextUrl"].endswith("&timeout=90")


def test_an_empty_poll_repeats_the_cursor() -> None:
    with Sandbox(speed=0, start=START, events=3) as sandbox:
        last = ask(sandbox)
        empty = follow(sandbox, last)
        assert (empty.status, empty.page) == (200, {"events": [], "nextUrl": last.page["nextUrl"]})


def test_an_empty_poll_may_be_a_400() -> None:
    with Sandbox(speed=0, start=START, events=3, empty="400") as sandbox:
        last = ask(sandbox)
        empty = follow(sandbox, last)
        assert (empty.status, empty.type) == (400, "application/json")
        assert empty.page == {
            "status": "waited too long for events",
            "events": [],
            "nextUrl": last.page["nextUrl"],
        }


def test_before_the_first_event_the_cursor_is_the_time() -> None:
    with Sandbox(speed=0, start=START, events=0) as sandbox:
        assert ask(sandbox).page["nextUrl"] == f"{sandbox.base_url}?i={START_MS}&timeout=0"


def test_a_waiting_poll_gets_the_next_event_at_once() -> None:
    clock = Clock()
    with Sandbox(start=START, clock=clock) as sandbox, ThreadPoolExecutor() as pool:
        poll = pool.submit(ask, sandbox, f"{PLACE}?i={START_MS}-0&timeout=90")
        assert sandbox.until_held()
        clock.seconds += 3
        sandbox.wake()
        assert poll.result().ids == [f"{START_MS + 3_000}-0"]


def test_a_waiting_poll_ends_empty_after_its_timeout() -> None:
    clock = Clock()
    with Sandbox(start=START, events=0, clock=clock) as sandbox, ThreadPoolExecutor() as pool:
        poll = pool.submit(ask, sandbox, PLACE + "?timeout=60")
        assert sandbox.until_held()
        clock.seconds += 61
        sandbox.wake()
        assert poll.result().ids == []


def test_stop_wakes_waiting_polls() -> None:
    with ThreadPoolExecutor() as pool:
        with Sandbox(start=START, events=0, journal=True) as sandbox:
            polls = [pool.submit(ask, sandbox, PLACE + "?timeout=90") for _ in range(3)]
            assert sandbox.until_held(3)
        for poll in polls:
            assert isinstance(poll.exception(), ConnectionError)
        assert [served.status for served in sandbox.journal] == [0, 0, 0]


def test_stop_ends_idle_connections_and_may_be_called_twice() -> None:
    sandbox = Sandbox(speed=0, start=START, events=1).start()
    connection = http.client.HTTPConnection("127.0.0.1", urlsplit(sandbox.url).port or 0, timeout=30)
    connection.request("GET", PLACE)
    connection.getresponse().read()
    sandbox.stop()
    sandbox.stop()
    assert connection.sock.recv(1) == b""
    connection.close()
    with pytest.raises(ConnectionRefusedError):
        ask(sandbox)


def test_a_connection_serves_many_requests() -> None:
    with Sandbox(speed=0, start=START, events=5) as sandbox:
        connection = http.client.HTTPConnection("127.0.0.1", urlsplit(sandbox.url).port or 0, timeout=30)
        connection.connect()
        own = connection.sock.getsockname()
        for _ in range(3):
            connection.request("GET", PLACE)
            assert len(Answer(connection.getresponse()).ids) == 5
            assert connection.sock.getsockname() == own
        connection.close()


def test_a_wrong_token_is_unauthorized() -> None:
    with Sandbox(speed=0, events=1) as sandbox:
        answer = ask(sandbox, "/events/example_room/WRONG/")
        assert (answer.status, answer.type[:9], answer.body) == (401, "text/html", b"Unauthorized")


@pytest.mark.parametrize(
    "target",
    [
        "/",
        "/events/",
        "/events/other_room/SANDBOX0EVENTS0TOKEN0FAKE/",
        PLACE.rstrip("/"),
        PLACE + "x",
        "//[/",
    ],
)
def test_a_wrong_path_is_not_found(target: str) -> None:
    with Sandbox(speed=0, events=1) as sandbox:
        answer = ask(sandbox, target)
        assert (answer.status, answer.body) == (404, b"<h1>Not Found</h1>")


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "HEAD"])
def test_only_get_is_allowed(method: str) -> None:
    with Sandbox(speed=0, events=1) as sandbox:
        assert ask(sandbox, method=method).status == 405


def test_room_and_token_are_percent_encoded_segments() -> None:
    with Sandbox(speed=0, start=START, events=1, token="A/B?ü") as sandbox:
        assert "/A%2FB%3F%C3%BC/" in sandbox.base_url
        assert len(ask(sandbox, sandbox.base_url.removeprefix(sandbox.url)).ids) == 1


def test_an_expired_cursor_is_told_to_start_over() -> None:
    clock = Clock()
    expected = [event["id"] for event in iter_events(start=START, events=60)]
    with Sandbox(start=START, events=60, retention=10, clock=clock) as sandbox:
        clock.seconds += 3_600
        stale = ask(sandbox, f"{PLACE}?i={expected[48]}&timeout=0")
        assert (stale.status, stale.type) == (400, "text/plain")
        assert stale.body == b"You waited too long. Please start over using 'nextUrl'"
        assert ask(sandbox).ids == expected[50:]


def test_an_endless_show_is_served_page_by_page() -> None:
    with Sandbox(speed=0, start=START) as sandbox:
        assert len(follow(sandbox, ask(sandbox)).ids) == 100


@pytest.mark.parametrize("events", [None, 4_000])
def test_a_faster_show_never_reaches_the_future(events: int | None) -> None:
    clock = Clock()
    with Sandbox(
        speed=500, events=events, length=timedelta(hours=1), page_size=10_000, clock=clock
    ) as sandbox:
        clock.seconds += 600
        ids = ask(sandbox).ids
        latest = datetime.now(UTC) + timedelta(seconds=600)
        assert len(ids) == events if events else len(ids) > 1_500
        assert int(ids[-1].split("-")[0]) <= latest.timestamp() * 1000


def test_everything_at_once_ends_with_the_present() -> None:
    with Sandbox(speed=0, events=6_000, page_size=10_000) as sandbox:
        ids = ask(sandbox).ids
        assert len(ids) == 6_000
        assert int(ids[-1].split("-")[0]) <= datetime.now(UTC).timestamp() * 1000


def test_a_show_at_real_speed_starts_now() -> None:
    before = datetime.now(UTC).timestamp() * 1000 - 1
    with Sandbox(clock=Clock()) as sandbox:
        first = int(ask(sandbox).ids[0].split("-")[0])
        assert before <= first <= datetime.now(UTC).timestamp() * 1000


def test_given_pages_are_served_word_for_word_and_then_nothing() -> None:
    pages: list[bytes | Given] = [
        b'{"events":[{"id":"7-0"}],"nextUrl":"{base}?i=opaque&timeout=0"}',
        {"status": 418, "headers": {"Content-Type": "text/x-tea", "X-Sample": "yes"}, "body": "short \u2615"},
    ]
    with Sandbox(pages=pages, journal=True) as sandbox:
        first = ask(sandbox)
        assert first.page["nextUrl"] == sandbox.base_url + "?i=opaque&timeout=0"
        assert first.type == "application/json"
        second = follow(sandbox, first)
        assert (second.status, second.type, second.body) == (418, "text/x-tea", "short ☕".encode())
        assert follow(sandbox, first).page == {"events": [], "nextUrl": first.page["nextUrl"]}
        assert sandbox.served_ids() == ["7-0"]
        assert [served.cursor for served in sandbox.journal] == [None, "opaque", "opaque"]


def test_a_sandbox_plays_once() -> None:
    with Sandbox(events=0) as sandbox, pytest.raises(RuntimeError, match="plays once"):
        sandbox.start()


def test_a_client_that_goes_away_leaves_no_trace(capfd: pytest.CaptureFixture[str]) -> None:
    with Sandbox(start=START, events=0) as sandbox:
        connection = http.client.HTTPConnection("127.0.0.1", urlsplit(sandbox.url).port or 0, timeout=30)
        connection.request("GET", PLACE + "?timeout=90")
        assert sandbox.until_held()
        connection.close()
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize("wrong", [{"speed": -1}, {"page_size": 0}, {"retention": 0}])
def test_senseless_settings_are_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="or more"):
        Sandbox(**wrong)
