"""`mhc import chat|pm|tips|list|undo`: pasted lines are shown, kept once, counted where nobody listened, and taken back."""

import pytest

from command import MhcHere
from factories import ROOM, cover, tell_story
from mhc.domain.broadcasts import MERGE_GAP
from mhc.store import inventory
from mhc.store.database import Database

CHAT = """\
[2026-01-03 18:00:00] viewer_one: hello
[2026-01-03 18:00:05] viewer_nine: hi
[2026-01-03 18:00:06] viewer_nine tipped 25 tokens | for you
viewer_nine has joined the room.
"""


@pytest.fixture
def mhc(cli: MhcHere) -> MhcHere:
    cli.environ["CHATURBATE_USERNAME"] = ROOM
    return cli


def write(mhc: MhcHere, name: str, text: str) -> str:
    (mhc.home / name).write_text(text)
    return name


def card(mhc: MhcHere, name: str) -> dict[str, object]:
    return dict(mhc("person", "show", name, "--json").json["here"])


def sound(db: Database) -> bool:
    return inventory.problems(db, MERGE_GAP) == []


def test_a_paste_is_shown_and_nothing_is_written(database: Database, mhc: MhcHere) -> None:
    tell_story(database)
    run = mhc("import", "chat", write(mhc, "chat.txt", CHAT), "--json")
    assert run.status == 0
    assert [
        (row["line"], row["result"], row["reason"], row["username"], row["tokens"]) for row in run.json
    ] == [
        (1, "new", None, "viewer_one", None),
        (2, "new", None, "viewer_nine", None),
        (3, "new", None, "viewer_nine", 25),
        (4, "left out", "join or leave", None, None),
    ]
    assert run.stderr == "would import 3 lines, 1 left out (join or leave 1); --save keeps them\n"
    assert mhc("person", "show", "viewer_nine").status == 3
    assert mhc("import", "list", "--json").json == []


def test_a_saved_paste_counts_and_the_same_again_adds_nothing(database: Database, mhc: MhcHere) -> None:
    tell_story(database)
    before = card(mhc, "viewer_one")
    path = write(mhc, "chat.txt", CHAT)
    assert mhc("import", "chat", path, "--save").stderr == (
        "imported 3 lines as import 1, 1 left out (join or leave 1)\n"
    )
    again = mhc("import", "chat", path, "--save")
    assert (again.status, again.stderr) == (0, "this was imported before, as import 1: nothing is new\n")
    longer = mhc(
        "import", "chat", write(mhc, "more.txt", CHAT + "viewer_one: one more\n"), "--save", "-o", "tsv"
    )
    assert "imported 1 line as import 2, 3 known already" in longer.stderr
    here = card(mhc, "viewer_nine")
    assert (here["tokens"], here["tips"], here["messages"]) == (25, 1, 1)
    assert card(mhc, "viewer_one")["messages"] == before["messages"] + 1  # type: ignore[operator]
    rows = mhc("import", "list", "--json").json
    assert [(row["id"], row["kind"], row["room"], row["counts"]["new"]) for row in rows] == [
        (2, "chat", ROOM, 1),
        (1, "chat", ROOM, 3),
    ]
    assert sound(database)


def test_what_was_captured_live_does_not_count_twice(database: Database, mhc: MhcHere) -> None:
    tell_story(database)  # covers -10 to 70 minutes after 2026-01-01 18:00
    lines = "[2026-01-01 18:05:00] viewer_one tipped 100 tokens\n[2026-01-01 19:10:00] viewer_one tipped 7 tokens\n"
    before = card(mhc, "viewer_one")
    run = mhc("import", "tips", write(mhc, "tips.txt", lines), "--save", "--json")
    assert [row["counts"] for row in run.json] == [False, True]  # half-open: the end is not captured
    after = card(mhc, "viewer_one")
    assert (after["tokens"], after["tips"]) == (before["tokens"] + 7, before["tips"] + 1)  # type: ignore[operator]
    (row,) = (r for r in mhc("report", "tippers", "--json").json["rows"] if r["username"] == "viewer_one")
    assert row["tokens"] == after["tokens"]
    shown = mhc("event", "list", "--json", "--events", "tip", "--person", "viewer_one").json
    assert sorted((row["tokens"], row["source"]) for row in shown) == [
        (7, "paste"),
        (20, "live"),
        (100, "live"),
    ]
    assert sound(database)


