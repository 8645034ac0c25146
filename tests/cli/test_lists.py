"""Lists of one's own, their history, files, and what is new of who is on one."""

import json
from collections.abc import Mapping
from typing import Any

import pytest
from sqlalchemy import func, select, update

from command import Mhc, MhcHere, Run
from factories import ROOM, happening, minute, private, store, tell_story, tip
from mhc.store import people, schema, streams, visits
from mhc.store.database import Database
from terminal import on_terminal


@pytest.fixture
def known(cli: MhcHere) -> MhcHere:
    cli("person", "add", "viewer_one", "viewer_two", "viewer_three")
    return cli


def names(run: Run) -> list[str]:
    return run.stdout.splitlines()


def of_list(mhc: MhcHere, name: str = "Friends") -> dict[str, Any]:
    return {row["username"]: row for row in mhc("watchlist", "show", name, "--json").json}


def test_a_list_is_made_renamed_and_deleted(known: MhcHere) -> None:
    assert known("watchlist", "create", "Night  Owls", "-n").stderr == "would make the list Night Owls\n"
    assert known("watchlist", "create", "Night  Owls").stderr == "made the list Night Owls\n"
    assert known("watchlist", "create", "night owls").stderr == "the list Night Owls is there already\n"
    known("watchlist", "add", "night owls", "viewer_one")
    assert (
        known("watchlist", "rename", "NIGHT OWLS", "night owls").status == 0
    )  # another case is no other list
    assert known("watchlist", "rename", "night owls", "friends").stderr == (
        "mhc: the list Friends is there already\nhint: give another name\n"
    )
    assert known("watchlist", "rename", "night owls", "Owls").stderr == "renamed night owls to Owls\n"
    assert names(known("watchlist", "show", "owls", "-o", "name")) == ["viewer_one"]
    said = known("watchlist", "delete", "Owls", "-n").stderr
    assert said == "would delete the list Owls with 1 person\n"
    assert known("watchlist", "delete", "Owls").status == 2  # nobody is there to say yes
    assert known("watchlist", "delete", "Owls", "-y").stderr == "deleted the list Owls with 1 person\n"
    assert known("watchlist", "show", "Owls").status == 3
    assert known("person", "show", "viewer_one", "--json").json["watchlists"] == []


def test_the_lists_that_came_with_mhc_stay_as_they_are(known: MhcHere) -> None:
    for words in (["rename", "friends", "Mates"], ["delete", "Excluded", "-y"]):
        run = known("watchlist", *words)
        assert (run.status, run.stdout) == (2, "")
        assert "came with mhc, and stays as it is" in run.stderr
    assert len(known("watchlist", "list", "--json").json) == 5


def test_the_history_keeps_who_was_on_a_list_and_why_no_more(known: MhcHere) -> None:
    known("watchlist", "add", "Friends", "viewer_one", "--note", "nice")
    known("watchlist", "remove", "Friends", "viewer_one", "--note", "moved on")
    known("watchlist", "add", "Ones to Watch", "viewer_one")
    known("watchlist", "add", "Friends", "viewer_two")
    rows = known("watchlist", "history", "Friends", "--json").json
    assert [(row["username"], row["note"], row["removal_note"]) for row in rows] == [
        ("viewer_two", None, None),
        ("viewer_one", "nice", "moved on"),
    ]
    assert rows[0]["removed_at"] is None
    assert rows[1]["removed_at"] >= rows[1]["added_at"]
    rows = known("watchlist", "history", "--person", "viewer_one", "--json").json
    assert [row["list"] for row in rows] == ["Ones to Watch", "Friends"]
    rows = known("watchlist", "history", "friends", "--person", "viewer_one", "--json").json
    assert [row["list"] for row in rows] == ["Friends"]
    assert known("watchlist", "history").status == 2
    assert known("watchlist", "history", "Nowhere").status == 3


def test_what_is_new_of_who_is_on_a_list(database: Database, cli: MhcHere) -> None:
    tell_story(database)
    with database.write() as conn:
        (room,) = people.find(conn, ROOM)
        store(conn, [happening(2000, "userEnter", "viewer_two")], page=5)
        store(conn, [private(2001, ROOM, "viewer_one", "are you there?")], page=6)
        store(conn, [tip(2002, "viewer_one", 5, anonymous=True)], page=7)
    cli("watchlist", "add", "Friends", "viewer_one", "viewer_two")
    rows = of_list(cli)
    assert rows["viewer_one"]["last_interaction_at"] == "2026-01-03T03:21:00Z"  # what was written to them
    assert rows["viewer_one"]["last_seen_at"] == "2026-01-02T18:20:00Z"
    assert rows["viewer_one"]["last_change_at"] == rows["viewer_one"]["added_at"]
    cli("person", "rate", "viewer_one", "4")
    assert of_list(cli)["viewer_one"]["last_change_at"] > rows["viewer_one"]["added_at"]
    assert [row["online"] for row in rows.values()] == [None, None]  # nobody listens
    heard(database, room.id)
    assert [row["online"] for row in of_list(cli).values()] == [None, True]


