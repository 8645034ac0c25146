"""JSON text is cut at its own commas, whatever lies between them."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mhc.domain.jsonscan import split_array, split_object

values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=20,
)


@given(st.lists(values), st.sampled_from([None, 1, "\t"]), st.booleans())
def test_a_list_is_cut_into_the_elements_that_json_reads(
    items: list[object], indent: int | str | None, ascii_only: bool
) -> None:
    text = json.dumps(items, indent=indent, ensure_ascii=ascii_only).encode(errors="surrogatepass")
    parts = split_array(text)
    assert parts is not None
    assert [json.loads(part.decode(errors="surrogatepass")) for part in parts] == items


@given(st.dictionaries(st.text(alphabet="abc \u00e9"), values))
def test_an_object_is_cut_into_the_values_that_json_reads(members: dict[str, object]) -> None:
    parts = split_object(json.dumps(members, ensure_ascii=False).encode(errors="surrogatepass"))
    assert parts is not None
    read = {key.decode(): json.loads(part.decode(errors="surrogatepass")) for key, part in parts.items()}
    assert read == members


def test_brackets_commas_and_quotes_inside_strings_cut_nothing() -> None:
    assert split_array(rb'["a]b", "c,d", "e\"f", "g\\", {"h": "}"}]') == [
        rb'"a]b"',
        rb'"c,d"',
        rb'"e\"f"',
        rb'"g\\"',
        rb'{"h": "}"}',
    ]


def test_elements_that_json_refuses_leave_their_neighbours_whole() -> None:
    bad = [b"NaN", b'"\xff\xfe"', rb'"\ud800"', b"9" * 5000, b"[" * 9 + b"]" * 9, b""]
    parts = [good for item in bad for good in (b'{"n":1}', item, b'{"n":2}')]
    assert split_array(b"[" + b", ".join(parts) + b"]") == parts


@pytest.mark.parametrize("empty", [b"[]", b" [ ] ", b"[\n\t]"])
def test_an_empty_list_has_no_elements(empty: bytes) -> None:
    assert split_array(empty) == []


def test_an_empty_object_has_no_members() -> None:
    assert split_object(b" {} ") == {}


def test_of_doubled_keys_the_last_one_holds() -> None:
    assert split_object(b'{"a": 1, "a": 2}') == {b"a": b"2"}


@pytest.mark.parametrize(
    "text",
    [
        b"",
        b"null",
        b'"[]"',
        b"{}",
        b"[",
        b"]",
        b"[1",
        b"[1] [2]",
        b"[1]]",
        b'["a]',
        b'["a\\"]',
        b"[[1]",
        b"x[1]",
    ],
)
def test_what_is_no_whole_list_is_none(text: bytes) -> None:
    assert split_array(text) is None


@pytest.mark.parametrize(
    "text", [b"[]", b"{1: 2}", b'{"a" 1}', b'{"a": 1', b'{"a": 1}}', b"{,}", b'{"a": 1,}']
)
def test_what_is_no_whole_object_is_none(text: bytes) -> None:
    assert split_object(text) is None


def test_a_nesting_of_100_000_is_one_element() -> None:
    deep = b"[" * 100_000 + b"]" * 100_000
    assert split_array(b"[1, " + deep + b", 2]") == [b"1", deep, b"2"]


def test_a_string_without_an_end_is_searched_once() -> None:
    # Searched again from each of its quotes, this would take hours.
    assert split_array(b'["' + b'\\"' * 1_000_000 + b"]") is None
