"""What other sources said is listed, shown with where each figure comes from, compared, and followed over time."""

import json

import pytest

from command import MhcHere
from factories import minute
from mhc.store import people, snapshots
from mhc.store.database import Database
from mhc.store.snapshots import Asked, Reading
from readings import INFO, MODEL, life, said, tell


@pytest.fixture
def told(mhc: MhcHere, database: Database) -> MhcHere:
    tell(database)
    return mhc


def test_a_list_has_the_newest_first_and_says_what_was_new(told: MhcHere, database: Database) -> None:
    said(database, None, (3, {"rows": 2}), source="statbate.tags", range="30d")
    found = told("snapshot", "list", "-o", "json").json
    assert list(found[0]) == [
        "id",
        "username",
        "source",
        "range",
        "captured_at",
        "changed",
        "metrics",
        "subject",
    ]
    assert [(one["username"], one["source"], one["range"], one["changed"]) for one in found] == [
        (None, "statbate.tags", "30d", True),
        ("viewer_two", INFO, "", True),
        ("viewer_one", INFO, "", True),
        ("viewer_one", INFO, "", False),
        ("viewer_one", INFO, "", True),
    ]
    assert found[2]["captured_at"] == "2026-01-03T18:00:00Z"
    assert found[2]["metrics"] == life(130, "b_room")


@pytest.mark.parametrize(
    ("words", "tokens"),
    [
        (("viewer_one",), [130, 100, 100]),
        (("viewer_one", "--changed"), [130, 100]),
        (("viewer_one", "viewer_two", "-L", "2"), [5, 130]),
        (("--since", "2026-01-02", "--until", "2026-01-02"), [100]),
        (("--range", "30d"), []),
        (("--source", INFO, "--sort", "captured_at"), [100, 100, 5, 130]),
        (("--source", "stats"), []),
    ],
)
def test_a_list_is_narrowed_down(told: MhcHere, words: tuple[str, ...], tokens: list[int]) -> None:
    found = told("snapshot", "list", *words, "-o", "json").json
    assert sorted(one["metrics"]["all_time_tokens"] for one in found) == sorted(tokens)


def test_a_list_takes_names_from_a_pipe_and_goes_on_after_one_that_is_wrong(told: MhcHere) -> None:
    run = told("snapshot", "list", "-", "-o", "name", stdin="viewer_two\nnobody_at_all\n")
    assert (run.status, run.stdout) == (1, "viewer_two\n")
    assert "nobody_at_all" in run.stderr
    assert told("snapshot", "list", "nobody_at_all").status == 3
    assert (
        told("snapshot", "list", "nobody_at_all", "nor_me").stdout
        == told("snapshot", "list", "--range", "1d").stdout
    )


def test_a_figure_traces_to_what_the_source_said(told: MhcHere) -> None:
    found = told("snapshot", "show", "viewer_one", "-o", "json").json
    assert (found["username"], found["source"], found["range"], found["changed"]) == (
        "viewer_one",
        INFO,
        "",
        True,
    )
    assert found["metrics"][1] == {
        "name": "all_time_tokens",
        "value": 130,
        "unit": "tokens",
        "kind": "counter",
        "field": "all_time_tokens",
    }
    assert len(found["payload"]) == 64
    number = str(found["id"])
    assert told("snapshot", "show", number, "-o", "json").json == found
    raw = told("snapshot", "show", number, "--raw")
    assert json.loads(raw.stdout) == {"as it came": life(130, "b_room")}
    assert told("snapshot", "show", "@123").status == 3
    assert told("snapshot", "show", "999999").status == 3
    assert told("snapshot", "show", number, "--raw", MHC_SCREEN_SAFE="1").status == 2


