"""`mhc report tippers`, by whole documents and on both databases."""

from typing import Any

import pytest
from sqlalchemy import update

import factories
from command import Mhc, MhcHere
from factories import happening, media, tell_story, tip
from mhc.domain.clock import EPOCH
from mhc.domain.events import MAX_TOKENS
from mhc.store.database import Database
from mhc.store.schema import event
from mhc.store.streams import Kind

# What is asked for by a range that begins, of another source, and with --compare.
ELSE: dict[str, Any] = dict.fromkeys(
    [
        *("before", "trend", "elsewhere", "elsewhere_at"),
        *("tokens_then", "tokens_change", "tokens_growth", "tips_then", "tips_change", "tips_growth"),
    ]
)
ONE = ELSE | {
    "username": "viewer_one",
    "anonymous": False,
    "tokens": 120,
    "tips": 2,
    "share": 0.5106,
    "mean": 60.0,
    "median": 20,
    "largest": 100,
    "first_tip_at": "2026-01-01T18:05:00Z",
    "last_tip_at": "2026-01-02T18:05:00Z",
    "sessions": 2,
}
TWO = ELSE | {
    "username": "viewer_two",
    "anonymous": False,
    "tokens": 65,
    "tips": 2,
    "share": 0.2766,
    "mean": 17.5,
    "median": 10,
    "largest": 25,
    "first_tip_at": "2026-01-01T18:06:00Z",
    "last_tip_at": "2026-01-01T18:08:00Z",
    "sessions": 1,
}
ANONYMOUS = ELSE | {
    "username": None,
    "anonymous": True,
    "tokens": 50,
    "tips": 1,
    "share": 0.2128,
    "mean": 50.0,
    "median": 50,
    "largest": 50,
    "first_tip_at": "2026-01-01T18:07:00Z",
    "last_tip_at": "2026-01-01T18:07:00Z",
    "sessions": 1,
}


@pytest.fixture
def mine(cli: MhcHere) -> MhcHere:
    cli.environ |= {"CHATURBATE_USERNAME": "example_room", "MHC_TIMEZONE": "Europe/Berlin"}
    return cli


