"""`mhc import tokens`: a row once, whatever file brings it; what is missing is named; who was forgotten stays so."""

import json
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

import factories
from command import MhcHere
from factories import ROOM, happening, media, tip
from mhc.store import people
from mhc.store.database import Database
from mhc.store.schema import ledger_entry

SAMPLE = (Path(__file__).parents[1] / "payloads" / "token_stats.csv").read_text()
HEADER, *ROWS = SAMPLE.splitlines(keepends=True)


@pytest.fixture
def mhc(cli: MhcHere) -> MhcHere:
    cli.environ |= {"CHATURBATE_USERNAME": ROOM, "MHC_ERASURE_KEY": "FAKE0KEY0OF0ERASURES"}
    return cli


def file(rows: Iterable[str]) -> str:
    return HEADER + "".join(rows)


def tokens(mhc: MhcHere, stdin: str, *words: str) -> tuple[dict[str, tuple[int, int, int]], str]:
    """Import; give new, known and tokens by type, and what was said."""
    run = mhc("import", "tokens", "-", "--json", *words, stdin=stdin)
    assert run.status == 0, run.stderr
    return {row["type"]: (row["new"], row["known"], row["tokens"]) for row in run.json}, run.stderr


def stored(db: Database) -> list[tuple[Any, ...]]:
    c = ledger_entry.c
    with db.read() as conn:
        query = select(c.stamp, c.change, c.balance, c.kind, c.username, c.person_id, c.note)
        return [tuple(row) for row in conn.execute(query.order_by(c.stamp, c.balance))]


def test_the_sample_is_shown_first_and_balances(database: Database, mhc: MhcHere) -> None:
    found, said = tokens(mhc, SAMPLE)
    assert found == {
        "Fan club membership": (1, 0, 500), "Photos/videos sold": (1, 0, 99), "Private show": (2, 0, 120),
        "Spy on private show": (1, 0, 12), "Tip received": (1, 0, 25), "Tokens cashed out": (1, 0, -12000),
    }  # fmt: skip
    assert said == (
        "would import 7 rows; --save keeps them\n"
        "from 2026-01-02T05:29:59.222Z to 2026-01-02T13:00:00Z, read in America/Los_Angeles: no row is missing\n"
    )
    assert stored(database) == []
    assert "person" not in mhc("person", "list", "--json").stdout
    assert tokens(mhc, SAMPLE, "--save", "-n")[1].startswith("would import 7 rows; --save keeps them")
    assert stored(database) == []


def test_the_same_file_again_and_one_that_reaches_into_it_add_nothing_twice(
    database: Database, mhc: MhcHere
) -> None:
    assert "imported 4 rows as import 1" in tokens(mhc, file(ROWS[3:]), "--save")[1]
    assert "imported 3 rows as import 2, 2 known already" in tokens(mhc, file(ROWS[:5]), "--save")[1]
    whole = stored(database)
    assert len(whole) == 7
    for again in (
        SAMPLE,
        file(reversed(ROWS)),
        file([*ROWS, *ROWS]),
        SAMPLE.replace("\n", "\r\n"),
        "\ufeff" + SAMPLE,
    ):
        found, said = tokens(mhc, again, "--save")
        assert said.startswith("nothing is new, 7 known already")
        assert "no row is missing" in said
        assert sum(new for new, _known, _tokens in found.values()) == 0
    assert stored(database) == whole
    assert [one["counts"] for one in mhc("import", "list", "--json").json] == [
        {"new": 3, "known": 2, "people": 0}, {"new": 4, "known": 0, "people": 3}
    ]  # fmt: skip


def test_a_missing_row_is_named_with_its_neighbours_also_between_two_files(mhc: MhcHere) -> None:
    gap = (
        "warning: a row is missing between 2026-01-01 21:45:00.000002 (balance 11,380) and"
        " 2026-01-01 22:09:58.123456 (+60, balance 11,940): 500 tokens came\n"
    )
    assert tokens(mhc, file(ROWS[:3] + ROWS[4:]))[1].endswith(gap)
    tokens(mhc, file(ROWS[4:]), "--save")
    _, said = tokens(mhc, file(ROWS[:3]), "--save")
    assert said.endswith(gap)
    assert tokens(mhc, SAMPLE, "--save")[1] == (
        "imported 1 row as import 3, 6 known already\n"
        "from 2026-01-02T05:29:59.222Z to 2026-01-02T13:00:00Z, read in America/Los_Angeles: no row is missing\n"
    )
    many = file(
        row for number in range(40) for row in [f'"2026-01-03 05:00:{number:02}",1,{3 * number},x,,\n']
    )
    assert tokens(mhc, many)[1].count("a row is missing") == 10
    assert "rows are missing at 30 further places" in tokens(mhc, many)[1]


