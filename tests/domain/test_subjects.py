"""What a room said, without what changes with each tip."""

import pytest

from mhc.domain.subjects import in_order, plain


@pytest.mark.parametrize(
    ("subject", "expected"),
    [
        ("Lights", "Lights"),
        ("Lights [500 tokens left]", "Lights"),
        ("Lights [1 token left] and more", "Lights and more"),
        ("Lights [1,500 Tokens remaining] #blue", "Lights #blue"),
        ("Lights\n [12 tokens to go]", "Lights"),
        ("[12 tokens left]", ""),
        ("[twelve tokens left]", "[twelve tokens left]"),
        ("Goal: 500 tokens left", "Goal: 500 tokens left"),
        ("[1 tokens left] a [2 tokens left]", "a"),
    ],
)
def test_a_subject_has_no_counter(subject: str, expected: str) -> None:
    assert plain(subject) == expected


def test_each_subject_stands_once_where_it_came_first() -> None:
    said = ["a [9 tokens left]", "b", "a [5 tokens left]", "[1 tokens left]", "c", "b"]
    assert in_order(said) == ["a", "b", "c"]
