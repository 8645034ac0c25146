"""Numbers with their nouns."""

import pytest

from mhc.domain.counted import counted


@pytest.mark.parametrize(
    ("said", "as_it_should_be"),
    [
        (counted(0, "tip"), "0 tips"),
        (counted(1, "tip"), "1 tip"),
        (counted(1_234, "tip"), "1,234 tips"),
        (counted(1, "person", "people"), "1 person"),
        (counted(2, "person", "people"), "2 people"),
        (counted(1, "line is", "lines are"), "1 line is"),
    ],
)
def test_one_is_singular_and_all_else_is_not(said: str, as_it_should_be: str) -> None:
    assert said == as_it_should_be
