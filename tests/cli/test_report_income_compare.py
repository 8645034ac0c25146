"""`mhc report income` with --compare and --plot, by figures that were added up by hand.

Captured were on Thursday 1 January 100 + 25 + 50 + 10 + 30, on the Friday after 20. The ledger has of Thursday 100 and
25, of Friday 15 that came when nobody listened and the 20, and 50 of the year before.
"""

from typing import Any

import pytest

from command import MhcHere
from factories import DAY, ROOM, cover, minute, tell_story
from mhc.store.database import Database

LEDGER = (
    (5.01, 100, "viewer_one"),
    (6, 25, "viewer_two"),
    (300, 15, "viewer_two"),
    (DAY + 5, 20, "viewer_one"),
)
FRIDAY = ("--since", "2026-01-02", "--until", "2026-01-02")
BLOCK = "█"


@pytest.fixture
def captured(database: Database, cli: MhcHere) -> MhcHere:
    tell_story(database)
    cli.environ |= {"CHATURBATE_USERNAME": ROOM, "MHC_TIMEZONE": "Europe/Berlin"}
    return cli


@pytest.fixture
def mine(captured: MhcHere) -> MhcHere:
    bring(captured, LEDGER)
    return captured


def bring(mhc: MhcHere, rows: tuple[tuple[float, int, str], ...]) -> None:
    balance, text = 0, "Timestamp,Token change,Token balance,Transaction type,User,Note\n"
    for at, tokens, who in rows:
        balance += tokens
        text += f"{minute(at):%Y-%m-%d %H:%M:%S.%f},{tokens},{balance},Tip received,{who},\n"
    run = mhc("import", "tokens", "-", "--zone", "utc", "--save", stdin=text)
    assert run.status == 0, run.stderr


def report(mhc: MhcHere, *words: str) -> Any:
    run = mhc("report", "income", "--json", *words)
    assert run.status == 0, run.stderr
    return run.json


@pytest.mark.parametrize("by", ["session", "day", "type"])
def test_the_totals_stand_beside_those_of_then(mine: MhcHere, by: str) -> None:
    found = report(mine, *FRIDAY, "--by", by, "--compare", "previous")
    compared = found["compared"]

    assert compared["with"] == "previous"
    assert compared["range"] == {"since": "2025-12-31T23:00:00Z", "until": "2026-01-01T23:00:00Z"}
    totals = compared["totals"]
    assert totals["earned"] == {"now": 35, "then": 125, "change": -90, "growth": -0.72}
    assert totals["captured"] == {"now": 20, "then": 215, "change": -195, "growth": -0.907}
    assert totals["away"] == {"now": 15, "then": 0, "change": 15, "growth": None}
    assert totals["rose"] == {"now": None, "then": None, "change": None, "growth": None}
    assert list(totals) == list(found["total"])
    assert {name: one["now"] for name, one in totals.items()} == found["total"]


def test_a_table_and_a_page_say_the_totals_of_both(mine: MhcHere) -> None:
    words = ("report", "income", *FRIDAY, "--compare", "previous")
    run = mine(*words, MHC_FORCE_TTY="80")
    assert run.stderr.endswith(
        "all: earned 35 tokens, captured 20 tokens\n"
        "then: earned 125 tokens, captured 215 tokens\n"
        "change: earned -72%, captured -91%\n"
    )
    file = mine.home / "income.html"
    assert mine(*words, "--html", str(file)).status == 0
    page = file.read_text()
    assert "<dt>compared with</dt><dd><bdi>2026-01-01 00:00 to 2026-01-02 00:00</bdi>" in page
    assert "<dt>then</dt><dd><bdi>earned 125 tokens, captured 215 tokens</bdi>" in page
    assert "<dt>change</dt><dd><bdi>earned -72%, captured -91%</bdi>" in page
    assert "then" not in mine("report", "income", *FRIDAY, MHC_FORCE_TTY="80").stderr


def test_what_the_ledger_has_is_known_though_nothing_was_captured_then(captured: MhcHere) -> None:
    bring(captured, ((DAY - 365 * DAY, 50, "viewer_old"), *LEDGER))
    words = (*FRIDAY, "--compare", "last-year")
    compared = report(captured, *words)["compared"]

    assert (compared["captured"], compared["coverage"]) == (None, None)
    assert compared["totals"]["earned"] == {"now": 35, "then": 50, "change": -15, "growth": -0.3}
    assert compared["totals"]["captured"] == {"now": 20, "then": None, "change": None, "growth": None}
    run = captured("report", "income", *words, MHC_FORCE_TTY="80")
    assert "in the range that is compared: what was captured then is not known" in run.stderr
    assert "then: earned 50 tokens\nchange: earned -30%\n" in run.stderr


