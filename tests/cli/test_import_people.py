"""`mhc import people`: an older system's memory is kept once, beside what was typed here, and can be taken back."""

import json
from typing import Any

import pytest

from command import MhcHere
from mhc.domain.broadcasts import MERGE_GAP
from mhc.store import inventory
from mhc.store.database import Database

WHOLE: dict[str, Any] = {
    "username": "viewer_one",
    "aliases": ["viewer_old"],
    "role": "viewer",
    "rating": 4,
    "notes": [{"body": "likes blue", "category": "tips", "happened_at": "2024-05-01"}, {"body": "kind"}],
    "lists": ["Friends", "Quiet Ones"],
    "links": [{"kind": "twitter", "url": "@viewer_one"}],
    "relationship": {"roles": ["friend"], "status": "Active", "traits": ["Regular"], "since": "2024-01-01"},
    "attributes": {"language": "de", "banned_me": False},
    "names": {"private": "Sam", "address": ["dear", "you"]},
}
NEW = {
    "people": 1, "aliases": 1, "roles": 1, "ratings": 1, "notes": 2, "lists": 2, "links": 1, "relationships": 1,
    "attributes": 2, "names": 3,
}  # fmt: skip


def lines(*people: object) -> str:
    return "".join(json.dumps(one) + "\n" for one in people)


def new(mhc: MhcHere, *words: str, stdin: str) -> dict[str, int]:
    rows = mhc("import", "people", "-", "--json", *words, stdin=stdin).json
    return {row["what"]: row["new"] for row in rows}


def test_all_that_a_line_says_is_kept_once_and_taken_back(database: Database, cli: MhcHere) -> None:
    text = lines(WHOLE, {"username": "viewer_two"})
    assert new(cli, stdin=text)["people"] == 2
    assert cli("person", "list", "--json").json == []
    assert new(cli, "--save", stdin=text) == NEW | {"people": 2}
    shown = cli("person", "show", "viewer_old", "--json").json
    assert (shown["username"], shown["rating"], shown["role"]) == ("viewer_one", 4, "viewer")
    assert shown["watchlists"] == ["Friends", "Quiet Ones"]
    assert [(n["body"], n["category"], n["happened_at"]) for n in shown["notes"]] == [
        ("kind", "notes", None),
        ("likes blue", "tips", "2024-05-01T00:00:00Z"),
    ]
    again = cli("import", "people", "-", "--save", stdin=text)
    assert again.stderr == "nothing is new\n"
    assert inventory.problems(database, MERGE_GAP) == []
    gone = cli("import", "undo", "1", "-y", "--json").json["gone"]
    assert gone == {
        "aliases": 1, "ratings": 1, "notes": 2, "lists": 2, "links": 1, "relationships": 4, "attributes": 2, "names": 3
    }  # fmt: skip
    shown = cli("person", "show", "viewer_one", "--json").json
    assert (shown["rating"], shown["watchlists"], shown["notes"]) == (None, [], [])
    assert cli("person", "show", "viewer_old").status == 3
    assert new(cli, "--save", stdin=text) == NEW | {"people": 0, "roles": 0}


def test_what_was_changed_since_stays_and_is_told(cli: MhcHere) -> None:
    cli("import", "people", "-", "--save", stdin=lines(WHOLE))
    cli("watchlist", "remove", "Friends", "viewer_one")
    run = cli("import", "undo", "1", "-y")
    assert run.stderr.endswith("changed since, and so left: lists 1\n")


BAD = {
    "no JSON": ("{", "truncated"),
    "no name": ('{"rating": 1}', "missing required field `username`"),
    "an unknown field": ('{"username": "viewer_one", "colour": 1}', "unknown field `colour`"),
    "a rating": ('{"username": "viewer_one", "rating": 6}', "<= 5"),
    "a username": ('{"username": "no name"}', "is not a username"),
    "a time": ('{"username": "viewer_one", "notes": [{"body": "x", "happened_at": "soon"}]}', "is no time"),
    "an attribute": ('{"username": "viewer_one", "attributes": {"shoe": "9"}}', "no attribute is called 'shoe'"),
    "a link": ('{"username": "viewer_one", "links": [{"kind": "mail", "url": "x"}]}', "no kind of link"),
    "a long line": ('{"username": "' + "a" * 1024 * 1024 + '"}', "longer than"),
}  # fmt: skip


@pytest.mark.parametrize("kind", BAD)
def test_a_line_that_does_not_fit_is_named_and_nothing_is_kept(cli: MhcHere, kind: str) -> None:
    bad, said = BAD[kind]
    text = lines({"username": "viewer_one"}) + bad + "\n"
    run = cli("import", "people", "-", "--save", stdin=text)
    assert (run.status, run.stdout) == (65, "")
    assert run.stderr.startswith("mhc: line 2: ")
    assert said in run.stderr
    assert cli("person", "list", "--json").json == cli("import", "list", "--json").json == []
    skipped = cli("import", "people", "-", "--save", "--skip-bad", stdin=text)
    assert skipped.status == 1
    assert "warning: line 2: " in skipped.stderr
    assert [row["username"] for row in cli("person", "list", "--json").json] == ["viewer_one"]
