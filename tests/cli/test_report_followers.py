"""`mhc report followers`: figures worked out by hand, on both databases."""

from typing import Any

import pytest

from command import MhcHere
from factories import ROOM, cover, happening, minute, store, tell_story
from mhc.domain.rooms import Reading, Scope, Show, Source
from mhc.store import follows, observations, people
from mhc.store.database import Database
from mhc.store.follows import Direction, State
from mhc.store.observations import Poll

DAY = 1440


@pytest.fixture
def mine(cli: MhcHere, database: Database) -> MhcHere:
    """viewer_one follows on Thursday and leaves on Friday; viewer_two comes, goes and comes back."""
    tell_story(database)
    with database.write() as conn:
        later = [
            happening(2 * DAY, "follow", "viewer_two"),
            happening(2 * DAY + 1, "unfollow", "viewer_two"),
            happening(2 * DAY + 2, "follow", "viewer_two"),
            happening(3 * DAY, "unfollow", "viewer_three"),
        ]
        store(conn, later, page=4)
        cover(conn, 2 * DAY - 10, 3 * DAY + 10)
    cli.environ |= {"CHATURBATE_USERNAME": "example_room", "MHC_TIMEZONE": "Europe/Berlin"}
    return cli


def report(cli: MhcHere, *words: str) -> dict[str, Any]:
    found: dict[str, Any] = cli("report", "followers", "--json", *words).json
    return found


def row(day: str, follows: int, unfollows: int) -> dict[str, Any]:
    mine = {"day": day, "follows": follows, "unfollows": unfollows, "net": follows - unfollows}
    then = (
        "day_then",
        "follows_then",
        "unfollows_then",
        "net_then",
        "net_change",
        "net_growth",
        "followers_then",
    )
    return mine | {"followers": None, "change": None} | dict.fromkeys(then)


def test_each_day_has_who_came_and_who_went(mine: MhcHere) -> None:
    found = report(mine)

    assert found["sources"] == ["events"]
    assert found["rows"] == [
        row("2026-01-01", 1, 0),
        row("2026-01-02", 0, 1),
        row("2026-01-03", 2, 1),
        row("2026-01-04", 0, 1),
    ]


def test_who_left_is_named_with_the_days_they_stayed(mine: MhcHere) -> None:
    assert [(one["username"], one["followed_at"], one["days"]) for one in report(mine)["left"]] == [
        ("viewer_three", None, None),
        ("viewer_two", "2026-01-03T18:00:00Z", 0.0),
        ("viewer_one", "2026-01-01T18:04:00Z", 1.0),
    ]


def test_of_one_instant_the_order_of_events_says_who_followed_and_left(
    cli: MhcHere, database: Database
) -> None:
    # One did both in an instant, two had followed before, ceased to and did again.
    with database.write() as conn:
        store(conn, [happening(0, "follow", "viewer_two")])
        both = [happening(5, "follow", "viewer_one"), happening(5, "unfollow", "viewer_one")]
        again = [happening(5, "unfollow", "viewer_two"), happening(5, "follow", "viewer_two")]
        store(conn, [*both, *again, happening(1445, "unfollow", "viewer_two")], page=1)
    cli.environ["CHATURBATE_USERNAME"] = ROOM
    left = cli("report", "followers", "--json").json["left"]

    assert [(one["username"], one["followed_at"], one["left_at"]) for one in left] == [
        ("viewer_two", "2026-01-01T18:05:00Z", "2026-01-02T18:05:00Z"),
        ("viewer_one", "2026-01-01T18:05:00Z", "2026-01-01T18:05:00Z"),
        ("viewer_two", "2026-01-01T18:00:00Z", "2026-01-01T18:05:00Z"),
    ]


def test_since_when_somebody_followed_is_unknown_where_a_list_said_so_first(
    mine: MhcHere, database: Database
) -> None:
    with database.write() as conn:
        ids = people.ensure(conn, ["example_room", "viewer_three"], source="manual", at=minute(0))
        follows.add(
            conn, ids["example_room"], [ids["viewer_three"]], Direction.FOLLOWER, State.YES,
            at=minute(2 * DAY), source="import",
        )  # fmt: skip
    left = report(mine)["left"][0]

    assert (left["username"], left["followed_at"], left["days"]) == ("viewer_three", None, None)
    assert report(mine)["rows"][2] == row("2026-01-03", 2, 1), "a list is no follow of that day"


