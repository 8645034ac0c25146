"""`mhc doctor` asks each source of statistics one question, in its turn."""

import re
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import update

import wire
from command import MhcHere, Run
from mhc.sandbox.server import Sandbox
from mhc.store.database import Database
from mhc.store.schema import snapshot
from wire import Wire

SOURCES = ("statbate api", "statistics api", "affiliate earnings")
ALL_OK = {
    "statbate api": ("ok", "answered with this token"),
    "statistics api": ("ok", "example_room: answered with this token"),
    "affiliate earnings": ("ok", "example_room: answered with this token"),
}
KEPT_OUT = "answers with a page for browsers (403): it blocks mhc, which works around no block"
TOKENS = {"CB_STATS_TOKEN": "CANARY0STATS", "STATBATE_API_TOKEN": "1|CANARY0STATBATE"}


@pytest.fixture
def mhc(tmp_path: Path) -> MhcHere:
    return MhcHere(tmp_path, MHC_WAIT_SCALE="0.001")


def playing(**more: Any) -> Sandbox:
    start = datetime.now(UTC) - timedelta(days=2)
    return Sandbox(start=start, until_now=True, speed=0, length=timedelta(minutes=30), **more)


def environment(sandbox: Sandbox, **more: str) -> dict[str, str]:
    """Give what leads to a sandbox, without the feed's token: that is another check."""
    found = sandbox.environment
    del found["CB_AUTH_TOKEN"]
    return found | more


def found(run: Run) -> dict[str, tuple[str, str]]:
    return {row["check"]: (row["state"], row["detail"]) for row in run.json if row["check"] in SOURCES}


def test_each_source_answers_with_its_token(mhc: MhcHere) -> None:
    with playing() as sandbox:
        run = mhc("doctor", "--json", **environment(sandbox))
    assert (run.status, found(run)) == (0, ALL_OK)


def test_without_tokens_nothing_is_asked_and_what_is_missing_is_said(mhc: MhcHere) -> None:
    with playing(faults="500") as sandbox:
        given = environment(sandbox)
        del given["CB_STATS_TOKEN"], given["STATBATE_API_TOKEN"], given["MHC_AFFILIATE_WM"]
        run = mhc("doctor", "--json", **given)
        assert (run.status, found(run)) == (0, {})
        hints = {row["check"]: row["hint"] for row in run.json if row["state"] == "off"}
        assert hints["statistics token"] == "set CB_STATS_TOKEN"
        assert hints["statbate token"] == "set STATBATE_API_TOKEN"
        assert hints["affiliate code"] == "set MHC_AFFILIATE_WM"
        offline = mhc("doctor", "--offline", "--json", **environment(sandbox))
    assert found(offline)["statbate api"] == ("off", "not asked (--offline)")
    assert found(offline)["affiliate earnings"] == ("off", "example_room: not asked (--offline)")
    assert not (mhc.home / "state" / "pacing").exists()


def test_who_was_asked_within_five_minutes_is_not_asked_again(mhc: MhcHere) -> None:
    with playing() as sandbox:
        given = environment(sandbox, MHC_WAIT_SCALE="1")
        assert found(mhc("doctor", "--json", **given)) == ALL_OK
        again = mhc("doctor", "--json", **given)
    assert again.status == 0
    assert found(again)["statbate api"] == ALL_OK["statbate api"]
    for source in SOURCES[1:]:
        state, detail = found(again)[source]
        assert state == "off"
        assert detail.startswith("example_room: not asked again so soon: 127.0.0.1:")
        assert "may be asked again in " in detail


def test_what_a_job_read_a_short_time_ago_is_not_asked_and_the_next_run_has_its_turn(
    mhc: MhcHere, database: Database, database_url: str
) -> None:
    with playing() as sandbox:
        given = environment(sandbox, DATABASE_URL=database_url)
        assert mhc("job", "run", "stats-poll", **given).status == 0
        nowhere = given | {"MHC_CHATURBATE_URL": "http://127.0.0.1:9"}
        told = found(mhc("doctor", "--json", **nowhere))
        for source in SOURCES[1:]:
            state, detail = told[source]
            assert state == "ok"
            assert re.fullmatch(r"example_room: answered when it was read .*; not asked again", detail)
        old = datetime.now(UTC) - timedelta(minutes=31)
        with database.write() as conn:
            conn.execute(update(snapshot).values(captured_at=old))
        assert found(mhc("doctor", "--json", **given)) == ALL_OK
        assert {found(mhc("doctor", "--json", **nowhere))[one][0] for one in SOURCES[1:]} == {"error"}


