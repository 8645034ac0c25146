"""Pages that wait on disk while nobody listens: `mhc doctor` and `mhc capture status` say so, whoever forgot them."""

from pathlib import Path
from typing import Any

import pytest

from command import MhcHere
from factories import ROOM, T0, minute
from mhc.capture import left
from mhc.capture.entry import Entry, Header, Place
from mhc.capture.lock import StreamLock
from mhc.capture.spool import Spool, digest
from mhc.store import streams
from mhc.store.database import Database
from mhc.store.pages import Page
from mhc.store.streams import Kind, Stream

START = Place(None, None, 0)


@pytest.fixture
def stream(database: Database) -> Stream:
    with database.write() as conn:
        return streams.ensure(conn, ROOM, Kind.LIVE, "testserver", T0)


def spooled(mhc: MhcHere, stream: Stream, database: str) -> Path:
    """Leave two pages as a listener does that was killed while its database was away."""
    place = (stream.room, stream.kind, stream.host, digest(database))
    header = Header(*place, stream.id, stream.room_id, stream.lock_name, 1, "owner", START)
    spool = Spool(left.path_of(mhc.home / "state", stream.lock_name), 1 << 20, lambda _handle: None)
    for number in (1, 2):
        spool.append(header, Entry.of(Page(minute(number), [], [], None), [], START))
    spool.close()
    return spool.path


def said(mhc: MhcHere) -> list[list[Any]]:
    run = mhc("doctor", "--offline", "-o", "json")
    return [list(row.values())[1:] for row in run.json if row["check"] == "spool"]


def status(mhc: MhcHere) -> list[Any]:
    (row,) = mhc("capture", "status", "-o", "json").json
    return [row["state"], row["spooled"], row["detail"]]


WAIT = "example_room: 2 pages wait for the database since 2026-01-01T18:01:00Z"


def test_pages_that_no_heartbeat_mentions_are_seen(database: Database, stream: Stream, cli: MhcHere) -> None:
    assert (said(cli), status(cli)) == ([], ["never started", 0, None])
    spooled(cli, stream, database.name)
    assert said(cli) == [["warning", WAIT, "mhc listen"]]
    assert status(cli) == ["never started", 2, "2 pages wait for the database: mhc listen"]


def test_where_a_listener_has_their_stream_all_is_well(
    database: Database, stream: Stream, cli: MhcHere
) -> None:
    spooled(cli, stream, database.name)
    lock = StreamLock(cli.home / "state", stream.lock_name)
    lock.acquire(ROOM)
    assert said(cli) == [["ok", f"{WAIT}; mhc listen brings them in", None]]
    lock.release()


def test_pages_of_another_database_say_so(stream: Stream, cli: MhcHere) -> None:
    spooled(cli, stream, "another")
    assert said(cli) == [["warning", f"{WAIT}, another one", "mhc listen, with the DATABASE_URL of then"]]


def test_a_spool_whose_first_line_is_damaged_is_seen(
    database: Database, stream: Stream, cli: MhcHere
) -> None:
    path = spooled(cli, stream, database.name)
    path.write_bytes(b"x" + path.read_bytes()[1:])
    ((state, detail, hint),) = said(cli)
    assert (state, hint) == ("warning", "mhc listen")
    assert detail == (
        f"~/state/spool/{path.name}: 2 pages wait for the database since 2026-01-01T18:01:00Z;"
        " the first line is damaged and does not say whose"
    )
    assert status(cli)[1] == 2


def test_a_spool_that_cannot_be_read_is_an_error(cli: MhcHere) -> None:
    (cli.home / "state" / "spool" / "a.jsonl").mkdir(parents=True)
    hint = "make it yours, then: mhc listen"
    assert said(cli) == [["error", "cannot read ~/state/spool/a.jsonl: Is a directory", hint]]


def test_a_spool_without_a_page_is_nothing(database: Database, stream: Stream, cli: MhcHere) -> None:
    path = spooled(cli, stream, database.name)
    path.write_bytes(path.read_bytes().split(b"\n", 1)[0] + b"\n")
    assert (said(cli), status(cli)[1]) == ([], 0)
