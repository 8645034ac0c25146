"""How the databases answer: what a card or a report asks of events is answered by an index."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import Connection, event, text

from factories import minute, tell_story
from mhc.reports import card, sessions, tippers
from mhc.store import people
from mhc.store.database import Database
from mhc.store.paid import Scope
from mhc.store.sessions import list_all

Asked = Callable[[Connection], object]


def show_card(conn: Connection) -> object:
    (who,) = people.find(conn, "viewer_one")
    return card.read(conn, who, card.Asked(minute(3000), None, reveal=True, private=True))


def show_card_of_room(conn: Connection) -> object:
    (who,), (room,) = people.find(conn, "viewer_one"), people.find(conn, "example_room")
    return card.read(conn, who, card.Asked(minute(3000), [room.id]))


def show_sessions(conn: Connection) -> object:
    return sessions.read(conn, list_all(conn), sessions.Asked(minute(3000), timedelta(minutes=30)))


def show_tippers(conn: Connection) -> object:
    (room,) = people.find(conn, "example_room")
    return tippers.read(conn, Scope([room.id], minute(0), minute(3000)))


@contextmanager
def overheard(conn: Connection) -> Iterator[list[tuple[str, Any]]]:
    """Give the statements that a connection is sent."""
    said: list[tuple[str, Any]] = []

    def listen(_conn: object, _cursor: object, statement: str, parameters: Any, *_more: object) -> None:
        said.append((statement, parameters))

    event.listen(conn.engine, "before_cursor_execute", listen)
    try:
        yield said
    finally:
        event.remove(conn.engine, "before_cursor_execute", listen)


def plans(db: Database, asked: Asked) -> list[str]:
    """Give the plan of each statement; where no index answers, PostgreSQL scans even if told not to."""
    with db.read() as conn:
        with overheard(conn) as said:
            asked(conn)
        if not db.is_sqlite:
            conn.execute(text("SET LOCAL enable_seqscan = off"))
        explain = "EXPLAIN QUERY PLAN " if db.is_sqlite else "EXPLAIN "
        answers = [
            conn.exec_driver_sql(explain + statement, parameters).all() for statement, parameters in said
        ]
    return ["\n".join(str(row[-1]) for row in answer) for answer in answers]


@pytest.mark.parametrize("asked", [show_card, show_card_of_room, show_sessions, show_tippers])
def test_no_question_scans_the_events(database: Database, asked: Asked) -> None:
    tell_story(database)
    found = plans(database, asked)
    of_events = [plan for plan in found if "ix_event" in plan]
    assert of_events
    for plan in found:
        assert "Seq Scan on event" not in plan.replace("event_method", "")
        for line in plan.splitlines():
            assert not line.strip().startswith("SCAN event"), plan


@pytest.mark.parametrize("asked", [show_card, show_card_of_room])
def test_a_card_takes_few_questions(database: Database, asked: Asked) -> None:
    tell_story(database)
    assert len(plans(database, asked)) <= 16
