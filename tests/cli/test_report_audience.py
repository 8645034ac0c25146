"""`mhc report audience`: who was there in one session, with the frame of a report."""

import pytest

from command import MhcHere
from factories import tell_story
from mhc.store.database import Database


@pytest.fixture
def mine(cli: MhcHere, database: Database) -> MhcHere:
    tell_story(database)
    cli.environ |= {"CHATURBATE_USERNAME": "example_room", "MHC_TIMEZONE": "Europe/Berlin"}
    return cli


def test_the_report_is_the_list_of_the_session_with_what_it_is_about(mine: MhcHere) -> None:
    mine("watchlist", "add", "Friends", "viewer_two")
    mine("session", "edit", "1", "--title", "First night")
    found = mine("report", "audience", "1", "--json").json

    assert found.pop("rows") == mine("session", "audience", "1", "--json").json
    assert found == {
        "range": {"since": "2026-01-01T18:00:00Z", "until": "2026-01-01T18:40:00Z"},
        "timezone": "Europe/Berlin",
        "room": "example_room",
        "sources": ["events"],
        "coverage": {"since": "2026-01-01T18:00:00Z", "until": "2026-01-01T18:40:00Z", "share": 1.0},
        "excluded": 0,
        "started_at": "2026-01-01T18:00:00Z",
        "ended_at": "2026-01-01T18:40:00Z",
        "title": "First night",
        "people": 2,
        "first_timers": 2,
        "tippers": 2,
        "on_lists": 1,
    }


def test_without_a_number_it_is_the_latest_session(mine: MhcHere) -> None:
    found = mine("report", "audience", "--json").json

    assert (found["started_at"], found["people"], found["first_timers"]) == ("2026-01-02T18:00:00Z", 1, 0)
    assert found["coverage"]["share"] == 0.5
    assert mine("report", "audience", "--require-complete").status == 4


def test_a_session_that_is_not_there_is_not_found(mine: MhcHere) -> None:
    run = mine("report", "audience", "99")

    assert (run.status, run.stdout) == (3, "")
    assert "no session 99" in run.stderr


def test_excluded_people_are_left_out_and_said_so(mine: MhcHere) -> None:
    mine("person", "exclude", "viewer_one")
    run = mine("report", "audience", "1", "--json")

    assert [row["username"] for row in run.json["rows"]] == ["viewer_two", None]
    assert (run.json["excluded"], run.json["people"]) == (1, 1)
    assert "1 excluded" in run.stderr
    said = mine("report", "audience", "1", MHC_FORCE_TTY="80").stderr
    assert "1 person, 1 of them for the first time, 1 tipper, 0 on lists" in said


def test_anonymous_tips_are_somebodys_only_where_they_are_revealed(mine: MhcHere) -> None:
    def tokens(*words: str) -> dict[str | None, int]:
        rows = mine("report", "audience", "1", "--json", *words).json["rows"]
        return {row["username"]: row["tokens"] for row in rows}

    assert tokens() == {"viewer_one": 100, "viewer_two": 65, None: 50}
    assert tokens("--reveal") == {"viewer_one": 150, "viewer_two": 65}


def test_a_session_in_which_nobody_was_seen_says_so(mine: MhcHere) -> None:
    mine("session", "add", "--from", "2026-01-05 20:00", "--to", "2026-01-05 21:00")
    found = mine("report", "audience", "--json").json
    assert (found["rows"], found["people"], found["tippers"], found["coverage"]["share"]) == ([], 0, 0, 0.0)

    run = mine("report", "audience", MHC_FORCE_TTY="80")
    assert "nobody was seen there" in run.stderr


def test_a_live_session_has_no_end_yet(mine: MhcHere) -> None:
    mine("session", "start", "--at", "1h ago")
    found = mine("report", "audience", "--json").json

    assert (found["ended_at"], found["range"]["until"], found["coverage"]) == (None, None, None)


def test_a_page_has_who_paid_and_the_table(mine: MhcHere) -> None:
    page = mine.home / "page.html"
    mine("report", "audience", "1", "--html", str(page))

    text = page.read_text()
    assert "<svg" in text
    assert "viewer_two" in text
    assert "first timers" in text