def test_equal_rows_of_one_file_are_one_and_others_of_one_instant_are_several(
    database: Database, mhc: MhcHere
) -> None:
    same = ['"2026-01-01 05:00:00",5,15,Tip received,viewer_one,\n'] * 2
    other = [
        '"2026-01-01 05:00:00",5,10,Tip received,viewer_one,\n',
        '"2026-01-01 05:00:00",5,5,Tip received,,\n',
    ]
    _, said = tokens(mhc, file(same + other), "--save")
    assert said.startswith("imported 3 rows as import 1, 1 equal to another\n")
    assert "no row is missing" in said
    assert [row[2] for row in stored(database)] == [5, 10, 15]


def test_a_file_that_does_not_fit_leaves_nothing_behind(database: Database, mhc: MhcHere) -> None:
    for text, why in (
        (SAMPLE + "x\n", "stdin, line 9: 1 cell, and the header has 6"),
        (SAMPLE.replace("11281", "11281.5"), "stdin, line 7: '11281.5' is no token balance"),
        ("viewer_one: hello\n", "stdin, line 1: no column 'Timestamp'"),
        (file([ROWS[0].replace("2026-01-02 05", "2026-03-08 02")]), "did not happen in America/Los_Angeles"),
        (file([ROWS[0].replace("2026-01-02 05", "2026-11-01 01")]), "happened twice in America/Los_Angeles"),
    ):
        run = mhc("import", "tokens", "-", "--save", stdin=text)
        assert (run.status, run.stdout) == (65, "")
        assert why in run.stderr
        assert run.stderr.count("\n") == 2
        assert "\nhint: " in run.stderr
    (mhc.home / "wide.csv").write_text(SAMPLE, "utf-16")
    run = mhc("import", "tokens", "wide.csv", "--save")
    assert (run.status, "wide.csv is UTF-16" in run.stderr) == (65, True)
    assert mhc("import", "tokens", "-", "--zone", "Nowhere/Else", stdin=SAMPLE).status == 2
    assert stored(database) == []
    twice = file([ROWS[0].replace("2026-01-02 05", "2026-11-01 01")])
    assert "from 2026-11-01T09:00:00Z" in tokens(mhc, twice, "--twice", "second")[1]
    assert mhc("import", "list", "--json").json == []


def captured(db: Database) -> None:
    """Keep the tips of the sample as a listener would have: it was half past nine in the evening in Denver."""
    with db.write() as conn:
        minute = (datetime(2026, 1, 2, 4, 30, tzinfo=UTC) - factories.T0).total_seconds() / 60
        factories.store(conn, [happening(minute - 9, "broadcastStart"), tip(minute, "viewer_one", 25)])
        factories.store(conn, [media(minute + 15, "viewer_three", 99)], page=1)


def test_captured_tips_tell_which_zone_the_file_is_in(database: Database, mhc: MhcHere) -> None:
    captured(database)
    _, said = tokens(mhc, SAMPLE)
    assert said.endswith(
        "warning: in America/Denver 2 captured tips have their row, in America/Los_Angeles 0: is it"
        " --zone America/Denver?\n"
    )
    assert "warning" not in tokens(mhc, SAMPLE, "--zone", "America/Denver")[1]
    assert (
        "warning" not in mhc("import", "tokens", "-", stdin=SAMPLE, MHC_SITE_TIMEZONE="America/Denver").stderr
    )


def test_a_file_in_another_zone_than_before_adds_nothing_and_is_not_mixed_in(
    database: Database, mhc: MhcHere
) -> None:
    tokens(mhc, file(ROWS[3:]), "--save")
    before = stored(database)
    moved = "4 of the rows known were taken for another time: they were read in another zone"
    assert tokens(mhc, file(ROWS[3:]), "--zone", "America/Denver", "--save")[1].endswith(
        f"warning: {moved}\n"
    )
    run = mhc("import", "tokens", "-", "--zone", "America/Denver", "--save", stdin=SAMPLE)
    assert (run.status, moved in run.stderr) == (4, True)
    assert stored(database) == before
    assert mhc("import", "undo", "1", "-y").status == 0
    assert "imported 7 rows" in tokens(mhc, SAMPLE, "--zone", "America/Denver", "--save")[1]


def test_who_paid_openly_is_a_viewer_and_an_undo_takes_that_back(database: Database, mhc: MhcHere) -> None:
    mhc("person", "add", "viewer_two", "--role", "model")
    tokens(mhc, SAMPLE, "--save")
    roles = {one["username"]: one["role"] for one in mhc("person", "list", "--json").json}
    assert roles == {ROOM: "model", "viewer_one": "unknown", "viewer_two": "model", "viewer_three": "viewer"}
    run = mhc("import", "undo", "1", "-y", "--json")
    assert run.json["gone"] == {"ledger rows": 7}
    assert stored(database) == []
    roles = {one["username"]: one["role"] for one in mhc("person", "list", "--json").json}
    assert roles["viewer_three"] == "unknown"
    assert "imported 7 rows" in tokens(mhc, SAMPLE, "--save")[1]


