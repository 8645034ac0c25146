"""`mhc person`, by whole documents and on both databases."""

from typing import Any

import pytest
from sqlalchemy import insert, select, update

import factories
from command import Mhc, MhcHere
from factories import chat, happening, media, minute, tell_story, tip
from mhc.store import schema
from mhc.store.database import Database
from mhc.store.streams import Kind

VIEWER_ONE = {
    "username": "viewer_one",
    "platform": "chaturbate",
    "role": "viewer",
    "aliases": [{"username": "viewer_one", "valid_from": None, "valid_to": None, "source": "events"}],
    "rid": None,
    "did": None,
    "first_seen_at": "2026-01-01T18:01:00Z",
    "last_seen_at": "2026-01-02T18:20:00Z",
    "excluded": False,
    "watchlists": [],
    "rating": None,
    "notes": [],
    "here": {
        "tokens": 120,
        "tips": 2,
        "largest_tip": 100,
        "first_tip_at": "2026-01-01T18:05:00Z",
        "last_tip_at": "2026-01-02T18:05:00Z",
        "visits": 2,
        "messages": 1,
        "private_messages": 2,
        "tokens_30d": 0,
        "tokens_90d": 0,
        "media": 0,
        "media_tokens": 0,
        "fanclub_joined_at": None,
        "median_stay": 1140,
        "usual_hours": {
            "begin": 18,
            "end": 19,
            "inside": 2,
            "counted": 2,
            "basis": "arrivals",
            "timezone": "UTC",
        },
        "follows": False,
        "follows_since": "2026-01-02T18:10:00Z",
        "room": None,
    },
    "elsewhere": None,
    "relationship": None,
    "attributes": [],
    "links": [],
    "names": [],
    "pairs": [],
    "last_lines": [{"at": "2026-01-01T18:03:00Z", "text": "hello"}],
    "private_lines": None,
    "own_room": None,
    "changes": None,
}
NOTHING = {
    "tokens": 0,
    "tips": 0,
    "largest_tip": None,
    "first_tip_at": None,
    "last_tip_at": None,
    "visits": 0,
    "messages": 0,
    "private_messages": 0,
    "tokens_30d": 0,
    "tokens_90d": 0,
    "media": 0,
    "media_tokens": 0,
    "fanclub_joined_at": None,
    "median_stay": None,
    "usual_hours": None,
    "follows": None,
    "follows_since": None,
    "room": None,
}


@pytest.fixture
def story(database: Database) -> Database:
    tell_story(database)
    return database


def names_in(db: Database) -> list[str]:
    with db.read() as conn:
        return list(conn.execute(select(schema.person.c.username).order_by("username")).scalars())


@pytest.mark.usefixtures("story")
def test_show_is_the_promised_document(cli: MhcHere) -> None:
    assert cli("person", "show", "viewer_one", "--json").json == VIEWER_ONE
    for name in ("@Viewer_One", "https://chaturbate.com/viewer_one/", "/b/viewer_one/"):
        assert cli("person", "show", name, "--json").json == VIEWER_ONE


@pytest.mark.usefixtures("story")
def test_anonymous_tips_count_for_a_person_only_when_revealed(cli: MhcHere) -> None:
    shown = cli("person", "show", "viewer_one", "--reveal", "--json").json
    assert shown["here"] == VIEWER_ONE["here"] | {"tokens": 170, "tips": 3}  # type: ignore[operator]
    listed = {row["username"]: row["tokens"] for row in cli("person", "list", "--json").json}
    revealed = {row["username"]: row["tokens"] for row in cli("person", "list", "--reveal", "--json").json}
    assert (listed["viewer_one"], revealed["viewer_one"]) == (120, 170)