def test_a_day_is_a_day_of_the_display_zone(mine: MhcHere) -> None:
    mine.environ["MHC_TIMEZONE"] = "Pacific/Auckland"

    assert report(mine)["rows"][0] == row("2026-01-02", 1, 0)


def test_excluded_people_are_left_out_and_counted(mine: MhcHere) -> None:
    mine("person", "exclude", "viewer_one")
    found = report(mine)

    assert found["excluded"] == 1
    assert [one["day"] for one in found["rows"]] == ["2026-01-03", "2026-01-04"]
    assert "viewer_one" not in {one["username"] for one in found["left"]}
    assert report(mine, "--include-excluded")["rows"][0] == row("2026-01-01", 1, 0)


def test_the_sites_own_count_stands_beside(mine: MhcHere) -> None:
    unread = "followers: not read in that time: mhc snapshot pull --source stats\n"
    assert mine("report", "followers", MHC_FORCE_TTY="80").stderr.count(unread) == 1
    for day, count in (("01", 1000), ("03", 1004)):
        saved = mine.home / f"{day}.json"
        saved.write_text(f'{{"username": "example_room", "num_followers": {count}, "token_balance": 1}}')
        loaded = mine(
            "snapshot",
            "pull",
            "example_room",
            "--source",
            "stats",
            "--load",
            str(saved),
            "--at",
            f"2026-01-{day}T20:00:00Z",
        )
        assert loaded.status == 0, loaded.stderr
    found = report(mine)

    assert unread not in mine("report", "followers", MHC_FORCE_TTY="80").stderr
    assert found["sources"] == ["events", "stats"]
    assert [(one["followers"], one["change"]) for one in found["rows"]] == [
        (1000, None),
        (None, None),  # a day on which it was not read, between two on which it was
        (1004, 4),
        (None, None),
    ]


def read_in_the_feed(database: Database, at: float, **followers: int) -> None:
    seen = [Reading(name, show=Show.PUBLIC, followers=number) for name, number in followers.items()]
    poll = Poll(minute(at), Source.AFFILIATE, len(seen), len(seen), Scope.ALL, complete=True)
    with database.write() as conn:
        observations.add_poll(conn, poll, seen)


def test_movers_are_the_tracked_rooms_that_moved_most_by_one_source(
    mine: MhcHere, database: Database
) -> None:
    assert report(mine)["movers"] == []
    steady = {"room_still": 5, "room_far": 1000}  # the one does not move, the other is on no list
    read_in_the_feed(database, 10, room_one=100, room_two=80, room_new=0, **steady)
    read_in_the_feed(database, 20, room_one=110, room_two=60, room_new=7, **steady | {"room_far": 9000})
    read_in_the_feed(database, DAY, room_one=112, room_two=40)
    assert report(mine)["movers"] == [], "nobody is tracked yet"
    for name in ("room_one", "room_two", "room_still", "room_new"):
        assert mine("watchlist", "add", "Friends", name).status == 0
    with database.write() as conn:  # what another source says is another series
        seen = [Reading("room_one", followers=999_999)]
        poll = Poll(minute(DAY + 5), Source.CBHOURS, 1, 1, Scope.SOME, complete=False)
        observations.add_poll(conn, poll, seen)
    found = report(mine)

    assert found["sources"] == ["events", "affiliate"]
    first, last = "2026-01-01T18:10:00Z", "2026-01-02T18:00:00Z"
    names = ("username", "source", "followers", "change", "growth", "since", "until")
    assert found["movers"] == [
        dict(zip(names, one, strict=True))
        for one in (
            ("room_two", "affiliate", 40, -40, -0.5, first, last),
            ("room_one", "affiliate", 112, 12, 0.12, first, last),
            ("room_new", "affiliate", 7, 7, None, first, "2026-01-01T18:20:00Z"),
        )
    ]
    early = report(mine, "--until", "2026-01-01T18:30:00Z")["movers"]
    assert [(one["username"], one["change"]) for one in early] == [
        ("room_two", -20), ("room_one", 10), ("room_new", 7),
    ]  # fmt: skip
    said = "room_two -40 (-50%), room_one +12 (+12%), room_new +7"
    assert f"movers: {said}\n" in mine("report", "followers", MHC_FORCE_TTY="80").stderr
    mine("report", "followers", "--html", "page.html")
    assert f"<dt>movers</dt><dd><bdi>{said}</bdi>" in (mine.home / "page.html").read_text()
    mine("person", "exclude", "room_two")
    found = report(mine)
    assert [one["username"] for one in found["movers"]] == ["room_one", "room_new"]
    assert found["excluded"] == 1


