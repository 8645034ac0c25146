"""`--compare`: figures beside those of an earlier range, worked out by hand, on both databases."""

from typing import Any

import pytest

from command import MhcHere
from factories import DAY, chat, cover, happening, store, tip
from mhc.store.database import Database

MARCH = 60 * DAY  # 2026-03-02T18:00Z, a Monday
WEEK = ("--since", "2026-03-09", "--until", "2026-03-15")
YEAR = 365 * DAY


def show(start: float, items: list[Any]) -> list[Any]:
    """Give an hour of a session, in which some things happen."""
    talk = [chat(start + 25, "viewer_one"), chat(start + 50, "viewer_one")]
    return [happening(start, "broadcastStart"), *items, *talk, happening(start + 60, "broadcastStop")]


@pytest.fixture
def mine(cli: MhcHere, database: Database) -> MhcHere:
    """A show in the week before, of which half an hour was captured, one in this week, and one a year ago."""
    with database.write() as conn:
        then, now = MARCH + 60, MARCH + 7 * DAY + 60  # from 20:00 in Berlin
        store(conn, show(then, [
            tip(then + 1, "viewer_one", 40), tip(then + 2, "viewer_gone", 30), tip(then + 3, "viewer_shy", 5, anonymous=True),
            happening(then + 4, "follow", "viewer_one"), happening(then + 5, "follow", "viewer_gone"),
        ]))  # fmt: skip
        store(conn, show(now, [
            tip(now + 1, "viewer_one", 50), tip(now + 2, "viewer_one", 10), tip(now + 3, "viewer_new", 15),
            happening(now + 4, "follow", "viewer_new"),
        ]), page=1)  # fmt: skip
        store(conn, [happening(now + DAY, "unfollow", "viewer_gone")], page=4)
        store(conn, [tip(now - YEAR, "viewer_one", 7)], page=2)
        cover(conn, then, then + 30)
        cover(conn, now, now + 60)
        cover(conn, now + DAY - 10, now + DAY + 10)
    cli.environ |= {"CHATURBATE_USERNAME": "example_room", "MHC_TIMEZONE": "Europe/Berlin"}
    return cli


def report(cli: MhcHere, name: str, *words: str) -> Any:
    run = cli("report", name, "--json", *words)
    assert run.status == 0, run.stderr
    return run.json


def test_each_tipper_stands_beside_what_they_gave_then(mine: MhcHere) -> None:
    found = report(mine, "tippers", *WEEK, "--compare", "previous")
    names = (
        "username",
        "tokens",
        "tokens_then",
        "tokens_change",
        "tokens_growth",
        "tips_then",
        "tips_change",
        "tips_growth",
    )

    assert [tuple(row[name] for name in names) for row in found["rows"]] == [
        ("viewer_one", 60, 40, 20, 0.5, 1, 1, 1.0),
        ("viewer_new", 15, 0, 15, None, 0, 1, None),
        # Who gave then, and not now, comes last.
        ("viewer_gone", 0, 30, -30, -1.0, 1, -1, -1.0),
        (None, 0, 5, -5, -1.0, 1, -1, -1.0),
    ]
    assert found["compared"] == {
        "with": "previous",
        "range": {"since": "2026-03-01T23:00:00Z", "until": "2026-03-08T23:00:00Z"},
        "captured": 0.003,  # half an hour of a week
        "coverage": {"since": "2026-03-02T19:00:00Z", "until": "2026-03-02T19:30:00Z", "share": 0.003},
        "totals": {
            "tokens": {"now": 75, "then": 75, "change": 0, "growth": 0},
            "tips": {"now": 3, "then": 3, "change": 0, "growth": 0},
            "people": {"now": 2, "then": 2, "change": 0, "growth": 0},
        },
    }


def test_a_table_has_the_change_beside_the_value(mine: MhcHere) -> None:
    run = mine("report", "tippers", *WEEK, "--compare", "previous", MHC_FORCE_TTY="70", NO_COLOR="1")

    assert run.stdout.splitlines()[:3] == [
        "USERNAME     TOKENS  THEN  CHANGE  TIPS  SHARE  LAST TIP",
        "viewer_one       60    40    +50%     2  80.0%  2026-03-09 20:02",
        "viewer_new       15     0       -     1  20.0%  2026-03-09 20:03",
    ]


def test_where_less_was_captured_that_is_said(mine: MhcHere, database: Database) -> None:
    run = mine("report", "tippers", *WEEK, "--compare", "previous")
    # 80 minutes, and 30, of 10,080
    assert "0.8% of the time was captured, and 0.3% of that it is compared with" in run.stderr

    with database.write() as conn:
        cover(conn, MARCH + 90, MARCH + 130)  # 70 minutes: alike
    assert "compared with" not in mine("report", "tippers", *WEEK, "--compare", "previous").stderr
    evening = ("--since", "2026-03-09 20:00", "--until", "2026-03-09 20:30")
    run = mine("report", "tippers", *evening, "--compare", "previous")
    assert "nothing was captured in the range that is compared" in run.stderr


