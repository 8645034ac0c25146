"""Every sample of these sources goes through `mhc snapshot pull --load`: a reading, an unknown name, or its failure."""

import json
from pathlib import Path
from typing import Any

import pytest

from command import MhcHere, Run
from factories import ROOM
from upstreams import MANIFEST, PAYLOADS

# Sample, source, the name that is given, what becomes of it, and the exit status.
NEW: list[tuple[str | None, str]] = [("viewer_one", "new")]
LOADED: list[tuple[str, str, str | None, list[tuple[str | None, str]], int]] = [
    ("statbate/member_info", "statbate.member_info", "viewer_one", NEW, 0),
    ("statbate/member_info_sql_dates", "statbate.member_info", "viewer_one", NEW, 0),
    ("statbate/member_info_nulls", "statbate.member_info", "viewer_two", [("viewer_two", "new")], 0),
    ("statbate/members_batch", "statbate.member_info_batch", None,
     [("viewer_one", "new"), ("viewer_two", "new"), ("no_such_viewer", "unknown")], 0),
    ("statbate/model_info", "statbate.model_info", ROOM, [(ROOM, "new")], 0),
    ("statbate/model_info_no_activity", "statbate.model_info", "quiet_room", [("quiet_room", "new")], 0),
    ("statbate/model_activity", "statbate.model_activity", ROOM, [(ROOM, "new")], 0),
    ("statbate/member_activity", "statbate.member_activity", "viewer_one", NEW, 0),
    ("statbate/member_tips", "statbate.member_tips", "viewer_one", NEW, 0),
    ("statbate/member_tips_page2", "statbate.member_tips", "viewer_one", NEW, 0),
    ("statbate/member_tips_empty", "statbate.member_tips", "viewer_one", NEW, 0),
    ("statbate/model_tips", "statbate.model_tips", ROOM, [(ROOM, "new")], 0),
    ("statbate/top_models", "statbate.member_top_models", "viewer_one", NEW, 0),
    ("statbate/tag_spending", "statbate.member_tag_spending", "viewer_one", NEW, 0),
    ("statbate/rank", "statbate.model_rank", ROOM, [(ROOM, "new")], 0),
    ("statbate/model_members", "statbate.model_members", ROOM, [(ROOM, "new")], 0),
    ("statbate/member_model_spending", "statbate.member_model", "viewer_one", NEW, 0),
    ("statbate/members_online", "statbate.members_online", None, [(None, "new"), ("viewer_one", "new")], 0),
    ("statbate/models", "statbate.models", None, [(None, "new"), (ROOM, "new")], 0),
    ("statbate/members", "statbate.members", None, [(None, "new"), ("viewer_one", "new")], 0),
    ("statbate/tags", "statbate.tags", None, [(None, "new")], 0),
    ("statbate/tags_search", "statbate.tags_search", None, [(None, "new")], 0),
    ("cbstats_online", "stats", ROOM, [(ROOM, "new")], 0),
    ("cbstats_offline", "stats", ROOM, [(ROOM, "new")], 0),
    ("cbstats_never_broadcast", "stats", "new_room", [("new_room", "new")], 0),
    ("cbstats_minimal_old", "stats", ROOM, [(ROOM, "new")], 0),
    ("apistats", "apistats", ROOM, [(ROOM, "new")], 0),
    ("apistats_empty", "apistats", ROOM, [(ROOM, "new")], 0),
    ("apistats_sub_account", "apistats", ROOM, [(ROOM, "new")], 0),
    ("statbate/http_401", "statbate.member_info", "viewer_one", [("viewer_one", "failed")], 77),
    ("statbate/http_403", "statbate.member_info", "viewer_one", [("viewer_one", "failed")], 77),
    ("statbate/http_404_member", "statbate.member_top_models", "viewer_one", [("viewer_one", "unknown")], 3),
    ("statbate/http_404_model", "statbate.model_info", "viewer_one", [("viewer_one", "unknown")], 3),
    ("statbate/http_422_batch", "statbate.member_info_batch", "viewer_one", [("viewer_one", "failed")], 65),
    ("statbate/http_422_laravel", "statbate.models", None, [(None, "failed")], 65),
    ("statbate/http_429", "statbate.member_info", "viewer_one", [("viewer_one", "failed")], 75),
    ("cbstats_http_401", "stats", ROOM, [(ROOM, "failed")], 77),
    ("cbstats_http_403_throttle", "apistats", ROOM, [(ROOM, "failed")], 75),
    ("cbstats_http_403_cloudflare", "stats", ROOM, [(ROOM, "failed")], 69),
]  # fmt: skip
MORE = {"statbate.member_model": ("--model", ROOM), "statbate.tags_search": ("--query", "mus")}


