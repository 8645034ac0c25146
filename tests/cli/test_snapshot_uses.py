"""Figures of other sources over time, on the card and in the timeline."""

from typing import Any

import pytest

from command import MhcHere
from mhc.store.database import Database
from readings import INFO, life, said, tell


@pytest.fixture
def told(mhc: MhcHere, database: Database) -> MhcHere:
    tell(database)
    return mhc


def test_a_trend_is_a_table_with_a_picture_and_csv(told: MhcHere) -> None:
    found = told("snapshot", "trend", "viewer_one", "all_time_tokens", "-o", "csv").stdout.splitlines()
    assert found == [
        "at,metric,value,change,reset,unit",
        "2026-01-01T18:00:00Z,all_time_tokens,100,,false,tokens",
        "2026-01-02T18:00:00Z,all_time_tokens,100,0,false,tokens",
        "2026-01-03T18:00:00Z,all_time_tokens,130,30,false,tokens",
    ]
    run = told("snapshot", "trend", "viewer_one", "all_time_tokens", MHC_FORCE_TTY="100")
    assert "all_time_tokens  ▁▁█  100 to 130 tokens" in run.stderr
    assert "AT" in run.stdout
    plain = told(
        "snapshot", "trend", "viewer_one", "all_time_tokens", MHC_FORCE_TTY="100", PYTHONIOENCODING="ascii"
    )
    assert plain.status == 0
    assert (
        told("snapshot", "trend", "viewer_one", "all_time_tokens", "-L", "1", "-o", "tsv").stdout.count("130")
        == 1
    )


def test_a_trend_is_drawn_as_a_line_for_people_only(told: MhcHere) -> None:
    words = ("snapshot", "trend", "viewer_one", "all_time_tokens", "did", "--plot")
    lines = told(*words, MHC_FORCE_TTY="80").stdout.splitlines()

    assert lines[0] == "all_time_tokens  100 to 130 tokens"
    assert lines[1] == f"130 |{' ' * 72}..*"
    assert lines[9].startswith(f"100 |*{'.' * 36}*"), "it stayed, up to the middle"
    assert all(len(line) <= 80 for line in lines)
    assert lines[11].split() == ["2026-01-01", "2026-01-03"]
    assert lines[13] == "did  7 to 7"
    assert told(*words, "-o", "csv").status == 2
    others_see = told(*words, MHC_FORCE_TTY="80", MHC_SCREEN_SAFE="1")
    assert "130" not in others_see.stdout + others_see.stderr
    listed = told("snapshot", "trend", "viewer_one", "models_tipped_2weeks_list", "--plot").stdout
    assert "a_room" in listed, "a list is no line"


def test_a_trend_is_a_page_with_a_line(told: MhcHere) -> None:
    page = told.home / "page.html"
    words = ("snapshot", "trend", "viewer_one", "all_time_tokens", "--html", str(page))
    run = told(*words)

    assert (run.status, run.stdout, run.stderr) == (0, "", f"wrote {page}\n")
    assert page.stat().st_mode & 0o777 == 0o600
    text = page.read_text()
    assert (text.count("<polyline"), text.count("<circle")) == (1, 3)
    for word in ("viewer_one", "statbate.member_info", "130", "2026-01-03"):
        assert word in text
    told(*words, MHC_SCREEN_SAFE="1")
    assert not {"130", "<polyline"} & {word for word in ("130", "<polyline") if word in page.read_text()}
    told(*words, "--since", "2027-01-01")
    assert "no reading says it in that time" in page.read_text()


def test_figures_stand_at_the_right_and_what_is_not_all_figures_at_the_left(
    told: MhcHere, database: Database
) -> None:
    said(database, "viewer_one", (4, life(12_130, "c_room")))
    words = "snapshot", "trend", "viewer_one", "all_time_tokens", "--fields", "at,value,change,unit"
    shown = told(*words, MHC_FORCE_TTY="100").stdout.splitlines()
    assert shown[0].split() == ["AT", "VALUE", "CHANGE", "UNIT"]
    edges = {line.index("  tokens") for line in shown[1:]}
    assert edges == {shown[0].index("CHANGE") + len("CHANGE")}
    assert shown[1][: shown[0].index("VALUE") + len("VALUE")].endswith("100")

    page = told.home / "page.html"
    told(*words[:4], "--html", str(page))
    assert '<td class="n" data-name="value"><bdi>12,130</bdi>' in page.read_text()

    lists = told("snapshot", "diff", "viewer_one", "--fields", "after,unit", MHC_FORCE_TTY="100").stdout
    assert [line.split()[0] for line in lists.splitlines()] == ["AFTER", "12,130", "c_room"]
    assert all(not line.startswith(" ") for line in lists.splitlines())


