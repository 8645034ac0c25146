"""`mhc person role|exclude|include|merge|unmerge`, and names that changed hands."""

from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import update

import factories
from command import Mhc, MhcHere
from factories import ROOM, chat, tell_story, tip
from mhc.store import people
from mhc.store.database import Database
from mhc.store.schema import person
from terminal import on_terminal


@pytest.fixture
def story(database: Database, cli: MhcHere) -> MhcHere:
    tell_story(database)
    return cli


def ids(db: Database) -> dict[str, int]:
    with db.read() as conn:
        return people.ids_of(conn, people.usernames(conn))


@pytest.fixture
def shared(database: Database, cli: MhcHere) -> MhcHere:
    """Give two people who both went by old_name: viewer_one until December, viewer_two until March."""
    cli("person", "add", "viewer_one", "viewer_two")
    for name, until in (("viewer_one", "2025-12-01T00:00Z"), ("viewer_two", "2025-03-01T00:00Z")):
        assert cli("alias", "add", name, "old_name", "--former", "--until", until).status == 0
    assert ids(database).keys() >= {"viewer_one", "viewer_two"}
    return cli


def shown(cli: Mhc, *words: str) -> Any:
    run = cli("person", "show", *words, "--json")
    assert run.status == 0, run.stderr
    return run.json


def test_a_name_of_two_people_names_both_with_dates_and_ids(shared: MhcHere, database: Database) -> None:
    one, two = (ids(database)[name] for name in ("viewer_one", "viewer_two"))
    said = (
        f"mhc: old_name was the name of 2 people: viewer_one (id:{one}, until 2025-12-01T00:00:00Z),"
        f" viewer_two (id:{two}, until 2025-03-01T00:00:00Z)\nhint: id:{one} or id:{two} instead of the name"
    )
    for words in (["show", "old_name"], ["rename", "old_name", "x"], ["merge", "old_name", "viewer_one"]):
        run = shared("person", *words)
        assert (run.status, run.stdout, run.stderr) == (3, "", f"{said}, or --at TIME\n")
    run = shared("note", "add", "old_name", "text")
    assert (run.status, run.stderr) == (3, f"{said}\n")


def test_when_somebody_had_a_name_says_who_is_meant(shared: MhcHere) -> None:
    assert shown(shared, "old_name", "--at", "2025-02-01")["username"] == "viewer_two"
    assert shown(shared, "old_name", "--at", "2025-06-01")["username"] == "viewer_one"
    late = shared("person", "show", "old_name", "--at", "2026-01-01T00:00Z")
    assert late.status == 3
    assert late.stderr.startswith(
        "mhc: nobody is known to have had the name old_name at 2026-01-01T00:00:00Z\n"
    )
    assert shared("person", "show", "old_name", "--at", "2999-01-01").status == 2
    assert shared("alias", "list", "old_name", "--at", "2025-02-01", "-o", "name").stdout.split() == [
        "viewer_two",
        "old_name",
    ]


def test_an_id_says_who_is_meant_wherever_a_name_is_taken(shared: MhcHere, database: Database) -> None:
    two = ids(database)["viewer_two"]
    assert shown(shared, "old_name", "--id", str(two))["username"] == "viewer_two"
    assert shown(shared, f"id:{two}")["username"] == "viewer_two"
    assert shared("note", "add", f"ID:{two}", "by number").status == 0
    assert shared("note", "list", "viewer_two", "--json").json[0]["body"] == "by number"
    assert shared("person", "rename", f"id:{two}", "viewer_due").status == 0
    assert shared("person", "rename", "old_name", "viewer_tre", "--id", str(two)).status == 0
    assert shown(shared, "viewer_due")["username"] == "viewer_tre"
    for words in (["id:99999"], [f"id:{2**40}"], ["viewer_one", "--id", str(two)]):
        run = shared("person", "show", *words)
        assert (run.status, run.stdout) == (3, "")
    for words in (
        ["id:"],
        ["id:x"],
        [f"id:{'9' * 5000}"],
        ["old_name", "--id", "0"],
        ["x", "--id", str(2**31)],
    ):
        assert shared("person", "show", *words).status == 2


def test_who_has_the_name_now_comes_before_who_had_it(shared: MhcHere, database: Database) -> None:
    shared("person", "add", "old_name")
    assert shown(shared, "old_name")["username"] == "old_name"
    assert shown(shared, "old_name", "--at", "2025-02-01")["username"] == "viewer_two"
    assert shown(shared, "old_name", "--id", str(ids(database)["viewer_one"]))["username"] == "viewer_one"


def test_a_merge_makes_a_name_of_two_that_of_one(shared: MhcHere) -> None:
    assert shared("person", "merge", "viewer_one", "viewer_two", "-y").status == 0
    assert shown(shared, "old_name")["username"] == "viewer_one"


