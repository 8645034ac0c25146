"""`mhc report retention`: figures worked out by hand, on both databases."""

from datetime import UTC, datetime
from typing import Any

import pytest

from command import MhcHere
from factories import DAY, ROOM, cover, happening, minute, show, store, tip
from mhc.store.database import Database
from mhc.store.streams import Kind


@pytest.fixture
def mine(cli: MhcHere, database: Database) -> MhcHere:
    """Shows on four Fridays, all captured from Thursday, the 1st, to the end of January.

    The 2nd: one, two, three. The 9th: one, four. The 16th: nobody came, five tipped, who was not seen to come in.
    The 23rd: one, two, four.
    """
    with database.write() as conn:
        for page, (day, who) in enumerate(
            [
                (1, ["viewer_one", "viewer_two", "viewer_three"]),
                (8, ["viewer_one", "viewer_four"]),
                (22, ["viewer_one", "viewer_two", "viewer_four"]),
            ]
        ):
            store(conn, show(day, *who), page=page)
        begin, end = show(15, minutes=20)
        store(conn, [begin, tip(15 * DAY + 5, "viewer_five", 50), end], page=8)
        cover(conn, 0, 30 * DAY)
    cli.environ |= {"CHATURBATE_USERNAME": ROOM, "MHC_TIMEZONE": "UTC"}
    return cli


def report(cli: MhcHere, *words: str) -> dict[str, Any]:
    run = cli("report", "retention", "--json", *words)
    assert run.status == 0, run.stderr
    found: dict[str, Any] = run.json
    return found


def viewers(found: dict[str, Any]) -> dict[str, tuple[Any, ...]]:
    """Give viewers, new, returning and lapsed by period."""
    keys = ("viewers", "new", "returning", "lapsed")
    return {row["period"] or row["started_at"][:10]: tuple(row[key] for key in keys) for row in found["rows"]}


def cohorts(found: dict[str, Any]) -> dict[str, tuple[Any, Any]]:
    return {one["period"] or one["started_at"][:10]: (one["size"], one["again"]) for one in found["cohorts"]}


WEEKS = ("2025-12-29", "2026-01-05", "2026-01-12", "2026-01-19", "2026-01-26")
TO = ("--until", "2026-02-01")  # a Sunday: with it the last week is whole


def test_each_week_has_who_is_new_comes_back_and_stays_away(mine: MhcHere) -> None:
    found = report(mine, *TO)

    assert [row["period"] for row in found["rows"]] == list(WEEKS[::-1])
    # 1. one, two, three are new. 2. one is back, four is new, two and three stay away: but nobody knows who was there
    # before the capture began in the middle of the first week, so that nobody is said to have lapsed since.
    # 3. five is new, one and four stay away. 4. one, two and four are back, five stays away. 5. All three stay away.
    assert viewers(found) == {
        WEEKS[0]: (3, 3, 0, None),
        WEEKS[1]: (2, 1, 1, None),
        WEEKS[2]: (1, 1, 0, 2),
        WEEKS[3]: (3, 0, 3, 1),
        WEEKS[4]: (0, 0, 0, 3),
    }
    assert [row["complete"] for row in found["rows"]] == [True, True, True, True, False]


def test_a_cohort_says_how_many_of_the_new_ones_came_again(mine: MhcHere) -> None:
    # Of one, two, three: one a week later, nobody in the third, one and two in the fourth, nobody in the fifth.
    assert cohorts(report(mine, *TO)) == {
        WEEKS[0]: (3, [1, 0, 2, 0]),
        WEEKS[1]: (1, [0, 1, 0]),
        WEEKS[2]: (1, [0, 0]),
        WEEKS[3]: (0, [0]),
        WEEKS[4]: (0, []),
    }


