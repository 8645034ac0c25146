"""What was rejected is tried again, and is an event now or stays."""

import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from sqlalchemy import text

from command import MhcHere
from factories import FIRST_SHOW, ROOM, T0, feed, happening, minute, store, tip
from mhc.capture.envelope import read_event
from mhc.capture.retry import retry
from mhc.domain.broadcasts import MERGE_GAP
from mhc.domain.events import EventId
from mhc.store import coverage, events, inventory, sessions, streams, transfer_in
from mhc.store.database import Database
from mhc.store.events import Resolved
from mhc.store.streams import Kind, Stream

EVENT = json.dumps(feed([tip(5, "viewer_nine", 77)], page=7)[0]).encode()
LARGE = json.dumps(feed([tip(6, "viewer_nine", 7)], page=8)[0]).encode().ljust(coverage.MAX_REJECTED + 1)


def reject(db: Database, *bodies: bytes) -> None:
    with db.write() as conn:
        source = streams.ensure(conn, ROOM, Kind.LIVE, "testserver", T0)
        for body in bodies:
            coverage.reject(
                conn, source.id, body, "an older mhc could not read it", minute(5) + timedelta(seconds=1)
            )


def rejected(cli: MhcHere, *words: str) -> tuple[list[str], str]:
    run = cli("capture", "rejected", "-o", "json", "--private", "--reveal", *words)
    assert run.status == 0, run.stderr
    return [row["body"] for row in run.json], run.stderr


def tokens(cli: MhcHere) -> int:
    found = cli("person", "search", "viewer_nine", "-o", "json").json
    return sum(one["tokens"] for one in found)


def test_what_is_an_event_now_moves_and_counts(database: Database, cli: MhcHere) -> None:
    with database.write() as conn:
        store(conn, FIRST_SHOW)
    reject(database, EVENT, b'"no object"', LARGE)
    assert rejected(cli, "--retry", "-n")[1] == "1 would become an event, 2 stay\n"
    assert (len(rejected(cli)[0]), tokens(cli)) == (3, 0)
    left, said = rejected(cli, "--retry")
    assert said == "1 became an event, 2 stay\n"
    assert [body[:11] for body in sorted(left)] == ['"no object"', LARGE[:11].decode()]
    (event,) = cli("event", "list", "--person", "viewer_nine", "-o", "json").json
    assert (event["received_at"], event["tokens"], tokens(cli)) == ("2026-01-01T18:05:01Z", 77, 77)
    assert inventory.problems(database, MERGE_GAP) == []
    assert rejected(cli, "--retry")[1] == "0 became events, 2 stay\n"


def test_what_is_stored_meanwhile_moves_and_what_contradicts_it_stays(
    database: Database, cli: MhcHere
) -> None:
    other = EVENT.replace(b"77", b"78")
    with database.write() as conn:
        store(conn, [tip(5, "viewer_nine", 77)], page=7)
    reject(database, EVENT, other)
    assert rejected(cli, "--retry", "-n")[1] == "1 would become an event, 1 stay\n"
    assert rejected(cli, "--retry") == ([other.decode()], "1 became an event, 1 stay\n")
    assert tokens(cli) == 77


def test_only_the_room_asked_for_is_tried(database: Database, cli: MhcHere) -> None:
    reject(database, EVENT)
    assert rejected(cli, "--retry", "--room", "other_room")[1] == "0 became events, 0 stay\n"
    assert tokens(cli) == 0


def retried(db: Database, _source: Stream, _body: bytes) -> int:
    return retry(db, MERGE_GAP, None, write=True).events


def taken_in(db: Database, source: Stream, body: bytes) -> int:
    given = [Resolved(read_event(body, EventId("unused")), minute(5), source.room_id, None, None)]
    with db.write() as conn:
        return transfer_in.add_events(conn, source, given, MERGE_GAP).new


@pytest.mark.parametrize("adds", [retried, taken_in])
def test_who_waits_for_a_room_does_not_keep_new_methods_to_itself(
    postgres_database: Database, adds: Callable[[Database, Stream, bytes], int]
) -> None:
    """A listener has the room first; two that lock in the other order wait for each other."""
    db = postgres_database
    body = json.dumps(feed([happening(5, "neverSeenBefore", "viewer_nine")])[0]).encode()
    reject(db, body)
    with db.read() as conn:
        (source,) = streams.list_all(conn)
    with ThreadPoolExecutor(1) as pool:
        with db.write() as conn:
            sessions.lock(conn, source.room_id)
            running = pool.submit(adds, db, source, body)
            here = "database = (SELECT oid FROM pg_database WHERE datname = current_database())"
            waiting = text(f"SELECT count(*) FROM pg_locks WHERE NOT granted AND {here}")
            while not (running.done() or conn.execute(waiting).scalar()):
                pass
            free = conn.execute(text(f"SELECT pg_try_advisory_xact_lock({events._METHOD_LOCK})")).scalar()
        assert (free, running.result()) == (True, 1)
