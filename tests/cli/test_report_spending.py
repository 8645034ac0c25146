"""`mhc report spending`: figures worked out by hand, on both databases.

The story has two shows: on a Thursday from 19:00 to 19:40 in Berlin, captured whole, and on the Friday after from 19:00
to 19:30, of which 15 minutes were captured. The room got 215 (100, 25, 50 unnamed, 10, media for 30) and 20 tokens.
"""

import json
import re
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from command import MhcHere
from factories import DAY, T0, chat, cover, happening, media, minute, private, store, tell_story, tip
from mhc.store import people, snapshots
from mhc.store.database import Database
from mhc.store.snapshots import Asked, Reading

FIRST = {
    "started_at": "2026-01-01T18:00:00Z",
    "ended_at": "2026-01-01T18:40:00Z",
    "room": "example_room",
    "tokens": 100,
    "tips": 1,
    "largest": 100,
    "share": 0.4651,  # of 215
}
SECOND = {
    "started_at": "2026-01-02T18:00:00Z",
    "ended_at": "2026-01-02T18:30:00Z",
    "room": "example_room",
    "tokens": 20,
    "tips": 1,
    "largest": 20,
    "share": 1.0,
}

READ = minute(2 * DAY)


@pytest.fixture
def mine(cli: MhcHere, database: Database) -> MhcHere:
    tell_story(database)
    cli.environ |= {"CHATURBATE_USERNAME": "example_room", "MHC_TIMEZONE": "Europe/Berlin"}
    return cli


def spent(cli: MhcHere, *words: str, who: str = "viewer_one") -> dict[str, Any]:
    run = cli("report", "spending", who, "--json", *words)
    assert run.status == 0, run.stderr
    found: dict[str, Any] = run.json
    return found


def some(of: dict[str, Any], *names: str) -> list[Any]:
    return [of[name] for name in names]


def test_the_report_is_the_promised_document(mine: MhcHere) -> None:
    assert spent(mine) == {
        "range": {"since": None, "until": None},
        "timezone": "Europe/Berlin",
        "room": "example_room",
        "sources": ["events"],
        "coverage": {"since": "2026-01-01T17:50:00Z", "until": "2026-01-02T18:15:00Z", "share": 0.0717},
        "excluded": 0,
        "username": "viewer_one",
        "alternates": [],
        "tokens": 120,
        "tips": 2,
        "media": 0,
        "share": 0.5106,  # of 235
        "largest": 100,
        "quartiles": {"first": 20, "median": 20, "third": 100},
        "favourites": [{"tokens": 100, "times": 1}, {"tokens": 20, "times": 1}],
        "first_tip_at": "2026-01-01T18:05:00Z",
        "last_tip_at": "2026-01-02T18:05:00Z",
        "weeks_seen": 1,
        "per_week": 2.0,
        "days_tipped": 2,
        "days_between": {"median": 1, "longest": 1},
        "loyalty": None,
        "elsewhere": [],
        "by_hour": [
            {"weekday": "thursday", "hour": 19, "tokens": 100, "tips": 1},
            {"weekday": "friday", "hour": 19, "tokens": 20, "tips": 1},
        ],
        "by_item": None,
        "rows": [SECOND, FIRST],
    }


def test_anonymous_tips_are_theirs_only_where_it_is_revealed(mine: MhcHere) -> None:
    found = spent(mine, "--reveal")

    # 100 + 50 + 20 of 235; in the first show 150 of 215.
    assert some(found, "tokens", "tips", "share", "per_week") == [170, 3, 0.7234, 3.0]
    assert found["quartiles"] == {"first": 20, "median": 50, "third": 100}
    assert [(row["tokens"], row["share"]) for row in found["rows"]] == [(20, 1.0), (150, 0.6977)]


def test_media_is_tokens_but_no_tip(mine: MhcHere) -> None:
    found = spent(mine, who="viewer_two")

    assert some(found, "tokens", "tips", "media", "largest") == [65, 2, 1, 25]
    assert found["favourites"] == [{"tokens": 25, "times": 1}, {"tokens": 10, "times": 1}]


