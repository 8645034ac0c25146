"""Which people a list shows: filters, segments, merged people once, and the order of a search."""

from itertools import product
from typing import Any

import pytest
from sqlalchemy import Connection, update

from factories import DAY, FIRST_SHOW, ROOM, happening, minute, show, store, tell_story, tip
from mhc.store import follows, identity, people, roll, schema, search, watchlists
from mhc.store.database import Database
from mhc.store.roll import Listed, Ratings, Roll
from mhc.store.segments import Segment
from mhc.store.streams import Kind


def known(conn: Connection, *names: str) -> list[int]:
    found = people.ensure(conn, names, source="manual", at=minute(0))
    return [found[name] for name in names]


def listed(conn: Connection, **asked: Any) -> list[str]:
    """Give who is listed; without a room of its own the room is the story's."""
    rooms = [one.id for one in people.find(conn, ROOM)]
    usual: dict[str, Any] = {"room_ids": rooms, "sort": "username", "descending": False}
    wanted = Roll(**(usual | {"recent_since": asked.get("since")} | asked))
    found = [one.username for one in roll.list_people(conn, wanted)]
    assert roll.count_people(conn, wanted) == len(found)
    return found


def searched(conn: Connection, text: str, limit: int | None = None, *, reveal: bool = False) -> list[str]:
    wanted = Roll(reveal=reveal)
    found = [one.username for one in search.by_name(conn, wanted, text, limit)]
    assert limit is not None or search.count(conn, wanted, text) == len(found)
    return found


def of(conn: Connection, segment: str, **asked: Any) -> list[str]:
    return listed(conn, segments=[Segment(segment)], **asked)


def merge(conn: Connection, keep: int, other: int) -> None:
    identity.merge(conn, keep, [other], at=minute(0))


def test_merged_people_are_one_with_the_times_and_sums_of_all(database: Database) -> None:
    tell_story(database)
    with database.write() as conn:
        one, two = known(conn, "viewer_one", "viewer_two")
        merge(conn, two, one)
        (found,) = roll.list_people(conn, Roll(role="viewer"))
        assert (found.username, found.tokens, found.tips) == ("viewer_two", 35 + 30 + 120, 4)
        assert (found.first_seen_at, found.last_seen_at) == (minute(1), minute(1460))
        assert listed(conn, seen_since=minute(1440)) == ["viewer_two"]
        assert listed(conn, not_seen_since=minute(1440)) == [ROOM]
        (room,) = people.find(conn, ROOM)
        for rooms in (None, [room.id], [room.id, two]):
            assert listed(conn, min_tokens=185, room_ids=rooms) == ["viewer_two"]
            assert listed(conn, min_tokens=186, room_ids=rooms) == []
            for limit in (None, 1, 2):
                richest = Roll(rooms, sort="tokens")
                rich = [(one.username, one.tokens) for one in roll.list_people(conn, richest, limit)]
                assert rich == [("viewer_two", 185), (ROOM, 0)][:limit]
                poorest = Roll(rooms, sort="tips", descending=False)
                poor = [(one.username, one.tips) for one in roll.list_people(conn, poorest, limit)]
                assert poor == [(ROOM, 0), ("viewer_two", 4)][:limit]


def test_who_gave_nothing_and_was_merged_into_is_listed_with_what_the_others_gave(database: Database) -> None:
    with database.write() as conn:
        store(
            conn,
            [tip(1, "viewer_one", 5), tip(2, "viewer_two", 7), tip(3, "viewer_three", 9, anonymous=True)],
        )
        one, _two, kept = known(conn, "viewer_one", "viewer_two", "viewer_kept")
        merge(conn, kept, one)
        (room,) = people.find(conn, ROOM)
        for rooms in (None, [room.id]):
            richest = Roll(rooms, sort="tokens")
            for limit in (None, 2):
                found = [(one.username, one.tokens) for one in roll.list_people(conn, richest, limit)]
                assert found[:2] == [("viewer_two", 7), ("viewer_kept", 5)]
            assert listed(conn, min_tokens=5, room_ids=rooms) == ["viewer_kept", "viewer_two"]
            revealed = listed(conn, min_tokens=6, room_ids=rooms, reveal=True)
            assert revealed == ["viewer_three", "viewer_two"]


