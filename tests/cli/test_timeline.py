"""`mhc person timeline`: events, and what was noted and changed, in one order."""

import json
from typing import Any

import pytest
from sqlalchemy import insert, select, update

import factories
from command import MhcHere
from factories import minute, tell_story, tip
from mhc.store import schema
from mhc.store.database import Database


@pytest.fixture
def story(database: Database) -> Database:
    """Tell the two shows, and what was typed and read about viewer_one between them."""
    tell_story(database)
    with database.write() as conn:
        factories.remember(conn, "viewer_one", "viewer_two")
        ids = {row.username: row.id for row in conn.execute(select(schema.person))}
        one, room = ids["viewer_one"], ids["example_room"]
        member = {"list_id": 1, "person_id": one, "added_at": minute(610), "removed_at": minute(620)}
        conn.execute(
            insert(schema.watchlist_member).values(**member, note="nice", removal_note="not so nice")
        )
        written = {"person_id": one, "category": "tips", "body": "likes blue", "source": "manual"}
        conn.execute(insert(schema.note).values(**written, happened_at=minute(5), created_at=minute(630)))
        conn.execute(insert(schema.rating_change).values(person_id=one, rating=5, at=minute(640)))
        conn.execute(insert(schema.rating_change).values(person_id=one, rating=None, at=minute(650)))
        seen = {"person_id": one, "room_id": room, "direction": "follower", "source": "import"}
        conn.execute(insert(schema.follow_change).values(**seen, state="no", at=minute(660)))
        said = {"person_id": one, "key": "location", "confidence": "low", "evidence": "event:1-0"}
        conn.execute(
            insert(schema.attribute),
            [
                {**said, "value": "Berlin", "set_at": minute(670), "unset_at": minute(671)},
                {**said, "value": "Bern", "set_at": minute(671), "unset_at": minute(672)},
            ],
        )
    return database


def shown(cli: MhcHere, *words: str) -> list[tuple[Any, ...]]:
    rows = cli("person", "timeline", "viewer_one", "--json", *words).json
    return [
        (row["kind"], *(row[name] for name in ("about", "before", "after", "text") if row[name] is not None))
        for row in rows
    ]


TYPED = [
    ("attribute", "location", "Bern"),
    ("attribute", "location", "Berlin", "Bern"),
    ("attribute", "location", "Berlin"),
    ("unfollow", "follower", "no"),
    ("rating", "5"),
    ("rating", "4", "5"),
    ("list", "Friends", "not so nice"),
    ("list", "Friends", "nice"),
    ("rating", "4"),
    ("relationship", "traits", "Regular"),
    ("relationship", "status", "Active"),
    ("relationship", "since", "2025-06-01T00:00:00Z"),
    ("relationship", "roles", "friend, custom"),
    ("relationship", "label", "muse"),
    ("attribute", "language", "German"),
]
SECOND = [("leave",), ("unfollow",), ("tip",), ("enter",)]
FIRST = [("leave",), ("pm",), ("pm",), ("note", "tips", "likes blue"), ("tip",), ("follow",), ("chat", "hello"), ("enter",)]  # fmt: skip


@pytest.mark.usefixtures("story")
def test_everything_stands_in_one_order_the_newest_first(cli: MhcHere) -> None:
    assert shown(cli) == [*SECOND, *TYPED, *FIRST]
    assert shown(cli, "--sort", "at") == [*SECOND, *TYPED, *FIRST][::-1]
    assert shown(cli, "-L", "7") == [*SECOND, *TYPED, *FIRST][:7]


@pytest.mark.usefixtures("story")
def test_a_row_is_the_promised_document(cli: MhcHere) -> None:
    tipped, note = (
        cli("person", "timeline", "viewer_one", "--kind", kind, "--json", "-L", "1").json[0]
        for kind in ("tip", "note")
    )
    nothing = dict.fromkeys(("direction", "about", "before", "after", "text"))
    assert tipped == {"at": "2026-01-02T18:05:00Z", "kind": "tip", "tokens": 20, "room": "example_room"} | nothing | {
        "anonymous": False,
        "source": "live",
        "event_id": "1767377100000-1002",
    }  # fmt: skip
    assert note == {"at": "2026-01-01T18:05:00Z", "kind": "note", "tokens": None, "room": None} | nothing | {
        "about": "tips",
        "text": "likes blue",
        "anonymous": False,
        "source": "manual",
        "event_id": None,
    }