def test_where_nothing_was_then_the_difference_is_said(mine: MhcHere, database: Database) -> None:
    with database.write() as conn:
        cover(conn, MARCH + 6 * DAY, MARCH + 6 * DAY + 60)  # on the Sunday before somebody listened in vain
    monday = ("--since", "2026-03-09", "--until", "2026-03-09")
    run = mine("report", "sessions", *monday, "--compare", "previous", MHC_FORCE_TTY="80")
    assert "change: tokens +75, tippers +2" in run.stderr
    assert "unknown" not in run.stderr


@pytest.mark.parametrize("name", ["tippers", "timing", "followers"])
def test_of_what_was_not_captured_nothing_is_known(mine: MhcHere, name: str) -> None:
    found = report(mine, name, *WEEK, "--compare", "last-year")

    assert found["compared"]["range"] == {"since": "2025-03-08T23:00:00Z", "until": "2025-03-15T23:00:00Z"}
    assert (found["compared"]["captured"], found["compared"]["coverage"]) == (None, None)
    assert {one["then"] for one in found["compared"]["totals"].values()} == {None}
    then = {
        value for row in found["rows"] for key, value in row.items() if "_then" in key or "_growth" in key
    }
    assert (len(found["rows"]), then) == ({"tippers": 2, "timing": 1, "followers": 2}[name], {None})


@pytest.mark.parametrize("name", ["tippers", "timing", "followers"])
def test_an_empty_range_is_compared_with_what_was(mine: MhcHere, name: str) -> None:
    found = report(mine, name, "--since", "2026-03-03", "--until", "2026-03-03", "--compare", "previous")
    assert found["compared"]["captured"] == 0.0208  # half an hour of a day
    # Of whom nothing was captured now, nothing is told; an hour and a day of then are there, unknown now.
    assert len(found["rows"]) == {"tippers": 0, "timing": 1, "followers": 1}[name]
    assert {one["now"] for one in found["compared"]["totals"].values()} == {None}

    ahead = report(mine, name, "--since", "2126-03-03", "--compare", "last-year")
    assert (ahead["rows"], ahead["compared"]["captured"]) == ([], None)


@pytest.mark.parametrize("name", ["tippers", "timing", "followers"])
def test_what_is_compared_has_a_beginning(mine: MhcHere, name: str) -> None:
    run = mine("report", name, "--compare", "previous")

    assert (run.status, run.stdout) == (2, "")
    assert run.stderr == "mhc: --compare needs a range that has a beginning\nhint: give --since\n"
    assert mine("report", name, "--since", "0001-01-02", "--compare", "previous").status == 2


def test_each_hour_stands_beside_the_same_hour_then(mine: MhcHere, database: Database) -> None:
    with database.write() as conn:
        tuesday = MARCH + DAY + 60
        store(conn, show(tuesday, [tip(tuesday, "viewer_one", 12)]), page=3)
        cover(conn, tuesday, tuesday + 60)
    found = report(mine, "timing", *WEEK, "--compare", "previous")

    assert found["rows"] == [
        {
            "weekday": "monday", "hour": 20, "amount": 75, "hours": 1.0, "per_hour": 75.0, "observations": 1,
            # 75 tokens in the half hour that was captured
            "amount_then": 75, "hours_then": 0.5, "per_hour_then": 150.0, "per_hour_change": -75.0, "per_hour_growth": -0.5,
        },
        {
            "weekday": "tuesday", "hour": 20, "amount": None, "hours": 0.0, "per_hour": None, "observations": 0,
            "amount_then": 12, "hours_then": 1.0, "per_hour_then": 12.0, "per_hour_change": None, "per_hour_growth": None,
        },
    ]  # fmt: skip
    assert found["compared"]["totals"] == {
        "amount": {"now": 75, "then": 87, "change": -12, "growth": -0.1379},
        "hours": {"now": 1.0, "then": 1.5, "change": -0.5, "growth": -0.3333},
        "per_hour": {"now": 75.0, "then": 58.0, "change": 17.0, "growth": 0.2931},
    }
    lines = mine("report", "timing", *WEEK, "--compare", "previous", "--plot", MHC_FORCE_TTY="80").stdout
    assert lines.splitlines()[0].split() == [f"{hour:02}" for hour in range(24)]


def test_an_hour_that_was_dark_then_had_no_time_and_no_figure(mine: MhcHere, database: Database) -> None:
    with database.write() as conn:
        tuesday = MARCH + 8 * DAY + 180
        store(conn, show(tuesday, [tip(tuesday, "viewer_one", 12)]), page=3)
        cover(conn, tuesday, tuesday + 60)
    row = report(mine, "timing", *WEEK, "--compare", "previous")["rows"][-1]

    assert (row["weekday"], row["per_hour"]) == ("tuesday", 12.0)
    assert (row["hours_then"], row["amount_then"], row["per_hour_then"]) == (0.0, None, None)


def test_what_is_to_come_is_not_compared(mine: MhcHere) -> None:
    found = report(
        mine, "tippers", "--since", "2026-03-09", "--until", "2126-01-01", "--compare", "last-year"
    )

    # It ends a year before now, which JSON does not say.
    assert found["compared"]["range"] == {"since": "2025-03-08T23:00:00Z", "until": None}


