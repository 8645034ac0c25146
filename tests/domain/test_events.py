"""An event is read whatever shape it came in; only what says nothing at all is refused."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mhc.domain.events import (
    ALIASES,
    METHODS,
    Event,
    EventId,
    Flag,
    NotAnEventError,
    emptied,
    parse_event,
    parse_id,
)

FOLDER = Path(__file__).parent.parent / "payloads" / "events"
MADE = EventId("h:made:1")
ID = "1767225675500-0"
SUBJECT = "Sample subject ✨ naïve café — Goal: song [250 tokens left] #sample #音楽"


def read(body: object) -> Event:
    return parse_event(body, b"raw", MADE)


def sample(name: str) -> Event:
    return read(json.loads((FOLDER / f"{name}.json").read_text()))


def tip(tokens: object) -> dict[str, Any]:
    payload = {"broadcaster": "example_room", "user": {"username": "viewer_one"}, "tip": {"tokens": tokens}}
    return {"method": "tip", "object": payload, "id": ID}


@pytest.mark.parametrize(
    ("name", "method", "actor", "partner", "tokens", "text"),
    [
        ("broadcastStart", "broadcastStart", "example_room", None, None, None),
        ("broadcastStop", "broadcastStop", "example_room", None, None, None),
        ("chatMessage", "chatMessage", "viewer_one", None, None, "hello from the sample data"),
        ("documented_minimal_tip", "tip", "viewer_one", None, 25, None),
        ("fanclubJoin", "fanclubJoin", "viewer_three", None, None, None),
        ("follow", "follow", "viewer_two", None, None, None),
        ("mediaPurchase", "mediaPurchase", "viewer_three", None, 99, "Sample photo set"),
        ("mediaPurchase_string_id_social", "mediaPurchase", "viewer_three", None, 500, "Sample social link"),
        ("mediaPurchase_video", "mediaPurchase", "viewer_three", None, 250, "Sample clip ♥"),
        (
            "privateMessage",
            "privateMessage",
            "viewer_one",
            "example_room",
            None,
            "hi, sample private message",
        ),
        (
            "privateMessage_sent_by_broadcaster",
            "privateMessage",
            "example_room",
            "viewer_one",
            None,
            "thank you!",
        ),
        ("roomSubjectChange", "roomSubjectChange", None, None, None, SUBJECT),
        ("tip", "tip", "viewer_one", None, 25, "| thanks for the show"),
        ("tip_anonymous", "tip", "viewer_two", None, 100, "| keep me secret"),
        ("tip_min_empty_message", "tip", "viewer_one", None, 1, None),
        ("tip_option_and_note", "tip", "viewer_one", None, 55, "Song request | play something slow"),
        ("unfollow", "unfollow", "viewer_two", None, None, None),
        ("userEnter", "userEnter", "viewer_one", None, None, None),
        ("userLeave", "userLeave", "viewer_one", None, None, None),
    ],
)
def test_a_sample_says_who_did_what(
    name: str, method: str, actor: str | None, partner: str | None, tokens: int | None, text: str | None
) -> None:
    event = sample(name)
    found = (event.room, event.method, event.actor, event.partner, event.tokens, event.text)
    assert found == ("example_room", method, actor, partner, tokens, text)


@pytest.mark.parametrize("name", ["privateMessage_empty_broadcaster", "privateMessage_missing_broadcaster"])
def test_a_message_outside_the_room_has_no_room(name: str) -> None:
    assert sample(name).room is None


def test_an_anonymous_tip_keeps_its_sender_and_is_marked() -> None:
    event = sample("tip_anonymous")
    assert (event.anonymous, event.flags, event.actor is not None) == (True, Flag.ANONYMOUS, True)


def test_a_visitor_who_is_not_logged_in_is_nobody() -> None:
    event = sample("userEnter_anonymous")
    assert (event.actor, event.flags) == (None, Flag.GUEST)


def test_a_method_and_fields_nobody_knows_are_kept() -> None:
    assert sample("unknown_method").method not in METHODS.values()
    assert sample("userEnter_unknown_values").actor is not None


@pytest.mark.parametrize(("tokens", "read_as"), [(0, 0), (1, 1), (25.0, 25), (2**31 - 1, 2**31 - 1)])
def test_a_whole_amount_is_read(tokens: object, read_as: int) -> None:
    assert read(tip(tokens)).tokens == read_as


@pytest.mark.parametrize(
    "tokens", ["25", True, False, 5.5, -1, 2**31, 2**63, None, [], {}, float("inf"), float("nan")]
)
def test_an_amount_that_is_no_whole_number_is_none(tokens: object) -> None:
    event = read(tip(tokens))
    assert (event.tokens, event.id.text, event.actor) == (None, ID, "viewer_one")


def test_the_number_in_an_id_gives_its_time_and_order() -> None:
    assert parse_id(ID) == EventId(ID, 1767225675500, 0)
    assert parse_id("1767225675500") == EventId("1767225675500", 1767225675500, 0)
    two, ten = parse_id("1767225675500-2"), parse_id("1767225675500-10")
    assert two is not None
    assert ten is not None
    assert (two.ms, two.seq) < (ten.ms, ten.seq)


@pytest.mark.parametrize(
    "text",
    ["1767225675-0", "abc", "1767225675500-", "-1", "1767225675500-0-0", "9" * 13 + "9", "9" * 15, "٣" * 13],
)
def test_an_id_without_a_time_stays_the_text_it_is(text: str) -> None:
    found = parse_id(text)
    assert found is not None
    assert found.text == text
    assert found.ms in {0, 9999999999999 * 10 + 9}


@pytest.mark.parametrize(
    "value", [None, 5, 1.5, True, "", [], {}, "x" * 256, "x" * 1_000_000, "a\nb", "a\0", "\ud800"]
)
def test_what_is_no_usable_id_gets_the_made_one(value: object) -> None:
    assert parse_id(value) is None
    event = read({"method": "follow", "object": {"user": {"username": "viewer_one"}}, "id": value})
    assert (event.id, event.flags) == (MADE, Flag.MADE_ID)


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (None, "not a JSON object"),
        ("tip", "not a JSON object"),
        ([], "not a JSON object"),
        ({}, "no method"),
        ({"method": None, "id": ID}, "no method"),
        ({"method": 5, "id": ID}, "no method"),
        ({"method": "  ", "id": ID}, "no method"),
        ({"method": "tip"}, "neither an id nor a readable payload"),
        (
            {"method": "tip", "object": {"tip": {"tokens": "25"}, "user": []}},
            "neither an id nor a readable payload",
        ),
    ],
)
def test_what_says_nothing_is_no_event(body: object, reason: str) -> None:
    with pytest.raises(NotAnEventError, match=reason):
        read(body)


@pytest.mark.parametrize("body", [{"user": {"username": "viewer_one"}}, {"tip": {"tokens": 5}}])
def test_a_user_or_an_amount_is_enough_without_an_id(body: object) -> None:
    assert read({"method": "tip", "object": body}).id == MADE


def test_wrong_shapes_leave_only_themselves_out() -> None:
    payload = {"broadcaster": 5, "user": [], "tip": "x", "message": None, "media": 3, "subject": {}}
    event = read({"method": "tip", "object": payload, "id": ID})
    assert (event.room, event.actor, event.partner, event.tokens, event.text) == (None,) * 5
    assert read({"method": "tip", "object": "x", "id": ID}).method == "tip"


def test_what_no_column_takes_is_shown_as_a_mark() -> None:
    payload = {"user": {"username": "a\0b\ud800"}, "message": {"message": "\ud83d and \0"}}
    event = read({"method": "chat\0Message", "object": payload, "id": ID})
    assert (event.method, event.actor, event.text) == (
        "chat\ufffdMessage",
        "a\ufffdb\ufffd",
        "\ufffd and \ufffd",
    )


def test_names_are_trimmed_and_lower_cased_and_no_longer_than_a_column() -> None:
    event = read({"method": "m" * 100, "object": {"user": {"username": " Viewer_" + "x" * 100}}, "id": ID})
    assert (len(event.method), event.actor) == (64, "viewer_" + "x" * 57)


def test_a_message_to_oneself_has_no_partner() -> None:
    message = {"fromUser": "viewer_one", "toUser": "Viewer_One", "message": "note"}
    payload = {"user": {"username": "viewer_one"}, "message": message}
    event = read({"method": "privateMessage", "object": payload, "id": ID})
    assert (event.actor, event.partner) == ("viewer_one", None)


def test_every_alias_leads_to_a_method() -> None:
    assert set(ALIASES.values()) <= set(METHODS.values())
    assert len(METHODS) == len(set(METHODS.values())) == 12


anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=10,
)
shapes = st.fixed_dictionaries(
    {},
    optional={
        "method": anything | st.sampled_from(list(METHODS.values())),
        "id": anything,
        "object": anything
        | st.fixed_dictionaries(
            {},
            optional=dict.fromkeys(("broadcaster", "user", "tip", "message", "media", "subject"), anything),
        ),
    },
)


@given(anything | shapes)
def test_any_value_is_an_event_or_is_refused(body: object) -> None:
    try:
        event = read(body)
    except NotAnEventError:
        return
    assert event.tokens is None or 0 <= event.tokens < 2**31
    for text in (event.method, event.room, event.actor, event.partner, event.text, event.id.text):
        assert text is None or ("\0" not in text and text.encode())


names = st.one_of(st.none(), st.just("Anonymous"), st.text(max_size=8))


@given(
    method=st.sampled_from([*METHODS.values(), "newThing"]),
    event_id=st.sampled_from([ID, "odd id", "", 7, "1767225675500"]),
    people=st.tuples(names, names, names, names),
    tokens=st.one_of(st.none(), st.integers(0, 10**6)),
    anonymous=st.booleans(),
)
def test_an_emptied_event_reads_as_before_but_for_its_words(
    method: str, event_id: object, people: tuple[str | None, ...], tokens: int | None, *, anonymous: bool
) -> None:
    user, sender, receiver, room = people
    message = {"message": "secret", "orig": "secret", "fromUser": sender, "toUser": receiver}
    payload: dict[str, Any] = {
        "broadcaster": room,
        "user": {"username": user},
        "message": message,
        "unheard-of": "secret",
    }
    payload["tip"] = {"tokens": tokens, "isAnon": anonymous, "message": "secret"}
    body = {"method": method, "object": payload, "id": event_id}
    try:
        whole = parse_event(body, b"raw", MADE)
    except NotAnEventError:
        return
    bare = emptied(whole)
    assert b"secret" not in bare.raw
    assert parse_event(json.loads(bare.raw), bare.raw, MADE) == bare
    assert bare == whole._replace(text=None, raw=bare.raw, flags=whole.flags | Flag.EMPTIED)
    assert emptied(bare) == bare