def test_only_anonymous_tips_are_no_sign_of_a_person(database: Database, cli: MhcHere) -> None:
    with database.write() as conn:
        factories.store(conn, [tip(1, "viewer_one", 50, anonymous=True)])
    hidden = cli("person", "show", "viewer_one", "--json").json
    assert (hidden["here"], hidden["first_seen_at"], hidden["role"]) == (NOTHING, None, "unknown")
    revealed = cli("person", "show", "viewer_one", "--json", "--reveal").json["here"]
    at = "2026-01-01T18:01:00Z"
    assert revealed == NOTHING | {
        "tokens": 50,
        "tips": 1,
        "largest_tip": 50,
        "first_tip_at": at,
        "last_tip_at": at,
        "usual_hours": {
            "begin": 18,
            "end": 19,
            "inside": 1,
            "counted": 1,
            "basis": "events",
            "timezone": "UTC",
        },
    }


def test_here_is_one_room_or_all(database: Database, cli: MhcHere) -> None:
    tell_story(database)
    with database.write() as conn:
        factories.store(conn, [tip(100, "viewer_one", 7, room="other_room")], room="other_room", page=9)

    def tokens(*words: str, **environ: str) -> Any:
        return cli("person", "show", "viewer_one", "--json", *words, **environ).json["here"]["tokens"]

    assert tokens() == 127
    assert tokens(CHATURBATE_USERNAME="example_room") == 120
    assert tokens("--room", "other_room", CHATURBATE_USERNAME="example_room") == 7
    assert tokens(CHATURBATE_USERNAME="never_captured") == 0
    assert cli("person", "show", "viewer_one", "--room", "othr_room").status == 3


def test_testbed_events_are_in_no_figure(database: Database, cli: MhcHere) -> None:
    tell_story(database)
    with database.write() as conn:
        items = [tip(30, "viewer_one", 999), chat(31, "viewer_one"), happening(32, "unfollow", "viewer_one")]
        factories.store(conn, items, kind=Kind.TESTBED, page=9)
    assert cli("person", "show", "viewer_one", "--json").json == VIEWER_ONE


@pytest.mark.usefixtures("story")
def test_the_card_fits_one_screen(cli: MhcHere) -> None:
    cli("note", "add", "viewer_one", "likes blue", "--category", "tips", "--at", "2026-01-01 18:05")
    cli("watchlist", "add", "Friends", "viewer_one")
    cli("alias", "add", "viewer_one", "viewer_old", "--former", "--until", "2025-12-01")
    shown = cli("person", "show", "viewer_one", "--private", MHC_FORCE_TTY="80", NO_COLOR="1").stdout
    assert shown == (
        "username  viewer_one · viewer\n"
        "names     viewer_old until 2025-12-01\n"
        "lists     Friends\n"
        "seen      2026-01-01 18:01 to 2026-01-02 18:20\n"
        "here      all rooms · times of UTC\n"
        "tokens    120 · 0 in 30 days · 0 in 90 days\n"
        "tips      2 · largest 100 · first 2026-01-01 · last 2026-01-02 18:05\n"
        "media     0\n"
        "visits    2 · median stay 19m 00s · mostly 18:00 to 19:00 (2 of 2 arrivals)\n"
        "messages  1 · 2 private\n"
        "follows   no since 2026-01-02 18:10\n"
        "notes     2026-01-01 18:05  tips  likes blue\n"
        "said      2026-01-01 18:03  hello\n"
        "private   2026-01-01 18:11  example_room  yes?\n"
        "          2026-01-01 18:10  viewer_one  psst\n"
    )


