"""Tips, tip menus and names in pasted text; each table reads like the rule."""

import time

import pytest

from mhc.domain.paste_follows import is_whole, parse_list
from mhc.domain.paste_menu import Item, parse_item, parse_menu
from mhc.domain.paste_names import names_in
from mhc.domain.paste_tips import Tip, parse_tip

TIPS = {
    "viewer_one tipped 25 tokens": Tip("viewer_one", 25, None),
    "viewer_one tipped 1 token.": Tip("viewer_one", 1, None),
    "viewer_one tipped 25 tokens | thanks": Tip("viewer_one", 25, "thanks"),
    "viewer_one tipped 25 tokens -- thanks | a lot": Tip("viewer_one", 25, "thanks | a lot"),
    "viewer_one tipped 25 tokens for the song": Tip("viewer_one", 25, "for the song"),
    "viewer_one|100| tipped 1,025 tokens": Tip("viewer_one", 1025, None),
    "Viewer_One has tipped 25 tk": Tip("viewer_one", 25, None),
    "Anonymous tipped 5 tokens": Tip(None, 5, None),
    "An anonymous user tipped 5 tokens -- psst": Tip(None, 5, "psst"),
    "viewer_one tipped 0 tokens": None,
    "viewer_one tipped 9999999999 tokens": None,
    "viewer_one tipped many tokens": None,
    "viewer_one: 25 tk": None,
    "ab tipped 5 tokens": None,
}
SHORT = {
    "viewer_one: 25 tk": Tip("viewer_one", 25, None),
    "viewer_one 25 tks nice": Tip("viewer_one", 25, "nice"),
    "viewer_one 25": None,
}


@pytest.mark.parametrize("line", TIPS)
def test_a_line_tells_of_a_tip(line: str) -> None:
    assert parse_tip(line) == TIPS[line]


@pytest.mark.parametrize("line", SHORT)
def test_where_only_tips_are_looked_for_the_short_form_is_one(line: str) -> None:
    assert parse_tip(line, short=True) == SHORT[line]


ITEMS = {
    "100 - song": Item(100, "song"),
    "song - 100": Item(100, "song"),
    "song: 100": Item(100, "song"),
    "song (100)": Item(100, "song"),
    "song [100]": Item(100, "song"),
    "100 tk - song": Item(100, "song"),
    "song - 100 tokens": Item(100, "song"),
    "blue - light song - 1,500": Item(1500, "blue - light song"),
    "1 - ab": Item(1, "ab"),
    "99999 - ab": Item(99_999, "ab"),
    "5 - " + "a" * 149: Item(5, "a" * 149),
    "0 - song": None,
    "100000 - song": None,
    "5 - a": None,
    "5 - " + "a" * 150: None,
    "5 - 10": None,
    "song": None,
    "100": None,
}


@pytest.mark.parametrize("piece", ITEMS)
def test_an_item_of_a_menu(piece: str) -> None:
    assert parse_item(piece) == ITEMS[piece]


def test_a_menu_is_sorted_and_has_no_doubles() -> None:
    items, rest = parse_menu("Tip menu | wave - 20 | song: 5\n20 - WAVE\nhello")
    assert items == [Item(5, "song"), Item(20, "wave")]
    assert [(one.number, one.text) for one in rest] == [(1, "Tip menu"), (3, "hello")]


NAMED = {
    "thanks @viewer_one!": ["viewer_one"],
    "mail a@viewer_one": [],
    "see https://chaturbate.com/viewer_one/ and chaturbate.com/b/viewer_two": ["viewer_one", "viewer_two"],
    "viewer_one: hi": ["viewer_one"],
    "viewer_one tipped 5\nviewer_two joined\nviewer_three left.": [
        "viewer_one",
        "viewer_two",
        "viewer_three",
    ],
    "he asked viewer_known, and viewer_other": ["viewer_known"],
    "ab: hi @ab": [],
    "viewer_one: @viewer_one": ["viewer_one"],
    "viewer_knownish": [],
}


@pytest.mark.parametrize("text", NAMED)
def test_people_in_free_text(text: str) -> None:
    assert names_in(text, {"viewer_known"}) == NAMED[text]


def test_lists_of_names_are_read_in_each_form() -> None:
    assert parse_list("viewer_one\n\n@Viewer_Two\nviewer_one\n! !").names == ("viewer_one", "viewer_two")
    assert parse_list("viewer_one\n! !").bad == ((2, "! !"),)
    assert parse_list("since,username\n2024,viewer_one\n2025,viewer_two").names == (
        "viewer_one",
        "viewer_two",
    )
    assert parse_list("username;since\nviewer_one;2024\n! !;2025").bad == ((3, "! !"),)
    assert parse_list("\nsince\tUserName\n2024\tviewer_one").names == ("viewer_one",)
    assert parse_list('"username"\n"viewer_one"').names == ("viewer_one",)
    page = parse_list(
        '<!-- <a href="/gone/"> --><a href="/viewer_one/">x</a> 1,234 followers <script>"</script>'
    )
    assert (page.names, page.said) == (("viewer_one",), 1234)
    assert not is_whole([page])
    assert is_whole([page._replace(said=1)])
    assert not is_whole([parse_list("viewer_one")])


@pytest.mark.parametrize("text", ["<" * 300_000, "<!--" * 75_000, '<a href="' * 33_000, "a" * 300_000])
def test_hostile_pages_take_no_longer(text: str) -> None:
    begun = time.perf_counter()
    parse_list(text)
    parse_list("<p>" + text)
    names_in(text)
    assert time.perf_counter() - begun < 5