def test_the_range_cuts_the_session_and_what_the_room_got_in_it(mine: MhcHere) -> None:
    found = spent(
        mine, "--since", "2026-01-01T18:06:00Z", "--until", "2026-01-01T18:09:00Z", who="viewer_two"
    )

    # 25 + 10 of 25 + 50 + 10.
    assert some(found, "tokens", "share") == [35, 0.4118]
    assert [(row["tokens"], row["share"]) for row in found["rows"]] == [(35, 0.4118)]
    assert found["coverage"] == {
        "since": "2026-01-01T18:06:00Z",
        "until": "2026-01-01T18:09:00Z",
        "share": 1.0,
    }


def test_quartiles_are_tips_that_were_made_and_favourites_what_comes_most(
    mine: MhcHere, database: Database
) -> None:
    amounts = [5, 5, 5, 10, 25, 25, 40, 40, 500]
    with database.write() as conn:
        store(conn, [tip(1000 + n, "viewer_new", amount) for n, amount in enumerate(amounts)], page=5)

    found = spent(mine, who="viewer_new")
    # Of nine the third, the fifth and the seventh: 5 5 [5] 10 [25] 25 [40] 40 500.
    assert found["quartiles"] == {"first": 5, "median": 25, "third": 40}
    assert [(one["tokens"], one["times"]) for one in found["favourites"]] == [
        (5, 3), (40, 2), (25, 2), (500, 1), (10, 1)
    ]  # fmt: skip


def test_the_rhythm_is_of_local_days_on_which_they_tipped(mine: MhcHere, database: Database) -> None:
    # 18:00 in Berlin is minute 0 - 60; 23:30 and 00:30 there are an hour, and two days.
    days = [0, 1, 3, 10]
    late = [tip(day * DAY + 270, "viewer_new", 10) for day in days]
    with database.write() as conn:
        store(conn, [*late, tip(10 * DAY + 330, "viewer_new", 10)], page=5)

    found = spent(mine, who="viewer_new")
    # The days are 1, 2, 4, 11 and 12 January: 1, 2, 7 and 1 days from one to the next.
    assert found["days_tipped"] == 5
    assert found["days_between"] == {"median": 1, "longest": 7}


def test_a_day_on_which_they_only_bought_media_is_no_day_of_tips(mine: MhcHere, database: Database) -> None:
    with database.write() as conn:
        store(conn, [media(5 * DAY, "viewer_one", 30)], page=5)

    assert some(spent(mine), "tokens", "days_tipped", "days_between") == [150, 2, {"median": 1, "longest": 1}]


def test_a_week_in_which_they_only_wrote_in_private_is_one_that_they_were_seen_in(
    mine: MhcHere, database: Database
) -> None:
    at, method, words = private(10 * DAY, "viewer_one", "example_room", "psst")
    outside = {name: value for name, value in words.items() if name != "broadcaster"}
    with database.write() as conn:
        store(conn, [(at, method, outside)], page=5)

    assert some(spent(mine), "weeks_seen", "per_week") == [2, 1.0]


def test_a_week_in_which_they_only_came_by_is_one_that_they_were_seen_in(
    mine: MhcHere, database: Database
) -> None:
    with database.write() as conn:
        # Sunday 4 January at 23:30 in Berlin, and the Monday after at 00:30; and the week after that.
        store(conn, [chat(3 * DAY + 270, "viewer_one"), chat(3 * DAY + 330, "viewer_one")], page=5)
        store(conn, [happening(12 * DAY, "userEnter", "viewer_one")], page=6)

    assert some(spent(mine), "weeks_seen", "per_week") == [3, 0.67]
    sunday = spent(mine, "--until", "2026-01-04T22:45:00Z")
    assert some(sunday, "weeks_seen", "per_week") == [1, 2.0]
    assert spent(mine, "--since", "2026-01-05", "--until", "2026-01-12")["weeks_seen"] == 1
    mine.environ |= {"MHC_WEEK_START": "sunday"}  # then the two of them are in one week
    assert spent(mine, "--until", "2026-01-12")["weeks_seen"] == 2


