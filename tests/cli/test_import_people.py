"""`mhc import people`: an older system's memory is kept once, beside what was typed here, and can be taken back."""

import json
from typing import Any

import pytest
from sqlalchemy import select

from command import MhcHere
from factories import chat, store, tell_story
from mhc.domain.broadcasts import MERGE_GAP
from mhc.store import inventory, schema
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
        "aliases": 1, "ratings": 1, "notes": 2, "lists": 2, "links": 1, "relationships": 4, "attributes": 2, "names": 3,
        "roles": 1,
    }  # fmt: skip
    shown = cli("person", "show", "viewer_one", "--json").json
    assert (shown["rating"], shown["role"], shown["watchlists"], shown["notes"]) == (None, "unknown", [], [])
    assert cli("person", "show", "viewer_old").status == 3
    assert new(cli, "--save", stdin=text) == NEW | {"people": 0}


def everything(database: Database) -> dict[str, list[Any]]:
    """Give all rows but those that say what was imported."""
    kept = [table for table in schema.metadata.sorted_tables if table.name != "import_batch"]
    with database.read() as conn:
        return {table.name: sorted(map(tuple, conn.execute(select(table))), key=repr) for table in kept}


def test_an_undo_leaves_people_who_were_known_row_for_row_as_they_were(
    database: Database, cli: MhcHere
) -> None:
    tell_story(database)
    cli("person", "add", "viewer_nine")
    before = everything(database)
    names = ("viewer_one", "viewer_two", "viewer_nine", "example_room")
    roles = ("model", "both", "viewer", "viewer")
    text = lines(*(WHOLE | {"username": name, "role": role} for name, role in zip(names, roles, strict=True)))
    cli("import", "people", "-", "--save", stdin=text.replace("viewer_old", "old", 1))
    cli("import", "chat", "-", "--save", "--room", "example_room", stdin="viewer_nine: hi\nviewer_one: ho\n")
    assert cli("person", "show", "viewer_one", "--json").json["role"] == "model"
    assert "set" not in cli("import", "list", "--json").json[1]["counts"]
    for number in ("1", "2"):
        assert cli("import", "undo", number, "-y").status == 0
    assert everything(database) == before


def test_a_role_that_was_set_or_seen_since_stays(database: Database, cli: MhcHere) -> None:
    cli("import", "people", "-", "--save", stdin=lines(
        {"username": "viewer_one", "role": "model"}, {"username": "viewer_two", "role": "model"}
    ))  # fmt: skip
    cli("person", "role", "viewer_one", "both")
    with database.write() as conn:
        store(conn, [chat(3, "viewer_two")])
    run = cli("import", "undo", "1", "-y")
    assert run.stderr == "took back roles 1 of import 1\nchanged since, and so left: roles 1\n"
    roles = [cli("person", "show", name, "--json").json["role"] for name in ("viewer_one", "viewer_two")]
    assert roles == ["both", "viewer"]


def role_of(cli: MhcHere, name: str) -> Any:
    return cli("person", "show", name, "--json").json["role"]


def test_the_same_role_given_by_hand_stays_when_the_import_is_taken_back(cli: MhcHere) -> None:
    names = ("viewer_one", "viewer_two")
    cli("import", "people", "-", "--save", stdin=lines(*({"username": n, "role": "model"} for n in names)))
    cli("person", "role", "viewer_one", "model")
    cli("person", "add", "viewer_two", "--role", "model")
    run = cli("import", "undo", "1", "-y")
    assert run.stderr.endswith("changed since, and so left: roles 2\n")
    assert [role_of(cli, name) for name in names] == ["model", "model"]


def test_of_two_imports_that_gave_the_same_role_each_takes_back_its_own(cli: MhcHere) -> None:
    for more in ({}, {"rating": 3}):
        text = lines({"username": "viewer_one", "role": "model"} | more)
        cli("import", "people", "-", "--save", stdin=text)
        if not more:
            cli("person", "role", "viewer_one", "--auto")
    cli("import", "undo", "1", "-y")
    assert role_of(cli, "viewer_one") == "model"
    cli("import", "undo", "2", "-y")
    assert role_of(cli, "viewer_one") == "unknown"


