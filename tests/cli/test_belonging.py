"""`mhc pair`, `mhc link`, `mhc person rate` and `mhc person name`."""

import json

import pytest

from command import MhcHere


@pytest.fixture
def known(cli: MhcHere) -> MhcHere:
    cli("person", "add", "viewer_one", "viewer_two", "viewer_three")
    return cli


def paired(cli: MhcHere, *words: str) -> list[tuple[str, str, str]]:
    rows = cli("pair", "list", "--json", *words).json
    return [(row["username"], row["other"], row["kind"]) for row in rows]


def test_three_make_three_pairs_and_each_sees_its_own(known: MhcHere) -> None:
    run = known("pair", "add", "viewer_two", "-", "--kind", "Alternate", stdin="viewer_one\nviewer_three\n")
    assert (run.status, run.stdout, run.stderr.count("\n")) == (0, "", 3)
    assert paired(known) == [
        ("viewer_one", "viewer_three", "alternate"),
        ("viewer_one", "viewer_two", "alternate"),
        ("viewer_three", "viewer_two", "alternate"),
    ]
    again = known("pair", "add", "viewer_one", "viewer_two", "--kind", "alternate")
    assert (again.status, again.stderr) == (0, "viewer_one and viewer_two are a pair already: alternate\n")
    known("pair", "add", "viewer_one", "viewer_two", "--note", "a show together")
    assert paired(known, "viewer_two", "--kind", "collaborator") == [
        ("viewer_two", "viewer_one", "collaborator")
    ]
    parted = known("pair", "remove", "viewer_two", "viewer_one")
    assert parted.stderr == (
        "parted viewer_two and viewer_one: alternate\nparted viewer_two and viewer_one: collaborator\n"
    )
    assert paired(known, "viewer_one") == [("viewer_one", "viewer_three", "alternate")]
    gone = known("pair", "remove", "viewer_two", "viewer_one")
    assert (gone.status, gone.stderr) == (0, "viewer_two and viewer_one are no such pair\n")


def test_a_pair_that_cannot_be_leaves_no_other(known: MhcHere) -> None:
    known("alias", "add", "viewer_one", "viewer_uno")
    assert known("pair", "add", "viewer_one").status == 2
    assert known("pair", "add", "viewer_two", "viewer_one", "viewer_uno").status == 2
    assert known("pair", "add", "viewer_two", "viewer_one", "nobody").status == 3
    assert known("pair", "add", "viewer_one", "viewer_two", "-n").stderr.startswith("would make viewer_one")
    assert paired(known) == []


def test_a_handle_is_kept_as_an_address(known: MhcHere) -> None:
    run = known("link", "add", "viewer_one", "Twitter", "@viewer")
    assert (run.status, run.stderr) == (0, "added https://x.com/viewer to the links of viewer_one\n")
    again = known("link", "add", "viewer_one", "twitter", "https://twitter.com/viewer?s=1")
    assert again.stderr == "viewer_one has https://x.com/viewer already\n"
    known("link", "add", "viewer_one", "website", "https://viewer.example/%22%3E<script>")
    (site,) = known("link", "list", "viewer_one", "--kind", "website", "--json").json
    assert site["url"] == "https://viewer.example/%22%3E%3Cscript%3E"
    assert known("link", "remove", "viewer_one", "website").status == 0
    assert known("link", "remove", "viewer_one", "@viewer").status == 0
    assert known("link", "list", "--json").json == []
    assert known("link", "remove", "viewer_one", "website").status == 3


def test_what_is_no_link_of_a_person_is_refused(known: MhcHere) -> None:
    for kind, address in (
        ("myspace", "viewer"),
        ("website", "javascript:alert(1)"),
        ("twitter", "https://fansly.com/viewer"),
        ("website", "https://chaturbate.com/viewer_one/"),
        ("twitter", "chaturbate"),
    ):
        assert known("link", "add", "viewer_one", kind, address).status == 2
    assert known("link", "add", "viewer_one", "twitter", "viewer", "-n").stderr.startswith(
        "would add https://"
    )
    assert known("link", "list", "--json").json == []


def test_a_rating_is_on_the_card_and_keeps_what_it_was(known: MhcHere) -> None:
    assert known("person", "rate", "viewer_one", "4").stderr == "viewer_one is rated 4, yum now\n"
    assert known("person", "rate", "viewer_one", "4").stderr == "viewer_one is rated 4, yum already\n"
    assert known("person", "rate", "viewer_one", "2", "-n").stderr == "viewer_one would be rated 2, meh now\n"
    assert known("person", "show", "viewer_one", "--json").json["rating"] == 4
    (row,) = known("person", "rate", "viewer_one", "--json").json
    assert (row["username"], row["rating"], row["meaning"]) == ("viewer_one", 4, "yum")
    (row,) = known("person", "rate", "viewer_one", "NONE", "--json").json
    assert (row["rating"], row["meaning"]) == (None, None)
    assert known("person", "show", "viewer_one", "--json").json["rating"] is None
    rows = known("person", "rate", "viewer_one", "--history", "--json").json
    assert [row["rating"] for row in rows] == [None, 4]
    for wrong in ("0", "6", "3.5", ""):
        assert known("person", "rate", "viewer_one", wrong).status == 2


def test_a_private_name_is_shown_only_when_asked_for(known: MhcHere) -> None:
    secret = "Nick from Lyon"
    run = known(
        "person", "name", "viewer_one", "--private", secret, "--identity", "N. N.", "--address", "Sir"
    )
    assert (run.status, secret in run.stdout + run.stderr) == (0, False)
    rows = known("person", "name", "viewer_one", "--json").json
    assert [(row["kind"], row["name"]) for row in rows] == [
        ("address", "Sir"),
        ("identity", "N. N."),
        ("private", None),
    ]
    rows = known("person", "name", "viewer_one", "--json", "--reveal").json
    assert rows[2]["name"] == secret
    line = json.loads((known.home / "state" / "audit.log").read_text())
    assert (line["act"], line["shown"]) == ("person name", ["reveal"])
    assert secret not in known("person", "show", "viewer_one", "--json").stdout


def test_names_are_replaced_added_and_removed(known: MhcHere) -> None:
    def names() -> list[str]:
        rows = known("person", "name", "viewer_one", "--json", "--reveal").json
        return [f"{row['kind']} {row['name']}" for row in rows]

    known("person", "name", "viewer_one", "--private", "Nick", "--address", "Sir")
    known("person", "name", "viewer_one", "--private", "Nicholas", "--address", "my dear")
    assert names() == ["address my dear", "address Sir", "private Nicholas"]
    dry = known("person", "name", "viewer_one", "--remove", "private", "--address", "you", "-n")
    assert (
        dry.stderr
        == "would remove the private names of viewer_one\nwould keep a form of address of viewer_one\n"
    )
    known("person", "name", "viewer_one", "--remove", "address", "--address", "you")
    assert names() == ["address you", "private Nicholas"]
    assert known("person", "name", "viewer_one", "--private", " ").status == 2
    assert known("person", "name", "viewer_one", "--private", "x" * 101).status == 2