def test_an_anonymous_tip_shows_nobody_unless_it_is_revealed(mine: MhcHere, database: Database) -> None:
    with database.write() as conn:
        store(conn, [tip(20 * DAY, "viewer_two", 5, anonymous=True)], page=5)

    assert spent(mine, who="viewer_two")["weeks_seen"] == 1
    assert spent(mine, "--reveal", who="viewer_two")["weeks_seen"] == 2


def test_what_is_paid_outside_of_sessions_is_a_row_of_its_own_the_last(
    mine: MhcHere, database: Database
) -> None:
    with database.write() as conn:
        store(conn, [tip(45, "viewer_one", 7)], page=5)  # five minutes after the show

    found = spent(mine)
    assert found["rows"][-1] == {
        "started_at": None, "ended_at": None, "room": None, "tokens": 7, "tips": 1, "largest": 7, "share": None,
    }  # fmt: skip
    assert sum(row["tokens"] for row in found["rows"]) == found["tokens"] == 127
    table = mine("report", "spending", "viewer_one").stdout.splitlines()
    assert table == [
        "started_at\ttokens\ttips\tlargest\tshare",
        "2026-01-02T18:00:00Z\t20\t1\t20\t1.0",
        "2026-01-01T18:00:00Z\t100\t1\t100\t0.4651",
        "(outside)\t7\t1\t7\t",
    ]


def test_a_show_that_lasts_has_no_end(mine: MhcHere, database: Database) -> None:
    with database.write() as conn:
        store(conn, [happening(2880, "broadcastStart"), tip(2885, "viewer_one", 7)], page=5)

    assert some(spent(mine)["rows"][0], "ended_at", "tokens", "share") == [None, 7, 1.0]


def test_a_tip_counts_for_what_stood_in_the_menu(mine: MhcHere) -> None:
    menu = mine.home / "menu.txt"
    menu.write_text("100 - a song\n100 - a dance\n20 - wave\n")
    mine("import", "tipmenu", str(menu), "--save")
    found = spent(mine, "--reveal")

    assert found["sources"] == ["events", "tip_menu"]
    assert found["by_item"] == [
        {"label": "a dance / a song", "price": 100, "times": 1, "tokens": 100, "last_at": "2026-01-01T18:05:00Z"},
        {"label": "wave", "price": 20, "times": 1, "tokens": 20, "last_at": "2026-01-02T18:05:00Z"},
        {"label": None, "price": None, "times": 1, "tokens": 50, "last_at": "2026-01-01T18:07:00Z"},
    ]  # fmt: skip


def test_who_is_excluded_is_shown_when_asked_for_and_others_are_not_in_the_share(mine: MhcHere) -> None:
    mine("person", "exclude", "viewer_one", "viewer_two")
    run = mine("report", "spending", "viewer_one", "--json")

    # Without the 65 of viewer_two: 120 of 170, and 100 of 150 in the first show.
    assert some(run.json, "tokens", "share", "excluded") == [120, 0.7059, 1]
    assert [row["share"] for row in run.json["rows"]] == [1.0, 0.6667]
    assert "1 excluded" in run.stderr
    whole = spent(mine, "--include-excluded")
    assert some(whole, "share", "excluded") == [0.5106, 0]