def test_where_nothing_is_known_of_then_it_is_null_and_said_so(captured: MhcHere) -> None:
    words = (*FRIDAY, "--compare", "last-year")

    assert {one["then"] for one in report(captured, *words)["compared"]["totals"].values()} == {None}
    run = captured("report", "income", *words, MHC_FORCE_TTY="80")
    assert "all: captured 20 tokens\nthen: unknown\nchange: unknown\n" in run.stderr


def test_a_day_on_which_mhc_listened_and_nothing_came_is_no_unknown(
    captured: MhcHere, database: Database
) -> None:
    with database.write() as conn:
        cover(conn, 2 * DAY, 2 * DAY + 60)
    found = report(captured, "--since", "2026-01-03", "--until", "2026-01-03", "--compare", "previous")

    assert (found["rows"], found["total"]["captured"], found["total"]["earned"]) == ([], 0, None)
    assert found["compared"]["totals"]["captured"] == {"now": 0, "then": 20, "change": -20, "growth": -1.0}


def test_what_is_compared_has_a_beginning(mine: MhcHere) -> None:
    run = mine("report", "income", "--compare", "previous")

    assert (run.status, run.stdout) == (2, "")
    assert run.stderr == "mhc: --compare needs a range that has a beginning\nhint: give --since\n"


def test_excluded_people_are_in_neither_figure(mine: MhcHere) -> None:
    mine("person", "exclude", "viewer_two")
    totals = report(mine, *FRIDAY, "--compare", "previous")["compared"]["totals"]

    # Without their 15, and without the 25, 10 and 30 of Thursday.
    assert (totals["earned"]["now"], totals["earned"]["then"]) == (20, 100)
    assert (totals["captured"]["now"], totals["captured"]["then"]) == (20, 150)


def test_bars_are_of_what_was_earned_and_fit_80_columns(mine: MhcHere) -> None:
    def drawn(*words: str) -> list[str]:
        run = mine("report", "income", "--plot", *words, MHC_FORCE_TTY="80", LC_ALL="C.UTF-8")
        lines = run.stdout.splitlines()
        assert all(len(line) <= 80 for line in lines)
        end = lines.index("")
        assert lines[end + 1].startswith("tokens earned by ")
        return lines[:end]

    sessions = drawn()
    assert [line.split(BLOCK)[0].split() for line in sessions] == [
        ["2026-01-01", "19:00", "125"],
        ["2026-01-02", "19:00", "20"],
        ["-", "15"],
    ]
    long = [line.count(BLOCK) for line in sessions]
    assert long[0] == 80 - len("2026-01-01 19:00  125  ")
    assert long[1:] == [round(20 / 125 * long[0]), round(15 / 125 * long[0])]
    assert [line.split()[:2] for line in drawn("--by", "day")] == [
        ["2026-01-01", "125"],
        ["2026-01-02", "35"],
    ]
    assert [line.split()[:3] for line in drawn("--by", "type")] == [
        ["Tip", "received", "160"],
        ["Photos/videos", "sold", "0"],  # captured, and not in the ledger, which is whole there
    ]
    assert len(drawn("-L", "1")) == 1


def test_where_the_ledger_does_not_reach_bars_are_of_what_was_captured(captured: MhcHere) -> None:
    piped = captured("report", "income", "--plot").stdout

    assert [line.split()[:3] for line in piped.split("\n\n", 1)[0].splitlines()] == [
        ["2026-01-01", "19:00", "215"],
        ["2026-01-02", "19:00", "20"],
    ]


def test_bars_are_not_for_programs(mine: MhcHere) -> None:
    run = mine("report", "income", "--plot", "-o", "csv")

    assert (run.status, run.stdout) == (2, "")
    assert "--plot draws for people" in run.stderr


def test_while_others_see_the_screen_no_amount_is_said_or_drawn(mine: MhcHere) -> None:
    words = ("report", "income", *FRIDAY, "--compare", "previous")
    file = mine.home / "hidden.html"
    runs = [
        mine(*words, *more, MHC_SCREEN_SAFE="1", MHC_FORCE_TTY="100")
        for more in ((), ("--plot",), ("-o", "json"), ("--html", str(file)))
    ]

    for text in (file.read_text(), *(run.stdout + run.stderr for run in runs)):
        assert not any(figure in text for figure in ("125", "215", "-72%", "-0.72", BLOCK))