def test_a_room_that_was_dark_for_a_week_at_an_end_of_the_time_is_no_mover(
    mine: MhcHere, database: Database
) -> None:
    for day in (0, 3, 6, 20, 30):
        read_in_the_feed(database, day * DAY, room_often=10 + day)
    for day in (0, 12, 29):
        read_in_the_feed(database, day * DAY + 5, room_seldom=10 + day)
    read_in_the_feed(database, 12 * DAY + 6, room_new=5)
    read_in_the_feed(database, 13 * DAY, room_new=50)
    for name in ("room_often", "room_seldom", "room_new"):
        assert mine("watchlist", "add", "Friends", name).status == 0

    def moved(*words: str) -> list[tuple[str, int]]:
        return [(one["username"], one["change"]) for one in report(mine, *words)["movers"]]

    assert moved() == [("room_new", 45), ("room_often", 30), ("room_seldom", 29)]
    # The 3rd is day 2: room_often is read on days 3 to 30, room_seldom not before day 12; who is new in it is there.
    assert moved("--since", "2026-01-03") == [("room_new", 45), ("room_often", 27)]
    # Up to the end of day 26: room_often was read last on day 20, room_seldom on day 12.
    assert moved("--until", "2026-01-27") == [("room_new", 45), ("room_often", 20)]


def test_of_many_movers_the_ten_that_moved_most_are_told(mine: MhcHere, database: Database) -> None:
    rooms = [f"room_{n:02}" for n in range(12)]
    read_in_the_feed(database, 10, **dict.fromkeys(rooms, 100))
    for name in rooms:
        assert mine("watchlist", "add", "Friends", name).status == 0
    read_in_the_feed(database, 20, **{name: 100 + n - 6 for n, name in enumerate(rooms)})

    # They moved by -6 to 5: the one that did not move, and the least of the others, are not there.
    found = [one["username"] for one in report(mine)["movers"]]
    assert found == [f"room_{n:02}" for n in (0, 1, 11, 2, 10, 3, 9, 4, 8, 5)]


def test_who_left_stands_on_a_page_as_on_a_terminal(mine: MhcHere) -> None:
    said = mine("report", "followers", MHC_FORCE_TTY="80").stderr
    written = mine("report", "followers", "--html", "page.html", MHC_FORCE_TTY="80").stderr
    left = next(line.removeprefix("left: ") for line in said.splitlines() if line.startswith("left: "))

    assert f"<dt>left</dt><dd><bdi>{left}</bdi>" in (mine.home / "page.html").read_text()
    assert "left: " not in written


def test_the_bars_fit_and_a_loss_looks_unlike_a_gain(mine: MhcHere) -> None:
    lines = mine("report", "followers", "--plot", MHC_FORCE_TTY="80").stdout.splitlines()

    assert lines[-2:] == ["", "net follows by day; ░ is below zero"]
    assert [line.split()[:2] for line in lines[:-2]] == [
        ["2026-01-01", "1"], ["2026-01-02", "-1"], ["2026-01-03", "1"], ["2026-01-04", "-1"],
    ]  # fmt: skip
    assert "█" in lines[0]
    assert "█" not in lines[1]
    assert all(len(line) <= 80 for line in lines)
