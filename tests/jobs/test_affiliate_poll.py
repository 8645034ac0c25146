"""`affiliate-poll`: which rooms it keeps, and what it makes of a feed that cannot be right."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from mhc.clients.failures import BlockedError
from mhc.config import JOBS, load
from mhc.errors import CheckError, NotFoundError, UsageError
from mhc.jobs import affiliate_poll
from mhc.jobs.work import Work
from mhc.store import people, room_readings, watchlists
from mhc.store.database import Database
from mhc.store.schema import observation, person, room_poll
from roompages import Feed, row

NOW = datetime(2026, 1, 10, 18, tzinfo=UTC)
Make = Callable[..., Work]


@pytest.fixture
def feed() -> Iterator[Feed]:
    with Feed() as made:
        made.rooms = [
            row(f"room_{number}", num_users=number, num_followers=100 * number) for number in range(8)
        ]
        yield made


@pytest.fixture
def make(database: Database, feed: Feed, tmp_path: Path) -> Make:
    """Give the maker of a run, as many minutes later as it is told."""
    environ = feed.settings | {"MHC_STATE_DIR": str(tmp_path / "state"), "HOME": str(tmp_path)}
    with database.write() as conn:
        ids = people.ensure(conn, ["room_1", "room_6"], source="manual", at=NOW)
        friends = watchlists.find(conn, "Friends")
        assert friends is not None
        watchlists.add(conn, friends.id, [ids["room_1"]], at=NOW, note=None)

    def work(minutes: float = 0, **options: Any) -> Work:
        return Work(database, load(environ=environ), options, lambda: NOW + timedelta(minutes=minutes))

    return work


def kept(db: Database, minutes: float = 0) -> list[str]:
    """Give who was kept in the run of a minute."""
    query = select(person.c.username).join(observation, observation.c.person_id == person.c.id)
    mine = query.where(observation.c.observed_at == NOW + timedelta(minutes=minutes))
    with db.read() as conn:
        return sorted(conn.execute(mine).scalars())


def test_without_filters_those_who_are_tracked_are_kept(make: Make, database: Database) -> None:
    work = make(tracked=True)
    affiliate_poll.run(work)
    assert (kept(database), work.complaints) == (["room_1"], [])
    assert dict(work.counts) == {"rooms": 8, "kept": 1, "new_people": 0}


@pytest.mark.parametrize(
    ("options", "found"),
    [
        ({"live": True}, [f"room_{number}" for number in range(8)]),
        ({"min_followers": 600}, ["room_6", "room_7"]),
        ({"min_followers": 600, "tracked": True}, ["room_1", "room_6", "room_7"]),
        ({"min_viewers": 7, "gender": ("f",)}, ["room_7"]),
        ({"min_viewers": 7, "gender": ("m", "t")}, []),
        ({"tag": ("#Music",)}, []),
        ({"list": ("Friends",)}, ["room_1"]),
        ({"live": True, "tracked": True, "budget": 2}, ["room_1", "room_7"]),
    ],
)
def test_filters_say_which_rooms_are_kept(
    make: Make, database: Database, options: dict[str, Any], found: list[str]
) -> None:
    affiliate_poll.run(make(**options))
    assert kept(database) == found


def test_its_table_has_its_filters_and_it_is_off_without_a_code() -> None:
    (job,) = (one for one in JOBS if one.name == "affiliate-poll")
    assert [one.line for one in job.options] == [
        "list", "live", "min_followers", "gender", "tag", "budget", "tracked", "min_viewers",
    ]  # fmt: skip
    assert load(environ={"HOME": "/"}).jobs["affiliate-poll"].lacks == "MHC_AFFILIATE_WM"


def test_what_cannot_be_asked_for_is_refused_and_keeps_nothing(make: Make, database: Database) -> None:
    with pytest.raises(NotFoundError, match="no watchlist named 'Nowhere'"):
        affiliate_poll.run(make(list=("Nowhere",)))
    with pytest.raises(UsageError, match="contradict"):
        affiliate_poll.run(make(list=("Friends",), live=True))
    with database.read() as conn:
        assert room_readings.last_poll(conn) is None


def before(make: Make) -> None:
    affiliate_poll.run(make(live=True))


def unchanged(db: Database) -> None:
    """Nothing was kept of the run five minutes later, and who was online is."""
    assert kept(db, 5) == []
    with db.read() as conn:
        live = room_readings.live(conn, NOW + timedelta(minutes=5), timedelta(minutes=15))
        assert live is not None
        assert room_readings.online(conn, live)[1] == 8


@pytest.mark.parametrize(
    ("change", "why"),
    [
        (lambda rooms: [], "no room at all"),
        (lambda rooms: rooms[:4], "half are gone"),
        (lambda rooms: [*rooms, *(row(f"other_{number}") for number in range(8))], "twice as many"),
    ],
    ids=["empty", "halved", "doubled"],
)
def test_a_feed_that_cannot_be_right_changes_nothing_and_fails_the_run(
    make: Make, database: Database, feed: Feed, change: Callable[[list[Any]], list[Any]], why: str
) -> None:
    before(make)
    feed.rooms = change(feed.rooms)
    with pytest.raises(CheckError, match=why):
        affiliate_poll.run(make(5, live=True))
    unchanged(database)


def test_a_feed_in_which_each_room_stands_twice_is_a_part_of_one(
    make: Make, database: Database, feed: Feed
) -> None:
    before(make)
    feed.rooms = [one for one in feed.rooms for _ in range(2)]
    work = make(5, live=True)
    affiliate_poll.run(work)
    assert work.complaints == ["8 rooms came, and there are 16"]
    assert len(kept(database, 5)) == 8


def test_a_feed_that_is_cut_is_a_complaint_and_says_nobody_is_offline(
    make: Make, database: Database, feed: Feed
) -> None:
    before(make)
    feed.rooms, feed.listed = feed.rooms[:3], 8
    for minutes in (5, 10):
        work = make(minutes, live=True)
        affiliate_poll.run(work)
        assert work.complaints == ["3 rooms came, and there are 8"]
    with database.read() as conn:
        live = room_readings.live(conn, NOW + timedelta(minutes=10), timedelta(minutes=15))
        assert live is not None
        assert room_readings.online(conn, live)[1] == 8


def test_a_feed_that_is_refused_between_its_pages_changes_nothing(
    make: Make, database: Database, feed: Feed
) -> None:
    before(make)
    feed.rooms = [row(f"room_{number}") for number in range(700)]
    feed.refuse_after = len(feed.asked) + 1
    with pytest.raises(BlockedError):
        affiliate_poll.run(make(5, live=True))
    unchanged(database)


def test_a_feed_of_hostile_text_is_kept_as_text(make: Make, database: Database, feed: Feed) -> None:
    before(make)
    hostile = "\ud83d\x00\x1b]0;x\x07\u202e=cmd|' /C calc'!A0 '; DROP TABLE person; --" * 50
    odd = {
        "gender": hostile,
        "current_show": hostile,
        "num_users": hostile,
        "age": [hostile],
        "is_hd": hostile,
    }
    feed.rooms = [one | odd | {"room_subject": hostile, "tags": [hostile]} for one in feed.rooms]
    feed.rooms[0]["username"] = "'; DROP TABLE person; --"
    work = make(5, live=True)
    affiliate_poll.run(work)
    assert len(kept(database, 5)) == 8
    with database.read() as conn:
        assert conn.execute(select(room_poll.c.kept).order_by(room_poll.c.at)).scalars().all() == [8, 8]


def test_a_run_that_is_ended_keeps_nothing(make: Make, database: Database, feed: Feed) -> None:
    feed.rooms = [row(f"room_{number}") for number in range(700)]
    work = make(live=True)
    work.stop.set()
    affiliate_poll.run(work)
    assert (kept(database), dict(work.counts)) == ([], {})
