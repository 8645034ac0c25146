"""K2: a person who was forgotten is in no file, and nothing brings them back."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, select

from command import MhcHere
from conftest import fresh
from factories import ROOM
from faults import everywhere
from faults.everywhere import NAME, OLD, SECRET
from mhc.capture import forgetting
from mhc.capture.forgetting import STEPS, Forgetting, Wish
from mhc.config import Secret
from mhc.domain.broadcasts import MERGE_GAP
from mhc.store import inventory, people, personal, snapshots
from mhc.store.database import Database
from mhc.store.schema import erasure, event, metadata
from mhc.store.snapshots import Asked, Reading

KEY = "FAKE0KEY0OF0ERASURES"
OLD_DAY = datetime(2026, 1, 5, tzinfo=UTC)


def with_key(db: Database) -> Database:
    return Database(db.url.render_as_string(hide_password=False), erasure_key=Secret(KEY))


@pytest.fixture
def full(database: Database, tmp_path: Path) -> Database:
    everywhere.fill(database)
    everywhere.spool(database, tmp_path / "state")
    return database


@pytest.fixture
def mhc(full: Database, tmp_path: Path) -> MhcHere:
    url = full.url.render_as_string(hide_password=False)
    return MhcHere(tmp_path, DATABASE_URL=url, MHC_ERASURE_KEY=KEY, CHATURBATE_USERNAME=ROOM)


def state_files(tmp_path: Path) -> list[Path]:
    return [path for path in (tmp_path / "state").rglob("*") if path.is_file()]


def everything(db: Database, tmp_path: Path) -> list[str]:
    """Give every trace of the person in the files of the database and in the state directory."""
    return everywhere.traces(everywhere.files_of(db) + state_files(tmp_path))


def test_fault_k2_the_canary_is_in_every_column_of_text(full: Database, tmp_path: Path) -> None:
    words = {f"{table}.{name}" for table, names in personal._WORDS.items() for name in names}
    assert everywhere.texts() - everywhere.cells(full) - words == set()
    assert {one.partition(":")[0] for one in everything(full, tmp_path)} >= {
        *(path.name for path in (tmp_path / "state" / "spool").iterdir())
    }


@pytest.mark.parametrize("words", [(), ("--keep-amounts",), ("--block",)], ids=str)
def test_fault_k2_who_is_forgotten_is_in_no_file_and_no_import_brings_them_back(
    full: Database, mhc: MhcHere, tmp_path: Path, words: tuple[str, ...]
) -> None:
    export = mhc("capture", "export").stdout
    assert export.count(NAME) > 5
    assert everything(full, tmp_path)
    run = mhc("person", "forget", OLD, *words, "-y")
    assert run.status == 0, run.stderr
    assert everything(full, tmp_path) == []
    assert inventory.problems(full, MERGE_GAP) == []
    assert rows_of(mhc, "333") == ([] if "--keep-amounts" not in words else ["forgotten"])

    run = mhc("capture", "import", "-", stdin=export)
    assert run.status == 0, run.stderr
    assert "were forgotten" in run.stderr
    assert everything(full, tmp_path) == []
    assert inventory.problems(full, MERGE_GAP) == []
    assert rows_of(mhc, "333") == ["forgotten" if "--keep-amounts" in words else None]
    assert "another body" not in run.stderr
    again = mhc("capture", "import", "-", stdin=export)
    assert (again.status, "another body" in again.stderr) == (0, False)
    assert everything(full, tmp_path) == []


def rows_of(mhc: MhcHere, tokens: str) -> list[str | None]:
    """Give whose the payments of an amount are."""
    found = mhc("event", "list", "--reveal", "-o", "json").json
    named = [one["actor"] for one in found if str(one["tokens"]) == tokens]
    return [one and one.partition("_")[0] for one in named]


def dump(db: Database) -> dict[str, list[str]]:
    """Give all rows, without what is random or the time of the act."""
    left_out = {"erasure": {"at", "done_at", "hash", "person_id"}, "stream": {"lock_name"}}
    with db.read() as conn:
        return {
            table.name: sorted(
                repr([value for name, value in row.items() if name not in left_out.get(table.name, ())])
                for row in conn.execute(select(table)).mappings()
            )
            for table in metadata.sorted_tables
        }


@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
def test_fault_k2_stopped_after_any_step_and_called_again_it_ends_the_same(
    kind: str, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    ends: list[Any] = []
    for number in range(len(STEPS), -1, -1):
        folder = tmp_path / str(number)
        folder.mkdir()
        with fresh(kind, request, folder) as plain:
            everywhere.fill(plain)
            everywhere.spool(plain, folder / "state")
            db = with_key(plain)
            wish = Wish(NAME, datetime.now(UTC))
            forgetting.run(Forgetting(db, folder / "state", MERGE_GAP, wish), STEPS[:number])
            again = Wish(OLD if number % 2 else NAME, datetime.now(UTC))
            forgetting.run(Forgetting(db, folder / "state", MERGE_GAP, again))
            assert everything(db, folder) == [], number
            assert inventory.problems(db, MERGE_GAP) == []
            with db.read() as conn:
                assert conn.execute(select(func.count()).where(erasure.c.done_at.is_(None))).scalar() == 0
            ends.append(dump(db))
            db.close()
    for one in ends:
        assert one == ends[0]


def test_fault_k2_a_backup_that_is_restored_is_made_to_forget_again(
    full: Database, mhc: MhcHere, tmp_path: Path
) -> None:
    backup = tmp_path / "elsewhere" / "night.backup"
    backup.parent.mkdir()
    assert mhc("db", "backup", "--out", str(backup)).status == 0
    assert mhc("person", "forget", NAME, "--keep-amounts", "-y").status == 0
    full.close()
    run = mhc("db", "restore", str(backup), "-y", "-o", "json")
    assert run.status == 0, run.stderr
    assert "forgotten again" in run.stderr
    aside = [Path(run.json["replaced"])] if run.json["replaced"] else []
    mine = [path for path in everywhere.files_of(full) if path not in aside]
    assert everywhere.traces(mine + state_files(tmp_path)) == []
    assert rows_of(mhc, "333") == ["forgotten"]


def test_fault_k2_a_spool_that_a_listener_has_is_left_to_it_and_comes_in_without_the_name(
    full: Database, mhc: MhcHere, tmp_path: Path
) -> None:
    from mhc.capture.lock import StreamLock
    from mhc.capture.spool import Spool
    from mhc.store import pages, streams

    (path,) = (tmp_path / "state" / "spool").glob("*.jsonl")
    lock = StreamLock(tmp_path / "state", path.stem)
    lock.acquire("example_room")
    run = mhc("person", "forget", NAME, "-y")
    assert (run.status, "run it again" in run.stderr) == (75, True)
    db = with_key(full)
    with db.read() as conn:
        held = streams.list_all(conn)[0]
    for entry in Spool(path, 1 << 20).entries():
        assert entry is not None
        new = pages.insert(db, held, entry.page(), merge_gap=MERGE_GAP)
        assert [(one.event.actor, one.event.text) for one in new] == [
            (None, None),
            ("viewer_two", "bye (forgotten)"),
        ]
    path.unlink()
    lock.release()
    db.close()
    assert mhc("person", "forget", NAME, "-y").status == 0
    assert everything(full, tmp_path) == []
    with full.read() as conn:
        assert conn.execute(select(func.count()).select_from(event).where(event.c.tokens == 9)).scalar() == 1


def test_fault_k2_what_is_said_holds_no_word_of_theirs(full: Database, mhc: MhcHere) -> None:
    run = mhc("person", "forget", NAME, "-y", "-o", "json")
    assert SECRET not in run.stdout + run.stderr
    assert NAME not in (mhc.home / "state" / "audit.log").read_text()


def test_fault_k2_what_sources_said_of_others_stays_without_the_name(full: Database, mhc: MhcHere) -> None:
    readings = mhc("snapshot", "list", "-o", "json").json
    theirs = [one for one in readings if one["username"] == NAME]
    run = mhc("person", "forget", NAME, "-y", "-o", "json")
    counts = {row["what"]: (row["gone"], row["replaced"]) for row in run.json}
    assert [counts[table] for table in ("snapshot", "payload", "snapshot_source", "lookup_miss")] == [
        (2, 0),
        (1, 4),
        (0, 2),
        (1, 0),
    ]
    left = mhc("snapshot", "list", "-o", "json").json
    assert len(left) == len(readings) - len(theirs)
    assert sorted({one["subject"] for one in left}) == ["", "(forgotten)", "(forgotten) 2"]
    raw = [mhc("snapshot", "show", str(one["id"]), "--raw").stdout for one in left]
    assert '{"said":"the same of both"}\n' in raw
    assert raw.count('["(forgotten)"]\n') == 2  # which are one answer now
    found = [mhc("snapshot", "show", str(one["id"]), "-o", "json").json["payload"] for one in left]
    assert len(found) == len(set(found)) + 1


def test_fault_k2_who_was_forgotten_does_not_come_back_in_what_was_said_before(
    full: Database, mhc: MhcHere, tmp_path: Path
) -> None:
    assert mhc("person", "forget", NAME, "-y").status == 0
    db = with_key(full)
    with db.write() as conn:
        two = people.ids_of(conn, ["viewer_two"])["viewer_two"]
        asked = Asked("statbate.member_model", "7d", NAME)
        body = f'["{NAME.title()}"]'.encode()
        assert snapshots.add(conn, [Reading(two, asked, OLD_DAY, body, {"model": OLD})]) == 1
    db.close()
    assert everything(full, tmp_path) == []


@pytest.mark.parametrize("words", [(), ("--keep-amounts",)], ids=str)
def test_fault_k2_the_token_statistics_keep_the_amounts_and_no_name(
    full: Database, mhc: MhcHere, tmp_path: Path, words: tuple[str, ...]
) -> None:
    ledger = (
        "Timestamp,Token change,Token balance,Transaction type,User,Note\n"
        f"2026-01-02 10:00:00,25,25,Tip received,{NAME},{SECRET}\n"
        f"2026-01-02 10:00:01,5,30,Private show,{OLD.upper()},\n"
        f"2026-01-02 10:00:02,7,37,Tip received,viewer_two,from {NAME} and @{OLD}\n"
    )
    assert mhc("import", "tokens", "-", "--save", stdin=ledger).status == 0
    assert mhc("person", "forget", OLD, *words, "-y").status == 0
    for _ in range(2):
        assert everything(full, tmp_path) == []
        run = mhc("import", "tokens", "-", "--save", stdin=ledger)
        assert run.stderr.startswith("nothing is new, 3 known already, 2 without a name (forgotten)\n")