@pytest.mark.parametrize("name", ["Quiet Ones", "Loud Ones"])
@pytest.mark.parametrize("removed", [False, True])
def test_a_list_that_was_made_or_named_by_hand_since_stays_when_the_import_is_taken_back(
    cli: MhcHere, name: str, removed: bool
) -> None:
    cli("import", "people", "-", "--save", stdin=lines({"username": "viewer_one", "lists": ["Quiet Ones"]}))
    if removed:
        assert cli("watchlist", "delete", "Quiet Ones", "-y").status == 0
        assert cli("watchlist", "create", name).status == 0  # under the number of the one before
    else:
        cli("watchlist", "rename", "Quiet Ones", name if name.startswith("L") else "Still Ones")
    cli("import", "undo", "1", "-y")
    assert len(cli("watchlist", "list", "--json").json) == 6


def test_who_only_stood_in_a_paste_is_no_viewer_when_it_is_taken_back(cli: MhcHere) -> None:
    cli.environ["CHATURBATE_USERNAME"] = "example_room"
    for text in ("viewer_one: hi\nviewer_two: ho\n", "viewer_two: again\n"):
        cli("import", "chat", "-", "--save", stdin=text)
    cli("import", "undo", "1", "-y")
    shown = {row["username"]: row["role"] for row in cli("person", "list", "--json").json}
    assert shown == {"example_room": "model", "viewer_one": "unknown", "viewer_two": "viewer"}
    cli("import", "undo", "2", "-y")
    assert {row["role"] for row in cli("person", "list", "--json").json} == {"unknown"}


def test_what_was_changed_since_stays_and_is_told(cli: MhcHere) -> None:
    cli("import", "people", "-", "--save", stdin=lines(WHOLE))
    cli("watchlist", "remove", "Friends", "viewer_one")
    run = cli("import", "undo", "1", "-y")
    assert run.stderr.endswith("changed since, and so left: lists 1\n")


SAID_AGAIN = {
    "watchlists": ("watchlist add Friends viewer_one", ["Friends"]),
    "rating": ("person rate viewer_one 4", 4),
    "attributes": ("attr set viewer_one language=de", ["de"]),
    "names": ("person name viewer_one --address dear", ["dear"]),
    "links": ("link add viewer_one twitter @viewer_one", ["https://x.com/viewer_one"]),
    "relationship": ("relation set viewer_one --status Active", "Active"),
}


@pytest.mark.parametrize("field", SAID_AGAIN)
def test_what_a_person_says_again_is_theirs_and_stays_when_the_import_is_taken_back(
    cli: MhcHere, field: str
) -> None:
    words, stays = SAID_AGAIN[field]
    cli("import", "people", "-", "--save", stdin=lines(WHOLE))
    assert cli(*words.split()).status == 0
    cli("import", "undo", "1", "-y")
    found = cli("person", "show", "viewer_one", "--json").json[field]
    keys = {"attributes": "value", "names": "name", "links": "url"}
    if field in keys:
        found = [one[keys[field]] for one in found]
    assert (found["status"] if field == "relationship" else found) == stays


BAD = {
    "no JSON": ("{", "truncated"),
    "CSV": ("username,note", 'no JSON object: {"username": "…"}, one a line'),
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


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be"])
def test_a_file_in_utf_16_is_one_line(cli: MhcHere, encoding: str) -> None:
    path = cli.home / "people.jsonl"
    path.write_text(lines(WHOLE, {"username": "viewer_two"}), encoding=encoding)
    run = cli("import", "people", "people.jsonl", "--save")
    assert (run.status, run.stderr) == (65, "mhc: people.jsonl is UTF-16\nhint: save it as UTF-8\n")
    assert cli("person", "list", "--json").json == []