def test_merged_people_read_as_one_until_they_are_parted(story: MhcHere) -> None:
    story("watchlist", "add", "Excluded", "viewer_two")
    story("note", "add", "viewer_two", "asked for a song")
    reads = (
        ("person", "show", "viewer_one", "viewer_two"),
        ("person", "list"),
        ("alias", "list", "viewer_two"),
        ("note", "list"),
        ("report", "tippers", "--include-excluded"),
        ("session", "list"),
    )
    before = [story(*words, "-o", "json").stdout for words in reads]
    merged = story("person", "merge", "viewer_one", "viewer_two", "--reason", "said so", "--json")
    assert (merged.status, merged.stderr) == (0, "viewer_two is read as viewer_one\n")
    assert merged.json == {
        "username": "viewer_one",
        "merged": ["viewer_two"],
        "names": ["viewer_one", "viewer_two"],
        "role": "viewer",
        "watchlists": ["Excluded"],
        "excluded": True,
        "tokens": 185,
        "tips": 4,
        "messages": 2,
        "reason": "said so",
    }
    one = shown(story, "viewer_two")
    assert (one["username"], one["here"]["tokens"], one["excluded"]) == ("viewer_one", 185, True)
    assert [one["body"] for one in one["notes"]] == ["asked for a song"]
    listed = story("person", "list", "--role", "viewer", "--json").json
    assert [(row["username"], row["tokens"], row["excluded"]) for row in listed] == [
        ("viewer_one", 185, True)
    ]
    assert story("report", "tippers", "--json").json["excluded"] == 1
    parted = story("person", "unmerge", "viewer_two")
    assert (parted.status, parted.stderr) == (0, "parted viewer_two from viewer_one\n")
    assert [story(*words, "-o", "json").stdout for words in reads] == before


def test_what_was_typed_after_a_merge_stays_with_who_was_kept(story: MhcHere) -> None:
    story("person", "merge", "viewer_one", "viewer_two", "-y")
    story("note", "add", "viewer_two", "typed later")
    story("watchlist", "add", "Friends", "viewer_two")
    story("person", "role", "viewer_two", "both")
    story("person", "unmerge", "viewer_two")
    assert story("note", "list", "--json").json[0]["username"] == "viewer_one"
    assert story("watchlist", "show", "Friends", "-o", "name").stdout == "viewer_one\n"
    assert [shown(story, name)["role"] for name in ("viewer_one", "viewer_two")] == ["both", "viewer"]


def test_a_dry_run_says_what_would_read_as_one_and_changes_nothing(story: MhcHere) -> None:
    before = shown(story, "viewer_one")
    run = story("person", "merge", "viewer_one", "viewer_two", "example_room", "-n", "--json")
    assert (run.status, run.stderr) == (0, "viewer_two and example_room would be read as viewer_one\n")
    assert (run.json["names"], run.json["tokens"], run.json["role"], run.json["reason"]) == (
        ["example_room", "viewer_one", "viewer_two"],
        185,
        "both",
        "by hand",
    )
    assert shown(story, "viewer_one") == before
    story("person", "merge", "viewer_one", "viewer_two")
    assert story("person", "unmerge", "viewer_two", "-n").stderr == "would part viewer_two from viewer_one\n"
    assert shown(story, "viewer_two")["username"] == "viewer_one"


def test_what_cannot_be_merged_is_one_line(story: MhcHere, database: Database) -> None:
    story("person", "merge", "viewer_one", "viewer_two")
    for words, said in (
        (["merge", "viewer_one", "viewer_one"], "viewer_one cannot be merged into themselves"),
        (["merge", "viewer_two", "viewer_one"], "viewer_one and viewer_two read as one already"),
        (["merge", "viewer_one", "viewer_two"], "viewer_two and viewer_one read as one already"),
        (["merge", "example_room", "viewer_two"], "viewer_two is merged into viewer_one already"),
        (["unmerge", "viewer_one"], "viewer_one is merged into nobody; merged into them: viewer_two"),
    ):
        for more in ([], ["-n"]):
            run = story("person", *words, *more)
            assert (run.status, run.stdout, run.stderr.splitlines()[0]) == (2, "", f"mhc: {said}")
    with database.write() as conn:
        conn.execute(update(person).where(person.c.username == "viewer_two").values(did=2**62))
        conn.execute(update(person).where(person.c.username == ROOM).values(did=7))
    run = story("person", "merge", "viewer_one", ROOM)
    assert run.status == 4
    assert run.stderr == (
        f"mhc: not the same person: viewer_one has the did {2**62}, example_room has 7\n"
        "hint: --force, where they are one all the same\n"
    )
    assert story("person", "merge", "viewer_one", ROOM, "--force").status == 0
    assert story("person", "merge", "viewer_one", "nobody_at_all").status == 3


def test_an_id_in_a_merge_means_the_name_that_changed_hands(shared: MhcHere, database: Database) -> None:
    shared("person", "add", "viewer_three")
    two = str(ids(database)["viewer_two"])
    assert shared("person", "merge", "viewer_three", "viewer_one", "--id", two).status == 3
    run = shared("person", "merge", "viewer_three", "old_name", "--id", two, "--json")
    assert run.json["merged"] == ["viewer_two"]


