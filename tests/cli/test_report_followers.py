"""`mhc report followers`: figures worked out by hand, on both databases."""

from typing import Any

import pytest

from command import MhcHere
from factories import cover, happening, minute, store, tell_story
from mhc.store import follows, people
from mhc.store.database import Database
from mhc.store.follows import Direction, State

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

    assert found["sources"] == ["events", "stats"]
    assert [(one["followers"], one["change"]) for one in found["rows"]] == [
        (1000, None),
        (None, None),  # a day on which it was not read, between two on which it was
        (1004, 4),
        (None, None),
    ]


def test_the_bars_fit_and_a_loss_looks_unlike_a_gain(mine: MhcHere) -> None:
    lines = mine("report", "followers", "--plot", MHC_FORCE_TTY="80").stdout.splitlines()

    assert [line.split()[:2] for line in lines] == [
        ["2026-01-01", "1"], ["2026-01-02", "-1"], ["2026-01-03", "1"], ["2026-01-04", "-1"],
    ]  # fmt: skip
    assert "█" in lines[0]
    assert "█" not in lines[1]
    assert all(len(line) <= 80 for line in lines)
