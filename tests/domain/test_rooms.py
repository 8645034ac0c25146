"""Rooms of a feed: which are kept, whether a feed can be right, and the sessions that readings make."""

import itertools
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mhc.domain.room_sessions import Seen, growth, sessions, time_by_show
from mhc.domain.rooms import (
    GENDERS,
    Keep,
    Mark,
    Reading,
    Scope,
    Show,
    gender_of,
    improbable,
    is_complete,
    marks,
)

T0 = datetime(2026, 1, 1, 18, tzinfo=UTC)


def at(minutes: float) -> datetime:
    return T0 + timedelta(minutes=minutes)


def seen(
    minutes: float,
    *,
    since: float | None = None,
    show: Show | None = Show.PUBLIC,
    followers: int | None = None,
) -> Seen:
    """Give a reading that says the room is online since a minute."""
    online = None if since is None else round((minutes - since) * 60)
    return Seen(at(minutes), show, None, followers, online)


def spans(*readings: Seen) -> list[tuple[float, float]]:
    """Give beginning and last reading of each session, in minutes."""
    minute = timedelta(minutes=1)
    return [((one.started_at - T0) / minute, (one.last_seen_at - T0) / minute) for one in sessions(readings)]


@pytest.mark.parametrize("gender", [None, *GENDERS])
@pytest.mark.parametrize("new", [True, False, None])
def test_marks_hold_gender_and_badges(gender: str | None, new: bool | None) -> None:
    number = marks(new=new, hd=True, gender=gender)
    assert (gender_of(number), bool(number & Mark.NEW), bool(number & Mark.HD)) == (gender, bool(new), True)


ROOM = Reading(
    "room_one", viewers=10, followers=100, flags=marks(new=None, hd=None, gender="trans"), tags=("a", "b")
)


@pytest.mark.parametrize(
    ("keep", "kept", "scope"),
    [
        (Keep(names=None), True, Scope.ALL),
        (Keep(names={"room_one"}, tracked=True), True, Scope.TRACKED),
        (Keep(names={"room_two"}, tracked=True), False, Scope.TRACKED),
        (Keep(names={"room_one"}), True, Scope.SOME),
        (Keep(names=None, min_viewers=10), True, Scope.SOME),
        (Keep(names=None, min_viewers=11), False, Scope.SOME),
        (Keep(names=None, min_followers=100), True, Scope.SOME),
        (Keep(names=None, min_followers=101), False, Scope.SOME),
        (Keep(names=None, genders=("male", "trans")), True, Scope.SOME),
        (Keep(names=None, genders=("male",)), False, Scope.SOME),
        (Keep(names=None, tags=("a", "b")), True, Scope.SOME),
        (Keep(names=None, tags=("a", "c")), False, Scope.SOME),
    ],
)
def test_a_room_is_kept_where_all_holds(keep: Keep, kept: bool, scope: Scope) -> None:
    assert (keep.keeps(ROOM), keep.scope) == (kept, scope)


def test_a_figure_that_is_not_said_is_not_enough() -> None:
    assert not Keep(names=None, min_viewers=1).keeps(Reading("room_one"))
    assert not Keep(names=None, tags=("a",)).keeps(Reading("room_one", tags=None))


def test_a_feed_is_whole_where_as_many_came_as_there_are_but_for_a_few() -> None:
    assert is_complete(960, 1000)
    assert is_complete(1040, 1000)
    assert not is_complete(700, 0)
    assert not is_complete(940, 1000)
    assert not is_complete(1000, None)
    assert not is_complete(0, 0)


@pytest.mark.parametrize(
    ("came", "before", "why"),
    [
        (0, None, "no room at all"),
        (0, 5000, "no room at all"),
        (2500, 5000, "half are gone"),
        (10_000, 5000, "twice as many"),
        (2600, 5000, None),
        (9900, 5000, None),
        (7, None, None),
    ],
)
def test_a_feed_that_is_empty_halved_or_doubled_is_improbable(
    came: int, before: int | None, why: str | None
) -> None:
    said = improbable(came, before)
    assert (said is None) if why is None else (said is not None and why in said)


def test_readings_that_say_the_same_beginning_are_one_session_however_far_apart() -> None:
    assert spans(seen(10, since=0), seen(15, since=8), seen(300, since=-7)) == [(0, 300)]


def test_a_beginning_more_than_ten_minutes_later_is_another_session() -> None:
    assert spans(seen(10, since=0), seen(30, since=10), seen(50, since=20.5)) == [(0, 30), (30, 50)]
    assert spans(seen(10, since=0), seen(60, since=45)) == [(0, 10), (45, 60)]


def test_a_room_that_does_not_say_since_when_is_judged_by_the_gaps() -> None:
    assert spans(seen(0), seen(30), seen(61)) == [(0, 30), (61, 61)]
    assert spans(seen(0), seen(20, since=-100)) == [(0, 20)]


def test_a_reading_of_being_offline_ends_a_session() -> None:
    assert spans(seen(0, since=0), seen(5, show=Show.OFFLINE), seen(10, since=0)) == [(0, 0), (0, 10)]


def test_time_by_show_counts_from_reading_to_reading_and_leaves_out_what_nobody_saw() -> None:
    found = sessions(
        [
            seen(0, since=0),
            seen(5, since=0, show=Show.PRIVATE),
            seen(15, since=0, show=None),
            seen(20, since=0),
            seen(50, since=0, show=Show.HIDDEN),
            seen(81, since=0),
        ]
    )
    assert time_by_show(found) == {"public": timedelta(minutes=35), "private": timedelta(minutes=10)}


def test_growth_is_between_the_first_and_the_last_that_say_it() -> None:
    assert growth([seen(0), seen(5, followers=10), seen(9, followers=7), seen(12)]) == -3
    assert growth([seen(0, followers=5)]) is None
    assert sessions([seen(0, followers=5), seen(5, followers=9)])[0].new_followers == 4


READINGS = st.lists(
    st.tuples(
        st.integers(0, 3000),
        st.none() | st.integers(0, 100_000),
        st.sampled_from([None, *Show]),
        st.none() | st.integers(0, 9),
    ),
    max_size=30,
    unique_by=lambda one: one[0],
)


@given(READINGS)
def test_sessions_hold_every_reading_once_and_never_overlap(
    drawn: list[tuple[int, int | None, Show | None, int | None]],
) -> None:
    readings = [
        Seen(at(minutes), show, None, followers, online) for minutes, online, show, followers in sorted(drawn)
    ]
    found = sessions(readings)
    live = [one for one in readings if one.show is not Show.OFFLINE]
    assert [one for session in found for one in session.readings] == live
    for session in found:
        assert session.started_at <= session.readings[0].at <= session.last_seen_at
    for one, after in itertools.pairwise(found):
        assert one.last_seen_at <= after.started_at
    assert sum(time_by_show(found).values(), timedelta()) <= sum(
        (one.last_seen_at - one.started_at for one in found), timedelta()
    )