def test_a_name_of_before_is_the_person_who_had_it(database: Database, mhc: MhcHere) -> None:
    mhc("person", "add", "viewer_three")
    mhc("person", "rename", "viewer_three", "viewer_drei")
    tokens(mhc, SAMPLE, "--save")
    with database.read() as conn:
        who = people.ids_of(conn, ["viewer_drei"])["viewer_drei"]
        assert people.ids_of(conn, ["viewer_three"]) == {}
    assert {row[5] for row in stored(database) if row[4] == "viewer_three"} == {who}


@pytest.mark.parametrize("words", [(), ("--keep-amounts",), ("--block",)], ids=str)
def test_who_is_forgotten_leaves_the_amounts_and_no_file_brings_the_name_back(
    database: Database, mhc: MhcHere, words: tuple[str, ...]
) -> None:
    said = SAMPLE.replace("Sample photo set", "for viewer_one")
    tokens(mhc, said, "--save")
    assert mhc("person", "forget", "viewer_one", "-y", *words).status == 0
    kept = stored(database)
    assert [(row[1], row[2]) for row in kept] == [(row[1], row[2]) for row in sorted(kept)]
    assert len(kept) == 7
    names = {row[4] for row in kept} - {"", "viewer_two", "viewer_three"}
    (name,) = names
    assert name.startswith("forgotten_") if "--keep-amounts" in words else name == "(forgotten)"
    assert {row[6] for row in kept} == {"", "for (forgotten)"}
    for again in (said, said.replace("viewer_one", "VIEWER_ONE ")):
        _, told = tokens(mhc, again, "--save")
        assert told.startswith("nothing is new, 7 known already, 1 without a name (forgotten)")
        assert "no row is missing" in told
    assert mhc("import", "undo", "1", "-y").status == 0
    assert "imported 7 rows" in tokens(mhc, said, "--save")[1]
    assert stored(database) == kept
    assert mhc("person", "show", "viewer_one").status == 3
    assert mhc("import", "tokens", "-", "--save", stdin=said, MHC_ERASURE_KEY="").status == 78


def exported(mhc: MhcHere, *words: str) -> list[tuple[str, int]]:
    """Give the rows of the ledger in what is held about viewer_one."""
    run = mhc("person", "export", "viewer_one", *words)
    assert run.status == 0, run.stderr
    lines = [json.loads(line) for line in run.stdout.splitlines()]
    found = [one.get("row", one) for one in lines if one.get("table") == "ledger_entry"]
    return [(one["kind"], one["change"]) for one in found]


def test_a_tip_is_in_an_export_only_where_it_was_seen_to_be_open(database: Database, mhc: MhcHere) -> None:
    hidden = ['"2026-01-01 21:31:00",50,11331,Tip received,viewer_one,for you\n']
    spied = ['"2026-01-01 21:32:00",6,11337,Spy on private show,viewer_one,\n']
    tokens(mhc, file([*hidden, *spied, *ROWS[5:]]), "--save", "--zone", "America/Denver")
    assert exported(mhc) == [("Spy on private show", 6)]
    captured(database)
    with database.write() as conn:
        minute = (datetime(2026, 1, 2, 4, 31, tzinfo=UTC) - factories.T0).total_seconds() / 60
        factories.store(conn, [tip(minute, "viewer_one", 50, anonymous=True)], page=2)
    assert sorted(exported(mhc)) == [("Spy on private show", 6), ("Tip received", 25)]
    assert sorted(exported(mhc, "--reveal")) == [
        ("Spy on private show", 6), ("Tip received", 25), ("Tip received", 50)
    ]  # fmt: skip


def test_hostile_notes_names_and_types_are_inert(database: Database, mhc: MhcHere) -> None:
    evil = '=HYPERLINK(""http://x"")\x1b[31m\u202e\x00\r\nnext'
    row = f'"2026-01-01 05:00:00",5,5,"=1+1\u202e","<b>x\x1b[2J","{evil}"\n'
    bad = mhc("import", "tokens", "-", stdin=file([row]))
    assert (bad.status, "\x1b" in bad.stderr, "\u202e" in bad.stderr) == (65, False, False)
    row = row.replace("\u202e", "", 1)
    for output in ("table", "tsv", "csv", "json", "ndjson"):
        run = mhc("import", "tokens", "-", "--save", "-o", output, stdin=file([row]))
        assert run.status == 0
        assert not {"\x1b", "\u202e", "\x00"} & set(run.stdout + run.stderr)
    assert "'=1+1" in mhc("import", "tokens", "-", "-o", "csv", stdin=file([row])).stdout
    (kept,) = stored(database)
    assert kept[3:5] == ("=1+1", "<b>x\ufffd[2j")
    assert "\ufffd\r\nnext" in kept[6]


def test_the_ledger_is_copied_whole(database: Database, mhc: MhcHere) -> None:
    tokens(mhc, SAMPLE, "--save")
    run = mhc("db", "copy", "copied.db")
    assert run.status == 0, run.stderr
    other = f"sqlite:///{mhc.home / 'copied.db'}"
    assert mhc("import", "tokens", "-", stdin=SAMPLE, DATABASE_URL=other).stderr.startswith(
        "nothing is new, 7"
    )
