"""What the encoder lets through, what it shows escaped, and what it costs."""

import time
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mhc.domain.text import MARKS_PER_BASE, Safe, clean, encode, trusted

FAMILY = "\U0001f468\u200d\U0001f469\u200d\U0001f467"
ANYTHING = st.text(st.characters())  # lone surrogates too
GLUE = "\u200d\ufe0e\ufe0f"


@pytest.mark.parametrize(
    ("hostile", "shown"),
    [
        ("\x1b[2J\x1b[31mred\x1b[0m", r"\x1b[2J\x1b[31mred\x1b[0m"),
        (
            "\x1b]8;;https://example.com\x1b\\link\x1b]8;;\x1b\\",
            r"\x1b]8;;https://example.com\x1b\link\x1b]8;;\x1b" + "\\",
        ),
        ("\x1b]52;c;cm0gLXJm\x07", r"\x1b]52;c;cm0gLXJm\x07"),
        ("\x9b31m\x9d0;title\x9c", r"\x9b31m\x9d0;title\x9c"),
        ("tip 5\rtip 5000", r"tip 5\x0dtip 5000"),
        ("a\x08\x08b\x7f", r"a\x08\x08b\x7f"),
        ("two\nlines\ttab\x0b\x0c\x85", r"two\x0alines\x09tab\x0b\x0c\x85"),
        ("line\u2028paragraph\u2029", r"line\u2028paragraph\u2029"),
        ("nul\x00", r"nul\x00"),
        (
            "\u202eevil\u202c \u2066x\u2069 \u200e\u200f\u061c",
            r"\u202eevil\u202c \u2066x\u2069 \u200e\u200f\u061c",
        ),
        ("\U000e0001\U000e0041", r"\U000e0001\U000e0041"),
        ("a\u200bb\u200c\u2060\ufeff\u00ad", r"a\u200bb\u200c\u2060\ufeff\xad"),
        ("a\u200db", r"a\u200db"),
        ("a\ufe0f\U000e0100", r"a\ufe0f\U000e0100"),
        ("\u034f\u115f\u3164\uffa0", r"\u034f\u115f\u3164\uffa0"),
        ("\ue000\U0010fffd", r"\ue000\U0010fffd"),
        ("\u0378\ufdd0\uffff", r"\u0378\ufdd0\uffff"),
        ("\ud800 \udfff", r"\ud800 \udfff"),
        ("\u2764\ufe0f\ufe0f", "\u2764\ufe0f" + r"\ufe0f"),
        ("\U0001f468\u200d", "\U0001f468" + r"\u200d"),
        ("\u200d\U0001f468\u200dx", r"\u200d" + "\U0001f468" + r"\u200dx"),
        ("non\u00a0break\u202f!\u3000\u2003\u2800.", "non break !   ."),
    ],
)
def test_hostile_text_is_shown_escaped(hostile: str, shown: str) -> None:
    assert encode(hostile) == shown


@pytest.mark.parametrize(
    "honest",
    [
        "",
        "viewer_one: hello, example_room!",
        r"C:\path and \x1b typed by hand",
        "Grüße, señor, l'été",
        "e\u0301 n\u0303 ก็ नमस्ते",
        "שלום مرحبا",
        "漢字 かな 한글",
        "½ ② € ± ™ → ~^`",
        "😀👍🏽🇩🇪",
        FAMILY,
        "\u2764\ufe0f\u200d\U0001f525 \U0001f3f4\u200d\u2620\ufe0f 1\ufe0f\u20e3 \U0001f3c3\u200d\u27a1\ufe0f",
        "\U0001fa77",  # a pink heart: younger than the tables of Python 3.11
    ],
)
def test_honest_text_passes_as_it_is(honest: str) -> None:
    assert encode(honest) == honest