def test_the_last_seen_come_first_and_who_was_never_seen_last(database: Database) -> None:
    tell_story(database)
    with database.write() as conn:
        known(conn, "added_b", "added_a")
        wanted = Roll()
        found = [one.username for one in roll.list_people(conn, wanted)]
        assert found == ["viewer_one", "viewer_two", "added_a", "added_b", ROOM]
        assert [one.username for one in roll.list_people(conn, wanted, 2)] == found[:2]


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        ({"role": "viewer"}, ["viewer_one", "viewer_two"]),
        ({"role": "model"}, [ROOM]),
        ({"min_tokens": 0}, ["added", ROOM, "viewer_one", "viewer_two"]),
        ({"min_tokens": 66}, ["viewer_one"]),
        ({"min_tokens": 65}, ["viewer_one", "viewer_two"]),
        ({"min_tokens": 170, "reveal": True}, ["viewer_one"]),
        ({"min_tokens": 170}, []),
        ({"rating": Ratings(4, 5)}, ["viewer_one"]),
        ({"rating": Ratings(1, 2)}, ["viewer_two"]),
        ({"rating": Ratings(3, 3)}, []),
        ({"unrated": True}, ["added", ROOM]),
        ({"seen_since": minute(1460)}, ["viewer_one"]),
        ({"not_seen_since": minute(1460)}, ["added", ROOM, "viewer_two"]),
        ({"excluded": True}, ["viewer_two"]),
        ({"excluded": False}, ["added", ROOM, "viewer_one"]),
        ({"role": "viewer", "excluded": False}, ["viewer_one"]),
        ({"like": "_TWO"}, ["viewer_two"]),
        ({"like": "%"}, []),
    ],
)
def test_each_filter(database: Database, asked: dict[str, Any], expected: list[str]) -> None:
    tell_story(database)
    with database.write() as conn:
        _added, one, two = known(conn, "added", "viewer_one", "viewer_two")
        watchlists.add(conn, 5, [two], at=minute(0), note=None)
        for who, rating in ((one, 5), (two, 1)):
            conn.execute(update(schema.person).where(schema.person.c.id == who).values(rating=rating))
        assert listed(conn, **asked) == expected


def test_who_is_on_every_list_that_is_named(database: Database) -> None:
    with database.write() as conn:
        one, two, three = known(conn, "viewer_one", "viewer_two", "viewer_three")
        for list_id, who in ((1, one), (1, two), (2, two), (2, three)):
            watchlists.add(conn, list_id, [who], at=minute(0), note=None)
        assert listed(conn, list_ids=[1]) == ["viewer_one", "viewer_two"]
        assert listed(conn, list_ids=[1, 2]) == ["viewer_two"]
        watchlists.remove(conn, 1, [two], at=minute(1))
        assert listed(conn, list_ids=[1, 2]) == []
        merge(conn, one, three)
        assert listed(conn, list_ids=[1, 2]) == ["viewer_one"]


def test_who_is_in_the_room_now(database: Database) -> None:
    with database.write() as conn:
        store(conn, [happening(1, "userEnter", "viewer_one"), happening(2, "userEnter", "viewer_two")])
        store(conn, [happening(3, "userLeave", "viewer_two")], page=1)
        store(conn, [happening(3, "userEnter", "viewer_three", room="other_room")], room="other_room")
        assert listed(conn, live=True) == ["viewer_one"]
        assert listed(conn, live=True, room_ids=None) == ["viewer_one", "viewer_three"]


def test_tippers_tipped_in_the_range(database: Database) -> None:
    tell_story(database)
    with database.write() as conn:
        store(conn, [tip(5, "viewer_test", 5)], kind=Kind.TESTBED)
        store(conn, [tip(5, "viewer_three", 5, room=None)], page=7)
        store(conn, [tip(5, "viewer_four", 5)], room="other_room", page=8)
        assert of(conn, "tippers") == ["viewer_four", "viewer_one", "viewer_three", "viewer_two"]
        assert of(conn, "tippers", until=minute(6)) == ["viewer_four", "viewer_one", "viewer_three"]
        assert of(conn, "tippers", since=minute(5), until=minute(6)) == of(conn, "tippers", until=minute(6))
        assert of(conn, "tippers", since=minute(6), until=minute(7)) == ["viewer_two"]
        assert of(conn, "tippers", since=minute(7), until=minute(8)) == []
        assert of(conn, "tippers", since=minute(7), until=minute(8), reveal=True) == ["viewer_one"]
        assert of(conn, "tippers", since=minute(1446)) == []
        assert of(conn, "tippers", since=minute(0), room_ids=None)[-1] == "viewer_two"


