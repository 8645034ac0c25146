"""How the databases answer what is asked of one session, and of who is there: along indexes, and once."""

from datetime import timedelta

import pytest
from sqlalchemy import Connection

from factories import happening, minute, store, tell_story
from mhc.reports import audience, one_session, room_now, session_summary, sessions
from mhc.store import people
from mhc.store.database import Database
from mhc.store.sessions import list_all
from plans import Asked, plans
from reports.test_plans import fill


def show_session(conn: Connection) -> object:
    return one_session.read(conn, list_all(conn)[0], sessions.Asked(minute(3000), timedelta(minutes=30)))


def show_summary(conn: Connection) -> object:
    return session_summary.read(conn, list_all(conn)[0], sessions.Asked(minute(3000), timedelta(minutes=30)))


def show_audience(conn: Connection) -> object:
    return audience.read(conn, list_all(conn)[0], sessions.Asked(minute(3000), timedelta(minutes=30)))


EVERY = [show_session, show_summary, show_audience]


@pytest.mark.parametrize("asked", EVERY)
def test_no_question_scans_the_events(database: Database, asked: Asked) -> None:
    tell_story(database)
    found = plans(database, asked)
    assert any("ix_event" in plan for plan in found)
    for plan in found:
        assert "Seq Scan on event" not in plan.replace("event_method", "")
        assert not [line for line in plan.splitlines() if line.split()[:2] == ["SCAN", "event"]], plan


@pytest.mark.parametrize("asked", EVERY)
def test_among_many_events_postgresql_chooses_the_indexes(postgres_database: Database, asked: Asked) -> None:
    tell_story(postgres_database)
    fill(postgres_database, 20_000)
    for plan in plans(postgres_database, asked, as_it_likes=True):
        assert "Seq Scan on event " not in plan, plan


def show_who_is_there(conn: Connection) -> object:
    (room,) = people.find(conn, "example_room")
    return room_now.read(conn, [room.id], minute(3000))


def test_who_is_there_is_found_by_the_index_of_open_visits(database: Database) -> None:
    tell_story(database)
    with database.write() as conn:
        store(conn, [happening(2000, "userEnter", "viewer_one")], page=5)
    assert any("uq_visit_open" in plan for plan in plans(database, show_who_is_there))
    assert not any("ix_event" in plan for plan in plans(database, show_who_is_there))  # no session is live


@pytest.mark.parametrize("asked", [show_session, show_audience])
def test_a_session_takes_few_questions_and_reads_its_events_once(database: Database, asked: Asked) -> None:
    tell_story(database)
    found = plans(database, asked)
    assert len(found) <= 20
    assert len([plan for plan in found if "ix_event_stream" in plan]) == 1