def heard(database: Database, room_id: int) -> None:
    """Say that a listener has just heard of the room."""
    from mhc.cli.context import utc_now

    with database.write() as conn:
        query = update(schema.stream).where(schema.stream.c.room_id == room_id)
        conn.execute(query.values(last_poll_ok_at=utc_now()))


def test_who_is_there_is_told_with_how_old_that_is(database: Database, cli: MhcHere) -> None:
    with database.write() as conn:
        store(conn, [happening(0, "userEnter", "viewer_one"), happening(1, "userEnter", "viewer_two")])
        store(conn, [happening(2, "userLeave", "viewer_two")], page=1)
        (room,) = streams.list_all(conn)
    run = cli("person", "list", "--live", "-o", "name")
    assert (run.stdout, run.status) == ("viewer_one\n", 0)
    assert run.stderr == "warning: nobody listens to the room (mhc listen): who is there is not known\n"
    with database.write() as conn:
        conn.execute(update(schema.stream).values(last_poll_ok_at=minute(3)))
    run = cli("person", "list", "--live", "-o", "name")
    assert "nobody listens to the room since 2026-01-01T18:03:00Z" in run.stderr
    read = cli("person", "list", "--live", "--tz", "Europe/Berlin", MHC_FORCE_TTY="80").stderr
    assert "nobody listens to the room since 2026-01-01 19:03: who" in read
    heard(database, room.room_id)
    assert cli("person", "list", "--live", "-o", "name").stderr == ""
    with database.read() as conn:
        assert visits.last_heard(conn, [room.room_id]) == visits.last_heard(conn, None)


def write(mhc: Mhc, text: str | bytes, name: str = "list.csv") -> None:
    (mhc.home / name).write_bytes(text if isinstance(text, bytes) else text.encode())


def take(mhc: MhcHere, *words: str) -> Mapping[str, object]:
    run = mhc("watchlist", "import", "Friends", "list.csv", "--json", *words)
    assert run.status == 0, run.stderr
    document: Mapping[str, object] = run.json
    return document


@pytest.mark.parametrize(
    "text",
    [
        "viewer_one\n\n @Viewer_Two \nhttps://chaturbate.com/viewer_new/\nviewer_one\n",
        "username\nviewer_one\nviewer_two\nviewer_new\n",
        "username,note\r\nviewer_one,\r\nviewer_two\r\nviewer_new,\r\n",
        "\ufeffadded;Username\n2020;viewer_one\n2021;viewer_two\n;viewer_new\n",
        'username\tnote\n"viewer_one"\t\nviewer_two\t\nviewer_new\t',
    ],
)
def test_a_list_is_taken_from_names_or_from_csv(known: MhcHere, text: str) -> None:
    known("watchlist", "add", "Friends", "viewer_one")
    write(known, text)
    counts = {"list": "Friends", "added": 2, "strangers": 1, "there": 1, "removed": 0}
    assert take(known, "-n") == {"id": None, **counts}
    assert list(of_list(known)) == ["viewer_one"]
    assert known("person", "show", "viewer_new").status == 3
    assert take(known) == {"id": 1, **counts}
    assert list(of_list(known)) == ["viewer_new", "viewer_one", "viewer_two"]
    assert take(known) == {
        "id": None,
        "list": "Friends",
        "added": 0,
        "strangers": 0,
        "there": 3,
        "removed": 0,
    }


def test_notes_come_with_a_file_and_are_not_lost_without_one(known: MhcHere) -> None:
    known("watchlist", "add", "Friends", "viewer_one", "viewer_two", "--note", "old")
    write(known, 'username,note\nviewer_one,"new, and\nlonger"\nviewer_two,\nviewer_three,third\n')
    take(known)
    notes = {name: row["note"] for name, row in of_list(known).items()}
    assert notes == {"viewer_one": "new, and\nlonger", "viewer_two": "old", "viewer_three": "third"}


def test_an_import_is_undone_by_its_number(known: MhcHere) -> None:
    write(known, "viewer_one\nviewer_new\n")
    assert take(known)["id"] == 1
    assert known("import", "list", "--json").json[0]["kind"] == "list"
    assert known("import", "undo", "1", "-y").status == 0
    assert of_list(known) == {}


