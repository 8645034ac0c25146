"""The client of the feed: where it asks, and which next URLs it follows."""

from collections.abc import Iterator
from urllib.parse import parse_qsl

import pytest

import wire
from mhc.clients.events import EventsClient, Next, asked_timeout
from wire import Wire

ROOM, TOKEN = "example_room", "FAKE0EVENTS0TOKEN/+%"
QUOTED = "FAKE0EVENTS0TOKEN%2F%2B%25"
BASE = f"https://eventsapi.example/events/{ROOM}/{QUOTED}/"


@pytest.fixture
def client() -> Iterator[EventsClient]:
    made = EventsClient("https://eventsapi.example", ROOM, TOKEN, timeout=7)
    yield made
    made.close()


def asked(cursor: str | None) -> str:
    """Give the target of a poll from a cursor."""
    with Wire(wire.reply()) as server:
        client = EventsClient(server.url, ROOM, TOKEN, timeout=7)
        client.poll(cursor)
        client.close()
    return server.requests[0].split(b" ")[1].decode()


def test_the_first_poll_says_how_long_to_wait() -> None:
    assert asked(None) == f"/events/{ROOM}/{QUOTED}/?timeout=7"


@pytest.mark.parametrize(
    "cursor",
    ["i=1767225675500-0&timeout=10", "i=1767225675500", "i=a+b&x=%2F%20", "opaque", "i==&&;", "a=b?c=d/e"],
)
def test_a_cursor_is_sent_as_it_came(cursor: str) -> None:
    assert asked(cursor) == f"/events/{ROOM}/{QUOTED}/?{cursor}"


@pytest.mark.parametrize("cursor", ["i=%2f%2F", "i=%7E-%41", 'i="<|>"'])
def test_a_cursor_means_the_same_however_its_escapes_are_written(cursor: str) -> None:
    assert parse_qsl(asked(cursor).partition("?")[2]) == parse_qsl(cursor)


def test_another_token_goes_on_at_the_same_place() -> None:
    with Wire(wire.reply()) as server:
        client = EventsClient(server.url, ROOM, TOKEN)
        client.use_token("NEW0TOKEN")
        client.poll("i=5")
        client.close()
    assert server.requests[0].startswith(f"GET /events/{ROOM}/NEW0TOKEN/?i=5 ".encode())


def test_an_answer_to_the_old_token_is_read_as_such() -> None:
    with Wire(wire.reply()) as server:
        client = EventsClient(server.url, ROOM, TOKEN)
        client.poll(None)
        client.use_token("NEW0TOKEN")
        assert client.read_next(f"{server.url}/events/{ROOM}/{QUOTED}/?i=5") == "i=5"
        assert client.redact(f"{TOKEN} {QUOTED} NEW0TOKEN".encode()) == b"*** *** ***"
        client.poll("i=5")
        assert client.read_next(f"{server.url}/events/{ROOM}/NEW0TOKEN/?i=6") == "i=6"
        client.close()


@pytest.mark.parametrize(
    "url",
    [
        f"{BASE}?i=5-0&timeout=7",
        f"{BASE.removesuffix('/')}?i=5-0&timeout=7",
        f"HTTPS://EventsAPI.example/events/Example_Room/{QUOTED}/?i=5-0&timeout=7",
        f"/events/{ROOM}/{QUOTED}/?i=5-0&timeout=7",
        "?i=5-0&timeout=7",
        "./?i=5-0&timeout=7",
        f" {BASE}?i=5-0&timeout=7\r\n",
        f"//eventsapi.example/events/{ROOM}/{QUOTED}/?i=5-0&timeout=7",
    ],
)
def test_a_next_url_of_this_feed_gives_its_query(client: EventsClient, url: str) -> None:
    assert client.read_next(url) == "i=5-0&timeout=7"


def test_a_cursor_is_kept_verbatim(client: EventsClient) -> None:
    for cursor in ("i=%7E", "a=1&a=1", "i=5-0&timeout=7&x=%2f", "i", "=", "x" * 2048):
        assert client.read_next(f"{BASE}?{cursor}") == cursor


@pytest.mark.parametrize("value", [None, "", BASE, "/events/example_room/" + QUOTED + "/", f"{BASE}?"])
def test_without_a_query_there_is_no_cursor(client: EventsClient, value: object) -> None:
    assert client.read_next(value) is Next.NONE


@pytest.mark.parametrize(
    "value",
    [
        5, 0, 1.5, True, False, [], {}, [BASE],
        "https://evil.example/events/example_room/" + QUOTED + "/?i=1",
        "https://eventsapi.example.evil.example/events/example_room/" + QUOTED + "/?i=1",
        "https://evil.example?/events/",
        f"http://eventsapi.example/events/{ROOM}/{QUOTED}/?i=1",
        f"ftp://eventsapi.example/events/{ROOM}/{QUOTED}/?i=1",
        f"https://eventsapi.example:8443/events/{ROOM}/{QUOTED}/?i=1",
        f"https://eventsapi.example:99999/events/{ROOM}/{QUOTED}/?i=1",
        f"https://eventsapi.example:x/events/{ROOM}/{QUOTED}/?i=1",
        f"https://u:p@eventsapi.example/events/{ROOM}/{QUOTED}/?i=1",
        f"https://@eventsapi.example/events/{ROOM}/{QUOTED}/?i=1",
        f"https://eventsapi.example\\@evil.example/events/{ROOM}/{QUOTED}/?i=1",
        f"https://eventsapi.example/events/other_room/{QUOTED}/?i=1",
        "https://eventsapi.example/events/example_room/stolen/?i=1",
        f"{BASE}../?i=1", f"{BASE}more/?i=1", f"{BASE}?i=1#there", "https://[::1/?i=1",
        f"{BASE}?i=1\r\nX-Evil: 1", f"{BASE}?i=1 2", f"{BASE}?i=\u00e9", f"{BASE}?i=\0",
        f"{BASE}?i={QUOTED}", f"{BASE}?i={TOKEN}",
        f"{BASE}?i=" + "x" * 2048, f"{BASE}?i=" + "x" * 1_000_000,
    ],
)  # fmt: skip
def test_a_next_url_that_leads_elsewhere_is_refused(client: EventsClient, value: object) -> None:
    assert client.read_next(value) is Next.REFUSED


def test_the_token_is_taken_out_raw_and_quoted(client: EventsClient) -> None:
    assert client.redact(f'{{"a":"{TOKEN}","b":"{BASE}"}}'.encode()) == (
        b'{"a":"***","b":"https://eventsapi.example/events/example_room/***/"}'
    )


def test_the_host_is_named_with_its_port() -> None:
    client = EventsClient("http://127.0.0.1:8080", ROOM, TOKEN)
    assert client.host == "127.0.0.1:8080"
    client.close()


@pytest.mark.parametrize(
    ("query", "seconds"),
    [
        ("timeout=0", 0), ("timeout=90", 90), ("i=1&timeout=25", 25), ("timeout=91", 90), ("timeout=-5", 0),
        ("i=1", 10), ("timeout=", 10), ("timeout=x", 10), ("timeout=" + "9" * 5000, 10), ("", 10),
    ],
)  # fmt: skip
def test_the_time_that_a_cursor_asks_for(query: str, seconds: int) -> None:
    assert asked_timeout(query) == seconds