@pytest.mark.usefixtures("story")
def test_kinds_and_times_choose(cli: MhcHere) -> None:
    assert shown(cli, "--kind", "event") == [*SECOND, *(one for one in FIRST if one[0] != "note")]
    assert shown(cli, "--kind", "note, list") == [*TYPED[6:8], FIRST[3]]
    assert shown(cli, "--kind", "follow") == [("follow",)]
    assert shown(cli, "--kind", "unfollow") == [("unfollow",), ("unfollow", "follower", "no")]
    assert shown(cli, "--kind", "pm,rating", "--until", "2026-01-02 04:01") == [("rating", "4"), *FIRST[1:3]]
    between = ("--since", "2026-01-02 04:09", "--until", "2026-01-02 04:21")
    assert shown(cli, *between) == TYPED[6:8]
    run = cli("person", "timeline", "viewer_one", "--kind", "notes")
    assert (run.status, run.stderr) == (
        2,
        "mhc: --kind: nothing is called 'notes'\nhint: did you mean: note, enter?\n",
    )
    assert cli("person", "timeline", "viewer_one", "--kind", ",").status == 2


@pytest.mark.usefixtures("story")
def test_anonymous_tips_and_private_words_only_when_asked_for(cli: MhcHere) -> None:
    def tips(*words: str) -> list[int]:
        rows = cli("person", "timeline", "viewer_one", "--kind", "tip", "--json", *words).json
        return [row["tokens"] for row in rows]

    assert tips() == [20, 100]
    assert tips("--reveal") == [20, 50, 100]
    for words in ([], ["--json"], ["--reveal"]):
        assert "psst" not in cli("person", "timeline", "viewer_one", *words).stdout
    rows = cli("person", "timeline", "viewer_one", "--kind", "pm", "--private", "--json").json
    assert [(row["direction"], row["text"]) for row in rows] == [("out", "yes?"), ("in", "psst")]


@pytest.mark.usefixtures("story")
def test_a_table_says_it_in_words(cli: MhcHere) -> None:
    run = cli(
        "person", "timeline", "viewer_one", "--kind", "pm,list,rating,attribute,follow,unfollow",
        "--private", MHC_FORCE_TTY="80", NO_COLOR="1",
    )  # fmt: skip
    said = [" ".join(line.split()[2:]) for line in run.stdout.splitlines()[1:]]
    assert said == [
        "unfollow -",
        "attribute - location: no longer Bern",
        "attribute - location: Berlin → Bern",
        "attribute - location: Berlin",
        "unfollow - follower of example_room: no",
        "rating - no longer 5",
        "rating - 4 → 5",
        "list - no longer Friends: not so nice",
        "list - Friends: nice",
        "rating - 4",
        "attribute - language: German",
        "pm - to them: yes?",
        "pm - from them: psst",
        "follow -",
    ]
    cut = cli("person", "timeline", "viewer_one", "-o", "table", "-L", "3")
    assert cut.stderr == "3 shown, there are more; -L 0 for all\n"


def test_renames_and_merges_are_told_once(database: Database, cli: MhcHere) -> None:
    tell_story(database)
    cli("person", "rename", "viewer_one", "viewer_uno")
    cli("alias", "add", "viewer_uno", "viewer_old", "--former", "--until", "2025-12-01")
    with database.write() as conn:
        ids = {row.username: row.id for row in conn.execute(select(schema.person))}
        pair = {"keep_id": ids["viewer_uno"], "other_id": ids["viewer_two"], "reason": "by hand"}
        conn.execute(insert(schema.person_merge).values(**pair, at=minute(700), undone_at=minute(701)))
    rows = cli("person", "timeline", "viewer_uno", "--kind", "rename,merge,unmerge", "--json").json
    assert [(row["kind"], row["before"], row["after"], row["text"]) for row in rows] == [
        ("rename", "viewer_one", "viewer_uno", None),
        ("unmerge", "viewer_uno", "viewer_two", "by hand"),
        ("merge", "viewer_two", "viewer_uno", "by hand"),
        ("rename", "viewer_old", None, None),
    ]
    (other, *_) = cli("person", "timeline", "viewer_two", "--kind", "merge", "--json").json
    assert other["before"] == "viewer_two"