def load(mhc: MhcHere, file: Path, source: str, name: str | None, *words: str) -> Run:
    who = () if name is None else (name,)
    given = ("--source", source, "--load", str(file), *MORE.get(source, ()), *words)
    return mhc("snapshot", "pull", *who, *given, "-o", "json", CHATURBATE_USERNAME=ROOM)


@pytest.mark.parametrize(
    ("sample", "source", "name", "found", "status"), LOADED, ids=[row[0] for row in LOADED]
)
def test_a_sample(
    mhc: MhcHere, sample: str, source: str, name: str | None, found: list[tuple[Any, str]], status: int
) -> None:
    run = load(mhc, PAYLOADS / f"{sample}.json", source, name)
    assert ([(one["username"], one["state"]) for one in run.json], run.status) == (found, status), run.stderr
    read = [one for one in run.json if one["state"] == "new"]
    for one in read:
        shown = mhc("snapshot", "show", str(one["id"]), "-o", "json")
        assert (shown.status, shown.json["source"]) == (0, one["source"]), shown.stderr
    again = load(mhc, PAYLOADS / f"{sample}.json", source, name)
    assert {one["state"] for one in again.json} - {"unknown", "failed"} == ({"unchanged"} if read else set())


def test_every_sample_has_a_row() -> None:
    left_out = {"statbate/members_batch_request"}  # is what is asked
    elsewhere = ("events/", "affiliate_", "biocontext_", "cbhours_")  # are loaded by other commands
    names = {name.removesuffix(".json") for name in MANIFEST if not name.startswith(elsewhere)}
    assert names - left_out == {row[0] for row in LOADED}


def test_a_saved_answer_has_the_time_at_which_it_came(mhc: MhcHere) -> None:
    file = PAYLOADS / "statbate" / "member_info.json"
    run = load(mhc, file, "statbate.member_info", "viewer_one", "--at", "2026-01-31 10:00")
    assert run.json[0]["captured_at"] == "2026-01-31T10:00:00Z"
    twice = load(mhc, file, "statbate.member_info", "viewer_one", "--at", "2026-01-31 10:00")
    assert twice.json[0]["id"] == run.json[0]["id"]


def test_a_saved_answer_shows_who_they_are(mhc: MhcHere) -> None:
    file = PAYLOADS / "statbate" / "rank.json"
    assert load(mhc, file, "statbate.model_rank", ROOM).status == 0
    card = mhc("person", "show", ROOM, "-o", "json").json
    assert (card["rid"], card["role"]) == (700001, "model")


@pytest.mark.parametrize(
    "text", ["", "{}", "[]", "null", '{"data": 7}', "<html>", "\x00\x01", '{"status": "x"}']
)
def test_what_is_no_answer_is_refused_and_nothing_is_stored(on_sqlite: MhcHere, text: str) -> None:
    file = on_sqlite.home / "answer.json"
    file.write_text(text)
    for source, name in (("statbate.member_info", "viewer_one"), ("stats", ROOM), ("statbate.models", None)):
        run = load(on_sqlite, file, source, name)
        assert run.status in {65, 69}, (source, run.stderr)
        assert [one["state"] for one in run.json] == ["failed"]
    assert json.loads(on_sqlite("snapshot", "list", "-o", "json").stdout) == []


TIPS: Any = [{"time": "2026-01-05T10:00:00Z", "model": "model_one", "rid": 1, "tokens": 50, "usd": 2.5}] * 2
MEMBER: Any = {"name": "viewer_one", "did": 7, "all_time_tokens": 500}


