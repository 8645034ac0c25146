"""The oracle of the fault tests sees what it is there to see."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection, delete, func, insert, select, update

from command import Mhc
from faults.modes import BAD_UTF8, HARMLESS, NO_ID, SAME_ID_OTHER_BODY, beside
from faults.oracle import Verdict, assert_all_is_stored, judge
from faults.server import FaultServer
from mhc.domain.packing import pack
from mhc.store.database import Database
from mhc.store.schema import event, person, person_total, rejected_event

EVENTS = 60
TOKEN = "CANARY0OF0THE0ORACLE"  # one that is found on purpose


@pytest.fixture
def served(run_mhc: Mhc, database_url: str) -> FaultServer:
    """Give a server whose feed was read up; one of its elements could be no event."""
    with FaultServer(EVENTS, [beside(BAD_UTF8)], page_size=20, longest=0, token=TOKEN) as server:
        run = run_mhc("listen", "--once", "-o", "none", **server.environ(database_url))
        assert run.status == 0, run.stderr
    return server


def test_nothing_is_wrong_where_nothing_went_wrong(
    served: FaultServer, database: Database, tmp_path: Path
) -> None:
    assert_all_is_stored(database, served, tmp_path, events=EVENTS)
    assert [one.mode for one in served.journal] == ["beside", "ok", "ok", "ok"]


def _lose_one(conn: Connection) -> None:
    conn.execute(delete(event).where(event.c.id_ms == select(func.max(event.c.id_ms)).scalar_subquery()))


def _change_one(conn: Connection) -> None:
    first = select(func.min(event.c.id_ms)).scalar_subquery()
    conn.execute(update(event).where(event.c.id_ms == first).values(raw=pack(b'{"method":"tip"}')))


def _double_one(conn: Connection) -> None:
    row: dict[str, Any] = dict(conn.execute(select(event).limit(1)).mappings().one())
    conn.execute(insert(event).values(**row | {"source_id": "again"}))


def _forget_what_was_kept_aside(conn: Connection) -> None:
    conn.execute(delete(rejected_event))


def _miscount(conn: Connection) -> None:
    conn.execute(update(person_total).values(tokens=person_total.c.tokens + 1))


def _write_the_token_down(conn: Connection) -> None:
    conn.execute(update(event).values(raw=pack(f'{{"x":"{TOKEN}"}}'.encode() * 3)))


@pytest.mark.parametrize(
    ("damage", "kinds"),
    [
        (_lose_one, {"lost", "problems"}),
        (_change_one, {"changed"}),
        (_double_one, {"foreign", "problems"}),
        (_forget_what_was_kept_aside, {"rejected"}),
        (_miscount, {"problems"}),
        (_write_the_token_down, {"changed", "leaks"}),
    ],
)
def test_each_kind_of_damage_is_seen(
    served: FaultServer,
    database: Database,
    tmp_path: Path,
    damage: Callable[[Connection], None],
    kinds: set[str],
) -> None:
    with database.write() as conn:
        damage(conn)
    found = judge(database, served, tmp_path)
    assert set(found.wrong) == kinds, found
    with pytest.raises(AssertionError):
        assert_all_is_stored(database, served, tmp_path, events=EVENTS)


def test_a_token_in_a_name_or_a_file_is_seen(served: FaultServer, database: Database, tmp_path: Path) -> None:
    with database.write() as conn:
        conn.execute(update(person).where(person.c.username == "viewer_1").values(username=served.token))
    assert judge(database, served, tmp_path).leaks
    (tmp_path / "note.json").write_text(json.dumps({"page": served.token}))
    assert str(tmp_path / "note.json") in judge(database, served, tmp_path).leaks


def test_a_gap_that_nobody_declared_is_seen(served: FaultServer, database: Database) -> None:
    assert judge(database, served, gaps=[("away", "possible")]).wrong == {"gaps": [("away", "possible")]}


def test_a_server_that_misbehaves_costs_nothing_and_the_oracle_knows(
    run_mhc: Mhc, database: Database, database_url: str, tmp_path: Path
) -> None:
    modes = [NO_ID, SAME_ID_OTHER_BODY, *HARMLESS]
    with FaultServer(1500, modes, page_size=25, misbehave=0.2, seed=3) as server:
        env = server.environ(database_url)
        run = run_mhc.until(server.until_read_up, "listen", "-o", "none", **env)
        assert run.status == 0, run.stderr
    seen = {one.mode for one in server.journal}
    assert {mode.name for mode in modes} <= seen
    assert_all_is_stored(database, server, tmp_path, events=1500)


def test_a_verdict_without_differences_is_sound() -> None:
    assert Verdict(1, 1).sound
    assert not Verdict(1, 0, lost=["1-0"]).sound
