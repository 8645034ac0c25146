"""`mhc attr`: what people are like, by key."""

import pytest

from command import MhcHere
from factories import tell_story
from mhc.store.database import Database


@pytest.fixture
def known(cli: MhcHere, database: Database) -> MhcHere:
    tell_story(database)
    return cli


def said(cli: MhcHere, *words: str) -> list[tuple[str, str, str]]:
    rows = cli("attr", "list", "--json", *words).json
    return [(row["username"], row["key"], row["value"]) for row in rows]


def test_what_is_said_of_a_person_is_listed_by_key(known: MhcHere) -> None:
    run = known("attr", "set", "@viewer_one", "language=French", "banned_me=NO", "--confidence", "LOW")
    assert (run.status, run.stdout) == (0, "")
    assert run.stderr == "said language=French of viewer_one\nsaid banned_me=no of viewer_one\n"
    known("attr", "set", "viewer_two", "language=Dutch")
    assert said(known) == [
        ("viewer_one", "banned_me", "no"),
        ("viewer_one", "language", "French"),
        ("viewer_two", "language", "Dutch"),
    ]
    assert said(known, "viewer_two") == [("viewer_two", "language", "Dutch")]
    assert said(known, "--key", "banned_me") == [("viewer_one", "banned_me", "no")]
    (first, _) = known("attr", "show", "viewer_one", "--json").json
    assert first.pop("set_at").endswith("Z")
    assert first == {
        "key": "banned_me",
        "label": "Banned me",
        "value": "no",
        "confidence": "low",
        "evidence": "manual",
        "username": "viewer_one",
    }


def test_the_same_again_says_so_and_something_else_keeps_what_was(known: MhcHere) -> None:
    known("attr", "set", "viewer_one", "location=Lyon")
    again = known("attr", "set", "viewer_one", "location=Lyon")
    assert again.stderr == "location=Lyon of viewer_one is said already\n"
    known("attr", "set", "viewer_one", "location=Graz")
    assert known("attr", "remove", "viewer_one", "location").stderr == "removed location of viewer_one\n"
    assert (
        known("attr", "remove", "viewer_one", "location").stderr
        == "nothing is said as location of viewer_one\n"
    )
    assert said(known) == []
    rows = known("attr", "history", "viewer_one", "location", "--json").json
    assert [(row["value"], row["unset_at"] is None, row["by"]) for row in rows] == [
        ("Graz", False, "manual"),
        ("Lyon", False, "manual"),
    ]


def test_evidence_that_is_named_is_there(known: MhcHere) -> None:
    (event,) = known("event", "list", "--json", "-L", "1", "--person", "viewer_one").json
    known("note", "add", "viewer_one", "said it herself")
    (note,) = known("note", "list", "--json").json
    for evidence in (f"event:{event['event_id']}", f"note:{note['id']}", "snapshot:7", "manual"):
        run = known("attr", "set", "viewer_one", "location=Lyon", "--evidence", evidence)
        assert run.status == 0, run.stderr
        (row,) = known("attr", "list", "--json").json
        assert row["evidence"] == evidence
    for evidence, status in (
        ("event:1-1", 3),
        ("note:999", 3),
        ("note:99999999999999", 3),
        ("note:x", 2),
        ("event:", 2),
        ("hearsay", 2),
    ):
        assert known("attr", "set", "viewer_one", "location=Oslo", "--evidence", evidence).status == status
    assert said(known) == [("viewer_one", "location", "Lyon")]


def test_nothing_is_kept_where_a_part_is_wrong(known: MhcHere) -> None:
    for wrong, status in (("shoes=42", 3), ("banned_me=perhaps", 2), ("location", 2), ("location=", 2)):
        assert known("attr", "set", "viewer_one", "language=French", wrong).status == status
    assert said(known) == []
    unknown = known("attr", "set", "viewer_one", "langauge=French")
    assert unknown.stderr == (
        "mhc: no attribute key 'langauge'\nhint: did you mean: language? or make it: mhc attr define KEY\n"
    )
    dry = known("attr", "set", "viewer_one", "language=French", "-n")
    assert dry.stderr == "would say language=French of viewer_one\n"
    assert said(known) == []


def test_a_key_of_ones_own_has_a_kind(known: MhcHere) -> None:
    run = known("attr", "define", "shoe_size", "--kind", "number")
    assert run.stderr == "defined shoe_size: Shoe size, number\n"
    assert known("attr", "set", "viewer_one", "shoe_size=large").status == 2
    assert known("attr", "set", "viewer_one", "shoe_size=42.0").status == 0
    assert said(known) == [("viewer_one", "shoe_size", "42")]
    assert known("attr", "define", "shoe_size", "--kind", "text").status == 2  # people have it as a number
    assert known("attr", "define", "shoe_size", "--label", "Shoes").status == 0
    assert known("attr", "define", "Shoe").status == 2
    assert known("attr", "define", "location", "--kind", "number").status == 2
    keys = {row["key"]: row for row in known("attr", "keys", "--json").json}
    assert keys["shoe_size"] == {
        "key": "shoe_size",
        "label": "Shoes",
        "kind": "number",
        "system": False,
        "people": 1,
    }
    assert keys["location"]["system"]
    assert len(keys) == 8
