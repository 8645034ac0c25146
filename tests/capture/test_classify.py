"""What an answer means: a row a kind, and a row a sample of the contract."""

import json
from datetime import UTC, datetime
from email.utils import format_datetime
from pathlib import Path
from typing import Any

import pytest

from mhc.capture.classify import Class, Outcome, of_answer, of_failure
from mhc.clients.events import EventsClient, Next
from mhc.clients.http import Answer, BodyError, NetworkError, TlsError

SAMPLES = Path(__file__).parent.parent / "payloads" / "events"
NOW = datetime(2026, 1, 1, tzinfo=UTC)
ROOM, TOKEN = "example_room", "FAKE0EVENTS0TOKEN0NOTREAL"
BASE = f"https://eventsapi.chaturbate.com/events/{ROOM}/{TOKEN}/"
CURSOR = "i=1767225840000-0&timeout=10"
HTML = {"content-type": "text/html; charset=utf-8"}
JSON = {"content-type": "application/json"}
EVENT = b'{"method":"follow","id":"1-0"}'


def understood(
    status: int, body: bytes = b"", headers: dict[str, str] | None = None, cursor: str | None = CURSOR
) -> Outcome:
    client = EventsClient("https://eventsapi.chaturbate.com", ROOM, TOKEN)
    try:
        outcome = of_answer(Answer(status, headers or {}, body, 0.1), client, cursor, NOW)
    finally:
        client.close()
    assert TOKEN not in outcome.detail
    return outcome


def envelope(next_url: Any, *, status: str = "", events: bytes = b"") -> bytes:
    said = json.dumps({"status": status, "nextUrl": next_url})
    return b'{"events":[' + events + b"]," + said[1:].encode()


# From the base URL, and from a cursor other than the one that the samples lead to.
HTTP_SAMPLES = {
    "http_200_html": (Class.PAYLOAD, Class.PAYLOAD),
    "http_400_stale_cursor": (Class.EMPTY, Class.EMPTY),
    "http_400_stale_cursor_text": (Class.CURSOR, Class.CURSOR),
    "http_400_waited_too_long": (Class.EMPTY, Class.EMPTY),
    "http_401": (Class.AUTH, Class.AUTH),
    "http_403_cloudflare": (Class.EDGE, Class.EDGE),
    "http_404": (Class.AUTH, Class.CURSOR),
    "http_429": (Class.RATE, Class.RATE),
    "http_500": (Class.SERVER, Class.SERVER),
    "http_502": (Class.SERVER, Class.SERVER),
    "http_503": (Class.EDGE, Class.EDGE),
    "http_521": (Class.SERVER, Class.SERVER),
    "http_522": (Class.SERVER, Class.SERVER),
    "http_524": (Class.SERVER, Class.SERVER),
}
PAGES = {
    "page_all_methods": (Class.EVENTS, "i=1767225840000-0&timeout=10"),
    "page_empty": (Class.EMPTY, "i=1767225840000-0&timeout=10"),
    "page_empty_first_contact": (Class.EMPTY, "i=1767225840000&timeout=10"),
    "page_nexturl_hostile": (Class.PAYLOAD, Next.REFUSED),
    "page_nexturl_null": (Class.EMPTY, Next.NONE),
    "page_nexturl_relative": (Class.EMPTY, "i=1767225840000-0&timeout=10"),
    "page_one_bad_event": (Class.EVENTS, "i=1767225660000-0&timeout=10"),
    "page_overlap_1": (Class.EVENTS, "i=1767225911000-0&timeout=10"),
    "page_overlap_2": (Class.EVENTS, "i=1767225912000-0&timeout=10"),
    "page_same_millisecond": (Class.EVENTS, "i=1767225900000-1&timeout=10"),
}


def test_every_answer_among_the_samples_has_a_row() -> None:
    names = {path.stem for path in SAMPLES.glob("*.json") if path.stem.startswith(("http_", "page_"))}
    assert names == HTTP_SAMPLES.keys() | PAGES.keys()


@pytest.mark.parametrize("name", HTTP_SAMPLES)
def test_a_sample_answer_is_of_its_class(name: str) -> None:
    said = json.loads((SAMPLES / f"{name}.json").read_text())
    headers = {key.lower(): value for key, value in said["headers"].items()}
    body = json.dumps(said["body_json"]) if "body_json" in said else said["body_text"]
    found = [understood(said["status"], body.encode(), headers, cursor).kind for cursor in (None, "i=1-0")]
    assert tuple(found) == HTTP_SAMPLES[name]


@pytest.mark.parametrize("name", PAGES)
def test_a_sample_page_leads_on(name: str) -> None:
    outcome = understood(200, (SAMPLES / f"{name}.json").read_bytes(), JSON)
    assert (outcome.kind, outcome.next) == PAGES[name]