def test_each_day_stands_beside_its_day_then(mine: MhcHere) -> None:
    found = report(mine, "followers", *WEEK, "--compare", "previous")
    names = (
        "day",
        "follows",
        "net",
        "day_then",
        "follows_then",
        "unfollows_then",
        "net_then",
        "net_change",
        "net_growth",
    )

    assert [tuple(row[name] for name in names) for row in found["rows"]] == [
        ("2026-03-09", 1, 1, "2026-03-02", 2, 0, 2, -1, -0.5),
        # Of the Tuesday before nothing was captured.
        ("2026-03-10", 0, -1, "2026-03-03", None, None, None, None, None),
    ]
    assert found["compared"]["totals"] == {
        "follows": {"now": 1, "then": 2, "change": -1, "growth": -0.5},
        "unfollows": {"now": 1, "then": 0, "change": 1, "growth": None},
        "net": {"now": 0, "then": 2, "change": -2, "growth": -1.0},
    }


def test_a_day_of_then_is_shown_where_nothing_happened_since(mine: MhcHere, database: Database) -> None:
    with database.write() as conn:
        cover(conn, MARCH + 14 * DAY, MARCH + 14 * DAY + 10)  # the Monday after: nobody came or went
    found = report(
        mine, "followers", "--since", "2026-03-16", "--until", "2026-03-22", "--compare", "previous"
    )

    assert [(row["day"], row["net"], row["day_then"], row["net_then"]) for row in found["rows"]] == [
        ("2026-03-16", 0, "2026-03-09", 1),
        ("2026-03-17", None, "2026-03-10", -1),
    ]


def test_the_totals_of_sessions_stand_beside_those_of_then(mine: MhcHere) -> None:
    found = report(mine, "sessions", *WEEK, "--compare", "previous")["compared"]["totals"]

    # A session each, of an hour; 60 + 15, and 40 + 30 + 5, of which nobody knows whose the 5 are.
    same = {"now": 1, "then": 1, "change": 0, "growth": 0}
    assert found["sessions"] == same
    assert found["live"] == {"now": 3600.0, "then": 3600.0, "change": 0.0, "growth": 0.0}
    assert found["tokens"] == {"now": 75, "then": 75, "change": 0, "growth": 0}
    assert found["tippers"] == {"now": 2, "then": 2, "change": 0, "growth": 0}
    assert found["new_followers"] == {"now": 1, "then": 2, "change": -1, "growth": -0.5}
    run = mine("report", "sessions", *WEEK, "--compare", "previous", MHC_FORCE_TTY="80")
    assert "then: 1 session, 1h 00m live, 75 tokens (75.00 an hour), 2 tippers" in run.stderr
    assert "change: tokens 0%, an hour 0%, tippers 0%" in run.stderr
    assert "before:" not in run.stderr, "that is the range that is compared: said once"
    other = mine("report", "sessions", *WEEK, "--compare", "last-year", MHC_FORCE_TTY="80")
    assert "before: 1 session, 1h 00m live" in other.stderr
    unknown = report(mine, "sessions", *WEEK, "--compare", "last-year")["compared"]
    assert {one["then"] for one in unknown["totals"].values()} == {None}


@pytest.mark.parametrize(
    ("since", "until", "then"),
    [
        # Sunday the 29th has 23 hours, and 25 October 25: a day is compared with a day.
        ("2026-03-29", "2026-03-29", ("2026-03-27T23:00:00Z", "2026-03-28T23:00:00Z")),
        ("2026-03-30", "2026-03-30", ("2026-03-28T23:00:00Z", "2026-03-29T22:00:00Z")),
        ("2026-10-25", "2026-10-25", ("2026-10-23T22:00:00Z", "2026-10-24T22:00:00Z")),
        ("2026-10-26", "2026-10-26", ("2026-10-24T22:00:00Z", "2026-10-25T23:00:00Z")),
    ],
)
def test_days_are_those_of_the_clocks(mine: MhcHere, since: str, until: str, then: tuple[str, str]) -> None:
    found = report(mine, "tippers", "--since", since, "--until", until, "--compare", "previous")

    assert tuple(found["compared"]["range"].values()) == then


def test_a_page_says_what_it_is_compared_with(mine: MhcHere) -> None:
    for name in ("tippers", "timing", "followers"):
        page = mine.home / f"{name}.html"
        run = mine("report", name, *WEEK, "--compare", "previous", "--html", str(page))

        assert run.status == 0, run.stderr
        assert "<dt>compared with</dt><dd><bdi>2026-03-02 00:00 to 2026-03-09 00:00</bdi>" in page.read_text()


def test_while_others_see_the_screen_no_amount_is_shown(mine: MhcHere) -> None:
    found = mine("report", "tippers", *WEEK, "--compare", "previous", "--json", MHC_SCREEN_SAFE="1").json

    assert found["compared"]["totals"]["tokens"] is None
    assert {row["tokens_then"] for row in found["rows"]} == {None}
