"""`mhc person export` and `forget`: all that is held about somebody, and its end."""

import json
from pathlib import Path
from typing import Any

import pytest

from command import MhcHere, Run
from factories import ROOM, tell_story
from mhc.domain.broadcasts import MERGE_GAP
from mhc.store import inventory
from mhc.store.database import Database

KEY = "FAKE0KEY0OF0ERASURES"


@pytest.fixture
def told(database: Database, database_url: str, tmp_path: Path) -> MhcHere:
    """Give the command on two shows, with what somebody typed after them."""
    tell_story(database)
    mhc = MhcHere(tmp_path, DATABASE_URL=database_url, CHATURBATE_USERNAME=ROOM, MHC_ERASURE_KEY=KEY)
    for words in (
        ("note", "add", "viewer_one", "likes the blue lights"),
        ("note", "add", "viewer_two", "came with Viewer_One, not with viewer_one_more"),
        ("alias", "add", "viewer_one", "viewer_uno"),
        ("watchlist", "add", "Friends", "viewer_one"),
    ):
        assert mhc(*words).status == 0
    return mhc


def good(run: Run) -> Any:
    assert run.status == 0, run.stderr
    return run.json


def test_a_forgotten_person_is_nowhere_and_the_database_is_sound(told: MhcHere, database: Database) -> None:
    run = told("person", "forget", "viewer_one", "-y", "-o", "json")
    assert {row["what"]: (row["gone"], row["replaced"]) for row in good(run)}["note"] == (1, 1)
    assert told("person", "show", "viewer_one").status == 3
    assert told("person", "show", "viewer_uno").status == 3
    (note,) = good(told("note", "list", "-o", "json"))
    assert note["body"] == "came with (forgotten), not with viewer_one_more"
    events = good(told("event", "list", "--reveal", "--private", "-o", "json"))
    assert events
    assert not [one for one in events if "viewer_one" in (one["actor"], one["partner"])]
    assert inventory.problems(database, MERGE_GAP) == []
    assert "forgotten already" in told("person", "forget", "viewer_uno", "-y").stderr


def test_amounts_are_kept_under_a_random_name_where_asked(told: MhcHere, database: Database) -> None:
    before = good(told("report", "tippers", "--reveal", "-o", "json"))
    run = told("person", "forget", "viewer_one", "--keep-amounts", "-y")
    assert run.status == 0, run.stderr
    after = good(told("report", "tippers", "--reveal", "-o", "json"))
    paid = {row["username"]: row["tokens"] for row in before["rows"]}
    heir = next(row["username"] for row in after["rows"] if row["username"].startswith("forgotten_"))
    assert f"kept under {heir}" in run.stderr
    assert {row["username"]: row["tokens"] for row in after["rows"]} == {
        heir: paid["viewer_one"],
        "viewer_two": paid["viewer_two"],
    }
    assert inventory.problems(database, MERGE_GAP) == []


def exported(mhc: MhcHere, *words: str) -> list[dict[str, Any]]:
    run = mhc("person", "export", *words)
    assert run.status == 0, run.stderr
    return [json.loads(line) for line in run.stdout.splitlines()]


def test_an_export_holds_every_table_and_masks_what_is_not_asked_for(told: MhcHere) -> None:
    found = exported(told, "viewer_uno")
    assert {one["table"] for one in found} >= {
        "person",
        "alias",
        "event",
        "note",
        "visit",
        "watchlist_member",
    }
    events = [one["row"] for one in found if one["table"] == "event"]
    assert {row["raw"] and row["raw"]["method"] for row in events} >= {"tip", "chatMessage", None}
    assert "psst" not in json.dumps(found)
    assert 50 not in [row["tokens"] for row in events]
    whole = exported(told, "viewer_one", "--private", "--reveal")
    assert "psst" in json.dumps(whole)
    assert 50 in [one["row"]["tokens"] for one in whole if one["table"] == "event"]
    assert exported(told, "viewer_two", "--private", "--reveal") != whole
