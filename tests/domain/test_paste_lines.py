"""Pasted chat: who said what, and what nobody said; each table reads like the rule."""

from datetime import datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mhc.domain.clock import iso_z
from mhc.domain.paste_lines import LONGEST_LINE, LeftOut, Reading, Said, What, parse
from mhc.domain.paste_notices import notice_in
from mhc.domain.paste_times import read_stamp

KNOWN = frozenset({"viewer_one", "viewer", "vi"})
BERLIN = ZoneInfo("Europe/Berlin")


def read(text: str, what: What = What.CHAT, known: frozenset[str] = KNOWN) -> list[Said | LeftOut]:
    return list(parse(text, Reading(what, known, ZoneInfo("UTC"))))


def one(text: str, what: What = What.CHAT, known: frozenset[str] = KNOWN) -> Said:
    (found,) = read(text, what, known)
    assert isinstance(found, Said), found
    return found


# line → who, what they said, whether the name is sure
COPIED = {
    "viewer_two: hello": ("viewer_two", "hello", True),
    "viewer_two： hello": ("viewer_two", "hello", True),  # noqa: RUF001 - the full-width colon
    "Viewer_Two : hello: you": ("viewer_two", "hello: you", True),
    "viewer_two|100| hello": ("viewer_two", "hello", True),
    "viewer_two|100|: hello": ("viewer_two", "hello", True),
    "vi: hello": ("vi", "hello", True),  # known, however short
    "viewer_onehello": ("viewer_one", "hello", True),  # the longest known name
    "viewerhello": ("viewer", "hello", True),
    "strangerHello there": ("stranger", "Hello there", False),  # before a capital
    "stranger99hello": ("stranger99", "hello", False),  # after a digit, before a letter
    "viewer_two: viewer_one tipped 100 tokens": ("viewer_two", "viewer_one tipped 100 tokens", True),
    "viewer_two: Notice: the goal is reached": ("viewer_two", "Notice: the goal is reached", True),
}


@pytest.mark.parametrize("line", COPIED)
def test_a_copied_line_says_who_said_it(line: str) -> None:
    found = one(line)
    assert (found.username, found.text, found.sure) == COPIED[line]


NOBODY = ("ab: hello", "hello there", "https://example.com", "a" * 26 + ": hello", "Rules: none", "!?")


@pytest.mark.parametrize("line", NOBODY)
def test_a_line_of_nobody_is_left_out(line: str) -> None:
    (found,) = read(line, known=frozenset())
    assert isinstance(found, LeftOut)


NOTICES = {
    "viewer_two has joined the room.": "join or leave",
    "viewer_two has left the room.": "join or leave",
    "viewer_two joined": "join or leave",
    'Room subject changed to "Blue night [100 tokens left]"': "subject change",
    "Private show has started": "private show",
    "The private show has ended.": "private show",
    "Notice: viewer_two's Lovense toy is now on": "toy",
    "User viewer_two was silenced by viewer_one": "silence",
    "Notice: Goal reached! Thanks to all": "goal",
    "Goal: 100 tokens": "goal",
    "Rules: be kind": "rules",
    "viewer_two has joined the fan club!": "fan club",
    "viewer_one was granted moderator privileges by example_room": "moderator",
    "IMPORTANT: never share your password": "site warning",
    "Welcome to example_room's room!": "site warning",
    "Notice: anything at all": "notice",
}


@pytest.mark.parametrize("line", NOTICES)
def test_what_the_site_and_its_apps_write_is_left_out(line: str) -> None:
    assert notice_in(line) == NOTICES[line]
    (found,) = read(line, known=frozenset())
    assert isinstance(found, LeftOut)
    assert found.reason == NOTICES[line]


def marked(chat_type: str, message: str, *, owner: str = "false", name: str = "viewer_two") -> str:
    fields = f"Timestamp: [2026-01-03 18:00:00] | Username: [{name}] | Message: [{message}]"
    return f"[{chat_type}] {fields} | isBroadcaster: [{owner}]"