def test_a_rich_card_fits_one_screen_and_a_bare_one_is_short(database: Database, cli: MhcHere) -> None:
    tell_story(database)
    with database.write() as conn:
        factories.remember(conn, "viewer_one", "viewer_two")
        factories.store(conn, [chat(30 + n, "viewer_one", "blah " * 40) for n in range(5)], page=8)
        factories.store(
            conn, [media(40, "viewer_one", 30), happening(41, "fanclubJoin", "viewer_one")], page=9
        )
    for number in range(5):
        cli("note", "add", "viewer_one", f"note {number} " + "with a lot to say " * 20)
    cli("watchlist", "add", "Friends", "viewer_one")
    cli("alias", "add", "viewer_one", "viewer_uno")
    cli("alias", "add", "viewer_one", "viewer_old", "--former", "--until", "2025-12-01")
    for columns in ("40", "80", "200"):
        shown = cli("person", "show", "viewer_one", MHC_FORCE_TTY=columns, NO_COLOR="1").stdout.splitlines()
        assert max(map(len, shown)) <= int(columns)
        assert len(shown) < 24 or columns == "40"
    assert shown[:7] == [
        "username      viewer_one · viewer · rated 4 of 5",
        "names         viewer_uno · viewer_old until 2025-12-01 · Maxi · Max (identity)",
        "lists         Friends",
        "relationship  Friend, muse · Active · Regular · since 2025-06-01",
        "attributes    language German (medium)",
        "links         twitter https://twitter.com/example",
        "with          viewer_two (alternate, same jokes)",
    ]
    assert "media         1 for 30 tokens · joined the fan club 2026-01-01 18:41" in shown
    assert "              2 more: mhc note list viewer_one" in shown
    cli("person", "add", "viewer_new")
    bare = cli("person", "show", "viewer_new", MHC_FORCE_TTY="80", NO_COLOR="1").stdout
    assert bare == (
        "username  viewer_new\n"
        "seen      never\n"
        "here      all rooms · times of UTC\n"
        "tokens    0\n"
        "tips      0\n"
        "media     0\n"
        "visits    0\n"
        "messages  0 · 0 private\n"
    )


def test_what_is_remembered_is_in_the_document(database: Database, cli: MhcHere) -> None:
    tell_story(database)
    with database.write() as conn:
        factories.remember(conn, "viewer_one", "viewer_two")
    shown = cli("person", "show", "viewer_one", "--json").json
    language = {"key": "language", "value": "German", "confidence": "medium", "evidence": "manual"}
    remembered = {
        "rating": 4,
        "relationship": {
            "roles": ["friend", "custom"],
            "label": "muse",
            "status": "Active",
            "traits": ["Regular"],
            "since": "2025-06-01T00:00:00Z",
            "until": None,
        },
        "attributes": [{**language, "set_at": "2026-01-02T04:00:00Z"}],
        "links": [{"kind": "twitter", "url": "https://twitter.com/example", "source": "manual"}],
        "names": [{"kind": "address", "name": "Maxi"}, {"kind": "identity", "name": "Max"}],
        "pairs": [{"username": "viewer_two", "kind": "alternate", "note": "same jokes"}],
    }
    assert shown == VIEWER_ONE | remembered
    revealed = cli("person", "show", "viewer_one", "--json", "--reveal").json
    assert revealed["names"] == [*remembered["names"], {"kind": "private", "name": "Real Name"}]  # type: ignore[misc]
    other = cli("person", "show", "viewer_two", "--json").json
    assert other["pairs"] == [{"username": "viewer_one", "kind": "alternate", "note": "same jokes"}]


def test_names_may_come_from_stdin_and_are_rows_then(database: Database, cli: MhcHere) -> None:
    tell_story(database)
    run = cli("person", "show", "-", "--json", stdin="viewer_two\nviewer_one viewer_two\n")
    assert [row["username"] for row in run.json] == ["viewer_two", "viewer_one"]
    assert [row["username"] for row in cli("person", "show", "-", "--json", stdin="viewer_one").json] == [
        "viewer_one"
    ]
    assert cli("person", "show", "-", "--json", stdin="").json == []


@pytest.mark.usefixtures("story")
def test_private_words_are_shown_only_when_asked_for(cli: MhcHere) -> None:
    for words in ([], ["--json"], ["-o", "tsv"], ["--fields", "username,private_lines"]):
        assert "psst" not in cli("person", "show", "viewer_one", *words).stdout
    assert "psst" in cli("person", "show", "viewer_one", "--private").stdout