def test_what_the_excluded_gave_anonymously_is_in_the_room_of_both_reports_until_it_is_revealed(
    mine: MhcHere, database: Database
) -> None:
    with database.write() as conn:
        store(conn, [tip(30, "viewer_three", 35, anonymous=True)], page=5)
    mine("person", "exclude", "viewer_one", "viewer_three")

    def both(*words: str) -> list[Any]:
        found = spent(mine, *words, who="viewer_two")
        listed = mine("report", "tippers", "--json", *words).json
        rows = {row["username"]: row["share"] for row in listed["rows"]}
        assert [rows["viewer_two"], listed["excluded"]] == some(found, "share", "excluded")
        return [found["share"], found["rows"][0]["share"], found["excluded"]]

    # Of 65, 50 and 35 by nobody: by name only viewer_one is left out. All of it was in the first show.
    assert both() == [0.4333, 0.4333, 1]
    # Then both are known to be excluded, and the room is the 65 of viewer_two alone.
    assert both("--reveal") == [1.0, 1.0, 2]
    # 65 of 100 + 25 + 50 + 10 + 30 + 20 + 35; in the first show of those but the 20.
    assert both("--reveal", "--include-excluded") == [0.2407, 0.26, 0]


def test_merged_people_are_one(mine: MhcHere, database: Database) -> None:
    with database.write() as conn:
        store(conn, [tip(1446, "viewer_old", 30)], page=5)
    mine("person", "merge", "viewer_one", "viewer_old")

    for name in ("viewer_one", "viewer_old"):
        found = spent(mine, who=name)
        assert some(found, "username", "tokens", "tips") == ["viewer_one", 150, 3]


def test_alternates_count_where_that_is_asked_for(mine: MhcHere, database: Database) -> None:
    mine("pair", "add", "viewer_two", "viewer_one", "--kind", "alternate")
    read(database, "viewer_two", "statbate.member_info", "", {"all_time_tokens": 700})

    assert spent(mine)["tokens"] == 120
    found = spent(mine, "--with-alternates")
    assert some(found, "username", "alternates", "tokens", "tips") == ["viewer_one", ["viewer_two"], 185, 4]
    assert [(one["username"], one["tokens"]) for one in found["elsewhere"]] == [("viewer_two", 700)]
    mine("person", "exclude", "viewer_two")  # who is left out is nobody's
    assert some(spent(mine, "--with-alternates"), "alternates", "tokens") == [[], 120]


def test_rooms_are_apart(mine: MhcHere, database: Database) -> None:
    with database.write() as conn:
        store(conn, [tip(1, "viewer_one", 500, room="other_room")], room="other_room")
        store(
            conn,
            [tip(2, "viewer_one", 3, room=None), tip(3, "viewer_two", 7, room=None)],
            room="other_room",
            page=2,
        )

    assert spent(mine)["tokens"] == 120
    other = spent(mine, "--room", "other_room")
    assert some(other, "tokens", "tips", "share") == [503, 2, 0.9863]  # of 510
    mine.environ["CHATURBATE_USERNAME"] = ""
    everywhere = spent(mine)
    assert some(everywhere, "room", "tokens", "share") == [None, 623, 0.8362]  # of 745


def test_pasted_lines_of_no_known_time_are_tokens_of_no_hour(mine: MhcHere) -> None:
    paste = mine.home / "tips.txt"
    paste.write_text("viewer_three tipped 33 tokens\n")
    mine("person", "add", "other_room")
    assert mine("import", "tips", str(paste), "--room", "other_room", "--save").status == 0
    found = spent(mine, "--room", "other_room", who="viewer_three")

    assert some(found, "tokens", "by_hour", "days_tipped", "first_tip_at") == [33, [], 0, None]
    assert [row["started_at"] for row in found["rows"]] == [None]


def test_who_paid_nothing_is_told_apart_from_whom_nobody_could_see(mine: MhcHere) -> None:
    mine("person", "add", "viewer_idle")
    empty = spent(mine, who="viewer_idle")
    figures = ("tokens", "tips", "share", "quartiles", "weeks_seen", "per_week", "days_between", "rows")
    assert some(empty, *figures) == [0, 0, 0.0, None, 0, None, None, []]

    dark = spent(mine, "--since", "2027-01-01")
    assert some(dark, *figures) == [None, None, None, None, None, None, None, []]
    assert dark["coverage"] is None

    run = mine("report", "spending", "viewer_idle", MHC_FORCE_TTY="80")
    assert "viewer_idle is not known to have paid anything in that time" in run.stderr


