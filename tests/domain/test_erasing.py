"""What is left of an event when a person in it is forgotten is the same however often it is asked for."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mhc.domain.erasing import WORD, anonymous, check_value, digest, event_without, raw_without, without
from mhc.domain.events import METHODS, Event, EventId, Flag, parse_event

NAME = "viewer_one"
MADE = EventId("h:made:1")
words = st.sampled_from([NAME, NAME.upper(), f"{NAME}_more", "@viewer_one!", "hello", "viewer", "é\n", ""])
texts = st.lists(words).map(" ".join)


def gone(name: str) -> bool:
    return name == NAME


@st.composite
def events(draw: st.DrawFn) -> Event:
    payload: dict[str, Any] = {"user": {"username": draw(words)}, "message": {"message": draw(texts)}}
    if draw(st.booleans()):
        payload["broadcaster"] = "example_room"
    if draw(st.booleans()):
        payload["tip"] = {"tokens": draw(st.integers(0, 99)), "isAnon": draw(st.booleans())}
    if draw(st.booleans()):
        payload["media"] = {"id": 1, "tokens": draw(st.integers(0, 99)), "name": draw(texts)}
    body = {"method": draw(st.sampled_from([*METHODS.values(), "newThing"])), "object": payload}
    if draw(st.booleans()) or ("tip" not in payload and "media" not in payload):
        body["id"] = draw(st.sampled_from(["1767225675500-3", "odd id"]))
    return parse_event(body, json.dumps(body).encode(), MADE)


def again(one: Event) -> Event:
    return parse_event(json.loads(one.raw), one.raw, MADE)


@given(events(), st.sampled_from([None, "forgotten_0a1b2c3d"]))
def test_what_is_left_reads_as_itself_and_stays_so(one: Event, heir: str | None) -> None:
    left = anonymous(one, heir)
    if left is None:
        assert (one.tokens, bool(one.flags & Flag.MADE_ID)) == (None, True)
        return
    assert again(left) == left
    assert anonymous(left, heir) == left
    assert (left.id, left.method, left.room, left.tokens) == (one.id, one.method, one.room, one.tokens)
    assert (left.actor, left.partner, left.text) == (None if one.tokens is None else heir, None, None)
    assert left.anonymous == one.anonymous
    assert b"viewer" not in left.raw


@given(events())
def test_an_event_of_others_keeps_all_but_the_name(one: Event) -> None:
    left = event_without(one, gone)
    assert left is not None
    assert event_without(left, gone) is left
    assert again(left)._replace(actor=one.actor, partner=one.partner) == left
    if NAME not in one.raw.decode().lower():
        assert left is one


@given(texts)
def test_a_name_goes_as_a_whole_word_only(text: str) -> None:
    left = without(text, gone)
    assert left.count(WORD) == sum(word.lower().strip("@!") == NAME for word in text.split())
    assert left.count(f"{NAME}_more") == text.count(f"{NAME}_more")


def test_an_escaped_name_is_found_and_what_is_no_json_is_said() -> None:
    assert raw_without(rb'{"a":["\u0076iewer_one","x\nviewer_one"]}', gone) == (
        b'{"a":["(forgotten)","x\\n(forgotten)"]}'
    )
    assert raw_without(b"{", gone) is None


@pytest.mark.parametrize("key", ["one", "two"])
def test_a_hash_needs_the_key_and_says_nothing_of_it(key: str) -> None:
    assert digest(key, NAME) != digest(f"{key}!", NAME)
    assert digest(key, NAME) not in check_value(key)
    assert check_value(key) != check_value(f"{key}!")