@pytest.mark.usefixtures("story")
def test_several_names_are_a_list(cli: MhcHere) -> None:
    run = cli("person", "show", "viewer_two", "viewer_one", "--json")
    assert [row["username"] for row in run.json] == ["viewer_two", "viewer_one"]
    assert run.json[1] == VIEWER_ONE
    table = cli(
        "person", "show", "viewer_two", "viewer_one", "-o", "tsv", "--fields", "username,tokens,visits"
    )
    assert table.stdout == "username\ttokens\tvisits\nviewer_two\t65\t1\nviewer_one\t120\t2\n"


@pytest.mark.usefixtures("story")
def test_what_is_not_there_is_told_and_the_rest_is_shown(cli: MhcHere) -> None:
    run = cli("person", "show", "viewer_one", "viewer_onee", "no good", "-o", "name")
    assert (run.status, run.stdout) == (1, "viewer_one\n")
    assert run.stderr == (
        "mhc: no person named 'viewer_onee' (did you mean: viewer_one, viewer_two?)\n"
        "mhc: 'no good' is not a username: 1 to 25 letters, digits or _\n"
    )
    assert cli("person", "show", "aaa", "bbb").status == 3
    one = cli("person", "show", "viewer_onee", "--json")
    assert (one.status, one.stdout) == (3, "")
    assert one.error["hint"] == "did you mean: viewer_one, viewer_two?"


def test_looking_a_name_up_creates_nobody(database: Database, cli: MhcHere) -> None:
    assert cli("person", "show", "viewer_one").status == 3
    for words in (["list"], ["search", "one"]):
        run = cli("person", *words, "--json")
        assert (run.status, run.json) == (0, [])
    assert names_in(database) == []


def test_a_missing_database_is_an_empty_one_and_stays_missing(run_mhc: Mhc) -> None:
    run = run_mhc("person", "list", "--json")
    assert (run.status, run.stdout) == (0, "[]\n")
    assert run_mhc("person", "show", "viewer_one").status == 3
    assert run_mhc("person", "add", "viewer_one", "-n").status == 0
    assert not list(run_mhc.home.rglob("*.db"))


@pytest.mark.usefixtures("story")
def test_list_is_the_promised_document(cli: MhcHere) -> None:
    cli("watchlist", "add", "Excluded", "viewer_two")
    cli("watchlist", "add", "Friends", "viewer_two")
    seen = {"last_seen_at": "2026-01-01T18:12:00Z", "first_seen_at": "2026-01-01T18:02:00Z"}
    assert cli("person", "list", "--role", "viewer", "--json").json == [
        {
            "username": "viewer_one",
            "role": "viewer",
            "first_seen_at": "2026-01-01T18:01:00Z",
            "last_seen_at": "2026-01-02T18:20:00Z",
            "tokens": 120,
            "tips": 2,
            "watchlists": [],
            "excluded": False,
            "rating": None,
        },
        {"username": "viewer_two", "role": "viewer", **seen, "tokens": 65, "tips": 2, "rating": None}
        | {"watchlists": ["Friends", "Excluded"], "excluded": True},
    ]


@pytest.mark.usefixtures("story")
def test_list_is_sorted_and_cut(cli: MhcHere) -> None:
    cli("person", "add", "aaa_new")

    def names(*words: str) -> list[str]:
        return cli("person", "list", "-o", "name", *words).stdout.split()

    assert names() == ["viewer_one", "viewer_two", "aaa_new", "example_room"]  # unknown last
    assert names("--sort", "tokens:desc") == ["viewer_one", "viewer_two", "aaa_new", "example_room"]
    assert names("--sort", "username:desc") == ["viewer_two", "viewer_one", "example_room", "aaa_new"]
    assert names("--sort", "last_seen_at") == ["viewer_two", "viewer_one", "aaa_new", "example_room"]
    assert names("-L", "1") == ["viewer_one"]
    assert names("--role", "model") == ["example_room"]
    assert cli("person", "list", "-o", "table", "-L", "1").stderr == "1 of 4 shown; -L 0 for all\n"
    assert cli("person", "list", "--sort", "nothing").status == 2