def test_the_reading_of_a_time_is_the_last_before_it(told: MhcHere) -> None:
    found = told("snapshot", "show", "viewer_one", "--at", "2026-01-03", "-o", "json").json
    assert (found["captured_at"], found["changed"]) == ("2026-01-02T18:00:00Z", False)
    run = told("snapshot", "show", "viewer_one", "--at", "2025-12-31")
    assert (run.status, "no reading of viewer_one at or before" in run.stderr) == (3, True)
    run = told("snapshot", "show", "viewer_one", "--source", "stats")
    assert (run.status, f"there are: {INFO}" in run.stderr) == (3, True)
    run = told("snapshot", "show", "viewer_one", "--source", "statbate.member_inf")
    assert (run.status, f"did you mean: {INFO}" in run.stderr) == (2, True)


def test_a_terminal_shows_what_is_unknown_as_such(told: MhcHere, database: Database) -> None:
    said(database, "viewer_one", (5, {"all_time_tokens": None, "did": 7}))
    shown = told("snapshot", "show", "viewer_one", MHC_FORCE_TTY="100").stdout
    assert "all_time_tokens  -  tokens  counter  all_time_tokens" in shown


def test_a_diff_is_of_the_last_two_that_differ(told: MhcHere, database: Database) -> None:
    said(database, "viewer_one", (3, life(130, "b_room")))
    run = told("snapshot", "diff", "viewer_one", "-o", "json")
    assert [(one["metric"], one["before"], one["after"], one["change"]) for one in run.json] == [
        ("all_time_tokens", 100, 130, 30),
        ("models_tipped_2weeks_list", ["a_room"], ["b_room"], None),
    ]
    assert (run.json[1]["added"], run.json[1]["removed"]) == (["b_room"], ["a_room"])
    assert run.json[0]["before_at"] == "2026-01-02T18:00:00Z"
    assert f"{INFO}: 2026-01-02T18:00:00Z to 2026-01-04T18:00:00Z" in run.stderr


def test_a_diff_between_any_two_times_says_which_readings_it_took(told: MhcHere) -> None:
    run = told(
        "snapshot", "diff", "viewer_one", "--since", "2026-01-02", "--until", "2026-01-02", "-o", "json"
    )
    assert run.json == []
    assert "2026-01-01T18:00:00Z to 2026-01-02T18:00:00Z" in run.stderr
    run = told("snapshot", "diff", "viewer_one", "--since", "2026-01-02", "-o", "json")
    assert [one["change"] for one in run.json] == [30, None]
    run = told("snapshot", "diff", "viewer_one", "--since", "2025-12-01", "-o", "json")
    assert [one["before_at"] for one in run.json] == ["2026-01-01T18:00:00Z"] * 2
    run = told("snapshot", "diff", "viewer_one", "--since", "2025-12-01", "--until", "2025-12-02")
    assert (run.status, "the first is of 2026-01-01T18:00:00Z" in run.stderr) == (3, True)
    assert told("snapshot", "diff", "viewer_one", "--until", "2026-01-02").status == 2


def test_what_is_unknown_did_not_change_and_a_counter_that_falls_began_anew(
    told: MhcHere, database: Database
) -> None:
    said(database, "viewer_one", (3, life(None, "b_room")), (4, life(20, "c_room")))
    found = told("snapshot", "diff", "viewer_one", "-o", "json").json
    assert [one["metric"] for one in found] == ["models_tipped_2weeks_list"]
    every = told("snapshot", "diff", "viewer_one", "--all", "-o", "json").json
    tokens = next(one for one in every if one["metric"] == "all_time_tokens")
    assert (tokens["before"], tokens["after"], tokens["change"], tokens["reset"]) == (None, 20, None, False)
    found = told("snapshot", "diff", "viewer_one", "--since", "2026-01-03 20:00", "-o", "json").json
    assert (found[0]["before"], found[0]["after"], found[0]["change"], found[0]["reset"]) == (
        130,
        20,
        None,
        True,
    )


def test_one_reading_differs_from_nothing(told: MhcHere) -> None:
    run = told("snapshot", "diff", "viewer_two", "-o", "json")
    assert (run.status, run.json) == (0, [])
    assert "no two readings that differ" in run.stderr
    run = told("snapshot", "diff", "example_room")
    assert (run.status, "mhc snapshot pull example_room" in run.stderr) == (3, True)


