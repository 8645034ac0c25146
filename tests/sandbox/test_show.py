"""The made-up show: the same for a seed, complete, believable and endless."""

import json
from collections import Counter
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from itertools import islice, pairwise, takewhile
from typing import Any

import pytest

from mhc.sandbox.show import Happening, Show, iter_events

START = datetime(2026, 1, 1, tzinfo=UTC)
METHODS = {
    *("broadcastStart", "broadcastStop", "chatMessage", "fanclubJoin", "follow", "mediaPurchase"),
    *("privateMessage", "roomSubjectChange", "tip", "unfollow", "userEnter", "userLeave"),
}
USER_FIELDS = {
    *("colorGroup", "fcAutoRenew", "gender", "hasDarkmode", "hasTokens", "inFanclub", "inPrivateShow"),
    *("isBroadcasting", "isFollower", "isMod", "isOwner", "isSilenced", "isSpying", "language"),
    *("recentTips", "subgender", "username"),
}


def until(show: Iterable[Happening], end: timedelta) -> list[Happening]:
    return list(takewhile(lambda happening: happening.offset <= end, show))


def key(event: dict[str, Any]) -> tuple[int, int]:
    ms, seq = event["id"].split("-")
    return int(ms), int(seq)


def actor(happening: Happening) -> str:
    return str(happening.object.get("user", {}).get("username", ""))


def test_a_seed_always_gives_the_same_show() -> None:
    assert list(iter_events(seed=3, start=START, events=500)) == list(
        iter_events(seed=3, start=START, events=500)
    )


def test_another_seed_gives_another_show() -> None:
    assert list(iter_events(seed=3, events=50)) != list(iter_events(seed=4, events=50))


def test_ids_rise_strictly_across_shows_and_dark_hours() -> None:
    events = list(iter_events(start=START, events=20_000))
    assert len(events) == 20_000
    assert all(key(one) < key(other) for one, other in pairwise(events))
    assert any(event["id"].endswith("-1") for event in events)


@pytest.mark.parametrize("seed", range(1, 9))
def test_every_method_comes_in_the_first_twenty_minutes(seed: int) -> None:
    early = until(Show(seed=seed), timedelta(minutes=20))
    assert {happening.method for happening in early} == METHODS


def test_a_short_show_is_whole_too() -> None:
    show = until(Show(length=timedelta(minutes=5)), timedelta(minutes=5))
    assert {happening.method for happening in show} == METHODS


@pytest.mark.parametrize("seed", range(1, 5))
def test_a_show_has_thirty_to_sixty_events_a_minute(seed: int) -> None:
    assert 30 <= len(until(Show(seed=seed), timedelta(hours=2))) / 120 <= 60


@pytest.mark.parametrize("seed", range(1, 5))
def test_viewer_one_enters_then_chats_and_tips_early(seed: int) -> None:
    early = until(Show(seed=seed), timedelta(minutes=5))
    acts = [happening.method for happening in early if actor(happening) == "viewer_one"]
    assert acts[0] == "userEnter"
    assert "userLeave" not in acts
    assert acts.count("chatMessage") >= 3
    assert acts.count("tip") >= 4


def test_a_show_starts_pauses_and_stops() -> None:
    show = until(Show(length=timedelta(hours=1)), timedelta(hours=1))
    broadcasts = [happening for happening in show if happening.method.startswith("broadcast")]
    assert [happening.method[9:] for happening in broadcasts] == ["Start", "Stop", "Start", "Stop"]
    assert timedelta(0) < broadcasts[2].offset - broadcasts[1].offset < timedelta(minutes=30)
    assert timedelta(minutes=59) < broadcasts[3].offset
    assert {actor(happening) for happening in broadcasts} == {"example_room"}
    assert [happening.object["user"]["isBroadcasting"] for happening in broadcasts] == [
        True,
        False,
        True,
        False,
    ]


def test_the_room_is_dark_until_the_next_show() -> None:
    two = until(Show(length=timedelta(hours=1)), timedelta(hours=21))
    dark = [happening for happening in two if timedelta(hours=1) < happening.offset < timedelta(hours=21)]
    assert 1 <= len(dark) < 100
    assert {happening.method for happening in dark} <= {"userEnter", "userLeave"}
    assert two[-1].method == "broadcastStart"


