"""A room goes on from an imported part: what the part does not hold is never said to be captured."""

from collections.abc import Iterator
from contextlib import contextmanager
from io import BytesIO
from pathlib import Path

import pytest

from conftest import fresh
from listening import Station, at, event, ids, page
from mhc.capture import importing
from mhc.domain.broadcasts import MERGE_GAP
from mhc.store import coverage, lines, transfer_out
from mhc.store.database import Database
from mhc.store.lines import Header
from mhc.store.schema import REVISION
from mhc.store.transfer_out import Wanted

EARLY, LATE = Wanted(until=at(450)), Wanted(since=at(450))


@pytest.fixture
def source(going: Station) -> Station:
    """Give a listener that polled each hundred seconds, the last time at second 1001."""
    for second in range(100, 1001, 100):
        going.clock.seconds = second
        going.step(page(event(second - 50), to=f"i={second}"))
    return going


@pytest.fixture
def there(source: Station, request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Database]:
    """Give another database of the same kind."""
    (tmp_path / "there").mkdir()
    kind = "sqlite" if source.db.is_sqlite else "postgresql"
    with fresh(kind, request, tmp_path / "there") as db:
        yield db


def take(source: Station, there: Database, wanted: Wanted) -> None:
    header = Header(lines.FORMAT, "1", REVISION, at(1001), None, wanted.since, wanted.until)
    text = "".join(lines.write(line) for line in (header, *transfer_out.export(source.db, wanted)))
    file = BytesIO(text.encode())
    done = importing.run(there, file, MERGE_GAP, write=True, progress=lambda _number: None)
    assert (done.said is None, done.bad_lines, done.missing) == (False, 0, 0)


@contextmanager
def listening_there(source: Station, there: Database) -> Iterator[Station]:
    """Listen to the same feed, into the other database."""
    made = Station(there, source.feed, source.folder.with_name("state-there"))
    try:
        made.lock.acquire("example_room")
        made.listener.acquire()
        yield made
    finally:
        made.close()


def polled(source: Station, there: Database) -> Station:
    """Poll once at second 1050, with an event that came meanwhile."""
    with listening_there(source, there) as made:
        made.clock.seconds = 1050
        made.step(page(event(1040), to="i=end"))
    return made


def first_starts(db: Database) -> list[object]:
    with db.read() as conn:
        return [gap.to_at for gap in coverage.gaps(conn) if gap.cause == "first start"]


def test_after_a_part_that_ends_early_a_room_starts_anew(source: Station, there: Database) -> None:
    take(source, there, EARLY)
    made = polled(source, there)
    assert made.feed.cursors[-1:] == ["timeout=10"]
    assert first_starts(there) == [at(1040), at(0.5)]
    assert made.covered == [(at(0.5), at(450)), (at(1040), at(1051))]


def test_after_a_part_that_reaches_to_the_end_a_room_goes_on(source: Station, there: Database) -> None:
    take(source, there, LATE)
    made = polled(source, there)
    assert made.feed.cursors[-1:] == ["i=1000"]
    assert made.covered == [(at(450), at(1051))]


def test_a_part_from_after_the_last_poll_claims_only_what_is_polled_here(
    source: Station, there: Database
) -> None:
    take(source, there, EARLY)
    take(source, there, Wanted(since=at(1020)))
    made = polled(source, there)
    assert made.feed.cursors[-1:] == ["i=1000"]
    assert made.covered == [(at(0.5), at(450)), (at(1001), at(1051))]


@pytest.mark.parametrize("parts", [(EARLY, LATE), (LATE, EARLY)])
def test_parts_in_any_order_bring_the_place_with_the_last(
    source: Station, there: Database, parts: tuple[Wanted, ...]
) -> None:
    for part in parts:
        take(source, there, part)
    made = polled(source, there)
    assert made.feed.cursors[-1:] == ["i=1000"]
    assert ids(made.events)[:-1] == ids(source.events)
    assert made.covered[-1][1] == at(1051)
    assert first_starts(there) == first_starts(source.db)


def test_a_place_is_not_taken_where_somebody_listened_before(source: Station, there: Database) -> None:
    take(source, there, EARLY)
    with listening_there(source, there):
        pass
    take(source, there, LATE)
    assert polled(source, there).feed.cursors[-1:] == ["timeout=10"]


def test_a_poll_lengthens_no_cover_that_ends_before_it_begins(source: Station) -> None:
    source.run(lambda conn: conn.exec_driver_sql("UPDATE capture_coverage SET to_at = to_at - 500000"))
    source.step(page(event(1001.5), to="i=end"))
    assert source.covered == [(at(0.5), at(501)), (at(1001), at(1002))]
