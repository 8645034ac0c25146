"""`mhc report sessions`: figures worked out by hand, on both databases.

The story has two shows of example_room: on a Thursday from 19:00 to 19:40 in Berlin, captured whole, and on the Friday
after from 19:00 to 19:30, of which 15 minutes were captured.
"""

import re
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from command import MhcHere
from factories import DAY, T0, Item, chat, cover, happening, store, tell_story, tip
from mhc.store.database import Database
from mhc.store.streams import Kind

FIRST = {
    "sessions": 1,
    "duration": 2400,
    "live": 2400,
    "tokens": 215,  # 100 + 25 + 50 + 10, and 30 for media
    "tokens_per_hour": 322.5,
    "tips": 4,
    "tippers": 2,
    "messages": 2,
    "unique_visitors": 2,
    "new_followers": 1,
    "unfollows": 0,
    "net_followers": 1,
    "coverage": 1.0,
}
SECOND = {
    "sessions": 1,
    "duration": 1800,
    "live": 1800,
    "tokens": 20,
    "tokens_per_hour": 40.0,
    "tips": 1,
    "tippers": 1,
    "messages": 0,
    "unique_visitors": 1,
    "new_followers": 0,
    "unfollows": 1,
    "net_followers": -1,
    "coverage": 0.5,
}
BOTH = {
    "sessions": 2,
    "duration": 4200,
    "live": 4200,
    "tokens": 235,
    "tokens_per_hour": 201.43,  # 235 in 70 minutes
    "tips": 5,
    "tippers": 2,  # viewer_one tipped in both
    "messages": 2,
    "unique_visitors": 2,
    "new_followers": 1,
    "unfollows": 1,
    "net_followers": 0,
    "coverage": 0.7857,  # 40 and 15 minutes of 70
}


@pytest.fixture
def mine(cli: MhcHere, database: Database) -> MhcHere:
    tell_story(database)
    cli.environ |= {"CHATURBATE_USERNAME": "example_room", "MHC_TIMEZONE": "Europe/Berlin"}
    return cli


@pytest.fixture
def bare(cli: MhcHere) -> MhcHere:
    """Give the command with a room of which nothing is stored yet."""
    cli.environ |= {"CHATURBATE_USERNAME": "example_room", "MHC_TIMEZONE": "Europe/Berlin"}
    return cli


def report(cli: MhcHere, *words: str, **environ: str) -> dict[str, Any]:
    found: dict[str, Any] = cli("report", "sessions", "--json", *words, **environ).json
    return found


def at(text: str) -> float:
    """Give an instant as minutes into the story."""
    return (datetime.fromisoformat(text) - T0) / timedelta(minutes=1)


def show(begin: float, length: float = 30) -> list[Item]:
    return [happening(begin, "broadcastStart"), happening(begin + length, "broadcastStop")]


def weeks_of(
    cli: MhcHere, database: Database, *begins: str, by: str = "week", **environ: str
) -> list[tuple[str, int]]:
    """Give the periods of shows of half an hour that begin then, and how many each has."""
    with database.write() as conn:
        for page, begin in enumerate(begins):
            store(conn, show(at(begin)), page=page)
    rows = report(cli, "--by", by, **environ)["rows"]
    return [(row["period"], row["sessions"]) for row in rows]


def test_the_report_is_the_promised_document(mine: MhcHere) -> None:
    session = {"period": None, "room": "example_room", "title": None}
    begun = {"started_at": "2026-01-01T18:00:00Z", "ended_at": "2026-01-01T18:40:00Z"}
    next_day = {"started_at": "2026-01-02T18:00:00Z", "ended_at": "2026-01-02T18:30:00Z"}
    assert report(mine) == {
        "range": {"since": None, "until": None},
        "timezone": "Europe/Berlin",
        "room": "example_room",
        "sources": ["events"],
        "coverage": {"since": "2026-01-01T17:50:00Z", "until": "2026-01-02T18:15:00Z", "share": 0.0717},
        "excluded": 0,
        "by": "session",
        "totals": BOTH,
        "before": None,
        "compared": None,
        "weeks": [{"period": "2025-12-29"} | BOTH],
        "months": [{"period": "2026-01-01"} | BOTH],
        "rows": [session | next_day | SECOND, session | begun | FIRST],
    }