def test_a_room_that_statbate_does_not_know_is_an_answer(mhc: MhcHere) -> None:
    with playing() as sandbox:
        run = mhc("doctor", "--json", **environment(sandbox, CHATURBATE_USERNAME="quiet_room"))
        assert found(run)["statbate api"] == ALL_OK["statbate api"]
        given = environment(sandbox)
        del given["CHATURBATE_USERNAME"]
        assert found(mhc("doctor", "--json", **given))["statbate api"] == ALL_OK["statbate api"]


def test_refused_tokens_are_errors_and_are_not_shown(mhc: MhcHere) -> None:
    with playing() as sandbox:
        run = mhc("doctor", "--json", **environment(sandbox, **TOKENS))
    refused = "example_room: the statistics API refuses the token of example_room (401)"
    assert run.status == 4
    assert found(run) == {
        "statbate api": ("error", "Statbate refuses the token (401)"),
        "statistics api": ("error", refused),
        "affiliate earnings": ("error", refused),
    }
    hints = {row["check"]: row["hint"] for row in run.json}
    assert hints["statistics api"] == "CB_STATS_TOKEN must be that room's, with the scope Stats"
    assert "STATBATE_API_TOKEN" in hints["statbate api"]
    assert "CANARY" not in run.stdout + run.stderr


@pytest.mark.parametrize(
    ("word", "statbate", "site"),
    [
        ("403", ("error", "Statbate refuses this (403): Forbidden"),
         ("warning", "the statistics API asks to slow down (403)")),
        ("5*429", ("warning", "Statbate asks to slow down (429)"),
         ("warning", "the statistics API asks to slow down (429)")),
        ("5*503", ("warning", "Statbate is not working (503)"),
         ("warning", "the statistics API is not working (503)")),
        ("403:html",
         ("warning", f"Statbate {KEPT_OUT}"),
         ("warning", f"the statistics API {KEPT_OUT}")),
        ("5*reset", ("error", "Statbate cannot be reached: connection reset by peer"),
         ("error", "the statistics API cannot be reached: connection reset by peer")),
        ("redirect", ("error", "Statbate answers with a redirect (302), which is not followed"),
         ("error", "the statistics API answers with a redirect (302), which is not followed")),
        ("changed", ("error", "an answer of Statbate to model_info has no data of the documented form"),
         ("error", "an answer of the statistics API has none of the documented fields")),
    ],
)  # fmt: skip
def test_what_a_source_says_instead(
    mhc: MhcHere, word: str, statbate: tuple[str, str], site: tuple[str, str]
) -> None:
    with playing(faults={"statbate": word, "stats": word}) as sandbox:
        run = mhc("doctor", "--json", **environment(sandbox))
    seen = found(run)
    assert seen["statbate api"] == statbate
    assert seen["statistics api"] == (site[0], f"example_room: {site[1]}")
    assert run.status == (4 if "error" in {statbate[0], site[0]} else 0)
    assert all(row["hint"] for row in run.json if row["state"] == "warning")


def test_the_plan_is_named_where_it_may_be_why(mhc: MhcHere) -> None:
    with playing(faults={"statbate": "403"}) as sandbox:
        run = mhc("doctor", "--json", **environment(sandbox))
    (hint,) = [row["hint"] for row in run.json if row["check"] == "statbate api"]
    assert hint == "the plan of STATBATE_API_TOKEN may not include it, or not so far back"


def test_fields_of_another_type_are_named(mhc: MhcHere) -> None:
    body = (
        b'{"username":"example_room","token_balance":[],"stats":[],"data":{"name":"example_room","rid":"x"}}'
    )
    with Wire(wire.reply(body)) as server:
        run = mhc(
            "doctor", "--json", **TOKENS, CHATURBATE_USERNAME="example_room",
            MHC_CHATURBATE_URL=server.url, MHC_STATBATE_URL=server.url,
        )  # fmt: skip
    assert (run.status, found(run)) == (0, {
        "statbate api": ("warning", "answers in another form: data.rid: a text instead of a whole number"),
        "statistics api": (
            "warning", "example_room: answers in another form: it.token_balance: a list instead of a whole number"
        ),
        "affiliate earnings": ALL_OK["affiliate earnings"],
    })  # fmt: skip


