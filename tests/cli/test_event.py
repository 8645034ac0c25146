"""`mhc event`: what happened, as it was stored, and nothing that was not asked for."""

import json
from typing import Any

import pytest

from command import MhcHere
from factories import ROOM, T0, chat, private, store, tip
from mhc.domain.events import EventId, parse_event
from mhc.store import events, streams
from mhc.store.database import Database
from mhc.store.streams import Kind

CHAT = {
    "event_id": "1767290400000-0",
    "room": "example_room",
    "happened_at": "2026-01-01T18:00:00Z",
    "method": "chatMessage",
    "actor": "viewer_one",
    "partner": None,
    "tokens": None,
    "text": "hello",
    "anonymous": False,
    "received_at": "2026-01-01T18:02:00Z",
    "source": "live",
}


@pytest.fixture
def filled(database: Database) -> Database:
    items = [
        chat(0, "viewer_one"),
        tip(1, "viewer_two", 25, anonymous=True),
        private(2, "viewer_one", ROOM, "psst"),
    ]
    with database.write() as conn:
        store(conn, items)
    return database


@pytest.mark.usefixtures("filled")
def test_list_is_the_promised_document(cli: MhcHere) -> None:
    listed = cli("event", "list", "-o", "json").json
    assert [row["method"] for row in listed] == ["privateMessage", "tip", "chatMessage"]
    assert listed[-1] == CHAT
    assert [(row["actor"], row["text"]) for row in listed[:2]] == [("viewer_one", None), (None, None)]


@pytest.mark.usefixtures("filled")
def test_what_is_hidden_is_shown_when_asked_for(cli: MhcHere) -> None:
    listed = cli("event", "list", "-o", "json", "--reveal", "--private").json
    assert [(row["actor"], row["text"]) for row in listed[:2]] == [
        ("viewer_one", "psst"),
        ("viewer_two", None),
    ]


@pytest.mark.usefixtures("filled")
@pytest.mark.parametrize(
    ("words", "methods"),
    [
        (["--events", "tip,chat"], ["tip", "chatMessage"]),
        (["--person", "viewer_one"], ["privateMessage", "chatMessage"]),
        (["--person", "viewer_two"], []),
        (["--since", "2026-01-01T18:01Z", "--until", "2026-01-01T18:02Z"], ["tip"]),
        (["--sort", "happened_at", "-L", "1"], ["chatMessage"]),
    ],
)
def test_filters(cli: MhcHere, words: list[str], methods: list[str]) -> None:
    assert [row["method"] for row in cli("event", "list", "-o", "json", *words).json] == methods


@pytest.mark.usefixtures("filled")
@pytest.mark.parametrize(
    ("words", "status"), [(["--events", ","], 2), (["--events", "tpi"], 2), (["--room", "nosuch"], 3)]
)
def test_what_cannot_be_meant_is_said(cli: MhcHere, words: list[str], status: int) -> None:
    assert cli("event", "list", *words).status == status


@pytest.mark.usefixtures("filled")
def test_show_has_all_that_was_received(cli: MhcHere) -> None:
    shown = cli("event", "show", "1767290400000-0", "-o", "json").json
    raw = shown.pop("raw")
    assert shown == CHAT
    assert raw["object"]["message"] == {"message": "hello"}


def odd(method: str, payload: dict[str, Any]) -> bytes:
    return json.dumps(
        {"method": method, "object": {"broadcaster": ROOM, **payload}, "id": "1767290400000-9"}
    ).encode()


@pytest.mark.parametrize(
    ("raw", "secret"),
    [
        (
            odd("privateMessage", {"user": {"username": "viewer_one"}, "message": {"message": ["SECRET"]}}),
            "SECRET",
        ),
        (
            odd("privateMessage", {"user": {"username": "viewer_one"}, "message": {"orig": "SECRET"}}),
            "SECRET",
        ),
        (odd("tip", {"user": {"user": "SECRET"}, "tip": {"tokens": 5, "isAnon": True}}), "SECRET"),
        (odd("tip", {"user": {"username": "secret"}, "tip": {"tokens": 5, "isAnon": "true"}}), "secret"),
    ],
)
def test_show_hides_by_kind_whatever_the_shape(
    database: Database, cli: MhcHere, raw: bytes, secret: str
) -> None:
    with database.write() as conn:
        source = streams.ensure(conn, ROOM, Kind.LIVE, "testserver", T0)
        events.add_new(
            conn, source.id, [parse_event(json.loads(raw), raw, EventId("unused"))], T0, made_by="events"
        )
    for words in (["event", "show", "1767290400000-9"], ["event", "list"]):
        run = cli(*words, "-o", "json")
        assert run.status == 0
        assert secret not in run.stdout
    assert secret in cli("event", "show", "1767290400000-9", "--reveal", "--private", "-o", "json").stdout


def test_nothing_in_the_database_is_an_empty_list(cli: MhcHere) -> None:
    assert cli("event", "list", "-o", "json").json == []
    assert cli("event", "list", "-o", "csv").stdout == "happened_at,method,actor,tokens,text\n"