def test_figures_are_those_that_the_list_and_the_session_itself_show(mine: MhcHere) -> None:
    mine("session", "edit", "1", "--title", "First night")
    for row in report(mine)["rows"]:
        (listed,) = [
            one for one in mine("session", "list", "--json").json if one["started_at"] == row["started_at"]
        ]
        whole = mine("session", "show", str(listed["id"]), "--json").json
        assert {name: row[name] for name in row.keys() & listed.keys()} == {
            name: listed[name] for name in row.keys() & listed.keys()
        }
        for name in ("live", "tokens_per_hour", "unfollows", "net_followers", "title"):
            assert row[name] == whole[name], name


def test_any_figure_of_a_session_can_be_asked_of_each(mine: MhcHere) -> None:
    theirs = mine("session", "show", "1", "--json").json, mine("session", "show", "2", "--json").json
    names = sorted({"started_at", *theirs[0]} - {"id", "origin", "state", "notes"})
    assert len(names) > 25
    rows = report(mine, "--fields", ",".join(names))["rows"]
    assert rows == [{name: one[name] for name in names} for one in reversed(theirs)]
    by_chatters = report(mine, "--sort", "chatters:desc", "--fields", "chatters,started_at")["rows"]
    assert [row["chatters"] for row in by_chatters] == [2, 0]
    assert "chatters" not in report(mine)["rows"][0]
    assert report(mine, "--by", "week", "--fields", "chatters,period")["rows"] == [
        {"chatters": None, "period": "2025-12-29"}
    ]


def test_figures_of_each_session_are_lines_in_a_cell(mine: MhcHere) -> None:
    given = mine("report", "sessions", "-o", "tsv", "-L", "1", "--fields", "row,top,subjects", "--no-headers")
    assert given.stdout == "2026-01-02T18:00:00Z\tviewer_one  20\t\n"


def test_a_page_has_the_fields_that_were_asked_for(mine: MhcHere, tmp_path: Path) -> None:
    page = tmp_path / "page.html"
    mine("report", "sessions", "--html", str(page), "--fields", "row,chatters,subjects", "-L", "1")
    assert re.findall('data-name="(.+?)"><bdi>(.*?)</bdi>', page.read_text()) == [
        ("began", "2026-01-02 19:00"),
        ("chatters", "0"),
        ("subjects", "-"),
    ]


def test_a_session_that_was_parted_has_its_part_of_the_broadcasts(bare: MhcHere, database: Database) -> None:
    with database.write() as conn:
        store(conn, [*show(0, 20), tip(5, "viewer_one", 30), *show(25, 20)])
    bare("session", "split", "1", "--at", "2026-01-01T18:10:00Z", "-y")

    # From 18:10 to 18:20 and from 18:25 to 18:45; before it ten minutes, in which 30 tokens are 180 an hour.
    figures = [(row["duration"], row["live"], row["tokens_per_hour"]) for row in report(bare)["rows"]]
    assert figures == [(2100, 1800, 0.0), (600, 600, 180.0)]


def test_people_count_once_a_week(mine: MhcHere) -> None:
    found = report(mine, "--by", "week")

    empty = dict.fromkeys(("room", "started_at", "ended_at", "title"))
    assert found["rows"] == [{"period": "2025-12-29"} | empty | BOTH]
    assert [row["period"] for row in report(mine, "--by", "week", MHC_WEEK_START="friday")["rows"]] == [
        "2026-01-02",
        "2025-12-26",
    ]


