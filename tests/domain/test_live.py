"""Who is live, by polls: a room that one of them passes over, or that another filter kept, is not taken for offline."""

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from mhc.domain.live import Live, Look
from mhc.domain.rooms import Scope, Show

T0 = datetime(2026, 1, 1, 18, tzinfo=UTC)


def at(minutes: float) -> datetime:
    return T0 + timedelta(minutes=minutes)


def polls(*looks: tuple[Scope, bool]) -> Live:
    """Give polls five minutes apart, the first at T0."""
    made = [Look(at(5 * number), str(scope), complete) for number, (scope, complete) in enumerate(looks)]
    return Live(made[::-1])


ALL, TRACKED, SOME = (Scope.ALL, True), (Scope.TRACKED, True), (Scope.SOME, True)
PART = (Scope.ALL, False)


def test_a_room_that_one_whole_poll_does_not_show_may_have_moved_between_its_pages() -> None:
    once, twice = polls(ALL, ALL), polls(ALL, ALL, ALL)
    assert once.says(at(0), Scope.ALL, Show.PUBLIC) is True
    assert (once.missed(at(0), Scope.ALL), twice.missed(at(0), Scope.ALL)) == (1, 2)
    assert twice.says(at(0), Scope.ALL, Show.PUBLIC) is False
    assert twice.says(at(5), Scope.ALL, None) is True
    assert (once.polls, twice.polls) == ((at(5), at(0)), (at(10), at(5)))


def test_a_poll_that_came_in_part_or_kept_some_rooms_says_nobody_is_offline() -> None:
    for other in (PART, SOME):
        live = polls(ALL, other, other, other)
        assert live.says(at(0), Scope.ALL, Show.PUBLIC) is True
        assert live.polls == tuple(at(5 * number) for number in (3, 2, 1, 0))


def test_a_poll_of_who_is_tracked_says_nothing_of_rooms_that_another_filter_kept() -> None:
    assert polls(SOME, TRACKED, TRACKED).says(at(0), Scope.SOME, Show.PUBLIC) is True
    assert polls(ALL, TRACKED, TRACKED).says(at(0), Scope.ALL, Show.PUBLIC) is True
    assert polls(TRACKED, TRACKED, TRACKED).says(at(0), Scope.TRACKED, Show.PUBLIC) is False
    assert polls(TRACKED, ALL, ALL).says(at(0), Scope.TRACKED, Show.PUBLIC) is False


def test_of_a_room_whose_last_reading_is_old_young_polls_say_what_they_can() -> None:
    long_ago = at(-600)
    assert polls(ALL).says(long_ago, Scope.ALL, Show.PUBLIC) is False
    assert polls(TRACKED).says(long_ago, Scope.TRACKED, Show.PUBLIC) is False
    assert polls(TRACKED).says(long_ago, Scope.SOME, Show.PUBLIC) is None
    assert polls(PART, SOME).says(long_ago, Scope.ALL, Show.PUBLIC) is None
    assert polls(ALL).says(at(0), Scope.ALL, Show.OFFLINE) is False


LOOK = st.tuples(st.sampled_from(list(Scope)), st.booleans())


@given(st.lists(LOOK, min_size=1, max_size=8), st.data())
def test_the_polls_that_hold_are_those_whose_rooms_are_live(
    looks: list[tuple[Scope, bool]], data: st.DataObject
) -> None:
    live = polls(*looks)
    number = data.draw(st.integers(0, len(looks) - 1))
    said = live.says(at(5 * number), str(looks[number][0]), Show.PUBLIC)
    assert (at(5 * number) in live.polls) == (said is True)
    assert live.looks[0].at in live.polls
