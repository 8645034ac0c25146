"""Readings of other sources: none is lost, none counts twice, and what did not change is stored once."""

from sqlalchemy import func, select

from factories import minute
from mhc.store import people, snapshots
from mhc.store.database import Database
from mhc.store.schema import payload, snapshot, snapshot_source
from mhc.store.snapshots import Asked, Reading

INFO = Asked("statbate.member_info")


def counts(database: Database) -> tuple[int, ...]:
    with database.read() as conn:
        tables = (snapshot, payload, snapshot_source)
        return tuple(conn.execute(select(func.count()).select_from(one)).scalar_one() for one in tables)


def test_an_unchanged_answer_is_a_row_and_stored_once(database: Database) -> None:
    with database.write() as conn:
        one = people.ensure(conn, ["viewer_one"], at=minute(0), source="test")["viewer_one"]
        for hour in range(3):
            at = minute(60 * hour)
            assert snapshots.add(conn, [Reading(one, INFO, at, b'{"did":1}', {"did": 1})]) == 1
    assert counts(database) == (3, 1, 1)


def test_the_same_reading_twice_is_one(database: Database) -> None:
    with database.write() as conn:
        ids = people.ensure(conn, ["viewer_one", "viewer_two"], at=minute(0), source="test")
        given = [
            Reading(ids["viewer_one"], INFO, minute(0), b"{}"),
            Reading(ids["viewer_two"], INFO, minute(0), b"{}"),
            Reading(ids["viewer_two"], Asked("statbate.member_tips", "30d"), minute(0), b"{}"),
            Reading(None, Asked("statbate.tags", "30d"), minute(0), b"[]"),
        ]
        assert snapshots.add(conn, given) == 4
        assert snapshots.add(conn, given) == 0
    assert counts(database) == (4, 2, 3)


def test_another_figure_read_from_the_same_answer_is_another_payload(database: Database) -> None:
    with database.write() as conn:
        who = people.ensure(conn, ["viewer_one"], at=minute(0), source="test")["viewer_one"]
        for at, figures in ((0, {"did": 1}), (1, {"did": 1, "tips": None})):
            snapshots.add(conn, [Reading(who, INFO, minute(at), b'{"did":1}', figures)])
    assert counts(database) == (2, 2, 1)