def test_what_show_writes_import_reads(known: MhcHere) -> None:
    known("watchlist", "add", "Friends", "viewer_one", "--note", "nice, really")
    known("watchlist", "add", "Friends", "viewer_two")
    for output in ("csv", "tsv", "name"):
        written = known("watchlist", "show", "Friends", "-o", output).stdout
        run = known("watchlist", "import", output, "-", "--create", "--json", stdin=written)
        assert (run.status, run.json["added"]) == (0, 2)
        expected = "nice, really" if output != "name" else None
        assert of_list(known, output)["viewer_one"]["note"] == expected


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("name,note\nviewer_one,x\n", "list.csv: has the columns 'name, note': one of them must be username"),
        ("username,username\nviewer_one,x\n", "list.csv: has the columns 'username, username'"),
        ("viewer_one\nnot a name\n", "list.csv: line 2: 'not a name' is not a username"),
        ("username,note\nviewer_one,a,b\n", "list.csv: line 2: 3 cells under 2 columns"),
        ('username,note\nviewer_one,"open\n', "list.csv: line "),
        ("username\n", "list.csv: names nobody"),
        ("viewer_one\n".encode("utf-16"), "list.csv is UTF-16"),
        ("viewer_one\n".encode("utf-16-le"), "list.csv is UTF-16, or no text"),
        (b"\x89PNG\r\n\x1a\n\xff\xd8", "list.csv is no text in UTF-8"),
        (b"viewer_one\nview\0er\n", "list.csv: is no text: it has NUL characters"),
        ("", "list.csv is empty"),
    ],
)
def test_a_file_that_does_not_fit_is_one_line_and_changes_nothing(
    known: MhcHere, text: str | bytes, said: str
) -> None:
    write(known, text)
    run = known("watchlist", "import", "Friends", "list.csv")
    assert (run.status, run.stdout) == (65, "")
    assert run.stderr.startswith(f"mhc: {said}")
    assert len(run.stderr.splitlines()) <= 2  # the sentence, and a hint
    assert of_list(known) == {}


def test_a_file_or_a_list_that_is_not_there(known: MhcHere) -> None:
    write(known, "viewer_one\n")
    assert known("watchlist", "import", "Friends", "nowhere.csv").status == 3
    assert known("watchlist", "import", "Nowhere", "list.csv").status == 3
    assert known("watchlist", "import", "Friends", ".").status == 2
    assert known("watchlist", "import", "Nowhere", "list.csv", "--create", "-n").status == 0
    assert known("watchlist", "show", "Nowhere").status == 3


def test_replacing_refuses_to_drop_more_than_a_twentieth(known: MhcHere) -> None:
    everyone = [f"viewer_{number:02}" for number in range(40)]
    write(known, "\n".join(everyone))
    take(known)
    write(known, "\n".join(everyone[3:]))
    for more in ([], ["-n"]):
        run = known("watchlist", "import", "Friends", "list.csv", "--replace", *more)
        assert run.status == 4
        assert "3 of the 40 people on Friends are not in the file: more than 5 %" in run.stderr
    assert len(of_list(known)) == 40
    assert take(known)["removed"] == 0  # without --replace nobody goes
    write(known, "\n".join([*everyone[2:], "viewer_one"]))
    assert take(known, "--replace", "-n")["removed"] == 2
    assert take(known, "--replace")["removed"] == 2
    assert list(of_list(known)) == [*everyone[2:], "viewer_one"]
    rows = known("watchlist", "history", "Friends", "--person", everyone[0], "--json").json
    assert [row["removal_note"] for row in rows] == ["not in list.csv"]
    write(known, "viewer_one\n")
    assert take(known, "--replace", "--force")["removed"] == 38


def test_a_former_name_and_a_merged_person_are_who_they_are_now(known: MhcHere, database: Database) -> None:
    known("alias", "add", "viewer_one", "viewer_old", "--former")
    known("person", "merge", "viewer_one", "viewer_two", "-y")
    write(known, "viewer_old\nviewer_two\n")
    assert take(known)["added"] == 1
    assert list(of_list(known)) == ["viewer_one"]
    for name in ("viewer_three", "viewer_one"):
        known("alias", "add", name, "viewer_both", "--former")
    write(known, "viewer_both\n")
    run = known("watchlist", "import", "Friends", "list.csv")
    assert (run.status, run.stderr.splitlines()[0]) == (65, "mhc: viewer_both was the name of 2 people")
    with database.read() as conn:
        assert conn.execute(select(func.count()).select_from(schema.watchlist_member)).scalar() == 1


def test_a_terminal_is_asked_before_a_list_is_deleted(run_mhc: Mhc) -> None:
    run_mhc("watchlist", "create", "Owls")
    run = on_terminal(run_mhc, "watchlist", "delete", "Owls", typed="n\n")
    assert run.status == 1
    assert "Delete the list Owls with 0 people, and its history?" in run.stderr
    assert run_mhc("watchlist", "show", "Owls").status == 0