def rows(cli: MhcHere, *words: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = cli("report", "tippers", "--json", *words).json["rows"]
    return found


def test_the_report_is_the_promised_document(database: Database, mine: MhcHere) -> None:
    tell_story(database)
    run = mine("report", "tippers", "--json")
    assert run.json == {
        "range": {"since": None, "until": None},
        "timezone": "Europe/Berlin",
        "room": "example_room",
        "sources": ["events"],
        "coverage": {"since": "2026-01-01T17:50:00Z", "until": "2026-01-02T18:15:00Z", "share": 0.0717},
        "excluded": 0,
        "before": None,
        "compared": None,
        "rows": [ONE, TWO, ANONYMOUS],
    }
    assert run.stderr == "warning: 99.9% of the time up to now was not captured: mhc capture gaps\n"


def test_a_range_is_half_open_and_names_its_coverage(database: Database, mine: MhcHere) -> None:
    tell_story(database)
    run = mine("report", "tippers", "--json", "--since", "2026-01-01T18:06Z", "--until", "2026-01-01T18:08Z")
    assert run.json["range"] == {"since": "2026-01-01T18:06:00Z", "until": "2026-01-01T18:08:00Z"}
    assert run.json["coverage"] == {**run.json["range"], "share": 1.0}
    assert [(row["username"], row["tokens"], row["share"]) for row in run.json["rows"]] == [
        (None, 50, 0.6667),
        ("viewer_two", 25, 0.3333),
    ]
    assert run.stderr == ""
    assert rows(mine, "--since", "2026-01-02") == [ONE | {
        "tokens": 20, "before": 100, "trend": -80, "tips": 1, "share": 1.0, "mean": 20.0, "largest": 20,
        "first_tip_at": "2026-01-02T18:05:00Z", "sessions": 1,
    }]  # fmt: skip


def test_reveal_counts_anonymous_tips_for_who_made_them(database: Database, mine: MhcHere) -> None:
    tell_story(database)
    revealed = {"tokens": 170, "tips": 3, "share": 0.7234, "mean": 56.67, "median": 50}
    assert rows(mine, "--reveal") == [ONE | revealed, TWO]


def test_excluded_people_are_left_out_of_rows_and_total(database: Database, mine: MhcHere) -> None:
    tell_story(database)
    mine("watchlist", "add", "Excluded", "viewer_one")
    run = mine("report", "tippers", "--json")
    assert run.json["excluded"] == 1
    assert run.stderr.startswith("1 excluded\n")
    assert run.json["rows"] == [TWO | {"share": 0.5652}, ANONYMOUS | {"share": 0.4348}]
    assert rows(mine, "--include-excluded") == [ONE, TWO, ANONYMOUS]
    assert rows(mine, "--reveal") == [TWO | {"share": 1.0}]


def test_top_and_sort_leave_the_figures_alone(database: Database, mine: MhcHere) -> None:
    tell_story(database)
    assert rows(mine, "--top", "1") == [ONE]
    assert rows(mine, "-L", "2") == [ONE, TWO]
    assert rows(mine, "--sort", "tokens") == [ANONYMOUS, TWO, ONE]
    assert rows(mine, "--sort", "username:desc") == [TWO, ONE, ANONYMOUS]


def test_equals_go_by_name_and_nobody_comes_last(database: Database, mine: MhcHere) -> None:
    with database.write() as conn:
        tips = [tip(place, name, 10) for place, name in enumerate(("viewer_b", "viewer_a", "viewer_c"))]
        factories.store(conn, [*tips, tip(9, "viewer_d", 10, anonymous=True)])
    assert [row["username"] for row in rows(mine)] == ["viewer_a", "viewer_b", "viewer_c", None]


def test_media_is_tokens_but_no_tip(database: Database, mine: MhcHere) -> None:
    with database.write() as conn:
        factories.store(conn, [media(1, "viewer_one", 30), tip(2, "viewer_two", 10)])
    nothing = {"mean": None, "median": None, "largest": None, "first_tip_at": None, "last_tip_at": None}
    assert rows(mine)[0] == ONE | nothing | {"tokens": 30, "tips": 0, "share": 0.75, "sessions": 0}


@pytest.mark.parametrize("since", ["0001-01-01T00:00:00Z", "9999-12-31T00:00:00Z"])
def test_the_ends_of_the_calendar_are_too_far_away(mine: MhcHere, since: str) -> None:
    run = mine("report", "tippers", "--since", since)
    assert (run.status, run.stdout) == (2, "")
    assert "too far away" in run.stderr


def test_tips_of_years_count_once_each(database: Database, mine: MhcHere) -> None:
    days = [-1000, -900, -850, -800, -100, -1, 0]
    with database.write() as conn:
        factories.store(conn, [tip(day * 24 * 60, "viewer_one", 10) for day in days])

    assert [(row["tokens"], row["tips"]) for row in rows(mine)] == [(70, 7)]


def test_the_largest_amounts_are_added_up(database: Database, mine: MhcHere) -> None:
    with database.write() as conn:
        factories.store(conn, [tip(at, "viewer_one", MAX_TOKENS, anonymous=at == 2) for at in range(3)])

    assert [(row["tokens"], row["largest"]) for row in rows(mine)] == [
        (2 * MAX_TOKENS, MAX_TOKENS),
        (MAX_TOKENS, MAX_TOKENS),
    ]


def test_tips_between_sessions_are_in_none(database: Database, mine: MhcHere) -> None:
    with database.write() as conn:
        show = [happening(0, "broadcastStart"), tip(1, "viewer_one", 1), happening(10, "broadcastStop")]
        factories.store(
            conn, [tip(-5, "viewer_one", 1), *show, tip(10, "viewer_two", 1), tip(11, "viewer_one", 1)]
        )
    assert [(row["username"], row["tips"], row["sessions"]) for row in rows(mine)] == [
        ("viewer_one", 3, 1),
        ("viewer_two", 1, 0),
    ]


def test_sessions_of_two_rooms_at_once_are_two(database: Database, mine: MhcHere) -> None:
    with database.write() as conn:
        for page, room in enumerate(("example_room", "other_room")):
            show = [happening(0, "broadcastStart", room=room), tip(1, "viewer_one", 1, room=room)]
            factories.store(conn, [*show, happening(10, "broadcastStop", room=room)], room=room, page=page)
    everywhere = mine("report", "tippers", "--json", CHATURBATE_USERNAME="").json
    assert [(row["tips"], row["sessions"]) for row in everywhere["rows"]] == [(2, 2)]


def test_a_pasted_tip_of_unknown_time_counts_and_is_neither_first_nor_last(
    database: Database, mine: MhcHere
) -> None:
    with database.write() as conn:
        given = [tip(0, "viewer_one", 3), tip(0, "viewer_two", 2), tip(1, "viewer_one", 5)]
        factories.store(conn, given, kind=Kind.PASTE)
        conn.execute(update(event).where(event.c.tokens < 5).values(at=EPOCH))
    one, two = rows(mine)

    assert (one["tokens"], one["tips"], one["first_tip_at"]) == (8, 2, "2026-01-01T18:01:00Z")
    assert (two["tokens"], two["tips"], two["first_tip_at"], two["last_tip_at"]) == (2, 1, None, None)


def test_the_testbed_counts_only_when_asked_for(database: Database, mine: MhcHere) -> None:
    with database.write() as conn:
        factories.store(conn, [tip(1, "viewer_one", 5)])
        factories.store(conn, [tip(1, "viewer_two", 7)], kind=Kind.TESTBED)
    assert [row["username"] for row in rows(mine)] == ["viewer_one"]
    with_it = mine("report", "tippers", "--testbed", "--json").json
    assert with_it["sources"] == ["events", "testbed"]
    assert [row["username"] for row in with_it["rows"]] == ["viewer_two", "viewer_one"]


def test_rooms_are_apart(database: Database, mine: MhcHere) -> None:
    tell_story(database)
    with database.write() as conn:
        factories.store(conn, [tip(1, "viewer_two", 500, room="other_room")], room="other_room")
        factories.store(conn, [tip(2, "viewer_two", 3, room=None)], room="other_room", page=2)
    assert rows(mine) == [ONE, TWO, ANONYMOUS]
    assert [row["tokens"] for row in rows(mine, "--room", "other_room")] == [503]
    everywhere = mine("report", "tippers", "--json", CHATURBATE_USERNAME="").json
    assert (everywhere["room"], [row["tokens"] for row in everywhere["rows"]]) == (None, [568, 120, 50])


def test_tables_name_the_anonymous_row_and_names_leave_it_out(database: Database, mine: MhcHere) -> None:
    tell_story(database)
    assert mine("report", "tippers", "-o", "name").stdout == "viewer_one\nviewer_two\n"
    assert mine("report", "tippers", "--fields", "username,tokens").stdout == (
        "username\ttokens\nviewer_one\t120\nviewer_two\t65\n(anonymous)\t50\n"
    )
    assert mine("report", "tippers", MHC_FORCE_TTY="80", NO_COLOR="1").stdout == (
        "USERNAME     TOKENS  TREND  TIPS             SHARE  LAST TIP          ELSEWHERE\n"
        "viewer_one      120      -     2  51.1% ██████████  2026-01-02 19:05          -\n"
        "viewer_two       65      -     2  27.7% █████·····  2026-01-01 19:08          -\n"
        "(anonymous)      50      -     1  21.3% ████······  2026-01-01 19:07          -\n"
    )
    assert mine("report", "tippers", MHC_FORCE_TTY="70", NO_COLOR="1").stdout == (  # no room for bars
        "USERNAME     TOKENS  TREND  TIPS  SHARE  LAST TIP          ELSEWHERE\n"
        "viewer_one      120      -     2  51.1%  2026-01-02 19:05          -\n"
        "viewer_two       65      -     2  27.7%  2026-01-01 19:08          -\n"
        "(anonymous)      50      -     1  21.3%  2026-01-01 19:07          -\n"
    )
    lines = mine("report", "tippers", "-o", "ndjson").stdout.splitlines()
    assert len(lines) == 3


def test_an_empty_database_stays_missing(run_mhc: Mhc) -> None:
    run = run_mhc("report", "tippers", "--json", "--since", "2026-01-01", "--until", "2026-01-01")
    assert run.status == 0
    assert run.stderr == (
        "warning: nothing was captured in that time: mhc capture coverage says what was, mhc listen captures\n"
    )
    assert run.json == {
        "range": {"since": "2026-01-01T00:00:00Z", "until": "2026-01-02T00:00:00Z"},
        "timezone": "UTC",
        "room": None,
        "sources": ["events"],
        "coverage": None,
        "excluded": 0,
        "before": {"since": "2025-12-31T00:00:00Z", "until": "2026-01-01T00:00:00Z", "captured": None},
        "compared": None,
        "rows": [],
    }
    assert not list(run_mhc.home.rglob("*.db"))


def test_alternates_are_one_where_that_is_asked_for(database: Database, mine: MhcHere) -> None:
    tell_story(database)
    mine("pair", "add", "viewer_two", "viewer_one", "--kind", "alternate")
    mine("pair", "add", "viewer_one", "example_room")  # works with them
    assert [(row["username"], row["tokens"]) for row in rows(mine)] == [
        ("viewer_one", 120), ("viewer_two", 65), (None, 50)
    ]  # fmt: skip
    one, _anonymous = rows(mine, "--with-alternates")
    assert (one["username"], one["tokens"], one["tips"], one["sessions"]) == ("viewer_one", 185, 4, 2)
    assert (one["first_tip_at"], one["last_tip_at"]) == (ONE["first_tip_at"], ONE["last_tip_at"])
    mine("person", "exclude", "viewer_one")  # who is left out takes nobody along
    assert [(row["username"], row["tokens"]) for row in rows(mine, "--with-alternates")] == [
        ("viewer_two", 65), (None, 50)
    ]  # fmt: skip
