"""When a room was on, as its events tell it."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mhc.domain.broadcasts import (
    ACTIVITY,
    JUST_AFTER,
    MERGE_GAP,
    START,
    STOP,
    Broadcast,
    Mark,
    RoomState,
    after,
    fold,
)

T0 = datetime(2026, 1, 1, 18, tzinfo=UTC)


def at(minute: float) -> datetime:
    return T0 + timedelta(minutes=minute)


def read(*told: tuple[float, str, int | None]) -> tuple[RoomState, list[Broadcast]]:
    return fold(RoomState(), [Mark(at(minute), method, who) for minute, method, who in told])


def chats(begin: int, count: int, people: int = 2, step: int = 1) -> list[tuple[float, str, int | None]]:
    return [(begin + place * step, "chatMessage", place % people) for place in range(count)]


def test_a_start_opens_and_a_stop_closes() -> None:
    state, ended = read((0, START, None), (20, STOP, None))
    assert ended == [Broadcast(at(0), at(20))]
    assert (state.open, state.stopped_at, state.last_at) == (None, at(20), at(20))


def test_a_second_start_closes_the_first() -> None:
    state, ended = read((0, START, None), (20, START, None))
    assert ended == [Broadcast(at(0), at(20), end_inferred=True)]
    assert state.open == Broadcast(at(20))


def test_a_stop_without_a_start_is_noted_and_makes_nothing() -> None:
    state, ended = read((0, STOP, None))
    assert (ended, state.open, state.stopped_at) == ([], None, at(0))


def test_silence_longer_than_the_gap_ends_just_after_the_last_event() -> None:
    assert read((0, START, None), (30, "userEnter", 1), (60, "chatMessage", 1))[1] == []
    state, ended = read((0, START, None), (30, "userEnter", 1), (60.1, "userEnter", 2))
    assert ended == []  # a stop may yet come
    assert (state.open, state.shown) == (None, Broadcast(at(0), at(30) + JUST_AFTER, end_inferred=True))


def test_a_stop_after_a_silence_shows_that_the_broadcast_lasted() -> None:
    silent = [(0, START, None), (5, "tip", 1), (55, "chatMessage", 2), (58, "tip", 1)]
    state, ended = read(*silent, (60, STOP, None))
    assert ended == [Broadcast(at(0), at(60))]
    assert (state.shown, state.stopped_at) == (None, at(60))
    assert read((0, START, None), (5, "tip", 1), (365, STOP, None))[1] == [Broadcast(at(0), at(365))]
    over = Broadcast(at(0), at(5) + JUST_AFTER, end_inferred=True)  # silent for more than six hours
    state, ended = read((0, START, None), (5, "tip", 1), (366, STOP, None))
    assert (ended, state.stopped_at) == ([over], at(366))


def test_six_hours_of_silence_go_from_one_line_to_the_next() -> None:
    quiet = [(float(place), "chatMessage", 1) for place in range(5, 1500, 359)]
    assert read((0, START, None), *quiet, (1500, STOP, None))[1] == [Broadcast(at(0), at(1500))]
    over = Broadcast(at(0), at(5) + JUST_AFTER, end_inferred=True)
    by_the_way = [(float(place), "userEnter", 2) for place in range(6, 900, 40)]
    later = [(366.1, "chatMessage", 1), (700.0, STOP, None)]
    assert read((0, START, None), (5, "tip", 1), *later)[1] == [over]
    assert read((0, START, None), (5, "tip", 1), *by_the_way, (900, STOP, None))[1][0].end_inferred


def test_a_stop_is_not_that_of_a_broadcast_after_which_another_began() -> None:
    over = Broadcast(at(0), at(5) + JUST_AFTER, end_inferred=True)
    told = [(0, START, None), (5, "tip", 1)]
    assert read(*told, (55, START, None), (60, STOP, None))[1] == [over, Broadcast(at(55), at(60))]
    inferred = Broadcast(at(50), at(60), start_inferred=True)
    assert read(*told, *chats(50, 5), (60, STOP, None))[1] == [over, inferred]
    assert read(*told, *chats(50, 5), (60, STOP, None), (61, STOP, None))[1] == [over, inferred]


def test_what_was_inferred_altogether_is_not_taken_to_last_until_a_stop() -> None:
    told = [*chats(0, 5), (50, "userEnter", 9), (60, STOP, None)]
    assert read(*told)[1] == [Broadcast(at(0), at(4) + JUST_AFTER, start_inferred=True, end_inferred=True)]


def test_five_events_by_two_people_show_that_the_room_was_on() -> None:
    state, ended = read(*chats(0, 5))
    assert ended == []
    assert state.open == Broadcast(at(0), start_inferred=True)
    state, ended = read(*chats(0, 5), (50, "userEnter", 9))
    assert ended == [Broadcast(at(0), at(4) + JUST_AFTER, start_inferred=True, end_inferred=True)]


@pytest.mark.parametrize(
    "told",
    [
        chats(0, 4),
        chats(0, 9, people=1),
        chats(0, 9, step=31),
        [(place, "privateMessage", place % 2) for place in range(9)],
        [(place, ("userEnter", "userLeave")[place % 2], place % 3) for place in range(9)],
        [(place, "chatMessage", None) for place in range(9)],
    ],
    ids=["four", "one person", "far apart", "private", "coming and going", "nobody"],
)
def test_less_does_not(told: list[tuple[float, str, int | None]]) -> None:
    state, ended = read(*told)
    assert (state.open, ended) == (None, [])


def test_people_who_come_by_do_not_keep_an_inferred_broadcast_open() -> None:
    visits = [(5 + place * 10, "userEnter", place) for place in range(4)]
    assert read(*chats(0, 5), *visits)[1] == [
        Broadcast(at(0), at(4) + JUST_AFTER, start_inferred=True, end_inferred=True)
    ]


def test_talk_after_a_known_stop_is_the_room_emptying() -> None:
    on = [(0, START, None), (10, STOP, None)]
    assert read(*on, *chats(11, 20))[0].open is None
    assert read(*on, *chats(41, 5))[0].open == Broadcast(at(41), start_inferred=True)


def test_an_ended_broadcast_leaves_the_room_as_it_was_read() -> None:
    state, ended = read((0, START, None), (20, STOP, None))
    assert after(ended[0]) == state


def test_a_silent_broadcast_leaves_the_room_as_it_was_at_its_last_event() -> None:
    for told in ([(0, START, None), (20, "userEnter", 1)], chats(0, 5)):
        state, _ended = read(*told)
        silent = state._replace(silent=True)
        assert silent.shown is not None
        assert after(silent.shown) == silent


marks = st.lists(
    st.tuples(
        st.sampled_from([0, 1, 10, 29, 31, 70]),
        st.sampled_from([START, STOP, "userEnter", "userLeave", *sorted(ACTIVITY)]),
        st.integers(1, 3),
    ),
    max_size=40,
)


def timed(steps: list[tuple[int, str, int]]) -> list[Mark]:
    minute, told = 0, []
    for pause, method, who in steps:
        minute += pause
        told.append(Mark(at(minute), method, who))
    return told


@given(steps=marks, cut=st.integers(0, 40))
def test_reading_in_two_parts_is_reading_at_once(steps: list[tuple[int, str, int]], cut: int) -> None:
    told = timed(steps)
    half, first = fold(RoomState(), told[:cut])
    state, rest = fold(half, told[cut:])
    assert (state, first + rest) == fold(RoomState(), told)


@given(steps=marks)
def test_reading_on_from_any_broadcast_that_a_start_did_not_end_is_reading_all(
    steps: list[tuple[int, str, int]],
) -> None:
    told = timed(steps)
    state, ended = fold(RoomState(), told)
    everything = ended + ([state.shown] if state.shown else [])
    for place, one in enumerate(everything):
        last = place + 1 == len(everything)
        if one.ended_at is None or (not last and everything[place + 1].started_at == one.ended_at):
            continue
        before = after(one)
        assert before.last_at is not None
        later, rest = fold(before, [mark for mark in told if mark.at > before.last_at])
        rest += [later.shown] if later.shown else []
        assert rest == everything[place + (not one.end_inferred) :]


@given(steps=marks)
def test_broadcasts_follow_each_other(steps: list[tuple[int, str, int]]) -> None:
    state, ended = fold(RoomState(), timed(steps))
    everything = ended + ([state.shown] if state.shown else [])
    for before, later in pairwise(everything):
        assert before.ended_at is not None
        assert before.started_at <= before.ended_at <= later.started_at
    assert all(one.ended_at is not None for one in ended)
    starts = sum(method == START for _pause, method, _who in steps)
    assert sum(not one.start_inferred for one in everything) == starts


def test_the_gap_is_that_of_the_contract() -> None:
    assert timedelta(minutes=30) == MERGE_GAP