def test_tippers_are_counted_by_their_tips(mine: MhcHere, database: Database) -> None:
    with database.write() as conn:
        gave = [
            tip(DAY + 3, "viewer_one", 5),
            tip(8 * DAY + 3, "viewer_one", 5),
            tip(8 * DAY + 4, "viewer_four", 5),
            tip(22 * DAY + 3, "viewer_two", 5, anonymous=True),
        ]
        store(conn, gave, page=9)
        store(conn, [tip(22 * DAY + 4, "viewer_six", 5)], page=10, kind=Kind.TESTBED)
    found = report(mine, "--metric", "tippers", *TO)

    keys = ("tippers", "new_tippers", "returning_tippers", "lapsed_tippers")
    assert [tuple(row[key] for key in keys) for row in found["rows"][::-1]] == [
        (1, 1, 0, None),
        (2, 1, 1, None),
        (1, 1, 0, 2),  # five
        (0, 0, 0, 1),  # an anonymous tip is nobody's, one of the testbed none
        (0, 0, 0, 0),
    ]
    assert [one["size"] for one in found["cohorts"][::-1]] == [1, 1, 1, 0, 0]
    assert found["cohorts"][-1]["again"] == [1, 0, 0, 0]


def test_a_tip_that_names_no_room_is_of_the_room_that_was_listened_to(
    mine: MhcHere, database: Database
) -> None:
    with database.write() as conn:
        store(conn, [tip(22 * DAY + 3, "viewer_six", 5, room=None)], page=9)
        store(conn, [tip(22 * DAY + 3, "viewer_six", 5, room="other_room")], page=10)
        store(conn, [tip(22 * DAY + 3, "viewer_seven", 5, room=None)], room="other_room", page=11)

    assert viewers(report(mine, *TO))[WEEKS[3]] == (4, 1, 3, 1)


def test_a_range_that_cuts_a_week_marks_it(mine: MhcHere) -> None:
    found = report(mine, "--since", "2026-01-10", "--until", "2026-01-23")

    assert [(row["period"], row["complete"]) for row in found["rows"]] == [
        (WEEKS[3], False),
        (WEEKS[2], True),
        (WEEKS[1], False),
    ]
    # Of the first only what is after the show: nobody. Who was new in it elsewhere is not new later.
    assert viewers(found) == {WEEKS[3]: (3, 0, 3, None), WEEKS[2]: (1, 1, 0, None), WEEKS[1]: (0, 0, 0, None)}


def test_the_first_week_of_a_range_is_compared_to_the_one_before_it(mine: MhcHere) -> None:
    found = report(mine, "--since", "2026-01-12", *TO)

    assert viewers(found)[WEEKS[2]] == (1, 1, 0, 2)
    assert WEEKS[1] not in viewers(found)


def test_weeks_begin_with_the_day_that_was_chosen(mine: MhcHere) -> None:
    mine.environ["MHC_WEEK_START"] = "friday"

    assert viewers(report(mine, "--until", "2026-01-08")) == {
        "2026-01-02": (3, 3, 0, None),
        "2025-12-26": (0, 0, 0, None),
    }


def test_months_and_sessions_are_periods_too(mine: MhcHere) -> None:
    assert viewers(report(mine, "--by", "month", "--until", "2026-01-31")) == {"2026-01-01": (5, 5, 0, None)}
    by_session = report(mine, "--by", "session")
    assert viewers(by_session) == {
        "2026-01-02": (3, 3, 0, None),
        "2026-01-09": (2, 1, 1, 2),
        "2026-01-16": (1, 1, 0, 2),
        "2026-01-23": (3, 0, 3, 1),
    }
    assert by_session["rows"][0]["period"] is None
    assert cohorts(by_session)["2026-01-02"] == (3, [1, 0, 2])


