"""`mhc snapshot pull`: who is asked about, what is kept, and what a failure costs."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from asked import STATS_TOKEN, TOKEN, Ask, Reply, Upstream, answers_kept, sample
from command import MhcHere, Run
from factories import ROOM


@pytest.fixture
def statbate() -> Iterator[Upstream]:
    with Upstream(viewer_one={}, viewer_two={}, viewer_three={}) as running:
        yield running


def pull(mhc: MhcHere, upstream: Upstream, *words: str, **environ: str) -> Run:
    return mhc("snapshot", "pull", *words, "-o", "json", **{**upstream.environ, **environ})


def states(run: Run) -> list[tuple[Any, ...]]:
    return [
        (one["username"], one["source"].partition(".")[2] or one["source"], one["state"]) for one in run.json
    ]


def test_viewers_are_asked_about_in_one_request_and_an_unchanged_answer_is_a_reading_too(
    mhc: MhcHere, statbate: Upstream
) -> None:
    run = pull(mhc, statbate, "viewer_one", "viewer_two")
    assert states(run) == [("viewer_one", "member_info", "new"), ("viewer_two", "member_info", "new")]
    assert [one.body["names"] for one in statbate.asked] == [["viewer_one", "viewer_two"]]
    assert run.json[0]["range"] == ""
    assert run.json[0]["captured_at"]
    assert run.json[0]["id"] < run.json[1]["id"]
    statbate.members["viewer_two"] = {"all_time_tokens": 45211}
    again = pull(mhc, statbate, "viewer_one", "viewer_two")
    assert [one["state"] for one in again.json] == ["unchanged", "new"]
    assert again.json[0]["id"] != run.json[0]["id"]
    assert (run.status, again.status, again.stderr) == (0, 0, "")


def test_whose_role_nobody_knows_is_asked_about_as_both_and_known_from_then_on(
    mhc: MhcHere, statbate: Upstream
) -> None:
    statbate.models["model_one"] = {"rid": 77}
    run = pull(mhc, statbate, "model_one")
    assert states(run) == [("model_one", "member_info", "unknown"), ("model_one", "model_info", "new")]
    assert (run.status, run.json[1]["range"], run.stderr) == (0, "30d", "")
    card = mhc("person", "show", "model_one", "-o", "json").json
    assert (card["role"], card["rid"]) == ("model", 77)
    statbate.asked.clear()
    assert states(pull(mhc, statbate, "model_one")) == [("model_one", "model_info", "unchanged")]
    assert statbate.paths == ["/model/chaturbate/model_one/info"]


def test_who_is_renamed_there_is_renamed_here(mhc: MhcHere, statbate: Upstream) -> None:
    assert pull(mhc, statbate, "viewer_one").status == 0
    statbate.members["viewer_uno"] = {"did": statbate.member("viewer_one")["did"]}
    run = pull(mhc, statbate, "viewer_uno")
    assert "renamed viewer_one to viewer_uno: the same did" in run.stderr
    assert mhc("person", "show", "viewer_one", "-o", "json").json["username"] == "viewer_uno"
    mine = [one["state"] for one in pull(mhc, statbate, "viewer_uno").json if one["state"] != "unknown"]
    assert mine == ["unchanged"]


def test_another_account_of_the_name_is_no_reading_of_the_person(mhc: MhcHere, statbate: Upstream) -> None:
    assert pull(mhc, statbate, "viewer_one").status == 0
    statbate.members["viewer_one"] = {"did": 999}
    run = pull(mhc, statbate, "viewer_one")
    assert (run.status, states(run)) == (65, [("viewer_one", "member_info", "failed")])
    assert "viewer_one: the did" in run.json[0]["error"]


def test_whom_a_source_does_not_know_is_left_alone_for_longer_and_longer(
    mhc: MhcHere, statbate: Upstream
) -> None:
    assert mhc("person", "add", "viewer_four", "--role", "viewer").status == 0
    assert mhc("watchlist", "add", "Ones to Watch", "viewer_four").status == 0
    first = pull(mhc, statbate, "--list", "Ones to Watch")
    assert (first.status, states(first)) == (0, [("viewer_four", "member_info", "unknown")])
    assert pull(mhc, statbate, "--list", "Ones to Watch").json == []
    by_name = pull(mhc, statbate, "viewer_four")
    assert (by_name.status, states(by_name)) == (3, [("viewer_four", "member_info", "unknown")])
    assert "statbate.member_info does not know viewer_four" in by_name.stderr
    statbate.members["viewer_four"] = {}
    assert pull(mhc, statbate, "viewer_four").json[0]["state"] == "new"
    assert [one["username"] for one in pull(mhc, statbate, "--list", "Ones to Watch").json] == ["viewer_four"]


def test_one_persons_failure_does_not_stop_the_others(mhc: MhcHere, statbate: Upstream) -> None:
    def rule(ask: Ask) -> Reply | None:
        return Reply(500, {"message": "Server Error"}) if "viewer_two" in ask.path else None

    statbate.rule = rule
    run = pull(mhc, statbate, "viewer_one", "viewer_two", "viewer_three", "--source", "statbate.member_info")
    assert [one["state"] for one in run.json] == ["new", "failed", "new"]
    assert (run.status, run.error["message"]) == (1, "Statbate is not working (500)")


def test_where_all_fail_the_gravest_status_tells(mhc: MhcHere, statbate: Upstream) -> None:
    statbate.replies = [Reply(500), Reply(500), Reply(500), Reply(422, {"message": "no"})]
    run = pull(mhc, statbate, "viewer_one", "viewer_two", "--source", "statbate.member_info")
    assert ([one["state"] for one in run.json], run.status) == (["failed", "failed"], 69)


def test_a_refused_token_is_said_once_and_nobody_else_is_asked_about(
    mhc: MhcHere, statbate: Upstream
) -> None:
    statbate.rule = lambda _ask: Reply(401, {"message": "Unauthenticated."})
    names = ["viewer_one", "viewer_two", "viewer_three"]
    run = pull(mhc, statbate, *names, "--source", "statbate.member_info")
    assert [one["state"] for one in run.json] == ["failed", "skipped", "skipped"]
    assert (run.status, len(statbate.asked)) == (77, 1)
    assert run.error["message"] == "Statbate refuses the token (401)"
    assert TOKEN not in run.stdout + run.stderr


def test_a_source_that_is_down_is_not_asked_for_ever(mhc: MhcHere, statbate: Upstream) -> None:
    statbate.rule = lambda _ask: Reply(503)
    names = [f"viewer_{number}" for number in range(9)]
    run = pull(mhc, statbate, *names, "--source", "statbate.member_info")
    assert [one["state"] for one in run.json] == ["failed"] * 3 + ["skipped"] * 6
    assert (run.status, len(statbate.asked)) == (69, 9)


def test_a_source_that_asks_for_quiet_gets_it(mhc: MhcHere, statbate: Upstream) -> None:
    statbate.rule = lambda _ask: Reply(429, {"message": "Too Many Attempts."}, {"Retry-After": "3600"})
    run = pull(mhc, statbate, "viewer_one", MHC_WAIT_SCALE="1")
    assert (run.status, len(statbate.asked)) == (75, 1)
    later = pull(mhc, statbate, "viewer_one", MHC_WAIT_SCALE="1")
    assert (later.status, len(statbate.asked)) == (75, 1)
    assert "may be asked again in 3" in later.error["message"]


def test_a_missing_token_names_the_setting(mhc: MhcHere) -> None:
    run = mhc("snapshot", "pull", "viewer_one")
    assert (run.status, run.stdout) == (77, "")
    assert "STATBATE_API_TOKEN is not set" in run.stderr


def test_all_are_unknown_at_once_whom_it_knew_and_nothing_is_stored_of_it(
    mhc: MhcHere, statbate: Upstream
) -> None:
    assert pull(mhc, statbate, "viewer_one", "viewer_two").status == 0
    statbate.members.clear()
    for source in ("statbate.member_info_batch", "statbate.member_info"):
        run = pull(mhc, statbate, "viewer_one", "viewer_two", "--source", source)
        assert run.status == 4
        assert "knows none of 2 people whom it knew" in run.stderr
        assert answers_kept(mhc.home) == ["statbate.member_info.json"]
    statbate.members |= {"viewer_one": {}, "viewer_two": {}}
    chosen = pull(mhc, statbate, "--segment", "tippers")
    assert states(chosen) == [
        ("viewer_one", "member_info", "unchanged"),
        ("viewer_two", "member_info", "unchanged"),
    ]


def test_one_account_that_is_gone_is_an_answer(mhc: MhcHere, statbate: Upstream) -> None:
    assert pull(mhc, statbate, "viewer_one", "viewer_two").status == 0
    del statbate.members["viewer_one"]
    run = pull(mhc, statbate, "--segment", "tippers")
    assert (run.status, {one["username"]: one["state"] for one in run.json}) == (
        0, {"viewer_one": "unknown", "viewer_two": "unchanged"},
    )  # fmt: skip


@pytest.mark.parametrize("tokens", [0, None, "many"])
def test_a_life_that_is_suddenly_empty_is_no_reading(mhc: MhcHere, statbate: Upstream, tokens: Any) -> None:
    assert pull(mhc, statbate, "viewer_one", "viewer_two").status == 0
    statbate.members["viewer_one"] = {"all_time_tokens": tokens}
    run = pull(mhc, statbate, "viewer_one", "viewer_two")
    assert ([one["state"] for one in run.json], run.status) == (["failed", "unchanged"], 1)
    assert "for all_time_tokens, and had 45210" in run.json[0]["error"]
    assert answers_kept(mhc.home) == ["statbate.member_info.json"]


def test_an_answer_of_another_form_is_kept_and_can_be_loaded(mhc: MhcHere, statbate: Upstream) -> None:
    statbate.rule = lambda _ask: Reply(200, {"rows": []})
    run = pull(mhc, statbate, "viewer_one", "--source", "statbate.member_info")
    assert (run.status, states(run)) == (65, [("viewer_one", "member_info", "failed")])
    kept = mhc.home / "state" / "answers" / "statbate.member_info.json"
    assert str(kept) in run.stderr
    again = pull(mhc, statbate, "viewer_one", "--source", "statbate.member_info", "--load", str(kept))
    assert (again.status, states(again)) == (65, states(run))


def test_a_ranking_is_about_nobody_and_about_whom_one_knows(mhc: MhcHere, statbate: Upstream) -> None:
    statbate.rule = lambda _ask: Reply(body=sample("statbate/members.json"))
    run = pull(mhc, statbate, "--source", "statbate.members", "--gender", "female", "--high-tippers")
    assert states(run) == [(None, "members", "new"), ("viewer_one", "members", "new")]
    assert statbate.asked[0].params["selectedGenders[]"] == "1"
    statbate.rule = lambda _ask: Reply(body={"data": []})
    empty = pull(mhc, statbate, "--source", "statbate.members", "--gender", "female", "--high-tippers")
    assert (empty.status, states(empty)) == (65, [(None, "members", "failed")])
    other = pull(mhc, statbate, "--source", "statbate.members")  # another question
    assert other.json[0]["state"] == "new"


def test_all_pages_are_one_reading(mhc: MhcHere, statbate: Upstream) -> None:
    page = sample("statbate/member_tips.json")["data"]

    def rule(ask: Ask) -> Reply | None:
        number = int(ask.params["page"])
        paging = {"total": 4, "per_page": 200, "current_page": number, "last_page": 2, "from": 1, "to": 2}
        return Reply(
            body={"data": page, "meta": {"pagination": paging, "member": {"id": 900, "name": "viewer_one"}}}
        )

    statbate.rule = rule
    words = (
        "viewer_one",
        "--source",
        "statbate.member_tips",
        "--since",
        "2026-01-01",
        "--until",
        "2026-01-31",
    )
    run = pull(mhc, statbate, *words)
    assert (run.status, run.json[0]["range"], len(statbate.asked)) == (0, "2026-01-01/2026-02-01", 2)
    assert statbate.asked[0].params["range[0]"] == "2026-01-01 00:00:00"
    assert statbate.asked[0].params["range[1]"] == "2026-01-31 23:59:59"
    assert mhc("person", "show", "viewer_one", "-o", "json").json["did"] == 900


def test_a_range_that_moves_on_has_one_name(mhc: MhcHere, statbate: Upstream) -> None:
    statbate.models["model_one"] = {}
    words = ("model_one", "--source", "statbate.model_rank", "--range")
    assert [pull(mhc, statbate, *words, text).json[0]["range"] for text in ("2d", "48h", "36h")] == [
        "2d",
        "2d",
        "36h",
    ]


def test_the_own_rooms_statistics_come_by_each_rooms_token(mhc: MhcHere, statbate: Upstream) -> None:
    room = {"CHATURBATE_USERNAME": ROOM, "CB_STATS_TOKEN": STATS_TOKEN}
    for source in ("stats", "apistats"):
        run = pull(mhc, statbate, "--source", source, **room)
        assert (run.status, states(run)) == (0, [(ROOM, source, "new")]), run.stderr
    assert {one.params["token"] for one in statbate.asked} == {STATS_TOKEN}
    assert STATS_TOKEN not in json.dumps(run.json) + run.stderr
    nobody = pull(mhc, statbate, "--source", "stats", CHATURBATE_USERNAME=ROOM)
    assert (nobody.status, nobody.error["message"]) == (77, "no room has a statistics token")


def test_followers_that_are_suddenly_gone_are_no_reading(
    mhc: MhcHere, statbate: Upstream, tmp_path: Path
) -> None:
    file = tmp_path / "stats.json"
    file.write_text(json.dumps(sample("cbstats_online.json")))
    words = (ROOM, "--source", "stats", "--load", str(file))
    assert pull(mhc, statbate, *words).status == 0
    file.write_text(json.dumps(sample("cbstats_online.json") | {"num_followers": 0}))
    run = pull(mhc, statbate, *words)
    assert (run.status, states(run)) == (65, [(ROOM, "stats", "failed")])
    assert "has 0 for num_followers, and had 24355" in run.json[0]["error"]


def test_statistics_are_read_every_five_minutes_at_most(mhc: MhcHere, statbate: Upstream) -> None:
    room = {"CHATURBATE_USERNAME": ROOM, "CB_STATS_TOKEN": STATS_TOKEN, "MHC_WAIT_SCALE": "1"}
    assert pull(mhc, statbate, "--source", "stats", **room).status == 0
    again = pull(mhc, statbate, "--source", "stats", **room)
    assert (again.status, len(statbate.asked)) == (75, 1)
    assert "may be asked again in" in again.error["message"]


def test_a_dry_run_says_who_would_be_asked_about_and_asks_nobody(mhc: MhcHere, statbate: Upstream) -> None:
    run = pull(mhc, statbate, "viewer_one", "model_one", "-n")
    assert states(run) == [
        ("viewer_one", "member_info", None), ("model_one", "member_info", None), ("model_one", "model_info", None),
    ]  # fmt: skip
    assert "would ask about 2 people in 2 requests" in run.stderr
    assert (run.status, statbate.asked) == (0, [])
    assert mhc("person", "show", "model_one").status == 3


def test_only_who_was_not_asked_about_for_so_long(mhc: MhcHere, statbate: Upstream) -> None:
    assert pull(mhc, statbate, "viewer_one").status == 0
    run = pull(mhc, statbate, "viewer_one", "viewer_two", "--stale", "6h")
    assert states(run) == [("viewer_one", "member_info", "skipped"), ("viewer_two", "member_info", "new")]
    assert (run.status, pull(mhc, statbate, "--segment", "tippers", "--stale", "6h").json) == (0, [])


def test_names_come_from_stdin_and_one_that_is_none_is_told(mhc: MhcHere, statbate: Upstream) -> None:
    words = ("snapshot", "pull", "-", "no name!", "-o", "json")
    run = mhc(*words, stdin="viewer_one\n@viewer_two\n", **statbate.environ)
    assert [(one["username"], one["state"]) for one in run.json] == [
        ("no name!", "failed"), ("viewer_one", "new"), ("viewer_two", "new"),
    ]  # fmt: skip
    assert run.status == 1


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (("viewer_one", "--source", "statbate.member"), "no source named 'statbate.member'"),
        (("viewer_one", "--source", "statbate.member_info", "--range", "7d"), "member_info takes no --range"),
        (("viewer_one", "--source", "statbate.member_tips", "--range", "90s"), "is no range: whole hours or days"),
        (("viewer_one", "--source", "statbate.member_tips", "--until", "2d"), "--until needs --since"),
        (("viewer_one", "--source", "statbate.member_tips", "--range", "2026-02-01/2026-01-01"), "the range is empty"),
        (("viewer_one", "--source", "statbate.member_model"), "member_model needs --model"),
        (("viewer_one", "--source", "statbate.tags_search", "--query", "x"), "statbate.tags_search is about nobody"),
        (("--source", "statbate.tags_search"), "tags_search needs --query"),
        (("--source", "statbate.tags_search", "--query", "x", "--rows", "101"), "limit must be 1 to 100"),
        (("--source", "statbate.members_online", "--gender", "trans"), "members_online knows no gender 'trans'"),
        (("viewer_one", "--model", "x"), "go with a --source"),
        ((), "whom to ask about?"),
        (("--load", "x.json"), "whose answer is in the file?"),
        (("--source", "statbate.model_info", "--load", "x.json", "a", "b"), "whom is the saved answer about?"),
    ],
    ids=str,
)  # fmt: skip
def test_what_cannot_be_asked_is_said_in_a_line(
    on_sqlite: MhcHere, statbate: Upstream, words: tuple[str, ...], sentence: str
) -> None:
    run = pull(on_sqlite, statbate, *words)
    assert run.status == 2
    assert sentence in run.error["message"]
    assert statbate.asked == []


def test_a_list_that_is_not_there_and_a_room_that_is_not_ones_own(
    on_sqlite: MhcHere, statbate: Upstream
) -> None:
    assert pull(on_sqlite, statbate, "--list", "Nowhere").status == 3
    assert (
        pull(on_sqlite, statbate, "other_room", "--source", "stats", CB_STATS_TOKEN=STATS_TOKEN).status == 3
    )
