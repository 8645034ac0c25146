"""`mhc person export` and `forget`: all that is held about somebody, and its end."""

import json
import os
import pty
import stat
import subprocess
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import insert, text

from command import Mhc, MhcHere, Run
from factories import ROOM, T0, chat, happening, store, tell_story, tip
from mhc.config import Secret
from mhc.domain.broadcasts import MERGE_GAP
from mhc.errors import ConfigError
from mhc.store import inventory, people, snapshots
from mhc.store.database import Database
from mhc.store.schema import lookup_miss
from mhc.store.snapshots import Asked, Reading

KEY = "FAKE0KEY0OF0ERASURES"


@pytest.fixture
def told(database: Database, database_url: str, tmp_path: Path) -> MhcHere:
    """Give the command on two shows, with what somebody typed after them."""
    tell_story(database)
    mhc = MhcHere(tmp_path, DATABASE_URL=database_url, CHATURBATE_USERNAME=ROOM, MHC_ERASURE_KEY=KEY)
    for words in (
        ("note", "add", "viewer_one", "likes the blue lights"),
        ("note", "add", "viewer_two", "came with Viewer_One, not with viewer_one_more"),
        ("alias", "add", "viewer_one", "viewer_uno"),
        ("watchlist", "add", "Friends", "viewer_one"),
    ):
        assert mhc(*words).status == 0
    return mhc


def good(run: Run) -> Any:
    assert run.status == 0, run.stderr
    return run.json


def test_a_forgotten_person_is_nowhere_and_the_database_is_sound(told: MhcHere, database: Database) -> None:
    run = told("person", "forget", "viewer_one", "-y", "-o", "json")
    assert {row["what"]: (row["gone"], row["replaced"]) for row in good(run)}["note"] == (1, 1)
    assert told("person", "show", "viewer_one").status == 3
    assert told("person", "show", "viewer_uno").status == 3
    (note,) = good(told("note", "list", "-o", "json"))
    assert note["body"] == "came with (forgotten), not with viewer_one_more"
    events = good(told("event", "list", "--reveal", "--private", "-o", "json"))
    assert events
    assert not [one for one in events if "viewer_one" in (one["actor"], one["partner"])]
    assert inventory.problems(database, MERGE_GAP) == []
    assert "forgotten already" in told("person", "forget", "viewer_uno", "-y").stderr


def test_a_note_about_others_is_found_by_what_stands_in_it_now(told: MhcHere) -> None:
    assert told("note", "add", "viewer_two", "brought Viewer_Uno along").status == 0
    assert told("person", "forget", "viewer_one", "-y").status == 0

    def found(*words: str) -> list[str]:
        return [row["body"] for row in good(told("note", "search", "-o", "json", *words))]

    assert found("uno") == found("lights") == []
    assert found("forgotten", "brought") == ["brought (forgotten) along"]
    assert found("forgotten", "came") == ["came with (forgotten), not with viewer_one_more"]


def test_amounts_are_kept_under_a_random_name_where_asked(told: MhcHere, database: Database) -> None:
    before = good(told("report", "tippers", "--reveal", "-o", "json"))
    run = told("person", "forget", "viewer_one", "--keep-amounts", "-y")
    assert run.status == 0, run.stderr
    after = good(told("report", "tippers", "--reveal", "-o", "json"))
    paid = {row["username"]: row["tokens"] for row in before["rows"]}
    heir = next(row["username"] for row in after["rows"] if row["username"].startswith("forgotten_"))
    assert f"kept under {heir}" in run.stderr
    assert {row["username"]: row["tokens"] for row in after["rows"]} == {
        heir: paid["viewer_one"],
        "viewer_two": paid["viewer_two"],
    }
    assert inventory.problems(database, MERGE_GAP) == []


def exported(mhc: MhcHere, *words: str) -> list[dict[str, Any]]:
    run = mhc("person", "export", *words)
    assert run.status == 0, run.stderr
    return [json.loads(line) for line in run.stdout.splitlines()]


def test_an_export_holds_every_table_and_masks_what_is_not_asked_for(told: MhcHere) -> None:
    found = exported(told, "viewer_uno")
    assert {one["table"] for one in found} >= {
        "person",
        "alias",
        "event",
        "note",
        "visit",
        "watchlist_member",
    }
    events = [one["row"] for one in found if one["table"] == "event"]
    assert {row["raw"] and row["raw"]["method"] for row in events} >= {"tip", "chatMessage", None}
    assert "psst" not in json.dumps(found)
    assert 50 not in [row["tokens"] for row in events]
    whole = exported(told, "viewer_one", "--private", "--reveal")
    assert "psst" in json.dumps(whole)
    assert 50 in [one["row"]["tokens"] for one in whole if one["table"] == "event"]
    assert exported(told, "viewer_two", "--private", "--reveal") != whole