def test_a_session_is_in_a_range_that_it_begins_in_and_is_counted_whole(mine: MhcHere) -> None:
    def begun(since: str, until: str) -> list[tuple[str, int]]:
        rows = report(mine, "--since", since, "--until", until)["rows"]
        return [(row["started_at"], row["tokens"]) for row in rows]

    first = [("2026-01-01T18:00:00Z", 215)]
    assert begun("2026-01-01T17:00:00Z", "2026-01-01T18:00:00Z") == []
    assert begun("2026-01-01T18:00:00Z", "2026-01-01T18:00:01Z") == first
    assert begun("2026-01-01T18:00:01Z", "2026-01-02T18:00:00Z") == []


def test_beside_the_range_stands_the_one_before_it(mine: MhcHere) -> None:
    found = report(mine, "--since", "2026-01-02T00:00:00Z", "--until", "2026-01-03T00:00:00Z")

    assert found["totals"] == SECOND
    day_before = {"since": "2026-01-01T00:00:00Z", "until": "2026-01-02T00:00:00Z"}
    assert found["before"] == day_before | FIRST


def test_the_range_before_has_as_many_days_by_the_clocks(mine: MhcHere, database: Database) -> None:
    with database.write() as conn:
        store(
            conn, show(at("2026-03-27T23:10:00+00:00")), page=7
        )  # 00:10 in Berlin on the day before the change

    found = report(mine, "--since", "2026-03-29", "--until", "2026-03-29")["before"]
    assert (found["since"], found["until"], found["sessions"]) == (
        "2026-03-27T23:00:00Z",
        "2026-03-28T23:00:00Z",  # 24 hours before a day of 23
        1,
    )


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--since", "2026-01-01"), "nothing was captured"),
        (("--since", "2026-01-01", "--until", "2026-01-31"), "nothing was captured"),
        (("--since", "0002-01-02", "--until", "2026-01-31"), "nothing was captured"),
    ],
)
def test_where_nothing_is_known_of_the_range_before_it_is_null_and_said_so(
    mine: MhcHere, words: tuple[str, ...], said: str
) -> None:
    assert report(mine, *words)["before"] is None
    run = mine("report", "sessions", *words, MHC_FORCE_TTY="80")
    assert f"before: unknown, {said}" in run.stderr


def test_a_room_that_was_merged_has_the_sessions_of_all_its_names(mine: MhcHere, database: Database) -> None:
    old = {"room": "old_room"}
    with database.write() as conn:
        begin, end = (
            happening(at, f"broadcast{what}", **old) for at, what in ((-3000, "Start"), (-2975, "Stop"))
        )
        store(conn, [begin, tip(-2990, "viewer_one", 40, room="old_room"), end], room="old_room", page=8)
    assert mine("person", "merge", "example_room", "old_room", "-y", "--force").status == 0

    assert [row["tokens"] for row in report(mine)["rows"]] == [20, 215, 40]
    assert [row["tokens"] for row in mine("session", "list", "--json").json] == [20, 215, 40]
    digest = mine("report", "digest", "--since", "2025-12-01", "--until", "2025-12-31", "--json").json
    assert digest["session"]["tokens"] == 40


def test_a_range_without_a_beginning_has_none_before_it(mine: MhcHere) -> None:
    assert report(mine, "--until", "2026-01-31")["before"] is None
    assert "before" not in mine("report", "sessions", "--until", "2026-01-31", MHC_FORCE_TTY="80").stderr


def test_a_range_up_to_now_has_one_before_it_that_is_as_long(mine: MhcHere) -> None:
    before = report(mine, "--since", "2026-01-02T00:00:00Z")["before"]

    # As long as from then till today, of which the first show is in.
    assert before == {"since": None, "until": "2026-01-02T00:00:00Z"} | FIRST


def test_of_a_range_to_come_there_is_none_before_it(mine: MhcHere) -> None:
    """A hundred years before 2126 would hold both shows."""
    assert report(mine, "--since", "2126-01-01", "--until", "2226-01-01")["before"] is None


def test_no_more_bars_are_drawn_than_were_asked_for(mine: MhcHere) -> None:
    assert len(mine("report", "sessions", "--plot", "-L", "1").stdout.splitlines()) == 1 + 2


