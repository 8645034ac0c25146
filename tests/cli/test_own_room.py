"""Who broadcasts is nobody's visitor: they are in no figure of the people of their own room, but their lines are lines."""

from typing import Any

import pytest

from command import MhcHere
from factories import ROOM, chat, cover, happening, media, minute, store, tip
from mhc.store import identity, people
from mhc.store.database import Database

OTHER = "old_room"  # another name of the broadcaster


def did(at: float, who: str) -> list[Any]:
    return [
        happening(at, "userEnter", who),
        chat(at + 1, who),
        tip(at + 2, who, 5000),
        media(at + 3, who, 30),
        happening(at + 4, "follow", who),
        happening(at + 5, "unfollow", who),
    ]


@pytest.fixture(params=[ROOM, OTHER])
def mine(request: pytest.FixtureRequest, cli: MhcHere, database: Database) -> MhcHere:
    """One viewer comes, writes and tips; so does the broadcaster, under two names of which either may be the kept one."""
    viewer = [happening(2, "userEnter", "viewer_one"), chat(3, "viewer_one"), tip(4, "viewer_one", 10)]
    own = [*did(5, ROOM), *did(12, OTHER), happening(26, "userLeave", ROOM)]
    with database.write() as conn:
        store(conn, [happening(0, "broadcastStart"), *viewer, *own, happening(30, "broadcastStop")])
        cover(conn, 0, 60)
        rows = people.ids_of(conn, [ROOM, OTHER])
        keep = rows.pop(request.param)
        identity.merge(conn, keep, list(rows.values()), at=minute(0))
    cli.environ |= {"CHATURBATE_USERNAME": ROOM, "MHC_TIMEZONE": "UTC"}
    return cli


def asked(cli: MhcHere, *words: str) -> Any:
    run = cli(*words, "--json")
    assert run.status == 0, run.stderr
    return run.json


def test_a_session_has_its_viewers_alone(mine: MhcHere) -> None:
    whole = asked(mine, "session", "show")
    (listed,) = asked(mine, "session", "list")
    (report,) = asked(mine, "report", "sessions")["rows"]
    for row in (whole, listed, report):
        assert (row["unique_visitors"], row["tippers"], row["new_followers"]) == (1, 1, 0)
        assert (row["messages"], row["tips"], row["tokens"]) == (3, 3, 10_070)  # what was paid was paid
    # From 2 to 30 of 30 minutes.
    assert (whole["known_peak"], whole["known_mean"], whole["chatters"], whole["visits"]) == (1, 0.93, 1, 1)
    assert (whole["unfollows"], whole["net_followers"], whole["quick_visits"]) == (0, 0, 0)
    assert [one["username"] for one in whole["top_tippers"]] == ["viewer_one"]


def test_a_summary_tells_the_lines_of_others_from_ones_own(mine: MhcHere) -> None:
    text = mine("session", "summary").stdout
    assert "- Chat: 1 line by 1 person, and 2 of your own\n" in text
    assert "- People: 1, 1 of them for the first time\n- Visits: 1, " in text
    assert "- Largest tip: 10 by viewer\\_one\n" in text


def test_an_audience_has_others_alone(mine: MhcHere) -> None:
    found = asked(mine, "report", "audience")
    assert [row["username"] for row in found["rows"]] == ["viewer_one"]


@pytest.mark.parametrize("words", [["--by", "week"], ["--by", "session"]])
def test_a_broadcaster_does_not_come_back(mine: MhcHere, words: list[str]) -> None:
    (row,) = [row for row in asked(mine, "report", "retention", *words)["rows"] if row["viewers"]]
    assert (row["viewers"], row["new"], row["tippers"], row["new_tippers"]) == (1, 1, 1, 1)


def test_a_broadcaster_does_not_arrive(mine: MhcHere) -> None:
    (row,) = asked(mine, "report", "timing", "--metric", "arrivals")["rows"]
    assert row["amount"] == 1
    (lines,) = asked(mine, "report", "timing", "--metric", "messages")["rows"]
    assert lines["amount"] == 3


def test_a_digest_tells_of_others(mine: MhcHere) -> None:
    found = asked(mine, "report", "digest")
    assert [row["username"] for row in found["first_tips"]] == ["viewer_one"]
    assert found["big_tippers"] == []
    assert (found["session"]["unique_visitors"], found["session"]["best_tipper"]) == (1, "viewer_one")