def test_every_room_with_a_token_is_asked(mhc: MhcHere) -> None:
    with playing() as sandbox:
        path = mhc.home / "config" / "mhc" / "config.toml"
        path.parent.mkdir(parents=True)
        path.write_text(
            f"[rooms.second_room]\ncb_stats_token = '{sandbox.stats_token}'\n[rooms.third_room]\n"
        )
        path.chmod(0o600)
        run = mhc("doctor", "--json", **environment(sandbox))
    rows = [
        (row["state"], row["detail"].partition(":")[0])
        for row in run.json
        if row["check"] == "statistics api"
    ]
    assert rows == [("ok", "example_room"), ("error", "second_room")]


@pytest.mark.parametrize(
    ("word", "state", "said"),
    [
        ("ok", "ok", "answered"),
        ("403:html", "warning", f"the feed of rooms {KEPT_OUT}"),
        ("5*429", "warning", "the feed of rooms asks to slow down (429)"),
        ("changed", "error", "an answer of the feed of rooms has no list of rooms"),
    ],
)
def test_the_feed_of_rooms_is_asked_for_a_room(mhc: MhcHere, word: str, state: str, said: str) -> None:
    with playing(rooms=20, faults={"affiliate": word}) as sandbox:
        run = mhc("doctor", "--json", **environment(sandbox))
    rows = [(row["state"], row["detail"]) for row in run.json if row["check"] == "feed of rooms"]
    assert rows == [(state, said)]
    assert sandbox.environment["MHC_AFFILIATE_WM"] not in run.stdout + run.stderr


def test_profiles_are_asked_for_only_where_they_are_enabled(mhc: MhcHere) -> None:
    def said(run: Run) -> list[tuple[str, str]]:
        return [(row["state"], row["detail"]) for row in run.json if row["check"] == "public profiles"]

    with playing() as sandbox:
        assert said(mhc("doctor", "--json", **environment(sandbox))) == []
        (mhc.home / "profiles.toml").write_text("[profiles]\nenabled = true\n")
        words = ("doctor", "--json", "--config", "profiles.toml")
        assert said(mhc(*words, **environment(sandbox))) == [("ok", "example_room: answered")]
        offline = mhc(*words, "--offline", **environment(sandbox))
        assert said(offline) == [("off", "example_room: not asked (--offline)")]
    with playing(faults={"profiles": "401"}) as sandbox:
        blocked = mhc(*words, **environment(sandbox))
    assert said(blocked)[0][0] == "warning"
    assert "does not show example_room to your region or address" in said(blocked)[0][1]


def hours(run: Run) -> list[tuple[str, str]]:
    return [(row["state"], row["detail"]) for row in run.json if row["check"] == "cbhours"]


def test_cbhours_is_asked_where_its_job_is_on(mhc: MhcHere) -> None:
    with playing() as sandbox:
        given = environment(sandbox)
        assert hours(mhc("doctor", "--json", **given)) == []
        assert mhc("job", "enable", "cbhours-poll", **given).status == 0
        assert hours(mhc("doctor", "--json", **given)) == [("ok", "answered")]
        unknown = given | {"CHATURBATE_USERNAME": "quiet_room"}
        assert hours(mhc("doctor", "--json", **unknown)) == [("ok", "answered")]
        assert hours(mhc("doctor", "--offline", "--json", **given)) == [("off", "not asked (--offline)")]


@pytest.mark.parametrize(
    ("word", "state", "detail"),
    [
        ("429", "warning", "CBHours asks to slow down (429): Too Many Requests"),
        ("403", "warning", f"CBHours {KEPT_OUT}"),
        ("changed", "error", "an answer of CBHours has no data"),
        ("5*503", "warning", "CBHours is not working (503)"),
    ],
)
def test_what_cbhours_says_instead(mhc: MhcHere, word: str, state: str, detail: str) -> None:
    with playing(faults={"cbhours": word}) as sandbox:
        given = {"MHC_CBHOURS_URL": sandbox.environment["MHC_CBHOURS_URL"]}
        mhc("job", "enable", "cbhours-poll", **given)
        run = mhc("doctor", "--json", **given)
    assert (run.status, hours(run)) == (4 if state == "error" else 0, [(state, detail)])
