"""`mhc alias`: names that a person has, or had."""

from typing import Any

import pytest

import factories
from command import Mhc, MhcHere
from factories import tip
from mhc.store.database import Database


@pytest.fixture
def known(cli: MhcHere) -> MhcHere:
    cli("person", "add", "viewer_one", "viewer_two")
    return cli


def names(cli: MhcHere) -> list[dict[str, Any]]:
    listed: list[dict[str, Any]] = cli("alias", "list", "viewer_one", "--json").json
    return listed


OWN = {"username": "viewer_one", "valid_from": None, "valid_to": None, "source": "manual"}


def test_a_former_name_finds_the_person(known: MhcHere) -> None:
    run = known("alias", "add", "viewer_one", "@Viewer_Old", "--former", "--until", "2025-12-01T00:00Z")
    assert (run.status, run.stdout, run.stderr) == (0, "", "added viewer_old to the names of viewer_one\n")
    old = {
        "username": "viewer_old",
        "valid_from": None,
        "valid_to": "2025-12-01T00:00:00Z",
        "source": "manual",
    }
    assert names(known) == [OWN, old]
    assert known("person", "show", "viewer_old", "--json").json["username"] == "viewer_one"
    again = known("alias", "add", "viewer_one", "viewer_old", "--former")
    assert (again.status, again.stderr) == (0, "viewer_old is a name of viewer_one already\n")
    assert names(known) == [OWN, old]


def test_what_the_bearer_of_a_second_name_does_counts(known: MhcHere, database: Database) -> None:
    known("alias", "add", "viewer_one", "viewer_uno")
    with database.write() as conn:
        factories.store(conn, [tip(1, "viewer_uno", 25)])
    assert known("person", "show", "viewer_one", "--json").json["here"]["tokens"] == 25


def test_a_name_of_somebody_else_is_refused_but_as_a_former_one(known: MhcHere) -> None:
    for words in (["viewer_two"], ["viewer_two", "-n"]):
        run = known("alias", "add", "viewer_one", *words)
        assert run.status == 2
        assert "mhc person merge viewer_one viewer_two" in run.stderr
    assert known("alias", "add", "viewer_one", "viewer_two", "--former").status == 0
    assert known("person", "show", "viewer_two", "--json").json["username"] == "viewer_two"


def test_remove_ends_a_name_and_keeps_that_it_was(known: MhcHere) -> None:
    known("alias", "add", "viewer_one", "viewer_uno")
    assert known("alias", "remove", "viewer_one", "viewer_uno", "-n").stderr == (
        "would end viewer_uno as a name of viewer_one\n"
    )
    assert [one["valid_to"] for one in names(known)] == [None, None]
    assert known("alias", "remove", "viewer_one", "viewer_uno").status == 0
    assert [one["username"] for one in names(known)] == ["viewer_one", "viewer_uno"]
    assert names(known)[1]["valid_to"] is not None
    again = known("alias", "remove", "viewer_one", "viewer_uno")
    assert (again.status, again.stderr) == (0, "viewer_uno is a former name of viewer_one already\n")


def test_the_current_name_is_not_removed(known: MhcHere) -> None:
    run = known("alias", "remove", "viewer_one", "viewer_one")
    assert run.status == 2
    assert run.stderr.endswith("hint: mhc person rename viewer_one NEW_NAME\n")
    assert known("alias", "remove", "viewer_one", "viewer_two").status == 3
    assert known("alias", "remove", "nobody", "viewer_two").status == 3


def test_words_that_do_not_fit(known: MhcHere) -> None:
    assert known("alias", "add", "viewer_one", "no good").status == 2
    assert known("alias", "add", "viewer_one", "viewer_uno", "--until", "2025-12-01").status == 2
    assert known("alias", "add", "viewer_one", "viewer_uno", "--former", "--until", "2999-12-01").status == 2
    assert names(known) == [OWN]


def test_a_missing_database_stays_missing(run_mhc: Mhc) -> None:
    assert run_mhc("alias", "list", "viewer_one").status == 3
    assert not list(run_mhc.home.rglob("*.db"))