@pytest.mark.parametrize(
    ("by", "values"),
    [("day", [1, 3, 4, 5, 6]), ("week", [4, 5, 6]), ("month", [5, 6])],
)
def test_a_trend_by_period_has_the_last_known_value_of_each(
    mhc: MhcHere, database: Database, by: str, values: list[int]
) -> None:
    days = [(0, 1), (1.1, 2), (1.2, 3), (2, 4), (5, 5), (31, 6), (31.1, None)]
    said(database, "viewer_one", *((day, life(value)) for day, value in days))
    found = told_values(mhc, "--by", by)
    assert found == values


def told_values(mhc: MhcHere, *words: str) -> list[Any]:
    found = mhc("snapshot", "trend", "viewer_one", "all_time_tokens", *words, "-o", "json").json
    return [one["value"] for one in found]


def test_days_are_those_of_the_display_zone(mhc: MhcHere, database: Database) -> None:
    said(database, "viewer_one", (0, life(1)), (0.2, life(2)))  # 18:00 and 22:48 UTC
    assert told_values(mhc, "--by", "day") == [2]
    assert told_values(mhc, "--by", "day", "--tz", "Asia/Tokyo") == [2]
    assert told_values(mhc, "--by", "day", "--tz", "Asia/Dubai") == [1, 2]


def test_a_trend_of_several_figures_and_of_one_that_is_not_there(told: MhcHere) -> None:
    found = told(
        "snapshot", "trend", "viewer_one", "did", "all_time_tokens", "--since", "2026-01-03", "-o", "json"
    ).json
    assert [(one["metric"], one["value"], one["change"]) for one in found] == [
        ("did", 7, None),
        ("all_time_tokens", 130, None),
    ]
    run = told("snapshot", "trend", "viewer_one", "all_time_token")
    assert (run.status, "did you mean: all_time_tokens" in run.stderr) == (2, True)


def test_merged_people_are_one_and_no_reading_is_made_by_looking(told: MhcHere) -> None:
    assert told("person", "merge", "viewer_one", "viewer_two", "-y").status == 0
    found = told("snapshot", "trend", "viewer_two", "all_time_tokens", "-o", "json").json
    assert [(one["value"], one["reset"]) for one in found] == [
        (100, False),
        (100, False),
        (130, False),
        (5, True),
    ]
    assert {one["username"] for one in told("snapshot", "list", "-o", "json").json} == {"viewer_one"}


def test_a_card_shows_what_other_sources_said_last_and_what_changed(
    told: MhcHere, database: Database
) -> None:
    found = told("person", "show", "viewer_one", "-o", "json").json
    assert found["elsewhere"] == [
        {"source": INFO, "range": "", "captured_at": "2026-01-03T18:00:00Z", "metrics": life(130, "b_room")}
    ]
    assert [(one["metric"], one["before"], one["after"], one["change"]) for one in found["changes"]] == [
        ("all_time_tokens", 100, 130, 30),
        ("models_tipped_2weeks_list", ["a_room"], ["b_room"], None),
    ]
    said(database, "viewer_one", (1, {"last_rank": 7}), source="statbate.model_rank", range="30d")
    shown = told("person", "show", "viewer_one", MHC_FORCE_TTY="120").stdout
    assert "Statbate 2026-01-03: 130 tokens seen of all time" in shown
    assert "Statbate 2026-01-02 of 30d: rank 7" in shown
    assert "all_time_tokens 100 → 130 (+30)" in shown
    nobody = told("person", "show", "example_room", "-o", "json").json
    assert (nobody["elsewhere"], nobody["changes"]) == (None, None)
    screen = told("person", "show", "viewer_one", MHC_FORCE_TTY="120", MHC_SCREEN_SAFE="1").stdout
    assert "130" not in screen


def test_a_timeline_tells_only_the_readings_that_said_something_new(
    told: MhcHere, database: Database
) -> None:
    said(database, "viewer_one", (4, {"last_rank": 7}), source="statbate.model_rank", range="30d")
    run = told("person", "timeline", "viewer_one", "--kind", "snapshot", "-o", "json")
    assert [(one["at"], one["about"], one["text"], one["source"]) for one in run.json] == [
        ("2026-01-05T18:00:00Z", "statbate.model_rank 30d", None, "statbate"),
        (
            "2026-01-03T18:00:00Z",
            INFO,
            "all_time_tokens 100 → 130 (+30); models_tipped_2weeks_list +b_room -a_room",
            "statbate",
        ),
        ("2026-01-01T18:00:00Z", INFO, None, "statbate"),
    ]
    every = told("person", "timeline", "viewer_one", "-o", "json").json
    assert len([one for one in every if one["kind"] == "snapshot"]) == 3
    assert told("person", "timeline", "viewer_one", "--sort", "at", "-o", "json").json == every[::-1]
