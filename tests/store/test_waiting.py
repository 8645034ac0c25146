"""Who writes at once waits in one order, and nobody waits for a server without an end."""

import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from datetime import timedelta

import pytest
from sqlalchemy import text

import factories
from factories import T0, chat, feed, happening, minute, tip
from mhc.capture.envelope import read_events
from mhc.errors import ConfigError, UnavailableError
from mhc.store import derived, pages, streams
from mhc.store.database import Database
from mhc.store.failures import DatabaseBusyError
from mhc.store.pages import Page
from mhc.store.streams import Kind, Moved, Stream

ROOMS = ("example_room", "second_room")
PAGES = 40


def taken(db: Database, room: str) -> Stream:
    with db.write() as conn:
        found = streams.ensure(conn, room, Kind.LIVE, "testserver", T0)
        streams.take_lease(conn, found.id, room, now=T0, valid=timedelta(days=1), lock_held=True)
        return streams.get(conn, found.id)


def keep_all(db: Database, held: Stream) -> None:
    """Keep pages that each name both rooms, their owners, and visitors whom nobody knew."""
    for number in range(PAGES):
        items = [
            happening(number, "userEnter", ROOMS[number % 2], room=room)
            for room in ROOMS[:: 1 - 2 * (number % 2)]
        ]
        items += [
            tip(number + 0.1, f"viewer_{number}_{held.id}", 5, room=ROOMS[1]),
            chat(number + 0.2, ROOMS[0]),
        ]
        raws = [json.dumps(one).encode() for one in feed(items, held.id)]
        events, _ = read_events(raws)
        page = Page(minute(number + 1), events, [], Moved(f"i={number}", 0))
        pages.store(db, held, page, lease=timedelta(days=1), merge_gap=timedelta(minutes=30))


def test_two_listeners_whose_pages_name_each_others_rooms_never_wait_for_each_other(
    postgres_database: Database,
) -> None:
    held = [taken(postgres_database, room) for room in ROOMS]
    with ThreadPoolExecutor() as pool:
        for done in [pool.submit(keep_all, postgres_database, one) for one in held]:
            done.result()
    with postgres_database.read() as conn:
        for room_id in derived.rooms(conn):
            assert not derived.differs(conn, room_id, timedelta(minutes=30))


@pytest.fixture
def impatient(postgres_database: Database) -> Iterator[Database]:
    """Give the same database to who waits a tenth of a second for a lock, and a second for an answer."""
    url = postgres_database.url.render_as_string(hide_password=False)
    with closing(Database(url, busy_ms=100, answer_seconds=1)) as db:
        yield db


def test_a_lock_that_is_not_given_back_counts_as_busy(
    postgres_database: Database, impatient: Database
) -> None:
    with postgres_database.write() as other:
        other.execute(text("LOCK TABLE event IN SHARE MODE"))
        with pytest.raises(DatabaseBusyError, match="lock timeout"):
            factories.tell_story(impatient)


def test_an_answer_that_does_not_come_counts_as_busy(impatient: Database) -> None:
    with pytest.raises(DatabaseBusyError, match="statement timeout"), impatient.read() as conn:
        conn.execute(text("SELECT pg_sleep(60)"))


@pytest.mark.parametrize("state", ["58030", "XX000", "54000", "55000"])
def test_what_is_wrong_with_the_server_is_waited_for(postgres_database: Database, state: str) -> None:
    with pytest.raises(UnavailableError, match="broken"):
        raise_state(postgres_database, state)


@pytest.mark.parametrize("state", ["26000", "42P05"])
def test_a_pooler_without_prepared_statements_is_named(postgres_database: Database, state: str) -> None:
    with pytest.raises(ConfigError) as raised:
        raise_state(postgres_database, state)
    assert "PgBouncer" in str(raised.value.hint)


def raise_state(db: Database, state: str) -> None:
    with db.write() as conn:
        conn.exec_driver_sql(f"DO $$ BEGIN RAISE 'broken' USING ERRCODE = '{state}'; END $$")