def test_a_range_before_in_which_the_room_was_dark_has_no_session(mine: MhcHere) -> None:
    found = report(mine, "--since", "2026-01-01T18:00:00Z", "--until", "2026-01-01T18:30:00Z")

    assert (found["before"]["sessions"], found["before"]["tokens"], found["before"]["coverage"]) == (
        0,
        0,
        None,
    )


def test_a_session_over_midnight_is_of_the_month_in_which_it_began(bare: MhcHere, database: Database) -> None:
    # 23:50 on the last day of January in Berlin, and 00:10 on the first of February
    shows = "2026-01-31T22:50:00+00:00", "2026-01-31T23:25:00+00:00"
    assert weeks_of(bare, database, *shows, by="month") == [("2026-01-01", 1)], "a short break: one session"

    with database.write() as conn:
        store(conn, show(at("2026-02-01T00:30:00+00:00")), page=7)
    assert weeks_of(bare, database, by="month") == [("2026-02-01", 1), ("2026-01-01", 1)]


@pytest.mark.parametrize(
    ("zone", "begin", "week"),
    [
        (
            "Europe/Berlin",
            "2026-03-29T21:30:00+00:00",
            "2026-03-23",
        ),  # Sunday 23:30, an hour after the change
        ("Europe/Berlin", "2026-03-29T22:30:00+00:00", "2026-03-30"),  # Monday 00:30; without it still Sunday
        ("Europe/Berlin", "2026-10-25T22:30:00+00:00", "2026-10-19"),  # Sunday 23:30; without it Monday
        ("Europe/Berlin", "2026-10-25T23:00:00+00:00", "2026-10-26"),
        ("Asia/Kolkata", "2026-01-04T18:29:00+00:00", "2025-12-29"),  # Sunday 23:59, half an hour off
        ("Asia/Kolkata", "2026-01-04T18:30:00+00:00", "2026-01-05"),
    ],
)
def test_a_week_is_one_of_the_zone(
    bare: MhcHere, database: Database, zone: str, begin: str, week: str
) -> None:
    assert weeks_of(bare, database, begin, MHC_TIMEZONE=zone) == [(week, 1)]


@pytest.mark.parametrize("what", ["follow", "unfollow"])
def test_who_only_followed_is_said_to_be_left_out(bare: MhcHere, database: Database, what: str) -> None:
    with database.write() as conn:
        store(conn, [*show(0), *show(1440), happening(1450, what, "viewer_one")])
    bare("person", "exclude", "viewer_one")
    assert report(bare)["excluded"] == 1
    first_day = report(bare, "--until", "2026-01-01")
    assert (first_day["totals"]["sessions"], first_day["excluded"]) == (1, 0)


def test_excluded_people_do_not_count_but_for_what_they_gave_unnamed(mine: MhcHere) -> None:
    mine("person", "exclude", "viewer_one")
    run = mine("report", "sessions", "--json")

    # Of viewer_one the 50 stay that nobody's name was on.
    names = ("tokens", "tips", "tippers", "messages", "unique_visitors", "new_followers")
    figures = [tuple(row[name] for name in names) for row in run.json["rows"]]
    assert figures == [(0, 0, 0, 0, 0, 0), (115, 3, 1, 1, 1, 0)]
    assert (run.json["excluded"], run.json["totals"]["tippers"]) == (1, 1)
    assert "1 excluded" in run.stderr
    assert report(mine, "--include-excluded")["totals"] == BOTH


def test_who_did_nothing_in_these_sessions_is_not_left_out(mine: MhcHere) -> None:
    mine("person", "exclude", "viewer_two")

    assert report(mine)["excluded"] == 1
    assert report(mine, "--since", "2026-01-02")["excluded"] == 0


def test_who_only_wrote_between_two_sessions_is_not_left_out(bare: MhcHere, database: Database) -> None:
    with database.write() as conn:
        store(conn, [*show(0), chat(60, "viewer_one"), *show(120)])
    bare("person", "exclude", "viewer_one")

    assert (report(bare)["totals"]["sessions"], report(bare)["excluded"]) == (2, 0)


