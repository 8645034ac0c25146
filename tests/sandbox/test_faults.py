"""Misbehaviour on request: the words for it, and what a client then sees."""

import http.client
import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlsplit

import pytest

from mhc.sandbox.faults import KNOWN, Fault, parse_faults, read_faults
from mhc.sandbox.server import Sandbox
from mhc.sandbox.show import iter_events

START = datetime(2026, 1, 1, tzinfo=UTC)
IDS = [event["id"] for event in iter_events(start=START, events=1_000)]


def room(faults: str, **more: Any) -> Sandbox:
    return Sandbox(speed=0, start=START, page_size=10, faults=faults, journal=True, **{"events": 40, **more})


def ask(sandbox: Sandbox, cursor: str | None = None) -> tuple[int, dict[str, str], bytes]:
    port = urlsplit(sandbox.url).port or 0
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    query = f"?i={cursor}&timeout=0" if cursor else "?timeout=0"
    try:
        connection.request("GET", sandbox.base_url.removeprefix(sandbox.url) + query)
        response = connection.getresponse()
        return response.status, dict(response.headers), response.read()
    finally:
        connection.close()


def page(sandbox: Sandbox, cursor: str | None = None) -> dict[str, Any]:
    status, _, body = ask(sandbox, cursor)
    assert status == 200
    content = json.loads(body)
    assert isinstance(content, dict)
    return content


def ids(content: dict[str, Any]) -> list[str]:
    return [event["id"] for event in content["events"]]


def test_steps_are_read_with_counts_and_options() -> None:
    assert parse_faults("ok, 3*502 429:retry-after=2,403:html,,overlap:by=3") == [
        Fault("ok"),
        *[Fault("502")] * 3,
        Fault("429", (("retry-after", "2"),)),
        Fault("403", (("html", ""),)),
        Fault("overlap", (("by", "3"),)),
    ]
    assert parse_faults("") == []


def test_every_known_word_is_a_step() -> None:
    assert [fault.name for fault in parse_faults(",".join(KNOWN))] == list(KNOWN)