def test_a_name_that_is_not_there_has_near_ones(mine: MhcHere) -> None:
    run = mine("report", "spending", "viewer_on")

    assert (run.status, run.stdout) == (3, "")
    assert "viewer_one" in run.stderr


def test_an_empty_database_stays_missing(tmp_path: Path) -> None:
    assert MhcHere(tmp_path)("report", "spending", "viewer_one").status == 3
    assert not list(tmp_path.rglob("*.db"))


def read(
    database: Database, who: str, source: str, key: str, figures: dict[str, Any], at: datetime = READ,
    body: object = None,
) -> None:  # fmt: skip
    """Keep what a source said."""
    with database.write() as conn:
        ids = people.ensure(conn, [who], source="test", at=minute(0))
        said = json.dumps(figures if body is None else body).encode()
        snapshots.add(conn, [Reading(ids[who], Asked(source, key), at, said, figures)])


def test_elsewhere_stands_beside_the_figures_and_is_never_added(mine: MhcHere, database: Database) -> None:
    read(database, "viewer_one", "statbate.member_info", "", {"all_time_tokens": 9000})
    for day, tokens in ((DAY, 600), (2 * DAY, 800)):
        read(
            database, "viewer_one", "statbate.member_tips", "7d", {"tokens": tokens, "tips": 12}, minute(day)
        )
    models = [{"name": "other_room", "total_tokens": 500}, {"model": "example_room", "total_tokens": 300}]
    read(database, "viewer_one", "statbate.member_top_models", "30d", {"tokens": 800}, body=models)
    read(
        database,
        "viewer_one",
        "statbate.member_tag_spending",
        "30d",
        {"tags_list": ["music", "art"]},
        body={},
    )

    found = spent(mine)
    at = "2026-01-03T18:00:00Z"
    assert found["tokens"] == 120
    assert found["elsewhere"] == [
        {"username": "viewer_one", "source": "statbate.member_info", "range": "", "captured_at": at,
         "tokens": 9000, "tips": None, "most": None},
        {"username": "viewer_one", "source": "statbate.member_tips", "range": "7d", "captured_at": at,
         "tokens": 800, "tips": 12, "most": None},
        {"username": "viewer_one", "source": "statbate.member_top_models", "range": "30d", "captured_at": at,
         "tokens": 800, "tips": None,
         "most": [{"name": "other_room", "tokens": 500}, {"name": "example_room", "tokens": 300}]},
        {"username": "viewer_one", "source": "statbate.member_tag_spending", "range": "30d", "captured_at": at,
         "tokens": None, "tips": None,
         "most": [{"name": "music", "tokens": None}, {"name": "art", "tokens": None}]},
    ]  # fmt: skip
    assert found["sources"] == ["events", *(f"statbate.member_{name}" for name in
                                            ("info", "tag_spending", "tips", "top_models"))]  # fmt: skip


def test_the_reading_of_the_range_that_is_asked_for_comes_before_a_later_one(
    mine: MhcHere, database: Database
) -> None:
    read(database, "viewer_one", "statbate.member_tips", "7d", {"tokens": 480})
    read(database, "viewer_one", "statbate.member_tips", "30d", {"tokens": 900}, minute(2 * DAY + 60))

    assert [(one["range"], one["tokens"]) for one in spent(mine)["elsewhere"]] == [("30d", 900)]
    assert [(one["range"], one["tokens"]) for one in spent(mine, *SEVEN)["elsewhere"]] == [("7d", 480)]


SEVEN = (
    "--since",
    "2025-12-27T18:30:00Z",
    "--until",
    "2026-01-03T18:30:00Z",
)  # the 7d read at 18:00, half an hour later


