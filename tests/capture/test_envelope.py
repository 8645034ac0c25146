"""A page is taken apart so that no event costs another."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mhc.capture.envelope import MAX_EVENTS, EnvelopeError, read_envelope, read_events
from mhc.domain.events import Flag

FIRST = b'{"method":"follow","object":{"user":{"username":"viewer_one"}},"id":"1767225600000-0"}'
LAST = b'{"method":"unfollow","object":{"user":{"username":"viewer_one"}},"id":"1767225600001-0"}'


def page(*elements: bytes) -> bytes:
    return b'{"events": [' + b", ".join(elements) + b'], "nextUrl": "?i=1"}'


def stored_and_refused(*elements: bytes) -> tuple[list[bytes], list[tuple[bytes, str]]]:
    events, refused = read_events(read_envelope(page(*elements)).elements)
    return [event.raw for event in events], [(one.body, one.reason) for one in refused]


@pytest.mark.parametrize(
    ("body", "elements", "next_url", "status"),
    [
        (b'{"events":[1, {"a":2}],"nextUrl":"x","status":"s"}', [b"1", b'{"a":2}'], "x", "s"),
        (b'{"nextUrl":null,"events":[]}', [], None, ""),
        (b'{"events":null,"nextUrl":5}', [], 5, ""),
        (b'{"events":[]}', [], None, ""),
        (b'  {"nextUrl":"x"}\r\n', [], "x", ""),
        (b'\xef\xbb\xbf{"events":[1],"nextUrl":"x"}', [b"1"], "x", ""),
        (b'{"events":[],"nextUrl":"x","status":5,"more":{"a":[1]}}', [], "x", ""),
        (b'{"events":[],"events":[1],"nextUrl":"x","nextUrl":"y"}', [b"1"], "y", ""),
        (b'{"events":[],"nextUrl":"\\u0078\\/"}', [], "x/", ""),
        (b'{"events":[NaN],"nextUrl":"x","status":"s"}', [b"NaN"], "x", "s"),
    ],
)
def test_an_answer_has_events_a_next_url_and_a_status(
    body: bytes, elements: list[bytes], next_url: object, status: str
) -> None:
    found = read_envelope(body)
    assert (found.elements, found.next_url, found.status) == (elements, next_url, status)


@pytest.mark.parametrize(
    "body",
    [
        b"", b"{}", b'{"error":"maintenance"}', b"null", b"[]", b'"x"', b"5", b"<html>", b'{"events":[', b'{"events":5}', b'{"events":{}}',
        b'{"events":"x"}', b'{"events":[]', b'{"events":[]}}', b"\xff\xfe{\0}\0", b"{'events':[]}",
        b'{"events":["a]}', b'{"events":[1,NaN', b"[" * 100_000,
    ],
)  # fmt: skip
def test_what_is_no_envelope_is_refused(body: bytes) -> None:
    with pytest.raises(EnvelopeError):
        read_envelope(body)


@pytest.mark.parametrize("url", [b"NaN", b"9" * 5000, b'"\xff"', b"[" * 100_000 + b"]" * 100_000])
def test_a_next_url_that_cannot_be_read_is_no_cursor_and_the_events_stay(url: bytes) -> None:
    found = read_envelope(b'{"events":[1],"nextUrl":' + url + b"}")
    assert found.elements == [b"1"]
    assert not isinstance(found.next_url, str)
    assert found.next_url is not None


def test_more_than_50_000_events_are_too_many() -> None:
    assert len(read_envelope(page(*[b"1"] * MAX_EVENTS)).elements) == 50_000
    with pytest.raises(EnvelopeError, match="more than 50000"):
        read_envelope(page(*[b"1"] * (MAX_EVENTS + 1)))


@pytest.mark.parametrize(
    ("bad", "reason"),
    [
        (b'{"method":"tip","id":"\xff\xfe"}', "not JSON"),
        (b'\xef\xbb\xbf{"method":"tip","id":"1"}', "not JSON"),
        (b'{"method":"tip","id":"1","a":NaN}', "not JSON"),
        (b'{"method":"tip","id":"1","a":-Infinity}', "not JSON"),
        (b'{"method":"tip","id":"1","a":' + b"9" * 5000 + b"}", "not JSON"),
        (b'{"method":"tip","id":"1","a":' + b"[" * 100_000 + b"]" * 100_000 + b"}", "nested too deeply"),
        (b'{"method":"tip","id":\'1\'}', "not JSON"),
        (b"", "not JSON"),
        (b"null", "not a JSON object"),
        (b"{}", "no method"),
        (b'{"method":"tip"}', "neither an id nor a readable payload"),
    ],
)
def test_a_bad_element_is_refused_and_its_neighbours_are_read(bad: bytes, reason: str) -> None:
    found, refused = stored_and_refused(FIRST, bad, LAST)
    assert found == [FIRST, LAST]
    assert refused == [(bad, reason)]


@pytest.mark.parametrize("text", [rb"\ud83d", rb"\u0000", rb"\udc00\ud800", rb"\\ud800"])
def test_half_a_character_or_nul_is_read_with_its_neighbours(text: bytes) -> None:
    odd = (
        b'{"method":"chatMessage","object":{"message":{"message":"a' + text + b'b"}},"id":"1767225600000-5"}'
    )
    found, refused = stored_and_refused(FIRST, odd, LAST)
    assert (found, refused) == ([FIRST, odd, LAST], [])


def test_a_made_id_comes_from_the_text_and_its_place_among_equals() -> None:
    body = b'{"method":"tip","object":{"tip":{"tokens":5}}}'
    other = b'{"method":"tip","object":{"tip":{"tokens":6}}}'
    events, _ = read_events([body, other, body])
    ids = [event.id.text for event in events]
    assert len(set(ids)) == 3
    assert ids[0].rpartition(":")[0] == ids[2].rpartition(":")[0]
    assert all(event.flags == Flag.MADE_ID and event.id.ms == 0 for event in events)
    again, _ = read_events([other, body, body])
    assert {event.id.text for event in again} == set(ids)


def test_doubled_keys_are_read_as_json_reads_them() -> None:
    events, _ = read_events([b'{"method":"tip","method":"follow","id":"1767225600000-0"}'])
    assert events[0].method == "follow"


anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


@given(st.lists(anything | st.binary(max_size=20).filter(lambda b: not set(b) & set(b'[]{},"\\'))))
def test_whatever_a_page_holds_each_element_is_stored_or_refused(items: list[Any]) -> None:
    elements = [item if isinstance(item, bytes) else json.dumps(item).encode() for item in items]
    found = read_envelope(page(FIRST, *elements, LAST)).elements
    events, refused = read_events(found)
    assert len(events) + len(refused) == len(elements) + 2
    assert [event.raw for event in events][:: max(1, len(events) - 1)] == [FIRST, LAST]