def test_coverage_that_comes_later_takes_pasted_lines_out_of_the_figures(
    database: Database, mhc: MhcHere
) -> None:
    tell_story(database)
    mhc("import", "chat", write(mhc, "chat.txt", CHAT), "--save")
    with database.write() as conn:
        cover(conn, 2880, 2900)
    assert inventory.problems(database, MERGE_GAP) == [
        "3 pasted lines count, or do not, against what was captured"
    ]
    inventory.repair(database, MERGE_GAP)
    assert sound(database)
    assert card(mhc, "viewer_nine")["tokens"] == 0


def test_lines_without_a_time_have_none_and_count_only_where_nothing_was_captured(
    database: Database, mhc: MhcHere
) -> None:
    path = write(mhc, "chat.txt", "viewer_one: hello\nviewer_one: hello\nviewer_one tipped 5 tokens\n")
    assert [row["happened_at"] for row in mhc("import", "chat", path, "--save", "--json").json] == [None] * 3
    here = card(mhc, "viewer_one")
    assert (here["messages"], here["tokens"], here["first_tip_at"]) == (2, 5, None)
    shown = mhc("person", "show", "viewer_one", "--json").json
    assert (shown["first_seen_at"], shown["last_seen_at"]) == (None, None)
    assert [row["happened_at"] for row in mhc("event", "list", "--json").json] == [None] * 3
    assert mhc("event", "list", "--json", "--since", "1h").json == []
    number = mhc("event", "list", "-o", "json", "--events", "tip").json[0]["event_id"]
    assert mhc("event", "show", number, "--json").json["tokens"] == 5
    assert sound(database)
    with database.write() as conn:  # what is captured after the paste is no doubt of what was before it
        cover(conn, 60 * 24 * 3650, 60 * 24 * 3650 + 60)
    assert sound(database)
    tell_story(database)
    assert not sound(database)


def test_private_messages_are_kept_with_their_other_side_and_shown_only_when_asked_for(
    database: Database, mhc: MhcHere
) -> None:
    path = write(mhc, "pm.txt", f"viewer_one: psst\n{ROOM}: yes?\nviewer_one: nothing\n")
    rows = mhc("import", "pm", path, "--json").json
    assert [(row["username"], row["partner"], row["text"]) for row in rows] == [
        ("viewer_one", ROOM, None),
        (ROOM, "viewer_one", None),
        ("viewer_one", ROOM, None),
    ]
    assert [r["text"] for r in mhc("import", "pm", path, "--json", "--private").json] == [
        "psst",
        "yes?",
        "nothing",
    ]
    assert mhc("import", "pm", path, "--save").status == 0
    assert card(mhc, "viewer_one")["private_messages"] == 3
    assert sound(database)


def test_an_undo_leaves_the_database_as_it_was(database: Database, mhc: MhcHere) -> None:
    tell_story(database)
    before = (card(mhc, "viewer_one"), mhc("person", "show", "viewer_one", "--json").json["last_seen_at"])
    mhc("import", "chat", write(mhc, "chat.txt", CHAT), "--save")
    assert mhc("import", "undo", "1", "-n", "--json").json["gone"] == {"lines": 3}
    assert mhc("import", "undo", "1").status == 2
    run = mhc("import", "undo", "1", "-y")
    assert (run.status, run.stderr) == (0, "took back lines 3 of import 1\n")
    assert (
        card(mhc, "viewer_one"),
        mhc("person", "show", "viewer_one", "--json").json["last_seen_at"],
    ) == before
    assert card(mhc, "viewer_nine")["messages"] == 0
    assert sound(database)
    assert mhc("import", "undo", "1", "-y").stderr == "import 1 was undone already\n"
    assert mhc("import", "undo", "99", "-y").status == 3
    assert "imported 3 lines as import 2" in mhc("import", "chat", "chat.txt", "--save").stderr