@pytest.mark.usefixtures("story")
def test_search_finds_former_names(cli: MhcHere) -> None:
    cli("alias", "add", "viewer_two", "quiet_guest", "--former")

    def found(text: str) -> list[str]:
        return cli("person", "search", text, "-o", "name").stdout.split()

    assert found("QUIET") == ["viewer_two"]
    assert found("@viewer_") == ["viewer_one", "viewer_two"]
    assert found("r_o") == ["viewer_one"]  # the underscore is no wildcard
    assert found("r%o") == []
    assert cli("person", "search", " ").status == 2


def test_add_says_who_is_known_already(database: Database, cli: MhcHere) -> None:
    run = cli("person", "add", "@Viewer_One", "viewer_two", "viewer_one")
    assert (run.status, run.stdout) == (0, "")
    assert run.stderr == "added viewer_one\nadded viewer_two\nviewer_one is known already\n"
    assert names_in(database) == ["viewer_one", "viewer_two"]
    assert cli("person", "add", "example_model", "--role", "model", "-q").stderr == ""
    assert cli("person", "show", "example_model", "--json").json["role"] == "model"
    assert cli("person", "add", "nobody", "-n").stderr == "would add nobody\n"
    assert cli("person", "add", "viewer_three", "no good").status == 1
    assert names_in(database) == ["example_model", "viewer_one", "viewer_three", "viewer_two"]


@pytest.mark.usefixtures("story")
def test_a_role_set_by_hand_stays(cli: MhcHere, database: Database) -> None:
    cli("person", "add", "viewer_one", "--role", "model")
    with database.write() as conn:
        factories.store(conn, [chat(1500, "viewer_one")], page=9)
    assert cli("person", "show", "viewer_one", "--json").json["role"] == "model"


@pytest.mark.usefixtures("story")
def test_rename_keeps_the_history_and_can_be_undone(cli: MhcHere) -> None:
    assert cli("person", "rename", "viewer_one", "viewer_uno", "-n").stderr == (
        "would rename viewer_one to viewer_uno\n"
    )
    assert cli("person", "show", "viewer_uno").status == 3
    assert cli("person", "rename", "viewer_one", "viewer_uno").stderr == "renamed viewer_one to viewer_uno\n"
    for name in ("viewer_one", "viewer_uno"):
        shown = cli("person", "show", name, "--json").json
        changed = shown["aliases"][0]["valid_from"]
        assert changed == shown["aliases"][1]["valid_to"]
        assert shown == VIEWER_ONE | {
            "username": "viewer_uno",
            "aliases": [
                {"username": "viewer_uno", "valid_from": changed, "valid_to": None, "source": "manual"},
                {"username": "viewer_one", "valid_from": None, "valid_to": changed, "source": "events"},
            ],
        }
    assert cli("person", "rename", "viewer_uno", "viewer_one").status == 0
    assert cli("person", "show", "viewer_uno", "--json").json["username"] == "viewer_one"


@pytest.mark.usefixtures("story")
def test_rename_refuses_what_would_be_a_merge(cli: MhcHere) -> None:
    run = cli("person", "rename", "viewer_one", "viewer_two")
    assert run.status == 2
    assert run.stderr == (
        "mhc: viewer_two is another person\nhint: if the two are one: mhc person merge viewer_one viewer_two\n"
    )
    assert cli("person", "show", "viewer_one", "--json").json == VIEWER_ONE
    assert cli("person", "rename", "viewer_one", "viewer_one").stderr == "viewer_one is their name already\n"
    cli("person", "rename", "viewer_one", "viewer_uno")
    former = cli("person", "rename", "viewer_one", "viewer_drei")
    assert (former.status, former.stderr.splitlines()[1]) == (
        2,
        "hint: mhc person rename viewer_uno viewer_drei",
    )


