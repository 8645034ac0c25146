"""The words by which text is found."""

from alembic.script import ScriptDirectory
from hypothesis import given
from hypothesis import strategies as st

from mhc.domain.words import LONGEST, Term, terms, words
from mhc.store import migrate

MIGRATION = ScriptDirectory.from_config(migrate.config()).get_revision("0003").module


def test_words_are_in_one_case_without_marks_and_apart_at_all_else() -> None:
    assert words("Crème BRÛLÉE, viewer_one's ½-price ﬁt! Straße ΣΊΣΥΦΟΣ") == {
        "creme", "brulee", "viewer", "one", "s", "1", "2", "price", "fit", "strasse", "σισυφοσ",
    }  # fmt: skip
    assert words(" … \x1b[2J 🎉") == {"2j"}


def test_a_search_asks_for_words_and_a_star_for_their_beginning() -> None:
    assert terms("Blue li* blue") == [Term("blue"), Term("li", prefix=True)]
    assert terms("foo-ba* *x") == [Term("foo"), Term("ba", prefix=True), Term("x")]
    assert terms(" * … ") == []
    assert terms("a" * 70) == [Term("a" * LONGEST, prefix=True)]


@given(st.text())
def test_the_migration_splits_text_by_the_same_rule(text: str) -> None:
    assert words(text) == {word[:LONGEST] for word in MIGRATION._words(text)}


@given(st.text())
def test_a_text_is_found_by_all_of_itself(text: str) -> None:
    kept = words(text)
    for term in terms(text.replace("*", " ")):
        assert any(word.startswith(term.word) if term.prefix else word == term.word for word in kept)


@given(st.text(), st.text())
def test_words_of_two_lines_are_those_of_each(one: str, other: str) -> None:
    assert words(f"{one}\n{other}") == words(one) | words(other)