def test_faults_may_be_given_as_texts_and_as_faults() -> None:
    assert read_faults(["2*reset", Fault("502")]) == [Fault("reset"), Fault("reset"), Fault("502")]
    assert read_faults("502") == [Fault("502")]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("ok,explode", "'explode' is no fault; known are .*reset.*shuffle"),
        ("200", "'200' is no fault; known"),
        ("x*502", r"'x\*502' is no fault; known"),
        ("reset:now", "'reset:now' is no fault: reset takes no option"),
        ("drip:every=soon", "drip takes only every=<number>"),
        ("429:later", "a status takes html and <header>=<value>"),
    ],
)
def test_an_unknown_word_is_named(text: str, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        parse_faults(text)


@pytest.mark.parametrize(
    ("step", "status", "content_type", "words"),
    [
        ("502", 502, "text/html; charset=utf-8", b"502: Bad Gateway"),
        ("522", 522, "text/html; charset=utf-8", b"522"),
        ("401", 401, "text/html; charset=utf-8", b"Unauthorized"),
        ("403", 403, "text/plain", b"refused"),
        ("403:html", 403, "text/html; charset=utf-8", b"Cloudflare"),
        ("400", 400, "text/plain", b"You waited too long"),
        ("404", 404, "text/html; charset=utf-8", b"Not Found"),
        ("html200", 200, "text/html; charset=utf-8", b"maintenance"),
        ("bad-json", 200, "application/json", b'{"events": [{'),
        ("redirect", 302, "text/html; charset=utf-8", b""),
    ],
)
def test_an_answer_comes_instead_of_a_page_and_then_service_goes_on(
    step: str, status: int, content_type: str, words: bytes
) -> None:
    with room(step) as sandbox:
        got, headers, body = ask(sandbox)
        assert (got, headers["Content-Type"]) == (status, content_type)
        assert words in body
        assert ids(page(sandbox)) == IDS[:10]
        assert [(served.status, len(served.ids)) for served in sandbox.journal] == [(status, 0), (200, 10)]


def test_options_of_a_status_are_headers() -> None:
    with room("429:retry-after=2, 503:html:cf-mitigated=challenge") as sandbox:
        status, headers, body = ask(sandbox)
        assert (status, headers["Retry-After"], body) == (429, "2", b"Rate limit exceeded")
        status, headers, _ = ask(sandbox)
        assert (status, headers["Cf-Mitigated"], headers["Server"]) == (503, "challenge", "cloudflare")


def test_a_redirect_leads_away_from_the_feed() -> None:
    with room("redirect") as sandbox:
        assert ask(sandbox)[1]["Location"] == f"{sandbox.url}/elsewhere/"


def test_a_huge_answer_is_an_envelope_of_the_asked_size() -> None:
    with room("huge:mib=1.5") as sandbox:
        body = ask(sandbox, IDS[4])[2]
        assert len(body) > 1.5 * 1024 * 1024
        assert f"?i={IDS[4]}&" in json.loads(body)["nextUrl"]


def test_a_reset_ends_the_connection_abruptly() -> None:
    with room("reset") as sandbox:
        with pytest.raises(ConnectionResetError):
            ask(sandbox)
        assert ids(page(sandbox)) == IDS[:10]


def test_a_truncated_answer_promises_more_than_it_sends() -> None:
    with room("truncate") as sandbox:
        with pytest.raises(http.client.IncompleteRead):
            ask(sandbox)
        assert ids(page(sandbox)) == IDS[:10]
        assert sandbox.served_ids() == IDS[:10]


def test_a_held_request_is_let_go_by_stop() -> None:
    with ThreadPoolExecutor() as pool:
        with room("hold") as sandbox:
            held = pool.submit(ask, sandbox)
            assert sandbox.until_held()
        assert isinstance(held.exception(), ConnectionError)


def test_a_drip_is_whole_in_the_end() -> None:
    with room("drip:every=0") as sandbox:
        assert ids(page(sandbox)) == IDS[:10]


def test_stop_ends_a_drip() -> None:
    with room("drip:every=3600") as sandbox:
        connection = http.client.HTTPConnection("127.0.0.1", urlsplit(sandbox.url).port or 0, timeout=30)
        connection.request("GET", sandbox.base_url.removeprefix(sandbox.url))
        dripping = connection.getresponse()
        assert dripping.status == 200
    with pytest.raises((ConnectionError, http.client.IncompleteRead)):
        dripping.read()
    dripping.close()
    connection.close()


def test_a_duplicate_is_the_page_before() -> None:
    with room("ok,duplicate") as sandbox:
        first = page(sandbox)
        assert page(sandbox, IDS[9]) == first
        assert ids(page(sandbox, IDS[9])) == IDS[10:20]


def test_a_duplicate_of_nothing_is_an_ordinary_page() -> None:
    with room("duplicate") as sandbox:
        assert ids(page(sandbox)) == IDS[:10]


def test_an_overlap_starts_some_events_earlier_and_gets_on_all_the_same() -> None:
    with room("ok,overlap:by=3,overlap") as sandbox:
        page(sandbox)
        assert ids(page(sandbox, IDS[9])) == IDS[7:20]
        assert ids(page(sandbox, IDS[19])) == IDS[15:30]


def test_a_shuffled_page_has_the_same_events_and_cursor() -> None:
    with room("shuffle") as sandbox:
        shuffled = page(sandbox)
        assert ids(shuffled) != IDS[:10]
        assert sorted(ids(shuffled)) == sorted(IDS[:10])
        assert f"?i={IDS[9]}&" in shuffled["nextUrl"]


@pytest.mark.parametrize(
    ("step", "seen"),
    [
        ("no-next-url", lambda sandbox: {}),
        ("null-next-url", lambda sandbox: {"nextUrl": None}),
        (
            "foreign-next-url",
            lambda sandbox: {"nextUrl": "https://evil.example.net/events/example_room/stolen/?i=1"},
        ),
        (
            "relative-next-url",
            lambda sandbox: {
                "nextUrl": sandbox.base_url.removeprefix(sandbox.url) + f"?i={IDS[9]}&timeout=0",
            },
        ),
    ],
)
def test_next_url_can_be_missing_or_strange(step: str, seen: Callable[[Sandbox], dict[str, Any]]) -> None:
    with room(step) as sandbox:
        content = page(sandbox)
        assert len(content.pop("events")) == 10
        assert content == seen(sandbox)


def test_an_event_can_lack_its_id() -> None:
    with room("no-id") as sandbox:
        events = page(sandbox)["events"]
        assert "id" not in events[0]
        assert sandbox.served_ids() == IDS[1:10]


def test_an_id_can_come_again_with_another_body() -> None:
    with room("same-id-other-body") as sandbox:
        events = page(sandbox)["events"]
        assert len(events) == 11
        assert events[0]["id"] == events[10]["id"]
        assert events[0]["object"] != events[10]["object"]


def test_faults_spare_requests_that_are_refused_anyway() -> None:
    with room("502", token="GOOD0FAKE") as sandbox:
        port = urlsplit(sandbox.url).port or 0
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
        connection.request("GET", "/events/example_room/WRONG/")
        assert connection.getresponse().status == 401
        connection.close()
        assert ask(sandbox)[0] == 502


def test_random_misbehaviour_loses_nothing_for_who_asks_again() -> None:
    with room("", misbehave=0.5, events=1_000, seed=1) as sandbox:
        seen: dict[str, None] = {}
        cursor = None
        while len(seen) < 1_000:
            try:
                status, headers, body = ask(sandbox, cursor)
            except (ConnectionError, http.client.IncompleteRead):
                continue
            if status != 200 or headers["Content-Type"] != "application/json":
                continue
            seen.update(dict.fromkeys(ids(json.loads(body))))
            cursor = json.loads(body)["nextUrl"].partition("?i=")[2].partition("&")[0]
        assert list(seen) == IDS
        assert {served.status for served in sandbox.journal} == {0, 200, 429, 502}
        assert sandbox.served_ids() == IDS


def test_without_faults_it_behaves() -> None:
    with room("") as sandbox:
        assert [ids(page(sandbox, IDS[9 + 10 * n])) for n in range(3)] == [IDS[10:20], IDS[20:30], IDS[30:40]]