def test_an_export_holds_what_other_sources_said_of_them(told: MhcHere, database: Database) -> None:
    with database.write() as conn:
        ids = people.ids_of(conn, ["viewer_one", "viewer_two"])
        asked = Asked("statbate.member_model", "30d", "example_room")
        given = [
            Reading(number, asked, T0, json.dumps({"name": name}).encode(), {"tokens": number})
            for name, number in ids.items()
        ]
        assert snapshots.add(conn, given) == 2
        miss = {"username": "viewer_uno", "source": "stats", "times": 2, "last_at": T0, "next_try_at": T0}
        conn.execute(insert(lookup_miss).values(platform="chaturbate", **miss))
    found = [json.loads(line) for line in told("person", "export", "viewer_one").stdout.splitlines()]
    (reading,) = [one["row"] for one in found if one["table"] == "snapshot"]
    wanted = ("source", "subject", "range", "captured_at", "person", "metrics", "raw")
    assert [reading[name] for name in wanted] == [
        "statbate.member_model",
        "example_room",
        "30d",
        "2026-01-01T18:00:00Z",
        "viewer_one",
        {"tokens": ids["viewer_one"]},
        {"name": "viewer_one"},
    ]
    assert len(reading["payload"]) == 64
    (missed,) = [one["row"] for one in found if one["table"] == "lookup_miss"]
    assert (missed["username"], missed["source"]) == ("viewer_uno", "stats")


def test_without_the_key_nothing_is_done(told: MhcHere) -> None:
    before = exported(told, "viewer_one", "--private", "--reveal")
    run = told("person", "forget", "viewer_one", "-y", MHC_ERASURE_KEY="")
    assert (run.status, run.stdout) == (78, "")
    assert "MHC_ERASURE_KEY" in run.stderr
    assert exported(told, "viewer_one", "--private", "--reveal") == before


def test_without_a_terminal_or_a_yes_nothing_is_done(told: MhcHere) -> None:
    run = told("person", "forget", "viewer_one")
    assert (run.status, "-y" in run.stderr) == (2, True)
    assert told("person", "show", "viewer_one").status == 0
    assert told("person", "forget", "nobody_at_all", "-y").status == 3
    assert told("person", "forget", "viewer_two", "-y", "-n").status == 0
    assert told("person", "show", "viewer_two").status == 0


def test_a_room_that_is_listened_to_is_not_forgotten(told: MhcHere) -> None:
    for own in (ROOM, "another_room"):
        run = told("person", "forget", ROOM, "-y", CHATURBATE_USERNAME=own)
        assert (run.status, "is a room of yours" in run.stderr) == (2, True)


def test_what_they_do_later_makes_a_new_person_unless_they_are_blocked(
    told: MhcHere, database: Database
) -> None:
    later = (datetime.now(UTC) - T0) / timedelta(minutes=1) + 60
    assert told("person", "forget", "viewer_one", "-y").status == 0
    assert told("person", "forget", "viewer_two", "--block", "-y").status == 0
    db = Database(database.url.render_as_string(hide_password=False), erasure_key=Secret(KEY))
    with db.write() as conn:
        store(conn, [tip(later, "viewer_one", 7), tip(later + 1, "viewer_two", 8)], page=5)
        store(conn, [tip(9.5, "viewer_one", 9)], page=6)
    db.close()
    actors = {one["tokens"]: one["actor"] for one in good(told("event", "list", "--reveal", "-o", "json"))}
    assert actors | {None: None} == {None: None, 7: "viewer_one", 8: None, 9: None}
    assert inventory.problems(database, MERGE_GAP) == []
    assert good(told("person", "show", "viewer_one", "-o", "json"))["here"]["tokens"] == 7
    assert told("person", "show", "viewer_two").status == 3
    told("person", "forget", "viewer_one", "-y")
    assert told("person", "show", "viewer_one").status == 3


def test_another_key_is_noticed(told: MhcHere, database: Database) -> None:
    assert told("person", "forget", "viewer_one", "-y").status == 0
    run = told("person", "forget", "viewer_two", "-y", MHC_ERASURE_KEY="ANOTHER0FAKE0KEY")
    assert (run.status, "is not the key" in run.stderr) == (78, True)
    whole = told("capture", "export").stdout
    for key, said in (("", "is not set"), ("ANOTHER0FAKE0KEY", "another key")):
        run = told(
            "--db", f"sqlite:///{told.home}/new{len(key)}.db", "capture", "import", "-",
            stdin=whole, MHC_ERASURE_KEY=key,
        )  # fmt: skip
        assert (run.status, said in run.stderr) == (78, True)
    with database.write() as conn, pytest.raises(ConfigError, match="not set"):
        store(conn, [tip(9.5, "viewer_one", 9)], page=6)


