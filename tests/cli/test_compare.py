"""`mhc person compare`: people side by side."""

from typing import Any

import pytest

import factories
from command import MhcHere
from factories import chat, happening, tell_story
from mhc.store.database import Database


@pytest.fixture
def story(database: Database, cli: MhcHere) -> Database:
    tell_story(database)
    cli("watchlist", "add", "Friends", "viewer_one", "viewer_two")
    cli("watchlist", "add", "Known Streamers", "viewer_one")
    return database


def compared(cli: MhcHere, *words: str, **environ: str) -> Any:
    return cli("person", "compare", *words, "--json", **environ).json


@pytest.mark.usefixtures("story")
def test_json_has_an_object_a_person(cli: MhcHere) -> None:
    one, two = compared(cli, "viewer_one", "viewer_two")
    assert one == {
        "username": "viewer_one",
        "tokens": 120,
        "tokens_30d": 0,
        "tokens_90d": 0,
        "tips": 2,
        "largest_tip": 100,
        "last_tip_at": "2026-01-02T18:05:00Z",
        "media": 0,
        "visits": 2,
        "median_stay": 1140,
        "messages": 1,
        "first_seen_at": "2026-01-01T18:01:00Z",
        "last_seen_at": "2026-01-02T18:20:00Z",
        "follows": False,
        "follows_since": "2026-01-02T18:10:00Z",
        "watchlists": ["Friends", "Known Streamers"],
        "sessions": 2,
        "watchlists_common": ["Friends"],
        "sessions_common": 1,
        "usual_hours": {
            "begin": 18,
            "end": 19,
            "inside": 2,
            "counted": 2,
            "basis": "arrivals",
            "timezone": "UTC",
        },
    }
    assert (two["username"], two["sessions"], two["sessions_common"]) == ("viewer_two", 1, 1)
    assert [row["tokens"] for row in compared(cli, "viewer_one", "viewer_two", "--reveal")] == [170, 65]
    assert [row["tips"] for row in compared(cli, "viewer_one", "viewer_two", "--sort", "tokens")] == [2, 2]
    by_tokens = compared(cli, "viewer_one", "viewer_two", "--sort", "tokens")
    assert [row["username"] for row in by_tokens] == ["viewer_two", "viewer_one"]


@pytest.mark.usefixtures("story")
def test_a_table_has_a_column_a_person(cli: MhcHere) -> None:
    shown = cli("person", "compare", "viewer_one", "viewer_two", MHC_FORCE_TTY="80", NO_COLOR="1").stdout
    assert shown == (
        "username                         viewer_one               viewer_two\n"
        "tokens                                  120                       65\n"
        "tokens_30d                                0                        0\n"
        "tokens_90d                                0                        0\n"
        "tips                                      2                        2\n"
        "largest_tip                             100                       25\n"
        "last_tip_at                2026-01-02 18:05         2026-01-01 18:08\n"
        "media                                     0                        1\n"
        "visits                                    2                        1\n"
        "median_stay                         19m 00s                        -\n"
        "mostly              18:00 to 19:00 (2 of 2)  18:00 to 19:00 (1 of 1)\n"
        "messages                                  1                        1\n"
        "first_seen_at              2026-01-01 18:01         2026-01-01 18:02\n"
        "last_seen_at               2026-01-02 18:20         2026-01-01 18:12\n"
        "follows                                  no                        -\n"
        "follows_since              2026-01-02 18:10                        -\n"
        "watchlists         Friends, Known Streamers                  Friends\n"
        "sessions                                  2                        1\n"
        "watchlists_common                   Friends                  Friends\n"
        "sessions_common                           1                        1\n"
    )
    below = cli("person", "compare", "viewer_one", "viewer_two", MHC_FORCE_TTY="40", NO_COLOR="1").stdout
    assert below.count("\n\n") == 1
    assert "tokens_30d         0\n" in below
    chosen = cli("person", "compare", "viewer_one", "viewer_two", "-o", "tsv", "--fields", "username,tokens")
    assert chosen.stdout == "username\ttokens\nviewer_one\t120\nviewer_two\t65\n"


def test_a_session_is_shared_by_who_was_there_without_a_word(database: Database, cli: MhcHere) -> None:
    """One came before the show and stayed through it, another wrote and was never seen to come, a third came later."""
    with database.write() as conn:
        show = [
            happening(-30, "userEnter", "viewer_one"),
            happening(0, "broadcastStart"),
            chat(5, "viewer_two"),
            happening(25, "broadcastStop"),
            happening(200, "userEnter", "viewer_three"),
        ]
        factories.store(conn, show)

    def shared(*names: str) -> list[tuple[int, int]]:
        return [(row["sessions"], row["sessions_common"]) for row in compared(cli, *names)]

    assert shared("viewer_one", "viewer_two") == [(1, 1), (1, 1)]
    assert shared("viewer_one", "viewer_two", "viewer_three") == [(1, 0), (1, 0), (0, 0)]


@pytest.mark.usefixtures("story")
def test_who_was_seen_only_through_an_anonymous_tip_was_not_seen(database: Database, cli: MhcHere) -> None:
    with database.write() as conn:
        factories.store(conn, [factories.tip(5, "viewer_nine", 9, anonymous=True)], page=9)
    assert [row["sessions"] for row in compared(cli, "viewer_nine", "viewer_one")] == [0, 2]
    assert [row["sessions"] for row in compared(cli, "viewer_nine", "viewer_one", "--reveal")] == [1, 2]


@pytest.mark.usefixtures("story")
def test_one_person_is_compared_with_nobody(cli: MhcHere) -> None:
    cli("alias", "add", "viewer_one", "viewer_uno")
    for words in (["viewer_one"], ["viewer_one", "viewer_uno"]):
        run = cli("person", "compare", *words)
        assert (run.status, run.stdout) == (2, "")
        assert run.stderr.startswith("mhc: compare whom with whom?")
    run = cli("person", "compare", "viewer_one", "viewer_onee")
    assert (run.status, run.stderr.splitlines()[1]) == (
        3,
        "hint: did you mean: viewer_one, viewer_uno, viewer_two?",
    )
