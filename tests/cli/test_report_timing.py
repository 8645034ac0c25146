"""`mhc report timing`: figures worked out by hand, on both databases, and the map.

The story has two shows: on a Thursday from 19:00 to 19:40 in Berlin, captured whole, and on the Friday after from
19:00 to 19:30, of which 15 minutes were captured.
"""

from typing import Any

import pytest

from command import MhcHere
from factories import chat, cover, happening, store, tell_story, tip
from mhc.store.database import Database

THEN: dict[str, Any] = dict.fromkeys(
    ("amount_then", "hours_then", "per_hour_then", "per_hour_change", "per_hour_growth")
)
THURSDAY = THEN | {"weekday": "thursday", "hour": 19, "hours": 0.67, "observations": 1}
FRIDAY = THEN | {"weekday": "friday", "hour": 19, "hours": 0.25, "observations": 1}


@pytest.fixture
def mine(cli: MhcHere, database: Database) -> MhcHere:
    tell_story(database)
    cli.environ |= {"CHATURBATE_USERNAME": "example_room", "MHC_TIMEZONE": "Europe/Berlin"}
    return cli


def rows(cli: MhcHere, *words: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = cli("report", "timing", "--json", *words).json["rows"]
    return found


def test_the_report_is_the_promised_document(mine: MhcHere) -> None:
    assert mine("report", "timing", "--json").json == {
        "range": {"since": None, "until": None},
        "timezone": "Europe/Berlin",
        "room": "example_room",
        "sources": ["events"],
        "coverage": {"since": "2026-01-01T17:50:00Z", "until": "2026-01-02T18:15:00Z", "share": 0.0717},
        "excluded": 0,
        "metric": "tokens",
        "username": None,
        "compared": None,
        # 100 + 25 + 50 + 10 + 30 in 40 minutes; 20 in 15.
        "rows": [
            THURSDAY | {"amount": 215, "per_hour": 322.5},
            FRIDAY | {"amount": 20, "per_hour": 80.0},
        ],
    }


@pytest.mark.parametrize(
    ("metric", "thursday", "friday"), [("tips", 4, 1), ("messages", 2, 0), ("arrivals", 2, 1)]
)
def test_each_metric_counts_its_own(mine: MhcHere, metric: str, thursday: int, friday: int) -> None:
    found = {row["weekday"]: row["amount"] for row in rows(mine, "--metric", metric)}

    assert found == {"thursday": thursday, "friday": friday}


def test_what_a_person_tipped_anonymously_is_theirs_only_where_it_is_revealed(mine: MhcHere) -> None:
    def amounts(*words: str) -> list[int]:
        return [row["amount"] for row in rows(mine, "viewer_one", *words)]

    assert sorted(amounts()) == [20, 100]
    assert sorted(amounts("--reveal")) == [20, 150]


def test_excluded_people_do_not_count_but_for_what_they_gave_unnamed(mine: MhcHere) -> None:
    mine("person", "exclude", "viewer_one")
    run = mine("report", "timing", "--json")

    assert [row["amount"] for row in run.json["rows"]] == [115, 0]
    assert run.json["excluded"] == 1
    assert "1 excluded" in run.stderr
    assert [row["amount"] for row in rows(mine, "--include-excluded")] == [215, 20]


def test_who_did_nothing_of_it_is_not_left_out(mine: MhcHere) -> None:
    mine("person", "add", "viewer_idle")
    mine("person", "exclude", "viewer_idle", "viewer_two")

    assert mine("report", "timing", "--json").json["excluded"] == 1
    assert mine("report", "timing", "--json", "--since", "2026-01-02").json["excluded"] == 0


def test_what_comes_while_the_room_is_dark_counts_nowhere(mine: MhcHere, database: Database) -> None:
    with database.write() as conn:
        store(conn, [tip(45, "viewer_two", 999)], page=5)  # in the hour of the show, five minutes after it

    assert [row["amount"] for row in rows(mine)] == [215, 20]


def test_a_show_of_which_nothing_was_captured_is_no_observation(mine: MhcHere, database: Database) -> None:
    with database.write() as conn:
        store(conn, [happening(2880, "broadcastStart"), happening(2900, "broadcastStop")], page=6)
    assert len(rows(mine)) == 2

    with database.write() as conn:
        cover(conn, 2870, 2910)
    assert [row["weekday"] for row in rows(mine)] == ["thursday", "friday", "saturday"]


def test_the_range_cuts_the_time_as_well_as_the_tokens(mine: MhcHere) -> None:
    found = rows(mine, "--since", "2026-01-01T18:06:00Z", "--until", "2026-01-01T18:16:00Z")

    assert found == [THURSDAY | {"amount": 115, "hours": 0.17, "per_hour": 690.0}]


def test_an_empty_range_says_so(mine: MhcHere) -> None:
    mine.environ |= {"MHC_FORCE_TTY": "80"}
    run = mine("report", "timing", "--since", "2027-01-01")

    assert len(run.stdout.splitlines()) == 1, "nothing but the header"
    assert "no hour of that time was both live and captured" in run.stderr


def test_what_came_in_the_minute_of_a_ranges_edge_counts_on_its_own_side(
    mine: MhcHere, database: Database
) -> None:
    with database.write() as conn:
        store(
            conn,
            [tip(30.25, "viewer_one", 7), tip(30.75, "viewer_one", 11), chat(30.5, "viewer_one")],
            page=8,
        )

    cut = ["--since", "2026-01-01T18:30:30Z"]
    assert {row["weekday"]: row["amount"] for row in rows(mine, *cut)} == {"thursday": 11, "friday": 20}
    assert rows(mine, *cut, "--metric", "messages")[-1]["amount"] == 1
    assert rows(mine, *cut, "--metric", "tips", "--until", "2026-01-01T18:30:45Z")[0]["amount"] == 0


@pytest.mark.parametrize(("minutes", "first"), [(15, "saturday"), (14.9, "thursday")])
def test_the_best_hour_was_live_and_captured_for_a_quarter_of_an_hour(
    mine: MhcHere, database: Database, minutes: float, first: str
) -> None:
    begin = 2880.0  # Saturday at 19:00 in Berlin
    with database.write() as conn:
        tips = [tip(begin + at, "viewer_two", 5000) for at in (1, 2)]
        store(
            conn, [happening(begin, "broadcastStart"), *tips, happening(begin + 30, "broadcastStop")], page=7
        )
        cover(conn, begin, begin + minutes)
    found = {row["weekday"]: row for row in rows(mine)}

    assert (next(iter(found)), sorted(found)) == (first, ["friday", "saturday", "thursday"])
    # 10,000 in 15 minutes are 40,000 an hour; in 14 minutes and 54 seconds 40,268.46.
    assert found["saturday"]["per_hour"] == (40_000 if minutes == 15 else 40_268.46)
    assert list(found)[-1] == ("friday" if minutes == 15 else "saturday"), "the short one comes last"


def test_some_seconds_of_an_hour_set_no_scale(mine: MhcHere, database: Database) -> None:
    begin = 2880.0
    with database.write() as conn:
        tips = [tip(begin + 0.1, "viewer_two", 100)]
        store(
            conn, [happening(begin, "broadcastStart"), *tips, happening(begin + 0.5, "broadcastStop")], page=7
        )
        cover(conn, begin, begin + 1)
    run = mine("report", "timing", "--plot", MHC_FORCE_TTY="80", LC_ALL="C.UTF-8")
    lines = run.stdout.splitlines()
    place = lines[0].index("19")

    # 322.50 an hour on Thursday is the most; 80 on Friday the lowest of four steps. 100 in 30 seconds would be 12,000.
    assert [lines[row][place] for row in (4, 5, 6)] == ["█", "░", "█"]
    assert "█ to 322" in run.stdout
    assert lines[-1] == "an hour too short to count may be more"
    page = mine.home / "page.html"
    assert mine("report", "timing", "--html", str(page)).status == 0
    assert "322, on thursday at 19:00" in page.read_text()
    assert 'fill-opacity="1.00"' in page.read_text()
    assert "12,000.00" in page.read_text()


def test_the_map_is_readable_in_80_columns_and_in_ascii(mine: MhcHere) -> None:
    mine.environ |= {"MHC_FORCE_TTY": "80", "LC_ALL": "C.UTF-8"}
    lines = mine("report", "timing", "--plot").stdout.splitlines()

    assert lines[0].split() == [f"{hour:02}" for hour in range(24)]
    assert [line[:3] for line in lines[1:8]] == ["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
    assert all(len(line) <= 80 for line in lines)
    place = lines[0].index("19")
    assert (lines[4][place : place + 2], lines[5][place], lines[1][place]) == ("██", "░", "·")


def test_the_map_begins_with_the_day_that_begins_the_week(mine: MhcHere) -> None:
    lines = mine("report", "timing", "--plot", MHC_WEEK_START="sunday").stdout.splitlines()
    assert [line[:3] for line in lines[1:8]] == ["sun", "mon", "tue", "wed", "thu", "fri", "sat"]

    run = mine("report", "timing", MHC_WEEK_START="sun day")
    assert run.status == 78
    assert "MHC_WEEK_START" in run.stderr
    assert "must be a day of the week" in run.stderr


def test_a_map_is_not_for_programs(mine: MhcHere) -> None:
    run = mine("report", "timing", "--plot", "-o", "csv")

    assert (run.status, run.stdout) == (2, "")
    assert "--plot draws for people" in run.stderr


def test_a_map_is_not_drawn_while_others_see_the_screen(mine: MhcHere) -> None:
    run = mine("report", "timing", "--plot", MHC_FORCE_TTY="80", MHC_SCREEN_SAFE="1")

    assert "█" not in run.stdout
    assert "hidden" in run.stdout