def test_who_only_wrote_is_left_out_too(bare: MhcHere, database: Database) -> None:
    with database.write() as conn:
        store(conn, [*show(0), chat(5, "viewer_one"), chat(6, "viewer_two")])
    bare("person", "exclude", "viewer_one")

    found = report(bare)
    assert (found["excluded"], found["totals"]["messages"]) == (1, 1)


def test_merged_people_are_one(mine: MhcHere) -> None:
    mine("person", "merge", "viewer_one", "viewer_two")

    totals = report(mine)["totals"]
    assert (totals["tippers"], totals["unique_visitors"], totals["tokens"]) == (1, 1, 235)


def test_anonymous_tips_alone_are_tips_of_nobody(bare: MhcHere, database: Database) -> None:
    with database.write() as conn:
        store(
            conn, [*show(0), tip(5, "viewer_one", 7, anonymous=True), tip(6, "viewer_one", 8, anonymous=True)]
        )

    (row,) = report(bare)["rows"]
    assert (row["tokens"], row["tips"], row["tippers"], row["unique_visitors"]) == (15, 2, 0, 0)


def test_the_testbed_changes_nothing(mine: MhcHere, database: Database) -> None:
    before = report(mine)
    with database.write() as conn:
        store(conn, [tip(5, "viewer_nine", 1000), chat(6, "viewer_nine")], kind=Kind.TESTBED, page=9)

    assert report(mine) == before


def test_a_session_that_lasts_has_what_it_has_so_far(bare: MhcHere, database: Database) -> None:
    with database.write() as conn:
        store(
            conn,
            [
                happening(0, "broadcastStart"),
                happening(1, "userEnter", "viewer_one"),
                tip(2, "viewer_one", 5),
            ],
        )

    (row,) = report(bare)["rows"]
    assert (row["ended_at"], row["tokens"], row["unique_visitors"], row["coverage"]) == (None, 5, 1, None)
    assert row["duration"] > 0


def test_two_rooms_at_once_are_rows_of_their_own_and_their_people_one(
    cli: MhcHere, database: Database
) -> None:
    cli.environ |= {"MHC_TIMEZONE": "UTC"}
    with database.write() as conn:
        store(conn, [*show(0), tip(5, "viewer_one", 7)])
        other = [(when, what, more | {"broadcaster": "other_room"}) for when, what, more in show(10)]
        store(conn, [*other, tip(15, "viewer_one", 11, room="other_room")], room="other_room", page=1)

    found = report(cli)
    assert [(row["room"], row["tokens"]) for row in found["rows"]] == [
        ("other_room", 11),
        ("example_room", 7),
    ]
    assert (found["room"], found["totals"]["tokens"], found["totals"]["tippers"]) == (None, 18, 1)
    assert [row["tokens"] for row in report(cli, "--room", "other_room")["rows"]] == [11]


def test_an_empty_range_is_said_to_be_empty(mine: MhcHere) -> None:
    found = report(mine, "--since", "2027-01-01")
    assert (found["totals"], found["before"], found["weeks"], found["rows"]) == (None, None, [], [])

    run = mine("report", "sessions", "--since", "2027-01-01", MHC_FORCE_TTY="80")
    assert len(run.stdout.splitlines()) == 1, "nothing but the header"
    assert "no session began in that time" in run.stderr
    assert "all:" not in run.stderr


def test_a_table_says_the_totals_beside_it(mine: MhcHere) -> None:
    words = "--since", "2026-01-02T00:00:00Z", "--until", "2026-01-03T00:00:00Z"
    run = mine("report", "sessions", *words, MHC_FORCE_TTY="80")

    assert run.stdout.splitlines()[1].split()[:4] == ["2026-01-02", "19:00", "30m", "00s"]
    assert all(len(line) <= 80 for line in run.stdout.splitlines())
    assert (
        "all: 1 session, 30m 00s live, 20 tokens (40.00 an hour), 1 tipper, 1 person, followers -1"
        in run.stderr
    )
    assert (
        "before: 1 session, 40m 00s live, 215 tokens (322.50 an hour), 2 tippers, 2 people, followers +1"
        in run.stderr
    )


