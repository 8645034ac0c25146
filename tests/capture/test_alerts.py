"""Alerts: which events are told, to whom they belong, and what an alert does not say."""

from typing import Any

from desk import anonymous, told, who
from listening import ROOM, Station, event, tip
from mhc.store import people, watchlists
from mhc.store.schema import person

DAY = 86_400.0


def put_on(station: Station, name: str, watchlist: str) -> None:
    with station.db.write() as conn:
        made = people.ensure(conn, [name], source="test", at=station.clock.now())
        found = watchlists.find(conn, watchlist)
        assert found is not None
        watchlists.add(conn, found.id, [made[name]], at=station.clock.now(), note=None)


def test_an_alert_says_rule_person_and_event(station: Station) -> None:
    with told(station, big={"events": ["tip"], "min_tokens": 100}) as (desk, got):
        desk.comes(tip(0.1, 99), tip(0.2, 100), event(0.3, "chatMessage"))
    assert got == [
        {
            "rule": "big",
            "person": "viewer_one",
            "event": {
                "event_id": "1767225600200-0",
                "room": ROOM,
                "happened_at": "2026-01-01T00:00:00.200Z",
                "method": "tip",
                "actor": "viewer_one",
                "partner": None,
                "tokens": 100,
                "text": None,
                "anonymous": False,
                "received_at": "2026-01-01T00:00:01Z",
                "source": "live",
            },
        }
    ]
    assert desk.failed == []


def test_a_rule_sees_the_person_behind_an_alias_and_a_merge(station: Station) -> None:
    put_on(station, "viewer_one", "Friends")
    with station.db.write() as conn:
        ids = people.ensure(conn, ["old_name"], source="test", at=station.clock.now())
        (one,) = people.find(conn, "viewer_one")
        conn.execute(person.update().where(person.c.id == ids["old_name"]).values(canonical_id=one.id))
        people.add_alias(conn, one, "second_name", source="test", at=station.clock.now(), current=True)
    rule = {"events": ["enter"], "watchlist": "friends", "cooldown": "0s"}
    with told(station, friend=rule) as (desk, got):
        names = ["viewer_one", "old_name", "second_name", "viewer_two"]
        desk.comes(*(event(0.1 * n, "userEnter", name) for n, name in enumerate(names, 1)))
    assert [one["event"]["actor"] for one in got] == names[:3]
    assert who(got) == [("friend", "viewer_one")] * 3


def test_first_tip_and_first_visit_are_told_once_in_a_life(station: Station) -> None:
    with told(station, first={"first_tip": True}, visit={"first_visit": True}) as (desk, got):
        desk.comes(event(0.1, "userEnter"), tip(0.2, seq=1), tip(0.3), event(0.4, "userEnter"))
        station.clock.seconds = 3600
        desk.comes(event(3600, "userEnter"), tip(3600.5), event(3600.6, "userEnter", "viewer_two"))
    assert who(got) == [("visit", "viewer_one"), ("first", "viewer_one"), ("visit", "viewer_two")]


def test_who_was_away_for_long_returns(station: Station) -> None:
    with told(station, back={"returns_after": "30d"}) as (desk, got):
        desk.comes(event(0.1, "userEnter"), event(0.2, "userLeave"), event(0.3, "userEnter", "viewer_two"))
        station.clock.seconds = 29 * DAY
        desk.comes(event(29 * DAY, "userEnter", "viewer_two"))
        station.clock.seconds = 31 * DAY
        desk.comes(
            event(31 * DAY, "userEnter", "viewer_two"),
            event(31 * DAY + 1, "userEnter"),
            event(31 * DAY + 2, "chatMessage"),
            event(31 * DAY + 3, "userEnter", "viewer_three"),
        )
    assert who(got) == [("back", "viewer_one")]
    assert got[0]["event"]["method"] == "userEnter"


def test_who_tips_anonymously_stays_unnamed(station: Station) -> None:
    put_on(station, "viewer_one", "Friends")
    rules: dict[str, Any] = {
        "any": {"min_tokens": 1},
        "friend": {"watchlist": "Friends"},
        "first": {"first_tip": True},
        "back": {"returns_after": "1d"},
    }
    with told(station, **rules) as (desk, got):
        desk.comes(anonymous(0.1, "viewer_one", 50))
    assert who(got) == [("any", None)]
    assert (got[0]["event"]["actor"], got[0]["event"]["anonymous"]) == (None, True)
    with told(station, **rules) as (desk, got):  # nor does it show that there was one
        desk.comes(tip(2, seq=7))
    assert sorted(who(got), key=repr) == [
        ("any", "viewer_one"),
        ("first", "viewer_one"),
        ("friend", "viewer_one"),
    ]


def test_a_private_message_is_told_without_its_words_and_ones_own_is_not(station: Station) -> None:
    def private(seconds: float, sender: str, receiver: str) -> dict[str, Any]:
        words = {"message": "psst", "fromUser": sender, "toUser": receiver}
        return event(seconds, "privateMessage", sender, message=words)

    with told(station, pm={"events": ["pm", "chat"]}) as (desk, got):
        desk.comes(
            private(0.1, ROOM, "viewer_one"),
            event(0.2, "chatMessage", ROOM),
            private(0.3, "viewer_one", ROOM),
        )
    assert [(one["event"]["actor"], one["event"]["text"]) for one in got] == [("viewer_one", None)]


def test_a_rule_is_of_its_rooms(local: Station) -> None:
    with told(
        local, here={"min_tokens": 1, "rooms": [ROOM]}, there={"min_tokens": 1, "rooms": ["other"]}
    ) as (
        desk,
        got,
    ):
        desk.comes(tip(0.1))
    assert who(got) == [("here", "viewer_one")]


def test_what_happened_long_ago_is_told_only_where_that_was_asked_for(station: Station) -> None:
    station.clock.seconds = 3600
    with told(station, now={"min_tokens": 1}, late={"min_tokens": 1, "late": True}) as (desk, got):
        desk.comes(tip(2990, seq=1), tip(3100, seq=2))
    assert who(got) == [("late", "viewer_one"), ("now", "viewer_one")]


def test_a_cool_down_holds_a_rule_back_a_person_at_a_time(station: Station) -> None:
    with told(station, tip={"min_tokens": 1, "cooldown": "10m"}) as (desk, got):
        desk.comes(
            tip(0.1, seq=1), tip(0.2, seq=2), anonymous(0.3, "viewer_two", 5), anonymous(0.4, "viewer_two", 5)
        )
    assert who(got) == [("tip", "viewer_one"), ("tip", None)]
    station.clock.seconds = 599
    with told(station, tip={"min_tokens": 1, "cooldown": "10m"}) as (desk, got):  # after a restart, too
        desk.comes(tip(599, seq=3))
    assert got == []
    station.clock.seconds = 700
    with told(station, tip={"min_tokens": 1, "cooldown": "10m"}) as (desk, got):
        desk.comes(tip(700, seq=4))
    assert who(got) == [("tip", "viewer_one")]


def test_other_rules_hold_from_when_they_are_read_again(local: Station) -> None:
    with told(local, tip={"min_tokens": 1}) as (desk, got):
        desk.alerts.use(())
        desk.comes(tip(0.1))
    assert got == []