def test_followers_follow_at_the_end_of_the_range(database: Database) -> None:
    tell_story(database)
    with database.write() as conn:
        one, two, room = known(conn, "viewer_one", "viewer_two", ROOM)
        assert of(conn, "followers") == []
        assert of(conn, "followers", until=minute(1450)) == ["viewer_one"]
        assert of(conn, "followers", until=minute(4)) == []
        for state, at in (("yes", 10), ("unknown", 20)):
            follows.add(conn, room, [two], "follower", state, at=minute(at), source="import")
        follows.add(conn, room, [two], "following", "yes", at=minute(30), source="import")
        assert of(conn, "followers", until=minute(20)) == ["viewer_one", "viewer_two"]
        assert of(conn, "followers", until=minute(21)) == ["viewer_one"]
        merge(conn, two, one)
        assert of(conn, "followers", until=minute(20)) == ["viewer_two"]
        assert of(conn, "followers") == []
        assert of(conn, "followers", room_ids=[two]) == []


def test_the_new_were_seen_first_in_the_range(database: Database) -> None:
    with database.write() as conn:
        store(conn, show(1, "viewer_old") + show(20, "viewer_old", "viewer_new"))
        known(conn, "viewer_never")
        assert of(conn, "new", since=minute(20 * DAY)) == ["viewer_new"]
        assert of(conn, "new", since=minute(DAY), until=minute(2 * DAY)) == ["viewer_old"]


def test_regulars_came_to_three_of_the_last_ten_sessions(database: Database) -> None:
    with database.write() as conn:
        for day in range(12):
            who = (
                ["viewer_always"]
                + ["viewer_thrice"] * (day in {2, 5, 9})
                + ["viewer_twice"] * (day in {3, 4})
            )
            store(conn, show(day, *who, *(["viewer_early"] if day < 4 else [])), page=day)
        assert of(conn, "regulars") == ["viewer_always", "viewer_thrice"]
        assert of(conn, "regulars", until=minute(6 * DAY)) == ["viewer_always", "viewer_early"]
        assert of(conn, "regulars", since=minute(6 * DAY)) == ["viewer_always"]
        assert of(conn, "regulars", until=minute(2 * DAY)) == []
        store(conn, [happening(30 * DAY, "userEnter", "viewer_thrice")], page=99)  # while the room is dark
        assert of(conn, "lapsed", since=minute(10 * DAY)) == ["viewer_early", "viewer_thrice"]
        store(conn, show(31, "viewer_thrice"), page=100)
        assert of(conn, "lapsed", since=minute(10 * DAY)) == ["viewer_early"]
        assert of(conn, "lapsed", since=minute(10 * DAY), until=minute(31 * DAY)) == [
            "viewer_early",
            "viewer_thrice",
        ]


def test_someone_who_stays_through_the_dark_and_someone_seen_only_to_leave_came(database: Database) -> None:
    with database.write() as conn:
        for day in range(3):
            early = happening(day * DAY - 30, "userEnter", "viewer_waits")
            gone = happening(day * DAY + 30, "userLeave", "viewer_seen_leaving")
            store(conn, sorted([early, *show(day), gone], key=lambda item: item[0]), page=day)
        assert of(conn, "regulars") == ["viewer_seen_leaving", "viewer_waits"]


def test_a_search_gives_the_exact_name_then_beginnings_then_parts(database: Database) -> None:
    with database.write() as conn:
        names = known(conn, "a_blue", "blue_two", "blue", "blue_one", "zblue", "other")
        owner = people.by_id(conn, names[-1])
        assert owner is not None
        people.add_alias(conn, owner, "blue", source="manual", at=minute(1), current=False)
        assert searched(conn, "Blue") == ["blue", "other", "blue_one", "blue_two", "a_blue", "zblue"]
        assert searched(conn, "blue", 3) == ["blue", "other", "blue_one"]
        merge(conn, names[1], names[2])
        assert searched(conn, "blue") == ["blue_two", "other", "blue_one", "a_blue", "zblue"]
        assert searched(conn, "b_ue") == []


@pytest.mark.parametrize("number", [99, 100, 101, 250])
def test_a_search_goes_on_where_many_fit(database: Database, number: int) -> None:
    names = [f"viewer_{one:03}" for one in range(number)]
    with database.write() as conn:
        known(conn, *names, "a_viewer", "viewer")
        assert searched(conn, "viewer") == ["viewer", *names, "a_viewer"]
        assert searched(conn, "viewer", 5) == ["viewer", *names[:4]]


def test_who_only_tipped_anonymously_is_found_where_revealed(database: Database) -> None:
    with database.write() as conn:
        store(conn, [*FIRST_SHOW, tip(12, "viewer_hidden", 5, anonymous=True)])
        assert "viewer_hidden" not in listed(conn)
        assert "viewer_hidden" in listed(conn, reveal=True)
        assert searched(conn, "hidden") == []
        assert searched(conn, "hidden", reveal=True) == ["viewer_hidden"]
        known_now, hidden = known(conn, "viewer_known", "viewer_hidden")
        merge(conn, hidden, known_now)
        assert "viewer_hidden" in listed(conn)
        assert searched(conn, "hidden") == ["viewer_hidden"]