BAD = {
    "empty": (b"", 65, "is empty"),
    "blank": (b"\n \r\n", 65, "is empty"),
    "utf16": ("viewer_one: hello".encode("utf-16"), 65, "is UTF-16"),
    "utf16 without a mark": ("viewer_one: hello".encode("utf-16-le"), 65, "UTF-16, or no text"),
    "binary": (bytes(range(128, 256)) * 9, 65, "is no text in UTF-8: byte 1"),
    "too large": (b"a" * (16 * 1024 * 1024 + 1), 65, "is larger than 16 MiB"),
}


@pytest.mark.parametrize("kind", BAD)
def test_what_is_no_text_is_one_line(mhc: MhcHere, kind: str) -> None:
    data, status, said = BAD[kind]
    (mhc.home / "bad.txt").write_bytes(data)
    run = mhc("import", "chat", "bad.txt")
    assert (run.status, run.stdout) == (status, "")
    assert said in run.stderr.splitlines()[0]


def test_a_file_that_is_not_there_and_a_directory(mhc: MhcHere) -> None:
    assert mhc("import", "chat", "nowhere.txt").status == 3
    (mhc.home / "folder").mkdir()
    run = mhc("import", "chat", "folder")
    assert (run.status, "is a directory" in run.stderr) == (2, True)


def test_marks_line_ends_and_nul_are_read(mhc: MhcHere) -> None:
    text = "\ufeffviewer_one: hel\0lo\r\nviewer_two\uff1a hi\rviewer_three|12| hey"
    rows = mhc("import", "chat", "-", "--json", stdin=text).json
    assert [(row["username"], row["text"]) for row in rows] == [
        ("viewer_one", "hel\ufffdlo"),
        ("viewer_two", "hi"),
        ("viewer_three", "hey"),
    ]


def test_an_export_carries_pasted_lines_and_what_counts_of_them(
    database: Database, mhc: MhcHere, sqlite_database: Database
) -> None:
    mhc("import", "chat", write(mhc, "chat.txt", CHAT + "viewer_one: nobody knows when\n"), "--save")
    assert mhc("capture", "export", "--out", "all.jsonl").status == 0
    there = {"DATABASE_URL": f"sqlite:///{mhc.home / 'there.db'}"}
    assert mhc("db", "upgrade", **there).status == 0
    assert mhc("capture", "import", "all.jsonl", **there).status == 0
    assert mhc("event", "list", "--json", **there).json == mhc("event", "list", "--json").json
    assert mhc("db", "check", "--json", **there).json["problems"] == []
    shown = [mhc("person", "show", "viewer_nine", "--json", **where).json["here"] for where in (there, {})]
    assert shown[0] == shown[1]


def test_times_of_day_are_of_the_day_that_is_given_and_of_the_next_past_midnight(mhc: MhcHere) -> None:
    text = (
        "[23:58] viewer_one: one\n11:59:30 PM viewer_two: two\nviewer_two: no time\n0:01 viewer_one: three\n"
    )
    times = [None, None, None, None]
    assert [row["happened_at"] for row in mhc("import", "chat", "-", "--json", stdin=text).json] == times
    run = mhc("import", "chat", "-", "--date", "2025-03-01", "--tz", "utc", "--json", stdin=text)
    assert [row["happened_at"] for row in run.json] == [
        "2025-03-01T23:58:00Z", "2025-03-01T23:59:30Z", None, "2025-03-02T00:01:00Z"
    ]  # fmt: skip
    wrong = mhc("import", "tips", "-", "--date", "yesterday", stdin=text)
    assert (wrong.status, wrong.stderr) == (2, "mhc: --date: 'yesterday' is no day\nhint: 2026-03-01\n")
