"""What was rejected is tried again, and is an event now or stays."""

import json
from datetime import timedelta

from command import MhcHere
from factories import FIRST_SHOW, ROOM, T0, feed, minute, store, tip
from mhc.domain.broadcasts import MERGE_GAP
from mhc.store import coverage, inventory, streams
from mhc.store.database import Database
from mhc.store.streams import Kind

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
    assert rejected(cli, "--retry", "-n")[1] == "1 would become events, 2 stay\n"
    assert (len(rejected(cli)[0]), tokens(cli)) == (3, 0)
    left, said = rejected(cli, "--retry")
    assert said == "1 became events, 2 stay\n"
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
    assert rejected(cli, "--retry", "-n")[1] == "1 would become events, 1 stay\n"
    assert rejected(cli, "--retry") == ([other.decode()], "1 became events, 1 stay\n")
    assert tokens(cli) == 77


def test_only_the_room_asked_for_is_tried(database: Database, cli: MhcHere) -> None:
    reject(database, EVENT)
    assert rejected(cli, "--retry", "--room", "other_room")[1] == "0 became events, 0 stay\n"
    assert tokens(cli) == 0