@pytest.mark.parametrize(
    ("metric", "figures", "word"),
    [
        ("tokens", ["20", "215"], "tokens"),
        ("tokens_per_hour", ["40", "322"], "tokens an hour live"),
        ("visitors", ["1", "2"], "people"),
    ],
)
def test_bars_are_readable_in_80_columns_and_in_ascii(
    mine: MhcHere, metric: str, figures: list[str], word: str
) -> None:
    run = mine("report", "sessions", "--plot", "--metric", metric, MHC_FORCE_TTY="80", LC_ALL="C.UTF-8")
    *lines, blank, said = run.stdout.splitlines()
    assert (blank, said) == ("", f"{word} by session")
    assert [line.split()[:3] for line in lines] == [
        ["2026-01-02", "19:00", figures[0]],
        ["2026-01-01", "19:00", figures[1]],
    ]
    assert all(len(line) <= 80 for line in lines)
    assert lines[1].count("█") > lines[0].count("█") > 0

    weeks = mine("report", "sessions", "--plot", "--by", "week", "--metric", metric, MHC_FORCE_TTY="80")
    assert [line.split()[0] for line in weeks.stdout.splitlines()[:-2]] == ["2025-12-29"]


def test_bars_are_not_for_programs(mine: MhcHere) -> None:
    run = mine("report", "sessions", "--plot", "-o", "csv")

    assert (run.status, run.stdout) == (2, "")
    assert "--plot draws for people" in run.stderr


def test_while_others_see_the_screen_amounts_are_hidden_wherever_they_stand(mine: MhcHere) -> None:
    found = report(mine, MHC_SCREEN_SAFE="1")
    for one in (found["totals"], *found["weeks"], *found["rows"]):
        assert (one["tokens"], one["tokens_per_hour"], one["tips"], one["sessions"] > 0) == (
            None,
            None,
            None,
            True,
        )

    run = mine("report", "sessions", MHC_SCREEN_SAFE="1", MHC_FORCE_TTY="80")
    assert "235" not in run.stdout + run.stderr
    page = mine.home / "page.html"
    mine("report", "sessions", "--html", str(page), MHC_SCREEN_SAFE="1")
    assert "235" not in page.read_text()
    assert "215" not in page.read_text()


def test_a_page_has_the_totals_the_bars_and_the_table(mine: MhcHere) -> None:
    page = mine.home / "page.html"
    words = "--since", "2026-01-02T00:00:00Z", "--until", "2026-01-03T00:00:00Z"
    mine("report", "sessions", *words, "--html", str(page))

    text = page.read_text()
    assert "1 session, 30m 00s live, 20 tokens" in text
    assert "215 tokens" in text, "of the day before"
    assert "<svg" in text
    assert "2026-01-02 19:00" in text


def test_what_was_not_captured_whole_ends_with_4_where_it_must_be(mine: MhcHere) -> None:
    assert mine("report", "sessions", "--require-complete").status == 4

    with_cover = "--since", "2026-01-01T18:00:00Z", "--until", "2026-01-01T18:40:00Z"
    assert mine("report", "sessions", *with_cover, "--require-complete").status == 0


def test_who_came_is_unknown_where_that_is_not_kept_any_more(mine: MhcHere, database: Database) -> None:
    (mine.home / "retention.toml").write_text('[retention]\npresence = "30d"\n')
    with database.write() as conn:  # what is due must be a small part
        later = [happening(60 * DAY + n, "userEnter", f"viewer_{n}") for n in range(60)]
        store(conn, later, page=20)
        cover(conn, 60 * DAY, 60 * DAY + 90)
    run = mine("db", "prune", "-y", "--force", "--config", str(mine.home / "retention.toml"))
    assert run.status == 0, run.stderr

    found = report(mine)
    assert [row["unique_visitors"] for row in found["rows"]] == [None, None]
    assert (found["totals"]["unique_visitors"], found["totals"]["tokens"]) == (None, 235)
