"""`mhc watchlist`: lists of people to keep an eye on."""

import pytest

from command import Mhc, MhcHere
from factories import tell_story
from mhc.store.database import Database

SYSTEM = ["Friends", "Known Streamers", "Ones to Watch", "Banned But Craved", "Excluded"]
EMPTY = [{"name": name, "system": True, "members": 0} for name in SYSTEM]


@pytest.fixture
def known(cli: MhcHere) -> MhcHere:
    cli("person", "add", "viewer_one", "viewer_two")
    return cli


def test_the_lists_that_come_with_mhc(cli: MhcHere) -> None:
    assert cli("watchlist", "list", "--json").json == EMPTY


def test_a_missing_database_has_them_and_stays_missing(run_mhc: Mhc) -> None:
    assert run_mhc("watchlist", "list", "--json").json == EMPTY
    assert run_mhc("watchlist", "show", "Friends", "--json").json == []
    assert not list(run_mhc.home.rglob("*.db"))


def test_people_come_and_go(database: Database, cli: MhcHere) -> None:
    tell_story(database)
    run = cli("watchlist", "add", "friends", "viewer_two", "@viewer_one", "--note", "nice")
    assert (run.status, run.stdout) == (0, "")
    assert run.stderr == "put viewer_two on Friends\nput viewer_one on Friends\n"
    rows = cli("watchlist", "show", "FRIENDS", "--json").json
    assert [row.pop("added_at")[-1:] for row in rows] == ["Z", "Z"]
    assert all(row.pop("last_change_at")[-1:] == "Z" for row in rows)
    seen = {"viewer_one": "2026-01-02T18:20:00Z", "viewer_two": "2026-01-01T18:12:00Z"}
    assert rows == [
        {"username": name, "online": None, "last_seen_at": at, "last_interaction_at": at, "note": "nice"}
        for name, at in seen.items()
    ]
    assert cli("watchlist", "show", "Friends", "-o", "name").stdout == "viewer_one\nviewer_two\n"
    assert cli("watchlist", "remove", "Friends", "viewer_one").stderr == "took viewer_one off Friends\n"
    assert cli("watchlist", "remove", "Friends", "viewer_one").stderr == "viewer_one is not on Friends\n"
    assert cli("watchlist", "show", "Friends", "-o", "name").stdout == "viewer_two\n"
    assert cli("watchlist", "list", "--json").json[0] == {"name": "Friends", "system": True, "members": 1}


def test_who_is_on_a_list_stays_and_gets_the_new_note(known: MhcHere) -> None:
    known("watchlist", "add", "Friends", "viewer_one", "--note", "old")
    first = known("watchlist", "show", "Friends", "--json").json
    assert known("watchlist", "add", "Friends", "viewer_one").stderr == "viewer_one is on Friends already\n"
    assert known("watchlist", "show", "Friends", "--json").json == first
    known("watchlist", "add", "Friends", "viewer_one", "--note", "new")
    assert known("watchlist", "show", "Friends", "--json").json == [first[0] | {"note": "new"}]


def test_a_list_of_your_own(known: MhcHere) -> None:
    missing = known("watchlist", "add", "Quiet Ones", "viewer_one")
    assert missing.status == 3
    assert "--create" in missing.stderr
    assert known("watchlist", "add", "Quiet  Ones", "viewer_one", "--create", "-n").status == 0
    assert known("watchlist", "add", "Quiet Ones", "nobody", "--create").status == 3
    assert [one["name"] for one in known("watchlist", "list", "--json").json] == SYSTEM
    for name in ("Quiet  Ones", "quiet ones", "Anyone"):
        assert known("watchlist", "add", name, "viewer_one", "--create").status == 0
    assert known("watchlist", "list", "--json").json[5:] == [
        {"name": "Anyone", "system": False, "members": 1},
        {"name": "Quiet Ones", "system": False, "members": 1},
    ]
    assert known("watchlist", "add", " ", "viewer_one", "--create").status == 2
    assert known("watchlist", "add", "x" * 65, "viewer_one", "--create").status == 2


def test_one_wrong_name_does_not_stop_the_others(known: MhcHere) -> None:
    run = known("watchlist", "add", "Friends", "viewer_one", "wholly_other", "viewer_two")
    assert run.status == 1
    assert run.stderr == (
        "put viewer_one on Friends\n"
        "mhc: no person named 'wholly_other' (mhc person add wholly_other)\n"
        "put viewer_two on Friends\n"
    )
    assert known("watchlist", "show", "Friends", "-o", "name").stdout == "viewer_one\nviewer_two\n"
    assert known("watchlist", "add", "Friends", "nobody_a", "nobody_b").status == 3
    near = known("watchlist", "add", "Friends", "viewer_oen")
    assert (near.status, near.stderr.splitlines()[1]) == (3, "hint: did you mean: viewer_one, viewer_two?")


def test_a_dry_run_writes_nothing(known: MhcHere) -> None:
    assert (
        known("watchlist", "add", "Friends", "viewer_one", "-n").stderr == "would put viewer_one on Friends\n"
    )
    assert known("watchlist", "show", "Friends", "--json").json == []
    known("watchlist", "add", "Friends", "viewer_one")
    assert known("watchlist", "remove", "Friends", "viewer_one", "-n").status == 0
    assert known("watchlist", "show", "Friends", "-o", "name").stdout == "viewer_one\n"


def test_a_list_that_is_not_there(known: MhcHere) -> None:
    run = known("watchlist", "show", "frends")
    assert (run.status, run.stderr) == (3, "mhc: no watchlist named 'frends'\nhint: did you mean: Friends?\n")