def test_the_result_is_of_the_one_printable_type_and_is_not_encoded_twice() -> None:
    once = encode("a\x1b" * 3000, limit=10)
    assert type(once) is Safe
    assert encode(once, limit=3) is once
    assert type(trusted("-")) is Safe


def test_a_fifth_mark_is_cut_and_counted() -> None:
    assert encode("e" + "\u0301" * 4) == "e" + "\u0301" * 4
    assert encode("e" + "\u0301" * 7 + "x") == "e" + "\u0301" * 4 + "…(+3)x"
    assert encode("a" + "\u0301" * 100_000) == "a" + "\u0301" * 4 + "…(+1995)…(+98001)"


def test_long_text_is_cut_and_counted() -> None:
    assert encode("x" * 2000) == "x" * 2000
    assert encode("x" * 3234) == "x" * 2000 + "…(+1234)"
    assert encode("ab\x1bcd", limit=3) == r"ab\x1b…(+2)"
    assert encode(FAMILY, limit=2) == "\U0001f468…(+4)"


def test_without_a_limit_nothing_is_cut() -> None:
    assert encode("x" * 5000, limit=None) == "x" * 5000
    assert encode("a" + "\u0301" * 9 + "\n", limit=None) == "a" + "\u0301" * 9 + r"\x0a"


@pytest.mark.parametrize(
    "text",
    [
        "x" * 1_000_000,
        "\x1b" * 1_000_000,
        "漢" * 1_000_000,
        "\u200d" * 1_000_000,
        "a" + "\u0301" * 100_000,
        FAMILY * 200_000,
    ],
    ids=["ascii", "escapes", "wide", "joiners", "marks", "families"],
)
def test_a_megabyte_costs_next_to_nothing(text: str) -> None:
    best = min(_seconds(text) for _ in range(3))
    assert best < 0.05


def _seconds(text: str) -> float:
    start = time.perf_counter()
    encode(text)
    return time.perf_counter() - start


def test_the_cost_without_a_limit_grows_in_step_with_the_length() -> None:
    start = time.perf_counter()
    encode(("\x1b\u200d\ufe0f\U0001f468" * 50_000) + "\u0301" * 100_000, limit=None)
    assert time.perf_counter() - start < 3


@given(ANYTHING)
def test_only_listed_categories_leave_the_encoder(text: str) -> None:
    for character in encode(text):
        listed = unicodedata.category(character)[0] in "LMNPS" or character == " "
        future_pictograph = 0x1F000 <= ord(character) <= 0x1FAFF
        assert listed or character in GLUE or future_pictograph


@given(
    st.text(
        st.sampled_from("a1 \u0301\u200d\ufe0f\u20e3\u2764\U0001f468\U0001f3fd\U0001f1e9漢\x1b\u202e"),
        max_size=40,
    )
)
def test_encoding_what_was_encoded_changes_nothing(text: str) -> None:
    once = str(encode(text))
    assert encode(once) == once


@given(ANYTHING)
def test_marks_never_flood(text: str) -> None:
    run = 0
    for character in encode(text + "e\u0301\u0301\u0301\u0301\u0301"):
        run = run + 1 if unicodedata.category(character).startswith("M") else 0
        assert run <= MARKS_PER_BASE


@given(ANYTHING)
def test_encoded_text_is_one_line_that_utf8_can_hold(text: str) -> None:
    shown = encode(text)
    assert len(shown.splitlines()) <= 1
    assert shown.encode().decode() == shown


def test_cleaned_text_can_be_stored_and_keeps_all_else() -> None:
    assert clean("a\x00b\ud800c\udfff") == "a\ufffdb\ufffdc\ufffd"
    assert clean("\x1b\u202e\u200d 漢 \n\t") == "\x1b\u202e\u200d 漢 \n\t"


@given(ANYTHING)
def test_cleaning_is_stable_and_keeps_the_length(text: str) -> None:
    once = clean(text)
    assert clean(once) == once
    assert len(once) == len(text)
    assert "\x00" not in once
    once.encode()
