"""Attributes: what may be a key, and what a value is kept as."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mhc.domain.attributes import KNOWN, Kind, parse_key, parse_value


@pytest.mark.parametrize(
    ("kind", "typed", "kept"),
    [
        (Kind.FLAG, "YES", "yes"),
        (Kind.FLAG, "false", "no"),
        (Kind.TEXT, "  two\n words ", "two words"),
        (Kind.NUMBER, "007.50", "7.5"),
        (Kind.NUMBER, "1e3", "1000"),
        (Kind.NUMBER, "-0", "0"),
        (Kind.DATE, "2026-03-01", "2026-03-01"),
        (Kind.DATE, "20260301", "2026-03-01"),
    ],
)
def test_a_value_is_kept_in_one_form(kind: Kind, typed: str, kept: str) -> None:
    assert parse_value(kind, typed) == kept


@pytest.mark.parametrize(
    ("kind", "typed"),
    [
        (Kind.FLAG, "maybe"),
        (Kind.TEXT, " \n"),
        (Kind.TEXT, "x" * 501),
        (Kind.NUMBER, "many"),
        (Kind.NUMBER, "nan"),
        (Kind.NUMBER, "1_000"),
        (Kind.NUMBER, "1e999999"),
        (Kind.NUMBER, "٣"),
        (Kind.DATE, "2026-02-30"),
        (Kind.DATE, "yesterday"),
    ],
)
def test_what_does_not_fit_the_kind_is_refused(kind: Kind, typed: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        parse_value(kind, typed)


@given(st.sampled_from(list(Kind)), st.text())
def test_what_is_kept_stays_as_it_is(kind: Kind, typed: str) -> None:
    try:
        kept = parse_value(kind, typed)
    except ValueError:
        return
    assert parse_value(kind, kept) == kept


def test_a_key_is_a_lower_case_word() -> None:
    assert all(parse_key(key) == key for key in KNOWN)
    for wrong in ("", "Shoe", "2nd", "shoe size", "größe", "a=b", "x" * 65, "_x"):
        with pytest.raises(ValueError, match="is no key"):
            parse_key(wrong)
