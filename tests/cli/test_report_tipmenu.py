"""`mhc report tipmenu`: figures worked out by hand, on both databases."""

from typing import Any

import pytest
from sqlalchemy import insert

from command import MhcHere
from factories import ROOM, minute, store, tell_story, tip
from mhc.store import people, schema
from mhc.store.database import Database

FIRST, SECOND = 0.0, 1400.0  # minutes at which the two menus were saved


@pytest.fixture
def mine(cli: MhcHere, database: Database) -> MhcHere:
    """A menu for the first show; for the second the price of a song has risen, and a dance costs as much."""
    tell_story(database)
    menu = [
        ("song", 10, FIRST, SECOND),
        ("wave", 25, FIRST, None),
        ("dance", 100, FIRST, None),
        ("song", 20, SECOND, None),
        ("flash", 20, SECOND, None),
        ("encore", 999, SECOND, None),
    ]
    with database.write() as conn:
        room_id = people.ensure(conn, [ROOM], source="manual", at=minute(0))[ROOM]
        about = {"room_id": room_id, "source": "import"}
        conn.execute(
            insert(schema.tip_menu),
            [
                {
                    **about,
                    "label": label,
                    "tokens": price,
                    "from_at": minute(since),
                    "to_at": until and minute(until),
                }
                for label, price, since, until in menu
            ],
        )
    cli.environ |= {"CHATURBATE_USERNAME": ROOM, "MHC_TIMEZONE": "Europe/Berlin"}
    return cli


def rows(cli: MhcHere, *words: str) -> list[tuple[Any, ...]]:
    found = cli("report", "tipmenu", "--json", *words).json["rows"]
    return [(row["label"], row["price"], row["times"], row["tokens"], row["people"]) for row in found]


def test_each_tip_counts_for_what_stood_at_its_amount_then(mine: MhcHere) -> None:
    # viewer_one 100, viewer_two 25 and 10, 50 anonymously; in the second show viewer_one 20. Media are no tips.
    assert rows(mine) == [
        ("dance", 100, 1, 100, 1),
        ("wave", 25, 1, 25, 1),
        ("flash / song", 20, 1, 20, 1),
        ("song", 10, 1, 10, 1),
        ("encore", 999, 0, 0, 0),
        (None, None, 1, 50, 0),
    ]


def test_shares_are_of_all_tips(mine: MhcHere) -> None:
    found = {row["label"]: row["share"] for row in mine("report", "tipmenu", "--json").json["rows"]}

    assert (found["dance"], found[None], found["encore"]) == (0.4878, 0.2439, 0.0)


def test_a_range_has_the_menu_of_its_end(mine: MhcHere) -> None:
    assert rows(mine, "--until", "2026-01-01T19:00:00Z") == [
        ("dance", 100, 1, 100, 1),
        ("wave", 25, 1, 25, 1),
        ("song", 10, 1, 10, 1),
        (None, None, 1, 50, 0),
    ]


def test_tips_from_before_the_first_menu_are_matched_with_it(mine: MhcHere, database: Database) -> None:
    with database.write() as conn:
        store(conn, [tip(-60, "viewer_three", 25)], page=7)

    assert rows(mine)[1] == ("wave", 25, 2, 50, 2)


def test_excluded_people_are_left_out(mine: MhcHere) -> None:
    mine("person", "exclude", "viewer_one")
    run = mine("report", "tipmenu", "--json")

    assert run.json["excluded"] == 1
    assert [row["tokens"] for row in run.json["rows"]] == [25, 10, 0, 0, 0, 50]


def test_without_a_menu_all_tips_match_nothing(cli: MhcHere, database: Database) -> None:
    tell_story(database)

    assert rows(cli) == [(None, None, 5, 205, 2)]


def test_an_empty_database_says_what_to_do(cli: MhcHere) -> None:
    run = cli("report", "tipmenu", MHC_FORCE_TTY="80")

    assert "mhc import tipmenu" in run.stderr


def test_bars_are_for_a_terminal_with_room_for_them(mine: MhcHere) -> None:
    run = mine("report", "tipmenu", MHC_FORCE_TTY="80", LC_ALL="C.UTF-8")

    # 100, 25, 20, 10, 0 and 50 tokens.
    assert [line.count("█") for line in run.stdout.splitlines()[1:]] == [10, 2, 2, 1, 0, 5]
    assert all(len(line) <= 80 for line in run.stdout.splitlines())
    for name in ("tippers", "tipmenu"):
        assert "█" in mine("report", name, MHC_FORCE_TTY="100", LC_ALL="C.UTF-8").stdout
        assert "█" not in mine("report", name, MHC_FORCE_TTY="60", LC_ALL="C.UTF-8").stdout
        for words in ((), ("-o", "table"), ("-o", "csv")):
            assert "█" not in mine("report", name, *words, LC_ALL="C.UTF-8").stdout, "a pipe has none"
        hidden = mine("report", name, MHC_FORCE_TTY="100", LC_ALL="C.UTF-8", MHC_SCREEN_SAFE="1")
        assert "█" not in hidden.stdout
