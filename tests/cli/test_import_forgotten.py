"""`mhc import` and who was forgotten: nothing that is older than the erasure, or may be, brings them back."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from command import MhcHere
from factories import ROOM, tell_story
from mhc.domain.broadcasts import MERGE_GAP
from mhc.store import inventory
from mhc.store.database import Database


@pytest.fixture
def mhc(database: Database, database_url: str, tmp_path: Path) -> MhcHere:
    """Give the command where viewer_one was forgotten, and viewer_two is blocked."""
    tell_story(database)
    key = "FAKE0KEY0OF0ERASURES"
    made = MhcHere(tmp_path, DATABASE_URL=database_url, CHATURBATE_USERNAME=ROOM, MHC_ERASURE_KEY=key)
    assert made("person", "forget", "viewer_one", "-y").status == 0
    assert made("person", "forget", "viewer_two", "--block", "-y").status == 0
    return made


def brought(mhc: MhcHere, *words: str, stdin: str) -> tuple[Any, str]:
    run = mhc("import", *words, "-", "--json", stdin=stdin)
    assert run.status == 0, run.stderr
    return run.json, run.stderr


def test_pasted_lines_of_theirs_are_left_out_unless_they_are_later(database: Database, mhc: MhcHere) -> None:
    later = datetime.now(UTC) + timedelta(minutes=5)  # clocks differ
    text = (
        "[2026-01-03 18:00:00] viewer_one: hello\nviewer_one: when was that?\n"
        "[2026-01-03 18:00:01] viewer_nine: hi Viewer_One!\nviewer_one tipped 25 tokens\n"
        f"[{later:%Y-%m-%d %H:%M:%S}] viewer_one: back again\n"
        f"[{later:%Y-%m-%d %H:%M:%S}] viewer_two: me too\n"
    )
    rows, said = brought(mhc, "chat", "--tz", "utc", stdin=text)
    assert [(row["line"], row["result"], row["reason"]) for row in rows] == [
        (1, "left out", "forgotten"), (2, "left out", "forgotten"), (3, "new", None),
        (4, "left out", "forgotten"), (5, "new", None), (6, "left out", "forgotten"),
    ]  # fmt: skip
    assert said == "would import 2 lines, 4 left out (forgotten 4); --save keeps them\n"
    brought(mhc, "chat", "--save", "--tz", "utc", stdin=text)
    kept = [
        (one["actor"], one["text"]) for one in mhc("event", "list", "--json").json if one["source"] == "paste"
    ]
    assert kept == [("viewer_one", "back again"), ("viewer_nine", "hi (forgotten)!")]
    assert mhc("person", "show", "viewer_two").status == 3
    assert inventory.problems(database, MERGE_GAP) == []


def test_private_messages_with_them_are_left_out_on_both_sides(mhc: MhcHere) -> None:
    text = f"viewer_one: psst\n{ROOM}: yes?\n"
    assert {row["reason"] for row in brought(mhc, "pm", stdin=text)[0]} == {"forgotten"}
    brought(mhc, "pm", "--save", stdin=text)
    assert mhc("person", "show", "viewer_one").status == 3
    assert mhc("import", "list", "--json").json == []


def test_what_an_older_system_remembers_of_them_is_left_out(mhc: MhcHere) -> None:
    people: list[dict[str, Any]] = [
        {"username": "viewer_one", "notes": [{"body": "likes blue"}]},
        {"username": "viewer_other", "aliases": ["viewer_two"]},
        {
            "username": "viewer_three",
            "notes": [{"body": "a friend of @viewer_one"}],
            "names": {"private": "Sam"},
        },
    ]
    text = "".join(json.dumps(one) + "\n" for one in people)
    rows, said = brought(mhc, "people", stdin=text)
    assert rows[0] == {"what": "people", "found": 1, "new": 1}
    assert said == "would import 1 person, 1 of them new, 2 left out (forgotten 2); --save keeps it\n"
    assert "left out (forgotten 2)" in brought(mhc, "people", "--save", stdin=text)[1]
    assert mhc("import", "list", "--json").json[0]["counts"]["forgotten"] == 2
    assert [one["body"] for one in mhc("note", "list", "--json").json] == ["a friend of @(forgotten)"]
    assert [mhc("person", "show", name).status for name in ("viewer_one", "viewer_other", "viewer_two")] == [
        3
    ] * 3
    alone = json.dumps(people[0])
    assert brought(mhc, "people", "--save", stdin=alone)[1] == "nothing is new, 1 left out (forgotten 1)\n"


def test_a_list_does_not_bring_them_back_and_does_not_lose_who_came_again(mhc: MhcHere) -> None:
    text, words = "viewer_one\nviewer_two\nviewer_three\n", ("follows", "--direction", "followers")
    rows, said = brought(mhc, *words, stdin=text)
    assert [(row["username"], row["result"]) for row in rows] == [
        ("viewer_one", "forgotten"), ("viewer_three", "new"), ("viewer_two", "forgotten")
    ]  # fmt: skip
    assert said == "would import the list: 1 new, 0 known, 2 left out (forgotten 2); --save keeps it\n"
    brought(mhc, *words, "--save", stdin=text)
    assert mhc("person", "show", "viewer_one").status == 3
    assert mhc("import", "list", "--json").json[0]["counts"]["forgotten"] == 2
    assert mhc("person", "add", "viewer_one").status == 0
    rows, _said = brought(mhc, *words, "--complete", "--save", stdin=text)
    assert {row["username"]: row["result"] for row in rows} == {
        "viewer_one": "new", "viewer_three": "same", "viewer_two": "forgotten"
    }  # fmt: skip


def test_without_the_key_nothing_is_brought_in(mhc: MhcHere) -> None:
    for words in (("chat",), ("people",), ("follows", "--direction", "followers")):
        stdin = '{"username": "viewer_nine"}' if words == ("people",) else "viewer_nine: hello\nviewer_nine\n"
        run = mhc("import", *words, "-", "--save", stdin=stdin, MHC_ERASURE_KEY="")
        assert (run.status, "MHC_ERASURE_KEY" in run.stderr) == (78, True)