@pytest.mark.usefixtures("known")
def test_filters_of_the_command_line(database: Database, cli: MhcHere) -> None:
    tell_story(database)
    room = {"CHATURBATE_USERNAME": ROOM}
    cli("person", "rate", "viewer_one", "5")
    cli("watchlist", "add", "Excluded", "viewer_two")

    def found(*words: str) -> list[str]:
        run = cli("person", "list", *words, "--sort", "username", "-o", "name", **room)
        assert run.status == 0, run.stderr
        return names(run)

    assert found("--segment", "tippers", "--since", "2026-01-02") == ["viewer_one"]
    assert found("--segment", "tippers", "--until", "2026-01-01") == ["viewer_one", "viewer_two"]
    assert found("--segment", "tippers", "--no-excluded") == ["viewer_one"]
    assert found("--segment", "tippers", "--segment", "followers", "--until", "2026-01-02 12:00") == [
        "viewer_one"
    ]
    assert found("--segment", "new") == []
    assert found("--segment", "new", "--since", "2026-01-01") == ["viewer_one", "viewer_two"]
    assert found("--segment", "new", "--until", "2026-01-30") == ["viewer_one", "viewer_two"]
    assert found("--list", "excluded") == ["viewer_two"]
    for rating, expected in (("5", 1), ("4+", 1), ("1-4", 0), ("none", 3), ("1+", 1)):
        assert len(found("--rating", rating)) == expected, rating
    assert found("--min-tokens", "66") == ["viewer_one"]
    assert found("--seen-since", "2026-01-02") == ["viewer_one"]
    assert found("--not-seen-since", "2026-01-02", "--role", "viewer") == ["viewer_two"]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--rating", "6"], "--rating: '6' is no rating"),
        (["--rating", "4-2"], "--rating: '4-2' is no rating"),
        (["--since", "2d"], "--since and --until are of a --segment"),
        (["--segment", "regular"], "'regular' is not one of"),
        (["--list", "Nowhere"], "no watchlist named 'Nowhere'"),
        (["--seen-since", "someday"], "someday"),
        (["--min-tokens", "-1"], "-1"),
    ],
)
def test_a_wrong_filter_is_one_clear_line(known: MhcHere, words: list[str], said: str) -> None:
    run = known("person", "list", *words)
    assert (run.status, run.stdout) == (3 if words[0] == "--list" else 2, "")
    assert said in run.stderr


def test_a_table_says_how_many_there_are(known: MhcHere) -> None:
    run = known("person", "list", "-L", "2", MHC_FORCE_TTY="100")
    assert "2 of 3" in run.stderr
    assert "of" not in known("person", "list", MHC_FORCE_TTY="100").stderr
    run = known("person", "search", "viewer", "-L", "2", MHC_FORCE_TTY="100")
    assert "2 of 3" in run.stderr
    run = known("watchlist", "show", "Friends", MHC_FORCE_TTY="100")
    assert "nobody is on it" in run.stderr


def test_the_live_session_says_whom_its_figures_leave_out(database: Database, cli: MhcHere) -> None:
    with database.write() as conn:
        store(conn, [happening(0, "broadcastStart"), tip(1, "viewer_one", 5), tip(2, "viewer_two", 7)])
    cli("watchlist", "add", "Excluded", "viewer_two")
    run = cli("status", "--json")
    assert run.json["live"][0]["tokens"] == 5
    assert "1 excluded" in run.stderr
    run = cli("status", "--json", "--include-excluded")
    assert run.json["live"][0]["tokens"] == 12
    assert "excluded" not in run.stderr
    for words in (["session", "list"], ["session", "show"], ["report", "tippers"]):
        assert "1 excluded" in cli(*words, "--json").stderr
        assert "excluded" not in cli(*words, "--json", "--include-excluded").stderr


def test_a_list_of_people_goes_through_a_pipeline(database: Database, cli: MhcHere) -> None:
    tell_story(database)
    run = cli("person", "list", "--segment", "tippers", "--since", "2026-01-01", "-o", "ndjson")
    rows = [json.loads(line) for line in run.stdout.splitlines()]
    assert [row["username"] for row in rows] == ["viewer_one", "viewer_two"]
    for name in names(cli("person", "list", "--role", "viewer", "-o", "name")):
        assert cli("person", "show", name, "-o", "json").json["username"] == name


def test_whom_a_text_names_is_found_in_it(database: Database, cli: MhcHere) -> None:
    tell_story(database)
    cli("person", "rename", "viewer_two", "viewer_due")
    text = "then @viewer_two came, and https://chaturbate.com/b/stranger_one/\nviewer_one: was that viewer_one?\n"
    assert cli("person", "search", "-", "-o", "name", stdin=text).stdout == "viewer_due\nviewer_one\n"
    assert cli(
        "person", "search", "-", "--sort", "tokens:desc", "-L", "1", "-o", "name", stdin=text
    ).stdout == ("viewer_one\n")
    assert cli("person", "search", "-", "--json", stdin="nobody is here").json == []