def test_a_bookmarklets_line_says_all_of_it() -> None:
    found = one(marked("public", "hello | Message: [x] | isBroadcaster: [true]"))
    assert (found.username, found.text) == ("viewer_two", "hello | Message: [x] | isBroadcaster: [true]")
    assert found.at is not None
    assert iso_z(found.at) == "2026-01-03T18:00:00Z"
    assert not found.owner
    assert one(marked("public", "hi", owner="true")).owner
    assert one(marked("pm", "psst")).method == "privateMessage"
    tip = one(marked("tip", "tipped 25 tokens | thanks"))
    assert (tip.method, tip.tokens, tip.text) == ("tip", 25, "thanks")
    plain = one(
        "Timestamp: 2026-01-03 18:00:00 | Username: viewer_two | Message: [hi] | isBroadcaster: false"
    )
    assert plain.text == "[hi]"
    (joined,) = read(marked("notice", "viewer_two has joined the room.", name=""))
    assert joined == LeftOut(1, "join or leave", "viewer_two has joined the room.")


STAMPS = {
    "[2026-01-03 18:00:00] viewer_two: hi": "2026-01-03T18:00:00Z",
    "[2026-01-03, 18:00:00] viewer_two: hi": "2026-01-03T18:00:00Z",
    "2026-01-03 18:00 viewer_two: hi": "2026-01-03T18:00:00Z",
    "2026-01-03T18:00:00.250+01:00 viewer_two: hi": "2026-01-03T17:00:00.250Z",
    "2026-01-03T18:00:00Z viewer_two: hi": "2026-01-03T18:00:00Z",
    "[18:00] viewer_two: hi": None,  # without a day nobody knows when
    "18:00:05 viewer_two: hi": None,
    "[2026-13-03 18:00:00] viewer_two: hi": None,
    "viewer_two: hi": None,
}


@pytest.mark.parametrize("line", STAMPS)
def test_a_line_keeps_its_time_and_one_without_has_none(line: str) -> None:
    found = one(line)
    assert (found.username, found.text) == ("viewer_two", "hi")
    assert (None if found.at is None else iso_z(found.at)) == STAMPS[line]


WALLS = {
    "2026-10-25 02:30:00": "2026-10-25T00:30:00Z",  # comes twice: the first
    "2026-10-25 03:00:00": "2026-10-25T02:00:00Z",
    "2026-03-29 02:30:00": "2026-03-29T01:30:00Z",  # does not exist: moves on
    "1767463200": "2026-01-03T18:00:00Z",
    "1767463200123": "2026-01-03T18:00:00.123Z",
    "1999-01-01 00:00:00": None,
    "2026-01-03": None,
    "9" * 13: "2286-11-20T17:46:39.999Z",
    "2026-01-03 18:00:00 " + "9" * 40: None,
}


@pytest.mark.parametrize("text", WALLS)
def test_times_without_a_zone_are_of_the_display_zone(text: str) -> None:
    found = read_stamp(text, BERLIN)
    assert (None if found is None else iso_z(found)) == WALLS[text]


def test_a_line_that_is_too_long_and_one_that_says_nothing_are_left_out() -> None:
    found = read(f"viewer_two: {'a' * LONGEST_LINE}\nviewer_two:\n\n \nviewer_two: ok")
    assert [(x.number, getattr(x, "reason", None)) for x in found] == [
        (1, "too long"),
        (2, "empty"),
        (5, None),
    ]


names = st.from_regex(r"[a-z_][a-z0-9_]{2,24}", fullmatch=True).filter(
    lambda name: (
        name not in {"notice", "rules", "goal", "goals", "rule", "warning", "important", "welcome"}
        and name not in {"menu", "note", "tips", "http", "https", "subject", "topic"}
    )
)
words = st.text(st.characters(exclude_categories=["C", "Z"]), min_size=1, max_size=30)
stamps = st.datetimes(min_value=datetime(2005, 1, 1), max_value=datetime(9000, 1, 1))  # noqa: DTZ001 - wall clocks


@given(st.lists(st.tuples(names, words, stamps), max_size=8), st.booleans())
def test_what_is_rendered_is_read_back(lines: list[tuple[str, str, datetime]], bookmarklet: bool) -> None:
    def render(name: str, text: str, at: datetime) -> str:
        stamp = at.isoformat(" ", "milliseconds")
        if not bookmarklet:
            return f"[{stamp}] {name}: {text}"
        return (
            f"[public] Timestamp: [{stamp}] | Username: [{name}] | Message: [{text}] | isBroadcaster: [false]"
        )

    found = read("\n".join(render(*line) for line in lines), known=frozenset())
    texts = [text if bookmarklet else text.lstrip() for _name, text, _at in lines]
    assert [(x.username, x.text) for x in found if isinstance(x, Said)] == [
        (name, text) for (name, _text, _at), text in zip(lines, texts, strict=True)
    ]


@given(st.text())
def test_nothing_that_is_pasted_breaks_it(text: str) -> None:
    for what in What:
        read(text, what)
