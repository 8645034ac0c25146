"""`mhc relation`: what people are to you."""

from typing import Any

import pytest

from command import MhcHere


@pytest.fixture
def known(cli: MhcHere) -> MhcHere:
    cli("person", "add", "viewer_one", "viewer_two")
    return cli


def shown(cli: MhcHere, name: str = "viewer_one") -> Any:
    return cli("relation", "show", name, "--json").json


NOTHING: dict[str, Any] = {
    "username": "viewer_one",
    "roles": [],
    "label": None,
    "status": None,
    "traits": [],
    "since": None,
    "until": None,
}


def test_what_is_given_changes_and_the_rest_stays(known: MhcHere) -> None:
    assert shown(known) == NOTHING
    run = known("relation", "set", "viewer_one", "--role", "SUB", "--trait", "brat", "--trait", "Loud one")
    assert (run.status, run.stderr) == (0, "changed roles, status, traits of viewer_one\n")
    known("relation", "set", "viewer_one", "--status", "on hold", "--since", "2026-01-01T00:00Z")
    assert shown(known) == NOTHING | {
        "roles": ["sub"],
        "status": "On Hold",
        "traits": ["Brat", "Loud one"],
        "since": "2026-01-01T00:00:00Z",
    }
    again = known("relation", "set", "viewer_one", "--status", "On Hold")
    assert again.stderr == "that is what viewer_one is already\n"
    known("relation", "set", "viewer_one", "--role", "none", "--trait", "none", "--since", "none")
    assert shown(known) == NOTHING | {"status": "On Hold"}


def test_custom_goes_with_a_word_of_ones_own(known: MhcHere) -> None:
    assert known("relation", "set", "viewer_one", "--role", "custom").status == 2
    assert known("relation", "set", "viewer_one", "--label", "muse").status == 2
    assert shown(known) == NOTHING
    known("relation", "set", "viewer_one", "--role", "custom", "--label", "muse")
    known("relation", "set", "viewer_one", "--label", "the muse")
    assert shown(known)["label"] == "the muse"
    known("relation", "set", "viewer_one", "--role", "friend")
    assert (shown(known)["roles"], shown(known)["label"]) == (["friend"], None)


def test_lists_are_of_who_is_something(known: MhcHere) -> None:
    known("relation", "set", "viewer_two", "--role", "dom", "--role", "friend", "--status", "Active")
    known("relation", "set", "viewer_one", "--role", "friend")

    def listed(*words: str) -> list[str]:
        return [row["username"] for row in known("relation", "list", "--json", *words).json]

    assert listed() == ["viewer_one", "viewer_two"]
    assert listed("--role", "Dom") == ["viewer_two"]
    assert listed("--role", "friend", "--status", "potential") == ["viewer_one"]
    assert known("relation", "remove", "viewer_one").stderr == "removed what viewer_one is to you\n"
    assert known("relation", "remove", "viewer_one").stderr == "viewer_one is nothing to you already\n"
    assert listed() == ["viewer_two"]
    assert shown(known) == NOTHING


def test_the_history_says_who_and_when(known: MhcHere) -> None:
    known("relation", "set", "viewer_one", "--role", "dom", "--role", "sub")
    known("relation", "set", "viewer_one", "--until", "2026-02-01T00:00Z")
    known("relation", "remove", "viewer_one")
    rows = known("relation", "history", "viewer_one", "--json").json
    assert {(row["by"], row.pop("at")[-1]) for row in rows} == {("manual", "Z")}
    assert [(row["field"], row["before"], row["after"]) for row in rows] == [
        ("until", "2026-02-01T00:00:00Z", None),
        ("status", "Potential", None),
        ("roles", "dom, sub", None),
        ("until", None, "2026-02-01T00:00:00Z"),
        ("status", None, "Potential"),
        ("roles", None, "dom, sub"),
    ]


def test_what_makes_no_sense_is_refused(known: MhcHere) -> None:
    for wrong in (
        (),
        ("--status", "gone"),
        ("--role", "boss"),
        ("--role", "none", "--role", "dom"),
        ("--trait", " "),
        ("--since", "2026-02-01", "--until", "2026-01-01"),
        ("--since", "whenever"),
    ):
        run = known("relation", "set", "viewer_one", *wrong)
        assert (run.status, run.stdout) == (2, ""), wrong
    assert known("relation", "set", "nobody", "--role", "dom").status == 3
    dry = known("relation", "set", "viewer_one", "--role", "dom", "-n")
    assert dry.stderr == "would change roles, status of viewer_one\n"
    assert known("relation", "list", "--json").json == []