def test_merged_people_have_one_timeline(database: Database, cli: MhcHere) -> None:
    tell_story(database)
    with database.write() as conn:
        ids = {row.username: row.id for row in conn.execute(select(schema.person))}
        merged = update(schema.person).where(schema.person.c.username == "viewer_two")
        conn.execute(merged.values(canonical_id=ids["viewer_one"]))
        factories.store(conn, [factories.private(3, "viewer_two", "viewer_one", "between us")], page=9)
    rows = cli("person", "timeline", "viewer_two", "--kind", "tip,pm", "--json", "--private").json
    assert [row["tokens"] or row["text"] for row in rows] == [20, "yes?", "psst", 10, 25, 100, "between us"]


def test_ndjson_holds_every_row_whatever_the_pages(database: Database, cli: MhcHere) -> None:
    """More events than a block, at equal times, and as many notes."""
    with database.write() as conn:
        factories.store(conn, [tip(n // 4, "viewer_one", n + 1) for n in range(2500)])
        who = conn.execute(
            select(schema.person.c.id).where(schema.person.c.username == "viewer_one")
        ).scalar()
        note = {"person_id": who, "category": "notes", "source": "manual"}
        conn.execute(
            insert(schema.note),
            [
                {**note, "body": f"n{n % 7}", "happened_at": None, "created_at": minute(n // 5)}
                for n in range(2100)
            ],
        )
    lines = cli("person", "timeline", "viewer_one", "-o", "ndjson").stdout.splitlines()
    rows = [json.loads(line) for line in lines]
    assert len(rows) == 4600
    assert [row["tokens"] for row in rows if row["kind"] == "tip"] == list(range(2500, 0, -1))
    assert [row["at"] for row in rows] == sorted((row["at"] for row in rows), reverse=True)
    assert sum(row["text"] == "n3" for row in rows) == 300
    upwards = cli("person", "timeline", "viewer_one", "-o", "ndjson", "--sort", "at").stdout.splitlines()
    assert upwards == lines[::-1]


def test_where_times_are_equal_kinds_and_words_decide(database: Database, cli: MhcHere) -> None:
    """Bytewise on both databases, and typed things after what happened at that time."""
    bodies = ["b", "B", "é", "a", "Z", "", "_"]
    with database.write() as conn:
        factories.store(conn, [tip(0, "viewer_one", 5)])
        who = conn.execute(
            select(schema.person.c.id).where(schema.person.c.username == "viewer_one")
        ).scalar()
        note = {"person_id": who, "category": "notes", "source": "manual", "created_at": minute(0)}
        conn.execute(insert(schema.note), [{**note, "body": body} for body in bodies])
        conn.execute(insert(schema.rating_change).values(person_id=who, rating=3, at=minute(0)))
    rows = cli("person", "timeline", "viewer_one", "--sort", "at", "--json").json
    assert [row["kind"] for row in rows] == ["tip", "rating", *["note"] * 7]
    assert [row["text"] for row in rows[2:]] == sorted(bodies)
    for limit in range(1, 9):
        assert cli("person", "timeline", "viewer_one", "-L", str(limit), "--json").json == rows[::-1][:limit]


def test_who_is_not_there_is_not_made_up(cli: MhcHere) -> None:
    cli("person", "add", "viewer_one")
    run = cli("person", "timeline", "viewer_onee", "--json")
    assert (run.status, run.stdout, run.error["hint"]) == (3, "", "did you mean: viewer_one?")
    assert cli("person", "timeline", "viewer_one", "--json").json == []
