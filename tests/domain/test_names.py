"""Usernames: what a person types, and what an upstream sends."""

import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mhc.domain.names import (
    UsernameError,
    is_upstream_name,
    near_matches,
    parse_username,
    username_from_upstream,
)
from mhc.domain.text import clean

names = st.text(alphabet=string.ascii_lowercase + string.digits + "_", min_size=1, max_size=25)


@pytest.mark.parametrize(
    "text",
    [
        "viewer_one",
        " Viewer_One\n",
        "@viewer_one",
        "/viewer_one/",
        "/b/viewer_one/",
        "b/viewer_one",
        "chaturbate.com/viewer_one",
        "http://chaturbate.com/viewer_one/",
        "https://www.chaturbate.com/b/viewer_one/?tour=1",
        "https://de.chaturbate.com/viewer_one#chat",
        "HTTPS://CHATURBATE.COM/Viewer_One/followers",
        "viewer_one?x=/y",
    ],
)
def test_every_way_to_write_a_name(text: str) -> None:
    assert parse_username(text) == "viewer_one"


@pytest.mark.parametrize(
    "text",
    [
        "",
        " ",
        "@",
        "/",
        "a b",
        "viewer-one",
        "a" * 26,
        "naïve",
        "https://example.com/viewer_one",
        "viewer.one",
        "\uff11\uff12",
    ],
)
def test_what_is_no_name(text: str) -> None:
    with pytest.raises(UsernameError, match="is not a username"):
        parse_username(text)


@given(name=names.filter(lambda name: name != "b"))
def test_a_name_reads_as_itself_however_it_is_dressed(name: str) -> None:
    for text in (
        name,
        name.upper(),
        f"@{name}",
        f"https://chaturbate.com/{name}/",
        f"/b/{name}/",
        f" {name} ",
    ):
        assert parse_username(text) == name


@given(text=st.text(max_size=80))
def test_what_is_read_is_a_name(text: str) -> None:
    try:
        name = parse_username(text)
    except UsernameError:
        return
    assert parse_username(name) == name
    assert set(name) <= set(string.ascii_lowercase + string.digits + "_")


@pytest.mark.parametrize(
    ("value", "name"),
    [
        ("Viewer_One ", "viewer_one"),
        ("Anonymous", None),
        ("", None),
        ("  ", None),
        (None, None),
        (7, None),
        (["viewer_one"], None),
        ("odd name!", "odd name!"),
        ("a\x00b\ud800", "a\ufffdb\ufffd"),
        ("x" * 99, "x" * 64),
        ("x" * 63 + " y", "x" * 63),
        ("\n\tViewer_One\r\n", "viewer_one"),
        ("a\nb\x1b\u2028", "a\ufffdb\ufffd"),
    ],
)
def test_upstream_names_are_taken_as_they_come(value: object, name: str | None) -> None:
    assert username_from_upstream(value) == name


@given(st.text())
def test_what_is_kept_of_a_name_is_kept_as_it_stands(sent: str) -> None:
    name = username_from_upstream(sent)
    assert name is None or is_upstream_name(name)


@pytest.mark.parametrize("name", ["viewer_one", "odd name!", "a\ufffdb", "\u00e4", "--help"])
def test_a_name_that_is_kept_as_it_comes_may_come_from_a_file(name: str) -> None:
    assert is_upstream_name(name)


@pytest.mark.parametrize(
    "name", ["", " ", "Viewer", "viewer ", "x" * 65, "a\x00b", "a\nb", "a\x1bb", "a\x85b", "a\u2028b"]
)
def test_a_name_that_nobody_has_may_not(name: str) -> None:
    assert not is_upstream_name(name)


def test_near_matches_are_few_and_best_first() -> None:
    known = ["viewer_one", "viewer_ten", "viewer_onee", "model", "viewer_on", "viewer_one_"]
    assert near_matches("viewer_on", known)[0] == "viewer_on"
    assert len(near_matches("viewer_on", known)) == 3
    assert near_matches("zzz", known) == []


@given(text=st.text())
def test_cleaned_text_is_storable(text: str) -> None:
    cleaned = clean(text)
    assert len(cleaned) == len(text)
    assert "\x00" not in cleaned
    cleaned.encode()