def test_who_waited_in_the_dark_room_is_new_in_the_session_that_they_saw(
    mine: MhcHere, database: Database
) -> None:
    with database.write() as conn:
        early = [
            happening(DAY - 60, "userEnter", "viewer_six"),
            happening(DAY + 10, "userLeave", "viewer_six"),
        ]
        gone = [
            happening(DAY - 60, "userEnter", "viewer_seven"),
            happening(DAY - 5, "userLeave", "viewer_seven"),
        ]
        store(conn, [*early, *gone], page=9)

    assert viewers(report(mine, "--by", "session"))["2026-01-02"] == (4, 4, 0, None)
    assert viewers(report(mine, *TO))[WEEKS[0]] == (5, 5, 0, None)


def test_a_visit_counts_in_each_week_that_it_touches(mine: MhcHere, database: Database) -> None:
    sunday = 3 * DAY + 5 * 60  # at 23:00
    with database.write() as conn:
        stays = [
            happening(sunday, "userEnter", "viewer_six"),
            happening(sunday + 120, "userLeave", "viewer_six"),
        ]
        ends = [
            happening(sunday, "userEnter", "viewer_seven"),
            happening(sunday + 60, "userLeave", "viewer_seven"),
        ]
        unseen = [happening(9 * DAY, "userLeave", "viewer_eight")]  # was there, and nobody saw them come
        store(conn, [*stays, *ends, *unseen], page=9)
    found = viewers(report(mine, *TO))

    assert found[WEEKS[0]] == (5, 5, 0, None)
    assert found[WEEKS[1]] == (4, 2, 2, None), "who left as the week began was not there"


def test_a_week_that_nobody_captured_is_unknown(mine: MhcHere, database: Database) -> None:
    with database.write() as conn:
        cover(conn, 40 * DAY, 45 * DAY)  # from the 10th of February on
    found = report(mine, "--until", "2026-02-15")
    none = (None, None, None, None)

    assert viewers(found)["2026-02-02"] == none
    assert viewers(found)["2026-02-09"] == (0, 0, 0, None), "nobody knows who was there before"
    assert cohorts(found)["2026-02-02"] == (None, [None])
    assert cohorts(found)[WEEKS[0]] == (3, [1, 0, 2, 0, None, 0])
    assert [row["coverage"] for row in found["rows"][:2]] == [0.7143, None]  # 5 days of 7


def test_what_the_retention_policy_took_is_unknown_and_tips_are_not(mine: MhcHere) -> None:
    days = (datetime.now(UTC) - minute(9 * DAY)).days  # up to the 10th of January, or the 11th
    folder = mine.home / "config" / "mhc"
    folder.mkdir(parents=True)
    (folder / "config.toml").write_text(f'[retention]\npresence = "{days}d"\n')
    pruned = mine("db", "prune", "-y", "--force")
    assert pruned.status == 0, pruned.stderr
    found = report(mine, *TO)

    assert viewers(found)[WEEKS[1]] == (None, None, None, None)
    assert viewers(found)[WEEKS[2]] == (1, 1, 0, None), "who was there before is not known any more"
    assert viewers(found)[WEEKS[3]] == (3, 0, 3, 1)
    assert [row["tippers"] for row in found["rows"]] == [0, 0, 1, 0, 0]


def test_merged_people_are_one_and_new_when_the_first_of_them_was(mine: MhcHere) -> None:
    mine("person", "merge", "viewer_four", "viewer_three")
    found = viewers(report(mine, *TO))

    # Three of the first week is four of the second: back then, and not new.
    assert [found[week] for week in WEEKS] == [
        (3, 3, 0, None),
        (2, 0, 2, None),
        (1, 1, 0, 2),
        (3, 0, 3, 1),
        (0, 0, 0, 3),
    ]


def test_excluded_people_are_left_out_and_counted(mine: MhcHere) -> None:
    mine("person", "exclude", "viewer_one")
    found = report(mine, *TO)

    assert found["excluded"] == 1
    assert viewers(found)[WEEKS[0]] == (2, 2, 0, None)
    assert cohorts(found)[WEEKS[0]] == (2, [0, 0, 1, 0])
    assert viewers(report(mine, "--include-excluded", *TO))[WEEKS[0]] == (3, 3, 0, None)
    assert report(mine, "--since", "2026-01-12", "--until", "2026-01-18")["excluded"] == 0, (
        "one was not there"
    )