def test_loyalty_is_of_one_and_the_same_range(mine: MhcHere, database: Database) -> None:
    read(database, "viewer_one", "statbate.member_tips", "7d", {"tokens": 480, "tips": 12})

    assert spent(mine, *SEVEN)["loyalty"] == {
        "source": "statbate.member_tips",
        "since": "2025-12-27T18:00:00Z",
        "until": "2026-01-03T18:00:00Z",
        "captured_at": "2026-01-03T18:00:00Z",
        "here": 120,
        "known": 480,
        "share": 0.25,
    }
    assert spent(mine)["loyalty"] is None, "nobody asked Statbate about all that was captured"
    assert spent(mine, "--since", "2025-12-20", "--until", "2026-01-03")["loyalty"] is None
    assert spent(mine, "--since", "2026-01-02", "--until", "2026-01-04")["loyalty"] is None


def test_a_range_that_reaches_until_now_is_that_of_the_last_reading(
    mine: MhcHere, database: Database
) -> None:
    now = datetime.now(UTC).replace(microsecond=0)
    with database.write() as conn:
        store(conn, [tip((now - T0) / timedelta(minutes=1) - DAY, "viewer_one", 60)], page=5)
    read(database, "viewer_one", "statbate.member_tips", "7d", {"tokens": 240}, now - timedelta(hours=5))

    found = spent(mine, "--since", "7d")
    assert some(found["loyalty"], "here", "known", "share") == [60, 240, 0.25]
    assert spent(mine, "--since", "9d")["loyalty"] is None


def test_a_range_with_both_ends_is_the_same_where_days_begin_elsewhere(
    mine: MhcHere, database: Database
) -> None:
    read(database, "viewer_one", "statbate.member_activity", "2026-01-01/2026-01-31", {"tokens": 240})

    found = spent(mine, "--since", "2026-01-01", "--until", "2026-01-31")["loyalty"]
    assert some(found, "here", "known", "share") == [120, 240, 0.5]


def test_loyalty_counts_only_what_others_can_see_too(mine: MhcHere, database: Database) -> None:
    with database.write() as conn:
        store(conn, [media(30, "viewer_one", 999)], page=5)
    read(database, "viewer_one", "statbate.member_tips", "7d", {"tokens": 480})

    assert spent(mine, "--reveal", *SEVEN)["loyalty"]["here"] == 120


def test_where_a_source_saw_less_than_was_paid_here_there_is_no_share(
    mine: MhcHere, database: Database
) -> None:
    read(database, "viewer_one", "statbate.member_tips", "7d", {"tokens": 100})

    assert some(spent(mine, *SEVEN)["loyalty"], "here", "known", "share") == [120, 100, None]


def test_where_nobody_listened_there_is_no_share(mine: MhcHere, database: Database) -> None:
    at = minute(300 * DAY)
    read(database, "viewer_one", "statbate.member_tips", "7d", {"tokens": 100}, at)

    words = ("--since", f"{at - timedelta(days=7):%Y-%m-%dT%H:%M:%SZ}", "--until", f"{at:%Y-%m-%dT%H:%M:%SZ}")
    assert some(spent(mine, *words)["loyalty"], "here", "known", "share") == [None, 100, None]


def test_where_the_answer_lost_a_row_its_sum_is_not_known(mine: MhcHere, database: Database) -> None:
    read(database, "viewer_one", "statbate.member_tips", "7d", {"tokens": None, "tips": 3})

    found = spent(mine, *SEVEN)
    assert found["loyalty"] is None
    assert [(one["tokens"], one["tips"]) for one in found["elsewhere"]] == [(None, 3)]