def test_everybody_who_enters_leaves_before_the_next_show() -> None:
    inside: Counter[str] = Counter()
    for happening in until(Show(length=timedelta(hours=1)), timedelta(hours=20, minutes=59)):
        step = {"userEnter": 1, "userLeave": -1}.get(happening.method, 0)
        inside[actor(happening)] += step
        assert inside[actor(happening)] in {0, 1} or actor(happening) == "Anonymous"
    assert not +inside


def test_users_have_every_field_and_a_colour_that_fits() -> None:
    by_tips = {"tons": "l", "lots": "p", "some": "tr", "few": "t"}
    for event in iter_events(events=5_000):
        user = event["object"].get("user")
        if user is None:
            assert event["method"] == "roomSubjectChange"
            continue
        assert set(user) == USER_FIELDS
        role = "o" * user["isOwner"] or "m" * user["isMod"] or "f" * user["inFanclub"]
        tips = by_tips.get(user["recentTips"], "t" if user["hasTokens"] else "g")
        assert user["colorGroup"] == (role or tips)


def test_a_follow_and_a_membership_change_the_person() -> None:
    follows: dict[str, bool] = {}
    for event in iter_events(events=5_000):
        user = event["object"].get("user", {"username": "", "isFollower": False})
        name, now = user["username"], user["isFollower"]
        if event["method"] in {"follow", "unfollow"}:
            assert now is (event["method"] == "follow")
            assert follows[name] is not now
        elif name in follows:
            assert follows[name] is now
        follows[name] = now
        if event["method"] == "fanclubJoin":
            assert user["inFanclub"]


def test_tips_come_in_every_form() -> None:
    tips = [event["object"]["tip"] for event in iter_events(events=6_000) if event["method"] == "tip"]
    assert {tip["isAnon"] for tip in tips} == {True, False}
    assert min(tip["tokens"] for tip in tips) == 1
    notes = {tip["message"] for tip in tips}
    assert "" in notes
    assert any(note.startswith("| ") for note in notes)
    assert any(" | " in note and not note.startswith("|") for note in notes)
    assert any(note and "|" not in note for note in notes)


def test_ten_equal_tips_come_within_a_second_and_two_within_a_millisecond() -> None:
    volley = [
        happening
        for happening in until(Show(), timedelta(minutes=6))
        if happening.method == "tip"
        and actor(happening) == "viewer_five"
        and timedelta(0) <= happening.offset - timedelta(seconds=250) < timedelta(seconds=1)
    ]
    assert len(volley) >= 10
    assert len({happening.offset for happening in volley}) < len(volley)


def test_private_messages_go_both_ways_and_name_the_sender_as_user() -> None:
    directions = set()
    for event in iter_events(events=3_000):
        if event["method"] == "privateMessage":
            message = event["object"]["message"]
            assert message["fromUser"] == event["object"]["user"]["username"]
            assert "example_room" in {message["fromUser"], message["toUser"]}
            directions.add(message["fromUser"] == "example_room")
    assert directions == {True, False}


def test_media_has_number_and_text_ids_and_subjects_have_a_goal() -> None:
    events = list(iter_events(events=6_000))
    media = [event["object"]["media"] for event in events if event["method"] == "mediaPurchase"]
    assert {type(item["id"]) for item in media} == {int, str}
    assert {item["type"] for item in media} == {"photos", "video"}
    subjects = [event["object"]["subject"] for event in events if event["method"] == "roomSubjectChange"]
    assert all(" tokens left] #" in subject for subject in subjects)


def test_a_number_of_events_is_kept_exactly_and_they_are_json() -> None:
    events = list(Show(events=137))
    assert len(events) == 137
    assert Show(events=137).last_offset() == events[-1].offset
    assert json.loads(json.dumps(events[-1].object)) == events[-1].object
    assert list(Show(events=0)) == []


def test_a_show_without_end_is_read_lazily() -> None:
    assert len(list(islice(Show(), 3))) == 3
    with pytest.raises(ValueError, match="no last one"):
        Show().last_offset()


def test_a_show_of_no_length_is_refused() -> None:
    with pytest.raises(ValueError, match="a minute or longer"):
        Show(length=timedelta(seconds=1))