def lapsed(cli: MhcHere, define: str, *words: str) -> list[tuple[str, int]] | None:
    found = report(cli, "--define", define, *words)["lapsed_regulars"]
    return None if found is None else [(one["username"], one["sessions"]) for one in found]


def test_regulars_who_came_no_more_are_named(mine: MhcHere) -> None:
    found = report(mine, "--define", " 1  of 2 before 2026-01-16")

    assert found["define"] == "1 of 2 before 2026-01-16"
    # To the 2nd or the 9th came one, two, three and four; to the 23rd all of them but three.
    gone = {"username": "viewer_three", "last_seen_at": "2026-01-02T18:02:00Z", "sessions": 1}
    assert found["lapsed_regulars"] == [gone]
    # By the 17th nobody had come again; one had been there twice.
    by_then = lapsed(mine, "1 of 2 before 1d", "--until", "2026-01-16")
    assert by_then == [("viewer_one", 2), ("viewer_four", 1), ("viewer_three", 1), ("viewer_two", 1)]
    assert lapsed(mine, "2 of 2 before 1d", "--until", "2026-01-16") == [("viewer_one", 2)]
    assert lapsed(mine, "3 of 3 before 2026-01-16") == []


def test_nobody_has_lapsed_while_there_was_nothing_to_come_to(mine: MhcHere) -> None:
    assert lapsed(mine, "1 of 2 before 2026-01-24") is None
    assert lapsed(mine, "1 of 2 before 2026-01-01") is None, "nobody can have been a regular"


def test_an_excluded_regular_is_not_missed(mine: MhcHere) -> None:
    mine("person", "exclude", "viewer_three")

    assert lapsed(mine, "1 of 2 before 2026-01-16") == []
    assert lapsed(mine, "1 of 2 before 2026-01-16", "--include-excluded") == [("viewer_three", 1)]


def test_merged_people_are_one_regular(mine: MhcHere) -> None:
    assert lapsed(mine, "1 of 2 before 2026-01-16") == [("viewer_three", 1)]
    mine("person", "merge", "viewer_three", "viewer_five")
    assert lapsed(mine, "1 of 2 before 2026-01-16") == [], "five tipped on the 16th"


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("often", "--define: 'often' does not say who is a regular; write \"N of M before TIME\""),
        ("3 of 10", "does not say who is a regular"),
        ("0 of 10 before 30d", "0 of 10 sessions cannot be"),
        ("11 of 10 before 30d", "11 of 10 sessions cannot be"),
        ("1 of 101 before 30d", "of 101 sessions? of 1 to 100"),
        ("1 of 0 before 30d", "of 0 sessions? of 1 to 100"),
        ("3 of 10 before never", "--define: 'never' is no time"),
        ("3 of 10 before 2999-01-01", "--define: 2999-01-01T00:00:00Z lies after the range"),
    ],
)
def test_a_definition_that_cannot_be_read_is_one_clear_line(mine: MhcHere, words: str, said: str) -> None:
    run = mine("report", "retention", "--define", words)

    assert (run.status, run.stdout) == (2, "")
    assert said in run.stderr.splitlines()[0]


def test_on_a_terminal_the_lapsed_regulars_are_said_below(mine: MhcHere) -> None:
    run = mine("report", "retention", *TO, "--define", "1 of 2 before 2026-01-16", MHC_FORCE_TTY="80")

    assert run.stdout.splitlines()[1].split() == [WEEKS[4], "0", "0", "0", "3", "0", "0", "yes"]
    assert run.stdout.splitlines()[5].split() == [WEEKS[0], "3", "3", "0", "-", "0", "0", "no"]
    assert "lapsed regulars: viewer_three 1 of 2" in run.stderr