@pytest.mark.parametrize(
    ("status", "headers", "body", "kind"),
    [
        (200, JSON, envelope(BASE, events=EVENT), Class.EVENTS),
        (200, HTML, envelope(BASE), Class.EMPTY),  # the body counts, whatever it is called
        (200, JSON, b"{}", Class.PAYLOAD),
        (200, JSON, b"", Class.PAYLOAD),
        (200, JSON, b"[]", Class.PAYLOAD),
        (200, JSON, b'{"events":5}', Class.PAYLOAD),
        (200, JSON, envelope("https://evil.example/", events=EVENT), Class.PAYLOAD),
        (204, {}, b"", Class.SERVER),
        (301, {"location": BASE}, b"", Class.PAYLOAD),
        (302, HTML, b"", Class.PAYLOAD),
        (304, {}, b"", Class.PAYLOAD),
        (400, HTML, b"<html>", Class.EDGE),
        (400, {}, b"  <!DOCTYPE html>", Class.EDGE),
        (400, JSON, envelope(None, status="waited too long for events"), Class.CURSOR),
        (400, JSON, envelope("https://evil.example/"), Class.CURSOR),
        (400, {}, b"bad request", Class.CURSOR),
        (401, HTML, b"<html>", Class.AUTH),
        (401, JSON, b"{}", Class.AUTH),
        (403, HTML, b"", Class.EDGE),
        (403, JSON, b"{}", Class.AUTH),
        (403, {}, b"no", Class.AUTH),
        (404, {}, b"", Class.CURSOR),
        (404, HTML, b"<html>", Class.CURSOR),
        (405, HTML, b"", Class.SERVER),
        (410, {}, b"", Class.CURSOR),
        (418, {}, b"", Class.SERVER),
        (429, HTML, b"<html>", Class.RATE),
        *((status, HTML, b"<html>", Class.SERVER) for status in (500, 501, 502, 504, *range(520, 531), 599)),
        (503, {}, b"busy", Class.SERVER),
        (503, HTML, b"", Class.EDGE),
        *((status, {"cf-mitigated": "challenge"}, b"", Class.EDGE) for status in (200, 401, 403, 404, 429, 503)),
    ],
)  # fmt: skip
def test_status_type_and_body_together_give_the_class(
    status: int, headers: dict[str, str], body: bytes, kind: Class
) -> None:
    outcome = understood(status, body, headers)
    assert outcome.kind is kind
    assert outcome.good == (kind in {Class.EVENTS, Class.EMPTY})
    assert outcome.detail or outcome.good


def test_a_404_at_the_base_url_is_a_refusal_and_with_a_cursor_a_lost_place() -> None:
    assert [understood(404, b"<html>", HTML, cursor).kind for cursor in (None, "i=1")] == [
        Class.AUTH,
        Class.CURSOR,
    ]


def test_a_400_that_leads_on_is_an_empty_poll_whatever_it_says() -> None:
    outcome = understood(400, envelope(f"{BASE}?i=9-0", status="anything"), JSON)
    assert (outcome.kind, outcome.next, outcome.stale) == (Class.EMPTY, "i=9-0", True)


def test_a_400_may_bring_events() -> None:
    assert understood(400, envelope(f"{BASE}?i=9-0", events=EVENT), JSON).elements == [EVENT]


def test_start_over_at_the_very_same_place_is_a_lost_place() -> None:
    again = envelope(f"{BASE}?{CURSOR}", status="You waited too long. Please start over using 'nextUrl'")
    assert understood(400, again, JSON, cursor=CURSOR).kind is Class.CURSOR
    assert understood(400, again, JSON, cursor="i=1-0").kind is Class.EMPTY
    waited = envelope(f"{BASE}?{CURSOR}", status="waited too long for events")
    assert understood(400, waited, JSON, cursor=CURSOR).kind is Class.EMPTY


def test_events_beside_a_refused_next_url_are_kept() -> None:
    outcome = understood(200, envelope("https://evil.example/?i=1", events=EVENT), JSON)
    assert (outcome.elements, outcome.next, "evil" in outcome.detail) == ([EVENT], Next.REFUSED, False)


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("5", 5), (" 90 ", 90), ("0", 1), ("-1", 1), ("1", 1), ("3600", 3600), ("3601", 3600), ("99999999", 3600),
        (format_datetime(datetime(2026, 1, 1, 0, 2, tzinfo=UTC), usegmt=True), 120),
        ("Thu, 01 Jan 2026 01:30:00 +0100", 1800),
        ("Thu, 01 Jan 2026 00:00:30 -0000", 30),
        ("Wed, 31 Dec 2025 00:00:00 GMT", 1),
        ("Fri, 31 Dec 9999 23:59:59 GMT", 3600),
        ("", None), ("soon", None), ("1.5", None), ("--5", None), ("5 seconds", None), ("Thu, 99 Foo 2026", None),
    ],
)  # fmt: skip
def test_retry_after_is_seconds_or_a_date_within_an_hour(value: str, seconds: float | None) -> None:
    assert understood(429, headers={"retry-after": value}).retry_after == seconds


@pytest.mark.parametrize("value", ["9" * 400, "9" * 5000])
def test_a_retry_after_beyond_all_numbers_is_an_hour(value: str) -> None:
    assert understood(429, headers={"retry-after": value}).retry_after == 3600


def test_no_retry_after_leaves_the_wait_to_us() -> None:
    assert understood(429).retry_after is None


def test_no_answer_is_of_the_class_of_its_error() -> None:
    errors = {NetworkError("a"): Class.NETWORK, TlsError("b"): Class.TLS, BodyError("c"): Class.PAYLOAD}
    assert {str(error): of_failure(error).kind for error in errors} == {str(e): k for e, k in errors.items()}
    assert [of_failure(error).detail for error in errors] == ["a", "b", "c"]