@pytest.mark.usefixtures("story")
def test_a_second_name_may_become_the_first(cli: MhcHere) -> None:
    cli("alias", "add", "viewer_one", "viewer_uno")
    assert cli("person", "rename", "viewer_one", "viewer_uno").status == 0
    assert cli("person", "show", "viewer_uno", "--json").json["here"]["tokens"] == 120


def test_a_name_of_two_people_names_both(cli: MhcHere) -> None:
    cli("person", "add", "viewer_one", "viewer_two")
    cli("alias", "add", "viewer_one", "old_name", "--former")
    cli("alias", "add", "viewer_two", "old_name", "--former")
    run = cli("person", "show", "old_name")
    assert run.status == 3
    assert "viewer_one" in run.stderr
    assert "viewer_two" in run.stderr


def test_merged_people_read_as_one(database: Database, cli: MhcHere) -> None:
    tell_story(database)
    with database.write() as conn:
        query = select(schema.person.c.username, schema.person.c.id)
        ids = {row.username: row.id for row in conn.execute(query)}
        other = update(schema.person).where(schema.person.c.username == "viewer_two")
        conn.execute(other.values(canonical_id=ids["viewer_one"]))
        note = {
            "person_id": ids["viewer_two"],
            "category": "notes",
            "body": "of the other",
            "source": "manual",
        }
        conn.execute(insert(schema.note).values(**note, created_at=minute(0)))
        for name in ("viewer_one", "viewer_two"):
            member = {"list_id": 1, "person_id": ids[name], "added_at": minute(0)}
            conn.execute(insert(schema.watchlist_member).values(member))
    shown = cli("person", "show", "viewer_two", "--json").json
    assert (shown["username"], shown["here"]["tokens"], shown["here"]["visits"]) == ("viewer_one", 185, 3)
    assert [a["username"] for a in shown["aliases"]] == ["viewer_one", "viewer_two"]
    assert [n["body"] for n in shown["notes"]] == ["of the other"]
    assert shown["watchlists"] == ["Friends"]
    assert cli("person", "list", "--sort", "tokens:desc", "-o", "name").stdout.split() == [
        "viewer_one",
        "example_room",
    ]
    assert cli("watchlist", "show", "Friends", "-o", "name").stdout == "viewer_one\n"
    assert cli("watchlist", "list", "--json").json[0]["members"] == 1
    assert cli("note", "list", "viewer_one", "--json").json[0]["username"] == "viewer_one"
    rows = cli("report", "tippers", "--json").json["rows"]
    assert [(row["username"], row["tokens"], row["tips"]) for row in rows] == [
        ("viewer_one", 185, 4),
        (None, 50, 1),
    ]
    assert cli("session", "list", "--json").json[1]["unique_visitors"] == 1
    assert cli("person", "rename", "viewer_one", "viewer_two").status == 2
    assert cli("watchlist", "remove", "Friends", "viewer_two").status == 0
    assert cli("watchlist", "show", "Friends", "-o", "name").stdout == ""


def test_who_only_tipped_anonymously_is_in_no_list_unless_revealed(database: Database, cli: MhcHere) -> None:
    with database.write() as conn:
        factories.store(conn, [tip(0, "viewer_nine", 50, anonymous=True), tip(1, "viewer_one", 5)])
    names = [row["username"] for row in cli("person", "list", "-o", "json").json]
    assert "viewer_nine" not in names
    assert "viewer_one" in names
    assert cli("person", "search", "nine", "-o", "json").json == []
    revealed = cli("person", "list", "--reveal", "-o", "json").json
    assert "viewer_nine" in [row["username"] for row in revealed]
