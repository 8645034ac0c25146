"""A gap is one incident: one row, however many pages tell of it."""

from datetime import UTC, datetime, timedelta

from mhc.store import coverage, streams
from mhc.store.database import Database
from mhc.store.schema import capture_gap
from mhc.store.streams import Kind

T0 = datetime(2026, 1, 1, 18, 0, tzinfo=UTC)


def recorded(database: Database, *spans: tuple[int, int]) -> list[tuple[int, int]]:
    """Record gaps of one cause, in minutes; give those that are listed then, in the same way."""
    with database.write() as conn:
        source = streams.ensure(conn, "example_room", Kind.LIVE, "testserver", T0)
        for begin, end in spans:
            coverage.add_gap(conn, source.id, _at(begin), _at(end), cause="away", certain=False)
    with database.read() as conn:
        rows = conn.execute(capture_gap.select().order_by(capture_gap.c.from_at)).all()
    return [((row.from_at - T0).seconds // 60, (row.to_at - T0).seconds // 60) for row in rows]


def _at(minute: int) -> datetime:
    return T0 + timedelta(minutes=minute)


def test_a_gap_that_goes_on_where_the_last_ended_makes_that_one_longer(database: Database) -> None:
    assert recorded(database, (5, 9), (9, 12)) == [(5, 12)]


def test_gaps_apart_stay_apart(database: Database) -> None:
    assert recorded(database, (5, 9), (20, 22)) == [(5, 9), (20, 22)]


def test_a_gap_that_is_told_of_again_changes_nothing(database: Database) -> None:
    assert recorded(database, (5, 9), (5, 9), (7, 9)) == [(5, 9)]