@pytest.mark.parametrize(
    ("source", "name", "data", "known", "unknown"),
    [
        ("statbate.member_tips", "viewer_one", [*TIPS, "no tip"], {}, {"tips", "tokens", "usd", "last_tip"}),
        ("statbate.member_tips", "viewer_one", [*TIPS, TIPS[0] | {"tokens": "many"}],
         {"tips": 3, "usd": 7.5, "models": 1}, {"tokens", "largest_tip"}),
        ("statbate.member_info", "viewer_one", MEMBER | {"per_day_tokens": [{"date": "2026-01-05", "tokens": 5}, 7]},
         {"all_time_tokens": 500}, {"per_day_tokens", "days_tipped"}),
        ("statbate.member_info_batch", "viewer_one", [MEMBER | {"models_tipped_2weeks_list": ["model_one", 7]}],
         {"all_time_tokens": 500}, {"models_tipped_2weeks_list"}),
        ("statbate.members", None, [{"name": "viewer_one", "did": 7, "total_tokens": 50, "total": 2.5}, []],
         {}, {"rows", "rows_tokens", "rows_usd"}),
    ],
)  # fmt: skip
def test_figures_of_rows_of_which_one_cannot_be_read_are_unknown_and_no_part_of_a_sum(
    on_sqlite: MhcHere,
    tmp_path: Path,
    source: str,
    name: str | None,
    data: Any,
    known: Any,
    unknown: set[str],
) -> None:
    file = tmp_path / "answer.json"
    file.write_text(json.dumps({"data": data, "meta": {"timezone": "UTC"}}))
    (row,) = (one for one in load(on_sqlite, file, source, name).json if one["username"] == name)
    shown = on_sqlite("snapshot", "show", str(row["id"]), "-o", "json").json
    figures = {one["name"]: one["value"] for one in shown["metrics"]}
    assert figures | known | dict.fromkeys(unknown) == figures
    raw = json.loads(on_sqlite("snapshot", "show", str(row["id"]), "--raw").stdout)
    whole = data[0] if source.endswith("batch") else data
    assert raw == whole  # all that came, also what is no row


def test_an_earnings_table_that_cannot_be_read_leaves_the_sums_unknown(
    on_sqlite: MhcHere, tmp_path: Path
) -> None:
    file, answer = tmp_path / "answer.json", json.loads((PAYLOADS / "apistats.json").read_text())
    file.write_text(json.dumps(answer))
    ids = [load(on_sqlite, file, "apistats", ROOM, "--at", "2026-01-20 10:00").json[0]["id"]]
    answer["stats"][0]["totals"] = "of another form"
    file.write_text(json.dumps(answer))
    ids += [load(on_sqlite, file, "apistats", ROOM, "--at", "2026-01-20 11:00").json[0]["id"]]
    shown = [on_sqlite("snapshot", "show", str(one), "-o", "json").json["metrics"] for one in ids]
    payouts = [{one["name"]: one["value"] for one in figures}["payout"] for figures in shown]
    assert payouts == [8.0, None]


def test_a_file_that_is_not_there(on_sqlite: MhcHere) -> None:
    assert load(on_sqlite, Path("nowhere.json"), "statbate.member_info", "viewer_one").status == 3


def test_a_kept_answer_forgets_with_the_person(on_sqlite: MhcHere) -> None:
    file = on_sqlite.home / "answer.json"
    file.write_text('{"data": {"rows": ["viewer_one", "viewer_two"]}, "viewer": 1}')
    assert load(on_sqlite, file, "statbate.models", None).status == 65
    (kept,) = (on_sqlite.home / "state" / "answers").iterdir()
    assert "viewer_one" in kept.read_text()
    assert on_sqlite("person", "forget", "viewer_one", "-y", MHC_ERASURE_KEY="FAKE0KEY").status == 0
    assert "viewer_one" not in kept.read_text()
    assert "viewer_two" in kept.read_text()
    assert load(on_sqlite, kept, "statbate.models", None).status == 65


def test_who_was_forgotten_for_good_stays_so(mhc: MhcHere) -> None:
    mhc.environ["MHC_ERASURE_KEY"] = "FAKE0KEY"
    assert mhc("person", "forget", "viewer_one", "--block", "-y").status == 0
    file = PAYLOADS / "statbate" / "members_batch.json"
    run = load(mhc, file, "statbate.member_info_batch", None)
    assert [one["state"] for one in run.json] == ["failed", "new", "unknown"]
    assert (run.status, run.error["message"]) == (1, "they were forgotten: nothing is kept of them")
    assert mhc("person", "show", "viewer_one").status == 3
    assert not (mhc.home / "state" / "answers").exists()
    model = load(mhc, PAYLOADS / "statbate" / "members.json", "statbate.members", None)
    assert [one["username"] for one in model.json] == [None]
    shown = mhc("snapshot", "show", str(model.json[0]["id"]), "-o", "json")
    assert "viewer_one" not in shown.stdout
