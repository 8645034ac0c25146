"""`mhc import tipmenu|follows`: menus and lists replace what was before, where they are whole and plausible."""

import pytest

from command import MhcHere
from factories import ROOM, tell_story
from mhc.domain.broadcasts import MERGE_GAP
from mhc.store import inventory
from mhc.store.database import Database

PAGE = """<html><nav><a href="/tags/">x</a><a href="/viewer_nav/">x</a></nav><h1>Followers (3)</h1>
<ul><li><a class=x href="/viewer_one/">viewer_one</a><li><a href='https://chaturbate.com/Viewer_Two/'>x</a>
<li><a href="/viewer_three/?a=b">no</a><li><a href="/viewer_three">x</a></ul><a href="/female/">x</a></html>"""


@pytest.fixture
def mhc(cli: MhcHere) -> MhcHere:
    cli.environ["CHATURBATE_USERNAME"] = ROOM
    return cli


def results(mhc: MhcHere, *words: str, stdin: str) -> dict[str, str]:
    rows = mhc("import", *words, "--json", stdin=stdin).json
    return {row.get("label", row.get("username")): row["result"] for row in rows}


def test_a_menu_takes_the_place_of_the_one_before_and_an_undo_brings_that_back(
    database: Database, mhc: MhcHere
) -> None:
    first = "100 - kiss | dance - 50\nsong: 20\nnothing at all\n"
    run = mhc("import", "tipmenu", "-", "--save", "--json", stdin=first)
    assert [(row["tokens"], row["label"]) for row in run.json] == [(20, "song"), (50, "dance"), (100, "kiss")]
    assert run.stderr == "imported the menu as import 1: 3 new, 0 gone, 1 left out (no item 1)\n"
    assert mhc("import", "tipmenu", "-", "--save", stdin=first).stderr.startswith("nothing is new")
    second = "100 - kiss\nsong: 25\n"
    assert results(mhc, "tipmenu", "-", "--save", stdin=second) == {
        "song": "new",
        "dance": "gone",
        "kiss": "same",
    }
    assert results(mhc, "tipmenu", "-", stdin=second) == {"song": "same", "kiss": "same"}
    mhc("import", "undo", "2", "-y")
    assert set(results(mhc, "tipmenu", "-", stdin=first).values()) == {"same"}
    mhc("import", "undo", "1", "-y")
    assert set(results(mhc, "tipmenu", "-", stdin=first).values()) == {"new"}
    assert mhc("import", "tipmenu", "-", stdin="hello").status == 65


def test_a_saved_page_is_whole_where_it_says_so(database: Database, mhc: MhcHere) -> None:
    tell_story(database)  # viewer_one followed, and no longer
    run = mhc("import", "follows", "-", "--direction", "followers", "--save", "--json", stdin=PAGE)
    assert [(row["username"], row["result"]) for row in run.json] == [
        ("viewer_one", "new"), ("viewer_three", "new"), ("viewer_two", "new")
    ]  # fmt: skip
    again = mhc("import", "follows", "-", "--direction", "followers", "--save", stdin=PAGE)
    assert again.stderr == "nothing is new\n"
    assert inventory.problems(database, MERGE_GAP) == []
    fewer = "username\nviewer_one\n@viewer_two\n"
    assert results(mhc, "follows", "-", "--direction", "followers", stdin=fewer) == {
        "viewer_one": "same", "viewer_two": "same", "viewer_three": "missing"
    }  # fmt: skip
    words = ("import", "follows", "-", "--direction", "followers", "--complete", "--save")
    refused = mhc(*words, stdin=fewer)
    assert (refused.status, refused.stdout) == (4, "")
    assert "1 of 3 known would be gone, over 5 %" in refused.stderr
    assert mhc(*words, "--force", stdin=fewer).status == 0
    assert "viewer_three" not in results(mhc, "follows", "-", "--direction", "followers", stdin=fewer)
    followers = ("person", "list", "--segment", "followers", "--json")
    assert [row["username"] for row in mhc(*followers).json] == ["viewer_one", "viewer_two"]
    assert mhc("import", "undo", "2", "-y").status == 0
    assert results(mhc, "follows", "-", "--direction", "followers", stdin=fewer)["viewer_three"] == "missing"
    assert len(mhc(*followers).json) == 3
    assert inventory.problems(database, MERGE_GAP) == []
    assert mhc("import", "follows", "-", "--direction", "following", stdin="!!\n").status == 65


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_a_table_without_usernames_names_nobody(mhc: MhcHere, delimiter: str) -> None:
    table = f"foo{delimiter}bar\n1{delimiter}2\n"
    run = mhc("import", "follows", "-", "--direction", "followers", "--save", stdin=table)
    assert (run.status, run.stdout) == (65, "")
    said = run.stderr.splitlines()[0]
    assert said == "mhc: stdin: has the columns 'foo, bar': one of them must be username"
    assert mhc("person", "list", "--json").json == []


def test_pages_are_whole_together(mhc: MhcHere) -> None:
    for number, name in enumerate(("viewer_one", "viewer_two"), 1):
        page = f'<p>Page {number} of 2</p><a href="/{name}/">x</a>'
        (mhc.home / f"{number}.html").write_text(page)
    one = mhc("import", "follows", "1.html", "--direction", "followers")
    both = mhc("import", "follows", "1.html", "2.html", "--direction", "followers")
    assert ("gone" in one.stderr, "gone" in both.stderr) == (False, True)
