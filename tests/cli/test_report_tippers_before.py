"""`mhc report tippers` against the range before, and beside another source: figures worked out by hand.

Three days of a week each, from 2026-03-02 on: what was given in the first is before the second.
"""

from typing import Any

import pytest

from command import MhcHere
from factories import DAY, cover, media, store, tip
from mhc.store.database import Database
from mhc.store.streams import Kind

MARCH = 60 * DAY  # 2026-03-02T18:00Z
THEN, NOW = MARCH, MARCH + 7 * DAY
WEEK = ("--since", "2026-03-08T12:00Z", "--until", "2026-03-15T12:00Z")


@pytest.fixture
def mine(cli: MhcHere, database: Database) -> MhcHere:
    """viewer_old gave last year, too; viewer_gone only in the week before, viewer_new only in this."""
    with database.write() as conn:
        given = [
            tip(0, "viewer_old", 500),
            tip(THEN, "viewer_old", 40),
            tip(THEN + 1, "viewer_gone", 30),
            tip(THEN + 2, "viewer_gone", 5),
            tip(THEN + 3, "viewer_shy", 7, anonymous=True),
            tip(THEN + 4, "viewer_twice", 9),
            media(THEN + 5, "viewer_buys", 60),
            tip(NOW, "viewer_old", 10),
            tip(NOW + 1, "viewer_new", 20),
            tip(NOW + 2, "viewer_shy", 3, anonymous=True),
            tip(NOW + 3, "viewer_twice", 9),
            media(NOW + 4, "viewer_buys", 50),
        ]
        store(conn, given)
        cover(conn, -10, 10)
        cover(conn, THEN - 60, THEN + 60)
        cover(conn, NOW - 60, NOW + 60)
    cli.environ |= {"CHATURBATE_USERNAME": "example_room", "MHC_TIMEZONE": "Europe/Berlin"}
    return cli


def report(cli: MhcHere, *words: str) -> Any:
    return cli("report", "tippers", "--json", *words).json


def given(cli: MhcHere, *words: str) -> list[tuple[str | None, int, int | None, int | None]]:
    rows = report(cli, *words)["rows"]
    return [(row["username"], row["tokens"], row["before"], row["trend"]) for row in rows]


ALL = [
    ("viewer_buys", 50, 60, -10),
    ("viewer_new", 20, 0, 20),
    ("viewer_old", 10, 40, -30),
    ("viewer_twice", 9, 9, 0),
    (None, 3, 7, -4),
]


def test_the_trend_is_against_as_much_time_just_before(mine: MhcHere) -> None:
    found = report(mine, *WEEK)

    assert found["before"] == {
        "since": "2026-03-01T12:00:00Z",
        "until": "2026-03-08T12:00:00Z",
        "captured": 0.0119,  # two hours of a week
    }
    assert given(mine, *WEEK) == ALL


def test_anonymous_tips_are_compared_with_those_of_whom_they_count_for(mine: MhcHere) -> None:
    assert given(mine, *WEEK, "--reveal")[-1] == ("viewer_shy", 3, 7, -4)


def test_of_a_range_before_that_was_not_captured_nothing_is_known(mine: MhcHere) -> None:
    run = report(mine, "--since", "2026-03-02", "--until", "2026-03-03")

    assert run["before"]["captured"] is None
    assert {(row["before"], row["trend"]) for row in run["rows"]} == {(None, None)}
    assert report(mine, "--since", "2026-03-02")["before"]["since"] is None, "it would tell when it was asked"
    assert report(mine)["before"] is None, "what has no beginning has nothing before it"


def test_who_is_sorted_by_the_trend_is_sorted_by_that_of_all(mine: MhcHere) -> None:
    assert [row[0] for row in given(mine, *WEEK, "--sort", "trend", "-L", "2")] == [
        "viewer_old",
        "viewer_buys",
    ]


@pytest.mark.parametrize(
    ("segment", "whom"),
    [
        ("new", [("viewer_new", 20, 0, 20)]),
        ("returning", [("viewer_old", 10, 40, -30), ("viewer_twice", 9, 9, 0)]),
        ("lapsed", [("viewer_gone", 0, 35, -35)]),
    ],
)
def test_a_segment_has_whom_it_says(
    mine: MhcHere, segment: str, whom: list[tuple[str, int, int, int]]
) -> None:
    assert given(mine, *WEEK, "--segment", segment) == whom


def test_who_hid_their_name_is_in_a_segment_only_where_it_is_revealed(mine: MhcHere) -> None:
    returning = given(mine, *WEEK, "--segment", "returning", "--reveal")

    assert returning[-1] == ("viewer_shy", 3, 7, -4)
    assert [row[0] for row in given(mine, *WEEK, "--segment", "new", "--reveal")] == ["viewer_new"]


def test_the_testbed_is_asked_of_its_events(mine: MhcHere, database: Database) -> None:
    with database.write() as conn:
        store(conn, [tip(THEN, "viewer_new", 1)], kind=Kind.TESTBED, page=9)

    assert [row[0] for row in given(mine, *WEEK, "--segment", "new", "--testbed")] == []
    returning = given(mine, *WEEK, "--segment", "returning", "--testbed", "--reveal")
    assert [row[0] for row in returning] == ["viewer_new", "viewer_old", "viewer_twice", "viewer_shy"]