def test_figures_of_a_whole_life_and_of_a_range_never_mix(told: MhcHere, database: Database) -> None:
    for days in ("7d", "30d"):
        said(
            database,
            "viewer_one",
            (1, {"income_tokens": 7}),
            (2, {"income_tokens": 9}),
            source=MODEL,
            range=days,
        )
    run = told("snapshot", "diff", "viewer_one")
    assert (run.status, f"--source, one of: {INFO}, {MODEL}" in run.stderr) == (2, True)
    run = told("snapshot", "diff", "viewer_one", "--source", MODEL)
    assert (run.status, "--range, one of: 30d, 7d" in run.stderr) == (2, True)
    run = told("snapshot", "diff", "viewer_one", "--source", MODEL, "--range", "1d")
    assert (run.status, "there are:" in run.stderr) == (3, True)
    said(database, "viewer_one", (1, {"income_tokens": 70}), (2, {"income_tokens": 90}), source=MODEL)
    changes = {
        words: told("snapshot", "diff", "viewer_one", "--source", MODEL, *words, "-o", "json").json[0][
            "change"
        ]
        for words in ((), ("--range", "7d"), ("--range", ""))
    }
    assert changes == {(): 20, ("--range", "7d"): 2, ("--range", ""): 20}
    trend = told("snapshot", "trend", "viewer_one", "income_tokens", "-o", "json").json
    assert [one["value"] for one in trend] == [70, 90]


def test_what_came_from_outside_does_nothing_to_a_terminal(told: MhcHere, database: Database) -> None:
    with database.write() as conn:
        who = people.ids_of(conn, ["viewer_one"])["viewer_one"]
        body = '{"name": "\u202eevil\u202c"}'.encode()
        snapshots.add(
            conn, [Reading(who, Asked("statbate.model_info"), minute(9 * 1440), body, {"name": "\u202eevil"})]
        )
    assert told("snapshot", "show", "viewer_one", "--raw").stdout.encode() == body + b"\n"
    for words in (("--raw",), ()):
        shown = told("snapshot", "show", "viewer_one", *words, MHC_FORCE_TTY="100").stdout
        assert ("\\u202eevil" in shown, "\u202e" in shown) == (True, False)


def test_a_ranking_is_compared_and_followed_without_a_person(told: MhcHere, database: Database) -> None:
    for day, tokens in enumerate((500, 500, 620)):
        figures = {"rows": 20, "rows_tokens": tokens}
        said(database, None, (day, figures), source="statbate.members", range="30d")
    said(database, None, (3, {"rows": 2}), source="statbate.tags", range="30d")
    words = ("--ranking", "--source", "statbate.members", "-o", "json")
    (change,) = told("snapshot", "diff", *words).json
    assert (change["metric"], change["before"], change["after"], change["change"], change["username"]) == (
        "rows_tokens", 500, 620, 120, None,
    )  # fmt: skip
    trend = told("snapshot", "trend", "rows_tokens", "rows", *words).json
    assert [one["value"] for one in trend if one["metric"] == "rows_tokens"] == [500, 500, 620]
    assert told("snapshot", "trend", "rows_tokens", "--ranking", "-o", "json").json == [
        one for one in trend if one["metric"] == "rows_tokens"
    ]
    assert told("snapshot", "diff", "--ranking").stderr == (
        "mhc: rankings have readings of 2 sources\nhint: --source, one of: statbate.members, statbate.tags\n"
    )


@pytest.mark.parametrize(
    ("words", "status", "said"),
    [
        (("diff",), 2, "whose readings?"),
        (("diff", "viewer_one", "--ranking"), 2, "whose readings?"),
        (("trend", "viewer_one"), 2, "which figures?"),
        (("diff", "--ranking"), 3, "no readings of a ranking"),
        (("trend", "rows", "--ranking", "--source", "stats"), 3, "no readings of a ranking"),
    ],
)
def test_whose_readings_are_meant_must_be_said(
    told: MhcHere, words: tuple[str, ...], status: int, said: str
) -> None:
    run = told("snapshot", *words)
    assert (run.status, run.stdout, run.stderr.splitlines()[0]) == (status, "", f"mhc: {said}")