def test_what_nobody_can_know_of_regulars_is_said(mine: MhcHere) -> None:
    run = mine("report", "retention", "--define", "1 of 2 before 2026-01-24", *TO, MHC_FORCE_TTY="80")

    assert "lapsed regulars (1 of 2 before 2026-01-24): unknown" in run.stderr


def test_the_cohorts_are_a_triangle_of_percentages(mine: MhcHere) -> None:
    lines = mine("report", "retention", "--plot", *TO, MHC_FORCE_TTY="80").stdout.splitlines()

    # One and two of three are 33 and 67 %, the second and the third shade; of one the one is all, the darkest.
    assert lines[:6] == [
        "             new    1    2    3    4",
        "2025-12-29*    3 ▒ 33    0 ▓ 67    0",
        "2026-01-05     1    0 █100    0",
        "2026-01-12     1    0    0",
        "2026-01-19     0 ·",
        "2026-01-26     0",
    ]
    assert "* is no whole week" in lines


def test_what_does_not_fit_is_left_out_and_said(mine: MhcHere) -> None:
    lines = mine(
        "report", "retention", "--plot", "--until", "2026-07-05", MHC_FORCE_TTY="40"
    ).stdout.splitlines()

    assert max(map(len, lines)) <= 40
    assert "4 of 26 weeks later fit" in " ".join(lines)


def test_a_page_has_the_triangle_and_the_bars(mine: MhcHere) -> None:
    page = mine.home / "page.html"
    run = mine("report", "retention", *TO, "--html", str(page), "--define", "1 of 2 before 2026-01-16")
    text = page.read_text()

    assert (run.status, run.stdout) == (0, "")
    assert text.count("<svg") == 2
    assert "67%" in text
    assert "2026-01-05: 1 new, 1 returning" in text
    assert "viewer_three 1 of 2" in text


@pytest.mark.parametrize("words", [["--since", "2099-01-01"], ["--until", "2020-01-01"]])
@pytest.mark.parametrize("by", ["week", "session"])
def test_a_time_of_which_nothing_is_known_is_empty(mine: MhcHere, words: list[str], by: str) -> None:
    found = report(mine, "--by", by, "--define", "3 of 10 before 2019-01-01", *words)
    assert (found["rows"], found["cohorts"], found["lapsed_regulars"]) == ([], [], None)

    run = mine(
        "report", "retention", "--by", by, "--define", "1 of 1 before 2019-01-01", *words, MHC_FORCE_TTY="80"
    )
    assert (run.status, run.stdout.count("\n")) == (0, 1), "the heading alone"
    assert f"no {by} of that time is known" in run.stderr


def test_a_room_of_which_nothing_is_known_is_empty(mine: MhcHere) -> None:
    assert report(mine, "--room", "viewer_one")["rows"] == []
    mine.environ["CHATURBATE_USERNAME"] = "no_such_room"
    assert report(mine)["rows"] == []
    del mine.environ["CHATURBATE_USERNAME"]
    run = mine("report", "retention")
    assert (run.status, run.stdout) == (2, "")
    assert "which room?" in run.stderr
    assert "The room (default: the own one)." in mine("report", "retention", "--help").stdout


def test_tips_of_a_paste_are_known_where_nobody_listened(mine: MhcHere, database: Database) -> None:
    with database.write() as conn:
        store(conn, [tip(-30 * DAY, "viewer_six", 5)], page=9, kind=Kind.PASTE)
    rows = report(mine, *TO)["rows"]

    assert [row["period"] for row in rows[-5:]] == [
        WEEKS[0],
        "2025-12-22",
        "2025-12-15",
        "2025-12-08",
        "2025-12-01",
    ]
    assert [row["viewers"] for row in rows[-5:]] == [3, None, None, None, None]
    assert [row["tippers"] for row in rows[-5:]] == [0, None, None, None, 1]
