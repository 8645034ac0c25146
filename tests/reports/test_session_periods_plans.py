"""How the databases answer what is asked of the sessions of years: along indexes, in few questions, whatever their number."""

from datetime import timedelta

import pytest
from sqlalchemy import Connection

from factories import minute, show, store, tell_story, tip
from mhc.domain.clock import to_ms
from mhc.reports import session_counts, sessions
from mhc.reports.frame import Crowd
from mhc.reports.sessions import Asked
from mhc.store import session_sums
from mhc.store.database import Database
from mhc.store.sessions import list_all
from mhc.store.spells import Spell
from plans import plans

SPELLS = [Spell(to_ms(minute(day * 1440)), to_ms(minute(day * 1440 + 60)), 0) for day in range(3)]


def count_sessions(conn: Connection) -> object:
    crowd = Crowd(conn, include_excluded=False)
    return session_counts.read(conn, list_all(conn), crowd, minute(90_000))


def what_they_brought(conn: Connection) -> object:
    return session_sums.paid(conn, 1, SPELLS, [])


def who_came(conn: Connection) -> object:
    return session_sums.visitors(conn, 1, SPELLS)


def test_no_question_scans_the_events(database: Database) -> None:
    tell_story(database)
    found = plans(database, count_sessions)
    assert any("payment_quarter" in plan for plan in found)
    for plan in found:
        assert "Seq Scan on event" not in plan.replace("event_method", "")
        assert not [line for line in plan.splitlines() if line.split()[:2] == ["SCAN", "event"]], plan


def test_payments_are_read_by_the_quarter_and_visits_along_their_index(database: Database) -> None:
    tell_story(database)
    paid = [plan for plan in plans(database, what_they_brought) if "payment_quarter" in plan]
    index = "sqlite_autoindex_payment_quarter" if database.is_sqlite else "pk_payment_quarter"
    assert paid
    assert all(index in plan for plan in paid)
    came = plans(database, who_came)
    assert came
    assert all("ix_visit_room" in plan for plan in came)
    assert "COVERING INDEX ix_visit_room" in came[0] or not database.is_sqlite


def test_a_year_of_sessions_takes_as_many_questions_as_two(database: Database) -> None:
    tell_story(database)
    two = len(plans(database, count_sessions))
    with database.write() as conn:
        store(conn, [event for day in range(10, 40) for event in show(day, "viewer_one")], page=5)
        assert (
            len(sessions.read(conn, list_all(conn), Asked(minute(90_000), timedelta(minutes=30))).rows) == 32
        )
    assert len(plans(database, count_sessions)) == two


@pytest.mark.parametrize("room", ["example_room", None])
def test_a_payment_that_names_no_room_is_looked_up(database: Database, room: str | None) -> None:
    tell_story(database)
    with database.write() as conn:
        store(conn, [tip(30, "viewer_nine", 1000, room=room)], page=9)
        rows = sessions.read(conn, list_all(conn), Asked(minute(90_000), timedelta(minutes=30))).rows
    assert [row.tokens for row in rows] == [20, 1215]