def test_a_terminal_is_asked_first(sqlite_database: Database, tmp_path: Path) -> None:
    tell_story(sqlite_database)
    installed = Mhc(tmp_path, DATABASE_URL=sqlite_database.url.render_as_string())
    for answer, status, read_as in (("n\n", 1, "viewer_two"), ("y\n", 0, "viewer_one")):
        run = on_terminal(installed, "person", "merge", "viewer_one", "viewer_two", typed=answer)
        assert run.status == status
        assert "one person, viewer_one: names viewer_one, viewer_two; lists none; 185 tokens" in run.stderr
        assert "Read viewer_two as viewer_one from now on?" in run.stderr
        assert shown(installed, "viewer_two")["username"] == read_as


@pytest.mark.parametrize("more", ["-y", "--no-input"])
def test_a_terminal_is_not_asked_where_that_is_said(
    sqlite_database: Database, tmp_path: Path, more: str
) -> None:
    tell_story(sqlite_database)
    installed = Mhc(tmp_path, DATABASE_URL=sqlite_database.url.render_as_string())
    run = on_terminal(installed, "person", "merge", "viewer_one", "viewer_two", more)
    assert (run.status, "?" in run.stderr) == (0, False)
    assert shown(installed, "viewer_two")["username"] == "viewer_one"


def test_a_role_by_hand_holds_until_it_is_given_back(database: Database, cli: MhcHere) -> None:
    tell_story(database)
    run = cli("person", "role", "viewer_one", "viewer_two", "model")
    assert (run.status, run.stderr) == (0, "viewer_one: set to model\nviewer_two: set to model\n")
    with database.write() as conn:
        factories.store(conn, [chat(1500, "viewer_one")], page=9)
    assert shown(cli, "viewer_one")["role"] == "model"
    run = cli("person", "role", "viewer_one", "--auto", "-n")
    assert run.stderr == "viewer_one: would set to viewer, by what they did\n"
    assert shown(cli, "viewer_one")["role"] == "model"
    assert cli("person", "role", "viewer_one", ROOM, "--auto").status == 0
    assert [shown(cli, name)["role"] for name in ("viewer_one", "viewer_two", ROOM)] == [
        "viewer",
        "model",
        "model",
    ]
    with database.write() as conn:
        factories.store(conn, [tip(1501, ROOM, 5, room="other_room")], room="other_room", page=10)
    assert shown(cli, ROOM)["role"] == "both"
    for words in (["viewer_one"], ["model"], ["viewer_one", "modle"]):
        assert cli("person", "role", *words).status == 2
    assert cli("person", "role", "viewer_one", "nobody_at_all", "viewer").status == 1


def test_a_role_given_back_is_that_of_all_who_are_merged(story: MhcHere) -> None:
    story("person", "role", "viewer_two", "model")
    story("person", "merge", "viewer_one", "viewer_two")
    assert shown(story, "viewer_one")["role"] == "both"
    story("person", "role", "viewer_one", "--auto")
    assert shown(story, "viewer_one")["role"] == "viewer"


def test_excluded_people_are_those_on_the_list(story: MhcHere) -> None:
    run = story("person", "exclude", "viewer_one", "viewer_two", "--note", "a friend")
    assert (run.status, run.stderr) == (0, "excluded viewer_one\nexcluded viewer_two\n")
    rows = story("watchlist", "show", "Excluded", "--json").json
    assert [(row["username"], row["note"]) for row in rows] == [
        ("viewer_one", "a friend"),
        ("viewer_two", "a friend"),
    ]
    assert story("report", "tippers", "--json").json["excluded"] == 2
    assert story("person", "exclude", "viewer_one").stderr == "viewer_one is excluded already\n"
    assert story("person", "include", "viewer_one", "-n").stderr == "would include viewer_one\n"
    assert story("person", "include", "viewer_one", "--note", "back").stderr == "included viewer_one\n"
    assert story("person", "include", "viewer_one").stderr == "viewer_one is not excluded\n"
    assert shown(story, "viewer_one")["excluded"] is False
    assert story("watchlist", "show", "Excluded", "-o", "name").stdout == "viewer_two\n"
    assert story("person", "exclude", "nobody_at_all").status == 3


def test_why_somebody_counts_again_is_kept(story: MhcHere, database: Database) -> None:
    from sqlalchemy import select

    from mhc.store.schema import watchlist_member

    story("person", "exclude", "viewer_one", "--note", "a friend")
    story("person", "include", "viewer_one", "--note", "no longer")
    with database.read() as conn:
        query = select(watchlist_member.c.note, watchlist_member.c.removal_note)
        assert conn.execute(query).all() == [("a friend", "no longer")]


def test_a_missing_database_stays_missing(run_mhc: Mhc) -> None:
    assert run_mhc("person", "merge", "viewer_one", "viewer_two", "-n").status == 3
    assert run_mhc("person", "unmerge", "viewer_one", "-n").status == 3
    assert not list(run_mhc.home.rglob("*.db"))