def test_on_a_terminal_the_figures_stand_above_the_sessions(mine: MhcHere, database: Database) -> None:
    read(database, "viewer_one", "statbate.member_tips", "7d", {"tokens": 480, "tips": 12})
    run = mine("report", "spending", "viewer_one", *SEVEN, MHC_FORCE_TTY="100", NO_COLOR="1")

    assert run.stderr.endswith(
        "username    viewer_one\n"
        "tokens      120 · 51.1% of the room\n"
        "tips        2 · 2.00 in each of 1 week seen\n"
        "amounts     half of them 20 to 100 · median 20 · largest 100\n"
        "favourites  100 (once) · 20 (once)\n"
        "rhythm      tips on 2 days · every 1 day (median) · longest pause 1 day · first 2026-01-01 · last\n"
        "            2026-01-02 19:05\n"
        "hours       mostly 19:00 to 20:00 (2 of 2 tips)\n"
        "elsewhere   Statbate 2026-01-03 of 7d: 480 tokens in tips, 12 tips\n"
        "loyalty     25.0% here · 120 here, 480 seen by Statbate · 2025-12-27 19:00 to 2026-01-03 19:00\n"
        "\n"
    )
    assert run.stdout == (
        "SESSION           TOKENS  TIPS  LARGEST  SHARE\n"
        "2026-01-02 19:00      20     1       20   100%\n"
        "2026-01-01 19:00     100     1      100  46.5%\n"
    )
    assert mine("report", "spending", "viewer_one", "-q", MHC_FORCE_TTY="100").stderr == ""


def test_in_ascii_nothing_between_figures_reads_as_a_minus(mine: MhcHere) -> None:
    run = mine("report", "spending", "viewer_one", *SEVEN, MHC_FORCE_TTY="100", NO_COLOR="1", LC_ALL="C")

    assert "tokens      120; 51.1% of the room\n" in run.stderr


def test_while_others_see_the_screen_no_amount_is_shown(mine: MhcHere, database: Database) -> None:
    read(database, "viewer_one", "statbate.member_tips", "7d", {"tokens": 480, "tips": 12})
    page = mine.home / "page.html"
    mine.environ |= {"MHC_SCREEN_SAFE": "1"}

    run = mine("report", "spending", "viewer_one", *SEVEN, MHC_FORCE_TTY="100")
    mine("report", "spending", "viewer_one", *SEVEN, "--html", str(page))
    for text in (run.stdout, run.stderr, page.read_text()):
        assert "hidden" in text
        assert not {"120", "480", "51.1%", "<svg"} & set(text.replace("<svg", " <svg ").split())
    found = spent(mine, *SEVEN)
    assert {name for name, value in found.items() if value is None} >= {
        "tokens", "tips", "share", "largest", "quartiles", "favourites", "per_week", "loyalty", "elsewhere",
        "by_hour", "by_item",
    }  # fmt: skip


def test_a_page_has_the_figures_and_two_pictures(mine: MhcHere) -> None:
    page = mine.home / "page.html"
    mine("report", "spending", "viewer_one", "--html", str(page))
    text = page.read_text()

    assert "How viewer_one spends" in text
    assert "51.1% of the room" in text
    assert text.count("<svg") == 2
    assert "2026-01-02 19:00: 20" in text
    assert "19:00: 120" in text


def test_where_who_came_was_taken_the_weeks_are_not_known(mine: MhcHere) -> None:
    config = mine.home / "keep.toml"
    config.write_text('[retention]\npresence = "30d"\n')
    config.chmod(0o600)
    assert mine("db", "prune", "-y", "--force", "--config", str(config)).status == 0

    assert some(spent(mine), "weeks_seen", "per_week", "tips") == [None, None, 2]


def test_private_messages_are_of_no_amount(mine: MhcHere, database: Database) -> None:
    with database.write() as conn:
        store(conn, [private(30, "viewer_one", "example_room", "psst")], page=5)
        cover(conn, 100, 110)

    assert spent(mine)["tokens"] == 120


def test_who_has_a_name_that_nobody_can_type_is_found_by_number(mine: MhcHere, database: Database) -> None:
    long = "viewer_with_a_name_of_more_than_25"
    with database.write() as conn:
        store(conn, [tip(8, long, 77)], page=7)
    run = mine("report", "spending", long.upper())
    assert run.status == 2
    found = re.search(r"hint: (id:\d+) instead of the name\n", run.stderr)
    assert found is not None, run.stderr
    assert mine("report", "spending", found[1], "--json").json["username"] == long

    assert "hint" not in mine("report", "spending", "no name").stderr, "there is none"