def test_a_line_that_was_paid_for_stays_a_line_with_its_amount(told: MhcHere, database: Database) -> None:
    paid: dict[str, Any] = {
        "message": {"message": "hi"},
        "tip": {"tokens": 5, "isAnon": False, "message": ""},
    }
    with database.write() as conn:
        store(conn, [happening(2000, "chatMessage", "viewer_one", **paid), chat(2001, "viewer_one")], page=6)

    assert told("person", "forget", "viewer_one", "--keep-amounts", "-y").status == 0
    assert inventory.problems(database, MERGE_GAP) == []


def test_an_export_carries_who_was_forgotten(told: MhcHere, tmp_path: Path) -> None:
    old = told("capture", "export").stdout
    assert told("person", "forget", "viewer_one", "--keep-amounts", "-y").status == 0
    new = told("capture", "export").stdout
    there = ("--db", f"sqlite:///{tmp_path}/there.db")
    assert told(*there, "capture", "import", "-", stdin=old).status == 0
    run = told(*there, "capture", "import", "-", stdin=new)
    assert "mhc person forget viewer_one" in run.stderr
    assert told(*there, "person", "forget", "viewer_one", "-y").status == 0
    assert told(*there, "db", "check").status == 0
    report = ("report", "tippers", "--reveal", "-o", "json")
    assert good(told(*there, *report))["rows"] == good(told(*report))["rows"]
    empty = ("--db", f"sqlite:///{tmp_path}/empty.db")
    assert told(*empty, "capture", "import", "-", stdin=new).status == 0
    assert told(*empty, "capture", "import", "-", stdin=old).status == 0
    assert told(*empty, "person", "show", "viewer_one").status == 3
    assert good(told(*empty, *report))["rows"] == good(told(*report))["rows"]


def test_a_right_that_is_missing_is_told_and_nothing_counts_as_done(
    postgres_database: Database, tmp_path: Path
) -> None:
    tell_story(postgres_database)
    role = f"mhc_forgetter_{postgres_database.url.database}"
    with postgres_database.outside() as conn:
        conn.execute(text(f"CREATE ROLE {role} LOGIN"))
        conn.execute(text(f"GRANT ALL ON ALL TABLES IN SCHEMA public TO {role}"))
        conn.execute(text(f"GRANT ALL ON ALL SEQUENCES IN SCHEMA public TO {role}"))
    url = postgres_database.url.set(username=role).render_as_string(hide_password=False)
    mhc = MhcHere(tmp_path, DATABASE_URL=url, MHC_ERASURE_KEY=KEY)
    try:
        run = mhc("person", "forget", "viewer_one", "-y")
        assert (run.status, "only the owner of the table" in run.stderr) == (77, True)
        assert mhc("person", "show", "viewer_one").status == 3
        owner = postgres_database.url.render_as_string(hide_password=False)
        assert mhc("person", "forget", "viewer_one", "-y", DATABASE_URL=owner).status == 0
        assert "already" in mhc("person", "forget", "viewer_one", "-y").stderr
    finally:
        with postgres_database.outside() as conn:
            conn.execute(text(f"DROP OWNED BY {role}"))
            conn.execute(text(f"DROP ROLE {role}"))


def test_an_export_to_a_file_is_for_its_owner_alone_and_never_over_another(told: MhcHere) -> None:
    assert told("person", "export", "viewer_one", "--out", "one.jsonl").status == 0
    assert stat.S_IMODE((told.home / "one.jsonl").stat().st_mode) == 0o600
    run = told("person", "export", "viewer_one", "--out", "one.jsonl")
    assert (run.status, "is there already" in run.stderr) == (2, True)
    acts = [json.loads(line) for line in (told.home / "state" / "audit.log").read_text().splitlines()]
    assert [one["rows"] > 5 for one in acts] == [True, False]
    assert "viewer" not in json.dumps([one | {"file": ""} for one in acts])


def test_the_name_is_typed_on_a_terminal(sqlite_database: Database, run_mhc: Mhc) -> None:
    tell_story(sqlite_database)
    sqlite_database.close()
    url = sqlite_database.url.render_as_string(hide_password=False)
    for typed, status in (("viewer_two", 1), ("viewer_one", 0)):
        run = answered(
            run_mhc, typed, "person", "forget", "viewer_one", DATABASE_URL=url, MHC_ERASURE_KEY=KEY
        )
        assert run == status
        assert run_mhc("person", "show", "viewer_one", DATABASE_URL=url).status == (3 if status == 0 else 0)


def answered(mhc: Mhc, typed: str, *words: str, **environ: str) -> int:
    """Run a command on a terminal, type an answer, and give its status."""
    outside, inside = pty.openpty()
    call = [str(mhc.program), *words]
    with subprocess.Popen(
        call, env=mhc.environ | environ, cwd=mhc.home, stdin=inside, stdout=inside, stderr=inside
    ) as process:
        os.close(inside)
        os.write(outside, f"{typed}\n".encode())
        while True:
            try:
                if not os.read(outside, 1000):
                    break
            except OSError:  # the other end is closed
                break
        status = process.wait(60)
    os.close(outside)
    return status