def test_a_merged_person_is_new_only_where_none_of_their_names_is_known(mine: MhcHere) -> None:
    mine("person", "merge", "viewer_new", "viewer_gone", "-y", "--force")

    assert given(mine, *WEEK, "--segment", "new") == []
    assert ("viewer_new", 20, 35, -15) in given(mine, *WEEK, "--segment", "returning")
    assert given(mine, *WEEK, "--segment", "lapsed") == []


def test_excluded_people_are_in_no_segment_and_counted(mine: MhcHere) -> None:
    mine("person", "exclude", "viewer_gone", "viewer_old")

    assert (
        given(mine, *WEEK, "--segment", "lapsed"),
        report(mine, *WEEK, "--segment", "lapsed")["excluded"],
    ) == ([], 1)
    assert [row[0] for row in given(mine, *WEEK, "--segment", "returning")] == ["viewer_twice"]
    assert given(mine, *WEEK, "--segment", "lapsed", "--include-excluded") == [("viewer_gone", 0, 35, -35)]


def test_who_lapsed_is_shown_with_what_they_gave(mine: MhcHere) -> None:
    run = mine("report", "tippers", *WEEK, "--segment", "lapsed", MHC_FORCE_TTY="80", NO_COLOR="1")

    assert run.stdout == (
        "USERNAME     TOKENS  BEFORE  TREND  ELSEWHERE\n"  #
        "viewer_gone       0      35    -35          -\n"
    )


def test_who_lapsed_is_drawn_by_what_they_gave(mine: MhcHere) -> None:
    run = mine("report", "tippers", *WEEK, "--segment", "lapsed", "--plot", MHC_FORCE_TTY="80")

    assert run.stdout.split()[:2] == ["viewer_gone", "35"]


def test_nobody_is_known_to_have_lapsed_in_a_time_of_which_nothing_was_captured(mine: MhcHere) -> None:
    ahead = ["--since", "2026-03-25", "--until", "2026-04-30"]  # as long before it lies the week
    run = mine("report", "tippers", *ahead, "--segment", "lapsed", "--json")

    assert run.json["before"]["captured"] is not None
    assert run.json["rows"] == []
    assert "who lapsed is not known" in run.stderr


def test_who_lapsed_is_not_known_where_nothing_was_captured(mine: MhcHere) -> None:
    run = mine(
        "report", "tippers", "--since", "2026-03-02", "--until", "2026-03-03", "--segment", "lapsed", "--json"
    )

    assert run.json["rows"] == []
    assert "nothing was captured in the range, or in that before: who lapsed is not known" in run.stderr


def test_a_segment_wants_a_range_that_begins(mine: MhcHere) -> None:
    run = mine("report", "tippers", "--segment", "new")

    assert (run.status, run.stdout) == (2, "")
    assert "--segment needs a range that has a beginning" in run.stderr
    assert mine("report", "tippers", *WEEK, "--segment", "new", "--compare", "previous").status == 2


def test_what_names_no_room_is_of_the_room_that_was_listened_to(mine: MhcHere, database: Database) -> None:
    with database.write() as conn:
        unnamed = [tip(THEN + 9, "viewer_old", 100, room=None), tip(NOW + 9, "viewer_new", 200, room=None)]
        store(conn, unnamed, page=7)
        store(conn, [tip(NOW + 9, "viewer_new", 1, room=None)], room="other_room", page=8)
    found = given(mine, *WEEK)

    assert found[0] == ("viewer_new", 220, 0, 220)
    assert ("viewer_old", 10, 140, -130) in found
    everywhere = mine("report", "tippers", "--json", *WEEK, CHATURBATE_USERNAME="").json["rows"]
    assert (everywhere[0]["username"], everywhere[0]["tokens"]) == ("viewer_new", 221)


def test_elsewhere_is_what_statbate_last_saw_under_any_of_their_names(mine: MhcHere) -> None:
    for name, day, tokens in (
        ("viewer_old", "01", 1000),
        ("viewer_old", "03", 1500),
        ("viewer_gone", "05", 2500),
    ):
        saved = mine.home / "member.json"
        saved.write_text(f'{{"data": {{"name": "{name}", "all_time_tokens": {tokens}}}}}')
        load = ("--source", "statbate.member_info", "--load", str(saved), "--at", f"2026-03-{day}T20:00:00Z")
        loaded = mine("snapshot", "pull", name, *load)
        assert loaded.status == 0, loaded.stderr

    def elsewhere() -> dict[str, tuple[int | None, str | None]]:
        rows = report(mine, *WEEK)["rows"]
        return {row["username"]: (row["elsewhere"], row["elsewhere_at"]) for row in rows}

    assert elsewhere()["viewer_old"] == (1500, "2026-03-03T20:00:00Z")
    assert elsewhere()["viewer_new"] == (None, None)
    mine("person", "merge", "viewer_old", "viewer_gone", "-y", "--force")
    assert elsewhere()["viewer_old"] == (2500, "2026-03-05T20:00:00Z")
    run = mine("report", "tippers", *WEEK, "--top", "3", MHC_FORCE_TTY="80", NO_COLOR="1")
    assert run.stdout.splitlines()[3].split()[-1] == "2,500"
    assert "elsewhere as Statbate had it, 2026-03-05" in run.stderr


def test_the_first_are_drawn_as_bars(mine: MhcHere) -> None:
    lines = mine("report", "tippers", *WEEK, "--plot", "--top", "2", MHC_FORCE_TTY="80").stdout.splitlines()

    assert lines[-2:] == ["", "tokens, of the first 2"]
    assert [line.split()[:2] for line in lines[:-2]] == [["viewer_buys", "50"], ["viewer_new", "20"]]
    assert "█" in lines[0]