def test_however_many_only_tipped_anonymously_none_is_listed(database: Database) -> None:
    with database.write() as conn:
        tips = [tip(12, f"hidden_{number}", 5, anonymous=True) for number in range(people.CHUNK + 1)]
        store(conn, [*FIRST_SHOW, *tips])
        assert not [name for name in listed(conn) if name.startswith("hidden")]
        assert searched(conn, "hidden") == []
        assert len(searched(conn, "hidden", reveal=True)) == len(tips)


@pytest.mark.parametrize("sort", Listed._fields[1:])
@pytest.mark.parametrize("descending", [False, True])
@pytest.mark.parametrize("everywhere", [False, True])
def test_a_page_is_the_beginning_of_the_whole_list(
    database: Database, monkeypatch: pytest.MonkeyPatch, sort: str, descending: bool, everywhere: bool
) -> None:
    tell_story(database)
    with database.write() as conn:
        store(
            conn, [tip(9, "viewer_three", 65), tip(9, "viewer_four", 500), tip(9, "viewer_five", 1)], page=5
        )
        _kept, other, *_ = known(conn, "viewer_three", "viewer_one", "added_b", "added_a")
        merge(conn, known(conn, "viewer_three")[0], other)
        merge(conn, *known(conn, "added_c", "added_d"))
        rate = update(schema.person).where(schema.person.c.username.in_(["viewer_two", "viewer_one"]))
        conn.execute(rate.values(rating=4))
        rooms = None if everywhere else known(conn, ROOM)
        wanted = Roll(rooms, sort=sort, descending=descending)
        found = roll.list_people(conn, wanted)
        assert len(found) == roll.count_people(conn, wanted) == 8
        named = sorted(found, key=lambda one: (one.username, one.id))
        empty = [one for one in named if getattr(one, sort) is None]
        full = [one for one in named if getattr(one, sort) is not None]
        assert found == sorted(full, key=lambda one: getattr(one, sort), reverse=descending) + empty
        for limit, first in product(range(1, 9), (1, 2, 3, 4, 1000)):
            monkeypatch.setattr(roll, "_FIRST", first)
            assert roll.list_people(conn, wanted, limit) == found[:limit]


PARTS: dict[str, dict[str, Any]] = {
    "tippers": {"segments": [Segment.TIPPERS]},
    "tippers of a time": {"segments": [Segment.TIPPERS], "since": minute(1), "until": minute(1450)},
    "revealed tippers": {"segments": [Segment.TIPPERS], "reveal": True},
    "followers": {"segments": [Segment.FOLLOWERS]},
    "followers once": {"segments": [Segment.FOLLOWERS], "until": minute(1451)},
    "both": {"segments": [Segment.FOLLOWERS, Segment.TIPPERS]},
    "both who gave most": {"segments": [Segment.FOLLOWERS, Segment.TIPPERS], "sort": "tokens"},
    "givers": {"min_tokens": 7},
    "givers who follow": {"min_tokens": 1, "segments": [Segment.FOLLOWERS], "role": "viewer"},
    "lapsed followers": {"segments": [Segment.LAPSED, Segment.FOLLOWERS], "recent_since": minute(4000)},
}


@pytest.mark.parametrize("everywhere", [False, True])
@pytest.mark.parametrize("part", PARTS)
def test_a_page_of_any_part_is_the_beginning_of_it(
    database: Database, monkeypatch: pytest.MonkeyPatch, part: str, everywhere: bool
) -> None:
    tell_story(database)
    with database.write() as conn:
        store(conn, [tip(9, "viewer_three", 65), tip(8, "viewer_four", 7), tip(7, "viewer_five", 1)], page=5)
        rooms = known(conn, ROOM)
        others = ("viewer_one", "viewer_two", "viewer_three", "viewer_four", "viewer_five", "viewer_six")
        for number, who in enumerate(known(conn, *others)):
            for at, state in ((1450, "yes"), (1451 + number, "no"), (1452, "yes"), (1452, "no")):
                follows.add(conn, rooms[0], [who], "follower", state, at=minute(at), source="test")
        merge(conn, *known(conn, "viewer_four", "viewer_two"))
        wanted = Roll(None if everywhere else rooms, **PARTS[part])
        found = roll.list_people(conn, wanted)
        assert roll.count_people(conn, wanted) == len(found) == len({one.id for one in found})
        assert bool(found) == (part != "lapsed followers")
        for limit, first in product(range(1, 7), (1, 2, 3, 1000)):
            monkeypatch.setattr(roll, "_FIRST", first)
            assert roll.list_people(conn, wanted, limit) == found[:limit]
